//! The value of a field: a number with or without an ending, a truth value, a text.

use crate::{FieldValue, Reason};
use std::borrow::Cow;

/// The value of a word without quotes.
///
/// # Errors
/// What it should have been, by its first character.
pub(super) fn word(word: &str) -> Result<FieldValue<'_>, Reason> {
    match word.as_bytes().first() {
        None => Err(Reason::MissingFieldValue),
        Some(b'0'..=b'9' | b'-' | b'+' | b'.') => number(word),
        Some(_) => match word {
            "t" | "T" | "true" | "True" | "TRUE" => Ok(FieldValue::Boolean(true)),
            "f" | "F" | "false" | "False" | "FALSE" => Ok(FieldValue::Boolean(false)),
            _ => Err(Reason::InvalidBoolean),
        },
    }
}

fn number(word: &str) -> Result<FieldValue<'_>, Reason> {
    let whole = |digits: &str| {
        let digits = digits.strip_prefix(['-', '+']).unwrap_or(digits);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    if let Some(digits) = word.strip_suffix('i') {
        let value = if whole(digits) { digits.parse() } else { return Err(Reason::InvalidNumber) };
        return value.map(FieldValue::Integer).map_err(|_| Reason::IntegerOutOfRange);
    }
    if let Some(digits) = word.strip_suffix('u') {
        let value = if whole(digits) { digits.parse() } else { return Err(Reason::InvalidNumber) };
        return value.map(FieldValue::Unsigned).map_err(|_| Reason::IntegerOutOfRange);
    }
    float(word).map(|value| FieldValue::Float(value, Cow::Borrowed(word))).ok_or(Reason::InvalidNumber)
}

/// A finite decimal number with or without an exponent.
pub(crate) fn float(word: &str) -> Option<f64> {
    let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
    let value: f64 = if word.bytes().all(plain) { word.parse().ok()? } else { return None };
    value.is_finite().then_some(value)
}

/// The value of what stood between quotes.
pub(super) fn text(inner: &str) -> FieldValue<'_> {
    if !inner.contains('\\') {
        return FieldValue::Text(Cow::Borrowed(inner));
    }
    let mut plain = String::with_capacity(inner.len());
    let mut characters = inner.chars().peekable();
    while let Some(character) = characters.next() {
        let escapes = character == '\\' && matches!(characters.peek(), Some('"' | '\\'));
        plain.push(if escapes { characters.next().unwrap_or_default() } else { character });
    }
    FieldValue::Text(Cow::Owned(plain))
}
