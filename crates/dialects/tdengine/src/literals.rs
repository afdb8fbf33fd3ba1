//! Constants become values of columns, with the vendor's conversions and refusals.

pub(crate) mod time_text;

use crate::error::{coded, insert_value};
use crate::sql::RowValue;
use crate::sql::statement::{Constant, Moment};
use crate::timezone::{self, Zone};
use model::{Column, DataType, Decimal, Error, ErrorKind, Place, Result, TimeUnit, Value};
use std::borrow::Cow;

/// What conversions depend on beside the constant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surroundings<'a> {
    pub(crate) zone: &'a Zone,
    /// The time of the statement in nanoseconds since 1970.
    pub(crate) now: i128,
}

/// The last instants that the vendor's server takes: the year 2970, or what nanoseconds can count.
const LAST_MILLISECOND: i64 = 31_556_995_200_000;

impl Constant {
    /// The same, borrowed as a value of a row.
    pub(crate) fn as_row_value(&self) -> RowValue<'_> {
        match self {
            Self::Null => RowValue::Null,
            Self::Boolean(value) => RowValue::Boolean(*value),
            Self::Number(text) => match text.strip_prefix('-') {
                Some(text) => RowValue::Number { negative: true, text },
                None => RowValue::Number { negative: false, text },
            },
            Self::Text(text, raw) => RowValue::Text(Cow::Borrowed(text), raw),
            Self::Moment(moment, nanos) => RowValue::Moment(moment.clone(), *nanos),
        }
    }
}

fn out_of_range(value: &str, column: &Column) -> Error {
    let (value, data_type) = (value.to_owned(), column.data_type);
    Error::new(ErrorKind::ValueOutOfRange { value, data_type, place: None })
}

fn invalid(value: &str, column: &Column) -> Error {
    let (value, data_type) = (value.to_owned(), column.data_type);
    Error::new(ErrorKind::ValueInvalid { value, data_type, place: None })
}

fn too_long(column: &Column) -> Error {
    let place = Some(Place { column: column.name.clone(), row: None });
    Error::new(ErrorKind::ValueTooLong { value: String::new(), data_type: column.data_type, place })
}

/// A constant as a value of a column; [`RowValue::Absent`] counts as NULL here.
///
/// # Errors
/// In the vendor's words, by type.
pub(crate) fn convert(value: &RowValue<'_>, column: &Column, around: Surroundings<'_>) -> Result<Value> {
    if matches!(value, RowValue::Null | RowValue::Absent) {
        return Ok(Value::Null);
    }
    match column.data_type {
        DataType::Instant(unit) => instant(value, column, unit, around).map(|at| Value::Instant(at, unit)),
        DataType::Boolean => boolean(value, column),
        data_type if data_type.is_integer() => integer(value, column),
        DataType::Float32 | DataType::Float64 => float(value, column),
        DataType::Decimal { precision, scale } => decimal(value, column, precision, scale),
        DataType::Text(length) => {
            let text = text_of(value, column)?;
            match length {
                Some(length) if !length.fits(&text) => Err(too_long(column)),
                _ => Ok(Value::Text(text.into_owned())),
            }
        }
        DataType::Binary(length) => {
            let bytes = bytes_of(value, column)?;
            match length {
                Some(max) if bytes.len() > max as usize => Err(too_long(column)),
                _ => Ok(Value::Binary(bytes)),
            }
        }
        DataType::Json => json(value, column),
        other => Err(Error::unsupported(format!("writing a value of type {other}"))),
    }
}

/// The digits of a number or of a text that is one.
fn digits<'v>(value: &'v RowValue<'_>, column: &Column) -> Result<(bool, &'v str)> {
    match value {
        RowValue::Number { negative, text } => Ok((*negative, text)),
        RowValue::Text(text, _) => {
            let text = text.trim();
            match text.strip_prefix('-') {
                Some(rest) => Ok((true, rest)),
                None => Ok((false, text.strip_prefix('+').unwrap_or(text))),
            }
        }
        RowValue::Boolean(true) => Ok((false, "1")),
        RowValue::Boolean(false) => Ok((false, "0")),
        _ => Err(invalid("now", column)),
    }
}

fn whole(text: &str) -> Option<i128> {
    let radix = |digits: &str, radix| i128::from_str_radix(digits, radix).ok();
    match text.get(..2) {
        Some("0x" | "0X") => radix(text.get(2..)?, 16),
        _ if text.bytes().all(|byte| byte.is_ascii_digit()) => radix(text, 10),
        _ => None,
    }
}

fn integer(value: &RowValue<'_>, column: &Column) -> Result<Value> {
    let (negative, text) = digits(value, column)?;
    let number = match whole(text) {
        Some(number) => number,
        None if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() => {
            return Err(out_of_range(text, column));
        }
        // A number with a point or an exponent is cut to a whole one.
        None => match text.parse::<f64>() {
            Ok(float) if float.is_finite() && float.abs() < 1e30 => {
                #[expect(clippy::cast_possible_truncation, reason = "cut to the whole number, within range")]
                let cut = float as i128;
                cut
            }
            _ => return Err(invalid(text, column)),
        },
    };
    let number = if negative { -number } else { number };
    let (least, most) = match column.data_type {
        DataType::Int8 => (i128::from(i8::MIN), i128::from(i8::MAX)),
        DataType::Int16 => (i128::from(i16::MIN), i128::from(i16::MAX)),
        DataType::Int32 => (i128::from(i32::MIN), i128::from(i32::MAX)),
        DataType::UInt8 => (0, i128::from(u8::MAX)),
        DataType::UInt16 => (0, i128::from(u16::MAX)),
        DataType::UInt32 => (0, i128::from(u32::MAX)),
        DataType::UInt64 => (0, i128::from(u64::MAX)),
        _ => (i128::from(i64::MIN), i128::from(i64::MAX)),
    };
    if number < least || number > most {
        return Err(out_of_range(&number.to_string(), column));
    }
    Ok(Value::Integer(number))
}

fn float(value: &RowValue<'_>, column: &Column) -> Result<Value> {
    let (negative, text) = digits(value, column)?;
    #[expect(clippy::cast_precision_loss, reason = "a float takes what it can hold")]
    let number = match text.parse::<f64>() {
        Ok(number) => number,
        Err(_) => whole(text).map(|number| number as f64).ok_or_else(|| invalid(text, column))?,
    };
    let number = if negative { -number } else { number };
    // The largest FLOAT in its shortest digits, as every door prints it, lies above `f32::MAX` before rounding.
    #[expect(clippy::cast_possible_truncation, reason = "whether it is finite after rounding is what counts")]
    let fits = column.data_type == DataType::Float64 || (number as f32).is_finite();
    let written = text.bytes().any(|byte| byte.is_ascii_digit());
    if written && (number.is_infinite() || !fits) {
        return Err(invalid(text, column));
    }
    Ok(Value::Float(number))
}

fn decimal(value: &RowValue<'_>, column: &Column, precision: u8, scale: i8) -> Result<Value> {
    let (negative, text) = digits(value, column)?;
    let wrong = || invalid(text, column);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| wrong())?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all: String = [whole, fraction].concat();
    if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    // How far the point moves to the right to make the unscaled number.
    let fraction = i32::try_from(fraction.len()).map_err(|_| wrong())?;
    let shift = i32::from(scale).saturating_add(exponent).saturating_sub(fraction);
    let digits = all.trim_start_matches('0');
    let unscaled = if shift >= 0 {
        let zeros = usize::try_from(shift).unwrap_or(usize::MAX).min(64);
        format!("{digits}{}", "0".repeat(if digits.is_empty() { 0 } else { zeros }))
    } else {
        let cut = usize::try_from(-i64::from(shift)).unwrap_or(usize::MAX).min(digits.len());
        let (kept, dropped) = digits.split_at(digits.len() - cut);
        let round_up = dropped.starts_with(|c: char| c >= '5');
        let number: i128 = if kept.is_empty() { 0 } else { kept.parse().map_err(|_| out_of_range(text, column))? };
        (number + i128::from(round_up)).to_string()
    };
    let unscaled: i128 =
        if unscaled.is_empty() { 0 } else { unscaled.parse().map_err(|_| out_of_range(text, column))? };
    if unscaled >= 10_i128.pow(u32::from(precision).min(38)) {
        return Err(out_of_range(text, column));
    }
    Ok(Value::Decimal(Decimal { unscaled: if negative { -unscaled } else { unscaled }, scale }))
}

fn boolean(value: &RowValue<'_>, column: &Column) -> Result<Value> {
    let truth = match value {
        RowValue::Boolean(value) => *value,
        RowValue::Text(text, _) if text.eq_ignore_ascii_case("true") => true,
        RowValue::Text(text, _) if text.eq_ignore_ascii_case("false") => false,
        RowValue::Number { text, .. } => text.parse::<f64>().map_err(|_| invalid(text, column))? != 0.0,
        RowValue::Text(text, _) => text.parse::<f64>().map_err(|_| invalid(text, column))? != 0.0,
        _ => return Err(invalid("now", column)),
    };
    Ok(Value::Boolean(truth))
}

fn text_of<'v>(value: &'v RowValue<'_>, column: &Column) -> Result<Cow<'v, str>> {
    match value {
        RowValue::Text(text, _) => Ok(Cow::Borrowed(text)),
        RowValue::Number { negative: true, text } => Ok(Cow::Owned(format!("-{text}"))),
        RowValue::Number { negative: false, text } => Ok(Cow::Borrowed(text)),
        RowValue::Boolean(value) => Ok(Cow::Borrowed(if *value { "true" } else { "false" })),
        _ => Err(invalid("now", column)),
    }
}

/// `'\x0aff'`, or the bytes of any other text.
fn bytes_of(value: &RowValue<'_>, column: &Column) -> Result<Vec<u8>> {
    let RowValue::Text(text, raw) = value else { return text_of(value, column).map(|text| text.as_bytes().to_vec()) };
    let Some(digits) = raw.strip_prefix("\\x").or_else(|| raw.strip_prefix("\\X")) else {
        return Ok(text.as_bytes().to_vec());
    };
    hexadecimal(digits).ok_or_else(|| coded(0x266a, format!("Invalid varbinary value: {raw}")))
}

/// Bytes as pairs of hexadecimal digits.
pub(crate) fn hexadecimal(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.as_bytes().chunks(2).map(pair).collect()
}

/// A tag of JSON holds an object; a text without any member is no value.
fn json(value: &RowValue<'_>, column: &Column) -> Result<Value> {
    let text = text_of(value, column)?;
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    if text.len() > 4_095 {
        return Err(insert_value(&text, "json string too long than 4095"));
    }
    let read: serde_json::Value = serde_json::from_str(&text).map_err(|_| coded(0x0221, "Invalid JSON format"))?;
    match read {
        serde_json::Value::Object(members) if members.is_empty() => Ok(Value::Null),
        serde_json::Value::Object(members) => {
            let flat = members.values().all(|member| !member.is_array() && !member.is_object());
            if !flat {
                return Err(coded(0x0222, "Invalid JSON data type"));
            }
            Ok(Value::Text(serde_json::Value::Object(members).to_string()))
        }
        _ => Err(coded(0x0221, "Invalid JSON format")),
    }
}

/// An instant in the column's unit.
fn instant(value: &RowValue<'_>, column: &Column, unit: TimeUnit, around: Surroundings<'_>) -> Result<i64> {
    let at = match value {
        RowValue::Number { negative, text } => {
            let number = whole(text).ok_or_else(|| insert_value(text, "invalid timestamp"))?;
            i64::try_from(if *negative { -number } else { number }).ok()
        }
        RowValue::Text(text, _) => {
            let at = time_text::instant(text, unit, around.zone);
            return match at {
                Some(at) => within(at, unit),
                None => Err(insert_value(&format!("'{text}'"), "invalid timestamp")),
            };
        }
        RowValue::Moment(moment, nanos) => {
            let start = match moment {
                Moment::Now => Some(around.now),
                Moment::Today => Some(timezone::midnight(around.zone, around.now)),
                Moment::Text(text) => time_text::instant(text, TimeUnit::Nanosecond, around.zone).map(i128::from),
                Moment::Number(text) => whole(text).and_then(|n| i64::try_from(n).ok()).map(|n| unit.to_nanos(n)),
            };
            let start = start.ok_or_else(|| insert_value("timestamp", "invalid timestamp"))?;
            start.checked_add(*nanos).and_then(|nanos| unit.floor_from_nanos(nanos))
        }
        _ => return Err(invalid("true", column)),
    };
    within(at.ok_or_else(|| coded(0x060b, "Timestamp data out of range"))?, unit)
}

fn within(at: i64, unit: TimeUnit) -> Result<i64> {
    let last = match unit {
        TimeUnit::Millisecond => LAST_MILLISECOND,
        TimeUnit::Microsecond => LAST_MILLISECOND * 1_000,
        TimeUnit::Nanosecond => i64::MAX,
    };
    if at > last { Err(coded(0x060b, "Timestamp data out of range")) } else { Ok(at) }
}

#[cfg(test)]
mod tests;
