//! Time units and time ranges.

use serde::{Deserialize, Serialize};

/// The unit in which instants of a column are counted since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TimeUnit {
    /// 10⁻³ s
    Millisecond,
    /// 10⁻⁶ s
    Microsecond,
    /// 10⁻⁹ s
    Nanosecond,
}

impl TimeUnit {
    /// How many of this unit make one second.
    #[must_use]
    pub const fn per_second(self) -> i64 {
        match self {
            Self::Millisecond => 1_000,
            Self::Microsecond => 1_000_000,
            Self::Nanosecond => 1_000_000_000,
        }
    }

    /// Decimal digits after the second: 3, 6 or 9.
    #[must_use]
    pub const fn digits(self) -> u8 {
        match self {
            Self::Millisecond => 3,
            Self::Microsecond => 6,
            Self::Nanosecond => 9,
        }
    }

    /// The unit with that many digits after the second.
    #[must_use]
    pub const fn from_digits(digits: u8) -> Option<Self> {
        match digits {
            3 => Some(Self::Millisecond),
            6 => Some(Self::Microsecond),
            9 => Some(Self::Nanosecond),
            _ => None,
        }
    }

    /// An instant given in nanoseconds, floored to this unit; `None` when it does not fit.
    #[must_use]
    pub fn floor_from_nanos(self, nanos: i128) -> Option<i64> {
        let unit_nanos = i128::from(1_000_000_000 / self.per_second());
        i64::try_from(nanos.div_euclid(unit_nanos)).ok()
    }

    /// An instant of this unit in nanoseconds; cannot overflow.
    #[must_use]
    pub fn to_nanos(self, instant: i64) -> i128 {
        i128::from(instant) * i128::from(1_000_000_000 / self.per_second())
    }

    /// Converts an instant of this unit to another, floored when that one is coarser; `None`
    /// when it does not fit.
    #[must_use]
    pub fn convert(self, instant: i64, to: Self) -> Option<i64> {
        to.floor_from_nanos(self.to_nanos(instant))
    }

    /// The Arrow name of this unit.
    #[must_use]
    pub const fn to_arrow(self) -> arrow::datatypes::TimeUnit {
        match self {
            Self::Millisecond => arrow::datatypes::TimeUnit::Millisecond,
            Self::Microsecond => arrow::datatypes::TimeUnit::Microsecond,
            Self::Nanosecond => arrow::datatypes::TimeUnit::Nanosecond,
        }
    }
}

/// A closed range of instants, in the unit of the column it is applied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeBounds {
    /// The first instant inside.
    pub first: i64,
    /// The last instant inside.
    pub last: i64,
}

impl TimeBounds {
    /// Every instant.
    pub const ALL: Self = Self { first: i64::MIN, last: i64::MAX };

    /// Whether no instant lies inside.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.first > self.last
    }

    /// Whether an instant lies inside.
    #[must_use]
    pub const fn contains(&self, instant: i64) -> bool {
        self.first <= instant && instant <= self.last
    }

    /// Whether the two ranges share an instant.
    #[must_use]
    pub const fn overlaps(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// The instants in both.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        Self { first: self.first.max(other.first), last: self.last.min(other.last) }
    }

    /// The smallest range that holds both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self { first: self.first.min(other.first), last: self.last.max(other.last) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_floor_and_never_wrap() {
        use TimeUnit::{Millisecond, Nanosecond};
        assert_eq!(Nanosecond.convert(-1, Millisecond), Some(-1));
        assert_eq!(Nanosecond.convert(1_999_999, Millisecond), Some(1));
        assert_eq!(Millisecond.convert(5, Nanosecond), Some(5_000_000));
        // 2970-01-01 in milliseconds has no nanosecond count.
        assert_eq!(Millisecond.convert(31_556_889_864_403, Nanosecond), None);
    }
}
