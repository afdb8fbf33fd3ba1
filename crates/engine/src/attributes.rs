//! Setting attributes: the series of a table as rows of key and attribute columns, with or
//! without stored rows, and what a statement makes of them.

use crate::assignment::{assigned_columns, into_column};
use crate::privileges::require_on;
use crate::rows::Rows;
use crate::selection::{Target, column_item, value_item};
use crate::{AttributesRequest, Caller, Engine, QueryRequest, run_blocking, visible_table};
use arrow::array::Array;
use arrow::compute::concat;
use arrow::datatypes::Schema;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::sql::sqlparser::ast;
use model::{
    AttributePolicy, Cells, ColumnRole, Error, ErrorKind, Privilege, Result, Scope, Table, TableId, TableKind,
    WriteKind, WritePart, WriteRequest,
};
use query::SeriesTable;
use std::sync::Arc;

impl Engine {
    /// Sets attributes of the series that a condition on key and attribute columns selects;
    /// returns how many series. Needs `update`.
    ///
    /// # Errors
    /// A keyed table, a column that is no attribute, values that a column cannot hold.
    pub async fn set_attributes(
        &self,
        caller: &Caller,
        context: &QueryRequest,
        request: AttributesRequest,
    ) -> Result<u64> {
        require_on(&self.catalog(), caller, Privilege::Update, Scope::Table(request.table))?;
        let guard = self.parts.statement_locks.alone(request.table).await;
        let target = self.series_target(caller, Privilege::Update, request.table).await?;
        let table = Arc::clone(&target.table);
        let columns = assigned_columns(&table, &request.assignments)?;
        if let Some(column) = columns.iter().find(|column| column.role != ColumnRole::Attribute) {
            let reason = format!("column \"{}\" is no attribute of table \"{}\"", column.name, table.name);
            return Err(ErrorKind::InvalidStatement { reason }.into());
        }
        let mut items = key_items(&table);
        items.extend(request.assignments.into_iter().enumerate().map(|(n, (_, value))| value_item(n, value)));
        let batches = self.read_selected(caller, context, &target, items, request.filter).await?;
        let keys = Rows::from_batches(&table, &table.key, &batches)?;
        if keys.count == 0 {
            return Ok(0);
        }
        let count = keys.count;
        let mut batch = keys.into_batch(&table, WriteKind::Merge);
        batch.attributes = AttributePolicy::Set;
        for (position, column) in columns.iter().enumerate() {
            let pieces = batches.iter().filter_map(|batch| batch.columns().get(table.key.len() + position));
            let pieces: Vec<&dyn Array> = pieces.map(AsRef::as_ref).collect();
            let values = concat(&pieces).map_err(Error::internal)?;
            batch.columns.push((column.id, Cells::present(into_column(&values, column)?)));
        }
        self.hand_over(guard, WriteRequest { parts: vec![WritePart::Rows(batch)] }).await?;
        Ok(count as u64)
    }

    /// The series that a condition on key and attribute columns selects, with or without stored rows:
    /// key columns in key order, then attributes. Needs `select`.
    ///
    /// # Errors
    /// A keyed table; whatever is wrong with the condition.
    pub async fn series(
        &self,
        caller: &Caller,
        context: &QueryRequest,
        table: TableId,
        filter: Option<ast::Expr>,
    ) -> Result<Vec<RecordBatch>> {
        let target = self.series_target(caller, Privilege::Select, table).await?;
        let mut items = key_items(&target.table);
        let mut attributes: Vec<_> = target.table.columns_with(ColumnRole::Attribute).collect();
        attributes.sort_by_key(|column| column.id);
        items.extend(attributes.iter().map(|column| column_item(&column.name)));
        if items.is_empty() {
            let view = self.parts.storage.view(table)?;
            let count = run_blocking(move || view.series(&[])).await?.ids.len();
            let options = RecordBatchOptions::new().with_row_count(Some(count));
            let none = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options);
            return Ok(vec![none.map_err(Error::internal)?]);
        }
        self.read_selected(caller, context, &target, items, filter).await
    }

    /// The series of a table as the target of a statement: one row each, key and attribute columns.
    pub(crate) async fn series_target(&self, caller: &Caller, privilege: Privilege, table: TableId) -> Result<Target> {
        let catalog = self.catalog();
        require_on(&catalog, caller, privilege, Scope::Table(table))?;
        let table = visible_table(&catalog, table)?;
        if table.kind != TableKind::Series {
            return Err(Error::unsupported(format!("series of the keyed table \"{}\"", table.name)));
        }
        let provider = Arc::new(SeriesTable::new(self.parts.storage.view(table.id)?));
        Ok(Target { catalog, table, provider })
    }
}

/// The key columns of a table as items of a SELECT.
pub(crate) fn key_items(table: &Table) -> Vec<ast::SelectItem> {
    table.key_columns().map(|column| column_item(&column.name)).collect()
}
