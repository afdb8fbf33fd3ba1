//! What differs between the doors that take points: names, types, times, and what fits where.

use crate::{FieldValue, Point, TagValue};
use model::{Column, ColumnRole, DataType, Error, ErrorKind, Place, Result, TextLength, TimeUnit, Value, WriteKind};
use std::borrow::Cow;

/// The laws of one door.
pub trait Rules: Sync {
    /// The time column of a table that is made.
    fn time_column(&self) -> &'static str;
    /// Its unit.
    fn unit(&self) -> TimeUnit;
    /// The key column of a table that is made. Where a table has a key column of this name, its
    /// value is [`Rules::series_key`] and nobody gives it.
    fn key_column(&self) -> &'static str;
    /// What stands for a set of tags.
    fn series_key(&self, tags: &[(Cow<'_, str>, TagValue<'_>)]) -> String;
    /// The type of a column that is made for a tag.
    fn tag_type(&self, value: &TagValue<'_>) -> DataType;
    /// The type of a column that is made for a field.
    fn field_type(&self, value: &FieldValue<'_>) -> DataType;
    /// Whether a value may make its column wider.
    fn widens(&self) -> bool;
    /// The value of a tag in a column.
    ///
    /// # Errors
    /// It does not fit.
    fn tag(&self, column: &Column, value: &TagValue<'_>) -> Result<Value>;
    /// The value of a field in a column.
    ///
    /// # Errors
    /// It does not fit.
    fn field(&self, column: &Column, value: &FieldValue<'_>) -> Result<Value>;
    /// The time of a point in the table's unit.
    ///
    /// # Errors
    /// It is beyond what the column holds.
    fn time(&self, point: &Point<'_>, column: &Column, unit: TimeUnit) -> Result<i64>;
    /// How a row meets an older one.
    fn kind(&self) -> WriteKind;
    /// Whether a field that comes twice in a point counts as its last; else the point is refused.
    fn last_field_counts(&self) -> bool;
    /// The refusal of a name that plays another part in the table.
    fn wrong_part(&self, table: &str, column: &Column, wanted: ColumnRole) -> Error {
        let part = |role| match role {
            ColumnRole::Key | ColumnRole::Attribute => "a tag",
            ColumnRole::Time => "the time column",
            ColumnRole::Field => "a field",
        };
        let reason =
            format!("column \"{}\" of table \"{table}\" is {}, not {}", column.name, part(column.role), part(wanted));
        ErrorKind::InvalidDefinition { reason }.into()
    }
}

/// A refused value, named with its column.
fn unfit(column: &Column, value: impl ToString) -> Error {
    let place = Some(Place { column: column.name.clone(), row: None });
    ErrorKind::ValueInvalid { value: value.to_string(), data_type: column.data_type, place }.into()
}

/// A text in a column of texts, if it is not too long; in others, if it spells a value of theirs
/// exactly.
///
/// # Errors
/// [`ErrorKind::ValueTooLong`], [`ErrorKind::ValueInvalid`].
pub fn text_value(column: &Column, text: &str) -> Result<Value> {
    let value = match column.data_type {
        DataType::Text(length) => {
            check_length(column, text, length)?;
            Some(Value::Text(text.to_owned()))
        }
        integer if integer.is_integer() => match text.parse() {
            Ok(value) => Some(Value::Integer(ranged(column, value)?)),
            Err(_) => None,
        },
        DataType::Float32 => match crate::line::float(text) {
            Some(value) => Some(Value::Float(narrow(column, value)?)),
            None => None,
        },
        DataType::Float64 => crate::line::float(text).map(Value::Float),
        DataType::Boolean => text.parse().ok().map(Value::Boolean),
        _ => None,
    };
    value.ok_or_else(|| unfit(column, text))
}

/// Fails for a text that is longer than its column allows.
pub(crate) fn check_length(column: &Column, text: &str, length: Option<TextLength>) -> Result<()> {
    if length.is_none_or(|length| length.fits(text)) {
        return Ok(());
    }
    let place = Some(Place { column: column.name.clone(), row: None });
    Err(ErrorKind::ValueTooLong { value: text.to_owned(), data_type: column.data_type, place }.into())
}

/// A field's value in a column of another width: an integer if it is whole and in range, a float
/// rounded as a narrower one is; between integers, floats, truth values and texts nothing is
/// converted in columns of the field's own width.
///
/// # Errors
/// [`ErrorKind::ValueInvalid`], [`ErrorKind::ValueOutOfRange`], [`ErrorKind::ValueTooLong`].
pub fn strict_value(column: &Column, value: &FieldValue<'_>) -> Result<Value> {
    let found = match (value, column.data_type) {
        (FieldValue::Boolean(value), DataType::Boolean) => Some(Value::Boolean(*value)),
        (FieldValue::Text(text), DataType::Text(length)) => {
            check_length(column, text, length)?;
            Some(Value::Text(text.as_ref().to_owned()))
        }
        (FieldValue::Float(value, _), DataType::Float64) => Some(Value::Float(*value)),
        (FieldValue::Float(value, _), DataType::Float32) => Some(Value::Float(narrow(column, *value)?)),
        (FieldValue::Integer(value), DataType::Float32) => exact_float(i128::from(*value), 24),
        (FieldValue::Unsigned(value), DataType::Float32) => exact_float(i128::from(*value), 24),
        (FieldValue::Float(value, _), small) if small.is_integer() && !is_wide(small) => exact_integer(*value),
        (FieldValue::Integer(value), integer) if integer.is_integer() => Some(Value::Integer(i128::from(*value))),
        (FieldValue::Unsigned(value), integer) if integer.is_integer() => Some(Value::Integer(i128::from(*value))),
        _ => None,
    };
    let found = found.ok_or_else(|| unfit(column, value))?;
    if let Value::Integer(integer) = found {
        ranged(column, integer)?;
    }
    Ok(found)
}

/// A float that a narrower one can hold: what would become infinite is out of range.
fn narrow(column: &Column, value: f64) -> Result<f64> {
    #[expect(clippy::cast_possible_truncation, reason = "only whether it becomes infinite is looked at")]
    if (value as f32).is_infinite() && value.is_finite() {
        let place = Some(Place { column: column.name.clone(), row: None });
        return Err(ErrorKind::ValueOutOfRange { value: value.to_string(), data_type: column.data_type, place }.into());
    }
    Ok(value)
}

/// An integer that the column can hold.
fn ranged(column: &Column, value: i128) -> Result<i128> {
    if in_range(value, column.data_type) {
        return Ok(value);
    }
    let place = Some(Place { column: column.name.clone(), row: None });
    Err(ErrorKind::ValueOutOfRange { value: value.to_string(), data_type: column.data_type, place }.into())
}

const fn is_wide(data_type: DataType) -> bool {
    matches!(data_type, DataType::Int64 | DataType::UInt64)
}

fn exact_float(value: i128, bits: u32) -> Option<Value> {
    #[expect(clippy::cast_precision_loss, reason = "checked: it has no more bits than the float")]
    let float = value as f64;
    (value.unsigned_abs() <= 1_u128 << bits).then_some(Value::Float(float))
}

fn exact_integer(value: f64) -> Option<Value> {
    #[expect(clippy::cast_possible_truncation, reason = "checked: it is whole and small")]
    let integer = value as i64;
    (value.fract() == 0.0 && value.abs() < 9.0e15).then(|| Value::Integer(i128::from(integer)))
}

fn in_range(value: i128, data_type: DataType) -> bool {
    match data_type {
        DataType::Int8 => i8::try_from(value).is_ok(),
        DataType::Int16 => i16::try_from(value).is_ok(),
        DataType::Int32 => i32::try_from(value).is_ok(),
        DataType::Int64 => i64::try_from(value).is_ok(),
        DataType::UInt8 => u8::try_from(value).is_ok(),
        DataType::UInt16 => u16::try_from(value).is_ok(),
        DataType::UInt32 => u32::try_from(value).is_ok(),
        DataType::UInt64 => u64::try_from(value).is_ok(),
        _ => true,
    }
}

/// The nanoseconds of a time in a column's unit, floored.
///
/// # Errors
/// [`ErrorKind::ValueOutOfRange`] for what does not fit.
pub fn time_value(nanos: i128, column: &Column, unit: TimeUnit) -> Result<i64> {
    unit.floor_from_nanos(nanos).ok_or_else(|| {
        let place = Some(Place { column: column.name.clone(), row: None });
        ErrorKind::ValueOutOfRange { value: format!("{nanos} ns"), data_type: column.data_type, place }.into()
    })
}
