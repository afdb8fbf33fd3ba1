//! The zones of a request: by IANA name, as the vendor's clients send them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use model::{Error, ErrorKind, Result};

pub(crate) use dialect::Zone;

const SECOND: i128 = 1_000_000_000;

/// Coordinated universal time by the name that clients know.
pub(crate) fn utc() -> Zone {
    Zone::called("UTC", TimeZone::UTC)
}

/// A zone by its name; `Local` is the server's own, an empty text is UTC.
///
/// # Errors
/// [`ErrorKind::InvalidTimeZone`] with the text as given.
pub(crate) fn parse(text: &str) -> Result<Zone> {
    match text {
        "" | "UTC" => Ok(utc()),
        "Local" => {
            let zone = TimeZone::system();
            let name = zone.iana_name().unwrap_or("UTC").to_owned();
            Ok(Zone::called(name, zone))
        }
        name => match TimeZone::get(name) {
            Ok(zone) => Ok(Zone::called(name, zone)),
            Err(_) => Err(Error::new(ErrorKind::InvalidTimeZone { zone: text.to_owned() })),
        },
    }
}

/// The abbreviation of a zone that holds at an instant, such as `CST`.
pub(crate) fn abbreviation(zone: &Zone, seconds: i64) -> String {
    let info = Timestamp::from_second(seconds).map(|at| zone.time_zone().to_offset_info(at).abbreviation().to_owned());
    info.unwrap_or_default()
}

/// The offset from UTC that holds at an instant, in seconds; none is known far away.
pub(crate) fn offset_seconds(zone: &Zone, seconds: i64) -> i32 {
    Timestamp::from_second(seconds).map_or(0, |at| zone.time_zone().to_offset(at).seconds())
}

/// The instant of a wall-clock reading in nanoseconds since 1970; of two the earlier one.
pub(crate) fn instant_of(zone: &Zone, wall: DateTime) -> Option<i128> {
    Some(zone.instant_at(wall)?.as_nanosecond())
}

/// The beginning of the day in which an instant lies, in nanoseconds since 1970.
pub(crate) fn midnight(zone: &Zone, nanos: i128) -> i128 {
    let seconds = i64::try_from(nanos.div_euclid(SECOND)).unwrap_or_default();
    let offset = i128::from(offset_seconds(zone, seconds)) * SECOND;
    let day = 86_400 * SECOND;
    (nanos + offset).div_euclid(day) * day - offset
}
