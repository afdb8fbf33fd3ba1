//! Lines: `[put] metric time value name=value ...`, parted by any blanks.

use super::value_field;
use crate::line::float;
use crate::{Fault, Parsed, Point, Reason, TagValue};
use std::borrow::Cow;

/// Reads a body. Blank lines hold nothing.
#[must_use]
pub fn parse_telnet(body: &str) -> Parsed<'_> {
    let mut parsed = Parsed::default();
    for (line, text) in (1..).zip(body.lines()) {
        if text.trim().is_empty() {
            continue;
        }
        match point(line, text) {
            Ok(point) => parsed.points.push(point),
            Err((column, reason)) => parsed.faults.push(Fault { line, column, reason, text }),
        }
    }
    parsed
}

/// The words of a line, each with its place.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_ascii_whitespace().map(move |word| {
        let before = word.as_ptr().addr().saturating_sub(text.as_ptr().addr());
        (text.get(..before).unwrap_or_default().chars().count() + 1, word)
    })
}

fn point(line: usize, text: &str) -> Result<Point<'_>, (usize, Reason)> {
    let end = (text.chars().count() + 1, Reason::MissingParts);
    let mut words = words(text).peekable();
    if words.peek().is_some_and(|(_, word)| *word == "put") {
        words.next();
    }
    let (_, metric) = words.next().ok_or(end)?;
    let (time_at, time) = words.next().ok_or(end)?;
    let (value_at, value) = words.next().ok_or(end)?;
    let time: i64 = time.parse().map_err(|_| (time_at, Reason::BadTimestamp))?;
    let number = float(value).ok_or((value_at, Reason::ValueNotNumeric))?;
    let mut tags: Vec<(Cow<'_, str>, TagValue<'_>)> = Vec::new();
    for (at, word) in words {
        let (name, value) = word.split_once('=').ok_or((at, Reason::TagNotPair))?;
        if name.is_empty() {
            return Err((at, Reason::MissingTagKey));
        }
        if value.is_empty() {
            return Err((at, Reason::MissingTagValue));
        }
        if tags.iter().any(|(other, _)| other == name) {
            return Err((at, Reason::DuplicateTags));
        }
        tags.push((Cow::Borrowed(name), TagValue::Text(Cow::Borrowed(value))));
    }
    Ok(Point {
        line,
        text,
        measurement: Cow::Borrowed(metric),
        tags,
        fields: value_field(number, Cow::Borrowed(value)),
        time: Some(time),
    })
}
