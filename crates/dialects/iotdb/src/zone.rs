//! The time zone of a request: an IANA name, an offset, or a name with an offset, as Java reads it.

use crate::error::{Failure, Result};
use axum::http::StatusCode;
use jiff::civil::DateTime;

pub(crate) use dialect::Zone;

/// Reads the `Time-Zone` header.
///
/// # Errors
/// The vendor's 303.
pub(crate) fn parse(text: &str) -> Result<Zone> {
    read(text).ok_or_else(|| Failure::with_status(StatusCode::BAD_REQUEST, 303, format!("Invalid time zone: {text}")))
}

fn read(text: &str) -> Option<Zone> {
    if matches!(text, "Z" | "z" | "UTC" | "GMT" | "UT") {
        return Some(Zone::utc());
    }
    let offset = ["UTC", "GMT", "UT"].iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
    if let Some(seconds) = offset_seconds(offset) {
        return Zone::of_offset(seconds);
    }
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) { Zone::named(text) } else { None }
}

/// The wall clock of a zone at a point in time in milliseconds.
pub(crate) fn clock(zone: &Zone, millis: i64) -> Option<DateTime> {
    let time = jiff::Timestamp::from_millisecond(millis).ok()?;
    Some(zone.time_zone().to_datetime(time))
}

/// The milliseconds since 1970 at which a wall clock of a zone shows that time.
pub(crate) fn milliseconds(zone: &Zone, clock: DateTime) -> Option<i64> {
    Some(zone.instant_at(clock)?.as_millisecond())
}

/// `+8`, `+08`, `+08:00`, `+0800` in seconds east.
fn offset_seconds(text: &str) -> Option<i32> {
    let sign = match text.bytes().next()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = text.get(1..)?;
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "0"),
    };
    let number = |text: &str, most: i32| {
        let plain = !text.is_empty() && text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit());
        if plain { text.parse::<i32>().ok().filter(|n| *n <= most) } else { None }
    };
    Some(sign * (number(hours, 18)? * 3600 + number(minutes, 59)? * 60))
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn names_and_offsets() {
        for (text, name) in [
            ("Asia/Shanghai", Some("Asia/Shanghai")),
            ("+05:00", Some("+05:00")),
            ("-0330", Some("-03:30")),
            ("UTC+8", Some("+08:00")),
            ("Z", Some("+00:00")),
            ("Nowhere/X", None),
            ("+19:00", None),
            ("", None),
        ] {
            assert_eq!(read(text).as_ref().map(|zone| zone.name()), name, "{text}");
        }
    }
}
