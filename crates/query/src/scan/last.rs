//! The last values of a table's series as a DataFusion table, and reading them as a leaf of a
//! physical plan: one row for each series that has a row, in the order of keys.

use super::compact::compact;
use super::exec::{TimeRange, sorts_as_arrow};
use super::pushdown::{Pushdown, Selection};
use super::source::{OpenScan, ScanSource, SourceLast};
use crate::StorageTable;
use crate::codec::payload::{Payload, put_bytes, put_count, put_optional};
use crate::error::external;
use arrow::compute::SortOptions;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{internal_datafusion_err, internal_err};
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_expr::expressions::Column as ColumnExpr;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, SchedulingType};
use datafusion::physical_plan::metrics::{BaselineMetrics, Count, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties};
use futures::Stream;
use model::{ColumnId, ColumnRole, Table, TimeBounds};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use storage::{LastMetrics, LastOutput, LastRequest, ScanDescription, ScanKeys};

/// The last values of a stored table's series.
#[derive(Debug)]
pub(crate) struct LastTable {
    source: Arc<dyn ScanSource>,
    outputs: Vec<LastOutput>,
    schema: SchemaRef,
    /// The table's own columns, which the filters speak of.
    stored: SchemaRef,
    filters: Vec<Expr>,
}

impl LastTable {
    /// Those of a table whose rows some filters restrict; `None` when two columns of the answer
    /// would have one name.
    pub(crate) fn new(stored: &StorageTable, outputs: Vec<LastOutput>, filters: Vec<Expr>) -> Option<Self> {
        let schema = schema_of(stored.table(), &stored.schema(), &outputs).ok()?;
        let names: std::collections::HashSet<&String> = schema.fields().iter().map(|field| field.name()).collect();
        if names.len() < outputs.len() {
            return None;
        }
        let source = Arc::clone(stored.source());
        Some(Self { source, outputs, schema, stored: stored.schema(), filters })
    }

    /// What a column is called.
    pub(crate) fn name_of(&self, output: LastOutput) -> Result<String> {
        let at = self.outputs.iter().position(|known| *known == output);
        let at = at.ok_or_else(|| internal_datafusion_err!("last values have no {output:?}"))?;
        Ok(self.schema.field(at).name().clone())
    }
}

/// Each column with the type, and what else is known, of the column that its values are of.
fn schema_of(table: &Table, stored: &SchemaRef, outputs: &[LastOutput]) -> Result<SchemaRef> {
    let column = |id: &ColumnId| {
        let column = table.column(*id).ok_or_else(|| internal_datafusion_err!("no column {id}"))?;
        Ok::<_, datafusion::error::DataFusionError>(stored.field_with_name(&column.name)?)
    };
    let time = || {
        let time = table.columns_with(ColumnRole::Time).next();
        column(&time.ok_or_else(|| internal_datafusion_err!("no time column"))?.id)
    };
    let derived = |name: String, of: &Field| Field::clone(of).with_name(name).with_nullable(true);
    let fields = outputs.iter().map(|output| {
        Ok(match output {
            LastOutput::Series(id) => Field::clone(column(id)?),
            LastOutput::RowTime => derived(format!("newest({})", time()?.name()), time()?),
            LastOutput::RowValue(id) => derived(format!("newest({})", column(id)?.name()), column(id)?),
            LastOutput::Value(id) => derived(format!("last({})", column(id)?.name()), column(id)?),
            LastOutput::ValueTime(id) => derived(format!("time of last({})", column(id)?.name()), time()?),
        })
    });
    Ok(Arc::new(Schema::new(fields.collect::<Result<Vec<_>>>()?)))
}

#[async_trait]
impl TableProvider for LastTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if !filters.is_empty() {
            return internal_err!("last values were given predicates that they did not ask for");
        }
        let pushdown = Pushdown { source: self.source.as_ref(), schema: &self.stored };
        let selection = pushdown.select(session, &self.filters)?;
        let all: Vec<usize> = (0..self.outputs.len()).collect();
        let wanted = projection.unwrap_or(&all);
        let outputs = wanted.iter().filter_map(|at| self.outputs.get(*at).copied()).collect();
        let schema = Arc::new(self.schema.project(wanted)?);
        let read = Read { outputs, since: selection.time.first, keys: selection.keys.clone(), fetch: limit };
        if selection.time.last != i64::MAX && !selection.time.is_empty() || selection.residual.is_some() {
            return internal_err!("last values cannot leave out newer rows");
        }
        Ok(Arc::new(LastExec::new(Arc::clone(&self.source), schema, read, &selection)))
    }
}

/// What is read.
#[derive(Clone, Debug)]
struct Read {
    outputs: Vec<LastOutput>,
    since: i64,
    keys: ScanKeys,
    /// Rows at most.
    fetch: Option<usize>,
}

/// Reads last values.
#[derive(Clone, Debug)]
pub(crate) struct LastExec {
    source: Arc<dyn ScanSource>,
    schema: SchemaRef,
    read: Read,
    /// Selected and all series, where series were selected.
    series: Option<(usize, usize)>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl LastExec {
    fn new(source: Arc<dyn ScanSource>, schema: SchemaRef, mut read: Read, selection: &Selection) -> Self {
        if selection.time.is_empty() {
            read.keys = ScanKeys::Series(Vec::new());
        }
        let column = |id: ColumnId| -> Option<Arc<dyn PhysicalExpr>> {
            let at = read.outputs.iter().position(|output| *output == LastOutput::Series(id))?;
            Some(Arc::new(ColumnExpr::new(schema.field(at).name(), at)))
        };
        let keys = source.table().key_columns().map_while(|key| {
            let expr = sorts_as_arrow(key.data_type).then(|| column(key.id))??;
            Some(PhysicalSortExpr::new(expr, SortOptions::new(false, true)))
        });
        let keys: Vec<PhysicalSortExpr> = keys.collect();
        let orderings = if keys.is_empty() { Vec::new() } else { vec![keys] };
        let equivalence = EquivalenceProperties::new_with_orderings(Arc::clone(&schema), orderings);
        let properties = PlanProperties::new(
            equivalence,
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        )
        .with_scheduling_type(SchedulingType::Cooperative);
        let (properties, metrics) = (Arc::new(properties), ExecutionPlanMetricsSet::new());
        Self { source, schema, read, series: selection.series, properties, metrics }
    }

    /// What another process needs to read the same.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>> {
        let Read { outputs, since, keys, fetch } = &self.read;
        let time = TimeBounds { first: *since, last: i64::MAX };
        let description = self.source.describe(&[], time, keys).map_err(external)?;
        let mut out = Vec::new();
        put_bytes(&description.to_bytes(), &mut out);
        put_optional(*fetch, &mut out, put_count);
        put_optional(self.series, &mut out, |(selected, all), out| {
            put_count(selected, out);
            put_count(all, out);
        });
        put_count(outputs.len(), &mut out);
        for output in outputs {
            let (kind, column) = match output {
                LastOutput::RowTime => (0, ColumnId(0)),
                LastOutput::Series(id) => (1, *id),
                LastOutput::RowValue(id) => (2, *id),
                LastOutput::Value(id) => (3, *id),
                LastOutput::ValueTime(id) => (4, *id),
            };
            out.push(kind);
            out.extend(column.0.to_le_bytes());
        }
        Ok(out)
    }

    /// The node that has these bytes.
    pub(crate) fn from_bytes(bytes: &[u8], sources: &dyn OpenScan) -> Result<Self> {
        let mut payload = Payload(bytes);
        let description = ScanDescription::from_bytes(payload.bytes()?).map_err(external)?;
        let fetch = payload.optional(Payload::count)?;
        let series = payload.optional(|payload| Ok((payload.count()?, payload.count()?)))?;
        let outputs = (0..payload.count()?).map(|_| {
            let (kind, column) = (payload.u8()?, ColumnId(payload.u32()?));
            Ok(match kind {
                0 => LastOutput::RowTime,
                1 => LastOutput::Series(column),
                2 => LastOutput::RowValue(column),
                3 => LastOutput::Value(column),
                4 => LastOutput::ValueTime(column),
                other => return internal_err!("no last value has kind {other}"),
            })
        });
        let outputs = outputs.collect::<Result<Vec<_>>>()?;
        payload.end()?;
        let (source, keys) = sources.open(&description).map_err(external)?;
        let stored = StorageTable::over(Arc::clone(&source));
        let schema = schema_of(source.table(), &stored.schema(), &outputs)?;
        let read = Read { outputs, since: description.time.first, keys, fetch };
        Ok(Self::new(source, schema, read, &Selection { series, ..Selection::all() }))
    }
}

impl DisplayAs for LastExec {
    fn fmt_as(&self, t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.source.table();
        let names: Vec<&str> = self.schema.fields().iter().map(|f| f.name().as_str()).collect();
        let (separator, lead) = match t {
            DisplayFormatType::TreeRender => ("\n", ""),
            _ => (", ", "LastExec: "),
        };
        write!(f, "{lead}table={}{separator}columns=[{}]", table.name, names.join(", "))?;
        if let Some(unit) = table.time_unit() {
            let time = TimeBounds { first: self.read.since, last: i64::MAX };
            write!(f, "{separator}time={}", TimeRange(time, unit))?;
        }
        match (&self.read.keys, self.series) {
            (_, Some((selected, all))) => write!(f, "{separator}series={selected} of {all}")?,
            (ScanKeys::Series(ids), None) if ids.is_empty() => write!(f, "{separator}series=none")?,
            _ => write!(f, "{separator}series=all")?,
        }
        match self.read.fetch {
            Some(fetch) => write!(f, "{separator}fetch={fetch}"),
            None => Ok(()),
        }
    }
}

impl ExecutionPlan for LastExec {
    fn name(&self) -> &str {
        "LastExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        if children.is_empty() { Ok(self) } else { internal_err!("last values have no children") }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let count = |name: &'static str| MetricBuilder::new(&self.metrics).counter(name, partition);
        let reading = Reading {
            source: Arc::clone(&self.source),
            schema: Arc::clone(&self.schema),
            request: Some(LastRequest {
                outputs: self.read.outputs.clone(),
                since: self.read.since,
                keys: self.read.keys.clone(),
                batch_rows: context.session_config().batch_size(),
            }),
            rows: None,
            left: self.read.fetch,
            baseline: BaselineMetrics::new(&self.metrics, partition),
            counts: [count("series_known"), count("series_searched"), count("rows_read"), count("segments_read")],
            seen: LastMetrics::default(),
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), reading)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn supports_limit_pushdown(&self) -> bool {
        false
    }

    fn with_fetch(&self, limit: Option<usize>) -> Option<Arc<dyn ExecutionPlan>> {
        Some(Arc::new(Self { read: Read { fetch: limit, ..self.read.clone() }, ..self.clone() }))
    }

    fn fetch(&self) -> Option<usize> {
        self.read.fetch
    }
}

/// Reading under way; begun when it is first polled, on the query runtime.
struct Reading {
    source: Arc<dyn ScanSource>,
    schema: SchemaRef,
    request: Option<LastRequest>,
    rows: Option<Box<dyn SourceLast>>,
    left: Option<usize>,
    baseline: BaselineMetrics,
    counts: [Count; 4],
    seen: LastMetrics,
}

impl Reading {
    /// The next rows; none of them where there is more to do first.
    fn next_batch(&mut self) -> Option<Result<RecordBatch>> {
        if self.left == Some(0) {
            return None;
        }
        if let Some(request) = self.request.take() {
            match self.source.last(request) {
                Ok(rows) => self.rows = Some(rows),
                Err(e) => return Some(Err(external(e))),
            }
        }
        let rows = self.rows.as_mut()?;
        let batch = rows.next();
        let now = rows.metrics();
        self.record(now);
        let batch = match batch? {
            Ok(batch) => batch,
            Err(e) => {
                self.rows = None;
                return Some(Err(external(e)));
            }
        };
        let batch = match &mut self.left {
            Some(left) => {
                let batch = batch.slice(0, batch.num_rows().min(*left));
                *left -= batch.num_rows();
                batch
            }
            None => batch,
        };
        self.baseline.record_output(batch.num_rows());
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let columns = batch.columns().iter().map(compact).collect::<Result<Vec<_>>>();
        Some(
            columns.and_then(|columns| {
                Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
            }),
        )
    }

    fn record(&mut self, now: LastMetrics) {
        let numbers = |m: LastMetrics| [m.series_known, m.series_searched, m.rows_read, m.segments_read];
        for ((count, now), before) in self.counts.iter().zip(numbers(now)).zip(numbers(self.seen)) {
            count.add(usize::try_from(now.saturating_sub(before)).unwrap_or(usize::MAX));
        }
        self.seen = now;
    }
}

impl Stream for Reading {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let time = self.baseline.elapsed_compute().clone();
        let _timer = time.timer();
        match self.next_batch() {
            Some(Ok(batch)) if batch.num_rows() == 0 => {
                // A step of a search: whoever runs this may want to end it here.
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            next => Poll::Ready(next),
        }
    }
}
