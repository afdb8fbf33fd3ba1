//! This door's laws for points: `timestamp` in milliseconds, one field `value`, at least one tag,
//! and names of letters, digits and `-_./`.

use dialect::PointDoor;
use ingest::{
    FieldValue, Point, Rules, TagValue, seconds_or_milliseconds, series_hash, strict_value, text_value, time_value,
};
use model::{Column, DataType, Error, ErrorKind, Place, Result, TimeUnit, Value, WriteKind};
use std::borrow::Cow;

const TIME_COLUMN: &str = "timestamp";
const KEY_COLUMN: &str = "primary_tag";

/// The laws.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Points;

/// Fails for a point that this vendor's server would not take, whatever table it goes to.
///
/// # Errors
/// The vendor's words.
pub(crate) fn check(point: &Point<'_>) -> Result<(), String> {
    check_text("metric name", &point.measurement)?;
    if point.tags.is_empty() {
        return Err("Missing tags".to_owned());
    }
    for (name, value) in &point.tags {
        check_text("tag name", name)?;
        match value {
            TagValue::Text(text) | TagValue::Number(_, text) => check_text("tag value", text)?,
        }
    }
    match point.time.and_then(seconds_or_milliseconds) {
        Some(_) => Ok(()),
        None => Err("Invalid timestamp".to_owned()),
    }
}

fn check_text(what: &str, text: &str) -> Result<(), String> {
    match text.chars().find(|c| !c.is_alphanumeric() && !matches!(c, '-' | '_' | '.' | '/')) {
        Some(character) => Err(format!("Invalid {what} (\"{text}\"): illegal character: {character}")),
        None => Ok(()),
    }
}

impl Rules for Points {
    fn time_column(&self) -> &'static str {
        TIME_COLUMN
    }

    fn unit(&self) -> TimeUnit {
        TimeUnit::Millisecond
    }

    fn key_column(&self) -> &'static str {
        KEY_COLUMN
    }

    fn series_key(&self, tags: &[(Cow<'_, str>, TagValue<'_>)]) -> String {
        let spelled = tags.iter().map(|(name, value)| match value {
            TagValue::Text(text) | TagValue::Number(_, text) => format!("{name}='{text}'"),
        });
        series_hash(spelled.map(Cow::Owned).collect())
    }

    fn tag_type(&self, _value: &TagValue<'_>) -> DataType {
        DataType::Text(None)
    }

    fn field_type(&self, _value: &FieldValue<'_>) -> DataType {
        DataType::Float64
    }

    fn widens(&self) -> bool {
        false
    }

    fn tag(&self, column: &Column, value: &TagValue<'_>) -> Result<Value> {
        match value {
            TagValue::Text(text) | TagValue::Number(_, text) => text_value(column, text),
        }
    }

    fn field(&self, column: &Column, value: &FieldValue<'_>) -> Result<Value> {
        strict_value(column, value)
    }

    fn time(&self, point: &Point<'_>, column: &Column, unit: TimeUnit) -> Result<i64> {
        let nanos = point.time.and_then(seconds_or_milliseconds).ok_or_else(|| {
            let place = Some(Place { column: column.name.clone(), row: None });
            let value = point.time.map(|time| time.to_string()).unwrap_or_default();
            Error::new(ErrorKind::ValueOutOfRange { value, data_type: column.data_type, place })
        })?;
        time_value(nanos, column, unit)
    }

    fn kind(&self) -> WriteKind {
        WriteKind::Merge
    }

    fn last_field_counts(&self) -> bool {
        false
    }
}

impl PointDoor for Points {}
