//! `SELECT`: the syntax tree rewritten, handed to the engine, the rows as they come.

use crate::context::Context;
use crate::select;
use crate::sql::statement::{QueryStatement, Statement};
use crate::sql::{self, take_number};
use crate::system;
use ::query::RowStream;
use ::sql::ast::{self, Expr, SetExpr};
use ::sql::tree;
use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use engine::QueryRequest;
use futures::{StreamExt as _, stream};
use model::{Error, Result, Table};
use std::sync::Arc;

/// Runs a query.
///
/// # Errors
/// Whatever is wrong with it.
pub(crate) async fn run(context: &Context, statement: QueryStatement, text: &str) -> Result<RowStream> {
    let statement = select::rewrite(context, &context.catalog(), statement)?;
    context.engine().query(context.caller(), request(context, statement, text)).await
}

/// EXPLAIN: one column of text.
///
/// # Errors
/// Whatever is wrong with the query.
pub(super) async fn explain(
    context: &Context,
    statement: QueryStatement,
    analyze: bool,
    text: &str,
) -> Result<RowStream> {
    let statement = select::rewrite(context, &context.catalog(), statement)?;
    let statement = tree::explain(statement, analyze, false);
    let mut rows = context.engine().query(context.caller(), request(context, statement, text)).await?;
    let mut lines: Vec<String> = Vec::new();
    while let Some(batch) = rows.batches.next().await {
        let batch = batch?;
        let Some(plans) = batch.columns().get(1) else { continue };
        let plans = arrow::compute::cast(plans, &DataType::Utf8).map_err(Error::internal)?;
        let plans = arrow::array::AsArray::as_string::<i32>(&plans);
        lines.extend(plans.iter().flatten().flat_map(str::lines).map(str::to_owned));
    }
    let column: ArrayRef = Arc::new(StringArray::from(lines));
    one_column("QUERY_PLAN", column)
}

/// Rows of one column.
pub(super) fn one_column(name: &str, values: ArrayRef) -> Result<RowStream> {
    let schema = Arc::new(Schema::new(vec![Field::new(name, values.data_type().clone(), true)]));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![values]).map_err(Error::internal)?;
    Ok(RowStream { schema, batches: stream::iter([Ok(batch)]).boxed() })
}

/// A query of this program's own, as the grammar reads it.
///
/// # Errors
/// A text that is no query.
pub(crate) fn parsed(text: &str) -> Result<QueryStatement> {
    match sql::parse(text)?.statement {
        Statement::Query(query) => Ok(*query),
        _ => Err(Error::internal("no query")),
    }
}

/// Runs a query of this program's own over one stored table, with a condition that is rewritten
/// already.
///
/// # Errors
/// Whatever is wrong with the condition.
pub(super) async fn counted(context: &Context, own: &str, filter: Option<Expr>, text: &str) -> Result<RowStream> {
    let mut query = parsed(own)?.query;
    if let SetExpr::Select(select) = query.body.as_mut() {
        take_number(select);
        select.selection = filter;
    }
    let statement = ast::Statement::Query(Box::new(query));
    context.engine().query(context.caller(), request(context, statement, text)).await
}

/// A statement that is rewritten already, ready for the engine.
fn request(context: &Context, statement: ast::Statement, text: &str) -> QueryRequest {
    QueryRequest {
        profile: context.profile().clone(),
        statement,
        database: None,
        own_tables: Some(Arc::new(system::Lookup::new(context))),
        time_zone: context.zone().name().to_owned(),
        text: text.to_owned(),
        timeout: None,
    }
}

/// What the condition of a statement on one table is read with.
pub(super) fn surroundings(context: &Context, table: &Table, text: &str) -> QueryRequest {
    let nothing = ast::Values { explicit_row: false, value_keyword: false, rows: Vec::new() };
    let nothing = ast::Statement::Query(Box::new(tree::query(SetExpr::Values(nothing))));
    QueryRequest { database: Some(table.database), ..request(context, nothing, text) }
}
