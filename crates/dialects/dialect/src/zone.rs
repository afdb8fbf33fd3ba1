//! A time zone under the name by which planning knows it: clocks of the zone and points in time,
//! for any time that 128 bits of nanoseconds reach. How a vendor writes zones is its dialect's.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

const SECOND: i128 = 1_000_000_000;

/// The zone in which a request reads and writes times.
#[derive(Clone, Debug)]
pub struct Zone {
    zone: TimeZone,
    /// Set where every instant has the same offset, in seconds.
    fixed: Option<i32>,
    name: String,
}

impl Zone {
    /// Coordinated universal time, by the name `+00:00`.
    #[must_use]
    pub fn utc() -> Self {
        Self::called("+00:00", TimeZone::UTC)
    }

    /// A zone by a name of the caller's.
    #[must_use]
    pub fn called(name: impl Into<String>, zone: TimeZone) -> Self {
        Self { fixed: zone.to_fixed_offset().ok().map(Offset::seconds), zone, name: name.into() }
    }

    /// A fixed offset by the name `+08:00`; `None` for one that no zone has.
    #[must_use]
    pub fn of_offset(seconds_east: i32) -> Option<Self> {
        let offset = Offset::from_seconds(seconds_east).ok()?;
        let sign = if seconds_east < 0 { '-' } else { '+' };
        let minutes = seconds_east.abs() / 60;
        Some(Self::called(format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60), TimeZone::fixed(offset)))
    }

    /// A zone of the IANA database, by its name there.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let zone = TimeZone::get(name).ok()?;
        let name = zone.iana_name().unwrap_or(name).to_owned();
        Some(Self::called(name, zone))
    }

    /// The name as planning reads it: `+08:00` or an IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The zone itself.
    #[must_use]
    pub const fn time_zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The offset from UTC that holds at an instant, in seconds east. Far away it is that of the
    /// first or last instant that is known.
    #[must_use]
    pub fn offset_seconds(&self, instant_seconds: i64) -> i32 {
        if let Some(seconds) = self.fixed {
            return seconds;
        }
        let clamped = instant_seconds.clamp(Timestamp::MIN.as_second() + 1, Timestamp::MAX.as_second() - 1);
        Timestamp::from_second(clamped).map_or(0, |at| self.zone.to_offset(at).seconds())
    }

    /// The instant at which clocks of this zone show a reading: in a gap the later, in a fold the
    /// earlier one; `None` far away.
    #[must_use]
    pub fn instant_at(&self, wall: DateTime) -> Option<Timestamp> {
        self.zone.to_ambiguous_timestamp(wall).compatible().ok()
    }

    /// The same in nanoseconds since 1970; far away clocks show UTC.
    #[must_use]
    pub fn instant_of(&self, wall_nanos: i128) -> i128 {
        if let Some(seconds) = self.fixed {
            return wall_nanos - i128::from(seconds) * SECOND;
        }
        let (seconds, nanos) = (wall_nanos.div_euclid(SECOND), wall_nanos.rem_euclid(SECOND));
        let resolve = || {
            let wall = Offset::UTC.to_datetime(Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?);
            Some(i128::from(self.instant_at(wall)?.as_second()) * SECOND + nanos)
        };
        resolve().unwrap_or(wall_nanos)
    }

    /// The wall-clock reading at an instant; both in nanoseconds since 1970.
    #[must_use]
    pub fn wall_of(&self, instant_nanos: i128) -> i128 {
        let seconds = i64::try_from(instant_nanos.div_euclid(SECOND)).unwrap_or(0);
        instant_nanos + i128::from(self.offset_seconds(seconds)) * SECOND
    }
}

#[cfg(test)]
mod tests {
    use super::{SECOND, Zone};
    use jiff::civil::date;

    #[test]
    fn zones_have_the_names_that_planning_reads() {
        assert_eq!(Zone::utc().name(), "+00:00");
        assert_eq!(Zone::of_offset(-12_600).unwrap().name(), "-03:30");
        assert_eq!(Zone::of_offset(28_800).unwrap().name(), "+08:00");
        assert_eq!(Zone::named("asia/shanghai").unwrap().name(), "Asia/Shanghai");
        assert!(Zone::named("Mars/Olympus").is_none() && Zone::of_offset(1_000_000).is_none());
    }

    #[test]
    fn wall_clocks_and_instants_are_inverse_outside_of_gaps() {
        let named = |name| Zone::named(name).unwrap();
        for zone in [Zone::of_offset(28_800).unwrap(), named("Europe/Berlin"), named("UTC"), Zone::utc()] {
            for seconds in [-2_000_000_000_i128, 0, 1_000_000_000, 1_721_000_000] {
                let nanos = seconds * SECOND + 123_456_789;
                assert_eq!(zone.instant_of(zone.wall_of(nanos)), nanos, "{} {seconds}", zone.name());
            }
        }
    }

    #[test]
    fn a_gap_ends_later_and_a_fold_begins_earlier() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let shown = |day, hour| berlin.instant_at(date(2024, if day == 31 { 3 } else { 10 }, day).at(hour, 30, 0, 0));
        assert_eq!(shown(31, 2).unwrap().to_string(), "2024-03-31T01:30:00Z");
        assert_eq!(shown(27, 2).unwrap().to_string(), "2024-10-27T00:30:00Z");
    }

    #[test]
    fn years_far_away_keep_an_offset() {
        let shanghai = Zone::named("Asia/Shanghai").unwrap();
        let far = 40_000 * 366 * 86_400;
        assert_eq!(shanghai.offset_seconds(far), 28_800);
        assert_eq!(shanghai.wall_of(i128::from(far) * SECOND), i128::from(far + 28_800) * SECOND);
        assert_eq!(Zone::utc().instant_of(i128::from(far) * SECOND), i128::from(far) * SECOND);
    }
}
