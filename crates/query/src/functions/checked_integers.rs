//! Integer arithmetic that fails instead of wrapping around.
//!
//! DataFusion's `+`, `-`, `*` and unary minus on integers wrap silently. Once the types of both
//! sides are known, a rule replaces them by functions that check, under the same column names.

use arrow::compute::kernels::numeric;
use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, internal_err};
use datafusion::config::ConfigOptions;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable, LogicalPlan, Operator, ReturnFieldArgs, ScalarFunctionArgs,
    ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::physical_expr_common::datum::apply;
use std::sync::{Arc, LazyLock};

/// Replaces wrapping integer arithmetic; runs behind type coercion.
#[derive(Debug)]
pub struct CheckedIntegers;

impl AnalyzerRule for CheckedIntegers {
    fn name(&self) -> &str {
        "checked_integers"
    }

    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        let rewritten = plan.transform_up_with_subqueries(|plan| {
            let schema = merge_schema(&plan.inputs());
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expr| {
                let name = names.save(&expr);
                let rewritten = expr.transform_up(|e| check(e, &schema))?;
                Ok(rewritten.update_data(|e| name.restore(e)))
            })?
            .map_data(LogicalPlan::recompute_schema)
        })?;
        Ok(rewritten.data)
    }
}

fn check(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let is_integer = |e: &Expr| e.get_type(schema).is_ok_and(|t| t.is_integer());
    Ok(match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right })
            if matches!(op, Operator::Plus | Operator::Minus | Operator::Multiply)
                && is_integer(&left)
                && is_integer(&right) =>
        {
            let function = match op {
                Operator::Plus => &ADD,
                Operator::Minus => &SUBTRACT,
                _ => &MULTIPLY,
            };
            Transformed::yes(Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(function), vec![*left, *right])))
        }
        Expr::Negative(inner) if is_integer(&inner) => {
            Transformed::yes(Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(&NEGATE), vec![*inner])))
        }
        other => Transformed::no(other),
    })
}

/// The functions that operators become.
pub(crate) fn checked() -> [Arc<ScalarUDF>; 4] {
    [&ADD, &SUBTRACT, &MULTIPLY, &NEGATE].map(|function| Arc::clone(function))
}

static ADD: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| function(Operation::Add));
static SUBTRACT: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| function(Operation::Subtract));
static MULTIPLY: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| function(Operation::Multiply));
static NEGATE: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| function(Operation::Negate));

fn function(operation: Operation) -> Arc<ScalarUDF> {
    let arguments = if operation == Operation::Negate { 1 } else { 2 };
    let signature = Signature::any(arguments, Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Checked { operation, signature }))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Operation {
    Add,
    Subtract,
    Multiply,
    Negate,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Checked {
    operation: Operation,
    signature: Signature,
}

impl Checked {
    fn symbol(&self) -> &'static str {
        match self.operation {
            Operation::Add => "+",
            Operation::Subtract | Operation::Negate => "-",
            Operation::Multiply => "*",
        }
    }
}

impl ScalarUDFImpl for Checked {
    fn name(&self) -> &str {
        match self.operation {
            Operation::Add => "checked_add",
            Operation::Subtract => "checked_subtract",
            Operation::Multiply => "checked_multiply",
            Operation::Negate => "checked_negate",
        }
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        match args {
            [left, right] => Ok(format!("{} {} {}", left.schema_name(), self.symbol(), right.schema_name())),
            [inner] => Ok(format!("(- {})", inner.schema_name())),
            _ => internal_err!("{} has one or two arguments", self.name()),
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        match arg_types.first() {
            Some(first) => Ok(first.clone()),
            None => internal_err!("{} needs arguments", self.name()),
        }
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<arrow::datatypes::FieldRef> {
        let Some(first) = args.arg_fields.first() else { return internal_err!("{} needs arguments", self.name()) };
        let nullable = args.arg_fields.iter().any(|f| f.is_nullable());
        Ok(Arc::new(arrow::datatypes::Field::new(self.name(), first.data_type().clone(), nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match (self.operation, args.args.as_slice()) {
            (Operation::Add, [left, right]) => apply(left, right, numeric::add),
            (Operation::Subtract, [left, right]) => apply(left, right, numeric::sub),
            (Operation::Multiply, [left, right]) => apply(left, right, numeric::mul),
            (Operation::Negate, [inner]) => {
                let negated = |array| numeric::neg(&array).map_err(DataFusionError::from);
                match inner {
                    ColumnarValue::Array(array) => Ok(ColumnarValue::Array(negated(Arc::clone(array))?)),
                    ColumnarValue::Scalar(scalar) => {
                        let one = negated(scalar.to_array()?)?;
                        Ok(ColumnarValue::Scalar(datafusion::common::ScalarValue::try_from_array(&one, 0)?))
                    }
                }
            }
            _ => internal_err!("{} was called with {} arguments", self.name(), args.args.len()),
        }
    }
}

#[cfg(test)]
mod tests;
