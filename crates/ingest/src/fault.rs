//! Why a point of a body cannot be read, and where.

use std::fmt;

/// What is wrong with a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Nothing before the first comma or blank.
    MissingMeasurement,
    /// A tag without a name.
    MissingTagKey,
    /// A tag without a value.
    MissingTagValue,
    /// One tag twice.
    DuplicateTags,
    /// No field at all.
    MissingFields,
    /// A field without a name.
    MissingFieldKey,
    /// A field without a value.
    MissingFieldValue,
    /// A text that does not end.
    UnbalancedQuotes,
    /// A number that is none, or has none of the known endings.
    InvalidNumber,
    /// An integer beyond 64 bits.
    IntegerOutOfRange,
    /// A word that is neither true nor false.
    InvalidBoolean,
    /// A time that is no whole number.
    BadTimestamp,
    /// Something after the time.
    TrailingText,
    /// An item with fewer parts than it must have.
    MissingParts,
    /// A value that is no number.
    ValueNotNumeric,
    /// A tag that is not `name=value`.
    TagNotPair,
    /// A metric or a tag of a kind that cannot be.
    InvalidTag,
    /// No time or no value.
    MissingTimeOrValue,
}

impl Reason {
    /// The reason in plain words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::MissingMeasurement => "missing measurement",
            Self::MissingTagKey => "missing tag key",
            Self::MissingTagValue => "missing tag value",
            Self::DuplicateTags => "duplicate tags",
            Self::MissingFields => "missing fields",
            Self::MissingFieldKey => "missing field key",
            Self::MissingFieldValue => "missing field value",
            Self::UnbalancedQuotes => "unbalanced quotes",
            Self::InvalidNumber => "invalid number",
            Self::IntegerOutOfRange => "unable to parse integer: value out of range",
            Self::InvalidBoolean => "invalid boolean",
            Self::BadTimestamp => "bad timestamp",
            Self::TrailingText => "invalid text after the timestamp",
            Self::MissingParts => "missing parts",
            Self::ValueNotNumeric => "value is not numeric",
            Self::TagNotPair => "invalid tag: expected name=value",
            Self::InvalidTag => "invalid tag type",
            Self::MissingTimeOrValue => "timestamp or value is missing",
        }
    }
}

/// A point that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault<'a> {
    /// The line, or the item of a list, from 1.
    pub line: usize,
    /// The character in the line at which it fails, from 1; in a list always 1.
    pub column: usize,
    /// What is wrong.
    pub reason: Reason,
    /// The line as it came.
    pub text: &'a str,
}

impl fmt::Display for Fault<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (line {}, column {})", self.reason.text(), self.line, self.column)
    }
}
