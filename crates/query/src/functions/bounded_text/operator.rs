//! `||` as a function that builds no giant values.

use super::{Bounded, Length};
use arrow::compute::kernels::concat_elements::concat_elements_dyn;
use arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::internal_err;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable, LogicalPlan, Operator, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::physical_expr_common::datum::apply;
use std::sync::{Arc, LazyLock};

/// Replaces `||` of texts; runs behind type coercion.
#[derive(Debug)]
pub(crate) struct BoundedOperator;

impl AnalyzerRule for BoundedOperator {
    fn name(&self) -> &str {
        "bounded_text_operator"
    }

    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        let rewritten = plan.transform_up_with_subqueries(|plan| {
            let schema = merge_schema(&plan.inputs());
            let names = NamePreserver::new(&plan);
            let is_text = |e: &Expr| e.get_type(&schema).is_ok_and(|t| matches!(t, DataType::Utf8));
            plan.map_expressions(|expr| {
                let name = names.save(&expr);
                let rewritten = expr.transform_up(|e| match e {
                    Expr::BinaryExpr(BinaryExpr { left, op: Operator::StringConcat, right })
                        if is_text(&left) && is_text(&right) =>
                    {
                        let call = ScalarFunction::new_udf(Arc::clone(&JOIN), vec![*left, *right]);
                        Ok(Transformed::yes(Expr::ScalarFunction(call)))
                    }
                    other => Ok(Transformed::no(other)),
                })?;
                Ok(rewritten.update_data(|e| name.restore(e)))
            })?
            .map_data(LogicalPlan::recompute_schema)
        })?;
        Ok(rewritten.data)
    }
}

/// The function that `||` becomes.
pub(crate) fn join() -> Arc<ScalarUDF> {
    Arc::clone(&JOIN)
}

static JOIN: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
    let signature = Signature::exact(vec![DataType::Utf8; 2], Volatility::Immutable);
    let function = Arc::new(ScalarUDF::new_from_impl(Join { signature }));
    Arc::new(ScalarUDF::new_from_impl(Bounded { function, length: Length::Joined }))
});

/// NULL where either side is, other than `concat`.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Join {
    signature: Signature,
}

impl ScalarUDFImpl for Join {
    fn name(&self) -> &str {
        "||"
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        match args {
            [left, right] => Ok(format!("{} || {}", left.schema_name(), right.schema_name())),
            _ => internal_err!("|| has two sides"),
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.as_slice() {
            [left, right] => apply(left, right, |left, right| {
                let (left, left_is_one) = left.get();
                let (right, right_is_one) = right.get();
                let rows = if left_is_one { right.len() } else { left.len() };
                let spread = |array: &dyn arrow::array::Array, is_one: bool| {
                    if !is_one {
                        return Ok(arrow::array::make_array(array.to_data()));
                    }
                    let first = arrow::array::UInt64Array::from(vec![0; rows]);
                    arrow::compute::take(array, &first, None)
                };
                concat_elements_dyn(&spread(left, left_is_one)?, &spread(right, right_is_one)?)
            }),
            _ => internal_err!("|| has two sides"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::scan::memory::meters;
    use crate::testing::Bench;

    #[tokio::test]
    async fn doubling_texts_are_refused() {
        let mut bench = Bench::with(|options| options.memory_bytes = 1 << 30);
        bench.table(meters(&[("a", 1, "x", 1_000, None, None), ("bc", 2, "x", 1_000, None, None)]));
        let mut sql = "SELECT repeat(site, 10000) AS t FROM meters".to_owned();
        for _ in 0..15 {
            sql = format!("SELECT t || t AS t FROM ({sql}) s");
        }
        let error = format!("{:?}", bench.error(&sql).await);
        assert!(error.contains("|| may build at most 64 MB"), "{error}");
        let sql = "SELECT site || owner, site || '!' || NULL, 'p' || 'q', '<' || site FROM meters ORDER BY site";
        assert_eq!(bench.rows(sql).await.unwrap(), ["ax|NULL|pq|<a", "bcx|NULL|pq|<bc"]);
    }
}
