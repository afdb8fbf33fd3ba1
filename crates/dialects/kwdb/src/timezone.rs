//! The time zone of a request: how `tz` is written, and how wall clocks and instants convert.
//!
//! Plain integers count hours east of UTC. `UTC+8`, `GMT+8` and everything with a colon follow the
//! POSIX sign, so `UTC+8` lies west.

use model::{Error, ErrorKind, Result};

pub(crate) use dialect::Zone;

fn hours(east: i32) -> Option<Zone> {
    if (-12..=14).contains(&east) { Zone::of_offset(east * 3600) } else { None }
}

fn named(name: &str) -> Option<Zone> {
    [name.to_owned(), name.to_uppercase(), title_case(name)].iter().find_map(|candidate| Zone::named(candidate))
}

/// Reads a zone as `tz`, SET TIME ZONE and the cluster settings write it.
///
/// # Errors
/// [`ErrorKind::InvalidTimeZone`] with the text as given.
pub(crate) fn parse(text: &str) -> Result<Zone> {
    read(text).ok_or_else(|| Error::new(ErrorKind::InvalidTimeZone { zone: text.to_owned() }))
}

fn read(text: &str) -> Option<Zone> {
    let bare: String = unquote(text.trim()).chars().filter(|c| !c.is_whitespace()).collect();
    let lower = bare.to_ascii_lowercase();
    if matches!(lower.as_str(), "" | "local" | "default" | "utc" | "gmt" | "z") {
        return Some(Zone::utc());
    }
    if let Ok(east) = bare.parse::<i32>() {
        return hours(east);
    }
    if let Some(rest) = lower.strip_prefix("utc").or_else(|| lower.strip_prefix("gmt")) {
        return posix_hours(rest).and_then(hours);
    }
    if lower.contains(':') {
        return posix_hours(&lower).and_then(hours);
    }
    if bare.starts_with(|c: char| c.is_ascii_alphabetic()) { named(&bare) } else { None }
}

/// The zone behind a name as [`Zone::name`] gives it: the sign of an offset counts east.
pub(crate) fn of_offset_or_name(name: &str) -> Option<Zone> {
    match name.strip_suffix(":00").and_then(|hours| hours.parse::<i32>().ok()) {
        Some(east) => hours(east),
        None => named(name),
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
    use super::{of_offset_or_name, parse};

    fn offset(text: &str) -> Option<i32> {
        parse(text).ok().map(|zone| zone.offset_seconds(1_700_000_000) / 3600)
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
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn wall_clocks_and_instants_are_inverse_outside_of_gaps() {
        for text in ["8", "-12", "Europe/Berlin", "UTC"] {
            let zone = parse(text).unwrap();
            for seconds in [-2_000_000_000_i128, 0, 1_000_000_000, 1_721_000_000] {
                let nanos = seconds * 1_000_000_000 + 123_456_789;
                assert_eq!(zone.instant_of(zone.wall_of(nanos)), nanos, "{text} {seconds}");
            }
        }
    }

    #[test]
    fn a_name_reads_back() {
        for text in ["8", "-3", "0", "Asia/Shanghai"] {
            let zone = parse(text).unwrap();
            let again = of_offset_or_name(zone.name()).unwrap();
            assert_eq!((zone.name(), zone.offset_seconds(0)), (again.name(), again.offset_seconds(0)));
        }
    }

    #[test]
    fn datafusion_reads_the_name() {
        assert_eq!(parse("8").unwrap().name(), "+08:00");
        assert_eq!(parse("-3").unwrap().name(), "-03:00");
        assert_eq!(parse("asia/shanghai").unwrap().name(), "Asia/Shanghai");
    }
}
