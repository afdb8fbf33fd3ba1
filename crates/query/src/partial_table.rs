//! A stored table as aggregates need it: beside its columns what partial aggregates say of its
//! columns of numbers, where one row may stand for many that lie in one bucket of time.
//!
//! Only the rule that puts it into a plan reads it: counts and sums of it are to be added up,
//! least and greatest values to be compared on.

use crate::StorageTable;
use crate::error::{ErrorContext, to_error};
use crate::scan::ScanExec;
use arrow::array::{Array, ArrayRef, Int64Array, make_array};
use arrow::compute::and;
use arrow::compute::kernels::cmp::not_distinct;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DFSchema, internal_datafusion_err, internal_err};
use datafusion::error::Result;
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::expressions::Column as ColumnExpr;
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::FilterExecBuilder;
use datafusion::physical_plan::projection::ProjectionExec;
use model::{Column, ColumnId, ColumnRole, Table};
use std::sync::Arc;
use storage::{Buckets, PartialColumn};

/// So many hours from 1970 on are tried on buckets: wherever hours fit, one of them does.
const HOURS_TRIED: i64 = 48;

/// Partial aggregates of a table.
#[derive(Debug)]
pub(crate) struct PartialTable {
    base: StorageTable,
    states: Vec<PartialColumn>,
    /// What rows are grouped by of their time.
    groups: Vec<Expr>,
    schema: SchemaRef,
}

/// What is known of a column of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Count,
    Least,
    Greatest,
    Sum,
}

impl PartialTable {
    pub(crate) fn new(base: StorageTable, states: Vec<PartialColumn>, groups: Vec<Expr>) -> Result<Self> {
        let own = state_fields(&base, &states)?;
        let columns = base.schema();
        let fields = columns.fields().iter().map(|field| field.as_ref().clone()).chain(own);
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        Ok(Self { base, states, groups, schema })
    }

    /// The place of the number of rows among its columns.
    pub(crate) fn rows(&self) -> usize {
        self.base.schema().fields().len()
    }

    /// The place of what is known of a column.
    pub(crate) fn place(&self, id: ColumnId, state: State) -> Option<usize> {
        let mut place = self.rows() + 1;
        for column in &self.states {
            if column.id == id {
                let within =
                    [State::Count, State::Least, State::Greatest, State::Sum].iter().position(|s| *s == state)?;
                return (within < width(column)).then_some(place + within);
            }
            place += width(column);
        }
        None
    }
}

/// How many columns speak of one.
fn width(column: &PartialColumn) -> usize {
    if column.with_sum { 4 } else { 3 }
}

/// The number of rows, then for each column count, least, greatest and, if needed, sum, under
/// names that the table does not have.
pub(crate) fn state_fields(base: &StorageTable, states: &[PartialColumn]) -> Result<Vec<Field>> {
    let schema = base.schema();
    let unused = |mut name: String| {
        while schema.field_with_name(&name).is_ok() {
            name.push('\'');
        }
        name
    };
    let integer = |name: String| Field::new(unused(name), DataType::Int64, true);
    let mut fields = vec![integer("rows of it".into())];
    for state in states {
        let column = base.table().column(state.id);
        let column = column.ok_or_else(|| internal_datafusion_err!("a table has no column {}", state.id))?;
        let field = schema.field_with_name(&column.name)?;
        fields.push(integer(format!("count of {}", column.name)));
        for what in ["least", "greatest"] {
            fields.push(field.clone().with_name(unused(format!("{what} of {}", column.name))).with_nullable(true));
        }
        if state.with_sum {
            fields.push(integer(format!("sum of {}", column.name)));
        }
    }
    Ok(fields)
}

#[async_trait]
impl TableProvider for PartialTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        self.base.supports_filters_pushdown(filters)
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let base = self.base.schema();
        let selection = self.base.pushdown().select(session, filters)?;
        let wanted = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let mut leading: Vec<usize> = wanted.iter().copied().filter(|index| *index < self.rows()).collect();
        let residual = selection.residual.clone();
        for column in residual.iter().flat_map(Expr::column_refs) {
            let index = base.index_of(&column.name)?;
            if !leading.contains(&index) {
                leading.push(index);
            }
        }
        // What the rows must still satisfy is asked of each of them.
        let buckets = match &residual {
            None => Some(Arc::new(self.buckets(session)?) as Arc<dyn Buckets>),
            Some(_) => None,
        };
        let scan = self.base.partial_scan(&leading, selection, self.states.clone(), buckets)?;
        let place = |index: &usize| match index.checked_sub(self.rows()) {
            Some(state) => Some(leading.len() + state),
            None => leading.iter().position(|leading| leading == index),
        };
        let places: Option<Vec<usize>> = wanted.iter().map(place).collect();
        let places = places.ok_or_else(|| internal_datafusion_err!("a scan for aggregates lacks a column"))?;
        let scan: Arc<dyn ExecutionPlan> = Arc::new(scan);
        if let Some(residual) = residual {
            let predicate = session.create_physical_expr(residual, &DFSchema::try_from(scan.schema())?)?;
            let filter = FilterExecBuilder::new(predicate, scan).apply_projection(Some(places))?;
            return Ok(Arc::new(filter.build()?));
        }
        if places.iter().copied().eq(0..scan.schema().fields().len()) {
            return Ok(scan);
        }
        let named = places.iter().map(|place| {
            let name = scan.schema().field(*place).name().clone();
            (Arc::new(ColumnExpr::new(&name, *place)) as Arc<dyn PhysicalExpr>, name)
        });
        Ok(Arc::new(ProjectionExec::try_new(named.collect::<Vec<_>>(), scan)?))
    }
}

impl PartialTable {
    fn buckets(&self, session: &dyn Session) -> Result<TimeGroups> {
        TimeGroups::new(&self.base, &self.groups, &|group, schema| session.create_physical_expr(group.clone(), schema))
    }
}

/// What rows are grouped by of their time: functions that never fall while the time rises.
#[derive(Debug)]
struct TimeGroups {
    groups: Vec<Arc<dyn PhysicalExpr>>,
    schema: SchemaRef,
}

/// Makes an expression over the time alone ready to be evaluated.
type Prepare<'a> = &'a dyn Fn(&Expr, &DFSchema) -> Result<Arc<dyn PhysicalExpr>>;

impl TimeGroups {
    fn new(base: &StorageTable, groups: &[Expr], prepare: Prepare<'_>) -> Result<Self> {
        let Some(time) = base.table().time_column() else {
            return internal_err!("a table without a time is not aggregated");
        };
        let field = base.schema().field_with_name(&time.name)?.clone();
        let schema = Arc::new(Schema::new(vec![field]));
        let columns = DFSchema::try_from(Arc::clone(&schema))?;
        let groups = groups.iter().map(|group| prepare(group, &columns)).collect::<Result<_>>()?;
        Ok(Self { groups, schema })
    }

    fn batch(&self, times: &[i64]) -> Result<RecordBatch> {
        let times = Int64Array::from(times.to_vec()).to_data().into_builder();
        let times = make_array(times.data_type(self.schema.field(0).data_type().clone()).build()?);
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), vec![times])?)
    }

    fn compare(&self, firsts: &[i64], lasts: &[i64]) -> Result<Vec<bool>> {
        let (first, last) = (self.batch(firsts)?, self.batch(lasts)?);
        let mut together = arrow::array::BooleanArray::from(vec![true; firsts.len()]);
        for group in &self.groups {
            let value =
                |batch: &RecordBatch| -> Result<ArrayRef> { group.evaluate(batch)?.into_array(batch.num_rows()) };
            together = and(&together, &not_distinct(&value(&first)?, &value(&last)?)?)?;
        }
        Ok(together.iter().map(|together| together == Some(true)).collect())
    }
}

impl Buckets for TimeGroups {
    fn together(&self, firsts: &[i64], lasts: &[i64]) -> model::Result<Vec<bool>> {
        self.compare(firsts, lasts).map_err(|e| to_error(&e, &ErrorContext::default()))
    }
}

/// Whether what rows are grouped by of their time leaves some hours whole; where buckets are
/// shorter, no aggregate of an hour is of use.
pub(crate) fn leaves_hours_whole(base: &StorageTable, groups: &[Expr]) -> Result<bool> {
    let Some(unit) = base.table().time_unit() else { return Ok(false) };
    let properties = ExecutionProps::new();
    let groups = TimeGroups::new(base, groups, &|group, schema| {
        create_physical_expr(group, schema, &properties, &PhysicalPlanningContext::default())
    })?;
    let hour = unit.per_second() * 3_600;
    let firsts: Vec<i64> = (0..HOURS_TRIED).map(|number| number * hour).collect();
    let lasts: Vec<i64> = firsts.iter().map(|first| first + hour - 1).collect();
    Ok(groups.compare(&firsts, &lasts)?.contains(&true))
}

impl StorageTable {
    /// Whether there may be rows that aggregates beside their segments speak of.
    pub(crate) fn has_aggregates(&self) -> bool {
        self.source().has_segments()
    }

    /// The scan for aggregates of some columns of the identity of rows, by their places in the
    /// schema.
    pub(crate) fn partial_scan(
        &self,
        columns: &[usize],
        selection: crate::scan::Selection,
        states: Vec<PartialColumn>,
        buckets: Option<Arc<dyn Buckets>>,
    ) -> Result<ScanExec> {
        let own = state_fields(self, &states)?;
        let leading = self.schema().project(columns)?;
        let fields = leading.fields().iter().map(|field| field.as_ref().clone()).chain(own);
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let ids: Vec<ColumnId> = columns.iter().filter_map(|index| self.column_at(*index)).collect();
        let is_field = |id: &ColumnId| self.table().column(*id).is_none_or(|column| column.role == ColumnRole::Field);
        if ids.iter().any(is_field) {
            return internal_err!("a scan for aggregates was asked for a value of a row");
        }
        Ok(ScanExec::new(Arc::clone(self.source()), schema, ids, selection, None)?.with_states(states, buckets))
    }
}

/// The column of numbers that aggregates beside segments may speak of.
pub(crate) fn numbers<'a>(table: &'a Table, name: &str) -> Option<&'a Column> {
    use model::DataType::{Float32, Float64, Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32};
    let column = table.column_named(name).filter(|column| column.role == ColumnRole::Field)?;
    let types = [Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, Float32, Float64];
    types.contains(&column.data_type).then_some(column)
}
