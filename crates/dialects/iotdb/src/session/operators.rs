//! Operators: the operand types that this vendor takes and the type of each result, in its words
//! where it takes none.
//!
//! Planned while the types of both operands are known, so that plan nodes stay vendor-neutral.

use super::time;
use crate::error::semantic;
use crate::types::{Type, arrow_word, instant};
use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable as _, Operator, cast, lit};
use sql::ast::BinaryOperator;

/// Plans binary operators.
#[derive(Debug)]
pub(super) struct Operators;

/// One side of an operator.
struct Operand {
    expr: Expr,
    data_type: DataType,
    kind: Option<Type>,
}

impl Operand {
    fn new(expr: Expr, schema: &DFSchema) -> Result<Self> {
        let data_type = expr.get_type(schema)?;
        let kind = Type::of_arrow(&data_type);
        Ok(Self { expr, data_type, kind })
    }

    fn is_null(&self) -> bool {
        self.kind.is_none()
    }

    fn is_number(&self) -> bool {
        self.kind.is_some_and(Type::is_number)
    }

    fn is_integer(&self) -> bool {
        matches!(self.kind, Some(Type::Int32 | Type::Int64))
    }

    fn is_constant(&self) -> bool {
        self.expr.column_refs().is_empty()
    }

    fn as_type(&self, to: &DataType) -> Expr {
        if self.data_type == *to { self.expr.clone() } else { cast(self.expr.clone(), to.clone()) }
    }

    /// A whole number as a count of milliseconds is a point in time.
    fn instant(&self) -> Self {
        let expr = cast(self.as_type(&DataType::Int64), instant());
        Self { expr, data_type: instant(), kind: Some(Type::Timestamp) }
    }

    /// Whether it is a time of another door's column, finer than this vendor shows it.
    fn is_finer(&self) -> bool {
        matches!(self.data_type, DataType::Timestamp(TimeUnit::Microsecond | TimeUnit::Nanosecond, _))
    }
}

fn refused(left: &Operand, op: &str, right: &Operand) -> DataFusionError {
    let (left, right) = (arrow_word(&left.data_type), arrow_word(&right.data_type));
    DataFusionError::External(Box::new(semantic(format!("Cannot apply operator: {left} {op} {right}"))))
}

fn worded(text: impl Into<String>) -> DataFusionError {
    DataFusionError::External(Box::new(semantic(text)))
}

fn planned(left: Expr, op: Operator, right: Expr) -> PlannerResult<RawBinaryExpr> {
    PlannerResult::Planned(Expr::BinaryExpr(BinaryExpr { left: Box::new(left), op, right: Box::new(right) }))
}

/// What both sides of a calculation become.
fn common(left: Type, right: Type) -> DataType {
    let rank = |of: Type| match of {
        Type::Int32 => 0,
        Type::Int64 => 1,
        Type::Float => 2,
        _ => 3,
    };
    match rank(left).max(rank(right)) {
        0 => DataType::Int32,
        1 => DataType::Int64,
        2 => DataType::Float32,
        _ => DataType::Float64,
    }
}

impl ExprPlanner for Operators {
    fn plan_binary_op(&self, raw: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let RawBinaryExpr { op, left, right } = raw;
        let (left, right) = (Operand::new(left, schema)?, Operand::new(right, schema)?);
        if let Some(operator) = arithmetic(&op) {
            return calculation(left, &op, operator, right);
        }
        if let Some(operator) = comparison(&op) {
            return compared(&left, &op, operator, &right);
        }
        match op {
            BinaryOperator::And | BinaryOperator::Or => {
                for side in [&left, &right] {
                    if side.kind != Some(Type::Boolean) {
                        let actual = arrow_word(&side.data_type);
                        return Err(worded(format!(
                            "Logical expression term must evaluate to a BOOLEAN (actual: {actual})"
                        )));
                    }
                }
                Ok(PlannerResult::Original(RawBinaryExpr { op, left: left.expr, right: right.expr }))
            }
            BinaryOperator::StringConcat => {
                let function = super::scalar::function(super::text::CONCAT);
                Ok(PlannerResult::Planned(function.call(vec![left.expr, right.expr])))
            }
            other => Err(refused(&left, &other.to_string(), &right)),
        }
    }
}

const fn arithmetic(op: &BinaryOperator) -> Option<Operator> {
    Some(match op {
        BinaryOperator::Plus => Operator::Plus,
        BinaryOperator::Minus => Operator::Minus,
        BinaryOperator::Multiply => Operator::Multiply,
        BinaryOperator::Divide => Operator::Divide,
        BinaryOperator::Modulo => Operator::Modulo,
        _ => return None,
    })
}

const fn comparison(op: &BinaryOperator) -> Option<Operator> {
    Some(match op {
        BinaryOperator::Eq => Operator::Eq,
        BinaryOperator::NotEq => Operator::NotEq,
        BinaryOperator::Lt => Operator::Lt,
        BinaryOperator::LtEq => Operator::LtEq,
        BinaryOperator::Gt => Operator::Gt,
        BinaryOperator::GtEq => Operator::GtEq,
        _ => return None,
    })
}

fn calculation(
    left: Operand,
    op: &BinaryOperator,
    operator: Operator,
    right: Operand,
) -> Result<PlannerResult<RawBinaryExpr>> {
    let is_sum = matches!(operator, Operator::Plus | Operator::Minus);
    match (left.kind, right.kind) {
        (Some(l), Some(r)) if l.is_number() && r.is_number() => {
            let to = common(l, r);
            // The vendor puts the constant of a sum or a product behind, which its errors show.
            let commutes = matches!(operator, Operator::Plus | Operator::Multiply);
            let (left, right) = if commutes && left.is_constant() { (right, left) } else { (left, right) };
            Ok(planned(left.as_type(&to), operator, right.as_type(&to)))
        }
        (Some(number), None) if number.is_number() => {
            let to = left.data_type.clone();
            Ok(planned(left.expr, operator, cast(right.expr, to)))
        }
        (None, Some(number)) if number.is_number() => {
            let to = right.data_type.clone();
            Ok(planned(cast(left.expr, to), operator, right.expr))
        }
        (Some(Type::Timestamp | Type::Date), _) if is_sum && right.is_integer() => {
            Ok(PlannerResult::Planned(time::shifted(left.expr, right.as_type(&DataType::Int64), operator)))
        }
        (_, Some(Type::Timestamp | Type::Date)) if operator == Operator::Plus && left.is_integer() => {
            Ok(PlannerResult::Planned(time::shifted(right.expr, left.as_type(&DataType::Int64), operator)))
        }
        _ => Err(refused(&left, &op.to_string(), &right)),
    }
}

fn compared(
    left: &Operand,
    op: &BinaryOperator,
    operator: Operator,
    right: &Operand,
) -> Result<PlannerResult<RawBinaryExpr>> {
    let as_written = || Ok(planned(left.expr.clone(), operator, right.expr.clone()));
    let (Some(l), Some(r)) = (left.kind, right.kind) else {
        return as_null(left, operator, right);
    };
    if l.is_number() && r.is_number() {
        let to = common(l, r);
        return Ok(numbers_compared(left, operator, right, &to));
    }
    match (l, r) {
        (Type::Timestamp, Type::Timestamp) => Ok(times_compared(left, operator, right)),
        (Type::Timestamp, _) if right.is_integer() => Ok(times_compared(left, operator, &right.instant())),
        (_, Type::Timestamp) if left.is_integer() => Ok(times_compared(&left.instant(), operator, right)),
        (Type::Timestamp, _) if right.is_number() => {
            Ok(planned(time::count(left.expr.clone()), operator, right.as_type(&DataType::Float64)))
        }
        (_, Type::Timestamp) if left.is_number() => {
            Ok(planned(left.as_type(&DataType::Float64), operator, time::count(right.expr.clone())))
        }
        _ if l == r || (l.is_text() && r.is_text()) => as_written(),
        _ => {
            // The vendor turns a > b around before it looks, and prints the sides as they were.
            let shown = match op {
                BinaryOperator::Gt => "<".to_owned(),
                BinaryOperator::GtEq => "<=".to_owned(),
                other => other.to_string(),
            };
            Err(refused(left, &shown, right))
        }
    }
}

/// Times are compared as they are shown: a finer one is that of its whole millisecond.
fn times_compared(left: &Operand, operator: Operator, right: &Operand) -> PlannerResult<RawBinaryExpr> {
    let compared = match (left.is_finer(), right.is_finer()) {
        (true, false) => with_coarser(&left.expr, operator, &right.expr),
        (false, true) => operator.swap().and_then(|operator| with_coarser(&right.expr, operator, &left.expr)),
        _ => None,
    };
    compared.map_or_else(|| planned(left.expr.clone(), operator, right.expr.clone()), PlannerResult::Planned)
}

/// A finer time against one in milliseconds. What is constant bounds the finer one as it is, so that
/// the bounds reach the store; two columns are counted.
fn with_coarser(fine: &Expr, operator: Operator, coarse: &Expr) -> Option<Expr> {
    let compare =
        |left: Expr, op, right: Expr| Expr::BinaryExpr(BinaryExpr { left: Box::new(left), op, right: Box::new(right) });
    if !coarse.column_refs().is_empty() || coarse.contains_outer() {
        return Some(compare(time::whole(fine.clone()), operator, time::whole(coarse.clone())));
    }
    // The last count of all has no next one; nothing finer reaches it.
    let next = match literal_count(coarse) {
        Some(count) => cast(lit(count.checked_add(1)?), instant()),
        None => time::shifted(coarse.clone(), lit(1_i64), Operator::Plus),
    };
    let (first, fine) = (coarse.clone(), fine.clone());
    Some(match operator {
        Operator::Eq => compare(fine.clone(), Operator::GtEq, first).and(compare(fine, Operator::Lt, next)),
        Operator::NotEq => compare(fine.clone(), Operator::Lt, first).or(compare(fine, Operator::GtEq, next)),
        Operator::LtEq => compare(fine, Operator::Lt, next),
        Operator::Gt => compare(fine, Operator::GtEq, next),
        _ => compare(fine, operator, first),
    })
}

/// The count of milliseconds that a literal is.
fn literal_count(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Literal(ScalarValue::Int64(count), _) => *count,
        Expr::Literal(ScalarValue::Int32(count), _) => count.map(i64::from),
        Expr::Cast(cast) => literal_count(&cast.expr),
        _ => None,
    }
}

/// NaN, which plans sort above every number, is like no number here.
fn numbers_compared(
    left: &Operand,
    operator: Operator,
    right: &Operand,
    to: &DataType,
) -> PlannerResult<RawBinaryExpr> {
    let compared = Expr::BinaryExpr(BinaryExpr {
        left: Box::new(left.as_type(to)),
        op: operator,
        right: Box::new(right.as_type(to)),
    });
    let greater = match operator {
        Operator::Lt | Operator::LtEq => right,
        _ => left,
    };
    let may_be_nan = matches!(greater.kind, Some(Type::Float | Type::Double)) && !greater.is_constant();
    if !may_be_nan {
        return PlannerResult::Planned(compared);
    }
    let is_nan = datafusion::functions::math::expr_fn::isnan(greater.expr.clone());
    PlannerResult::Planned(match operator {
        Operator::NotEq => compared.or(is_nan),
        _ => compared.and(Expr::Not(Box::new(is_nan))),
    })
}

/// A comparison with NULL, which has no type of its own.
fn as_null(left: &Operand, operator: Operator, right: &Operand) -> Result<PlannerResult<RawBinaryExpr>> {
    if left.is_null() && right.is_null() {
        return Ok(PlannerResult::Planned(lit(datafusion::common::ScalarValue::Boolean(None))));
    }
    let (left_expr, right_expr) = match left.is_null() {
        true => (cast(left.expr.clone(), right.data_type.clone()), right.expr.clone()),
        false => (left.expr.clone(), cast(right.expr.clone(), left.data_type.clone())),
    };
    Ok(planned(left_expr, operator, right_expr))
}
