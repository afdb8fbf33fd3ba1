//! Operators: division gives floats and NULL for a divisor of zero, numbers meet texts and booleans as
//! numbers.
//!
//! Planned while the types of both operands are known, so that plan nodes stay vendor-neutral.

use super::finer_times;
use super::numbers::Operand;
use arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::error::{DataFusionError, Result};
use datafusion::functions::core::expr_fn::nullif;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{Expr, Operator, binary_expr, cast, lit};
use model::{Error, ErrorKind};
use sql::ast::BinaryOperator;
use sql::tree::is_comparison;

/// Plans binary operators.
#[derive(Debug)]
pub(super) struct Operators;

fn refused(left: &Operand, op: &BinaryOperator, right: &Operand) -> DataFusionError {
    let reason = format!("No matching operator: {} {op} {}", left.data_type, right.data_type);
    DataFusionError::External(Box::new(Error::new(ErrorKind::InvalidStatement { reason })))
}

impl ExprPlanner for Operators {
    fn plan_binary_op(&self, raw: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let RawBinaryExpr { op, left, right } = raw;
        let is_arithmetic = matches!(
            op,
            BinaryOperator::Plus
                | BinaryOperator::Minus
                | BinaryOperator::Multiply
                | BinaryOperator::Divide
                | BinaryOperator::Modulo
        );
        if !is_arithmetic && !is_comparison(&op) {
            return Ok(PlannerResult::Original(RawBinaryExpr { op, left, right }));
        }
        let (left, right) = (Operand::new(left, schema)?, Operand::new(right, schema)?);
        if let Some(compared) = finer_times::compared(&left, &op, &right) {
            return Ok(PlannerResult::Planned(compared));
        }
        let is_null = |operand: &Operand| operand.data_type.is_null();
        let worth_a_number = |operand: &Operand| operand.is_number() || operand.is_boolean();
        let as_numbers = if is_arithmetic {
            (worth_a_number(&left) || left.is_text()) && (worth_a_number(&right) || right.is_text())
        } else {
            let meet = |one: &Operand, other: &Operand| one.is_number() && (other.is_text() || other.is_boolean());
            meet(&left, &right) || meet(&right, &left)
        };
        if !as_numbers || is_null(&left) || is_null(&right) {
            return Ok(PlannerResult::Original(RawBinaryExpr { op, left: left.expr, right: right.expr }));
        }
        let (Some(left), Some(right)) = (left.clone().number(), right.clone().number()) else {
            return Err(refused(&left, &op, &right));
        };
        Ok(match op {
            BinaryOperator::Divide => PlannerResult::Planned(quotient(left, right)),
            BinaryOperator::Modulo => {
                let divisor = nullif(right.expr, zero(&right.data_type));
                PlannerResult::Planned(binary_expr(left.expr, Operator::Modulo, divisor))
            }
            op => PlannerResult::Original(RawBinaryExpr { op, left: left.expr, right: right.expr }),
        })
    }
}

/// Zero in a type.
fn zero(data_type: &DataType) -> Expr {
    cast(lit(0_i64), data_type.clone())
}

/// Exact where a decimal is divided by an exact number, else a float.
fn quotient(left: Operand, right: Operand) -> Expr {
    let is_exact = |operand: &Operand| operand.is_decimal() || operand.data_type.is_integer();
    if (left.is_decimal() || right.is_decimal()) && is_exact(&left) && is_exact(&right) {
        let divisor = nullif(right.expr, zero(&right.data_type));
        return binary_expr(left.expr, Operator::Divide, divisor);
    }
    let divisor = nullif(cast(right.expr, DataType::Float64), lit(0.0_f64));
    binary_expr(cast(left.expr, DataType::Float64), Operator::Divide, divisor)
}
