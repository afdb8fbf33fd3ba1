//! Queries.

use super::tokens::{CLAUSES, OUTFILE};
use model::{Error, ErrorKind, Result};
use sql::{Clause, ClauseKind, ClauseTable, Grammar, QueryParser, QueryPlace, Tokens, ast};

#[derive(Debug, Default)]
struct Queries;

impl Grammar for Queries {
    fn clauses(&self) -> &'static ClauseTable {
        &CLAUSES
    }

    fn vendor_clause(_: &mut QueryParser<'_, Self>, clause: &Clause<'_>, _: QueryPlace) -> Result<()> {
        if clause.kind == ClauseKind::Vendor(OUTFILE) {
            let reason = "/api/v1/sql does not support a query with OUTFILE clause".to_owned();
            return Err(Error::new(ErrorKind::InvalidStatement { reason }));
        }
        Err(Error::unsupported("QUALIFY"))
    }
}

/// A query that is a whole statement.
pub(super) fn query(tokens: Tokens<'_>) -> Result<Box<ast::Query>> {
    QueryParser::new(&mut Queries).parse_query(tokens).map(Box::new)
}
