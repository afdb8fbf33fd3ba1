//! The time zone of a request: an IANA name, an offset, or a name with an offset, as Java reads it.

use crate::error::{Failure, Result};
use axum::http::StatusCode;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

/// The zone in which a request's times without an offset are read.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    zone: TimeZone,
    name: String,
}

impl Zone {
    /// Coordinated universal time.
    pub(crate) fn utc() -> Self {
        Self { zone: TimeZone::UTC, name: "+00:00".to_owned() }
    }

    /// Reads the `Time-Zone` header.
    ///
    /// # Errors
    /// The vendor's 303.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        Self::read(text)
            .ok_or_else(|| Failure::with_status(StatusCode::BAD_REQUEST, 303, format!("Invalid time zone: {text}")))
    }

    fn read(text: &str) -> Option<Self> {
        if matches!(text, "Z" | "z" | "UTC" | "GMT" | "UT") {
            return Some(Self::utc());
        }
        let offset = ["UTC", "GMT", "UT"].iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
        if let Some(seconds) = offset_seconds(offset) {
            let sign = if seconds < 0 { '-' } else { '+' };
            let (hours, minutes) = (seconds.abs() / 3600, seconds.abs() / 60 % 60);
            let offset = Offset::from_seconds(seconds).ok()?;
            return Some(Self { zone: TimeZone::fixed(offset), name: format!("{sign}{hours:02}:{minutes:02}") });
        }
        if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let zone = TimeZone::get(text).ok()?;
        let name = zone.iana_name().unwrap_or(text).to_owned();
        Some(Self { zone, name })
    }

    /// The name as DataFusion reads it: `+08:00` or an IANA name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The wall clock here at a point in time.
    pub(crate) fn clock(&self, millis: i64) -> Option<DateTime> {
        let time = jiff::Timestamp::from_millisecond(millis).ok()?;
        Some(self.zone.to_datetime(time))
    }

    /// The milliseconds since 1970 at which a wall clock here shows that time.
    pub(crate) fn milliseconds(&self, clock: DateTime) -> Option<i64> {
        Some(self.zone.to_timestamp(clock).ok()?.as_millisecond())
    }
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
    use super::Zone;

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
            assert_eq!(Zone::read(text).map(|zone| zone.name).as_deref(), name, "{text}");
        }
    }
}
