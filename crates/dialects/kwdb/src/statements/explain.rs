//! `EXPLAIN`: the plan as text, one line a row.

use super::query;
use crate::context::Context;
use crate::sql::statement::{Explain, Statement};
use ::query::RowStream;
use ::sql::ast;
use model::{Error, Result};

/// Explains a query.
///
/// # Errors
/// Whatever is wrong with the query; statements other than queries.
pub(crate) async fn run(context: &Context, explain: Explain, text: &str) -> Result<RowStream> {
    let Statement::Query(statement) = *explain.statement else {
        return Err(Error::unsupported("EXPLAIN of a statement other than SELECT"));
    };
    if statement.fill.is_some() {
        return Err(Error::unsupported("FILL"));
    }
    let own_tables = query::bracket_tables(context, &statement.bracket_sources).await?;
    let statement = ast::Statement::Explain {
        describe_alias: ast::DescribeAlias::Explain,
        analyze: explain.analyze,
        verbose: explain.options.iter().any(|option| option == "verbose"),
        query_plan: false,
        estimate: false,
        statement: Box::new(ast::Statement::Query(statement.query)),
        format: None,
        options: None,
    };
    let request = query::request(context, statement, own_tables, text)?;
    query::start(context, request).await
}
