//! Durations: `90d`, `12h`, `15m`.

/// Units with their seconds, the longest first.
const UNITS: [(char, u64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// The seconds of a duration; `None` when it is none.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let unit = text.chars().next_back()?;
    let (_, seconds) = UNITS.iter().find(|(letter, _)| *letter == unit.to_ascii_lowercase())?;
    let digits = text.get(..text.len() - unit.len_utf8())?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(*seconds)
}

/// A duration in the longest unit that holds it exactly; weeks are not written.
pub(crate) fn print(seconds: u64) -> String {
    let unit = UNITS.iter().skip(1).find(|(_, unit)| seconds.is_multiple_of(*unit));
    let (letter, unit) = unit.copied().unwrap_or(('s', 1));
    format!("{}{letter}", seconds / unit)
}

#[cfg(test)]
mod tests {
    use super::{parse, print};

    #[test]
    fn durations_read_back() {
        for (text, seconds, printed) in [
            ("30d", 2_592_000, "30d"),
            ("1w", 604_800, "7d"),
            ("90m", 5_400, "90m"),
            ("15M", 900, "15m"),
            ("1s", 1, "1s"),
        ] {
            assert_eq!(parse(text), Some(seconds));
            assert_eq!(print(seconds), printed);
        }
        for bad in ["", "d", "-1d", "1.5h", "10", "1y", "99999999999999999999d", "1 d", "1日"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
