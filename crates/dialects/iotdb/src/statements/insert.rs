//! INSERT INTO .. VALUES and INSERT INTO .. query. Cells that do not fit are left out and named; the
//! others are written.

use super::query;
use super::table::of_rows;
use crate::context::Context;
use crate::error::{Failure, Result, changed_meanwhile, is_schema_change, worded};
use crate::names;
use crate::select::no_time;
use crate::sql::statement::{Cell, CellLiteral, Insert, InsertSource};
use crate::tablet::expired;
use crate::times;
use crate::types::{Type, arrow_word};
use crate::values::{Literal, in_unit, left_out};
use ::sql::ast;
use arrow::array::ArrayRef;
use arrow::compute::cast;
use catalog::Database;
use futures::StreamExt as _;
use model::{
    AttributePolicy, Cells, CellsBuilder, Column, ColumnRole, Error, Privilege, Table, Value, WriteBatch, WriteKind,
    arrow_type,
};
use std::sync::Arc;

/// Runs the statement.
///
/// # Errors
/// Columns and values that do not match, cells that do not fit (after the others are written), no
/// privilege.
pub(crate) async fn run(context: &Context, insert: Insert, text: &str) -> Result<()> {
    if names::INFORMATION_SCHEMA == insert.table.database.as_deref().or(context.database()).unwrap_or_default() {
        return Err(worded("the table should only have one column found with TIME category"));
    }
    let folded = context.database().map(str::to_lowercase);
    let mut table_name = insert.table.clone();
    if table_name.database.is_none() {
        let missing = || worded("database is not specified");
        table_name.database = Some(folded.ok_or_else(missing)?);
    }
    let catalog = context.catalog();
    let (database, table) = of_rows(context, &catalog, &table_name)?;
    context.require_table(Privilege::Insert, &database, &table)?;
    match insert.source {
        InsertSource::Values(rows) => values(context, &database, &table, insert.columns, rows).await,
        InsertSource::Query(source) => select(context, &table, insert.columns, source, text).await,
    }
}

/// The columns of a statement in the order of their values.
fn targets<'t>(table: &'t Table, named: Option<&[String]>) -> Result<Vec<&'t Column>> {
    let Some(named) = named else { return Ok(names::shown_columns(table)) };
    let mut columns: Vec<&Column> = Vec::with_capacity(named.len());
    for name in named {
        let column = names::column(table, name).ok_or_else(|| {
            Failure::new(616, format!("Unknown column category for {name}. Cannot auto create column."))
        })?;
        if columns.iter().any(|other| other.id == column.id) {
            return Err(worded(match column.role {
                ColumnRole::Time => "One row should only have one time value".to_owned(),
                _ => format!("Insertion contains duplicated measurement: {name}"),
            }));
        }
        columns.push(column);
    }
    Ok(columns)
}

async fn values(
    context: &Context,
    database: &Database,
    table: &Table,
    named: Option<Vec<String>>,
    rows: Vec<Vec<Cell>>,
) -> Result<()> {
    if let Some(named) = &named {
        // Counts are looked at before names.
        let time = table.time_column().map(|column| column.name.to_lowercase());
        let times = named.iter().filter(|name| Some(*name) == time.as_ref()).count();
        if times > 1 {
            return Err(worded("One row should only have one time value"));
        }
        if times == 0 && rows.len() > 1 {
            return Err(worded("need timestamps when insert multi rows"));
        }
        let expected = named.len() - times;
        if let Some(row) = rows.iter().find(|row| row.len() != named.len()) {
            let given = row.len().saturating_sub(times);
            return Err(worded(format!(
                "Inconsistent numbers of non-time column names and values: {expected}-{given}"
            )));
        }
    }
    let columns = targets(table, named.as_deref())?;
    if named.is_none()
        && let Some(row) = rows.iter().find(|row| row.len() != columns.len())
    {
        return Err(worded(format!(
            "expressions and columns do not match, expressions size: {}, columns size: {}",
            row.len(),
            columns.len()
        )));
    }
    if !columns.iter().any(|column| column.role == ColumnRole::Field) {
        return Err(Failure::new(507, "No Field column present, please check the request"));
    }
    let now = jiff::Timestamp::now().as_millisecond();
    let mut read: Vec<Vec<Literal>> = Vec::with_capacity(rows.len());
    for row in &rows {
        read.push(row.iter().map(|cell| literal(context, cell, now)).collect::<Result<_>>()?);
    }
    let times = row_times(context, &columns, &read, now)?;
    let (kept, expired) = expired(database, table, &times);
    let mut batch = merging(table, kept.len(), columns.len() + 1);
    let Conversion { rows: converted, kept, failed, reasons } = convert(context, &columns, &read, kept);
    batch.rows = kept.len();
    for (position, column) in columns.iter().enumerate() {
        if column.role == ColumnRole::Time {
            continue;
        }
        let mut builder = CellsBuilder::new(column.data_type)?;
        for row in &converted {
            push(&mut builder, column.role, row.get(position).cloned().flatten())?;
        }
        batch.columns.push((column.id, builder.finish()));
    }
    push_times(&mut batch, table, &kept, &times)?;
    if batch.rows > 0 {
        write(context, batch).await?;
    }
    if !failed.is_empty() {
        return Err(Failure::new(507, left_out(&failed, &reasons)));
    }
    expired.map_or(Ok(()), Err)
}

/// Rows as their columns take them.
struct Conversion {
    rows: Vec<Vec<Option<Value>>>,
    /// Which rows they are.
    kept: Vec<usize>,
    /// The columns of cells that do not fit, and why.
    failed: Vec<String>,
    reasons: Vec<String>,
}

/// Converts rows; one with nothing left of its fields but what does not fit is left out.
fn convert(context: &Context, columns: &[&Column], read: &[Vec<Literal>], kept: Vec<usize>) -> Conversion {
    let mut conversion =
        Conversion { rows: Vec::with_capacity(kept.len()), kept: Vec::new(), failed: Vec::new(), reasons: Vec::new() };
    let mut faults: Vec<(usize, String)> = Vec::new();
    for row in kept {
        let literals = read.get(row).map(Vec::as_slice).unwrap_or_default();
        let mut values = Vec::with_capacity(columns.len());
        let (mut any_fault, mut any_field) = (false, false);
        for (position, column) in columns.iter().enumerate() {
            let literal = literals.get(position).unwrap_or(&Literal::Null);
            let converted = match column.role {
                ColumnRole::Time => Ok(None),
                _ => literal.converted(column, context.zone()),
            };
            any_field |= column.role == ColumnRole::Field && matches!(converted, Ok(Some(_)));
            values.push(converted.unwrap_or_else(|reason| {
                any_fault = true;
                faults.push((position, reason));
                None
            }));
        }
        if any_field || !any_fault {
            conversion.rows.push(values);
            conversion.kept.push(row);
        }
    }
    faults.sort_by_key(|(position, _)| *position);
    for (position, reason) in faults {
        conversion.failed.extend(columns.get(position).map(|column| column.name.clone()));
        conversion.reasons.push(reason);
    }
    conversion
}

/// Appends a value, or what NULL means: nothing said of a field, no attribute any more.
pub(crate) fn push(builder: &mut CellsBuilder, role: ColumnRole, value: Option<Value>) -> Result<()> {
    match (value, role) {
        (Some(value), _) => builder.push(&value)?,
        (None, ColumnRole::Field) => builder.push_absent(),
        (None, _) => builder.push(&Value::Null)?,
    }
    Ok(())
}

/// A batch of rows that change what is given, its columns still to come.
pub(crate) fn merging(table: &Table, rows: usize, columns: usize) -> WriteBatch {
    WriteBatch {
        table: table.id,
        schema_version: table.schema_version,
        kind: WriteKind::Merge,
        attributes: AttributePolicy::Set,
        rows,
        columns: Vec::with_capacity(columns),
    }
}

/// Appends the time column of the rows that are kept.
pub(crate) fn push_times(batch: &mut WriteBatch, table: &Table, kept: &[usize], times: &[i64]) -> Result<()> {
    let time = table.time_column().ok_or_else(|| Error::unsupported("rows without a time in a relational table"))?;
    let unit = table.time_unit().ok_or_else(|| Error::internal("a time column without a unit"))?;
    let mut builder = CellsBuilder::new(time.data_type)?;
    for row in kept {
        let millis = times.get(*row).copied().unwrap_or(0);
        let count = in_unit(millis, unit)
            .ok_or_else(|| worded(format!("the time {millis} is out of range of column '{}'", time.name)))?;
        builder.push(&match time.data_type {
            model::DataType::LocalDateTime(unit) => Value::LocalDateTime(count, unit),
            _ => Value::Instant(count, unit),
        })?;
    }
    batch.columns.push((time.id, builder.finish()));
    Ok(())
}

/// Hands a batch over.
///
/// # Errors
/// What the engine says; [`model::ErrorKind::SchemaChanged`] when the table was changed meanwhile.
pub(crate) async fn write(context: &Context, batch: WriteBatch) -> Result<()> {
    match context.engine().write(context.caller(), batch).await {
        Ok(_) => Ok(()),
        Err(error) if is_schema_change(&error) => Err(changed_meanwhile()),
        Err(error) => Err(error.into()),
    }
}

fn literal(context: &Context, cell: &Cell, now: i64) -> Result<Literal> {
    let parsed = |written: &str| times::parse(written, context.zone()).ok_or_else(|| no_time(written));
    match cell {
        Cell::Literal(CellLiteral::Value(literal)) => Ok(literal.clone()),
        Cell::Literal(CellLiteral::Time(written)) => parsed(written).map(Literal::Time),
        Cell::Moment { base, spans } => {
            let mut moment = match base {
                Some(written) => parsed(written)?,
                None => now,
            };
            for (adds, span) in spans.iter().rev() {
                moment = span.add(moment, *adds, context.zone()).ok_or_else(|| worded("the time is out of range"))?;
            }
            Ok(Literal::Time(moment))
        }
        Cell::Other { text, is_name: true } => {
            Err(worded(format!("Cannot insert identifier {text}, please use string literal")))
        }
        Cell::Other { text, is_name: false } => Err(worded(format!("Unsupported expression: {text}"))),
    }
}

/// The time of every row, in milliseconds.
fn row_times(context: &Context, columns: &[&Column], rows: &[Vec<Literal>], now: i64) -> Result<Vec<i64>> {
    let Some(position) = columns.iter().position(|column| column.role == ColumnRole::Time) else {
        return Ok(vec![now; rows.len()]);
    };
    let time = |row: &Vec<Literal>| match row.get(position) {
        None | Some(Literal::Null) => Err(worded("Timestamp cannot be null")),
        Some(literal) => literal.time(context.zone()).ok_or_else(|| match literal {
            Literal::Text(text) => no_time(text),
            other => no_time(&other.shown()),
        }),
    };
    rows.iter().map(time).collect()
}

/// INSERT INTO .. query: types must be those of the columns.
async fn select(
    context: &Context,
    table: &Table,
    named: Option<Vec<String>>,
    source: Box<ast::Query>,
    text: &str,
) -> Result<()> {
    let columns = targets(table, named.as_deref())?;
    if !columns.iter().any(|column| column.role == ColumnRole::Time) {
        return Err(worded("time column can not be null"));
    }
    let mut stream = query::run(context, source, text).await?;
    let given: Vec<_> = stream.schema.fields().iter().map(|field| Type::of_arrow(field.data_type())).collect();
    let fits = given.len() == columns.len()
        && given.iter().zip(&columns).all(|(given, column)| match given {
            Some(given) => {
                let wanted = Type::of_column(column);
                *given == wanted || (given.is_text() && wanted.is_text())
            }
            None => true,
        });
    if !fits {
        let wanted: Vec<_> = columns.iter().map(|column| Type::of_column(column).word()).collect();
        let given: Vec<_> = stream.schema.fields().iter().map(|field| arrow_word(field.data_type())).collect();
        return Err(worded(format!(
            "Insert query has mismatched column types: Table: [{}], Query: [{}]",
            wanted.join(", "),
            given.join(", ")
        )));
    }
    // Everything is read before anything is written: the query may read the table itself.
    let mut batches = Vec::new();
    while let Some(batch) = stream.batches.next().await {
        batches.push(batch?);
    }
    for rows in batches.iter().filter(|rows| rows.num_rows() > 0) {
        let mut batch = WriteBatch {
            table: table.id,
            schema_version: table.schema_version,
            kind: WriteKind::Merge,
            attributes: AttributePolicy::Set,
            rows: rows.num_rows(),
            columns: Vec::with_capacity(columns.len()),
        };
        for (column, values) in columns.iter().zip(rows.columns()) {
            let values: ArrayRef = cast(values, &arrow_type(column.data_type)).map_err(Error::internal)?;
            let nulls = values.nulls().map(|nulls| !nulls.inner());
            let absent = nulls.filter(|_| column.role == ColumnRole::Field);
            if column.role == ColumnRole::Time && values.null_count() > 0 {
                return Err(worded("time column can not be null"));
            }
            batch.columns.push((column.id, Cells { values: Arc::clone(&values), absent }));
        }
        write(context, batch).await?;
    }
    Ok(())
}
