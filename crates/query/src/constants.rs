//! Constants with an exponent, where constants with a point are exact.
//!
//! DataFusion's planner reads all constants that are no integers alike. Those with an exponent, or
//! with more digits than a decimal has, become calls of a function before planning, and floats
//! after it.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{ScalarValue, internal_err};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::sql::sqlparser::ast::{
    self, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, ObjectName,
    Statement, Value, VisitMut, VisitorMut,
};
use std::ops::ControlFlow;
use std::sync::{Arc, LazyLock};

/// The function's name; no other function is found by it.
pub(crate) const FLOAT_CONSTANT: &str = "__float_constant";

/// Digits of the widest decimal.
const DIGITS_MAX: usize = 38;

/// Marks the constants that are floats.
pub(crate) fn mark_floats(statement: &mut Statement) {
    let _: ControlFlow<()> = statement.visit(&mut Marker);
}

struct Marker;

impl VisitorMut for Marker {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut ast::Expr) -> ControlFlow<()> {
        if let ast::Expr::Value(value) = expr
            && let Value::Number(text, _) = &value.value
            && is_float(text)
        {
            let text = Value::SingleQuotedString(text.clone()).with_span(value.span);
            let argument = FunctionArg::Unnamed(FunctionArgExpr::Expr(ast::Expr::Value(text)));
            *expr = ast::Expr::Function(Function {
                name: ObjectName::from(vec![Ident::new(FLOAT_CONSTANT)]),
                uses_odbc_syntax: false,
                parameters: FunctionArguments::None,
                args: FunctionArguments::List(FunctionArgumentList {
                    duplicate_treatment: None,
                    args: vec![argument],
                    clauses: Vec::new(),
                }),
                filter: None,
                null_treatment: None,
                over: None,
                within_group: Vec::new(),
            });
        }
        ControlFlow::Continue(())
    }
}

fn is_float(number: &str) -> bool {
    let hexadecimal = number.starts_with("0x") || number.starts_with("0X");
    !hexadecimal && (number.contains(['e', 'E']) || number.bytes().filter(u8::is_ascii_digit).count() > DIGITS_MAX)
}

/// Makes the marked constants floats.
pub(crate) fn read_floats(plan: LogicalPlan) -> Result<LogicalPlan> {
    let rewritten = plan.transform_up_with_subqueries(|plan| {
        let names = NamePreserver::new(&plan);
        plan.map_expressions(|expr| {
            let name = names.save(&expr);
            let rewritten = expr.transform_up(|e| {
                let Expr::ScalarFunction(ScalarFunction { func, args }) = &e else { return Ok(Transformed::no(e)) };
                match args.as_slice() {
                    [Expr::Literal(ScalarValue::Utf8(Some(text)), _)] if func.name() == FLOAT_CONSTANT => {
                        Ok(Transformed::yes(Expr::Literal(ScalarValue::Float64(Some(parsed(text)?)), None)))
                    }
                    _ => Ok(Transformed::no(e)),
                }
            })?;
            Ok(rewritten.update_data(|e| name.restore(e)))
        })
    })?;
    Ok(rewritten.data)
}

fn parsed(text: &str) -> Result<f64> {
    text.parse().map_err(|_| DataFusionError::Plan(format!("{text} is no number")))
}

/// The function that a marked constant calls.
pub(crate) fn float_constant() -> Arc<ScalarUDF> {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
        let signature = Signature::exact(vec![DataType::Utf8], Volatility::Immutable);
        Arc::new(ScalarUDF::new_from_impl(FloatConstant { signature }))
    });
    Arc::clone(&FUNCTION)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct FloatConstant {
    signature: Signature,
}

impl ScalarUDFImpl for FloatConstant {
    fn name(&self) -> &str {
        FLOAT_CONSTANT
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        match args {
            [Expr::Literal(ScalarValue::Utf8(Some(text)), _)] => {
                Ok(Expr::Literal(ScalarValue::Float64(Some(parsed(text)?)), None).schema_name().to_string())
            }
            _ => internal_err!("a float constant is one text"),
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.as_slice() {
            [ColumnarValue::Scalar(ScalarValue::Utf8(Some(text)))] => {
                Ok(ColumnarValue::Scalar(ScalarValue::Float64(Some(parsed(text)?))))
            }
            _ => internal_err!("a float constant is one text"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use crate::{Profile, scan::memory::meters};

    #[tokio::test]
    async fn constants_are_exact_beside_exact_numbers_and_floats_beside_floats() {
        let mut bench = Bench::new().profile(Profile::builder().exact_constants().build());
        bench.table(meters(&[
            ("a", 1, "ann", 1_000, Some(0.75), Some(9_007_199_254_740_993)),
            ("b", 1, "ann", 1_000, Some(1e30), Some(2)),
        ]));
        for (sql, expected) in [
            (
                "SELECT arrow_typeof(1.5), arrow_typeof(-2.25), arrow_typeof(1e1), arrow_typeof(-1e1)",
                "Decimal128(2, 1)|Decimal128(3, 2)|Float64|Float64",
            ),
            ("SELECT 9007199254740993 = 9007199254740992.0, 0.1 + 0.2 = 0.3, 1e0 / 3 = 1e0 / 3", "false|true|true"),
            ("SELECT CAST('99999999999999.9999' AS DECIMAL(20, 4)) = 99999999999999.9999", "true"),
            ("SELECT site FROM meters WHERE \"Pulses\" = 9007199254740993.0", "a"),
            ("SELECT site FROM meters WHERE volts > 0.5 ORDER BY site", "a,b"),
            ("SELECT site FROM meters WHERE 0.75 = volts", "a"),
            ("SELECT site FROM meters WHERE volts BETWEEN 0.5 AND 1.0", "a"),
            ("SELECT site FROM meters WHERE volts NOT IN (0.75, 3.25)", "b"),
            (
                "SELECT avg(volts) * 0.25, arrow_typeof(avg(volts) * 0.25) FROM meters WHERE site = 'a'",
                "0.1875|Float64",
            ),
            ("SELECT CASE WHEN site = 'a' THEN 0.5 ELSE volts END FROM meters ORDER BY site", "0.5,1e30"),
            ("SELECT arrow_typeof(100000000000000000000000000000000000000000.5)", "Float64"),
        ] {
            assert_eq!(bench.rows(sql).await.unwrap().join(","), expected, "{sql}");
        }
    }
}
