//! CAST and TRY_CAST, and numbers on their way into aggregates.

use super::scalar::{Call, Given, Returned, Spec, failed};
use super::time::{day_of, start_of};
use super::{AS_DOUBLE, CAST, NUMBER, TRY_CAST};
use crate::texts;
use crate::times;
use crate::types::Type;
use crate::zone::{self, Zone};
use arrow::array::{Array, ArrayRef, AsArray, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type};
use datafusion::error::Result;
use model::{CellsBuilder, Value};

pub(super) const SPECS: &[Spec] = &[
    Spec { name: CAST, returns: target, run: |call| converted(call, false) },
    Spec { name: TRY_CAST, returns: target, run: |call| converted(call, true) },
    Spec {
        name: AS_DOUBLE,
        returns: |given| number(given).map(|_| DataType::Float64.into()),
        run: |call| Ok(cast(call.arg(1)?, &DataType::Float64)?),
    },
    Spec {
        name: NUMBER,
        returns: |given| {
            number(given)?;
            Ok(given.types.get(1).cloned().unwrap_or(DataType::Null).into())
        },
        run: |call| Ok(std::sync::Arc::clone(call.arg(1)?)),
    },
];

fn number(given: &Given<'_>) -> Result<Type, String> {
    let kinds = given.kinds();
    kinds.get(1).copied().flatten().filter(|kind| kind.is_number()).ok_or_else(|| {
        let name = given.text(0).unwrap_or_default();
        format!("Aggregate functions [{name}] only support numeric data types [INT32, INT64, FLOAT, DOUBLE]")
    })
}

fn target(given: &Given<'_>) -> Result<Returned, String> {
    let word = given.text(1).unwrap_or_default();
    Type::named(word).map(Returned::from).ok_or_else(|| format!("Unknown type: {word}"))
}

/// A value before its cast.
enum From {
    Boolean(bool),
    Long(i64, bool),
    Double(f64, bool),
    Text(String),
    Blob(Vec<u8>),
    Date(i32),
    Time(i64),
}

fn converted(call: &Call<'_>, lenient: bool) -> Result<ArrayRef> {
    let words = call.texts(1)?;
    let array = call.arg(0)?;
    let to = if words.is_empty() { None } else { Type::named(words.value(0)) };
    let Some(to) = to else { return Ok(new_null_array(call.returned, array.len())) };
    let Some(from) = Type::of_arrow(array.data_type()) else {
        return Ok(new_null_array(call.returned, array.len()));
    };
    if from == to && array.data_type() == call.returned {
        return Ok(std::sync::Arc::clone(array));
    }
    let zone = call.zone()?;
    let mut builder = CellsBuilder::new(to.stored()).map_err(|error| failed(error.to_string()))?;
    let read = reader(call, from)?;
    for row in 0..array.len() {
        let value = if array.is_null(row) {
            Value::Null
        } else {
            match value_of(read(row), to, &zone) {
                Ok(value) => value,
                Err(_) if lenient => Value::Null,
                Err(text) => return Err(failed(text)),
            }
        };
        builder.push(&value).map_err(|error| failed(error.to_string()))?;
    }
    Ok(builder.finish().values)
}

/// How rows of a column are read.
fn reader(call: &Call<'_>, from: Type) -> Result<Box<dyn Fn(usize) -> From>> {
    let array = call.arg(0)?;
    Ok(match from {
        Type::Boolean => {
            let values = array.as_boolean().clone();
            Box::new(move |row| From::Boolean(values.value(row)))
        }
        Type::Int32 | Type::Int64 => {
            let values = call.longs(0)?;
            Box::new(move |row| From::Long(values.value(row), from == Type::Int32))
        }
        Type::Float | Type::Double => {
            let values = call.doubles(0)?;
            Box::new(move |row| From::Double(values.value(row), from == Type::Float))
        }
        Type::Text | Type::String => {
            let values = call.texts(0)?;
            Box::new(move |row| From::Text(values.value(row).to_owned()))
        }
        Type::Blob => {
            let values = call.bytes(0)?;
            Box::new(move |row| From::Blob(values.value(row).to_vec()))
        }
        Type::Date => {
            let values = cast(array, &DataType::Date32)?.as_primitive::<Date32Type>().clone();
            Box::new(move |row| From::Date(values.value(row)))
        }
        Type::Timestamp => {
            let values = call.times(0)?;
            Box::new(move |row| From::Time(values.value(row)))
        }
    })
}

fn value_of(from: From, to: Type, zone: &Zone) -> Result<Value, String> {
    match to {
        Type::Boolean => boolean(from).map(Value::Boolean),
        Type::Int32 => {
            let long = long(&from, to)?;
            i32::try_from(long)
                .map(|value| Value::Integer(i128::from(value)))
                .map_err(|_| format!("long value {long} is out of range of integer value."))
        }
        Type::Int64 => long(&from, to).map(|value| Value::Integer(i128::from(value))),
        Type::Float => float(from),
        Type::Double => double(&from, to).map(Value::Float),
        Type::Text | Type::String => text(from, zone).map(Value::Text),
        Type::Blob => Ok(Value::Binary(blob(from))),
        Type::Date => date(from, zone).map(Value::Date),
        Type::Timestamp => time(from, zone).map(|millis| Value::Instant(millis, crate::types::UNIT)),
    }
}

fn cannot(text: &str, to: Type) -> String {
    format!("Cannot cast {text} to {} type", to.word())
}

fn boolean(from: From) -> Result<bool, String> {
    match from {
        From::Boolean(value) => Ok(value),
        From::Long(value, _) | From::Time(value) => Ok(value != 0),
        From::Double(value, _) => Ok(value != 0.0),
        From::Text(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        From::Text(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        From::Text(text) => Err(format!("Invalid text input for boolean type: {text}")),
        From::Blob(bytes) => Ok(bytes.first().is_some_and(|byte| *byte != 0)),
        From::Date(day) => Ok(times::number_of_day(day).is_some_and(|number| number != 0)),
    }
}

fn long(from: &From, to: Type) -> Result<i64, String> {
    match from {
        From::Boolean(value) => Ok(i64::from(*value)),
        From::Long(value, _) | From::Time(value) => Ok(*value),
        From::Double(value, is_float) => {
            // Java rounds a half up.
            let rounded = (value + 0.5).floor();
            let bounds = if to == Type::Int32 {
                (-2_147_483_648.0, 2_147_483_648.0)
            } else {
                (-9_223_372_036_854_775_808.0, 9_223_372_036_854_775_808.0)
            };
            if value.is_nan() || !(bounds.0..bounds.1).contains(&rounded) {
                let (kind, word) =
                    (if *is_float { "Float" } else { "Double" }, if to == Type::Int32 { "integer" } else { "long" });
                return Err(format!("{kind} value {value:.6} is out of range of {word} value."));
            }
            #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
            Ok(rounded as i64)
        }
        From::Text(text) => {
            let parsed = text.parse::<i64>().ok();
            let fits = parsed.filter(|value| to != Type::Int32 || i32::try_from(*value).is_ok());
            fits.ok_or_else(|| cannot(text, to))
        }
        From::Blob(bytes) => {
            let width = if to == Type::Int32 { 4 } else { 8 };
            let tail = bytes.get(bytes.len().saturating_sub(width)..).unwrap_or_default();
            Ok(tail.iter().fold(0_i64, |value, byte| value.wrapping_shl(8) | i64::from(*byte)))
        }
        From::Date(day) => times::number_of_day(*day).map(i64::from).ok_or_else(|| cannot(&day.to_string(), to)),
    }
}

fn double(from: &From, to: Type) -> Result<f64, String> {
    #[expect(clippy::cast_precision_loss, reason = "integers widen to floats as the vendor widens them")]
    match from {
        From::Boolean(value) => Ok(f64::from(u8::from(*value))),
        From::Long(value, _) | From::Time(value) => Ok(*value as f64),
        From::Double(value, _) => Ok(*value),
        From::Text(text) => {
            let value = texts::parse_double(text).ok_or_else(|| cannot(text, to))?;
            if value.is_infinite() {
                let word = if to == Type::Float { "float" } else { "double" };
                return Err(format!("Text value {text} is out of range of {word} value."));
            }
            Ok(value)
        }
        From::Blob(_) => Err(cannot("BLOB", to)),
        From::Date(day) => times::number_of_day(*day).map(f64::from).ok_or_else(|| cannot(&day.to_string(), to)),
    }
}

fn float(from: From) -> Result<Value, String> {
    let value = double(&from, Type::Float)?;
    let is_double = matches!(from, From::Double(_, false));
    if is_double && (value.is_infinite() || (value.is_finite() && value.abs() > f64::from(f32::MAX))) {
        let shown = texts::double(value);
        return Err(format!("Double value {shown} is out of range of float value."));
    }
    Ok(Value::Float(value))
}

fn text(from: From, zone: &Zone) -> Result<String, String> {
    Ok(match from {
        From::Boolean(value) => value.to_string(),
        From::Long(value, _) => value.to_string(),
        #[expect(clippy::cast_possible_truncation, reason = "it was a FLOAT")]
        From::Double(value, true) => texts::float(value as f32),
        From::Double(value, false) => texts::double(value),
        From::Text(text) => text,
        From::Blob(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        From::Date(day) => times::day_text(day),
        From::Time(millis) => {
            let clock = zone::clock(zone, millis).ok_or_else(|| format!("the time {millis} is out of range"))?;
            times::local_text(clock)
        }
    })
}

fn blob(from: From) -> Vec<u8> {
    #[expect(clippy::cast_possible_truncation, reason = "the type says that it fits")]
    match from {
        From::Boolean(value) => vec![u8::from(value)],
        From::Long(value, true) => (value as i32).to_be_bytes().to_vec(),
        From::Long(value, false) | From::Time(value) => value.to_be_bytes().to_vec(),
        From::Double(value, true) => (value as f32).to_be_bytes().to_vec(),
        From::Double(value, false) => value.to_be_bytes().to_vec(),
        From::Text(text) => text.into_bytes(),
        From::Blob(bytes) => bytes,
        From::Date(day) => times::number_of_day(day).unwrap_or(0).to_be_bytes().to_vec(),
    }
}

fn date(from: From, zone: &Zone) -> Result<i32, String> {
    let wrong = |shown: String| cannot(&shown, Type::Date);
    match from {
        From::Date(day) => Ok(day),
        From::Long(value, _) => times::day_of_number(value).ok_or_else(|| wrong(value.to_string())),
        From::Time(millis) => day_of(millis, zone).map_err(|_| wrong(millis.to_string())),
        From::Text(text) => times::parse_day(&text).ok_or_else(|| wrong(text)),
        From::Boolean(value) => Err(wrong(value.to_string())),
        From::Double(value, _) => Err(wrong(texts::double(value))),
        From::Blob(_) => Err(wrong("BLOB".to_owned())),
    }
}

fn time(from: From, zone: &Zone) -> Result<i64, String> {
    match from {
        From::Time(millis) => Ok(millis),
        From::Date(day) => start_of(day, zone).map_err(|_| cannot(&times::day_text(day), Type::Timestamp)),
        From::Text(text) => times::parse(&text, zone).ok_or_else(|| cannot(&text, Type::Timestamp)),
        other => long(&other, Type::Int64),
    }
}
