//! Optimiser rules that end with the query.
//!
//! Optimising is one long step, which no abort interrupts; each rule asks, at each node that it is
//! given, whether the query shall end.

use crate::run::Interrupt;
use datafusion::common::tree_node::Transformed;
use datafusion::error::Result;
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};
use std::sync::Arc;

tokio::task_local! {
    /// Ends the query that the task plans.
    pub(crate) static PLANNING: Arc<Interrupt>;
}

/// A rule that fails once its query shall end.
#[derive(Debug)]
pub(crate) struct InterruptibleRule(pub(crate) Arc<dyn OptimizerRule + Send + Sync>);

impl OptimizerRule for InterruptibleRule {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.0.apply_order()
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        // Outside of a running query there is nothing to end.
        PLANNING.try_with(|interrupt| interrupt.check()).unwrap_or(Ok(()))?;
        self.0.rewrite(plan, config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Profile;
    use crate::scan::memory::meters;
    use crate::testing::Bench;
    use model::ErrorKind;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    /// Dawdles at every node.
    #[derive(Debug)]
    struct Slow(Arc<AtomicU64>);

    impl OptimizerRule for Slow {
        fn name(&self) -> &str {
            "slow"
        }

        fn apply_order(&self) -> Option<ApplyOrder> {
            Some(ApplyOrder::TopDown)
        }

        fn rewrite(&self, plan: LogicalPlan, _config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
            self.0.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(100));
            Ok(Transformed::no(plan))
        }
    }

    #[tokio::test]
    async fn optimising_ends_with_the_query() {
        let nodes = Arc::new(AtomicU64::new(0));
        let profile = Profile::builder().optimizer_rule(Arc::new(Slow(Arc::clone(&nodes)))).build();
        let mut bench = Bench::with(|options| options.timeout = Duration::from_millis(1_000)).profile(profile);
        bench.table(meters(&[("a", 1, "ann", 1_000, None, None)]));
        let sql = vec!["SELECT site FROM meters WHERE volts > 1"; 100].join(" UNION ALL ");
        assert!(matches!(bench.error(&sql).await, ErrorKind::QueryTimeout { .. }));
        tokio::time::sleep(Duration::from_millis(300)).await;
        let seen = nodes.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(nodes.load(Ordering::SeqCst), seen, "the optimiser went on");
    }
}
