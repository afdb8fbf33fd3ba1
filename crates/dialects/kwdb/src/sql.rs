//! KWDB's SQL: its tokens, clause table, types and statements on top of the shared grammar.
//!
//! [`parse`] cuts a request's text into statements and parses each on its own, so that a bad one
//! does not spoil the others. Nothing here knows of tables that exist: names are only folded.

mod error_text;
mod parse;
pub mod statement;
mod tokens;
pub mod types;

pub use ::sql::ast;
pub use error_text::syntax_error_text;
pub use statement::{ParsedStatement, Statement, StatementKind};
pub(crate) use tokens::RESERVED;
pub use types::ColumnType;

/// Cuts a request's text at `;` into statements and parses each. Blank pieces are left out.
#[must_use]
pub fn parse(text: &str) -> Vec<ParsedStatement> {
    parse::parse(text)
}

/// Parses one scalar expression, such as a default that the catalogue keeps as text.
///
/// # Errors
/// [`model::ErrorKind::Syntax`] with a position in the text.
pub fn parse_expression(text: &str) -> model::Result<ast::Expr> {
    parse::parse_expression(text)
}

/// Parses a type as a column's definition has it, such as one that the catalogue keeps as text.
///
/// # Errors
/// [`model::ErrorKind::Syntax`] with a position in the text.
pub fn parse_type(text: &str) -> model::Result<ColumnType> {
    parse::parse_type(text)
}

#[cfg(test)]
mod tests;
