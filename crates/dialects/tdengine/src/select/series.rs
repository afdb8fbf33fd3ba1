//! Functions over the rows of a series in order of time, one result a row or a choice of rows: `diff`,
//! `csum`, `top` and their like. They become window functions, and conditions on row numbers.

use super::Rewriter;
use super::build::{ALL_BEFORE, arguments, function_name, number, over, sort_key};
use super::scope::Scope;
use crate::error::coded;
use crate::session::{DIFFERENCE, STATE_COUNT, STATE_DURATION, UNITS_BETWEEN};
use ::sql::ast::{BinaryOperator, CaseWhen, Expr, OrderByExpr, Value};
use ::sql::tree::{binary, call};
use model::{Error, Result};

/// The functions.
const SERIES: &[&str] =
    &["bottom", "csum", "derivative", "diff", "mavg", "sample", "statecount", "stateduration", "tail", "top", "unique"];

/// Whether a name is one of these.
pub(super) fn is_series(name: &str) -> bool {
    SERIES.binary_search(&name).is_ok()
}

/// Whether an item is a call of one.
pub(super) fn is_call(expr: &Expr) -> bool {
    matches!(expr, Expr::Function(call) if is_series(&function_name(call)))
}

/// What a call became, besides the expression in its place.
#[derive(Debug, Default)]
pub(super) struct Lowered {
    /// What rows must hold before any of them is counted.
    pub(super) present: Option<Expr>,
    /// What rows must hold to be answered.
    pub(super) filters: Vec<Expr>,
}

fn wrong_count(name: &str) -> Error {
    coded(0x2801, format!("Invalid number of parameters : {name}"))
}

/// A whole number between two others.
fn constant(expr: Option<&Expr>, name: &str, least: i64, most: i64) -> Result<i64> {
    let value = match expr {
        Some(Expr::Value(value)) => match &value.value {
            Value::Number(digits, _) => digits.parse().ok(),
            _ => None,
        },
        _ => None,
    };
    let within = value.filter(|value| (least..=most).contains(value));
    within.ok_or_else(|| coded(0x2803, format!("Invalid parameter value : {name}")))
}

fn present(value: &Expr) -> Expr {
    Expr::IsNotNull(Box::new(value.clone()))
}

fn at_least(left: Expr, least: i64) -> Expr {
    binary(left, BinaryOperator::GtEq, number(least))
}

fn at_most(left: Expr, most: i64) -> Expr {
    binary(left, BinaryOperator::LtEq, number(most))
}

/// NULL in place of a negative number.
fn not_negative(value: Expr) -> Expr {
    use ::sql::ast::helpers::attached_token::AttachedToken;
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition: at_least(value.clone(), 0), result: value }],
        else_result: None,
    }
}

/// Puts a window function in the place of a call.
///
/// # Errors
/// Wrong numbers and values of arguments; rows without a time.
pub(super) fn lower(rewriter: &Rewriter<'_>, expr: &mut Expr, scope: &Scope, partition: &[Expr]) -> Result<Lowered> {
    let Expr::Function(function) = expr else { return Ok(Lowered::default()) };
    let name = function_name(function);
    let mut args = arguments(function);
    for arg in &mut args {
        rewriter.expression(arg, scope, None)?;
    }
    let time = scope.time()?;
    let in_time = || vec![sort_key(time.clone(), true)];
    let row = |partition: Vec<Expr>, order: Vec<OrderByExpr>| over("row_number", Vec::new(), partition, order, None);
    let before = |value: &Expr| over("lag", vec![value.clone()], partition.to_vec(), in_time(), None);
    let Some(value) = args.first().cloned() else { return Err(wrong_count(&name)) };
    let mut lowered = Lowered::default();
    let replaced = match (name.as_str(), args.len()) {
        ("diff", 1 | 2) => {
            let mode = if args.len() == 2 { constant(args.get(1), &name, 0, 3)? } else { 0 };
            let plain = call(DIFFERENCE, vec![value.clone(), before(&value)]);
            let result = if mode & 1 == 1 { not_negative(plain) } else { plain };
            lowered.filters.push(at_least(row(partition.to_vec(), in_time()), 2));
            if mode & 2 == 2 {
                lowered.filters.push(present(&result));
            }
            result
        }
        ("derivative", 3) => {
            let ignores = constant(args.get(2), &name, 0, 1)? == 1;
            let unit = derivative_unit(args.get(1))?;
            let moved = call(DIFFERENCE, vec![value.clone(), before(&value)]);
            let spent = call(UNITS_BETWEEN, vec![before(&time), time.clone(), unit]);
            let rate = binary(moved, BinaryOperator::Divide, spent);
            lowered.present = Some(present(&value));
            lowered.filters.push(at_least(row(partition.to_vec(), in_time()), 2));
            if ignores {
                lowered.filters.push(at_least(rate.clone(), 0));
            }
            rate
        }
        ("csum", 1) => {
            lowered.present = Some(present(&value));
            let sum = call(DIFFERENCE, vec![value, number(0)]);
            over("sum", vec![sum], partition.to_vec(), in_time(), Some(ALL_BEFORE))
        }
        ("mavg", 2) => {
            let rows = constant(args.get(1), &name, 1, 1_000)?;
            lowered.present = Some(present(&value));
            lowered.filters.push(at_least(row(partition.to_vec(), in_time()), rows));
            over("avg", vec![value], partition.to_vec(), in_time(), u64::try_from(rows - 1).ok())
        }
        ("top" | "bottom", 2) => {
            let rows = constant(args.get(1), &name, 1, 100)?;
            lowered.present = Some(present(&value));
            let order = vec![sort_key(value.clone(), name == "bottom"), sort_key(time.clone(), true)];
            lowered.filters.push(at_most(row(partition.to_vec(), order), rows));
            value
        }
        ("tail", 2 | 3) => {
            let rows = constant(args.get(1), &name, 1, 100)?;
            let skipped = if args.len() == 3 { constant(args.get(2), &name, 0, 100)? } else { 0 };
            let place = row(partition.to_vec(), vec![sort_key(time.clone(), false)]);
            lowered.filters.extend([at_least(place.clone(), skipped + 1), at_most(place, skipped + rows)]);
            value
        }
        ("unique", 1) => {
            let groups = partition.iter().cloned().chain([value.clone()]).collect();
            lowered.filters.push(at_most(row(groups, in_time()), 1));
            value
        }
        ("sample", 2) => {
            let rows = constant(args.get(1), &name, 1, 1_000)?;
            lowered.present = Some(present(&value));
            let order = vec![sort_key(call("rand", Vec::new()), true)];
            lowered.filters.push(at_most(row(partition.to_vec(), order), rows));
            value
        }
        ("statecount", 3) => {
            let holds = condition(value, args.get(1), args.get(2), &name)?;
            over(STATE_COUNT, vec![holds], partition.to_vec(), in_time(), Some(ALL_BEFORE))
        }
        ("stateduration", 3 | 4) => {
            let own = i128::from(1_000_000_000 / scope.unit().per_second());
            let unit = args.get(3).map_or(Some(own), span_nanos).filter(|unit| *unit >= own);
            let unit = unit.and_then(|unit| i64::try_from(unit / own).ok());
            let unit = unit.ok_or_else(|| coded(0x280b, format!("Time unit is too small : {name}")))?;
            let holds = condition(value, args.get(1), args.get(2), &name)?;
            let all = vec![holds, time.clone(), number(unit)];
            over(STATE_DURATION, all, partition.to_vec(), in_time(), Some(ALL_BEFORE))
        }
        _ => return Err(wrong_count(&name)),
    };
    *expr = replaced;
    Ok(lowered)
}

/// `value GT constant` and its like.
fn condition(value: Expr, operator: Option<&Expr>, other: Option<&Expr>, name: &str) -> Result<Expr> {
    let wrong = || coded(0x2803, format!("Invalid parameter value : {name}"));
    let word = match operator {
        Some(Expr::Value(word)) => word.value.clone().into_string().unwrap_or_default(),
        _ => return Err(wrong()),
    };
    let operator = match word.to_ascii_uppercase().as_str() {
        "GT" => BinaryOperator::Gt,
        "LT" => BinaryOperator::Lt,
        "GE" => BinaryOperator::GtEq,
        "LE" => BinaryOperator::LtEq,
        "EQ" => BinaryOperator::Eq,
        "NE" => BinaryOperator::NotEq,
        _ => return Err(wrong()),
    };
    Ok(binary(value, operator, other.cloned().ok_or_else(wrong)?))
}

/// Nanoseconds of a span as the grammar spells it, `1 second`.
fn span_nanos(expr: &Expr) -> Option<i128> {
    let Expr::Interval(interval) = expr else { return None };
    let Expr::Value(value) = interval.value.as_ref() else { return None };
    let text = value.value.clone().into_string()?;
    let (count, word) = text.split_once(' ')?;
    let unit: i128 = match word {
        "nanosecond" => 1,
        "microsecond" => 1_000,
        "millisecond" => 1_000_000,
        "second" => 1_000_000_000,
        "minute" => 60_000_000_000,
        "hour" => 3_600_000_000_000,
        "day" => 86_400_000_000_000,
        "week" => 604_800_000_000_000,
        _ => return None,
    };
    Some(count.parse::<i128>().ok()? * unit)
}

/// The unit of a rate: a second or more.
fn derivative_unit(unit: Option<&Expr>) -> Result<Expr> {
    let Some(Expr::Interval(interval)) = unit else {
        return Err(coded(0x2802, "Invalid parameter data type : derivative"));
    };
    let unit = Expr::Interval(interval.clone());
    if span_nanos(&unit).is_none_or(|nanos| nanos < 1_000_000_000) {
        return Err(coded(0x280b, "Time unit is too small : derivative"));
    }
    Ok(unit)
}
