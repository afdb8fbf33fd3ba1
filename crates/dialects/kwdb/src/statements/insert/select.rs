//! `INSERT INTO .. SELECT`: the rows of a query, converted column by column.

use super::columns::converted;
use super::count_mismatch;
use crate::context::Context;
use crate::error::worded;
use crate::literals::Target;
use crate::sql::statement::QueryStatement;
use crate::statements::query;
use arrow::array::{Array, ArrayRef};
use arrow::compute::concat;
use arrow::datatypes::DataType as ArrowType;
use futures::StreamExt as _;
use model::{Cells, Column, ColumnId, ColumnRole, Error, Result, Table, TableKind, WriteKind, arrow_type};
use std::sync::Arc;

/// The columns of a query's rows.
pub(super) async fn columns(
    context: &Context,
    table: &Arc<Table>,
    targets: &[&Column],
    named: bool,
    kind: WriteKind,
    query: QueryStatement,
    text: &str,
) -> Result<(usize, Vec<(ColumnId, Cells)>)> {
    let series = table.kind == TableKind::Series;
    let mut stream = query::run(context, query, text).await?;
    let fields = stream.schema.fields();
    // Without a list of columns the first ones are meant.
    let targets = match targets.get(..fields.len()) {
        Some(first) if !named => first,
        _ if fields.len() == targets.len() => targets,
        _ => return Err(count_mismatch(table, 0, fields.len(), targets.len())),
    };
    if series && !fields.first().is_some_and(|field| matches!(field.data_type(), ArrowType::Timestamp(..))) {
        return Err(worded("first column must be timestamp when the target table is table of time series"));
    }
    let made: Vec<Target> = targets.iter().map(|column| Target::new(column, series)).collect();
    let mut parts: Vec<Vec<ArrayRef>> = vec![Vec::new(); targets.len()];
    let mut rows = 0;
    while let Some(batch) = stream.batches.next().await {
        let batch = batch?;
        rows += batch.num_rows();
        for ((array, target), parts) in batch.columns().iter().zip(&made).zip(&mut parts) {
            parts.push(converted(array, target, context.zone())?);
        }
    }
    let mut columns = Vec::with_capacity(targets.len());
    for (column, parts) in targets.iter().zip(parts) {
        let arrays: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
        let values = if arrays.is_empty() {
            arrow::array::new_empty_array(&arrow_type(column.data_type))
        } else {
            concat(&arrays).map_err(Error::internal)?
        };
        let keeps_older = kind == WriteKind::Merge && column.role == ColumnRole::Field && column.nullable;
        let absent = values.nulls().filter(|_| keeps_older).map(|nulls| !nulls.inner());
        columns.push((column.id, Cells { values, absent }));
    }
    Ok((rows, columns))
}
