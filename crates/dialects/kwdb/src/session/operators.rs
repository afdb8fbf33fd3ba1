//! Operators: exact quotients, 64-bit integers, and the operand types that this vendor refuses.
//!
//! Planned while the types of both operands are known, so that plan nodes stay vendor-neutral.

use super::divide::float_divide;
use super::modulo::modulo;
use super::time_casts::{instant_of, wall_clock_of};
use super::time_parts::extract;
use super::time_spans;
use crate::error::worded;
use crate::literals::interval;
use crate::literals::time_text::WallTime;
use crate::types::{DIALECT, arrow_word};
use arrow::datatypes::{DataType, Field, IntervalMonthDayNano, IntervalUnit, TimeUnit};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::{DataFusionError, Result};
use datafusion::functions::math::expr_fn::{power, trunc};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{Expr, ExprSchemable as _, Operator, ScalarUDF, binary_expr, cast, lit};
use query::{DECLARED_DIALECT, DECLARED_WORD};
use sql::ast::BinaryOperator;
use sql::tree::is_comparison;
use std::sync::Arc;

/// Digits and scale of a dividend: the quotient has four more digits after the point.
const DIVIDEND: DataType = DataType::Decimal128(34, 14);

const SPAN: DataType = DataType::Interval(IntervalUnit::MonthDayNano);
/// A day as a time of the wall clock.
const MIDNIGHT: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// Plans binary operators.
#[derive(Debug)]
pub(super) struct Operators {
    divide: Arc<ScalarUDF>,
    modulo: Arc<ScalarUDF>,
    extract: Arc<ScalarUDF>,
    instant_of: Arc<ScalarUDF>,
    wall_clock_of: Arc<ScalarUDF>,
    later: Arc<ScalarUDF>,
    earlier: Arc<ScalarUDF>,
}

impl Operators {
    pub(super) fn new() -> Self {
        Self {
            divide: Arc::new(float_divide()),
            modulo: Arc::new(modulo()),
            extract: Arc::new(extract("extract")),
            instant_of: Arc::new(instant_of()),
            wall_clock_of: Arc::new(wall_clock_of()),
            later: Arc::new(time_spans::later()),
            earlier: Arc::new(time_spans::earlier()),
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

    fn is_integer(&self) -> bool {
        self.data_type().is_integer()
    }

    fn is_float(&self) -> bool {
        matches!(self.data_type(), DataType::Float16 | DataType::Float32 | DataType::Float64)
    }

    fn is_decimal(&self) -> bool {
        self.data_type().is_decimal()
    }

    fn is_number(&self) -> bool {
        self.is_integer() || self.is_float() || self.is_decimal()
    }

    fn is_text(&self) -> bool {
        self.data_type().is_string()
    }

    fn is_time(&self) -> bool {
        matches!(self.data_type(), DataType::Timestamp(..) | DataType::Date32)
    }

    fn is_null(&self) -> bool {
        self.data_type().is_null()
    }

    /// Whether it is a string constant, which takes the type of the other side.
    fn is_text_constant(&self) -> bool {
        self.is_text() && matches!(self.expr, Expr::Literal(..))
    }

    /// The type as errors print it.
    fn type_text(&self) -> String {
        let metadata = self.field.metadata();
        let declared = metadata.get(DECLARED_DIALECT).filter(|dialect| dialect.as_str() == DIALECT);
        if let Some(word) = declared.and_then(|_| metadata.get(DECLARED_WORD)) {
            let lower = word.to_ascii_lowercase();
            return match (lower.as_str(), self.data_type()) {
                ("int8", _) => "int".to_owned(),
                ("float8", _) => "float".to_owned(),
                ("timestamp" | "timestamptz", DataType::Timestamp(unit, _)) => format!("{lower}({})", digits(*unit)),
                _ => lower,
            };
        }
        match self.data_type() {
            DataType::Int64 | DataType::UInt64 => "int".to_owned(),
            DataType::Float64 => "float".to_owned(),
            DataType::Timestamp(unit, zone) => {
                let word = if zone.is_some() { "timestamptz" } else { "timestamp" };
                format!("{word}({})", digits(*unit))
            }
            other => arrow_word(other).canonical().to_ascii_lowercase(),
        }
    }
}

const fn digits(unit: TimeUnit) -> u8 {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    }
}

fn refused(kind: &str, left: &Operand, op: &BinaryOperator, right: &Operand) -> DataFusionError {
    let (l, r) = (left.type_text(), right.type_text());
    let op = if *op == BinaryOperator::NotEq { "!=".to_owned() } else { op.to_string() };
    DataFusionError::External(Box::new(worded(format!("unsupported {kind} operator: <{l}> {op} <{r}>"))))
}

fn span_literal(span: model::Interval) -> Expr {
    let span = IntervalMonthDayNano::new(span.months, span.days, span.nanos);
    Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(span)), None)
}

const fn arithmetic(op: &BinaryOperator) -> Option<Operator> {
    match op {
        BinaryOperator::Plus => Some(Operator::Plus),
        BinaryOperator::Minus => Some(Operator::Minus),
        BinaryOperator::Multiply => Some(Operator::Multiply),
        BinaryOperator::Divide | BinaryOperator::DuckIntegerDivide => Some(Operator::Divide),
        BinaryOperator::Modulo => Some(Operator::Modulo),
        _ => None,
    }
}

impl ExprPlanner for Operators {
    fn plan_binary_op(&self, raw: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let RawBinaryExpr { op, left, right } = raw;
        let planned = if let Some(operator) = arithmetic(&op) {
            let (left, right) = (Operand::new(left, schema)?, Operand::new(right, schema)?);
            self.arithmetic(left, &op, operator, right)?
        } else if op == BinaryOperator::StringConcat {
            let (left, right) = (Operand::new(left, schema)?, Operand::new(right, schema)?);
            concatenation(left, &op, right)?
        } else if is_comparison(&op) {
            let (left, right) = (Operand::new(left, schema)?, Operand::new(right, schema)?);
            let (left, right) = self.dates_as_instants(left, right);
            comparison(left, op, right)?
        } else {
            match op {
                BinaryOperator::PGExp | BinaryOperator::BitwiseXor => PlannerResult::Planned(power(left, right)),
                BinaryOperator::PGBitwiseXor => PlannerResult::Planned(binary_expr(left, Operator::BitwiseXor, right)),
                op => PlannerResult::Original(RawBinaryExpr { op, left, right }),
            }
        };
        Ok(planned)
    }

    fn plan_extract(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        Ok(PlannerResult::Planned(self.extract.call(args)))
    }
}

impl Operators {
    /// A day beside a point in time begins at midnight of the session's zone.
    fn dates_as_instants(&self, left: Operand, right: Operand) -> (Operand, Operand) {
        let is_instant = |operand: &Operand| matches!(operand.data_type(), DataType::Timestamp(_, Some(_)));
        let is_date = |operand: &Operand| matches!(operand.data_type(), DataType::Date32);
        let begins = |date: Operand, like: &Operand| Operand {
            expr: self.instant_of.call(vec![date.expr, lit(6_i64)]),
            field: like.field.clone(),
        };
        if is_instant(&left) && is_date(&right) {
            let right = begins(right, &left);
            (left, right)
        } else if is_date(&left) && is_instant(&right) {
            (begins(left, &right), right)
        } else {
            (left, right)
        }
    }

    fn arithmetic(
        &self,
        left: Operand,
        op: &BinaryOperator,
        operator: Operator,
        right: Operand,
    ) -> Result<PlannerResult<RawBinaryExpr>> {
        let as_written = |left: Operand, right: Operand| {
            Ok(PlannerResult::Original(RawBinaryExpr { op: op.clone(), left: left.expr, right: right.expr }))
        };
        if left.is_null() || right.is_null() {
            return as_written(left, right);
        }
        if let Some(planned) = self.times(&left, operator, &right)? {
            return Ok(PlannerResult::Planned(planned));
        }
        if left.is_number() && right.is_text_constant() {
            let right = Operand { expr: cast(right.expr, left.data_type().clone()), field: left.field.clone() };
            return self.arithmetic(left, op, operator, right);
        }
        if right.is_number() && left.is_text_constant() {
            let left = Operand { expr: cast(left.expr, right.data_type().clone()), field: right.field.clone() };
            return self.arithmetic(left, op, operator, right);
        }
        if !left.is_number() || !right.is_number() {
            let spans = |operand: &Operand| {
                operand.is_time()
                    || matches!(
                        operand.data_type(),
                        DataType::Interval(_) | DataType::Duration(_) | DataType::Time64(_)
                    )
            };
            let with_time =
                (spans(&left) && (spans(&right) || right.is_number())) || (spans(&right) && left.is_number());
            let adds_number = (left.is_time() && right.is_number()) || (right.is_time() && left.is_number());
            if with_time && !adds_number {
                return as_written(left, right);
            }
            return Err(refused("binary", &left, op, &right));
        }
        Ok(PlannerResult::Planned(self.numbers(left, op, operator, right)))
    }

    /// Sums and differences with a time. A constant beside it is a span, or else a time that it is
    /// compared with; a day counts as its midnight.
    fn times(&self, left: &Operand, operator: Operator, right: &Operand) -> Result<Option<Expr>> {
        let adds = operator == Operator::Plus;
        if !adds && operator != Operator::Minus {
            return Ok(None);
        }
        let is_span = |operand: &Operand| matches!(operand.data_type(), DataType::Interval(_));
        let is_date = |operand: &Operand| matches!(operand.data_type(), DataType::Date32);
        if left.is_time() && right.is_text_constant() {
            let Expr::Literal(ScalarValue::Utf8(Some(text)), _) = &right.expr else { return Ok(None) };
            if adds || WallTime::parse(text).is_none() {
                let Some(span) = interval::parse(text) else {
                    let kind = if adds { "interval" } else { "timestamp" };
                    let error = worded(format!("could not parse \"{text}\" as type {kind}"));
                    return Err(DataFusionError::External(Box::new(error)));
                };
                return Ok(Some(self.moved(left, span_literal(span), adds)));
            }
            let read = match left.data_type() {
                DataType::Timestamp(_, Some(_)) => &self.instant_of,
                _ => &self.wall_clock_of,
            };
            let digits = match left.data_type() {
                DataType::Timestamp(unit, _) => digits(*unit),
                _ => 6,
            };
            let other = read.call(vec![right.expr.clone(), lit(i64::from(digits))]);
            let left = if is_date(left) { cast(left.expr.clone(), MIDNIGHT) } else { left.expr.clone() };
            return Ok(Some(binary_expr(left, Operator::Minus, other)));
        }
        if left.is_time() && is_span(right) {
            return Ok(Some(self.moved(left, right.expr.clone(), adds)));
        }
        if left.is_text_constant() && is_span(right) {
            // `'2024-01-01' - 1d`
            return Ok(self.instant_constant(left).map(|left| self.moved(&left, right.expr.clone(), adds)));
        }
        if right.is_time() && is_span(left) && adds {
            return Ok(Some(self.moved(right, left.expr.clone(), true)));
        }
        let days = |date: &Operand| cast(cast(date.expr.clone(), DataType::Int32), DataType::Int64);
        if is_date(left) && is_date(right) && !adds {
            return Ok(Some(binary_expr(days(left), Operator::Minus, days(right))));
        }
        let shifted = |date: &Operand, by: &Operand| {
            let day = binary_expr(days(date), operator, cast(by.expr.clone(), DataType::Int64));
            cast(cast(day, DataType::Int32), DataType::Date32)
        };
        if is_date(left) && right.is_integer() {
            return Ok(Some(shifted(left, right)));
        }
        Ok((is_date(right) && left.is_integer() && adds).then(|| shifted(right, left)))
    }

    /// A text that names a time, as a point in time.
    fn instant_constant(&self, text: &Operand) -> Option<Operand> {
        let Expr::Literal(ScalarValue::Utf8(Some(written)), _) = &text.expr else { return None };
        WallTime::parse(written)?;
        let fraction = written.split_once('.').map_or("", |(_, rest)| rest);
        let unit = match fraction.bytes().take_while(u8::is_ascii_digit).count() {
            0..=3 => TimeUnit::Millisecond,
            4..=6 => TimeUnit::Microsecond,
            _ => TimeUnit::Nanosecond,
        };
        let expr = self.instant_of.call(vec![text.expr.clone(), lit(i64::from(digits(unit)))]);
        Some(Operand { expr, field: Field::new("", DataType::Timestamp(unit, Some("UTC".into())), false) })
    }

    /// A time moved by a span: on the clock of the session's zone if it is a point in time.
    fn moved(&self, time: &Operand, span: Expr, adds: bool) -> Expr {
        let fixed = matches!(
            &span,
            Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(span)), _) if span.months == 0 && span.days == 0
        );
        match time.data_type() {
            DataType::Timestamp(_, Some(_)) if !fixed => {
                let function = if adds { &self.later } else { &self.earlier };
                function.call(vec![time.expr.clone(), cast(span, SPAN)])
            }
            _ => binary_expr(time.expr.clone(), if adds { Operator::Plus } else { Operator::Minus }, span),
        }
    }

    fn numbers(&self, left: Operand, op: &BinaryOperator, operator: Operator, right: Operand) -> Expr {
        let integers = left.is_integer() && right.is_integer();
        if left.is_float() || right.is_float() {
            let left = cast(left.expr, DataType::Float64);
            let right = cast(right.expr, DataType::Float64);
            return match op {
                BinaryOperator::Divide => self.divide.call(vec![left, right]),
                BinaryOperator::DuckIntegerDivide => trunc(vec![self.divide.call(vec![left, right])]),
                BinaryOperator::Modulo => self.modulo.call(vec![left, right]),
                _ => binary_expr(left, operator, right),
            };
        }
        if *op == BinaryOperator::Divide {
            let dividend = cast(left.expr, DIVIDEND);
            let divisor = if right.is_integer() { cast(right.expr, DataType::Decimal128(19, 0)) } else { right.expr };
            return binary_expr(dividend, Operator::Divide, divisor);
        }
        if *op == BinaryOperator::Modulo {
            let exact = |operand: Operand| match (integers, operand.is_integer()) {
                (true, _) => cast(operand.expr, DataType::Int64),
                (false, true) => cast(operand.expr, DataType::Decimal128(19, 0)),
                (false, false) => operand.expr,
            };
            return self.modulo.call(vec![exact(left), exact(right)]);
        }
        if *op == BinaryOperator::DuckIntegerDivide && !integers {
            let dividend = cast(left.expr, DIVIDEND);
            let divisor = if right.is_integer() { cast(right.expr, DataType::Decimal128(19, 0)) } else { right.expr };
            // The dividend without its rest divides without one.
            let whole = binary_expr(
                dividend.clone(),
                Operator::Minus,
                binary_expr(dividend, Operator::Modulo, divisor.clone()),
            );
            return binary_expr(cast(whole, DIVIDEND), Operator::Divide, divisor);
        }
        if integers {
            // Integers of every width are computed in 64 bits.
            return binary_expr(cast(left.expr, DataType::Int64), operator, cast(right.expr, DataType::Int64));
        }
        binary_expr(left.expr, operator, right.expr)
    }
}

fn concatenation(left: Operand, op: &BinaryOperator, right: Operand) -> Result<PlannerResult<RawBinaryExpr>> {
    let takes = |operand: &Operand| operand.is_null() || operand.is_text() || operand.data_type().is_binary();
    if takes(&left) && takes(&right) {
        return Ok(PlannerResult::Original(RawBinaryExpr { op: op.clone(), left: left.expr, right: right.expr }));
    }
    Err(refused("binary", &left, op, &right))
}

/// Whether values of two types can be compared at all.
fn comparable(left: &Operand, right: &Operand) -> bool {
    let is_boolean = |operand: &Operand| matches!(operand.data_type(), DataType::Boolean);
    if left.is_null() || right.is_null() {
        return true;
    }
    if left.is_number() || right.is_number() {
        return left.is_number() && right.is_number();
    }
    if is_boolean(left) || is_boolean(right) {
        return is_boolean(left) && is_boolean(right);
    }
    true
}

fn comparison(left: Operand, op: BinaryOperator, right: Operand) -> Result<PlannerResult<RawBinaryExpr>> {
    let (left, right) = match (left.is_text_constant(), right.is_text_constant()) {
        (false, true) => {
            let right = typed_constant(&left, right, &op, false)?;
            (left, right)
        }
        (true, false) => {
            let left = typed_constant(&right, left, &op, true)?;
            (left, right)
        }
        _ => (left, right),
    };
    if !comparable(&left, &right) {
        return Err(refused("comparison", &left, &op, &right));
    }
    Ok(PlannerResult::Original(RawBinaryExpr { op, left: left.expr, right: right.expr }))
}

/// A string constant beside a number or a boolean is one itself.
fn typed_constant(typed: &Operand, constant: Operand, op: &BinaryOperator, flipped: bool) -> Result<Operand> {
    if !typed.is_number() && !matches!(typed.data_type(), DataType::Boolean) {
        return Ok(constant);
    }
    let Expr::Literal(value, _) = &constant.expr else { return Ok(constant) };
    let trimmed = match value {
        ScalarValue::Utf8(Some(text)) => ScalarValue::Utf8(Some(text.trim().to_owned())),
        _ => return Ok(constant),
    };
    match trimmed.cast_to(typed.data_type()) {
        Ok(value) if !value.is_null() => {
            Ok(Operand { expr: Expr::Literal(value, None), field: Field::new("", typed.data_type().clone(), false) })
        }
        _ if flipped => Err(refused("comparison", &constant, op, typed)),
        _ => Err(refused("comparison", typed, op, &constant)),
    }
}
