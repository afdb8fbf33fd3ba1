//! This door's laws for points: `time` in nanoseconds, one field one type, fields of one point merge.

use dialect::PointDoor;
use ingest::{
    FieldValue, Point, Precision, Rules, TagValue, escaped_tag, series_hash, strict_value, text_value, time_value,
};
use model::{Column, DataType, ErrorKind, Result, TimeUnit, Value, WriteKind};
use std::borrow::Cow;

const TIME_COLUMN: &str = "time";
const KEY_COLUMN: &str = "primary_tag";

/// The laws for the points of one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Points {
    /// The unit of times.
    pub(crate) precision: Precision,
    /// The time of points without one.
    pub(crate) now_nanos: i128,
}

impl Rules for Points {
    fn time_column(&self) -> &'static str {
        TIME_COLUMN
    }

    fn unit(&self) -> TimeUnit {
        TimeUnit::Nanosecond
    }

    fn key_column(&self) -> &'static str {
        KEY_COLUMN
    }

    fn series_key(&self, tags: &[(Cow<'_, str>, TagValue<'_>)]) -> String {
        let spelled = tags.iter().map(|(name, value)| match value {
            TagValue::Text(text) => escaped_tag(name, text),
            TagValue::Number(_, written) => escaped_tag(name, written),
        });
        series_hash(spelled.map(Cow::Owned).collect())
    }

    fn tag_type(&self, _value: &TagValue<'_>) -> DataType {
        DataType::Text(None)
    }

    fn field_type(&self, value: &FieldValue<'_>) -> DataType {
        value.data_type()
    }

    fn widens(&self) -> bool {
        false
    }

    fn tag(&self, column: &Column, value: &TagValue<'_>) -> Result<Value> {
        match value {
            TagValue::Text(text) => text_value(column, text),
            TagValue::Number(_, written) => text_value(column, written),
        }
    }

    fn field(&self, column: &Column, value: &FieldValue<'_>) -> Result<Value> {
        strict_value(column, value)
    }

    fn time(&self, point: &Point<'_>, column: &Column, unit: TimeUnit) -> Result<i64> {
        let nanos = point.time.map_or(self.now_nanos, |time| self.precision.to_nanos(time));
        time_value(nanos, column, unit)
    }

    fn kind(&self) -> WriteKind {
        WriteKind::Merge
    }

    fn last_field_counts(&self) -> bool {
        true
    }
}

impl PointDoor for Points {}

/// Why a point was dropped, in this vendor's words.
pub(crate) fn drop_reason(point: &Point<'_>, error: &model::Error) -> String {
    let ErrorKind::ValueInvalid { data_type, place: Some(place), .. } = error.kind.as_ref() else {
        return error.to_string();
    };
    let Some((name, value)) = point.fields.iter().find(|(name, _)| *name == place.column) else {
        return error.to_string();
    };
    format!(
        "field type conflict: input field \"{name}\" on measurement \"{}\" is type {}, already exists as type {}",
        point.measurement,
        word(value),
        type_word(*data_type)
    )
}

const fn word(value: &FieldValue<'_>) -> &'static str {
    match value {
        FieldValue::Float(..) => "float",
        FieldValue::Integer(_) => "integer",
        FieldValue::Unsigned(_) => "unsigned",
        FieldValue::Boolean(_) => "boolean",
        FieldValue::Text(_) => "string",
    }
}

fn type_word(data_type: DataType) -> String {
    field_word(data_type).map_or_else(|| data_type.to_string(), str::to_owned)
}

/// What a field of that type is called here, if fields can have it.
pub(crate) const fn field_word(data_type: DataType) -> Option<&'static str> {
    match data_type {
        DataType::Float32 | DataType::Float64 => Some("float"),
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => Some("unsigned"),
        integer if integer.is_integer() => Some("integer"),
        DataType::Boolean => Some("boolean"),
        DataType::Text(_) => Some("string"),
        _ => None,
    }
}
