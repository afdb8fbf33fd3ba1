//! Times in text, as nanoseconds since 1970, whatever their spelling.

use jiff::civil::date;
use regex::Regex;
use std::sync::LazyLock;

static TIME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(-?\d{1,9})-(\d\d?)-(\d\d?)(?:[T ](\d\d?):(\d\d?)(?::(\d\d?)(?:\.(\d{1,9})\d*)?)?)?\s*(Z|UTC|[+-]\d\d:?(?:\d\d)?(?::?\d\d)?)?(?:\s+\S+)?$").unwrap()
});

/// The instant of a text; without a zone in it, of UTC.
pub(crate) fn instant(text: &str) -> Option<i128> {
    let found = TIME.captures(text.trim().trim_matches('\''))?;
    let part = |index: usize| found.get(index).map_or("", |part| part.as_str());
    let whole = |index: usize| part(index).parse::<i64>().unwrap_or(0);
    let (year, month, day) = (whole(1), i8::try_from(whole(2)).ok()?, i8::try_from(whole(3)).ok()?);
    let days = match i16::try_from(year).ok().filter(|year| (-9999..=9999).contains(year)) {
        Some(year) => {
            let first = jiff::civil::Date::new(year, month, day).ok()?;
            i64::from((first - date(1970, 1, 1)).get_days())
        }
        // Years that no calendar library takes: by the length of 400 years.
        None => {
            let near = jiff::civil::Date::new(i16::try_from(year.rem_euclid(400) + 2000).ok()?, month, day).ok()?;
            i64::from((near - date(1970, 1, 1)).get_days()) + (year - year.rem_euclid(400) - 2000) / 400 * 146_097
        }
    };
    let mut seconds = i128::from(days) * 86_400 + i128::from(whole(4) * 3600 + whole(5) * 60 + whole(6));
    let zone = part(8);
    if let Some(digits) = zone.strip_prefix(['+', '-']) {
        let digits = format!("{:0<6}", digits.replace(':', ""));
        let two = |at: usize| digits[at..at + 2].parse::<i128>().unwrap_or(0);
        let offset = two(0) * 3600 + two(2) * 60 + two(4);
        seconds -= if zone.starts_with('-') { -offset } else { offset };
    }
    let fraction = format!("{:0<9}", part(7)).parse::<i128>().unwrap_or(0);
    Some(seconds * 1_000_000_000 + fraction)
}

#[test]
fn one_instant_has_many_spellings() {
    let expected = Some(1_704_067_200_500_000_000);
    for text in [
        "2024-01-01 08:00:00.5+08:00",
        "2024-01-01T00:00:00.5Z",
        "2024-01-01 00:00:00.5 +0000 +0000",
        "'2024-01-01 00:00:00.5'",
    ] {
        assert_eq!(instant(text), expected, "{text}");
    }
    assert_eq!(instant("1969-12-31"), Some(-86_400_000_000_000));
    assert_eq!(instant("x"), None);
}
