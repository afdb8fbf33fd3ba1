//! SHOW DEVICES, COUNT DEVICES and DELETE DEVICES: the series of a table, with or without rows.

use super::query::surroundings;
use super::table::of_rows;
use crate::context::Context;
use crate::error::{Result, no_device_column, worded};
use crate::names::{self, TableName};
use crate::select::{self, Meaning};
use crate::statements::show::{Shown, answer, longs, stored};
use ::query::RowStream;
use ::sql::ast::{Expr, visit_expressions};
use arrow::compute::{SortColumn, SortOptions, concat_batches, lexsort_to_indices, take_record_batch};
use arrow::record_batch::RecordBatch;
use engine::DeleteRequest;
use model::{Column, ColumnRole, Error, Privilege, Table};
use std::ops::ControlFlow;
use std::sync::Arc;

/// The columns of a condition that are neither tag nor attribute.
fn foreign_column(table: &Table, filter: &Expr) -> Option<String> {
    let found = visit_expressions(filter, |expr| {
        let name = match expr {
            Expr::Identifier(name) => &name.value,
            Expr::CompoundIdentifier(parts) => match parts.last() {
                Some(name) => &name.value,
                None => return ControlFlow::Continue(()),
            },
            _ => return ControlFlow::Continue(()),
        };
        let name = name.to_lowercase();
        let column = names::column(table, &name);
        match column.map(|column| column.role) {
            Some(ColumnRole::Key | ColumnRole::Attribute) => ControlFlow::Continue(()),
            _ => ControlFlow::Break(name),
        }
    });
    match found {
        ControlFlow::Break(name) => Some(name),
        ControlFlow::Continue(()) => None,
    }
}

/// A condition on devices in this dialect's meaning.
///
/// # Errors
/// A column that is neither tag nor attribute; whatever the rewrite refuses.
pub(crate) fn filter_of(context: &Context, table: &Table, filter: Option<Expr>) -> Result<Option<Expr>> {
    let Some(mut filter) = filter else { return Ok(None) };
    if let Some(column) = foreign_column(table, &filter) {
        return Err(no_device_column(&column));
    }
    let catalog = context.catalog();
    select::rewrite_expression(&mut filter, table, &Meaning::new(context, &catalog))?;
    Ok(Some(filter))
}

/// The devices that a condition selects: tags, then attributes.
async fn selected(
    context: &Context,
    name: &TableName,
    filter: Option<Expr>,
    text: &str,
) -> Result<(Arc<Table>, RecordBatch)> {
    let catalog = context.catalog();
    let (database, table) = of_rows(context, &catalog, name)?;
    context.require_table(Privilege::Select, &database, &table)?;
    let filter = filter_of(context, &table, filter)?;
    let request = surroundings(context, &table, text);
    let batches = context.engine().series(context.caller(), &request, table.id, filter).await?;
    let Some(first) = batches.first() else {
        return Ok((table, RecordBatch::new_empty(Arc::new(arrow::datatypes::Schema::empty()))));
    };
    let devices = concat_batches(&first.schema(), &batches).map_err(Error::internal)?;
    Ok((table, devices))
}

/// Devices in the order of their columns, NULL first.
fn sorted(devices: &RecordBatch) -> Result<RecordBatch> {
    if devices.num_columns() == 0 {
        return Ok(devices.clone());
    }
    let options = Some(SortOptions { descending: false, nulls_first: true });
    let keys: Vec<_> =
        devices.columns().iter().map(|values| SortColumn { values: Arc::clone(values), options }).collect();
    let order = lexsort_to_indices(&keys, None).map_err(Error::internal)?;
    Ok(take_record_batch(devices, &order).map_err(Error::internal)?)
}

/// SHOW DEVICES
pub(crate) async fn show(
    context: &Context,
    name: &TableName,
    filter: Option<Expr>,
    offset: Option<u64>,
    limit: Option<u64>,
    text: &str,
) -> Result<RowStream> {
    let (table, devices) = selected(context, name, filter, text).await?;
    let devices = sorted(&devices)?;
    let size = |number: Option<u64>, default| number.map_or(default, |n| usize::try_from(n).unwrap_or(usize::MAX));
    let from = size(offset, 0).min(devices.num_rows());
    let devices = devices.slice(from, size(limit, usize::MAX).min(devices.num_rows() - from));
    let shown = of_devices(&table);
    let columns = shown.iter().map(|column| {
        let none = || arrow::array::new_empty_array(&model::arrow_type(column.data_type));
        (column.name.clone(), stored(column, devices.column_by_name(&column.name).map_or_else(none, Arc::clone)))
    });
    answer_named(columns.collect())
}

/// The tags, then the attributes.
fn of_devices(table: &Table) -> Vec<&Column> {
    let attributes = names::shown_columns(table).into_iter().filter(|column| column.role == ColumnRole::Attribute);
    table.key_columns().chain(attributes).collect()
}

fn answer_named(columns: Vec<(String, Shown)>) -> Result<RowStream> {
    let (names, columns): (Vec<String>, Vec<Shown>) = columns.into_iter().unzip();
    let mut stream = answer(columns)?;
    let fields: Vec<_> =
        stream.schema.fields().iter().zip(names).map(|(field, name)| field.as_ref().clone().with_name(name)).collect();
    stream.schema = Arc::new(arrow::datatypes::Schema::new(fields));
    Ok(stream)
}

/// COUNT DEVICES
pub(crate) async fn count(context: &Context, name: &TableName, filter: Option<Expr>, text: &str) -> Result<RowStream> {
    let (_, devices) = selected(context, name, filter, text).await?;
    answer(vec![longs("count(devices)", [i64::try_from(devices.num_rows()).ok()])])
}

/// DELETE DEVICES
pub(crate) async fn delete(context: &Context, name: &TableName, filter: Option<Expr>, text: &str) -> Result<()> {
    let catalog = context.catalog();
    let (database, table) = of_rows(context, &catalog, name)?;
    context.require_table(Privilege::Delete, &database, &table)?;
    if let Some(column) = filter.as_ref().and_then(|filter| foreign_column(&table, filter)) {
        return Err(worded(format!("The column '{column}' does not exist or is not a tag column")));
    }
    let filter = filter_of(context, &table, filter)?;
    let request = DeleteRequest { table: table.id, filter, drop_series: true };
    context.engine().delete(context.caller(), &surroundings(context, &table, text), request).await?;
    Ok(())
}
