//! What stands inside one clause, read by sqlparser: errors get our positions, leftovers are errors,
//! stubs are replaced by what they stand for.

use crate::dialect::ClauseDialect;
use crate::guard::Guard;
use crate::nesting::check_nesting;
use crate::source::PositionCursor;
use crate::stub::{Nested, Piece, convert, location};
use crate::{ClauseTable, Tokens};
use model::{Error, Result};
use sqlparser::ast::{DataType, Expr, Query, VisitMut};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token as Parsed};
use std::ops::ControlFlow;

/// How deep expressions may nest inside one clause.
const DEPTH_MAX: usize = 64;

/// Parses one scalar expression that holds no query.
///
/// # Errors
/// [`model::ErrorKind::Syntax`] with a position.
pub fn parse_expression(tokens: Tokens<'_>, table: &'static ClauseTable) -> Result<Expr> {
    check_nesting(tokens)?;
    let piece = convert(tokens, false, &mut NothingNested)?;
    run(piece, table, |p| p.parse_expr())
}

/// Parses the name of a type, as a cast has it.
///
/// # Errors
/// [`model::ErrorKind::Syntax`] with a position.
pub fn parse_data_type(tokens: Tokens<'_>, table: &'static ClauseTable) -> Result<DataType> {
    check_nesting(tokens)?;
    let piece = convert(tokens, false, &mut NothingNested)?;
    run(piece, table, |p| p.parse_data_type())
}

struct NothingNested;

impl Nested for NothingNested {
    fn query(&mut self, inside: Tokens<'_>) -> Result<Query> {
        Err(inside.error(0, "no query may stand here"))
    }

    fn bracketed(&mut self, inside: Tokens<'_>) -> Result<String> {
        Err(inside.error(0, "no brackets may stand here"))
    }
}

/// Lets sqlparser read all of a piece.
pub(crate) fn run<T: VisitMut>(
    mut piece: Piece<'_>,
    table: &'static ClauseTable,
    read: impl FnOnce(&mut Parser<'_>) -> Result<T, ParserError>,
) -> Result<T> {
    let dialect = ClauseDialect { table };
    let tokens = std::mem::take(&mut piece.tokens);
    let mut parser = Parser::new(&dialect).with_recursion_limit(DEPTH_MAX).with_tokens_with_locations(tokens);
    let mut read = read(&mut parser).map_err(|error| translate(piece.part, &error))?;
    let left = parser.peek_token_ref();
    if left.token != Parsed::EOF {
        return Err(at(piece.part, left.span.start, "the statement does not go on like this"));
    }
    let mut guard = Guard { part: piece.part, queries: piece.queries };
    match read.visit(&mut guard) {
        ControlFlow::Continue(()) => Ok(read),
        ControlFlow::Break(error) => Err(*error),
    }
}

/// sqlparser's error, which is text, as ours.
fn translate(part: Tokens<'_>, error: &ParserError) -> Error {
    let text = match error {
        ParserError::RecursionLimitExceeded => {
            return part.error(0, format!("the expression is nested deeper than {DEPTH_MAX} levels"));
        }
        ParserError::ParserError(text) | ParserError::TokenizerError(text) => text,
    };
    let (message, place) = match text.rsplit_once(" at Line: ") {
        Some((message, place)) => (message, parse_location(place)),
        None => (text.as_str(), None),
    };
    let message = message.split_once(", found: ").map_or(message, |(message, _)| message);
    let reason = match message.strip_prefix("Expected: ") {
        Some(expected) => format!("expected {expected}"),
        None => message.to_owned(),
    };
    match place {
        Some(place) => at(part, place, reason),
        None => part.error(part.len(), reason),
    }
}

fn parse_location(place: &str) -> Option<Location> {
    let (line, column) = place.split_once(", Column: ")?;
    Some(Location { line: line.parse().ok()?, column: column.parse().ok()? })
}

/// A syntax error at the token that begins at a location.
pub(crate) fn at(part: Tokens<'_>, place: Location, reason: impl Into<String>) -> Error {
    let mut positions = PositionCursor::new(part.source);
    let found = part.tokens.iter().find(|token| location(positions.advance(token.start)) == place);
    match found {
        Some(token) => part.error_at(*token, reason),
        None => part.error(part.len(), reason),
    }
}

#[cfg(test)]
mod tests;
