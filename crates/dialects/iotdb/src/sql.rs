//! IoTDB's SQL: its tokens, clause table and statements on top of the shared grammar.
//!
//! A request holds one statement without a separator behind it. Nothing here knows of tables that
//! exist: names are only folded.

mod error_text;
mod lexis;
mod parse;
pub(crate) mod statement;
mod tokens;

pub(crate) use ::sql::ast;
pub(crate) use lexis::{Special, special};
pub(crate) use parse::printed;
pub(crate) use statement::{Endpoint, Statement};
pub(crate) use tokens::RESERVED;

use crate::error::{Failure, Result};
use axum::http::StatusCode;

/// Parses the statement of a request.
///
/// # Errors
/// The vendor's 700 with line and column; 413 for one longer than `limit` bytes.
pub(crate) fn parse(text: &str, limit: usize) -> Result<Statement> {
    if text.len() > limit {
        let message = format!("the statement is larger than the limit of {limit} bytes");
        return Err(Failure::http(StatusCode::PAYLOAD_TOO_LARGE, message));
    }
    parse::statement(text).map_err(|error| error_text::failure(text, &error))
}

/// A query of this program's own.
///
/// # Errors
/// A text that is no query.
pub(crate) fn template(text: &str) -> Result<Box<ast::Query>> {
    match parse(text, text.len())? {
        Statement::Query(query) => Ok(query),
        _ => Err(model::Error::internal("a template is no query").into()),
    }
}

/// The vendor's 700 at a place of a text, for what only a rewrite finds out.
pub(crate) fn mismatched(line: u64, column: u64, token: &str) -> Failure {
    Failure::new(700, format!("line {line}:{column}: mismatched input '{token}'. Expecting: <expression>"))
}

#[cfg(test)]
mod tests;
