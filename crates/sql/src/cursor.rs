//! A cursor over tokens for statements that are parsed by hand.

use crate::{Token, TokenKind, Tokens};
use model::{Error, Result};

/// Walks over a run of tokens. Every `accept_` moves on only if what it looks for is there, every
/// `expect_` fails with a syntax error at the token that stands there instead.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    tokens: Tokens<'a>,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// A cursor before the first token.
    #[must_use]
    pub const fn new(tokens: Tokens<'a>) -> Self {
        Self { tokens, at: 0 }
    }

    /// All tokens, those passed too.
    #[must_use]
    pub const fn tokens(&self) -> Tokens<'a> {
        self.tokens
    }

    /// How many tokens were passed.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.at
    }

    /// The tokens that are left.
    #[must_use]
    pub fn rest(&self) -> Tokens<'a> {
        self.tokens.part(self.at, self.tokens.len())
    }

    /// Whether no token is left.
    #[must_use]
    pub const fn is_at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// The next token.
    #[must_use]
    pub fn peek(&self) -> Option<Token> {
        self.tokens.tokens.get(self.at).copied()
    }

    /// The text of the next token as written; empty at the end.
    #[must_use]
    pub fn peek_text(&self) -> &'a str {
        self.peek().map_or("", |token| self.tokens.text(token))
    }

    /// Whether the next token is that word.
    #[must_use]
    pub fn is_word(&self, word: &str) -> bool {
        self.tokens.is_word(self.at, word)
    }

    /// Whether the token `ahead` tokens behind the next one is that word.
    #[must_use]
    pub fn is_word_ahead(&self, ahead: usize, word: &str) -> bool {
        self.tokens.is_word(self.at + ahead, word)
    }

    /// Whether the next tokens are those words.
    #[must_use]
    pub fn are_words(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(i, word)| self.is_word_ahead(i, word))
    }

    /// Whether the next token is of that kind.
    #[must_use]
    pub fn is_kind(&self, kind: TokenKind) -> bool {
        self.tokens.is_kind(self.at, kind)
    }

    /// Whether the next token is that operator or bracket.
    #[must_use]
    pub fn is_symbol(&self, symbol: &str) -> bool {
        self.tokens.is_symbol(self.at, symbol)
    }

    /// Moves over one token, whatever it is.
    pub fn skip(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len());
    }

    /// Moves to an index of [`Cursor::tokens`].
    pub fn seek(&mut self, index: usize) {
        self.at = index.min(self.tokens.len());
    }

    /// Moves over that word if it is next.
    pub fn accept_word(&mut self, word: &str) -> bool {
        self.accept(self.is_word(word))
    }

    /// Moves over those words if all of them are next.
    pub fn accept_words(&mut self, words: &[&str]) -> bool {
        let found = self.are_words(words);
        if found {
            self.at += words.len();
        }
        found
    }

    /// Moves over one of those words if it is next, and tells which.
    pub fn accept_one_of(&mut self, words: &[&'static str]) -> Option<&'static str> {
        words.iter().copied().find(|word| self.accept_word(word))
    }

    /// Moves over a token of that kind if it is next.
    pub fn accept_kind(&mut self, kind: TokenKind) -> bool {
        self.accept(self.is_kind(kind))
    }

    /// Moves over that operator or bracket if it is next.
    pub fn accept_symbol(&mut self, symbol: &str) -> bool {
        self.accept(self.is_symbol(symbol))
    }

    fn accept(&mut self, found: bool) -> bool {
        self.at += usize::from(found);
        found
    }

    /// Moves over that word.
    ///
    /// # Errors
    /// A syntax error if it is not next; so for every `expect_` here.
    pub fn expect_word(&mut self, word: &str) -> Result<()> {
        self.require(self.is_word(word), || format!("expected {}", word.to_uppercase()))
    }

    /// Moves over those words.
    ///
    /// # Errors
    /// A syntax error at the first that is not there.
    pub fn expect_words(&mut self, words: &[&str]) -> Result<()> {
        words.iter().try_for_each(|word| self.expect_word(word))
    }

    /// Moves over one of those words and tells which.
    ///
    /// # Errors
    /// A syntax error if none of them is next.
    pub fn expect_one_of(&mut self, words: &[&'static str]) -> Result<&'static str> {
        match self.accept_one_of(words) {
            Some(word) => Ok(word),
            None => Err(self.error(format!("expected {}", words.join(", ").to_uppercase()))),
        }
    }

    /// Moves over a token of that kind.
    ///
    /// # Errors
    /// A syntax error that says what was expected, if none is next.
    pub fn expect_kind(&mut self, kind: TokenKind, expected: &str) -> Result<Token> {
        match self.peek() {
            Some(token) if token.kind == kind => {
                self.at += 1;
                Ok(token)
            }
            _ => Err(self.error(format!("expected {expected}"))),
        }
    }

    /// Moves over that operator or bracket.
    ///
    /// # Errors
    /// A syntax error if it is not next.
    pub fn expect_symbol(&mut self, symbol: &str) -> Result<()> {
        self.require(self.is_symbol(symbol), || format!("expected {symbol}"))
    }

    fn require(&mut self, found: bool, reason: impl FnOnce() -> String) -> Result<()> {
        if !found {
            return Err(self.error(reason()));
        }
        self.at += 1;
        Ok(())
    }

    /// Moves over a word or a quoted name; its name after folding, and whether it was quoted.
    ///
    /// # Errors
    /// A syntax error if neither is next.
    pub fn expect_name(&mut self, expected: &str) -> Result<(String, bool)> {
        match self.peek() {
            Some(token) if matches!(token.kind, TokenKind::Word | TokenKind::QuotedName) => {
                self.at += 1;
                Ok((self.tokens.cooked(token).into_owned(), token.kind == TokenKind::QuotedName))
            }
            _ => Err(self.error(format!("expected {expected}"))),
        }
    }

    /// Moves over a string; its text.
    ///
    /// # Errors
    /// A syntax error if none is next.
    pub fn expect_string(&mut self, expected: &str) -> Result<String> {
        use crate::StringPrefix::Escaped;
        match self.peek() {
            Some(token) if matches!(token.kind, TokenKind::String | TokenKind::Prefixed(Escaped)) => {
                self.at += 1;
                Ok(self.tokens.cooked(token).into_owned())
            }
            _ => Err(self.error(format!("expected {expected}"))),
        }
    }

    /// Moves over a whole number that fits.
    ///
    /// # Errors
    /// A syntax error if none is next.
    pub fn expect_integer(&mut self, expected: &str) -> Result<u64> {
        match self.peek() {
            Some(token) if token.kind == TokenKind::Integer => match self.tokens.text(token).parse() {
                Ok(number) => {
                    self.at += 1;
                    Ok(number)
                }
                Err(_) => Err(self.error("the number is too large")),
            },
            _ => Err(self.error(format!("expected {expected}"))),
        }
    }

    /// Moves over a parenthesis, what is inside it, and the one that closes it; what is inside.
    ///
    /// # Errors
    /// A syntax error if no parenthesis is next, or it is never closed.
    pub fn expect_group(&mut self, expected: &str) -> Result<Tokens<'a>> {
        if !self.is_kind(TokenKind::OpenParenthesis) {
            return Err(self.error(format!("expected {expected}")));
        }
        let Some(close) = self.tokens.closing(self.at) else {
            return Err(self.tokens.error(self.tokens.len(), "a parenthesis is not closed"));
        };
        let inside = self.tokens.part(self.at + 1, close);
        self.at = close + 1;
        Ok(inside)
    }

    /// Moves to the next token outside parentheses and brackets for which `stop` holds, or to the
    /// end; what was passed.
    pub fn take_until(&mut self, stop: impl Fn(&Self) -> bool) -> Tokens<'a> {
        let start = self.at;
        let mut depth = 0_usize;
        while let Some(token) = self.peek() {
            if depth == 0 && stop(self) {
                break;
            }
            match token.kind {
                TokenKind::OpenParenthesis => depth += 1,
                TokenKind::CloseParenthesis => depth = depth.saturating_sub(1),
                TokenKind::Symbol if self.is_symbol("[") => depth += 1,
                TokenKind::Symbol if self.is_symbol("]") => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
        }
        self.tokens.part(start, self.at)
    }

    /// Reads items with commas between them.
    ///
    /// # Errors
    /// Those of `item`.
    pub fn comma_separated<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.accept_kind(TokenKind::Comma) {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// Makes sure that nothing is left.
    ///
    /// # Errors
    /// A syntax error at the first token left.
    pub fn expect_end(&self) -> Result<()> {
        if self.is_at_end() { Ok(()) } else { Err(self.error("expected the end of the statement")) }
    }

    /// A syntax error at the next token.
    #[must_use]
    pub fn error(&self, reason: impl Into<String>) -> Error {
        self.tokens.error(self.at, reason)
    }
}

#[cfg(test)]
mod tests {
    use super::Cursor;
    use crate::{TokenKind, Tokens, fixture, tokenize};
    use model::{ErrorKind, TextPosition};

    #[test]
    fn leftovers_and_ends_are_errors_with_positions() {
        let source = fixture::source("表 foo (a, (b)),\n \"Q\" 7");
        let tokens = tokenize(source).unwrap();
        let mut cursor = Cursor::new(Tokens { source, tokens: &tokens, next: None });
        assert_eq!(cursor.expect_name("a name").unwrap(), ("表".to_owned(), false));
        assert!(!cursor.accept_words(&["foo", "bar"]));
        assert!(cursor.accept_word("FOO"));
        let inside = cursor.expect_group("columns").unwrap();
        assert_eq!(inside.len(), 5);
        assert!(cursor.accept_kind(TokenKind::Comma));
        let error = cursor.expect_end().unwrap_err();
        assert_eq!(error.position, Some(TextPosition { line: 2, column: 2 }));
        assert_eq!(cursor.expect_name("a name").unwrap(), ("Q".to_owned(), true));
        assert_eq!(cursor.expect_integer("a number").unwrap(), 7);
        let error = cursor.expect_word("end").unwrap_err();
        assert!(matches!(*error.kind, ErrorKind::Syntax { ref near, .. } if near.is_empty()));
        assert_eq!(error.position, Some(TextPosition { line: 2, column: 7 }));
    }
}
