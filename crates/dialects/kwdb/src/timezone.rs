//! The time zone of a request: how `tz` is written, and how wall clocks and instants convert.
//!
//! Plain integers count hours east of UTC. `UTC+8`, `GMT+8` and everything with a colon follow the
//! POSIX sign, so `UTC+8` lies west.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use model::{Error, ErrorKind, Result};

/// The zone in which a request reads and writes times.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    zone: TimeZone,
    /// Set where every instant has the same offset, in seconds.
    fixed: Option<i32>,
    name: String,
}

impl Zone {
    /// Coordinated universal time.
    pub(crate) fn utc() -> Self {
        Self { zone: TimeZone::UTC, fixed: Some(0), name: "+00:00".to_owned() }
    }

    fn hours(east: i32) -> Option<Self> {
        if !(-12..=14).contains(&east) {
            return None;
        }
        let seconds = east * 3600;
        let sign = if east < 0 { '-' } else { '+' };
        let offset = Offset::from_seconds(seconds).ok()?;
        Some(Self { zone: TimeZone::fixed(offset), fixed: Some(seconds), name: format!("{sign}{:02}:00", east.abs()) })
    }

    fn named(name: &str) -> Option<Self> {
        let title = title_case(name);
        let candidates = [name.to_owned(), name.to_uppercase(), title];
        candidates.into_iter().find_map(|candidate| {
            let zone = TimeZone::get(&candidate).ok()?;
            let name = zone.iana_name().unwrap_or(&candidate).to_owned();
            Some(Self { zone, fixed: None, name })
        })
    }

    /// Reads a zone as `tz`, SET TIME ZONE and the cluster settings write it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTimeZone`] with the text as given.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        Self::read(text).ok_or_else(|| Error::new(ErrorKind::InvalidTimeZone { zone: text.to_owned() }))
    }

    fn read(text: &str) -> Option<Self> {
        let bare: String = unquote(text.trim()).chars().filter(|c| !c.is_whitespace()).collect();
        let lower = bare.to_ascii_lowercase();
        if matches!(lower.as_str(), "" | "local" | "default" | "utc" | "gmt" | "z") {
            return Some(Self::utc());
        }
        if let Ok(east) = bare.parse::<i32>() {
            return Self::hours(east);
        }
        if let Some(rest) = lower.strip_prefix("utc").or_else(|| lower.strip_prefix("gmt")) {
            return posix_hours(rest).and_then(Self::hours);
        }
        if lower.contains(':') {
            return posix_hours(&lower).and_then(Self::hours);
        }
        if bare.starts_with(|c: char| c.is_ascii_alphabetic()) { Self::named(&bare) } else { None }
    }

    /// The zone behind a name as [`Zone::name`] gives it: the sign of an offset counts east.
    pub(crate) fn of_offset_or_name(name: &str) -> Option<Self> {
        match name.strip_suffix(":00").and_then(|hours| hours.parse::<i32>().ok()) {
            Some(east) => Self::hours(east),
            None => Self::named(name),
        }
    }

    /// The name as DataFusion reads it: `+08:00` or an IANA name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The offset from UTC that holds at an instant, in seconds east.
    pub(crate) fn offset_seconds(&self, instant_seconds: i64) -> i32 {
        if let Some(seconds) = self.fixed {
            return seconds;
        }
        let clamped = instant_seconds.clamp(Timestamp::MIN.as_second() + 1, Timestamp::MAX.as_second() - 1);
        Timestamp::from_second(clamped).map_or(0, |at| self.zone.to_offset(at).seconds())
    }

    /// The instant at which clocks of this zone show a wall-clock reading; both in nanoseconds
    /// since 1970. In a gap the later, in a fold the earlier instant.
    pub(crate) fn instant_of(&self, wall_nanos: i128) -> i128 {
        if let Some(seconds) = self.fixed {
            return wall_nanos - i128::from(seconds) * 1_000_000_000;
        }
        let (seconds, nanos) = (wall_nanos.div_euclid(1_000_000_000), wall_nanos.rem_euclid(1_000_000_000));
        let resolve = || {
            let civil: DateTime = Offset::UTC.to_datetime(Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?);
            let instant = self.zone.to_ambiguous_timestamp(civil).compatible().ok()?;
            Some(i128::from(instant.as_second()) * 1_000_000_000 + nanos)
        };
        resolve().unwrap_or(wall_nanos)
    }

    /// The wall-clock reading at an instant; both in nanoseconds since 1970.
    pub(crate) fn wall_of(&self, instant_nanos: i128) -> i128 {
        let seconds = i64::try_from(instant_nanos.div_euclid(1_000_000_000)).unwrap_or(0);
        instant_nanos + i128::from(self.offset_seconds(seconds)) * 1_000_000_000
    }
}

/// Strips one pair of single or double quotes.
pub(crate) fn unquote(text: &str) -> &str {
    for quote in ['\'', '"'] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|t| t.strip_suffix(quote)) {
            return inner;
        }
    }
    text
}

/// `+8`, `-8`, `8`, `+8:00`: hours west of UTC, answered as hours east. Only whole hours.
fn posix_hours(text: &str) -> Option<i32> {
    let (hours, rest) = text.split_once(':').unwrap_or((text, "00"));
    if !rest.split(':').all(|part| !part.is_empty() && part.bytes().all(|b| b == b'0')) {
        return None;
    }
    hours.strip_prefix('+').unwrap_or(hours).parse::<i32>().ok().map(|west| -west)
}

fn title_case(name: &str) -> String {
    let mut start = true;
    name.chars()
        .map(|c| {
            let out = if start { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
            start = matches!(c, '/' | '_' | '-');
            out
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Zone;

    fn offset(text: &str) -> Option<i32> {
        Zone::parse(text).ok().map(|zone| zone.offset_seconds(1_700_000_000) / 3600)
    }

    #[test]
    fn integers_count_east_and_posix_counts_west() {
        for (text, hours) in [
            ("8", 8),
            ("'8'", 8),
            ("\"-5\"", -5),
            ("14", 14),
            ("UTC+8", -8),
            ("UTC 8", -8),
            ("GMT-3", 3),
            ("+8:00", -8),
            ("-08:00", 8),
            ("utc", 0),
            ("default", 0),
            ("local", 0),
            ("", 0),
            ("Asia/Shanghai", 8),
            ("asia/shanghai", 8),
            ("ASIA/SHANGHAI", 8),
            ("Asia/Kolkata", 5),
        ] {
            assert_eq!(offset(text), Some(hours), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_zone_is_refused() {
        for text in ["15", "-13", "1.5", "-4:15", "abc", "UTC+99", "+8:30"] {
            assert!(Zone::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn wall_clocks_and_instants_are_inverse_outside_of_gaps() {
        for text in ["8", "-12", "Europe/Berlin", "UTC"] {
            let zone = Zone::parse(text).unwrap();
            for seconds in [-2_000_000_000_i128, 0, 1_000_000_000, 1_721_000_000] {
                let nanos = seconds * 1_000_000_000 + 123_456_789;
                assert_eq!(zone.instant_of(zone.wall_of(nanos)), nanos, "{text} {seconds}");
            }
        }
    }

    #[test]
    fn a_name_reads_back() {
        for text in ["8", "-3", "0", "Asia/Shanghai"] {
            let zone = Zone::parse(text).unwrap();
            let again = Zone::of_offset_or_name(zone.name()).unwrap();
            assert_eq!((zone.name(), zone.offset_seconds(0)), (again.name(), again.offset_seconds(0)));
        }
    }

    #[test]
    fn datafusion_reads_the_name() {
        assert_eq!(Zone::parse("8").unwrap().name(), "+08:00");
        assert_eq!(Zone::parse("-3").unwrap().name(), "-03:00");
        assert_eq!(Zone::parse("asia/shanghai").unwrap().name(), "Asia/Shanghai");
    }
}
