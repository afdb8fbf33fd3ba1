//! The rows of `INSERT .. VALUES`: flat, without an allocation per value.

use sql::ast;
use std::ops::Range;
use std::sync::Arc;

/// One value of a row as it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// `NULL`
    Null,
    /// `DEFAULT`
    Default,
    /// `true` or `false`
    Boolean(bool),
    /// An integer of any size: digits, with `-` before them if negative.
    Integer(&'a str),
    /// A number with a point or an exponent, with `-` before it if negative.
    Decimal(&'a str),
    /// A string in single quotes, escapes resolved.
    Text(&'a str),
    /// A word in double quotes: an identifier, or what a user meant as a string.
    QuotedWord(&'a str),
    /// `b'..'` and `x'..'`
    Bytes(&'a [u8]),
    /// Everything else: casts, functions such as `now()`, arithmetic, bare words.
    Expression(&'a ast::Expr),
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) enum Cell {
    Null,
    Default,
    Boolean(bool),
    Integer(TextRange),
    Decimal(TextRange),
    Text(TextRange),
    QuotedWord(TextRange),
    /// A range of `cooked_bytes`.
    Bytes(TextRange),
    /// An index into `expressions`.
    Expression(u32),
}

/// A range of the text that the rows came from, or of the cooked text behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) struct TextRange {
    pub(in crate::sql) start: u32,
    pub(in crate::sql) end: u32,
    /// Whether it is of the cooked text.
    pub(in crate::sql) cooked: bool,
}

/// The rows of `INSERT .. VALUES`. Rows may differ in width: execution checks.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueRows {
    pub(in crate::sql) text: Arc<str>,
    /// Strings whose escapes had to be resolved, one behind the other.
    pub(in crate::sql) cooked: String,
    pub(in crate::sql) cooked_bytes: Vec<u8>,
    pub(in crate::sql) cells: Vec<Cell>,
    pub(in crate::sql) row_ends: Vec<u32>,
    pub(in crate::sql) expressions: Vec<ast::Expr>,
}

impl ValueRows {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.row_ends.len()
    }

    /// Whether there is none; never so after parsing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.row_ends.is_empty()
    }

    fn range(&self, row: usize) -> Range<usize> {
        let start = match row.checked_sub(1) {
            Some(previous) => self.row_ends.get(previous).copied().unwrap_or_default(),
            None => 0,
        };
        let end = self.row_ends.get(row).copied().unwrap_or(start);
        start as usize..end as usize
    }

    /// How many values a row has; 0 beyond the last row.
    #[must_use]
    pub fn width(&self, row: usize) -> usize {
        self.range(row).len()
    }

    /// The values of a row, in order; nothing beyond the last row.
    pub fn row(&self, row: usize) -> impl Iterator<Item = Value<'_>> {
        self.cells.get(self.range(row)).unwrap_or_default().iter().map(|cell| self.value(cell))
    }

    /// One value of a row.
    #[must_use]
    pub fn get(&self, row: usize, column: usize) -> Option<Value<'_>> {
        self.cells.get(self.range(row))?.get(column).map(|cell| self.value(cell))
    }

    /// The expressions among the values, in order, such as for a walk over the names in them.
    #[must_use]
    pub fn expressions(&self) -> &[ast::Expr] {
        &self.expressions
    }

    fn text(&self, range: TextRange) -> &str {
        let text: &str = if range.cooked { &self.cooked } else { &self.text };
        text.get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    fn value(&self, cell: &Cell) -> Value<'_> {
        match *cell {
            Cell::Null => Value::Null,
            Cell::Default => Value::Default,
            Cell::Boolean(value) => Value::Boolean(value),
            Cell::Integer(range) => Value::Integer(self.text(range)),
            Cell::Decimal(range) => Value::Decimal(self.text(range)),
            Cell::Text(range) => Value::Text(self.text(range)),
            Cell::QuotedWord(range) => Value::QuotedWord(self.text(range)),
            Cell::Bytes(range) => {
                Value::Bytes(self.cooked_bytes.get(range.start as usize..range.end as usize).unwrap_or_default())
            }
            Cell::Expression(index) => match self.expressions.get(index as usize) {
                Some(expression) => Value::Expression(expression),
                None => Value::Null,
            },
        }
    }
}
