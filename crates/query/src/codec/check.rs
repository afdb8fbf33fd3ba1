//! What debug builds ask of every plan that is run: that its functions have names.
//!
//! A function that only a planner or a rule puts into plans stands in no list; so the tests of
//! every dialect find the one that was not registered.

use super::functions::Functions;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::physical_expr::window::{
    PlainAggregateWindowExpr, SlidingAggregateWindowExpr, StandardWindowExpr, WindowExpr,
};
use datafusion::physical_expr::{HigherOrderFunctionExpr, PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec, WindowUDFExpr};
use std::sync::Arc;

impl Functions {
    /// Fails at a function that cannot be written.
    pub(crate) fn check_plan(&self, plan: &Arc<dyn ExecutionPlan>) -> Result<()> {
        plan.apply(|node| {
            node.apply_expressions(&mut |expr| self.check_expr(expr))?;
            if let Some(aggregate) = node.downcast_ref::<AggregateExec>() {
                for call in aggregate.aggr_expr() {
                    self.write_aggregate(call.fun(), &mut Vec::new())?;
                }
            }
            for window in windows(node.as_ref()) {
                let window = window.as_any();
                if let Some(window) = window.downcast_ref::<PlainAggregateWindowExpr>() {
                    self.write_aggregate(window.get_aggregate_expr().fun(), &mut Vec::new())?;
                } else if let Some(window) = window.downcast_ref::<SlidingAggregateWindowExpr>() {
                    self.write_aggregate(window.get_aggregate_expr().fun(), &mut Vec::new())?;
                } else if let Some(window) = window.downcast_ref::<StandardWindowExpr>()
                    && let Some(call) = window.get_standard_func_expr().as_any().downcast_ref::<WindowUDFExpr>()
                {
                    self.write_window(call.fun(), &mut Vec::new())?;
                }
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(())
    }

    fn check_expr(&self, expr: &Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion> {
        expr.apply(|expr| {
            if let Some(call) = expr.downcast_ref::<ScalarFunctionExpr>() {
                self.write_scalar(call.fun(), &mut Vec::new())?;
            } else if let Some(call) = expr.downcast_ref::<HigherOrderFunctionExpr>() {
                self.write_higher_order(call.fun(), &mut Vec::new())?;
            }
            Ok(TreeNodeRecursion::Continue)
        })
    }
}

/// The window functions of a node.
pub(super) fn windows(node: &dyn ExecutionPlan) -> &[Arc<dyn WindowExpr>] {
    match (node.downcast_ref::<WindowAggExec>(), node.downcast_ref::<BoundedWindowAggExec>()) {
        (Some(node), _) => node.window_expr(),
        (_, Some(node)) => node.window_expr(),
        (None, None) => &[],
    }
}
