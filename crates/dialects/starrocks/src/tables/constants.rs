//! Constants of defaults: from a text or a JSON value to a value of a column's type.

use crate::error::{Answer, Failure};
use jiff::civil::DateTime;
use model::{ColumnDefault, DataType, Decimal, DefaultValue, Value};

fn parsed(text: &str, data_type: DataType) -> Option<Value> {
    let text_of = || Some(Value::Text(text.to_owned()));
    match data_type {
        DataType::Boolean => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(Value::Boolean(true)),
            "false" | "0" => Some(Value::Boolean(false)),
            _ => None,
        },
        whole if whole.is_integer() => text.trim().parse().ok().map(Value::Integer),
        DataType::Float32 | DataType::Float64 => {
            text.trim().parse::<f64>().ok().filter(|float| float.is_finite()).map(Value::Float)
        }
        DataType::Decimal { scale, .. } => decimal(text.trim(), scale).map(Value::Decimal),
        DataType::Text(_) => text_of(),
        DataType::Json => serde_json::from_str::<serde::de::IgnoredAny>(text).ok().and_then(|_| text_of()),
        DataType::Date => text.trim().parse::<jiff::civil::Date>().ok().and_then(|date| {
            let days = date.since(jiff::civil::date(1970, 1, 1)).ok()?.get_days();
            Some(Value::Date(days))
        }),
        DataType::LocalDateTime(unit) => {
            nanos(text).and_then(|nanos| unit.floor_from_nanos(nanos).map(|count| Value::LocalDateTime(count, unit)))
        }
        DataType::Instant(unit) => {
            nanos(text).and_then(|nanos| unit.floor_from_nanos(nanos).map(|count| Value::Instant(count, unit)))
        }
        _ => None,
    }
}

/// A wall-clock reading in nanoseconds since 1970.
fn nanos(text: &str) -> Option<i128> {
    let time: DateTime = text.trim().parse().ok()?;
    let at = jiff::tz::TimeZone::UTC.to_timestamp(time).ok()?;
    Some(at.as_nanosecond())
}

/// Digits with at most so many behind the point.
fn decimal(text: &str, scale: i8) -> Option<Decimal> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let places = usize::try_from(scale).ok()?;
    let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) || fraction.len() > places {
        return None;
    }
    let unscaled: i128 = format!("{whole}{fraction:0<places$}").parse().ok()?;
    Some(Decimal { unscaled: sign * unscaled, scale })
}

/// The default that a text stands for.
///
/// # Errors
/// 400 for what is no value of the type.
pub(crate) fn constant(column: &str, text: &str, data_type: DataType) -> Answer<ColumnDefault> {
    match parsed(text, data_type) {
        Some(value) => Ok(ColumnDefault { value: DefaultValue::Constant(value), text: text.to_owned() }),
        None => {
            let message = format!("the default \"{text}\" of column {column} is no value of its type");
            Err(Failure::bad("INVALID_DEFAULT", message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parsed;
    use model::{DataType, Decimal, TimeUnit, Value};

    #[test]
    fn texts_as_values() {
        let places = DataType::Decimal { precision: 10, scale: 2 };
        for (text, data_type, value) in [
            ("1", DataType::Boolean, Some(Value::Boolean(true))),
            ("2", DataType::Boolean, None),
            (" 7 ", DataType::Int8, Some(Value::Integer(7))),
            ("1.5", DataType::Int8, None),
            ("-1.5", places, Some(Value::Decimal(Decimal { unscaled: -150, scale: 2 }))),
            ("1.555", places, None),
            ("nan", DataType::Float64, None),
            ("{\"a\":1}", DataType::Json, Some(Value::Text("{\"a\":1}".to_owned()))),
            ("{", DataType::Json, None),
            ("1970-01-03", DataType::Date, Some(Value::Date(2))),
            (
                "1970-01-01 00:00:01.5",
                DataType::LocalDateTime(TimeUnit::Millisecond),
                Some(Value::LocalDateTime(1_500, TimeUnit::Millisecond)),
            ),
            ("x", DataType::Date, None),
        ] {
            assert_eq!(parsed(text, data_type), value, "{text}");
        }
    }
}
