//! `SELECT` and `EXPLAIN` of one.

use crate::context::Context;
use crate::select;
use ::query::RowStream;
use ::sql::{ast, tree};
use arrow::record_batch::RecordBatch;
use engine::QueryRequest;
use futures::StreamExt as _;
use model::{Error, ErrorKind, Result};

/// Starts a query.
///
/// # Errors
/// Whatever is wrong with it.
pub(crate) async fn run(context: &Context, query: Box<ast::Query>, text: &str) -> Result<RowStream> {
    start(context, ast::Statement::Query(query), text).await
}

/// The plan of a query, as rows.
///
/// # Errors
/// Whatever is wrong with it.
pub(crate) async fn explain(context: &Context, query: Box<ast::Query>, text: &str) -> Result<Vec<RecordBatch>> {
    let statement = tree::explain(ast::Statement::Query(query), false, false);
    let mut stream = start(context, statement, text).await?;
    let mut batches = Vec::new();
    while let Some(batch) = stream.batches.next().await {
        batches.push(batch?);
    }
    Ok(batches)
}

async fn start(context: &Context, mut statement: ast::Statement, text: &str) -> Result<RowStream> {
    let catalog = context.catalog();
    select::rewrite(&mut statement, context, &catalog)?;
    let database = context.database.as_ref().and_then(|name| catalog.database_named(name)).map(|found| found.id);
    let request = QueryRequest {
        profile: context.door.profile.clone(),
        statement,
        database,
        own_tables: None,
        time_zone: context.variables.zone.name().to_owned(),
        text: text.to_owned(),
        timeout: context.variables.timeout,
    };
    let without_database = request.database.is_none();
    context.engine().query(&context.caller, request).await.map_err(|error| match error.kind.as_ref() {
        // A name of one part is looked up in the database of the path.
        ErrorKind::TableNotFound { table } if without_database && !table.contains('.') => {
            Error::new(ErrorKind::InvalidStatement { reason: "No database selected".to_owned() })
        }
        _ => error,
    })
}
