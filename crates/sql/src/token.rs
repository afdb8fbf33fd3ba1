//! Tokens: a kind and a span in the original text, nothing owned.

use crate::cook::{Escapes, cook_bytes, cook_hexadecimal, cook_string};
use crate::{IntervalUnit, Source, StringPrefix};
use model::{Error, ErrorKind};
use std::borrow::Cow;

/// What is wrong with a piece of text that is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// A string without its closing quote.
    UnterminatedString,
    /// A quoted name without its closing quote.
    UnterminatedName,
    /// A quoted name that holds the character NUL.
    NulInName,
    /// A comment without its end.
    UnterminatedComment,
    /// Letters that follow a number directly and are no unit.
    TrailingJunk,
    /// An escape or a digit inside a prefixed string that means nothing.
    BadEscape,
    /// A character that begins no token.
    UnexpectedCharacter,
}

impl Defect {
    /// What is wrong, for an error's reason.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::UnterminatedString => "the string has no closing quote",
            Self::UnterminatedName => "the quoted name has no closing quote",
            Self::NulInName => "a name cannot hold the character NUL",
            Self::UnterminatedComment => "the comment has no end",
            Self::TrailingJunk => "letters follow a number directly",
            Self::BadEscape => "the string holds an invalid escape",
            Self::UnexpectedCharacter => "unexpected character",
        }
    }
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A word without quotes: keyword or name.
    Word,
    /// A quoted name.
    QuotedName,
    /// A string.
    String,
    /// A string behind a prefix letter.
    Prefixed(StringPrefix),
    /// `$$..$$` or `$tag$..$tag$`: the text of a program, which no grammar here reads.
    DollarString,
    /// Digits, or `0x` and hexadecimal digits.
    Integer,
    /// A number with a point or an exponent.
    Decimal,
    /// A whole number with a unit directly behind it.
    Interval(IntervalUnit),
    /// `$1`
    Placeholder,
    /// `(`
    OpenParenthesis,
    /// `)`
    CloseParenthesis,
    /// `,`
    Comma,
    /// `.`
    Period,
    /// `;`
    Separator,
    /// Any other operator or bracket.
    Symbol,
    /// No token: whatever meets it is a syntax error.
    Defect(Defect),
}

/// A token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Its first byte in the original text.
    pub start: u32,
    /// The byte after its last.
    pub end: u32,
}

/// A run of tokens of one text: a statement, a clause, the inside of parentheses.
#[derive(Clone, Copy, Debug)]
pub struct Tokens<'a> {
    /// The text.
    pub source: Source<'a>,
    /// The tokens.
    pub tokens: &'a [Token],
    /// The token behind the last one in the text, if this is a part of a statement: where errors at
    /// the end of the part point.
    pub next: Option<Token>,
}

impl<'a> Tokens<'a> {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// The token at an index; also the one behind the last.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Token> {
        match self.tokens.get(index) {
            Some(token) => Some(*token),
            None if index == self.tokens.len() => self.next,
            None => None,
        }
    }

    /// A part; an index too large counts as the end.
    #[must_use]
    pub fn part(&self, start: usize, end: usize) -> Self {
        let end = end.min(self.tokens.len());
        let start = start.min(end);
        Self { source: self.source, tokens: self.tokens.get(start..end).unwrap_or_default(), next: self.get(end) }
    }

    /// A token's text as written.
    #[must_use]
    pub fn text(&self, token: Token) -> &'a str {
        self.source.slice(token.start, token.end)
    }

    /// Whether the token at an index is that word, in any case, without quotes.
    #[must_use]
    pub fn is_word(&self, index: usize, word: &str) -> bool {
        self.tokens.get(index).is_some_and(|t| t.kind == TokenKind::Word && self.text(*t).eq_ignore_ascii_case(word))
    }

    /// Whether the token at an index is that operator or bracket.
    #[must_use]
    pub fn is_symbol(&self, index: usize, symbol: &str) -> bool {
        self.tokens.get(index).is_some_and(|t| t.kind == TokenKind::Symbol && self.text(*t) == symbol)
    }

    /// Whether the token at an index is of that kind.
    #[must_use]
    pub fn is_kind(&self, index: usize, kind: TokenKind) -> bool {
        self.tokens.get(index).is_some_and(|t| t.kind == kind)
    }

    /// The index of the parenthesis that closes the one at `open`; `None` if it never closes.
    #[must_use]
    pub fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for (index, token) in self.tokens.iter().enumerate().skip(open) {
            match token.kind {
                TokenKind::OpenParenthesis => depth += 1,
                TokenKind::CloseParenthesis => {
                    depth = depth.checked_sub(1)?;
                    if depth == 0 {
                        return Some(index);
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// What a token means: a name folded or without its quotes, a string without quotes and escapes.
    #[must_use]
    pub fn cooked(&self, token: Token) -> Cow<'a, str> {
        let text = self.text(token);
        match token.kind {
            TokenKind::Word => {
                let folded = self.source.profile.fold(text);
                if folded == text { Cow::Borrowed(text) } else { Cow::Owned(folded) }
            }
            TokenKind::QuotedName => cook_string(text, Escapes::None).unwrap_or(Cow::Borrowed(text)),
            TokenKind::String => cook_string(text, self.source.profile.escapes()).unwrap_or(Cow::Borrowed(text)),
            TokenKind::Prefixed(StringPrefix::Escaped) => {
                cook_string(text.get(1..).unwrap_or_default(), Escapes::All).unwrap_or(Cow::Borrowed(text))
            }
            _ => Cow::Borrowed(text),
        }
    }

    /// The bytes of a byte-string token; `None` for any other.
    #[must_use]
    pub fn bytes(&self, token: Token) -> Option<Vec<u8>> {
        let quoted = self.text(token).get(1..)?;
        match token.kind {
            TokenKind::Prefixed(StringPrefix::Bytes) => cook_bytes(quoted),
            TokenKind::Prefixed(StringPrefix::Hexadecimal) => cook_hexadecimal(quoted),
            _ => None,
        }
    }

    /// A syntax error at the token with that index, or at the end of the text.
    #[must_use]
    pub fn error(&self, index: usize, reason: impl Into<String>) -> Error {
        match self.get(index) {
            Some(token) => self.error_at(token, reason),
            None => {
                let end = self.tokens.last().map_or(self.source.text.len() as u64, |t| u64::from(t.end));
                let end = u32::try_from(end).unwrap_or(u32::MAX);
                Error::new(ErrorKind::Syntax { near: String::new(), reason: reason.into() })
                    .at(self.source.position(end))
            }
        }
    }

    /// A syntax error at a token. `near` is what the token means: folded, without quotes; it is
    /// empty at a separator, which ends the statement.
    #[must_use]
    pub fn error_at(&self, token: Token, reason: impl Into<String>) -> Error {
        let (near, reason) = match token.kind {
            TokenKind::Separator => (String::new(), reason.into()),
            TokenKind::Defect(defect) => (self.text(token).chars().take(40).collect(), defect.reason().to_owned()),
            _ => (self.cooked(token).into_owned(), reason.into()),
        };
        Error::new(ErrorKind::Syntax { near, reason }).at(self.source.position(token.start))
    }
}
