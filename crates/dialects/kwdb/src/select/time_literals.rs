//! One text that names a time: spelled out with the request's zone, so that whoever reads it later
//! reads one instant.

use super::scope::ColumnKind;
use crate::error::worded;
use crate::literals::interval;
use crate::literals::time_text::WallTime;
use crate::render::cell::time_text;
use crate::sql::types::ColumnType;
use crate::timezone::Zone;
use ::sql::ast::{Expr, Interval, Value};
use model::Result;

/// The text of a string constant.
pub(super) fn text_mut(expr: &mut Expr) -> Option<&mut String> {
    match expr {
        Expr::Value(value) => match &mut value.value {
            Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) => Some(text),
            _ => None,
        },
        Expr::Nested(inner) => text_mut(inner),
        _ => None,
    }
}

/// Times that a text may name; whatever lies beyond is as good as the end itself, since no column
/// holds times outside of it.
const FIRST: i128 = -62_198_755_200_000_000_000;
const LAST: i128 = 253_402_300_799_999_999_999;

/// A text that names an instant without doubt, or a wall-clock reading without a zone.
pub(super) fn spelled(text: &str, kind: ColumnKind, zone: &Zone) -> Option<String> {
    let time = WallTime::parse(text)?;
    match kind {
        ColumnKind::Instant => Some(time_text(time.instant_nanos(zone).clamp(FIRST, LAST), Some(&Zone::utc()))),
        ColumnKind::Local => {
            let text = time_text(time.nanos.clamp(FIRST, LAST), None);
            Some(text.trim_end_matches('Z').replace('T', " "))
        }
        ColumnKind::Other => None,
    }
}

/// Spells out an interval in units that the planner knows.
fn spelled_interval(text: &str) -> Option<String> {
    let interval = interval::parse(text)?;
    Some(format!("{} months {} days {} nanoseconds", interval.months, interval.days, interval.nanos))
}

/// Spells out `interval'1h30m'`.
pub(super) fn in_interval(interval: &mut Interval) {
    if interval.leading_field.is_none()
        && let Some(text) = text_mut(&mut interval.value)
        && let Some(spelled) = spelled_interval(text)
    {
        *text = spelled;
    }
}

/// Spells out `timestamptz'..'`, `'..'::timestamp` and `CAST('..' AS timestamptz)`; whether it did.
/// A time of a year that the planner cannot read is left as it is.
///
/// # Errors
/// A text that is no time, in the vendor's words.
pub(super) fn typed(expr: &mut Expr, zone: &Zone) -> Result<bool> {
    let (data_type, text) = match expr {
        Expr::TypedString(typed) => match &mut typed.value.value {
            Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) => (&typed.data_type, text),
            _ => return Ok(false),
        },
        Expr::Cast { expr: inner, data_type, .. } => match text_mut(inner) {
            Some(text) => (&*data_type, text),
            None => return Ok(false),
        },
        _ => return Ok(false),
    };
    let (kind, word) = match ColumnType::from_ast(data_type) {
        Ok(ColumnType::Timestamptz(_)) => (ColumnKind::Instant, "timestamptz"),
        Ok(ColumnType::Timestamp(_)) => (ColumnKind::Local, "timestamp"),
        Ok(ColumnType::Date) => (ColumnKind::Local, "date"),
        Ok(ColumnType::Interval) => {
            if let Some(spelled) = spelled_interval(text) {
                *text = spelled;
            }
            return Ok(true);
        }
        _ => return Ok(false),
    };
    let time = WallTime::parse(text)
        .ok_or_else(|| worded(format!("could not parse \"{text}\" as type {word}: no such time")))?;
    if !(FIRST..=LAST).contains(&time.nanos) {
        return Ok(false);
    }
    let Some(spelled) = spelled(text, kind, zone) else { return Ok(false) };
    *text = match (word, spelled.split_once(' ')) {
        ("date", Some((date, _))) => date.to_owned(),
        _ => spelled,
    };
    Ok(true)
}
