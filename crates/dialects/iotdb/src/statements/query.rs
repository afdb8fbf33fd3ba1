//! `SELECT` and its like: the syntax tree rewritten, handed to the engine, the rows as they come.

use crate::context::Context;
use crate::error::{Failure, Result, worded};
use crate::information_schema::SchemaTables;
use crate::names;
use crate::select::{self, Meaning};
use crate::statements::show::{answer, texts};
use ::query::RowStream;
use ::sql::{ast, tree};
use catalog::Catalog;
use engine::QueryRequest;
use futures::StreamExt as _;
use model::{DatabaseId, Table};
use std::sync::Arc;

/// The database of names without one.
fn current_database(context: &Context, catalog: &Catalog) -> Result<Option<DatabaseId>> {
    let found = context.database().map(|name| names::database(catalog, name)).transpose()?;
    Ok(found.flatten().map(|database| database.id))
}

/// Runs a query.
///
/// # Errors
/// Whatever is wrong with it.
pub(crate) async fn run(context: &Context, mut query: Box<ast::Query>, text: &str) -> Result<RowStream> {
    let catalog = context.catalog();
    select::rewrite(&mut query, &Meaning::new(context, &catalog))?;
    let database = current_database(context, &catalog)?;
    let mut request = assembled(context, ast::Statement::Query(query), database, text);
    request.own_tables = Some(Arc::new(SchemaTables::new(context)?));
    Ok(context.engine().query(context.caller(), request).await?)
}

/// Runs EXPLAIN.
///
/// # Errors
/// Whatever is wrong with the query.
pub(crate) async fn explain(
    context: &Context,
    mut query: Box<ast::Query>,
    analyze: bool,
    text: &str,
) -> Result<RowStream> {
    let catalog = context.catalog();
    select::rewrite(&mut query, &Meaning::new(context, &catalog))?;
    let database = current_database(context, &catalog)?;
    let statement = tree::explain(ast::Statement::Query(query), analyze, false);
    let mut request = assembled(context, statement, database, text);
    request.own_tables = Some(Arc::new(SchemaTables::new(context)?));
    let mut stream = context.engine().query(context.caller(), request).await?;
    let mut lines = Vec::new();
    while let Some(batch) = stream.batches.next().await {
        let batch = batch?;
        let Some(plans) = batch.columns().last() else { continue };
        for plan in
            arrow::array::AsArray::as_string_opt::<i32>(plans).into_iter().flat_map(|plans| plans.iter()).flatten()
        {
            lines.extend(plan.lines().map(|line| Some(names::plain(line).to_owned())));
        }
    }
    answer(vec![texts(if analyze { "Explain Analyze" } else { "distribution plan" }, lines)])
}

/// A request with a statement that is rewritten already.
pub(crate) fn assembled(
    context: &Context,
    statement: ast::Statement,
    database: Option<DatabaseId>,
    text: &str,
) -> QueryRequest {
    QueryRequest {
        profile: context.door().profile.clone(),
        statement,
        database,
        own_tables: None,
        time_zone: context.zone().name().to_owned(),
        text: text.to_owned(),
        timeout: None,
    }
}

/// What a statement on one table is planned with: the engine plans its own statement over it.
pub(crate) fn surroundings(context: &Context, table: &Table, text: &str) -> QueryRequest {
    assembled(context, tree::no_statement(), Some(table.database), text)
}

/// The id of a running query as the vendor prints it.
pub(crate) fn query_id(id: u64) -> String {
    format!("00000000_000000_{id:05}_1")
}

/// KILL QUERY
pub(crate) fn kill(context: &Context, id: &str) -> Result<()> {
    let mut parts = id.split('_');
    let number = match (parts.next(), parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(_), Some(_), Some(number), Some(_), None) => number.parse::<u64>().ok(),
        _ => None,
    };
    let Some(number) = number else { return Err(worded("Please ensure your input <queryId> is correct")) };
    let missing = || Failure::new(714, "No such query");
    let queries = context.engine().queries();
    let running = queries.running().into_iter().find(|running| running.id == number).ok_or_else(missing)?;
    if running.label.user != context.caller().name {
        context.require_system()?;
    }
    if queries.cancel(number) { Ok(()) } else { Err(missing()) }
}

/// KILL ALL QUERIES
pub(crate) fn kill_all(context: &Context) -> Result<()> {
    context.require_system()?;
    let queries = context.engine().queries();
    for running in queries.running() {
        queries.cancel(running.id);
    }
    Ok(())
}
