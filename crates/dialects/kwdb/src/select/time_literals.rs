//! Times as text beside times as values: spelled out with the request's zone, so that whoever reads
//! them later reads one instant.

use super::scope::{ColumnKind, Scope};
use crate::error::worded;
use crate::literals::interval;
use crate::literals::time_text::WallTime;
use crate::render::cell::time_text;
use crate::sql::types::ColumnType;
use crate::timezone::Zone;
use ::sql::ast::{BinaryOperator, Expr, Interval, Value};
use model::Result;
use std::rc::Rc;

/// The text of a string constant.
fn text_mut(expr: &mut Expr) -> Option<&mut String> {
    match expr {
        Expr::Value(value) => match &mut value.value {
            Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) => Some(text),
            _ => None,
        },
        Expr::Nested(inner) => text_mut(inner),
        _ => None,
    }
}

fn kind_of(expr: &Expr, scopes: &[Rc<Scope>]) -> ColumnKind {
    scopes.iter().rev().find_map(|scope| scope.resolve(expr)).map_or(ColumnKind::Other, |(_, column)| column.kind)
}

/// Times that a text may name; whatever lies beyond is as good as the end itself, since no column
/// holds times outside of it.
const FIRST: i128 = -62_198_755_200_000_000_000;
const LAST: i128 = 253_370_764_800_000_000_000;

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

fn spell_out(expr: &mut Expr, kind: ColumnKind, zone: &Zone) {
    if let Some(text) = text_mut(expr)
        && let Some(spelled) = spelled(text, kind, zone)
    {
        *text = spelled;
    }
}

/// Spells out the constants that a comparison, BETWEEN or IN sets beside a time column.
pub(super) fn in_comparison(expr: &mut Expr, scopes: &[Rc<Scope>], zone: &Zone) -> Result<()> {
    match expr {
        Expr::BinaryOp { left, op, right } if is_comparison(op) => {
            let (left_kind, right_kind) = (kind_of(left, scopes), kind_of(right, scopes));
            spell_out(right, left_kind, zone);
            spell_out(left, right_kind, zone);
        }
        Expr::Between { expr, low, high, .. } => {
            let kind = kind_of(expr, scopes);
            spell_out(low, kind, zone);
            spell_out(high, kind, zone);
        }
        Expr::InList { expr, list, .. } => {
            let kind = kind_of(expr, scopes);
            list.iter_mut().for_each(|item| spell_out(item, kind, zone));
        }
        _ => {}
    }
    Ok(())
}

const fn is_comparison(op: &BinaryOperator) -> bool {
    matches!(
        op,
        BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::Lt
            | BinaryOperator::LtEq
            | BinaryOperator::Gt
            | BinaryOperator::GtEq
    )
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

/// Spells out `timestamptz'..'`, `'..'::timestamp` and `CAST('..' AS timestamptz)`.
///
/// # Errors
/// A text that is no time, in the vendor's words.
pub(super) fn typed(expr: &mut Expr, zone: &Zone) -> Result<()> {
    let (data_type, text) = match expr {
        Expr::TypedString(typed) => match &mut typed.value.value {
            Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) => (&typed.data_type, text),
            _ => return Ok(()),
        },
        Expr::Cast { expr: inner, data_type, .. } => match text_mut(inner) {
            Some(text) => (&*data_type, text),
            None => return Ok(()),
        },
        _ => return Ok(()),
    };
    let (kind, word) = match ColumnType::from_ast(data_type) {
        Ok(ColumnType::Timestamptz(_)) => (ColumnKind::Instant, "timestamptz"),
        Ok(ColumnType::Timestamp(_)) => (ColumnKind::Local, "timestamp"),
        Ok(ColumnType::Date) => (ColumnKind::Local, "date"),
        Ok(ColumnType::Interval) => {
            if let Some(spelled) = spelled_interval(text) {
                *text = spelled;
            }
            return Ok(());
        }
        _ => return Ok(()),
    };
    let spelled = spelled(text, kind, zone)
        .ok_or_else(|| worded(format!("could not parse \"{text}\" as type {word}: no such time")))?;
    *text = match (word, spelled.split_once(' ')) {
        ("date", Some((date, _))) => date.to_owned(),
        _ => spelled,
    };
    Ok(())
}
