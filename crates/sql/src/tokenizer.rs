//! Text to tokens. Never fails: what is no token becomes one of kind [`TokenKind::Defect`], so that
//! a bad statement does not spoil its neighbours.

use crate::cook::{Escapes, cook_bytes, cook_hexadecimal, cook_string};
use crate::{Defect, Source, StringPrefix, Token, TokenKind};
use model::{Error, ErrorKind, Result};

/// Operators of more than one character, longest first within a first character.
const OPERATORS: &[&str] = &[
    "->>", "#>>", "!~*", "!~~", "::", "||", "<=", ">=", "<>", "<@", "<<", ">>", "!=", "!~", "~*", "~~", "->", "#>",
    "#-", "@>", "@@", "&&", "//", "?|", "?&", "=>", ":=", "==",
];

/// Cuts a text into tokens; blanks and comments are left out.
///
/// # Errors
/// [`ErrorKind::BodyTooLarge`] for a text whose offsets do not fit 32 bits.
pub fn tokenize(source: Source<'_>) -> Result<Vec<Token>> {
    if source.text.len() >= u32::MAX as usize {
        return Err(Error::new(ErrorKind::BodyTooLarge { limit: u64::from(u32::MAX) }));
    }
    let mut tokenizer = Tokenizer { source, text: source.text.as_bytes(), at: 0, tokens: Vec::new() };
    tokenizer.tokens.reserve(source.text.len() / 6);
    while tokenizer.skip_blanks() {
        tokenizer.token();
    }
    Ok(tokenizer.tokens)
}

struct Tokenizer<'a> {
    source: Source<'a>,
    text: &'a [u8],
    at: usize,
    tokens: Vec<Token>,
}

const fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

const fn is_name_part(byte: u8) -> bool {
    is_name_start(byte) || byte.is_ascii_digit() || byte == b'$'
}

impl<'a> Tokenizer<'a> {
    fn byte(&self, offset: usize) -> u8 {
        self.text.get(self.at + offset).copied().unwrap_or(0)
    }

    fn rest(&self) -> &'a str {
        self.source.text.get(self.at..).unwrap_or_default()
    }

    fn push(&mut self, kind: TokenKind, start: usize) {
        #[expect(clippy::cast_possible_truncation, reason = "tokenize checks that the text is shorter")]
        self.tokens.push(Token { kind, start: start as u32, end: self.at as u32 });
    }

    /// Skips blanks and comments; whether a token follows.
    fn skip_blanks(&mut self) -> bool {
        loop {
            let Some(&byte) = self.text.get(self.at) else { return false };
            if byte.is_ascii_whitespace() || byte == 11 {
                self.at += 1;
            } else if byte >= 0x80 {
                match self.rest().chars().next() {
                    Some(c) if c.is_whitespace() || c == '\u{feff}' => self.at += c.len_utf8(),
                    _ => return true,
                }
            } else if byte == b'/' && self.byte(1) == b'*' {
                let start = self.at;
                if !self.block_comment() {
                    self.push(TokenKind::Defect(Defect::UnterminatedComment), start);
                }
            } else if self.source.profile.line_comments.iter().any(|mark| self.rest().starts_with(mark)) {
                self.at += self.rest().find('\n').unwrap_or(self.rest().len());
            } else {
                return true;
            }
        }
    }

    fn block_comment(&mut self) -> bool {
        let mut depth = 0_usize;
        while self.at < self.text.len() {
            match (self.byte(0), self.byte(1)) {
                (b'/', b'*') if depth == 0 || self.source.profile.nested_comments => {
                    depth += 1;
                    self.at += 2;
                }
                (b'*', b'/') => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return true;
                    }
                }
                _ => self.at += 1,
            }
        }
        false
    }

    fn token(&mut self) {
        let start = self.at;
        let byte = self.byte(0);
        let profile = self.source.profile;
        let kind = match byte {
            b'(' => self.single(TokenKind::OpenParenthesis),
            b')' => self.single(TokenKind::CloseParenthesis),
            b',' => self.single(TokenKind::Comma),
            b';' => self.single(TokenKind::Separator),
            b'0'..=b'9' => self.number(),
            b'.' if self.byte(1).is_ascii_digit() && !self.follows_name() => self.number(),
            b'.' => self.single(TokenKind::Period),
            b'$' if self.byte(1).is_ascii_digit() => {
                self.at += 1;
                self.digits();
                TokenKind::Placeholder
            }
            b'$' if profile.dollar_strings && self.dollar_tag().is_some() => self.dollar_string(),
            _ if profile.string_quotes.contains(&byte) => self.string(profile.backslash_escapes),
            _ if profile.name_quotes.contains(&byte) => {
                let ends = self.quoted(byte, false);
                let holds_nul = self.text.get(start..self.at).is_some_and(|name| name.contains(&0));
                match (ends, holds_nul) {
                    (false, _) => TokenKind::Defect(Defect::UnterminatedName),
                    (true, true) => TokenKind::Defect(Defect::NulInName),
                    (true, false) => TokenKind::QuotedName,
                }
            }
            _ if is_name_start(byte) => match self.prefix(byte) {
                Some(prefix) => self.prefixed(prefix),
                None => self.word(),
            },
            _ => self.symbol(),
        };
        self.push(kind, start);
    }

    fn single(&mut self, kind: TokenKind) -> TokenKind {
        self.at += 1;
        kind
    }

    /// Whether a `.` here belongs to a name directly before it, as in `t.1`.
    fn follows_name(&self) -> bool {
        self.tokens
            .last()
            .is_some_and(|t| t.end as usize == self.at && matches!(t.kind, TokenKind::Word | TokenKind::QuotedName))
    }

    fn digits(&mut self) {
        while self.byte(0).is_ascii_digit() {
            self.at += 1;
        }
    }

    fn word(&mut self) -> TokenKind {
        while self.at < self.text.len() && is_name_part(self.byte(0)) {
            if self.byte(0) >= 0x80 {
                match self.rest().chars().next() {
                    Some(c) if !c.is_whitespace() => self.at += c.len_utf8(),
                    _ => break,
                }
            } else {
                self.at += 1;
            }
        }
        TokenKind::Word
    }

    fn number(&mut self) -> TokenKind {
        let hexadecimal =
            self.byte(0) == b'0' && matches!(self.byte(1), b'x' | b'X') && self.byte(2).is_ascii_hexdigit();
        if hexadecimal {
            self.at += 2;
            while self.byte(0).is_ascii_hexdigit() {
                self.at += 1;
            }
        } else {
            self.digits();
        }
        let mut kind = TokenKind::Integer;
        if hexadecimal {
            // Nothing but digits belongs to it.
        } else if self.byte(0) == b'.' && self.byte(1) != b'.' {
            kind = TokenKind::Decimal;
            self.at += 1;
            self.digits();
        }
        let sign = usize::from(matches!(self.byte(1), b'+' | b'-'));
        if !hexadecimal && matches!(self.byte(0), b'e' | b'E') && self.byte(1 + sign).is_ascii_digit() {
            kind = TokenKind::Decimal;
            self.at += 1 + sign;
            self.digits();
        }
        if !is_name_start(self.byte(0)) || self.at >= self.text.len() {
            return kind;
        }
        let unit_start = self.at;
        // A blank outside ASCII ends the number like any other blank.
        self.word();
        if self.at == unit_start {
            return kind;
        }
        let unit = self.source.text.get(unit_start..self.at).unwrap_or_default();
        match self.source.profile.interval_unit(unit) {
            Some(unit) if kind == TokenKind::Integer && !hexadecimal => TokenKind::Interval(unit),
            _ => TokenKind::Defect(Defect::TrailingJunk),
        }
    }

    fn prefix(&self, byte: u8) -> Option<StringPrefix> {
        if self.byte(1) != b'\'' {
            return None;
        }
        let lower = byte.to_ascii_lowercase();
        self.source.profile.string_prefixes.iter().find(|(letter, _)| *letter == lower).map(|(_, prefix)| *prefix)
    }

    fn prefixed(&mut self, prefix: StringPrefix) -> TokenKind {
        self.at += 1;
        let start = self.at;
        if !self.quoted(b'\'', prefix != StringPrefix::Hexadecimal) {
            return TokenKind::Defect(Defect::UnterminatedString);
        }
        let quoted = self.source.text.get(start..self.at).unwrap_or_default();
        let sound = match prefix {
            StringPrefix::Escaped => cook_string(quoted, Escapes::All).is_some(),
            StringPrefix::Bytes => cook_bytes(quoted).is_some(),
            StringPrefix::Hexadecimal => cook_hexadecimal(quoted).is_some(),
        };
        if sound { TokenKind::Prefixed(prefix) } else { TokenKind::Defect(Defect::BadEscape) }
    }

    fn string(&mut self, escapes: bool) -> TokenKind {
        let start = self.at;
        if !self.quoted(self.byte(0), escapes) {
            return TokenKind::Defect(Defect::UnterminatedString);
        }
        let quoted = self.source.text.get(start..self.at).unwrap_or_default();
        if cook_string(quoted, self.source.profile.escapes()).is_none() {
            return TokenKind::Defect(Defect::BadEscape);
        }
        TokenKind::String
    }

    /// Walks over quoted text; whether it ends. A doubled quote does not end it.
    fn quoted(&mut self, quote: u8, escapes: bool) -> bool {
        self.at += 1;
        while let Some(&byte) = self.text.get(self.at) {
            if byte == quote {
                if self.byte(1) != quote {
                    self.at += 1;
                    return true;
                }
                self.at += 2;
            } else if byte == b'\\' && escapes {
                self.at = (self.at + 2).min(self.text.len());
            } else {
                self.at += 1;
            }
        }
        self.at = self.text.len();
        false
    }

    /// `$$` or `$tag$` here.
    fn dollar_tag(&self) -> Option<&'a str> {
        let inner = self.rest().get(1..)?;
        let end = inner.find('$')?;
        let tag = inner.get(..end)?;
        let is_tag = tag.bytes().all(is_name_part) && !tag.starts_with(|c: char| c.is_ascii_digit());
        if is_tag { self.rest().get(..end + 2) } else { None }
    }

    fn dollar_string(&mut self) -> TokenKind {
        let Some(tag) = self.dollar_tag() else { return self.symbol() };
        self.at += tag.len();
        match self.rest().find(tag) {
            Some(end) => {
                self.at += end + tag.len();
                TokenKind::DollarString
            }
            None => {
                self.at = self.text.len();
                TokenKind::Defect(Defect::UnterminatedString)
            }
        }
    }

    fn symbol(&mut self) -> TokenKind {
        if let Some(operator) = OPERATORS.iter().find(|operator| self.rest().starts_with(**operator)) {
            self.at += operator.len();
            return TokenKind::Symbol;
        }
        let byte = self.byte(0);
        self.at += 1;
        if b"+-*/%=<>[]{}:!~&|^#@?\\$".contains(&byte) {
            TokenKind::Symbol
        } else {
            TokenKind::Defect(Defect::UnexpectedCharacter)
        }
    }
}

#[cfg(test)]
mod tests;
