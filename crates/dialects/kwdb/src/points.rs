//! This vendor's laws for points: `k_timestamp`, `primary_tag`, its types, and its literals' rules
//! for what fits into which column.

use crate::error::definition;
use crate::literals::{Literal, Target, time_bounds};
use crate::timezone::Zone;
use crate::types::{Word, declared, default_word};
use dialect::{PointDoor, plain_column};
use engine::{AutomaticPolicy, NewColumn};
use ingest::{
    FieldValue, Point, Precision, Rules, TagValue, WantedColumn, by_digits, escaped_tag, milliseconds_by_digits,
    series_hash,
};
use model::{Column, ColumnRole, DataType, Error, ErrorKind, Place, Result, TextLength, TimeUnit, Value, WriteKind};
use std::borrow::Cow;

const VARCHAR_DEFAULT: u32 = 254;
const VARCHAR_MAX: u32 = 65_534;
const PRIMARY_TAG: &str = "primary_tag";
const TIME_COLUMN: &str = "k_timestamp";

/// The format that points came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Line protocol.
    Line,
    /// OpenTSDB's lines or JSON.
    OpenTsdb,
}

/// The laws for the points of one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Points<'z> {
    /// How the points were written.
    pub(crate) format: Format,
    /// The unit of times, if the request names one.
    pub(crate) precision: Option<Precision>,
    /// How rows meet older ones.
    pub(crate) kind: WriteKind,
    /// The time of points without one.
    pub(crate) now_nanos: i128,
    /// The zone of the request.
    pub(crate) zone: &'z Zone,
}

fn varchar(text: &str) -> DataType {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    DataType::Text(Some(TextLength::bytes(length.clamp(VARCHAR_DEFAULT, VARCHAR_MAX))))
}

/// A number as a literal would be written.
fn number(written: &str) -> Literal<'_> {
    let whole = written.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-' || byte == b'+');
    if whole { Literal::Integer(written) } else { Literal::Decimal(written) }
}

impl Rules for Points<'_> {
    fn time_column(&self) -> &'static str {
        TIME_COLUMN
    }

    fn unit(&self) -> TimeUnit {
        match self.format {
            Format::Line => TimeUnit::Nanosecond,
            Format::OpenTsdb => TimeUnit::Millisecond,
        }
    }

    fn key_column(&self) -> &'static str {
        PRIMARY_TAG
    }

    fn series_key(&self, tags: &[(Cow<'_, str>, TagValue<'_>)]) -> String {
        let spelled = tags.iter().map(|(name, value)| match (self.format, value) {
            (Format::Line, TagValue::Text(text)) => escaped_tag(name, text),
            (Format::OpenTsdb, TagValue::Text(text)) => format!("{name}='{text}'"),
            (_, TagValue::Number(_, written)) => format!("{name}={written}"),
        });
        series_hash(spelled.map(Cow::Owned).collect())
    }

    fn tag_type(&self, value: &TagValue<'_>) -> DataType {
        match value {
            TagValue::Text(text) => varchar(text),
            TagValue::Number(..) => DataType::Float64,
        }
    }

    fn field_type(&self, value: &FieldValue<'_>) -> DataType {
        match value {
            FieldValue::Float(..) => DataType::Float64,
            FieldValue::Integer(_) | FieldValue::Unsigned(_) => DataType::Int64,
            FieldValue::Boolean(_) => DataType::Boolean,
            FieldValue::Text(text) => varchar(text),
        }
    }

    fn widens(&self) -> bool {
        true
    }

    fn tag(&self, column: &Column, value: &TagValue<'_>) -> Result<Value> {
        let literal = match value {
            TagValue::Text(text) => Literal::Text(text),
            TagValue::Number(_, written) => number(written),
        };
        Target::new(column, true).convert(literal, self.zone)
    }

    fn field(&self, column: &Column, value: &FieldValue<'_>) -> Result<Value> {
        let digits;
        let literal = match value {
            FieldValue::Float(_, written) => number(written),
            FieldValue::Integer(_) | FieldValue::Unsigned(_) => {
                digits = value.to_string();
                Literal::Integer(&digits)
            }
            FieldValue::Boolean(value) => Literal::Boolean(*value),
            FieldValue::Text(text) => Literal::Text(text),
        };
        Target::new(column, true).convert(literal, self.zone)
    }

    fn time(&self, point: &Point<'_>, column: &Column, unit: TimeUnit) -> Result<i64> {
        let nanos = match (point.time, self.precision, self.format) {
            // Points of one request that name no time are as many moments.
            (None, ..) => self.now_nanos + i128::try_from(point.line).unwrap_or_default(),
            (Some(time), Some(precision), _) => precision.to_nanos(time),
            (Some(time), None, Format::Line) => by_digits(time),
            (Some(time), None, Format::OpenTsdb) => milliseconds_by_digits(time),
        };
        let (first, last) = time_bounds(unit);
        let time = unit.floor_from_nanos(nanos).filter(|time| (first..=last).contains(time));
        time.ok_or_else(|| {
            let value = point.time.map_or_else(|| nanos.to_string(), |time| time.to_string());
            let place = Some(Place { column: column.name.clone(), row: None });
            Error::new(ErrorKind::ValueOutOfRange { value, data_type: column.data_type, place })
        })
    }

    fn kind(&self) -> WriteKind {
        self.kind
    }

    fn last_field_counts(&self) -> bool {
        false
    }

    fn wrong_part(&self, _table: &str, column: &Column, wanted: ColumnRole) -> Error {
        match (column.role, wanted) {
            (ColumnRole::Time, _) => Error::new(ErrorKind::DuplicateAssignment { column: column.name.clone() }),
            (_, ColumnRole::Field) => definition(format!("duplicate COLUMN name: \"{}\"", column.name)),
            _ => definition(format!("duplicate TAG name: \"{}\"", column.name)),
        }
    }
}

impl PointDoor for Points<'_> {
    fn column(&self, wanted: WantedColumn) -> NewColumn {
        let column = plain_column(wanted);
        let word = if column.role == ColumnRole::Time { Word::TimestampTz } else { default_word(column.data_type) };
        NewColumn { declared: Some(declared(word)), ..column }
    }

    fn policy(&self) -> AutomaticPolicy {
        AutomaticPolicy { add_key_columns: false, insert_widens: true, ..AutomaticPolicy::ALL }
    }
}
