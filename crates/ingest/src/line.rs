//! Line protocol: `measurement,tag=value field=value time`, one point a line.
//!
//! A name ends at an unescaped comma, equals sign or blank; a backslash before one of these takes
//! its meaning away and is an ordinary character before anything else. A text in quotes may hold
//! line ends; in it a backslash goes before a quote or a backslash. What a line says is borrowed
//! from the body unless it holds escapes. A bad line is listed and the next one is read.

mod scan;
#[cfg(test)]
mod tests;
mod value;

pub(crate) use value::float;

use crate::{FieldValue, Parsed, Point, Reason, TagValue};
use scan::{Cursor, unescaped};
use std::borrow::Cow;

/// What ends a measurement.
const IN_MEASUREMENT: &[u8] = b", ";
/// What ends the name or value of a tag, or the name of a field.
const IN_NAME: &[u8] = b",= ";

/// Reads a body. Blank lines and lines that begin with `#` hold nothing; lines end with LF or CRLF.
#[must_use]
pub fn parse(body: &str) -> Parsed<'_> {
    let mut parsed = Parsed::default();
    let mut cursor = Cursor::new(body);
    while cursor.begin_line() {
        match point(&mut cursor) {
            Ok(point) => parsed.points.push(point),
            Err(reason) => parsed.faults.push(cursor.fault(reason)),
        }
        cursor.end_line();
    }
    parsed
}

/// The point on the line at which the cursor stands.
fn point<'a>(cursor: &mut Cursor<'a>) -> Result<Point<'a>, Reason> {
    let line = cursor.line();
    let measurement = cursor.take_until(IN_MEASUREMENT);
    if measurement.is_empty() {
        return Err(Reason::MissingMeasurement);
    }
    let measurement = unescaped(measurement, IN_MEASUREMENT);
    let tags = tags(cursor)?;
    cursor.skip_blanks();
    let fields = fields(cursor)?;
    cursor.skip_blanks();
    let time = time(cursor)?;
    cursor.skip_blanks();
    if !cursor.at_line_end() {
        return Err(Reason::TrailingText);
    }
    Ok(Point { line, text: cursor.line_text(), measurement, tags, fields, time })
}

fn tags<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<(Cow<'a, str>, TagValue<'a>)>, Reason> {
    let mut tags: Vec<(Cow<'a, str>, TagValue<'a>)> = Vec::new();
    while cursor.take(b',') {
        let name = cursor.take_until(IN_NAME);
        if name.is_empty() {
            return Err(Reason::MissingTagKey);
        }
        if !cursor.take(b'=') {
            return Err(Reason::MissingTagValue);
        }
        let value = cursor.take_until(IN_NAME);
        if value.is_empty() {
            return Err(Reason::MissingTagValue);
        }
        if cursor.is_at(b'=') {
            return Err(Reason::TagNotPair);
        }
        let name = unescaped(name, IN_NAME);
        if tags.iter().any(|(other, _)| *other == name) {
            return Err(Reason::DuplicateTags);
        }
        tags.push((name, TagValue::Text(unescaped(value, IN_NAME))));
    }
    Ok(tags)
}

fn fields<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<(Cow<'a, str>, FieldValue<'a>)>, Reason> {
    if cursor.at_line_end() {
        return Err(Reason::MissingFields);
    }
    let mut fields = Vec::new();
    loop {
        let name = cursor.take_until(IN_NAME);
        if name.is_empty() {
            return Err(Reason::MissingFieldKey);
        }
        if !cursor.take(b'=') {
            return Err(Reason::MissingFieldValue);
        }
        let value = if cursor.take(b'"') {
            value::text(cursor.take_quoted().ok_or(Reason::UnbalancedQuotes)?)
        } else {
            value::word(cursor.take_until(b", "))?
        };
        fields.push((unescaped(name, IN_NAME), value));
        if !cursor.take(b',') {
            break;
        }
    }
    if cursor.at_line_end() || cursor.is_at(b' ') { Ok(fields) } else { Err(Reason::UnbalancedQuotes) }
}

fn time(cursor: &mut Cursor<'_>) -> Result<Option<i64>, Reason> {
    let start = cursor.mark();
    let word = cursor.take_until(b" ");
    if word.is_empty() {
        return Ok(None);
    }
    let digits = word.strip_prefix('-').unwrap_or(word);
    if digits.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(time) = word.parse()
    {
        return Ok(Some(time));
    }
    cursor.back_to(start);
    Err(Reason::BadTimestamp)
}
