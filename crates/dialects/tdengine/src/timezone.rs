//! The zones of a request: by IANA name, as the vendor's clients send them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use model::{Error, ErrorKind, Result};

const SECOND: i128 = 1_000_000_000;

/// A zone in which times are read or printed.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    zone: TimeZone,
    name: String,
}

impl Zone {
    /// Coordinated universal time.
    pub(crate) fn utc() -> Self {
        Self { zone: TimeZone::UTC, name: "UTC".to_owned() }
    }

    /// A zone by its name; `Local` is the server's own, an empty text is UTC.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTimeZone`] with the text as given.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        match text {
            "" | "UTC" => Ok(Self::utc()),
            "Local" => {
                let zone = TimeZone::system();
                let name = zone.iana_name().unwrap_or("UTC").to_owned();
                Ok(Self { zone, name })
            }
            name => match TimeZone::get(name) {
                Ok(zone) => Ok(Self { zone, name: name.to_owned() }),
                Err(_) => Err(Error::new(ErrorKind::InvalidTimeZone { zone: text.to_owned() })),
            },
        }
    }

    /// The name as DataFusion reads it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The abbreviation of the zone that holds at an instant, such as `CST`.
    pub(crate) fn abbreviation(&self, seconds: i64) -> String {
        let info = Timestamp::from_second(seconds).map(|at| self.zone.to_offset_info(at).abbreviation().to_owned());
        info.unwrap_or_default()
    }

    /// The offset from UTC that holds at an instant, in seconds.
    pub(crate) fn offset_seconds(&self, seconds: i64) -> i32 {
        Timestamp::from_second(seconds).map_or(0, |at| self.zone.to_offset(at).seconds())
    }

    /// The instant of a wall-clock reading in nanoseconds since 1970; of two the earlier one.
    pub(crate) fn instant_of(&self, wall: DateTime) -> Option<i128> {
        let at = self.zone.to_ambiguous_timestamp(wall).compatible().ok()?;
        Some(at.as_nanosecond())
    }

    /// The beginning of the day in which an instant lies, in nanoseconds since 1970.
    pub(crate) fn midnight(&self, nanos: i128) -> i128 {
        let seconds = i64::try_from(nanos.div_euclid(SECOND)).unwrap_or_default();
        let offset = i128::from(self.offset_seconds(seconds)) * SECOND;
        let day = 86_400 * SECOND;
        (nanos + offset).div_euclid(day) * day - offset
    }
}
