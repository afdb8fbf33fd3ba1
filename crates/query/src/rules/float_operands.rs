//! Comparisons of a float with an exact number, as floats.
//!
//! DataFusion compares them as decimals of 15 digits before and behind the point, which no large
//! or small float fits. Runs before types are coerced.

use arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, Operator, cast};
use datafusion::optimizer::AnalyzerRule;

/// Makes decimals floats where they stand beside one.
#[derive(Debug)]
pub(crate) struct FloatOperands;

impl AnalyzerRule for FloatOperands {
    fn name(&self) -> &str {
        "float_operands"
    }

    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        let rewritten = plan.transform_up_with_subqueries(|plan| {
            let mut schema = merge_schema(&plan.inputs());
            if let LogicalPlan::TableScan(scan) = &plan {
                schema.merge(&scan.projected_schema);
            }
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expr| {
                let name = names.save(&expr);
                let rewritten = expr.transform_up(|e| comparison(e, &schema))?;
                Ok(rewritten.update_data(|e| name.restore(e)))
            })
        })?;
        Ok(rewritten.data)
    }
}

fn comparison(mut expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let operands: Vec<&mut Expr> = match &mut expr {
        Expr::BinaryExpr(binary) if is_comparison(binary.op) => vec![&mut binary.left, &mut binary.right],
        Expr::Between(between) => vec![&mut between.expr, &mut between.low, &mut between.high],
        Expr::InList(list) => std::iter::once(&mut *list.expr).chain(&mut list.list).collect(),
        // The values that CASE chooses among meet in one type as the compared ones do.
        Expr::Case(case) => {
            let chosen = case.when_then_expr.iter_mut().map(|(_, then)| &mut **then);
            chosen.chain(case.else_expr.as_deref_mut()).collect()
        }
        _ => return Ok(Transformed::no(expr)),
    };
    let types: Vec<Option<DataType>> = operands.iter().map(|e| e.get_type(schema).ok()).collect();
    let is_decimal = |t: &Option<DataType>| t.as_ref().is_some_and(DataType::is_decimal);
    if !types.iter().flatten().any(DataType::is_floating) || !types.iter().any(is_decimal) {
        return Ok(Transformed::no(expr));
    }
    for (operand, data_type) in operands.into_iter().zip(&types) {
        if is_decimal(data_type) {
            *operand = cast(std::mem::take(operand), DataType::Float64);
        }
    }
    Ok(Transformed::yes(expr))
}

fn is_comparison(op: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom)
}
