//! A stored table as a DataFusion table.

use crate::error::external;
use crate::field::column_field;
use crate::hidden::HIDDEN_FIELD;
use crate::scan::{Pushdown, ScanExec, ScanSource, Selection, UniqueLookup};
use arrow::datatypes::{Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DFSchema, internal_datafusion_err};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::FilterExecBuilder;
use model::{Column, ColumnId, ColumnRole, Error, KeyBytes, Table};
use std::sync::Arc;
use storage::{ScanKeys, TableView};

/// A table at one sequence number, readable by DataFusion. Time and key predicates are pushed
/// into the scan.
#[derive(Clone, Debug)]
pub struct StorageTable {
    source: Arc<dyn ScanSource>,
    /// The columns as the schema has them.
    columns: Vec<ColumnId>,
    schema: SchemaRef,
    unique: Arc<[UniqueLookup]>,
}

impl StorageTable {
    /// The provider of a view; its schema is the view's visible columns followed by hidden ones.
    #[must_use]
    pub fn new(view: TableView) -> Self {
        Self::over(Arc::new(view))
    }

    pub(crate) fn over(source: Arc<dyn ScanSource>) -> Self {
        let table = Arc::clone(source.table());
        let columns: Vec<&Column> = table.visible_columns().chain(table.columns.iter().filter(|c| c.hidden)).collect();
        let schema = Arc::new(Schema::new(columns.iter().map(|c| field(c)).collect::<Vec<_>>()));
        Self { columns: columns.iter().map(|c| c.id).collect(), schema, source, unique: Arc::default() }
    }

    /// The same that finds rows by the values of unique sets, too.
    #[must_use]
    pub fn with_unique(self, unique: Vec<UniqueLookup>) -> Self {
        Self { unique: unique.into(), ..self }
    }

    /// The first unique set of which predicates want single entries; which, and which say so.
    fn unique_entries(&self, predicates: &[&Expr]) -> Option<(&UniqueLookup, Vec<KeyBytes>, Vec<bool>)> {
        self.unique.iter().find_map(|unique| {
            let (entries, read) = unique.wanted(self.table(), predicates)?;
            Some((unique, entries, read))
        })
    }

    /// The keys that a unique set tells, where the predicates leave all of them.
    async fn narrowed(&self, selection: Selection, predicates: &[Expr]) -> Result<Selection> {
        if !matches!(selection.keys, ScanKeys::All) {
            return Ok(selection);
        }
        let predicates: Vec<&Expr> = predicates.iter().collect();
        let Some((unique, entries, _)) = self.unique_entries(&predicates) else { return Ok(selection) };
        let (name, unique) = (unique.name().to_owned(), unique.clone());
        let keys = tokio::task::spawn_blocking(move || unique.keys_of(entries)).await;
        let keys = keys.map_err(|error| external(Error::internal(error)))?.map_err(external)?;
        Ok(Selection { keys, unique: Some(name), ..selection })
    }

    pub(crate) fn pushdown(&self) -> Pushdown<'_> {
        Pushdown { source: self.source.as_ref(), schema: &self.schema }
    }

    pub(crate) fn source(&self) -> &Arc<dyn ScanSource> {
        &self.source
    }

    /// The id of the column at a place in the schema.
    pub(crate) fn column_at(&self, place: usize) -> Option<ColumnId> {
        self.columns.get(place).copied()
    }

    /// The place in the schema of a column.
    pub(crate) fn place_of(&self, id: ColumnId) -> Result<usize> {
        let found = self.columns.iter().position(|column| *column == id);
        found.ok_or_else(|| internal_datafusion_err!("table \"{}\" has no column {id}", self.table().name))
    }

    /// The table's definition.
    #[must_use]
    pub fn table(&self) -> &Arc<Table> {
        self.source.table()
    }
}

/// Fields and attributes may be NULL whatever they were declared: rows may be older than the
/// column, and a value that a retype could not keep is NULL.
fn field(column: &Column) -> Field {
    let mut field = column_field(column);
    if matches!(column.role, ColumnRole::Field | ColumnRole::Attribute) {
        field.set_nullable(true);
    }
    if column.hidden {
        field.metadata_mut().insert(HIDDEN_FIELD.to_owned(), "true".to_owned());
    }
    field
}

#[async_trait]
impl TableProvider for StorageTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let mut support = self.pushdown().support(filters);
        if let Some((_, _, read)) = self.unique_entries(filters) {
            // Evaluated right above the scan.
            let taken = support.iter_mut().zip(read).filter(|(_, read)| *read);
            taken.for_each(|(support, _)| *support = TableProviderFilterPushDown::Exact);
        }
        Ok(support)
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let selection = self.narrowed(self.pushdown().select(session, filters)?, filters).await?;
        let wanted = projection.cloned().unwrap_or_else(|| (0..self.columns.len()).collect());
        let Some(residual) = selection.residual.clone() else {
            return Ok(Arc::new(self.read(&wanted, selection, limit)?));
        };
        // Its columns come along, behind those that were asked for.
        let mut read = wanted.clone();
        for column in residual.column_refs() {
            let index = self.schema.index_of(&column.name)?;
            if !read.contains(&index) {
                read.push(index);
            }
        }
        let scan = self.read(&read, selection, None)?;
        let schema = DFSchema::try_from(scan.schema())?;
        let predicate = session.create_physical_expr(residual, &schema)?;
        let filter = FilterExecBuilder::new(predicate, Arc::new(scan))
            .apply_projection(Some((0..wanted.len()).collect()))?
            .with_fetch(limit)
            .build()?;
        Ok(Arc::new(filter))
    }
}

impl StorageTable {
    /// The scan of some columns, by their ids.
    pub(crate) fn scan_of(&self, columns: &[ColumnId], selection: Selection, limit: Option<usize>) -> Result<ScanExec> {
        let places = columns.iter().map(|id| self.place_of(*id)).collect::<Result<Vec<_>>>()?;
        self.read(&places, selection, limit)
    }

    /// The scan of some columns, by their places in the schema.
    fn read(&self, columns: &[usize], selection: Selection, limit: Option<usize>) -> Result<ScanExec> {
        let schema = Arc::new(self.schema.project(columns)?);
        let columns = columns.iter().filter_map(|i| self.columns.get(*i).copied()).collect();
        ScanExec::new(Arc::clone(&self.source), schema, columns, selection, limit)
    }
}

#[cfg(test)]
mod tests;
