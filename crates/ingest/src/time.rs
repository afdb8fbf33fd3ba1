//! Times as they are written: a whole number in some unit.

use model::TimeUnit;

/// The unit of the times of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Precision {
    /// 10⁻⁹ s
    Nanosecond,
    /// 10⁻⁶ s
    Microsecond,
    /// 10⁻³ s
    Millisecond,
    /// Seconds
    Second,
    /// 60 s
    Minute,
    /// 3,600 s
    Hour,
}

impl Precision {
    /// The unit with that name: `ns` or `n`, `us` or `u` (also `µ`), `ms`, `s`, `m`, `h`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "ns" | "n" => Some(Self::Nanosecond),
            "us" | "u" | "µ" | "µs" => Some(Self::Microsecond),
            "ms" => Some(Self::Millisecond),
            "s" => Some(Self::Second),
            "m" => Some(Self::Minute),
            "h" => Some(Self::Hour),
            _ => None,
        }
    }

    /// A count of this unit in nanoseconds; cannot overflow.
    #[must_use]
    pub fn to_nanos(self, count: i64) -> i128 {
        let unit: i128 = match self {
            Self::Nanosecond => 1,
            Self::Microsecond => 1_000,
            Self::Millisecond => 1_000_000,
            Self::Second => 1_000_000_000,
            Self::Minute => 60_000_000_000,
            Self::Hour => 3_600_000_000_000,
        };
        i128::from(count) * unit
    }
}

fn digits(count: i64) -> u32 {
    count.unsigned_abs().checked_ilog10().map_or(1, |log| log + 1)
}

/// The nanoseconds of a count whose unit its digits tell: up to 10 are seconds, 13 milliseconds,
/// 16 microseconds, more nanoseconds.
#[must_use]
pub fn by_digits(count: i64) -> i128 {
    let precision = match digits(count) {
        ..=10 => Precision::Second,
        11..=13 => Precision::Millisecond,
        14..=16 => Precision::Microsecond,
        _ => Precision::Nanosecond,
    };
    precision.to_nanos(count)
}

/// The nanoseconds of a count that is brought to 13 digits, which are milliseconds: longer ones
/// are cut, shorter ones filled up with zeros.
#[must_use]
pub fn milliseconds_by_digits(count: i64) -> i128 {
    let digits = digits(count);
    let milliseconds =
        if digits > 13 { count / 10_i64.pow(digits - 13) } else { count.saturating_mul(10_i64.pow(13 - digits)) };
    TimeUnit::Millisecond.to_nanos(milliseconds)
}

/// The nanoseconds of a count that is seconds while it fits 32 bits, else milliseconds of at most
/// 13 digits; `None` for others, and for negative ones.
#[must_use]
pub fn seconds_or_milliseconds(count: i64) -> Option<i128> {
    const SECONDS_MAX: i64 = 0xFFFF_FFFF;
    const MILLISECONDS_MAX: i64 = 9_999_999_999_999;
    match count {
        ..0 => None,
        0..=SECONDS_MAX => Some(Precision::Second.to_nanos(count)),
        _ if count <= MILLISECONDS_MAX => Some(Precision::Millisecond.to_nanos(count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_tell_the_unit() {
        let second = 1_556_813_561_i128 * 1_000_000_000;
        assert_eq!(by_digits(1_556_813_561), second);
        assert_eq!(by_digits(1_556_813_561_098), second + 98_000_000);
        assert_eq!(by_digits(1_556_813_561_098_765), second + 98_765_000);
        assert_eq!(by_digits(1_556_813_561_098_765_432), second + 98_765_432);
        assert_eq!(by_digits(0), 0);
        assert_eq!(by_digits(i64::MIN), i128::from(i64::MIN));
    }

    #[test]
    fn thirteen_digits_are_milliseconds() {
        let nanos = 1_648_432_611_000_i128 * 1_000_000;
        assert_eq!(milliseconds_by_digits(1_648_432_611), nanos);
        assert_eq!(milliseconds_by_digits(1_648_432_611_000_000), nanos);
        assert_eq!(milliseconds_by_digits(1_648_432_611_250), nanos + 250_000_000);
        assert_eq!(milliseconds_by_digits(0), 0);
    }

    #[test]
    fn thirty_two_bits_are_seconds() {
        assert_eq!(seconds_or_milliseconds(4_294_967_295), Some(4_294_967_295_000_000_000));
        assert_eq!(seconds_or_milliseconds(4_294_967_296), Some(4_294_967_296_000_000));
        assert_eq!(seconds_or_milliseconds(10_000_000_000_000), None);
        assert_eq!(seconds_or_milliseconds(-1), None);
    }

    #[test]
    fn units_have_their_names() {
        for (name, hour) in [("ns", 1), ("n", 1), ("us", 1_000), ("u", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000)]
        {
            assert_eq!(Precision::named(name).map(|p| p.to_nanos(1)), Some(hour), "{name}");
        }
        assert_eq!(Precision::named("h").map(|p| p.to_nanos(i64::MAX)), Some(i128::from(i64::MAX) * 3_600_000_000_000));
        assert_eq!(Precision::named("d"), None);
        assert_eq!(Precision::named(""), None);
    }
}
