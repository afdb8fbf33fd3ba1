//! Statements as users write them, and what becomes of them.

mod any_text;
mod foreign;
mod kinds;
mod queries;
mod schema;
mod users;
mod writes;

use super::{Statement, parse, syntax_error_text};
use model::TextPosition;

/// The one statement of a text.
#[track_caller]
fn one(text: &str) -> Statement {
    let mut parsed = parse(text);
    assert_eq!(parsed.len(), 1, "{text}");
    parsed.remove(0).statement.unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// What KWDB says of a text that does not parse, and where.
#[track_caller]
fn refusal(text: &str) -> (String, TextPosition) {
    match parse(text).into_iter().find_map(|parsed| parsed.statement.err()) {
        Some(error) => (syntax_error_text(&error).unwrap_or_else(|| error.to_string()), error.position.unwrap()),
        None => panic!("{text} parses"),
    }
}

#[track_caller]
fn near(text: &str) -> String {
    refusal(text).0
}
