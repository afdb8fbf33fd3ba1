//! The place in a body at which it is read, and how far a name or a text reaches.

use crate::{Fault, Reason};
use std::borrow::Cow;

/// A place in a body. Every place that is kept lies between characters: what ends anything is
/// ASCII.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    body: &'a str,
    at: usize,
    /// Where the point's line begins, and its number.
    line_start: usize,
    line: usize,
    /// Line ends that were seen before `counted`.
    next_line: usize,
    counted: usize,
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(body: &'a str) -> Self {
        Self { body, at: 0, line_start: 0, line: 0, next_line: 1, counted: 0 }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.body.as_bytes().get(at).copied()
    }

    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.body.get(from..to).unwrap_or_default()
    }

    fn is_line_end(&self, at: usize) -> bool {
        match self.byte(at) {
            None | Some(b'\n') => true,
            Some(b'\r') => matches!(self.byte(at + 1), None | Some(b'\n')),
            Some(_) => false,
        }
    }

    /// Goes to the next line that may hold a point; false at the end of the body.
    pub(super) fn begin_line(&mut self) -> bool {
        loop {
            let start = self.at;
            self.skip_blanks();
            if self.at >= self.body.len() {
                return false;
            }
            if !self.at_line_end() && !self.is_at(b'#') {
                self.count_lines();
                (self.line_start, self.line) = (start, self.next_line);
                return true;
            }
            self.end_line();
        }
    }

    /// Goes behind the end of the line at which the cursor stands.
    pub(super) fn end_line(&mut self) {
        let rest = self.body.as_bytes().get(self.at..).unwrap_or_default();
        self.at = rest.iter().position(|byte| *byte == b'\n').map_or(self.body.len(), |found| self.at + found + 1);
    }

    fn count_lines(&mut self) {
        let passed = self.body.as_bytes().get(self.counted..self.at).unwrap_or_default();
        self.next_line += passed.iter().filter(|byte| **byte == b'\n').count();
        self.counted = self.at;
    }

    /// The number of the point's line.
    pub(super) const fn line(&self) -> usize {
        self.line
    }

    /// What was read of the point, or the rest of its line behind a fault with it.
    pub(super) fn line_text(&self) -> &'a str {
        self.slice(self.line_start, self.at).trim_end_matches(' ')
    }

    /// A fault at this place.
    pub(super) fn fault(&self, reason: Reason) -> Fault<'a> {
        let column = self.slice(self.line_start, self.at).chars().count() + 1;
        let mut end = self.at;
        while !self.is_line_end(end) {
            end += 1;
        }
        Fault { line: self.line, column, reason, text: self.slice(self.line_start, end) }
    }

    pub(super) const fn mark(&self) -> usize {
        self.at
    }

    pub(super) const fn back_to(&mut self, mark: usize) {
        self.at = mark;
    }

    pub(super) fn is_at(&self, byte: u8) -> bool {
        self.byte(self.at) == Some(byte)
    }

    pub(super) fn at_line_end(&self) -> bool {
        self.is_line_end(self.at)
    }

    /// Goes over a byte if it stands here.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.is_at(byte);
        self.at += usize::from(found);
        found
    }

    pub(super) fn skip_blanks(&mut self) {
        while self.take(b' ') {}
    }

    /// Everything up to an unescaped one of these bytes, or the line's end.
    pub(super) fn take_until(&mut self, ends: &[u8]) -> &'a str {
        let start = self.at;
        while let Some(byte) = self.byte(self.at) {
            if ends.contains(&byte) || (matches!(byte, b'\n' | b'\r') && self.at_line_end()) {
                break;
            }
            let escapes = byte == b'\\' && self.byte(self.at + 1).is_some_and(|next| ends.contains(&next));
            self.at += if escapes { 2 } else { 1 };
        }
        self.slice(start, self.at)
    }

    /// Everything up to the closing quote, which is gone over too; `None`, and nothing is gone
    /// over, if there is none.
    pub(super) fn take_quoted(&mut self) -> Option<&'a str> {
        let mut at = self.at;
        loop {
            match self.byte(at)? {
                b'"' => {
                    let inner = self.slice(self.at, at);
                    self.at = at + 1;
                    return Some(inner);
                }
                b'\\' if matches!(self.byte(at + 1), Some(b'"' | b'\\')) => at += 2,
                _ => at += 1,
            }
        }
    }
}

/// A name without the backslashes that take away the meaning of these bytes.
pub(super) fn unescaped<'a>(name: &'a str, special: &[u8]) -> Cow<'a, str> {
    if !name.contains('\\') {
        return Cow::Borrowed(name);
    }
    let mut plain = String::with_capacity(name.len());
    let mut characters = name.chars().peekable();
    while let Some(character) = characters.next() {
        let escapes = character == '\\'
            && characters.peek().is_some_and(|next| u8::try_from(*next).is_ok_and(|next| special.contains(&next)));
        plain.push(if escapes { characters.next().unwrap_or_default() } else { character });
    }
    Cow::Owned(plain)
}
