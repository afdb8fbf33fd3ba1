//! The series of a table as rows of key and attribute columns, with or without stored rows: only
//! the columns that a statement names are made, and only for the series whose keys it gives, where
//! it gives them whole.

use crate::error::external;
use crate::scan::{KEYS_MAX, ScanSource, can_be_evaluated, key_ranges};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use model::{Column, ColumnId, ColumnRole, Error, arrow_type};
use std::sync::Arc;
use storage::TableView;

/// The series of a series table at one sequence number.
#[derive(Clone, Debug)]
pub struct SeriesTable {
    source: Arc<dyn ScanSource>,
    /// The columns as the schema has them.
    columns: Vec<ColumnId>,
    schema: SchemaRef,
}

impl SeriesTable {
    /// The provider of a view; its schema is the view's key and attribute columns.
    #[must_use]
    pub fn new(view: TableView) -> Self {
        Self::over(Arc::new(view))
    }

    pub(crate) fn over(source: Arc<dyn ScanSource>) -> Self {
        let table = Arc::clone(source.table());
        let of_series = |column: &&Column| matches!(column.role, ColumnRole::Key | ColumnRole::Attribute);
        let columns: Vec<&Column> = table.columns.iter().filter(of_series).collect();
        let field = |column: &&Column| Field::new(&column.name, arrow_type(column.data_type), true);
        let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
        Self { columns: columns.iter().map(|column| column.id).collect(), schema, source }
    }
}

#[async_trait]
impl TableProvider for SeriesTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// What is said of the key is heard, and filtered above as well.
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let table = self.source.table();
        let is_key = |name: &str| table.column_named(name).is_some_and(|column| column.role == ColumnRole::Key);
        let support = |filter: &&Expr| {
            let columns = filter.column_refs();
            let is_heard = !columns.is_empty() && columns.iter().all(|column| is_key(&column.name));
            match is_heard && can_be_evaluated(filter) {
                true => TableProviderFilterPushDown::Inexact,
                false => TableProviderFilterPushDown::Unsupported,
            }
        };
        Ok(filters.iter().map(support).collect())
    }

    async fn scan(
        &self,
        _session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let wanted = projection.cloned().unwrap_or_else(|| (0..self.columns.len()).collect());
        let ids: Vec<ColumnId> = wanted.iter().filter_map(|place| self.columns.get(*place)).copied().collect();
        let schema = Arc::new(self.schema.project(&wanted)?);
        let key: Vec<&Column> = self.source.table().key_columns().collect();
        let keys = key_ranges(&key, &filters.iter().collect::<Vec<_>>()).keys.filter(|keys| keys.len() <= KEYS_MAX);
        let found = keys.map(|keys| self.source.series_with_keys(&keys, &ids)).transpose().map_err(external)?;
        let series = match found.flatten() {
            Some((series, _)) => series,
            None => {
                // Over all series: not on a thread that others wait for.
                let source = Arc::clone(&self.source);
                let all = tokio::task::spawn_blocking(move || source.series(&ids)).await;
                all.map_err(|error| external(Error::internal(error)))?.map_err(external)?
            }
        };
        let options = RecordBatchOptions::new().with_row_count(Some(series.ids.len()));
        let columns = series.columns.columns().to_vec();
        let rows = RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options)?;
        Ok(MemorySourceConfig::try_new_exec(&[vec![rows]], schema, None)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::memory::meters;
    use datafusion::prelude::SessionContext;

    /// Rows of one statement, and what series were asked for: how many, with which columns.
    async fn run(sql: &str) -> (usize, Vec<(usize, Vec<String>)>) {
        let table = Arc::new(meters(&[
            ("a", 1, "ann", 1_000, Some(1.0), Some(1)),
            ("a", 1, "ann", 2_000, Some(2.0), Some(2)),
            ("a", 2, "bob", 1_500, Some(3.0), Some(3)),
            ("b", 1, "ann", 500, Some(4.0), Some(4)),
        ]));
        let session = SessionContext::new();
        session.register_table("meters", Arc::new(SeriesTable::over(Arc::clone(&table) as _))).unwrap();
        let batches = session.sql(sql).await.unwrap().collect().await.unwrap();
        let asked = table.asked_series.lock().clone();
        let name = |id: &ColumnId| table.table.column(*id).unwrap().name.clone();
        let asked = asked.iter().map(|(rows, columns)| (*rows, columns.iter().map(name).collect())).collect();
        (batches.iter().map(RecordBatch::num_rows).sum(), asked)
    }

    #[tokio::test]
    async fn a_key_given_whole_is_looked_up_and_other_columns_are_not_made() {
        let columns = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        for (sql, rows, asked, names) in [
            ("SELECT site, meter, 'new' FROM meters WHERE site = 'a' AND meter = 2", 1, 1, &["site", "meter"][..]),
            ("SELECT site FROM meters WHERE site = 'a' AND meter IN (1, 2, 9)", 2, 2, &["site", "meter"]),
            (
                "SELECT site, meter FROM meters WHERE site = 'a' AND meter = 2 AND owner = 'x'",
                0,
                1,
                &["site", "meter", "owner"],
            ),
            ("SELECT site, meter FROM meters WHERE site = 'z' AND meter = 2", 0, 0, &["site", "meter"]),
            ("SELECT meter FROM meters WHERE site = 'a'", 2, 3, &["site", "meter"]),
            ("SELECT meter FROM meters WHERE meter = 1 OR owner = 'bob'", 3, 3, &["meter", "owner"]),
        ] {
            let (found, series) = run(sql).await;
            assert_eq!((found, series), (rows, vec![(asked, columns(names))]), "{sql}");
        }
        let (found, series) = run("SELECT 1 FROM meters").await;
        assert_eq!((found, series), (3, vec![(3, Vec::new())]));
    }
}
