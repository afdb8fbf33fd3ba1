//! `EXPLAIN`: the plan as text, one line a row. A statement that writes is not run: its plan is what
//! it writes, and below it the plan of the rows that it reads.

use super::{delete, insert, query, update};
use crate::context::Context;
use crate::sql::statement::{Explain, QueryStatement, Statement};
use ::query::RowStream;
use ::sql::ast::{self, Expr, SetExpr};
use ::sql::tree;
use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use futures::{StreamExt as _, stream};
use insert::PlannedRows;
use model::{Error, Result, Table};
use std::sync::Arc;
use update::Prepared;

/// Explains a statement.
///
/// # Errors
/// Whatever is wrong with the statement; those that neither read nor write rows.
pub(crate) async fn run(context: &Context, explain: Explain, text: &str) -> Result<RowStream> {
    let Explain { analyze, options, statement } = explain;
    let verbose = options.iter().any(|option| option == "verbose");
    if analyze && !matches!(*statement, Statement::Query(_)) {
        return Err(Error::unsupported("EXPLAIN ANALYZE of a statement other than SELECT"));
    }
    match *statement {
        Statement::Query(read) => of_query(context, read, analyze, verbose, text).await,
        Statement::Insert(written) => {
            let planned = insert::plan(context, &written)?;
            let columns = planned.columns.join(", ");
            let first = format!("Insert: {} ({columns})", name_of(context, &planned.table));
            match planned.rows {
                PlannedRows::Values(rows) => above(&format!("{first}\n  Values: {rows}"), None),
                PlannedRows::Query(read) => above(&first, Some(of_query(context, read, false, verbose, text).await?)),
            }
        }
        Statement::Update(written) => {
            let (table, prepared) = update::prepare(context, *written)?;
            let (assignments, filter) = match prepared {
                Prepared::Tags(request) => (request.assignments, request.filter),
                Prepared::Rows(request) => (request.assignments, request.filter),
            };
            let named = assignments.iter().filter_map(|(id, _)| table.columns.iter().find(|column| column.id == *id));
            let columns: Vec<&str> = named.map(|column| column.name.as_str()).collect();
            let first = format!("Update: {} ({})", name_of(context, &table), columns.join(", "));
            above(&first, Some(of_rows(context, &table, filter, verbose, text).await?))
        }
        Statement::Delete(written) => {
            let (table, request) = delete::prepare(context, *written)?;
            let name = name_of(context, &table);
            if request.filter.is_none() {
                return above(&format!("Delete: {name}, all rows"), None);
            }
            let series = if request.drop_series { ", the series too" } else { "" };
            let read = of_rows(context, &table, request.filter, verbose, text).await?;
            above(&format!("Delete: {name}{series}"), Some(read))
        }
        _ => Err(Error::unsupported("EXPLAIN of a statement other than SELECT, INSERT, UPDATE and DELETE")),
    }
}

fn name_of(context: &Context, table: &Table) -> String {
    let catalog = context.catalog();
    let database = catalog.database(table.database).map(|database| database.name.clone()).unwrap_or_default();
    format!("{database}.{}", table.name)
}

async fn of_query(
    context: &Context,
    read: QueryStatement,
    analyze: bool,
    verbose: bool,
    text: &str,
) -> Result<RowStream> {
    if read.fill.is_some() {
        return Err(Error::unsupported("FILL"));
    }
    let own_tables = query::bracket_tables(context, &read.bracket_sources).await?;
    let statement = tree::explain(ast::Statement::Query(read.query), analyze, verbose);
    let request = query::request(context, statement, own_tables, text)?;
    query::start(context, request).await
}

/// The plan of the rows that a statement on one table changes; its condition is rewritten already.
async fn of_rows(
    context: &Context,
    table: &Table,
    filter: Option<Expr>,
    verbose: bool,
    text: &str,
) -> Result<RowStream> {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let mut read = query::parsed(&format!("SELECT * FROM {}", quoted(&table.name)))?;
    if let SetExpr::Select(select) = read.query.body.as_mut() {
        select.selection = filter;
    }
    let statement = tree::explain(ast::Statement::Query(read.query), false, verbose);
    query::start(context, query::assembled(context, statement, Some(table.database), None, text)).await
}

/// The rows of a plan below one more.
fn above(first: &str, below: Option<RowStream>) -> Result<RowStream> {
    let schema = match &below {
        Some(plan) => Arc::clone(&plan.schema),
        None => {
            let field = |name: &str| Field::new(name, DataType::Utf8, false);
            Arc::new(Schema::new(vec![field("plan_type"), field("plan")]))
        }
    };
    let text = |value: &str| Arc::new(StringArray::from(vec![value])) as ArrayRef;
    let first =
        RecordBatch::try_new(Arc::clone(&schema), vec![text("write_plan"), text(first)]).map_err(Error::internal)?;
    let first = stream::iter([Ok(first)]);
    let batches = match below {
        Some(plan) => first.chain(plan.batches).boxed(),
        None => first.boxed(),
    };
    Ok(RowStream { schema, batches })
}
