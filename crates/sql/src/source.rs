//! The text of a request, and positions in it.

use crate::TokenProfile;
use model::TextPosition;

/// The text of a request with the profile that it is read by. Offsets are bytes of this text, even
/// after it was split into statements.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The whole text.
    pub text: &'a str,
    /// How it falls into tokens.
    pub profile: &'static TokenProfile,
}

impl<'a> Source<'a> {
    /// The text between two offsets; empty where they are not character boundaries.
    #[must_use]
    pub fn slice(&self, start: u32, end: u32) -> &'a str {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    /// Line and column of an offset, in characters from 1.
    #[must_use]
    pub fn position(&self, offset: u32) -> TextPosition {
        let mut cursor = PositionCursor::new(*self);
        cursor.advance(offset)
    }
}

/// Positions of offsets that only grow, in one walk over the text.
#[derive(Debug)]
pub(crate) struct PositionCursor<'a> {
    source: Source<'a>,
    offset: usize,
    line: u32,
    column: u32,
}

impl<'a> PositionCursor<'a> {
    pub(crate) fn new(source: Source<'a>) -> Self {
        Self { source, offset: 0, line: 1, column: 1 }
    }

    /// The position of an offset; starts again from the beginning when it lies behind.
    pub(crate) fn advance(&mut self, offset: u32) -> TextPosition {
        let offset = offset as usize;
        if offset < self.offset {
            *self = Self::new(self.source);
        }
        let walked = self.source.text.as_bytes().get(self.offset..offset).unwrap_or_default();
        for byte in walked {
            if *byte == b'\n' {
                self.line += 1;
                self.column = 1;
            } else if byte & 0xC0 != 0x80 {
                // Every byte but the continuation bytes of UTF-8 begins a character.
                self.column += 1;
            }
        }
        self.offset = offset.min(self.source.text.len());
        TextPosition { line: self.line, column: self.column }
    }
}
