//! Days and wall-clock readings beside points in time in BETWEEN, in lists, in subqueries, in the
//! arms of CASE and in functions that choose: they are read on the clock of the session's zone, as
//! `=` and `<` read them.

use super::time_casts::instant_of;
use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable as _, LogicalPlan, LogicalPlanBuilder, ScalarUDF, Subquery, lit};
use datafusion::optimizer::AnalyzerRule;
use std::sync::Arc;

/// Functions that return one of their arguments.
const CHOOSING: [&str; 4] = ["coalesce", "nullif", "greatest", "least"];

/// The rule; runs before types are coerced.
#[derive(Debug)]
pub(super) struct TimeMeetings {
    instant_of: Arc<ScalarUDF>,
}

impl TimeMeetings {
    pub(super) fn new() -> Self {
        Self { instant_of: Arc::new(instant_of()) }
    }

    /// The expression as a point in time of a unit that holds it.
    fn instant(&self, expr: Expr, data_type: &DataType) -> Expr {
        let digits: i64 = match data_type {
            DataType::Timestamp(TimeUnit::Nanosecond, _) => 9,
            DataType::Timestamp(TimeUnit::Second | TimeUnit::Millisecond, _) => 3,
            _ => 6,
        };
        self.instant_of.call(vec![expr, lit(digits)])
    }

    /// Makes all of them points in time if one of them is one.
    fn meet(&self, exprs: Vec<&mut Expr>, schema: &DFSchema) -> Result<bool> {
        let types = exprs.iter().map(|expr| expr.get_type(schema)).collect::<Result<Vec<_>>>()?;
        if !types.iter().any(is_instant) {
            return Ok(false);
        }
        let mut changed = false;
        for (expr, data_type) in exprs.into_iter().zip(&types) {
            if is_reading(data_type) {
                *expr = self.instant(std::mem::take(expr), data_type);
                changed = true;
            }
        }
        Ok(changed)
    }

    fn rewritten(&self, mut expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
        let changed = match &mut expr {
            Expr::Between(between) => {
                self.meet(vec![&mut between.expr, &mut between.low, &mut between.high], schema)?
            }
            Expr::InList(list) => {
                self.meet(std::iter::once(list.expr.as_mut()).chain(&mut list.list).collect(), schema)?
            }
            Expr::Case(case) => {
                let results = case.when_then_expr.iter_mut().map(|(_, then)| then.as_mut());
                self.meet(results.chain(case.else_expr.as_deref_mut()).collect(), schema)?
            }
            Expr::ScalarFunction(call) if CHOOSING.contains(&call.func.name()) => {
                self.meet(call.args.iter_mut().collect(), schema)?
            }
            Expr::InSubquery(member) => {
                let left = member.expr.get_type(schema)?;
                let plan = &member.subquery.subquery;
                let right = match &plan.schema().fields()[..] {
                    [only] => only.data_type().clone(),
                    _ => return Ok(Transformed::no(expr)),
                };
                if is_instant(&left) && is_reading(&right) {
                    member.subquery = self.of_instants(&member.subquery, &right)?;
                    true
                } else if is_reading(&left) && is_instant(&right) {
                    *member.expr = self.instant(std::mem::take(&mut member.expr), &left);
                    true
                } else {
                    false
                }
            }
            _ => false,
        };
        Ok(if changed { Transformed::yes(expr) } else { Transformed::no(expr) })
    }

    /// The subquery with its one column made points in time.
    fn of_instants(&self, subquery: &Subquery, data_type: &DataType) -> Result<Subquery> {
        let plan = subquery.subquery.as_ref().clone();
        let columns = plan.schema().columns();
        let column = columns.into_iter().next().map(Expr::Column).unwrap_or_default();
        let name = plan.schema().field(0).name().clone();
        let plan = LogicalPlanBuilder::from(plan).project([self.instant(column, data_type).alias(name)])?.build()?;
        Ok(subquery.with_plan(Arc::new(plan)))
    }
}

fn is_instant(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(_, Some(_)))
}

fn is_reading(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(_, None) | DataType::Date32)
}

impl AnalyzerRule for TimeMeetings {
    fn name(&self) -> &str {
        "time_meetings"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let analyzed = plan.transform_up_with_subqueries(|plan| {
            let mut schema = merge_schema(&plan.inputs());
            if let LogicalPlan::TableScan(scan) = &plan {
                schema.merge(&DFSchema::try_from_qualified_schema(scan.table_name.clone(), &scan.source.schema())?);
            }
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expr| {
                let name = names.save(&expr);
                let expr = expr.transform_up(|expr| self.rewritten(expr, &schema))?;
                Ok(expr.update_data(|expr| name.restore(expr)))
            })?
            .map_data(|plan| plan.recompute_schema())
        })?;
        Ok(analyzed.data)
    }
}
