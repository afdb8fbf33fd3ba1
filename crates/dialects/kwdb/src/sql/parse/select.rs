//! Queries as statements.

use super::grammar::{KwdbGrammar, check_column_functions};
use crate::sql::statement::QueryStatement;
use model::Result;
use sql::{QueryParser, Tokens};

/// A query that is a whole statement, or the source of an INSERT.
pub(super) fn statement(tokens: Tokens<'_>) -> Result<QueryStatement> {
    check_column_functions(tokens)?;
    let mut grammar = KwdbGrammar::default();
    let query = Box::new(QueryParser::new(&mut grammar).parse_query(tokens)?);
    Ok(QueryStatement { query, fill: grammar.fill, bracket_sources: grammar.brackets })
}
