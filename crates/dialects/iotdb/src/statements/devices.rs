//! SHOW DEVICES, COUNT DEVICES and DELETE DEVICES: the series of a table, with or without rows.

use super::query::surroundings;
use super::table::of_rows;
use crate::context::Context;
use crate::error::{Result, no_device_column, worded};
use crate::names::{self, TableName};
use crate::select::{self, Meaning};
use crate::statements::show::{Shown, answer, longs, strings};
use ::query::RowStream;
use ::sql::ast::{Expr, visit_expressions};
use engine::DeleteRequest;
use model::{ColumnRole, Privilege, Table};
use std::ops::ControlFlow;

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
) -> Result<(std::sync::Arc<Table>, Vec<Vec<Option<String>>>)> {
    let catalog = context.catalog();
    let (database, table) = of_rows(context, &catalog, name)?;
    context.require_table(Privilege::Select, &database, &table)?;
    let filter = filter_of(context, &table, filter)?;
    let request = surroundings(context, &table, text);
    let batches = context.engine().series(context.caller(), &request, table.id, filter).await?;
    let mut devices = Vec::new();
    for batch in batches {
        let columns =
            batch.columns().iter().map(|column| arrow::compute::cast(column, &arrow::datatypes::DataType::Utf8));
        let columns = columns.collect::<Result<Vec<_>, _>>().map_err(model::Error::internal)?;
        let text = |column: &arrow::array::ArrayRef, row: usize| {
            let texts = arrow::array::AsArray::as_string::<i32>(column);
            (!arrow::array::Array::is_null(texts, row)).then(|| texts.value(row).to_owned())
        };
        for row in 0..batch.num_rows() {
            devices.push(columns.iter().map(|column| text(column, row)).collect());
        }
    }
    devices.sort();
    Ok((table, devices))
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
    let size = |number: Option<u64>, default| number.map_or(default, |n| usize::try_from(n).unwrap_or(usize::MAX));
    let devices: Vec<_> = devices.into_iter().skip(size(offset, 0)).take(size(limit, usize::MAX)).collect();
    let shown = of_devices(&table);
    let mut columns = Vec::with_capacity(shown.len());
    for (index, _) in shown.iter().enumerate() {
        let values = devices.iter().map(|device| device.get(index).cloned().flatten());
        columns.push(strings("", values));
    }
    let columns: Vec<Shown> = columns;
    let named = columns.into_iter().zip(&shown).map(|(column, name)| (name.clone(), column)).collect();
    answer_named(named)
}

/// The names of the tags, then of the attributes.
fn of_devices(table: &Table) -> Vec<String> {
    let attributes = names::shown_columns(table).into_iter().filter(|column| column.role == ColumnRole::Attribute);
    table.key_columns().chain(attributes).map(|column| column.name.clone()).collect()
}

fn answer_named(columns: Vec<(String, Shown)>) -> Result<RowStream> {
    let (names, columns): (Vec<String>, Vec<Shown>) = columns.into_iter().unzip();
    let mut stream = answer(columns)?;
    let fields: Vec<_> =
        stream.schema.fields().iter().zip(names).map(|(field, name)| field.as_ref().clone().with_name(name)).collect();
    stream.schema = std::sync::Arc::new(arrow::datatypes::Schema::new(fields));
    Ok(stream)
}

/// COUNT DEVICES
pub(crate) async fn count(context: &Context, name: &TableName, filter: Option<Expr>, text: &str) -> Result<RowStream> {
    let (_, devices) = selected(context, name, filter, text).await?;
    answer(vec![longs("count(devices)", [i64::try_from(devices.len()).ok()])])
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
