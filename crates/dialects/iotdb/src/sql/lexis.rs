//! Tokens that only this vendor has: bare datetimes, spans of several units, numbers with `_` or in
//! another base, `U&'..'`.
//!
//! Each becomes one placeholder token over its text, which [`special`] reads once the syntax tree
//! is there; a placeholder of a user's is no token here.

use super::tokens::PROFILE;
use crate::times;
use model::{Error, ErrorKind, Result};
use sql::{Defect, Source, Token, TokenKind, Tokens, tokenize};

/// The text cut into tokens, special ones joined.
///
/// # Errors
/// What can be told to be no token at all, with its place.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>> {
    let source = Source { text, profile: &PROFILE };
    let plain = tokenize(source)?;
    let whole = Tokens { source, tokens: &plain, next: None };
    let mut joined: Vec<Token> = Vec::with_capacity(plain.len());
    let mut index = 0;
    while let Some(token) = plain.get(index).copied() {
        let end = special_end(whole, index, token);
        match end {
            Some(end) => joined.push(Token { kind: TokenKind::Placeholder, start: token.start, end }),
            None => {
                check(whole, index, token)?;
                joined.push(token);
            }
        }
        let end = end.unwrap_or(token.end);
        index += 1;
        while plain.get(index).is_some_and(|next| next.start < end) {
            index += 1;
        }
    }
    Ok(joined)
}

/// Where the special token ends that begins with this one.
fn special_end(tokens: Tokens<'_>, index: usize, token: Token) -> Option<u32> {
    let text = tokens.text(token);
    let ends = |length: usize| Some(token.start + u32::try_from(length).ok()?);
    match token.kind {
        TokenKind::Integer | TokenKind::Decimal | TokenKind::Defect(Defect::TrailingJunk) => {
            let rest = tokens.source.text.get(token.start as usize..)?;
            match times::literal_length(rest) {
                Some(length) => ends(length),
                None if number(text).is_some() && token.kind == TokenKind::Defect(Defect::TrailingJunk) => {
                    Some(token.end)
                }
                None => None,
            }
        }
        TokenKind::Interval(_) => {
            let behind = tokens.tokens.get(index + 1..).unwrap_or_default();
            let more = behind.iter().take_while(|next| matches!(next.kind, TokenKind::Interval(_)));
            Some(more.last().map_or(token.end, |last| last.end))
        }
        TokenKind::Word if text.eq_ignore_ascii_case("u") => {
            let (mark, string) = (tokens.tokens.get(index + 1)?, tokens.tokens.get(index + 2)?);
            let adjacent = mark.start == token.end && string.start == mark.end;
            (adjacent && tokens.text(*mark) == "&" && string.kind == TokenKind::String).then_some(string.end)
        }
        _ => None,
    }
}

fn check(tokens: Tokens<'_>, index: usize, token: Token) -> Result<()> {
    let text = tokens.text(token);
    match token.kind {
        TokenKind::Integer if number(text).is_none() => {
            let signed = index.checked_sub(1).is_some_and(|before| tokens.is_symbol(before, "-"));
            if signed && text == "9223372036854775808" {
                return Ok(());
            }
            Err(tokens.error_at(token, format!("Invalid numeric literal: {text}")))
        }
        TokenKind::QuotedName if text == "\"\"" => {
            Err(tokens.error_at(token, "Zero-length delimited identifier not allowed"))
        }
        TokenKind::Defect(Defect::BadEscape) => {
            Err(placed(tokens, token.start, text, "Binary literal must contain an even number of digits"))
        }
        TokenKind::Symbol if !SYMBOLS.contains(&text) => {
            // `<<` is two tokens here, the second of which begins nothing.
            let second = u32::from(text.len() > 1 && text.starts_with(['<', '>']));
            Err(placed(tokens, token.start + second, text, "expected 'ALL', 'ANY', 'SOME', <expression>"))
        }
        TokenKind::Word if index > 1 && NEVER.iter().any(|word| text.eq_ignore_ascii_case(word)) => {
            Err(tokens.error_at(token, "expected '*', <expression>"))
        }
        TokenKind::Placeholder => Err(tokens.error_at(token, "unexpected token")),
        TokenKind::Word => match text.char_indices().find(|(_, c)| *c == '$' || !c.is_ascii()) {
            Some((offset, c)) => {
                let start = token.start + u32::try_from(offset).unwrap_or(0);
                Err(placed(tokens, start, &c.to_string(), "expected <identifier>"))
            }
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Operators and brackets of this vendor.
const SYMBOLS: &[&str] =
    &["+", "-", "*", "/", "%", "=", "<>", "!=", "<", "<=", ">", ">=", "||", "=>", "?", "[", "]", "@"];

/// Words that standard SQL knows and no expression of this vendor.
const NEVER: &[&str] = &["current_timestamp", "current_time", "current_date", "localtime", "localtimestamp"];

/// A syntax error at a byte of the text.
fn placed(tokens: Tokens<'_>, start: u32, near: &str, reason: &str) -> Error {
    let kind = ErrorKind::Syntax { near: near.to_owned(), reason: reason.to_owned() };
    Error::new(kind).at(tokens.source.position(start))
}

/// A whole number: digits with `_` between, or `0x`, `0o`, `0b` and digits of that base.
fn number(text: &str) -> Option<i64> {
    let lower = text.to_ascii_lowercase();
    let (digits, base) = match lower.get(..2) {
        Some("0x") => (lower.get(2..)?, 16),
        Some("0o") => (lower.get(2..)?, 8),
        Some("0b") => (lower.get(2..)?, 2),
        _ => (lower.as_str(), 10),
    };
    let sound = !digits.starts_with('_') && !digits.ends_with('_') && !digits.contains("__");
    if sound { i64::from_str_radix(&digits.replace('_', ""), base).ok() } else { None }
}

/// What a placeholder's text stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Special {
    /// A whole number.
    Number(i64),
    /// A datetime as written.
    Time(String),
    /// A span of time.
    Span(times::Span),
    /// A text.
    Text(String),
}

/// Reads a placeholder's text.
pub(crate) fn special(text: &str) -> Option<Special> {
    if let Some(rest) = text.strip_prefix("U&").or_else(|| text.strip_prefix("u&")) {
        return unicode(rest).map(Special::Text);
    }
    if times::literal_length(text) == Some(text.len()) {
        return Some(Special::Time(text.to_owned()));
    }
    number(text).map(Special::Number).or_else(|| times::Span::parse(text).map(Special::Span))
}

/// The text of `'\0041'`, quotes and all.
fn unicode(quoted: &str) -> Option<String> {
    let inner = quoted.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'");
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner.as_str();
    while let Some((before, behind)) = rest.split_once('\\') {
        text.push_str(before);
        if let Some(behind) = behind.strip_prefix('\\') {
            text.push('\\');
            rest = behind;
            continue;
        }
        let (digits, behind) = match behind.strip_prefix('+') {
            Some(long) => long.split_at_checked(6)?,
            None => behind.split_at_checked(4)?,
        };
        text.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
        rest = behind;
    }
    text.push_str(rest);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::{Special, special, tokens};
    use crate::times::Span;

    fn pieces(text: &str) -> Vec<&str> {
        tokens(text).unwrap().iter().map(|t| &text[t.start as usize..t.end as usize]).collect()
    }

    #[test]
    fn special_tokens_are_joined() {
        assert_eq!(
            pieces("time>2024-01-01T01:02:03.456+08:00 and"),
            ["time", ">", "2024-01-01T01:02:03.456+08:00", "and"]
        );
        assert_eq!(pieces("(2000.02.29 - 1mo)"), ["(", "2000.02.29", "-", "1mo", ")"]);
        assert_eq!(pieces("date_bin(1d 12h, t)"), ["date_bin", "(", "1d 12h", ",", "t", ")"]);
        assert_eq!(pieces("1_000, 0b101 U&'\\0041' 5-2 u"), ["1_000", ",", "0b101", "U&'\\0041'", "5", "-", "2", "u"]);
    }

    #[test]
    fn special_texts_are_read() {
        assert_eq!(special("1_000"), Some(Special::Number(1000)));
        assert_eq!(special("0o17"), Some(Special::Number(15)));
        assert_eq!(special("1d 12h"), Some(Special::Span(Span { months: 0, millis: 129_600_000 })));
        assert_eq!(special("2024-01-01"), Some(Special::Time("2024-01-01".into())));
        assert_eq!(special("U&'\\00e9''x'"), Some(Special::Text("é'x".into())));
    }

    #[test]
    fn what_is_no_token_is_placed() {
        for text in ["select 99999999999999999999", "select $1", "v$", "höhe", "x'0'", "\"\""] {
            assert!(tokens(text).is_err(), "{text}");
        }
        assert!(tokens("-9223372036854775808").is_ok());
    }
}
