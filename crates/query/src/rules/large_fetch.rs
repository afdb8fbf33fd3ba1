//! Sorts that keep many first rows, made able to spill.
//!
//! A sort under a LIMIT keeps only its first rows, all of them in memory. When those are many
//! (LIMIT with a large OFFSET, most often), a whole sort, which spills, with the limit on top of
//! it takes about the same time.

use crate::batches::row_bytes;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::error::Result;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::limit::LocalLimitExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use std::sync::Arc;

/// First rows that a sort may keep in memory, if they are no wider than its reservation.
const ROWS_MAX: usize = 10_000;

/// Splits sorts that would keep many rows.
#[derive(Debug)]
pub(crate) struct LargeFetch;

impl PhysicalOptimizerRule for LargeFetch {
    fn name(&self) -> &str {
        "large_fetch"
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        // A part of the query's memory: see where the statement's session is made.
        let bytes_max = config.execution.sort_spill_reservation_bytes;
        let split = plan.transform_up(|plan| {
            let Some((sort, fetch)) = plan.downcast_ref::<SortExec>().and_then(|s| Some((s, s.fetch()?))) else {
                return Ok(Transformed::no(plan));
            };
            let bytes = row_bytes(sort.schema().fields().iter().map(AsRef::as_ref)).saturating_mul(fetch);
            if fetch <= ROWS_MAX && bytes <= bytes_max {
                return Ok(Transformed::no(plan));
            }
            let whole: Arc<dyn ExecutionPlan> = Arc::new(sort.with_fetch(None));
            Ok(Transformed::yes(Arc::new(LocalLimitExec::new(whole, fetch)) as Arc<dyn ExecutionPlan>))
        })?;
        Ok(split.data)
    }

    fn schema_check(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use crate::scan::memory::meters;
    use crate::testing::Bench;

    #[tokio::test]
    async fn only_many_rows_are_sorted_whole() {
        let mut bench = Bench::new();
        bench.table(meters(&[
            ("a", 1, "ann", 1_000, Some(1.5), Some(1)),
            ("b", 1, "cy", 500, Some(3.5), Some(4)),
            ("c", 1, "bob", 500, Some(2.5), Some(4)),
        ]));
        let few = bench.explain("SELECT volts FROM meters ORDER BY volts LIMIT 1 OFFSET 100").await;
        assert!(few.contains("TopK(fetch=101)"), "{few}");
        let many = bench.explain("SELECT volts FROM meters ORDER BY volts LIMIT 1 OFFSET 20000").await;
        assert!(!many.contains("TopK") && many.contains("SortExec"), "{many}");
        let sql = "SELECT volts FROM meters ORDER BY volts LIMIT 20000 OFFSET 1";
        assert_eq!(bench.rows(sql).await.unwrap(), ["2.5", "3.5"]);
        let sql = "SELECT * FROM (SELECT volts FROM meters ORDER BY volts LIMIT 20000) t LIMIT 1";
        assert_eq!(bench.rows(sql).await.unwrap(), ["1.5"]);
    }
}
