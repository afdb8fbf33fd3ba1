//! Operators: arithmetic in floats, division by zero as NULL, times beside texts and numbers.
//!
//! Planned while the types of both operands are known, so that plan nodes stay vendor-neutral.

use super::function::{external, is_number};
use super::{casts, json, math, times};
use crate::error::coded;
use arrow::datatypes::{DataType, Field};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{Expr, ExprSchemable as _, Operator, ScalarUDF, binary_expr, cast, lit};
use query::{DECLARED_DIALECT, DECLARED_WORD};
use sql::ast::BinaryOperator;
use sql::tree::is_comparison;
use std::sync::Arc;

/// Plans binary operators.
#[derive(Debug)]
pub(super) struct Operators {
    divide: Arc<ScalarUDF>,
    modulo: Arc<ScalarUDF>,
    shift: Arc<ScalarUDF>,
    time_of: Arc<ScalarUDF>,
    number_of: Arc<ScalarUDF>,
    member: Arc<ScalarUDF>,
    contains: Arc<ScalarUDF>,
    json_text: Arc<ScalarUDF>,
    json_number: Arc<ScalarUDF>,
}

impl Operators {
    pub(super) fn new() -> Self {
        let find = |all: Vec<ScalarUDF>, name: &str| {
            let found = all.into_iter().find(|function| function.name() == name);
            Arc::new(found.unwrap_or_else(times::shift))
        };
        Self {
            divide: find(math::functions(), math::DIVIDE),
            modulo: find(math::functions(), math::MODULO),
            shift: Arc::new(times::shift()),
            time_of: find(times::functions(), times::TIME_OF),
            number_of: find(casts::functions(), casts::NUMBER_OF),
            member: find(json::functions(), json::MEMBER),
            contains: find(json::functions(), json::CONTAINS),
            json_text: find(json::functions(), json::TEXT),
            json_number: find(json::functions(), json::NUMBER),
        }
    }
}

/// What an operator needs to know of one side.
struct Operand {
    expr: Expr,
    field: Field,
}

impl Operand {
    fn new(expr: Expr, schema: &DFSchema) -> Result<Self> {
        let (_, field) = expr.to_field(schema)?;
        Ok(Self { expr, field: Field::clone(&field) })
    }

    fn data_type(&self) -> &DataType {
        self.field.data_type()
    }

    fn is_time(&self) -> bool {
        matches!(self.data_type(), DataType::Timestamp(..))
    }

    fn is_span(&self) -> bool {
        matches!(self.data_type(), DataType::Interval(_) | DataType::Duration(_))
    }

    fn is_text(&self) -> bool {
        self.data_type().is_string()
    }

    fn is_json(&self) -> bool {
        let metadata = self.field.metadata();
        metadata.get(DECLARED_DIALECT).is_some_and(|dialect| dialect == crate::types::DIALECT)
            && metadata.get(DECLARED_WORD).is_some_and(|word| word == "JSON")
    }

    fn is_null(&self) -> bool {
        self.data_type().is_null()
    }
}

fn wrong_type(what: &str) -> DataFusionError {
    external(coded(0x2605, format!("Invalid value type: {what}")))
}

impl ExprPlanner for Operators {
    fn plan_binary_op(&self, raw: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let RawBinaryExpr { op, left, right } = raw;
        let arithmetic = match op {
            BinaryOperator::Plus => Some(Operator::Plus),
            BinaryOperator::Minus => Some(Operator::Minus),
            BinaryOperator::Multiply => Some(Operator::Multiply),
            BinaryOperator::Divide => Some(Operator::Divide),
            BinaryOperator::Modulo => Some(Operator::Modulo),
            _ => None,
        };
        let (left, right) = (Operand::new(left, schema)?, Operand::new(right, schema)?);
        if let Some(operator) = arithmetic {
            return self.arithmetic(left, operator, right).map(PlannerResult::Planned);
        }
        match op {
            BinaryOperator::BitwiseAnd | BinaryOperator::BitwiseOr => {
                let operator =
                    if op == BinaryOperator::BitwiseAnd { Operator::BitwiseAnd } else { Operator::BitwiseOr };
                let whole = |operand: Operand| cast(self.number(operand), DataType::Int64);
                Ok(PlannerResult::Planned(binary_expr(whole(left), operator, whole(right))))
            }
            BinaryOperator::Arrow => {
                if !left.is_json() {
                    return Err(wrong_type("->"));
                }
                Ok(PlannerResult::Planned(self.member.call(vec![left.expr, right.expr])))
            }
            BinaryOperator::AtArrow => {
                if !left.is_json() {
                    return Err(wrong_type("CONTAINS"));
                }
                Ok(PlannerResult::Planned(self.contains.call(vec![left.expr, right.expr])))
            }
            op if is_comparison(&op) => {
                let (left, right) = self.comparable(left, right)?;
                Ok(PlannerResult::Original(RawBinaryExpr { op, left, right }))
            }
            op => {
                let text = |operand: Operand| {
                    if operand.is_json() { self.json_text.call(vec![operand.expr]) } else { operand.expr }
                };
                Ok(PlannerResult::Original(RawBinaryExpr { op, left: text(left), right: text(right) }))
            }
        }
    }
}

impl Operators {
    /// A number of whatever can be one.
    fn number(&self, operand: Operand) -> Expr {
        if operand.is_json() {
            self.json_number.call(vec![operand.expr])
        } else if operand.is_text() {
            self.number_of.call(vec![operand.expr])
        } else {
            operand.expr
        }
    }

    fn arithmetic(&self, left: Operand, operator: Operator, right: Operand) -> Result<Expr> {
        let moves = matches!(operator, Operator::Plus | Operator::Minus);
        if left.is_time() || right.is_time() {
            if !moves {
                return Err(wrong_type("TIMESTAMP"));
            }
            if (left.is_time() && right.is_span()) || (left.is_span() && right.is_time() && operator == Operator::Plus)
            {
                return Ok(binary_expr(left.expr, operator, right.expr));
            }
            let sign = if operator == Operator::Plus { 1_i64 } else { -1 };
            let counts = |operand: &Operand| operand.data_type().is_integer() || operand.is_null();
            if left.is_time() && counts(&right) {
                return Ok(self.shift.call(vec![left.expr, cast(right.expr, DataType::Int64), lit(sign)]));
            }
            if right.is_time() && counts(&left) && operator == Operator::Plus {
                return Ok(self.shift.call(vec![right.expr, cast(left.expr, DataType::Int64), lit(sign)]));
            }
            return Err(wrong_type("TIMESTAMP"));
        }
        if left.is_span() || right.is_span() {
            return Err(wrong_type("duration"));
        }
        let able = |operand: &Operand| is_number(operand.data_type()) || operand.is_text();
        if !able(&left) || !able(&right) {
            return Err(wrong_type("operand"));
        }
        let float = |operand: Operand| {
            let number = self.number(operand);
            cast(number, DataType::Float64)
        };
        let (left, right) = (float(left), float(right));
        Ok(match operator {
            Operator::Divide => self.divide.call(vec![left, right]),
            Operator::Modulo => self.modulo.call(vec![left, right]),
            _ => binary_expr(left, operator, right),
        })
    }

    /// Both sides of a comparison in types that can be compared.
    fn comparable(&self, left: Operand, right: Operand) -> Result<(Expr, Expr)> {
        if left.is_json() || right.is_json() {
            return self.with_json(left, right);
        }
        if left.is_time() && !right.is_time() {
            let right = self.as_time(right, left.data_type())?;
            return Ok((left.expr, right));
        }
        if right.is_time() && !left.is_time() {
            let left = self.as_time(left, right.data_type())?;
            return Ok((left, right.expr));
        }
        let is_boolean = |operand: &Operand| matches!(operand.data_type(), DataType::Boolean);
        if is_boolean(&left) != is_boolean(&right) && !left.is_null() && !right.is_null() {
            let whole = |operand: Operand| match operand.data_type() {
                DataType::Boolean => cast(operand.expr, DataType::Int64),
                _ => self.number(operand),
            };
            return Ok((whole(left), whole(right)));
        }
        let numeric = |operand: &Operand| operand.data_type().is_numeric();
        if (numeric(&left) && right.is_text()) || (left.is_text() && numeric(&right)) {
            let (left, right) = (self.number(left), self.number(right));
            return Ok((cast(left, DataType::Float64), cast(right, DataType::Float64)));
        }
        Ok((left.expr, right.expr))
    }

    fn with_json(&self, left: Operand, right: Operand) -> Result<(Expr, Expr)> {
        let whole = |operand: &Operand| operand.is_json() && matches!(operand.expr, Expr::Column(_));
        if whole(&left) || whole(&right) {
            return Err(wrong_type("JSON"));
        }
        let other_is_number = is_number(if left.is_json() { right.data_type() } else { left.data_type() });
        let side = |operand: Operand| {
            if !operand.is_json() {
                return if other_is_number { cast(operand.expr, DataType::Float64) } else { operand.expr };
            }
            let read = if other_is_number { &self.json_number } else { &self.json_text };
            read.call(vec![operand.expr])
        };
        Ok((side(left), side(right)))
    }

    /// A text or a number beside a time, as a time of its unit.
    fn as_time(&self, operand: Operand, data_type: &DataType) -> Result<Expr> {
        if operand.is_null() {
            return Ok(operand.expr);
        }
        if !operand.is_text() && !operand.data_type().is_numeric() {
            return Err(wrong_type("TIMESTAMP"));
        }
        let DataType::Timestamp(unit, _) = data_type else { return Err(wrong_type("TIMESTAMP")) };
        Ok(self.time_of.call(vec![operand.expr, lit(ScalarValue::Utf8(Some(times::unit_word(*unit).to_owned())))]))
    }
}
