//! One point: a measurement, tags, fields and a time, borrowed from the body where it can be.

use crate::Fault;
use model::DataType;
use std::borrow::Cow;
use std::fmt;

/// A tag's value.
#[derive(Clone, Debug, PartialEq)]
pub enum TagValue<'a> {
    /// Text, as in every line format.
    Text(Cow<'a, str>),
    /// A number, as JSON has them; as it was written.
    Number(f64, Cow<'a, str>),
}

/// A field's value.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldValue<'a> {
    /// A float, and how it was written.
    Float(f64, Cow<'a, str>),
    /// A signed integer.
    Integer(i64),
    /// An unsigned integer.
    Unsigned(u64),
    /// true or false
    Boolean(bool),
    /// Text.
    Text(Cow<'a, str>),
}

impl FieldValue<'_> {
    /// The type of a column that holds such values, for texts of any length.
    #[must_use]
    pub const fn data_type(&self) -> DataType {
        match self {
            Self::Float(..) => DataType::Float64,
            Self::Integer(_) => DataType::Int64,
            Self::Unsigned(_) => DataType::UInt64,
            Self::Boolean(_) => DataType::Boolean,
            Self::Text(_) => DataType::Text(None),
        }
    }
}

impl fmt::Display for FieldValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Float(_, written) => f.write_str(written),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Unsigned(value) => write!(f, "{value}"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// A point.
#[derive(Clone, Debug, PartialEq)]
pub struct Point<'a> {
    /// The line or the item of a list that it came from, from 1.
    pub line: usize,
    /// The line as it came; empty for an item of a list.
    pub text: &'a str,
    /// What was measured: the table's name.
    pub measurement: Cow<'a, str>,
    /// Tags, in written order.
    pub tags: Vec<(Cow<'a, str>, TagValue<'a>)>,
    /// Fields, in written order; at least one.
    pub fields: Vec<(Cow<'a, str>, FieldValue<'a>)>,
    /// The time as written, in a unit that the body does not tell.
    pub time: Option<i64>,
}

/// What a body holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed<'a> {
    /// The points that could be read, in order.
    pub points: Vec<Point<'a>>,
    /// What could not be read, in order.
    pub faults: Vec<Fault<'a>>,
}
