//! One value, for literals, defaults and keys. Bulk data is columnar: see [`crate::Cells`].

use crate::TimeUnit;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// An exact number: `unscaled` divided by 10^`scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Decimal {
    /// The digits as an integer.
    pub unscaled: i128,
    /// Digits after the point.
    pub scale: i8,
}

/// A span of time whose parts do not convert into each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Interval {
    /// Whole months.
    pub months: i32,
    /// Whole days.
    pub days: i32,
    /// The rest, in nanoseconds.
    pub nanos: i64,
}

/// One value of any type. Integers of every width are one variant: the column's type says the
/// width, and whoever builds a [`crate::Cells`] checks the range.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// No value.
    Null,
    /// true or false
    Boolean(bool),
    /// An integer of any width and sign
    Integer(i128),
    /// A float of either width
    Float(f64),
    /// An exact number
    Decimal(Decimal),
    /// Text, JSON text, or an inet address
    Text(String),
    /// Bytes, or the well-known binary of a geometry
    Binary(Vec<u8>),
    /// Days since 1970-01-01
    Date(i32),
    /// Nanoseconds since midnight
    TimeOfDay(i64),
    /// Months, days, nanoseconds
    Interval(Interval),
    /// 16 bytes
    Uuid([u8; 16]),
    /// A point in time, counted in the unit
    Instant(i64, TimeUnit),
    /// A wall-clock reading, counted in the unit
    LocalDateTime(i64, TimeUnit),
}

impl Value {
    /// Whether this is [`Value::Null`].
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

/// A UUID as text: `01234567-89ab-cdef-0123-456789abcdef`.
#[must_use]
pub fn uuid_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::uuid_text;

    #[test]
    fn uuids_have_five_groups() {
        let bytes = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef_u128.to_be_bytes();
        assert_eq!(uuid_text(&bytes), "01234567-89ab-cdef-0123-456789abcdef");
    }
}
