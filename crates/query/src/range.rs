//! Whether a plan selects nothing but series and a range of time of one table: then whoever
//! deletes what it selects need not read it.

use crate::error::to_error;
use crate::plan::statement_state;
use crate::runtime::QueryEngine;
use crate::{PlanContext, Profile, StorageTable};
use datafusion::logical_expr::LogicalPlan;
use model::{Result, TimeBounds};
use storage::ScanKeys;

/// Series and a range of time.
#[derive(Clone, Debug)]
pub struct SelectedRange {
    /// The times.
    pub time: TimeBounds,
    /// The series.
    pub keys: ScanKeys,
}

impl QueryEngine {
    /// The series and times that a plan selects in `table`, if its whole condition is about those.
    ///
    /// # Errors
    /// Whatever is wrong with the condition.
    pub fn selected_range(
        &self,
        profile: &Profile,
        plan: &LogicalPlan,
        context: &PlanContext,
        table: &StorageTable,
    ) -> Result<Option<SelectedRange>> {
        let state = statement_state(&self.inner, profile, context)?;
        let error = |e| to_error(&e, &self.inner.error_context());
        let optimized = state.optimize(plan).map_err(error)?;
        let Some(filters) = scan_filters(&optimized) else { return Ok(None) };
        let selection = table.pushdown().select(&state, filters).map_err(error)?;
        if selection.residual.is_some() {
            return Ok(None);
        }
        Ok(Some(SelectedRange { time: selection.time, keys: selection.keys }))
    }
}

/// The predicates of a plan that is one scan with no condition above it: the scan took all of them
/// over exactly.
fn scan_filters(plan: &LogicalPlan) -> Option<&[datafusion::logical_expr::Expr]> {
    match plan {
        LogicalPlan::Projection(projection) => scan_filters(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => scan_filters(&alias.input),
        LogicalPlan::TableScan(scan) if scan.fetch.is_none() => Some(&scan.filters),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
