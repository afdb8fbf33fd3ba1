//! Spans: `1h` behind a number, `10d` as text, whole numbers.

use super::statement::Duration;
use ::sql::{Cursor, IntervalUnit, Token, TokenKind, Tokens};
use model::Result;

const SECOND: i64 = 1_000_000_000;

/// Nanoseconds of one unit; none for those without a fixed length.
pub(super) const fn unit_nanos(unit: IntervalUnit) -> Option<i64> {
    Some(match unit {
        IntervalUnit::Nanosecond => 1,
        IntervalUnit::Microsecond => 1_000,
        IntervalUnit::Millisecond => 1_000_000,
        IntervalUnit::Second => SECOND,
        IntervalUnit::Minute => 60 * SECOND,
        IntervalUnit::Hour => 3_600 * SECOND,
        IntervalUnit::Day => 86_400 * SECOND,
        IntervalUnit::Week => 7 * 86_400 * SECOND,
        IntervalUnit::Month | IntervalUnit::Year => return None,
    })
}

/// The number in front of a unit.
pub(super) fn count(tokens: Tokens<'_>, token: Token) -> Option<i64> {
    tokens.text(token).trim_end_matches(|c: char| !c.is_ascii_digit()).parse().ok()
}

/// Nanoseconds of `1h`.
pub(super) fn nanos(tokens: Tokens<'_>, token: Token) -> Option<i128> {
    let TokenKind::Interval(unit) = token.kind else { return None };
    Some(i128::from(count(tokens, token)?) * i128::from(unit_nanos(unit)?))
}

/// A span of INTERVAL and SLIDING: `1m`, `'1m'`, or a number in the unit of the data.
pub(super) fn duration(cursor: &mut Cursor<'_>) -> Result<Duration> {
    let at = *cursor;
    let wrong = || at.error("expected a duration such as 10s");
    let Some(token) = cursor.peek() else { return Err(wrong()) };
    cursor.skip();
    match token.kind {
        TokenKind::Interval(unit) => of(count(cursor.tokens(), token).ok_or_else(wrong)?, unit).ok_or_else(wrong),
        TokenKind::Integer => cursor.tokens().text(token).parse().map(Duration::Units).map_err(|_| wrong()),
        TokenKind::String => parse(&cursor.tokens().cooked(token)).ok_or_else(wrong),
        _ => Err(wrong()),
    }
}

fn of(count: i64, unit: IntervalUnit) -> Option<Duration> {
    Some(match unit {
        IntervalUnit::Month => Duration::Months(i32::try_from(count).ok()?),
        IntervalUnit::Year => Duration::Months(i32::try_from(count).ok()?.checked_mul(12)?),
        IntervalUnit::Day => Duration::Days(i32::try_from(count).ok()?),
        IntervalUnit::Week => Duration::Days(i32::try_from(count).ok()?.checked_mul(7)?),
        fixed => Duration::Nanos(count.checked_mul(unit_nanos(fixed)?)?),
    })
}

/// `10s` as text.
fn parse(text: &str) -> Option<Duration> {
    let text = text.trim();
    let unit = text.get(text.len().checked_sub(1)?..)?;
    let count = text.get(..text.len() - 1)?.parse().ok()?;
    of(count, super::tokens::PROFILE.interval_unit(unit)?)
}

/// Seconds of a KEEP or DURATION: `10d`, `240h`, `1440m`, or a number of days.
pub(super) fn keep_seconds(cursor: &mut Cursor<'_>) -> Result<u64> {
    let at = *cursor;
    let wrong = || at.error("expected a number of days, or one with m, h or d");
    let Some(token) = cursor.peek() else { return Err(wrong()) };
    cursor.skip();
    let seconds = match token.kind {
        TokenKind::Integer => cursor.tokens().text(token).parse::<u64>().ok().and_then(|days| days.checked_mul(86_400)),
        TokenKind::Interval(IntervalUnit::Minute | IntervalUnit::Hour | IntervalUnit::Day) => {
            nanos(cursor.tokens(), token).and_then(|nanos| u64::try_from(nanos / i128::from(SECOND)).ok())
        }
        TokenKind::String => match parse(&cursor.tokens().cooked(token)) {
            Some(Duration::Days(days)) => u64::try_from(days).ok().map(|days| days * 86_400),
            Some(Duration::Nanos(nanos)) => u64::try_from(nanos / SECOND).ok(),
            _ => None,
        },
        _ => None,
    };
    seconds.filter(|seconds| *seconds > 0).ok_or_else(wrong)
}
