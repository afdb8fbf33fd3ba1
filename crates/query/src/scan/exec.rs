//! The scan as a leaf of a physical plan.
//!
//! Rows come in one partition, ascending by key and time, which the plan declares so that
//! aggregates and merges above stream.

use super::compact::compact;
use super::pushdown::Selection;
use super::source::{ScanSource, SourceScan};
use crate::batches::batch_bytes;
use crate::error::external;
use arrow::compute::SortOptions;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Statistics, internal_err};
use datafusion::error::Result;
use datafusion::execution::memory_pool::MemoryLimit;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column as ColumnExpr;
use datafusion::physical_expr::{AcrossPartitions, ConstExpr, EquivalenceProperties, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, SchedulingType};
use datafusion::physical_plan::metrics::{BaselineMetrics, Count, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties};
use futures::Stream;
use model::{ColumnId, DataType, TableKind, TimeBounds, TimeUnit};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use storage::{Buckets, PartialColumn, PartialRequest, ScanKeys, ScanMetrics, ScanRequest};

/// What is read for aggregates, behind the columns asked for.
#[derive(Debug)]
pub(super) struct States {
    pub(super) columns: Vec<PartialColumn>,
    /// How rows come together by their times; without it each stands for itself.
    buckets: Option<Arc<dyn Buckets>>,
}

/// Reads a table.
#[derive(Debug, Clone)]
pub(crate) struct ScanExec {
    pub(super) source: Arc<dyn ScanSource>,
    schema: SchemaRef,
    pub(super) columns: Vec<ColumnId>,
    pub(super) selection: Arc<Selection>,
    /// Rows at most.
    pub(super) fetch: Option<usize>,
    /// What aggregates need, instead of rows.
    pub(super) states: Option<Arc<States>>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl ScanExec {
    pub(crate) fn new(
        source: Arc<dyn ScanSource>,
        schema: SchemaRef,
        columns: Vec<ColumnId>,
        selection: Selection,
        fetch: Option<usize>,
    ) -> Result<Self> {
        let equivalence = equivalence(source.as_ref(), &schema, &columns, &selection)?;
        // Every node yields by time when it is run, so that the scan itself need not.
        let properties = PlanProperties::new(
            equivalence,
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        )
        .with_scheduling_type(SchedulingType::Cooperative);
        Ok(Self {
            source,
            schema,
            columns,
            selection: Arc::new(selection),
            fetch,
            states: None,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }

    /// The same for aggregates: its schema has what they need of these columns behind the others.
    pub(crate) fn with_states(self, columns: Vec<PartialColumn>, buckets: Option<Arc<dyn Buckets>>) -> Self {
        Self { states: Some(Arc::new(States { columns, buckets })), ..self }
    }

    fn reads_nothing(&self) -> bool {
        self.selection.time.is_empty()
            || self.fetch == Some(0)
            || match &self.selection.keys {
                ScanKeys::All => false,
                ScanKeys::Series(series) => series.is_empty(),
                ScanKeys::Ranges(ranges) => ranges.is_empty(),
            }
    }
}

/// The order of the rows, and the columns with one value in all of them.
fn equivalence(
    source: &dyn ScanSource,
    schema: &SchemaRef,
    columns: &[ColumnId],
    selection: &Selection,
) -> Result<EquivalenceProperties> {
    let column = |id: ColumnId| -> Option<Arc<dyn PhysicalExpr>> {
        let index = columns.iter().position(|c| *c == id)?;
        Some(Arc::new(ColumnExpr::new(schema.field(index).name(), index)))
    };
    let table = source.table();
    let mut identity: Vec<(ColumnId, DataType)> = table.key_columns().map(|c| (c.id, c.data_type)).collect();
    if table.kind == TableKind::Series {
        identity.extend(table.time_column().map(|c| (c.id, c.data_type)));
    }
    // Up to the first column that is not there, or whose keys sort otherwise than Arrow does;
    // one with a single value orders nothing and is passed over.
    let ordering: Vec<PhysicalSortExpr> = identity
        .into_iter()
        .filter(|(id, _)| !selection.constant.contains(id))
        .map_while(|(id, data_type)| {
            let expr = sorts_as_arrow(data_type).then(|| column(id))??;
            Some(PhysicalSortExpr::new(expr, SortOptions::new(false, true)))
        })
        .collect();
    let constants = selection.constant.iter().filter_map(|id| column(*id));
    let constants: Vec<ConstExpr> = constants.map(|e| ConstExpr::new(e, AcrossPartitions::Uniform(None))).collect();
    let orderings = if ordering.is_empty() { Vec::new() } else { vec![ordering] };
    let mut equivalence = EquivalenceProperties::new_with_orderings(Arc::clone(schema), orderings);
    equivalence.add_constants(constants)?;
    Ok(equivalence)
}

/// Whether key bytes of this type sort as Arrow sorts its values. Keys take -0 and every NaN for
/// one value where Arrow does not, and Arrow's sort of intervals is not ours.
pub(super) const fn sorts_as_arrow(data_type: DataType) -> bool {
    !matches!(data_type, DataType::Float32 | DataType::Float64 | DataType::Interval)
}

impl DisplayAs for ScanExec {
    fn fmt_as(&self, t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.source.table();
        let names: Vec<&str> = self.schema.fields().iter().map(|f| f.name().as_str()).collect();
        let (separator, lead) = match t {
            DisplayFormatType::TreeRender => ("\n", ""),
            _ => (", ", "ScanExec: "),
        };
        write!(f, "{lead}table={}{separator}columns=[{}]", table.name, names.join(", "))?;
        if let Some(unit) = table.time_unit() {
            write!(f, "{separator}time={}", TimeRange(self.selection.time, unit))?;
        }
        match &self.selection.keys {
            ScanKeys::Ranges(ranges) => {
                write!(f, "{separator}keys={} ranges", ranges.len())?;
                if let Some(unique) = &self.selection.unique {
                    write!(f, "{separator}by unique {unique}")?;
                }
            }
            _ if table.kind == TableKind::Keyed => write!(f, "{separator}keys=all")?,
            _ => match self.selection.series {
                Some((selected, all)) => write!(f, "{separator}series={selected} of {all}")?,
                None if self.reads_nothing() => write!(f, "{separator}series=none")?,
                None => write!(f, "{separator}series=all")?,
            },
        }
        if let Some(states) = &self.states {
            let names =
                states.columns.iter().filter_map(|state| table.column(state.id)).map(|column| column.name.as_str());
            write!(f, "{separator}partial aggregates of [{}]", names.collect::<Vec<_>>().join(", "))?;
        }
        match self.fetch {
            Some(fetch) => write!(f, "{separator}fetch={fetch}"),
            None => Ok(()),
        }
    }
}

/// Time bounds for people; open ends say nothing.
pub(super) struct TimeRange(pub(super) TimeBounds, pub(super) TimeUnit);

impl fmt::Display for TimeRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(bounds, unit) = self;
        if bounds.is_empty() {
            return f.write_str("none");
        }
        let end = |value: i64, open: i64| {
            if value == open {
                return String::new();
            }
            let readable = jiff::Timestamp::from_nanosecond(unit.to_nanos(value));
            readable.map_or_else(|_| value.to_string(), |t| t.to_string())
        };
        write!(f, "[{}, {}]", end(bounds.first, i64::MIN), end(bounds.last, i64::MAX))
    }
}

impl ExecutionPlan for ScanExec {
    fn name(&self) -> &str {
        "ScanExec"
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
        if children.is_empty() { Ok(self) } else { internal_err!("a scan has no children") }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let rows = context.session_config().batch_size();
        let bytes = match context.memory_pool().memory_limit() {
            MemoryLimit::Finite(memory) => batch_bytes(memory),
            MemoryLimit::Infinite | MemoryLimit::Unknown => usize::MAX,
        };
        let reading = Reading {
            source: Arc::clone(&self.source),
            schema: Arc::clone(&self.schema),
            request: (!self.reads_nothing()).then(|| ScanRequest {
                columns: self.columns.clone(),
                time: self.selection.time,
                keys: self.selection.keys.clone(),
                batch_rows: self.fetch.map_or(rows, |fetch| rows.min(fetch)),
            }),
            states: self.states.clone(),
            scan: None,
            rest: None,
            bytes,
            left: self.fetch,
            metrics: ReadingMetrics::new(&self.metrics, partition, &self.selection),
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), reading)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn statistics_from_inputs(
        &self,
        _input_stats: &[Arc<Statistics>],
        _args: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        let mut statistics = Statistics::new_unknown(&self.schema);
        statistics.num_rows = if self.reads_nothing() {
            Precision::Exact(0)
        } else {
            let rows = usize::try_from(self.source.rows_at_most()).unwrap_or(usize::MAX);
            Precision::Inexact(self.fetch.map_or(rows, |fetch| rows.min(fetch)))
        };
        Ok(Arc::new(statistics))
    }

    fn supports_limit_pushdown(&self) -> bool {
        false
    }

    fn with_fetch(&self, limit: Option<usize>) -> Option<Arc<dyn ExecutionPlan>> {
        Some(Arc::new(Self { fetch: limit, ..self.clone() }))
    }

    fn fetch(&self) -> Option<usize> {
        self.fetch
    }
}

/// A scan under way; begun when it is first polled, on the query runtime.
struct Reading {
    source: Arc<dyn ScanSource>,
    schema: SchemaRef,
    request: Option<ScanRequest>,
    states: Option<Arc<States>>,
    scan: Option<Box<dyn SourceScan>>,
    /// What the last batch had beyond the bytes that one may take.
    rest: Option<RecordBatch>,
    bytes: usize,
    left: Option<usize>,
    metrics: ReadingMetrics,
}

impl Reading {
    fn next_batch(&mut self) -> Option<Result<RecordBatch>> {
        if let Some(request) = self.request.take() {
            let begun = match &self.states {
                None => self.source.scan(request),
                Some(states) => self.source.scan_partial(PartialRequest {
                    rows: request,
                    states: states.columns.clone(),
                    buckets: states.buckets.clone(),
                }),
            };
            match begun {
                Ok(scan) => self.scan = Some(scan),
                Err(e) => return Some(Err(external(e))),
            }
        }
        let batch = match self.rest.take() {
            Some(rest) => rest,
            None => {
                let scan = self.scan.as_mut()?;
                let batch = scan.next();
                self.metrics.record(scan.metrics());
                match batch? {
                    Ok(batch) => batch,
                    Err(e) => {
                        self.scan = None;
                        return Some(Err(external(e)));
                    }
                }
            }
        };
        let batch = match self.cut(batch) {
            Ok(batch) => batch,
            Err(e) => return Some(Err(e)),
        };
        let batch = match &mut self.left {
            Some(left) => {
                let batch = batch.slice(0, batch.num_rows().min(*left));
                *left -= batch.num_rows();
                if *left == 0 {
                    self.scan = None;
                    self.rest = None;
                }
                batch
            }
            None => batch,
        };
        self.metrics.baseline.record_output(batch.num_rows());
        // Storage names columns by id; names and nullability are the schema's.
        Some(with_schema(&batch, &self.schema))
    }

    /// The first rows of a batch, as many as fit in the bytes that one may take.
    fn cut(&mut self, batch: RecordBatch) -> Result<RecordBatch> {
        let mut bytes = 0;
        for column in batch.columns() {
            bytes += column.to_data().get_slice_memory_size()?;
        }
        if bytes <= self.bytes || batch.num_rows() < 2 {
            return Ok(batch);
        }
        let rows = (batch.num_rows() / bytes.div_ceil(self.bytes)).max(1);
        self.rest = Some(batch.slice(rows, batch.num_rows() - rows));
        Ok(batch.slice(0, rows))
    }
}

impl Stream for Reading {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let time = self.metrics.baseline.elapsed_compute().clone();
        let _timer = time.timer();
        Poll::Ready(self.next_batch())
    }
}

fn with_schema(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let columns = batch.columns().iter().map(compact).collect::<Result<Vec<_>>>()?;
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}

struct ReadingMetrics {
    baseline: BaselineMetrics,
    segments_pruned: Count,
    segments_filtered: Count,
    segments_read: Count,
    rows_merged: Count,
    /// Of the table, so that only the first partition says it.
    segments_waiting: Option<Count>,
    rows_aggregated: Count,
    seen: ScanMetrics,
}

impl ReadingMetrics {
    fn new(set: &ExecutionPlanMetricsSet, partition: usize, selection: &Selection) -> Self {
        if let Some((selected, _)) = selection.series {
            MetricBuilder::new(set).counter("series_selected", partition).add(selected);
        }
        Self {
            baseline: BaselineMetrics::new(set, partition),
            segments_pruned: MetricBuilder::new(set).counter("segments_pruned", partition),
            segments_filtered: MetricBuilder::new(set).counter("segments_filtered", partition),
            segments_read: MetricBuilder::new(set).counter("segments_read", partition),
            rows_aggregated: MetricBuilder::new(set).counter("rows_aggregated", partition),
            rows_merged: MetricBuilder::new(set).counter("rows_merged", partition),
            segments_waiting: (partition == 0).then(|| MetricBuilder::new(set).counter("segments_waiting", partition)),
            seen: ScanMetrics::default(),
        }
    }

    fn record(&mut self, now: ScanMetrics) {
        let add = |counter: &Count, now: u64, before: u64| {
            counter.add(usize::try_from(now.saturating_sub(before)).unwrap_or(usize::MAX));
        };
        add(&self.segments_pruned, now.segments_pruned, self.seen.segments_pruned);
        add(&self.segments_filtered, now.segments_filtered, self.seen.segments_filtered);
        add(&self.segments_read, now.segments_read, self.seen.segments_read);
        add(&self.rows_aggregated, now.rows_aggregated, self.seen.rows_aggregated);
        add(&self.rows_merged, now.rows_merged, self.seen.rows_merged);
        if let Some(segments_waiting) = &self.segments_waiting {
            add(segments_waiting, now.segments_waiting, self.seen.segments_waiting);
        }
        self.seen = now;
    }
}
