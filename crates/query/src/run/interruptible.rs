//! A physical plan made interruptible before it is executed.
//!
//! Joins and their like produce batch after batch without ever waiting, or loop in one step while
//! a condition rejects every pair; a sort merges a whole run in one step. So every node gives its
//! thread back by time and asks whether the query shall end, and join conditions and sort keys ask
//! as well. To all else the plan is the same: wrapped nodes print, and answer, as what they wrap.

use super::guarded::Guarded;
use super::interrupt::Interrupt;
use super::timed_yield::TimedYield;
use arrow::record_batch::RecordBatch;
use datafusion::common::Statistics;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{LexOrdering, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::execution_plan::{CardinalityEffect, ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{
    HashJoinExec, HashJoinExecBuilder, NestedLoopJoinExec, NestedLoopJoinExecBuilder, SortMergeJoinExec,
};
use datafusion::physical_plan::metrics::MetricsSet;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::statistics::{ChildStats, StatisticsArgs};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::{Stream, StreamExt};
use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The plan, every node of it interruptible.
pub(crate) fn interruptible(
    plan: Arc<dyn ExecutionPlan>,
    interrupt: &Arc<Interrupt>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let children = plan.children();
    let plan = if children.is_empty() {
        plan
    } else {
        let children =
            children.into_iter().map(|c| interruptible(Arc::clone(c), interrupt)).collect::<Result<Vec<_>>>()?;
        plan.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Keep))?
    };
    // Guarded keys would no more be the keys that nodes above know the order by.
    let properties = Arc::clone(plan.properties());
    let inner = match guarded_join(&plan, interrupt)? {
        Some(join) => join,
        None => guarded_sort(&plan, interrupt).unwrap_or(plan),
    };
    Ok(Arc::new(Interruptible { inner, properties, interrupt: Arc::clone(interrupt) }))
}

/// The sort with keys that ask whether the query shall end. One that keeps only the first rows
/// takes its rows one batch at a time, and needs none.
fn guarded_sort(plan: &Arc<dyn ExecutionPlan>, interrupt: &Arc<Interrupt>) -> Option<Arc<dyn ExecutionPlan>> {
    let sort = plan.downcast_ref::<SortExec>().filter(|sort| sort.fetch().is_none())?;
    let keys = sort.expr().iter().map(|key| {
        let expr = Arc::new(Guarded::new(Arc::clone(&key.expr), Arc::clone(interrupt)));
        PhysicalSortExpr { expr, options: key.options }
    });
    let guarded = SortExec::new(LexOrdering::new(keys)?, Arc::clone(sort.input()));
    Some(Arc::new(guarded.with_preserve_partitioning(sort.preserve_partitioning())))
}

/// The join with a condition that asks whether the query shall end, if it has a condition.
fn guarded_join(plan: &Arc<dyn ExecutionPlan>, interrupt: &Arc<Interrupt>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let guarded = |filter: &JoinFilter| {
        let expression = Arc::new(Guarded::new(Arc::clone(filter.expression()), Arc::clone(interrupt)));
        JoinFilter::new(expression, filter.column_indices().to_vec(), Arc::clone(filter.schema()))
    };
    if let Some(join) = plan.downcast_ref::<NestedLoopJoinExec>()
        && let Some(filter) = join.filter()
    {
        let join = NestedLoopJoinExecBuilder::from(join).with_filter(Some(guarded(filter))).build()?;
        return Ok(Some(Arc::new(join)));
    }
    if let Some(join) = plan.downcast_ref::<HashJoinExec>()
        && let Some(filter) = join.filter()
    {
        let join = HashJoinExecBuilder::from(join).with_filter(Some(guarded(filter))).build()?;
        return Ok(Some(Arc::new(join)));
    }
    if let Some(join) = plan.downcast_ref::<SortMergeJoinExec>()
        && let Some(filter) = join.filter()
    {
        let join = SortMergeJoinExec::try_new(
            Arc::clone(join.left()),
            Arc::clone(join.right()),
            join.on().to_vec(),
            Some(guarded(filter)),
            join.join_type(),
            join.sort_options().to_vec(),
            join.null_equality(),
        )?;
        return Ok(Some(Arc::new(join)));
    }
    Ok(None)
}

/// A node that may be ended between two batches.
#[derive(Debug)]
struct Interruptible {
    inner: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    interrupt: Arc<Interrupt>,
}

impl Interruptible {
    fn around(&self, inner: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        let properties = Arc::clone(&self.properties);
        Arc::new(Self { inner, properties, interrupt: Arc::clone(&self.interrupt) })
    }
}

impl DisplayAs for Interruptible {
    fn fmt_as(&self, t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt_as(t, f)
    }
}

impl ExecutionPlan for Interruptible {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn downcast_delegate(&self) -> Option<&dyn ExecutionPlan> {
        Some(self.inner.as_ref())
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        self.inner.maintains_input_order()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.inner.children()
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self.around(Arc::clone(&self.inner).replace_children(children, options)?))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.inner.apply_expressions(f)
    }

    fn reset_state(self: Arc<Self>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self.around(Arc::clone(&self.inner).reset_state()?))
    }

    fn with_new_state(&self, state: Arc<dyn Any + Send + Sync>) -> Option<Arc<dyn ExecutionPlan>> {
        Some(self.around(self.inner.with_new_state(state)?))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let stream = self.inner.execute(partition, context)?;
        let schema = stream.schema();
        let asking = Asking { inner: stream, interrupt: Arc::clone(&self.interrupt) };
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, TimedYield::new(asking))))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        self.inner.metrics()
    }

    fn child_stats_requests(&self, partition: Option<usize>) -> Vec<ChildStats> {
        self.inner.child_stats_requests(partition)
    }

    fn statistics_from_inputs(&self, inputs: &[Arc<Statistics>], args: &StatisticsArgs) -> Result<Arc<Statistics>> {
        self.inner.statistics_from_inputs(inputs, args)
    }

    fn fetch(&self) -> Option<usize> {
        self.inner.fetch()
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        self.inner.cardinality_effect()
    }
}

/// A node's batches, until the query shall end.
struct Asking {
    inner: SendableRecordBatchStream,
    interrupt: Arc<Interrupt>,
}

impl Stream for Asking {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.interrupt.check() {
            Ok(()) => self.inner.poll_next_unpin(cx),
            Err(e) => Poll::Ready(Some(Err(e))),
        }
    }
}
