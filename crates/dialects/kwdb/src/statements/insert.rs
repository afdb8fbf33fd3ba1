//! `INSERT` and `UPSERT`: rows become one columnar batch, built cell by cell, and one write.

mod columns;
mod expressions;
mod select;
mod values;

use crate::context::Context;
use crate::error::{definition, worded};
use crate::settings;
use crate::sql::statement::{Insert, InsertSource, Name, ParsedStatement, QueryStatement, Statement};
use catalog::Catalog;
use model::{
    AttributePolicy, Cells, Column, ColumnId, Error, ErrorKind, Privilege, Result, Scope, Table, TableKind, WriteBatch,
    WriteKind,
};
use std::collections::HashSet;
use std::sync::Arc;

/// How often a statement is made anew because the table was changed under it.
const ATTEMPTS: usize = 10;

/// Runs one statement; answers with the rows that were accepted.
///
/// # Errors
/// Whatever is wrong with the statement, in the vendor's words.
pub(crate) async fn run(context: &Context, parsed: ParsedStatement) -> Result<u64> {
    super::check_length(context, &parsed)?;
    let ParsedStatement { text, statement, .. } = parsed;
    let statement = statement?;
    context.require_place()?;
    let insert = match statement {
        Statement::Insert(insert) => *insert,
        Statement::Unhandled(words) => return Err(Error::unsupported(words)),
        _ => return Err(Error::internal("a statement of another endpoint")),
    };
    run_insert(context, &insert, &text).await.map_err(|error| context.refine(error))
}

async fn run_insert(context: &Context, insert: &Insert, text: &str) -> Result<u64> {
    let mut attempt = 1;
    loop {
        let catalog = context.catalog();
        let table = context.table(&catalog, &insert.table)?;
        let kind = write_kind(&catalog, &table, insert)?;
        let targets = targets(&table, &insert.columns)?;
        let (rows, columns) = source(context, insert, &table, &targets, kind, text).await?;
        // Without a time nothing but devices is written: each counts as a row.
        let registers = table.time_column().is_some_and(|time| columns.iter().all(|(id, _)| *id != time.id));
        let batch = WriteBatch {
            table: table.id,
            schema_version: table.schema_version,
            kind,
            attributes: AttributePolicy::OnlyIfNew,
            rows,
            columns,
        };
        match context.engine().write(context.caller(), batch).await {
            Err(error) if attempt < ATTEMPTS && matches!(*error.kind, ErrorKind::SchemaChanged { .. }) => attempt += 1,
            outcome => return outcome.map(|outcome| if registers { rows as u64 } else { outcome.accepted }),
        }
    }
}

/// How the rows meet older ones, and the clauses that a table of this kind does not take.
fn write_kind(catalog: &Catalog, table: &Table, insert: &Insert) -> Result<WriteKind> {
    let conflict = insert.on_conflict.as_ref();
    if table.kind == TableKind::Series {
        if insert.upsert || conflict.is_some() || !insert.returning.is_empty() {
            return Err(definition("on conflict is not supported in timeseries table"));
        }
        return Ok(settings::series_write_kind(catalog));
    }
    if !insert.returning.is_empty() {
        return Err(Error::unsupported("RETURNING"));
    }
    match conflict {
        None if insert.upsert => Ok(WriteKind::Replace),
        None => Ok(WriteKind::FailOnDuplicate),
        Some(conflict) if conflict.update.is_some() => Err(Error::unsupported("ON CONFLICT DO UPDATE")),
        Some(_) => Ok(WriteKind::KeepFirst),
    }
}

/// The columns that the values are for, in order.
fn targets<'a>(table: &'a Table, named: &[Name]) -> Result<Vec<&'a Column>> {
    if named.is_empty() {
        return Ok(table.visible_columns().collect());
    }
    let mut seen = HashSet::with_capacity(named.len());
    named
        .iter()
        .map(|name| {
            let column = table.column_named(&name.value).ok_or_else(|| {
                let (column, table) = (name.value.clone(), Some(table.name.clone()));
                Error::new(ErrorKind::ColumnNotFound { column, table })
            })?;
            if seen.insert(column.id) {
                Ok(column)
            } else {
                Err(Error::new(ErrorKind::DuplicateAssignment { column: name.value.clone() }))
            }
        })
        .collect()
}

/// What an INSERT would write, for EXPLAIN.
pub(super) struct Planned {
    pub(super) table: Arc<Table>,
    /// The names of the columns that the values are for.
    pub(super) columns: Vec<String>,
    pub(super) rows: PlannedRows,
}

/// Where the rows of an INSERT come from.
pub(super) enum PlannedRows {
    /// This many rows of values.
    Values(usize),
    /// The rows of a query.
    Query(QueryStatement),
}

/// Reads an INSERT without writing.
///
/// # Errors
/// Whatever can be told without its rows.
pub(super) fn plan(context: &Context, insert: &Insert) -> Result<Planned> {
    let catalog = context.catalog();
    let table = context.table(&catalog, &insert.table)?;
    context.engine().require(context.caller(), Privilege::Insert, Scope::Table(table.id))?;
    write_kind(&catalog, &table, insert)?;
    let columns: Vec<String> = targets(&table, &insert.columns)?.iter().map(|column| column.name.clone()).collect();
    let rows = match &insert.source {
        InsertSource::DefaultValues => PlannedRows::Values(1),
        InsertSource::Values(rows) => PlannedRows::Values(rows.len()),
        InsertSource::Query(query) => PlannedRows::Query(with_before(insert, query)?),
    };
    Ok(Planned { table, columns, rows })
}

/// The query of an INSERT with what WITH before the INSERT defines.
fn with_before(insert: &Insert, query: &QueryStatement) -> Result<QueryStatement> {
    let mut query = query.clone();
    if let Some(with) = &insert.with {
        if query.query.with.is_some() {
            return Err(Error::unsupported("WITH both before INSERT and before its SELECT"));
        }
        query.query.with = Some(with.clone());
    }
    Ok(query)
}

async fn source(
    context: &Context,
    insert: &Insert,
    table: &Arc<Table>,
    targets: &[&Column],
    kind: WriteKind,
    text: &str,
) -> Result<(usize, Vec<(ColumnId, Cells)>)> {
    match &insert.source {
        InsertSource::Values(rows) => {
            if insert.with.is_some() {
                return Err(Error::unsupported("WITH before INSERT .. VALUES"));
            }
            values::columns(context, table, targets, kind, rows, text).await
        }
        InsertSource::Query(query) => {
            let query = with_before(insert, query)?;
            let named = !insert.columns.is_empty();
            select::columns(context, table, targets, named, kind, query, text).await
        }
        InsertSource::DefaultValues if table.kind == TableKind::Series => {
            Err(worded("default values is not supported in timeseries table"))
        }
        InsertSource::DefaultValues => Ok((1, Vec::new())),
    }
}

/// A row with more or fewer values than columns.
fn count_mismatch(table: &Table, row: usize, values: usize, columns: usize) -> Error {
    if table.kind == TableKind::Series {
        let (row, values, columns) = (row as u64 + 1, values as u64, columns as u64);
        return Error::new(ErrorKind::ValueCount { row, values, columns });
    }
    let (more, than) =
        if values > columns { ("expressions", "target columns") } else { ("target columns", "expressions") };
    worded(format!("INSERT has more {more} than {than}, {values} expressions for {columns} targets"))
}
