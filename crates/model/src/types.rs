//! Column types: one table that every dialect reads.

use crate::TimeUnit;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a declared length counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LengthUnit {
    /// Bytes of UTF-8.
    Bytes,
    /// Unicode scalar values.
    Characters,
}

/// The declared greatest length of a text or binary column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TextLength {
    /// The greatest length.
    pub max: u32,
    /// What it counts.
    pub unit: LengthUnit,
}

impl TextLength {
    /// At most `max` bytes.
    #[must_use]
    pub const fn bytes(max: u32) -> Self {
        Self { max, unit: LengthUnit::Bytes }
    }

    /// At most `max` characters.
    #[must_use]
    pub const fn characters(max: u32) -> Self {
        Self { max, unit: LengthUnit::Characters }
    }

    /// Whether a text fits.
    #[must_use]
    pub fn fits(&self, text: &str) -> bool {
        let max = self.max as usize;
        match self.unit {
            LengthUnit::Bytes => text.len() <= max,
            LengthUnit::Characters => text.len() <= max || text.chars().count() <= max,
        }
    }
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DataType {
    /// true or false
    Boolean,
    /// 8-bit signed integer
    Int8,
    /// 16-bit signed integer
    Int16,
    /// 32-bit signed integer
    Int32,
    /// 64-bit signed integer
    Int64,
    /// 8-bit unsigned integer
    UInt8,
    /// 16-bit unsigned integer
    UInt16,
    /// 32-bit unsigned integer
    UInt32,
    /// 64-bit unsigned integer
    UInt64,
    /// 32-bit IEEE 754 float
    Float32,
    /// 64-bit IEEE 754 float
    Float64,
    /// Exact number of `precision` digits (1 to 38), `scale` of them after the point.
    Decimal {
        /// All digits.
        precision: u8,
        /// Digits after the point.
        scale: i8,
    },
    /// UTF-8 text
    Text(Option<TextLength>),
    /// Bytes, with a greatest length in bytes
    Binary(Option<u32>),
    /// JSON text
    Json,
    /// Well-known binary of a geometry
    Geometry,
    /// Days since 1970-01-01
    Date,
    /// Nanoseconds since midnight; keyed tables only
    TimeOfDay,
    /// Months, days and nanoseconds; keyed tables only
    Interval,
    /// 16 bytes; keyed tables only
    Uuid,
    /// An IPv4 or IPv6 address with prefix length, as text; keyed tables only
    Inet,
    /// A point in time, in a unit since 1970-01-01T00:00:00Z
    Instant(TimeUnit),
    /// A wall-clock reading without a zone, in a unit since 1970-01-01 00:00:00
    LocalDateTime(TimeUnit),
}

impl DataType {
    /// Booleans, integers and floats: the types that have no parameters in any dialect.
    pub const PRIMITIVES: [Self; 11] = [
        Self::Boolean,
        Self::Int8,
        Self::Int16,
        Self::Int32,
        Self::Int64,
        Self::UInt8,
        Self::UInt16,
        Self::UInt32,
        Self::UInt64,
        Self::Float32,
        Self::Float64,
    ];

    /// Whether this is an integer of any width.
    #[must_use]
    pub const fn is_integer(&self) -> bool {
        matches!(
            self,
            Self::Int8
                | Self::Int16
                | Self::Int32
                | Self::Int64
                | Self::UInt8
                | Self::UInt16
                | Self::UInt32
                | Self::UInt64
        )
    }

    /// Whether this is a float of either width.
    #[must_use]
    pub const fn is_float(&self) -> bool {
        matches!(self, Self::Float32 | Self::Float64)
    }

    /// Whether only keyed tables may have it.
    #[must_use]
    pub const fn keyed_only(&self) -> bool {
        matches!(self, Self::TimeOfDay | Self::Interval | Self::Uuid | Self::Inet)
    }
}

/// The word of standard SQL, for errors where a dialect has no word of its own.
impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Self::Boolean => "boolean",
            Self::Int8 => "tinyint",
            Self::Int16 => "smallint",
            Self::Int32 => "integer",
            Self::Int64 => "bigint",
            Self::UInt8 => "unsigned tinyint",
            Self::UInt16 => "unsigned smallint",
            Self::UInt32 => "unsigned integer",
            Self::UInt64 => "unsigned bigint",
            Self::Float32 => "real",
            Self::Float64 => "double",
            Self::Decimal { precision, scale } => return write!(f, "decimal({precision},{scale})"),
            Self::Text(None) => "text",
            Self::Text(Some(TextLength { max, unit: LengthUnit::Bytes })) => return write!(f, "text({max} bytes)"),
            Self::Text(Some(TextLength { max, unit: LengthUnit::Characters })) => return write!(f, "text({max})"),
            Self::Binary(None) => "binary",
            Self::Binary(Some(max)) => return write!(f, "binary({max})"),
            Self::Json => "json",
            Self::Geometry => "geometry",
            Self::Date => "date",
            Self::TimeOfDay => "time",
            Self::Interval => "interval",
            Self::Uuid => "uuid",
            Self::Inet => "inet",
            Self::Instant(_) => "timestamp with time zone",
            Self::LocalDateTime(_) => "timestamp",
        };
        f.write_str(word)
    }
}

#[cfg(test)]
mod tests {
    use super::{DataType, TextLength};
    use crate::TimeUnit;

    #[test]
    fn types_are_printed_as_words() {
        for (data_type, words) in [
            (DataType::Text(Some(TextLength::bytes(5))), "text(5 bytes)"),
            (DataType::Text(Some(TextLength::characters(3))), "text(3)"),
            (DataType::Text(None), "text"),
            (DataType::Binary(Some(4)), "binary(4)"),
            (DataType::Instant(TimeUnit::Microsecond), "timestamp with time zone"),
            (DataType::Decimal { precision: 10, scale: 2 }, "decimal(10,2)"),
        ] {
            assert_eq!(data_type.to_string(), words);
        }
    }
}
