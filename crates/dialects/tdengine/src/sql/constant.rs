//! Constants: of tags, and of the rows of an INSERT, where they are read from tokens one by one.

use super::duration;
use super::statement::{Constant, Moment};
use model::Result;
use sql::{Cursor, Token, TokenKind, Tokens};
use std::borrow::Cow;

/// A value of a row, borrowed from the statement's text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RowValue<'a> {
    Null,
    /// `NONE`: not given.
    Absent,
    Boolean(bool),
    Number {
        negative: bool,
        text: &'a str,
    },
    /// What it means, and what was written between the quotes.
    Text(Cow<'a, str>, &'a str),
    /// `now`, `today`, a text or a number, moved by so many nanoseconds.
    Moment(Moment, i128),
}

impl RowValue<'_> {
    fn into_constant(self) -> Option<Constant> {
        Some(match self {
            Self::Null => Constant::Null,
            Self::Absent => return None,
            Self::Boolean(value) => Constant::Boolean(value),
            Self::Number { negative: true, text } => Constant::Number(format!("-{text}")),
            Self::Number { negative: false, text } => Constant::Number(text.to_owned()),
            Self::Text(text, raw) => Constant::Text(text.into_owned(), raw.to_owned()),
            Self::Moment(moment, nanos) => Constant::Moment(moment, nanos),
        })
    }
}

/// A constant at the cursor.
pub(super) fn constant(cursor: &mut Cursor<'_>) -> Result<Constant> {
    let at = *cursor;
    let value = row_value(cursor)?;
    value.into_constant().ok_or_else(|| at.error("expected a value"))
}

/// What stands between the quotes of a string.
fn inside<'a>(tokens: Tokens<'a>, token: Token) -> &'a str {
    let text = tokens.text(token);
    text.get(1..text.len().saturating_sub(1)).unwrap_or_default()
}

/// A value at the cursor.
///
/// # Errors
/// A syntax error where none stands.
pub(crate) fn row_value<'a>(cursor: &mut Cursor<'a>) -> Result<RowValue<'a>> {
    let tokens = cursor.tokens();
    let Some(token) = cursor.peek() else { return Err(cursor.error("expected a value")) };
    let value = match token.kind {
        TokenKind::String => {
            cursor.skip();
            let text = tokens.cooked(token);
            match shift(cursor)? {
                None => RowValue::Text(text, inside(tokens, token)),
                Some(nanos) => RowValue::Moment(Moment::Text(text.into_owned()), nanos),
            }
        }
        TokenKind::Integer | TokenKind::Decimal => {
            cursor.skip();
            let text = tokens.text(token);
            match shift(cursor)? {
                None => RowValue::Number { negative: false, text },
                Some(nanos) => RowValue::Moment(Moment::Number(text.to_owned()), nanos),
            }
        }
        TokenKind::Symbol if cursor.is_symbol("-") || cursor.is_symbol("+") => {
            let negative = cursor.is_symbol("-");
            cursor.skip();
            match cursor.peek() {
                Some(number) if matches!(number.kind, TokenKind::Integer | TokenKind::Decimal) => {
                    cursor.skip();
                    RowValue::Number { negative, text: tokens.text(number) }
                }
                _ => return Err(cursor.error("invalid data or symbol")),
            }
        }
        TokenKind::Word => word(cursor)?,
        _ => return Err(cursor.error("invalid data or symbol")),
    };
    Ok(value)
}

fn word<'a>(cursor: &mut Cursor<'a>) -> Result<RowValue<'a>> {
    if cursor.accept_word("null") {
        return Ok(RowValue::Null);
    }
    if cursor.accept_word("none") {
        return Ok(RowValue::Absent);
    }
    if cursor.accept_word("true") {
        return Ok(RowValue::Boolean(true));
    }
    if cursor.accept_word("false") {
        return Ok(RowValue::Boolean(false));
    }
    let tokens = cursor.tokens();
    let nan = ["nan", "inf", "infinity"].iter().any(|word| cursor.is_word(word));
    if nan {
        let text = cursor.peek_text();
        cursor.skip();
        return Ok(RowValue::Number { negative: false, text });
    }
    let moment = match cursor.accept_one_of(&["now", "today"]) {
        Some("now") => Moment::Now,
        Some(_) => Moment::Today,
        None if cursor.is_word("timestamp") && tokens.is_kind(cursor.index() + 1, TokenKind::String) => {
            cursor.skip();
            Moment::Text(cursor.expect_string("a time")?)
        }
        None => return Err(cursor.error("invalid data or symbol")),
    };
    if !matches!(moment, Moment::Text(_)) && cursor.is_kind(TokenKind::OpenParenthesis) {
        let inside = Cursor::new(cursor.expect_group("parentheses")?);
        inside.expect_end()?;
    }
    Ok(RowValue::Moment(moment, shift(cursor)?.unwrap_or(0)))
}

/// `+ 1h`, `- 2d + 3s`: by how many nanoseconds a time moves.
fn shift(cursor: &mut Cursor<'_>) -> Result<Option<i128>> {
    let mut sum = None;
    loop {
        let sign = if cursor.is_symbol("+") {
            1
        } else if cursor.is_symbol("-") {
            -1
        } else {
            return Ok(sum);
        };
        cursor.skip();
        let nanos = cursor.peek().and_then(|token| duration::nanos(cursor.tokens(), token));
        let Some(nanos) = nanos else { return Err(cursor.error("invalid timestamp format")) };
        cursor.skip();
        sum = Some(sum.unwrap_or(0) + sign * nanos);
    }
}
