//! Window functions that DataFusion's encoding would change.
//!
//! It writes neither the FILTER of an aggregate over a window, nor IGNORE NULLS, nor that a
//! function runs backwards over input that is sorted the other way. Each is written and read on
//! its own here; one that comes back as another is refused.

use super::PlanCodec;
use super::check::windows;
use datafusion::common::not_impl_err;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::physical_expr::window::WindowExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::physical_plan::from_proto::parse_physical_window_expr;
use datafusion_proto::physical_plan::to_proto::serialize_physical_window_expr;
use datafusion_proto::physical_plan::{DefaultPhysicalProtoConverter, PhysicalPlanDecodeContext};
use std::sync::Arc;

pub(super) fn refuse_lossy(codec: &PlanCodec, plan: &Arc<dyn ExecutionPlan>) -> Result<()> {
    plan.apply(|node| {
        let [input] = node.children()[..] else { return Ok(TreeNodeRecursion::Continue) };
        let (schema, converter) = (input.schema(), DefaultPhysicalProtoConverter {});
        let context = PhysicalPlanDecodeContext::new(&codec.task, codec);
        for window in windows(node.as_ref()) {
            let written = serialize_physical_window_expr(window, codec, &converter)?;
            let read = parse_physical_window_expr(&written, &context, &schema, &converter)?;
            if parts(window) != parts(&read) {
                return not_impl_err!("a plan with {} over this window as bytes", window.name());
            }
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(())
}

/// All that a window function is, in the only view of it that shows everything. Leaves out the
/// schema that an aggregate was planned with, which has or has not the aggregate itself in it.
fn parts(window: &Arc<dyn WindowExpr>) -> String {
    let text = format!("{window:?}");
    match text
        .split_once(", schema: Schema {")
        .and_then(|(head, rest)| Some((head, rest.split_once(", order_bys: [")?)))
    {
        Some((head, (_schema, tail))) => format!("{head}, {tail}"),
        None => text,
    }
}
