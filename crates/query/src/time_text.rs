//! Reading times exactly: nanoseconds in 128 bits, so that no year overflows.

use jiff::civil::DateTime;
use jiff::fmt::temporal::{DateTimeParser, Pieces};
use jiff::tz::{Offset, TimeZone};
use model::{Error, ErrorKind, Result};

const NANOS_PER_SECOND: i128 = 1_000_000_000;

/// A time as exact as anybody can write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    Instant(i128),
    /// A wall-clock reading: nanoseconds since 1970-01-01 00:00:00.
    Local(i128),
}

impl Moment {
    /// As a point in time; a wall clock is read in the zone.
    pub(crate) fn instant(self, zone: &TimeZone) -> Option<i128> {
        match self {
            Self::Instant(nanos) => Some(nanos),
            Self::Local(nanos) => local_to_instant(nanos, zone),
        }
    }

    /// As a wall-clock reading in the zone.
    pub(crate) fn local(self, zone: &TimeZone) -> Option<i128> {
        match self {
            Self::Instant(nanos) => instant_to_local(nanos, zone),
            Self::Local(nanos) => Some(nanos),
        }
    }
}

/// The zone of that name: `+08:00` or an IANA name.
pub(crate) fn zone(name: &str) -> Result<TimeZone> {
    DateTimeParser::new()
        .parse_time_zone(name)
        .map_err(|_| Error::new(ErrorKind::InvalidTimeZone { zone: name.to_owned() }))
}

/// The point in time at which a clock in the zone shows a reading. A reading that a clock change
/// skips is read with the offset before the change, one that it repeats is the first of both.
pub(crate) fn local_to_instant(nanos: i128, zone: &TimeZone) -> Option<i128> {
    if let Ok(offset) = zone.to_fixed_offset() {
        return Some(nanos - offset_nanos(offset));
    }
    zone.to_timestamp(civil(nanos)?).ok().map(|t| t.as_nanosecond())
}

/// What a clock in the zone shows at a point in time.
pub(crate) fn instant_to_local(nanos: i128, zone: &TimeZone) -> Option<i128> {
    let offset = match zone.to_fixed_offset() {
        Ok(offset) => offset,
        Err(_) => zone.to_offset(jiff::Timestamp::from_nanosecond(nanos).ok()?),
    };
    Some(nanos + offset_nanos(offset))
}

/// A reading, in nanoseconds, as year to nanosecond.
pub(crate) fn civil(nanos: i128) -> Option<DateTime> {
    let timestamp = jiff::Timestamp::from_nanosecond(nanos).ok()?;
    Some(Offset::UTC.to_datetime(timestamp))
}

/// Year to nanosecond as a reading in nanoseconds.
pub(crate) fn civil_nanos(civil: DateTime) -> Option<i128> {
    // Readings at the ends of jiff's range fall outside of its instants: count seconds instead.
    let days = civil.date().since(jiff::civil::date(1970, 1, 1)).ok()?.get_days();
    let time = civil.time();
    let seconds = i128::from(days) * 86_400
        + i128::from(time.hour()) * 3_600
        + i128::from(time.minute()) * 60
        + i128::from(time.second());
    Some(seconds * NANOS_PER_SECOND + i128::from(time.subsec_nanosecond()))
}

fn offset_nanos(offset: Offset) -> i128 {
    i128::from(offset.seconds()) * NANOS_PER_SECOND
}

/// Reads `2024-01-02`, `2024-01-02 03:04:05.678`, either with a zone or offset behind, and with
/// `T` for the blank. A text with a zone is a point in time, one without a wall-clock reading.
pub(crate) fn parse(text: &str) -> Option<Moment> {
    let pieces = Pieces::parse(text.trim()).ok()?;
    let civil = pieces.date().to_datetime(pieces.time().unwrap_or_default());
    let nanos = civil_nanos(civil)?;
    if let Some(offset) = pieces.to_numeric_offset() {
        return Some(Moment::Instant(nanos - offset_nanos(offset)));
    }
    match pieces.to_time_zone().ok()? {
        Some(zone) => Some(Moment::Instant(local_to_instant(nanos, &zone)?)),
        None => Some(Moment::Local(nanos)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        assert_eq!(parse("1970-01-02"), Some(Moment::Local(86_400 * NANOS_PER_SECOND)));
        assert_eq!(parse("1970-01-01 00:00:00.0005"), Some(Moment::Local(500_000)));
        assert_eq!(parse("1970-01-01T08:00:01+08:00"), Some(Moment::Instant(NANOS_PER_SECOND)));
        assert_eq!(parse("1970-01-01 00:00:01Z"), Some(Moment::Instant(NANOS_PER_SECOND)));
        assert_eq!(parse("2970-01-01"), Some(Moment::Local(31_556_995_200 * NANOS_PER_SECOND)));
        assert_eq!(parse("yesterday"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn zones() {
        let shanghai = zone("Asia/Shanghai").unwrap();
        let eight = zone("+08:00").unwrap();
        for zone in [&shanghai, &eight] {
            assert_eq!(Moment::Local(0).instant(zone), Some(-8 * 3_600 * NANOS_PER_SECOND));
            assert_eq!(Moment::Instant(0).local(zone), Some(8 * 3_600 * NANOS_PER_SECOND));
        }
        assert!(zone("Mars/Olympus").is_err());
    }
}
