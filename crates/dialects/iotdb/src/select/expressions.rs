//! Expressions: names made exact, literals of this vendor, forms that become calls.

use super::Meaning;
use super::build::{binary, cast, instant, number};
use super::comparisons;
use super::functions;
use super::scope::Scope;
use crate::error::{Result, worded};
use crate::names::is_made;
use crate::session::{CAST, EXTRACT, RANGE_KEY, SHIFT, TRIM, TRY_CAST};
use crate::sql::{Special, mismatched, special};
use crate::statements::table::type_named;
use crate::times::{self, Span};
use ::sql::ast::{
    BinaryOperator, CastKind, CeilFloorKind, DataType, DateTimeField, Expr, Ident, TrimWhereField, UnaryOperator,
    Value, Visit, WindowFrameBound, WindowFrameUnits, WindowSpec, WindowType, visit_expressions,
};
use ::sql::tree::{call, null, quoted, take, text};
use std::ops::ControlFlow;
use std::rc::Rc;

/// `-5` is one number.
pub(super) fn join_sign(expr: &mut Expr) {
    mark_frame(expr, true);
    if let Expr::UnaryOp { op: UnaryOperator::Minus, expr: inner } = expr
        && let Expr::Value(value) = inner.as_ref()
        && let Value::Number(digits, false) = &value.value
        && !digits.starts_with('-')
    {
        *expr = Expr::Value(Value::Number(format!("-{digits}"), false).with_span(value.span));
    }
}

/// The numbers of a window's frame stay plain: they are marked on the way down and freed on the way up.
fn mark_frame(expr: &mut Expr, keep: bool) {
    if let Expr::Function(function) = expr
        && let Some(WindowType::WindowSpec(spec)) = &mut function.over
    {
        keep_frame(spec, keep);
    }
}

/// The same for a window that has a name.
pub(super) fn keep_frame(spec: &mut WindowSpec, keep: bool) {
    let Some(frame) = &mut spec.window_frame else { return };
    for bound in [Some(&mut frame.start_bound), frame.end_bound.as_mut()].into_iter().flatten() {
        if let WindowFrameBound::Preceding(Some(value)) | WindowFrameBound::Following(Some(value)) = bound
            && let Expr::Value(value) = value.as_mut()
            && let Value::Number(_, kept) = &mut value.value
        {
            *kept = keep;
        }
    }
    if !keep {
        measure_range(spec);
    }
}

/// A RANGE between numbers counts the milliseconds of a time.
fn measure_range(spec: &mut WindowSpec) {
    let Some(frame) = &spec.window_frame else { return };
    let is_counted = [Some(&frame.start_bound), frame.end_bound.as_ref()]
        .into_iter()
        .flatten()
        .any(|bound| matches!(bound, WindowFrameBound::Preceding(Some(_)) | WindowFrameBound::Following(Some(_))));
    if matches!(frame.units, WindowFrameUnits::Range) && is_counted {
        for key in &mut spec.order_by {
            let value = take(&mut key.expr);
            key.expr = call(RANGE_KEY, vec![value]);
        }
    }
}

/// Whether a name stands for the database that is used.
pub(super) fn is_current_database(name: &Ident) -> bool {
    name.quote_style.is_none() && name.value.eq_ignore_ascii_case("current_database")
}

/// Rewrites one expression whose parts are rewritten.
pub(super) fn rewrite(expr: &mut Expr, scopes: &[Rc<Scope>], meaning: &Meaning<'_>) -> Result<()> {
    mark_frame(expr, false);
    match expr {
        Expr::Identifier(name) if is_current_database(name) => {
            *expr = meaning.context.database().map_or_else(null, text);
            Ok(())
        }
        Expr::Identifier(name) => {
            if let Some(exact) = exact(std::slice::from_ref(name), scopes) {
                *expr = exact;
            }
            Ok(())
        }
        Expr::CompoundIdentifier(parts) => {
            if let Some(exact) = exact(parts, scopes) {
                *expr = exact;
            }
            Ok(())
        }
        Expr::Value(value) => match &value.value {
            Value::Number(digits, false) => {
                if digits.parse::<i32>().is_ok() {
                    let plain = Expr::Value(Value::Number(digits.clone(), true).with_span(value.span));
                    *expr = cast(plain, DataType::Int(None));
                }
                Ok(())
            }
            Value::Placeholder(written) => match special(written) {
                Some(Special::Number(value)) => {
                    let fits = i32::try_from(value).is_ok();
                    *expr = if fits { cast(number(value), DataType::Int(None)) } else { number(value) };
                    Ok(())
                }
                Some(Special::Text(value)) => {
                    *expr = text(value);
                    Ok(())
                }
                Some(Special::Time(written)) => {
                    *expr = instant(moment(&written, meaning)?);
                    Ok(())
                }
                // What takes a span takes it out; others are found in the end.
                Some(Special::Span(_)) | None => Ok(()),
            },
            _ => Ok(()),
        },
        Expr::BinaryOp { left, op: op @ (BinaryOperator::Plus | BinaryOperator::Minus), right } => {
            if let Some(span) = span(right) {
                let sign = if *op == BinaryOperator::Plus { 1 } else { -1 };
                let left = take(left);
                *expr = call(SHIFT, vec![left, number(sign * span.months), number(sign * span.millis)]);
            }
            Ok(())
        }
        Expr::Between { expr: value, negated, low, high } => {
            let (value, low, high) = (take(value), take(low), take(high));
            *expr = if *negated {
                let below = binary(value.clone(), BinaryOperator::Lt, low);
                binary(below, BinaryOperator::Or, binary(value, BinaryOperator::Gt, high))
            } else {
                let above = binary(value.clone(), BinaryOperator::GtEq, low);
                binary(above, BinaryOperator::And, binary(value, BinaryOperator::LtEq, high))
            };
            Ok(())
        }
        Expr::InList { expr: value, list, negated } => {
            let value = take(value);
            let equal = std::mem::take(list).into_iter().map(|item| binary(value.clone(), BinaryOperator::Eq, item));
            let any = any_of(equal.collect());
            *expr = match negated {
                true => Expr::Nested(Box::new(Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(any) })),
                false => any,
            };
            Ok(())
        }
        Expr::Cast { kind, expr: value, data_type, .. } => {
            let function = match kind {
                CastKind::Cast => CAST,
                CastKind::TryCast | CastKind::SafeCast => TRY_CAST,
                // Made here, by DataFusion's own rules.
                CastKind::DoubleColon => return Ok(()),
            };
            let to = type_named(&data_type.to_string())?;
            *expr = call(function, vec![take(value), text(to.word())]);
            Ok(())
        }
        Expr::Extract { field, expr: value, .. } => {
            let field = extract_field(field)?;
            *expr = call(EXTRACT, vec![text(field), take(value)]);
            Ok(())
        }
        Expr::Ceil { expr: value, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => {
            *expr = call("ceil", vec![take(value)]);
            Ok(())
        }
        Expr::Floor { expr: value, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => {
            *expr = call("floor", vec![take(value)]);
            Ok(())
        }
        Expr::Substring { expr: value, substring_from, substring_for, .. } => {
            let mut args = vec![take(value)];
            args.extend(substring_from.as_mut().map(|from| take(from)));
            args.extend(substring_for.as_mut().map(|length| take(length)));
            *expr = call("substring", args);
            Ok(())
        }
        Expr::Trim { expr: value, trim_where, trim_what, .. } => {
            let side = match trim_where {
                Some(TrimWhereField::Leading) => "leading",
                Some(TrimWhereField::Trailing) => "trailing",
                Some(TrimWhereField::Both) | None => "both",
            };
            let what = trim_what.as_mut().map_or_else(|| text(" "), |what| take(what));
            *expr = call(TRIM, vec![take(value), text(side), what]);
            Ok(())
        }
        Expr::Interval(_) => Err(crate::error::Failure::new(700, "INTERVAL literals are not known here: write 1d")),
        Expr::AnyOp { left, compare_op, right, .. } => {
            let replaced = comparisons::any(take(left), compare_op, take(right))?;
            *expr = replaced;
            Ok(())
        }
        Expr::AllOp { left, compare_op, right } => {
            let replaced = comparisons::all(take(left), compare_op, take(right))?;
            *expr = replaced;
            Ok(())
        }
        Expr::Position { .. } => Err(worded("Unknown function: position")),
        Expr::Function(_) => functions::rewrite(expr, scopes, meaning),
        Expr::TypedString(typed) => {
            let to = type_named(&typed.data_type.to_string())?;
            let value = Expr::Value(typed.value.clone());
            *expr = call(CAST, vec![value, text(to.word())]);
            Ok(())
        }
        Expr::Tuple(_) => Err(worded("Unsupported expression: Row")),
        _ => Ok(()),
    }
}

/// A datetime in milliseconds.
pub(super) fn moment(written: &str, meaning: &Meaning<'_>) -> Result<i64> {
    times::parse(written, meaning.context.zone()).ok_or_else(|| no_time(written))
}

/// The vendor's text for a time that is none.
pub(crate) fn no_time(written: &str) -> crate::error::Failure {
    worded(format!(
        "Input time format {written} error. Input like yyyy-MM-dd HH:mm:ss, yyyy-MM-ddTHH:mm:ss or refer to user \
         document for more info."
    ))
}

/// The span that an expression is.
pub(super) fn span(expr: &Expr) -> Option<Span> {
    let Expr::Value(value) = expr else { return None };
    let Value::Placeholder(written) = &value.value else { return None };
    match special(written)? {
        Special::Span(span) => Some(span),
        _ => None,
    }
}

fn exact(parts: &[Ident], scopes: &[Rc<Scope>]) -> Option<Expr> {
    if parts.iter().any(|part| is_made(&part.value)) {
        return None;
    }
    let lower: Vec<String> = parts.iter().map(|part| part.value.to_lowercase()).collect();
    let found = scopes.iter().rev().find_map(|scope| scope.resolve(&lower));
    found.or_else(|| {
        let mut folded = lower.iter().map(|part| quoted(part)).collect::<Vec<_>>();
        match folded.len() {
            1 => folded.pop().map(Expr::Identifier),
            _ => Some(Expr::CompoundIdentifier(folded)),
        }
    })
}

/// Joins conditions by OR, as flat a tree as can be.
fn any_of(mut conditions: Vec<Expr>) -> Expr {
    while conditions.len() > 1 {
        let mut pairs = Vec::with_capacity(conditions.len().div_ceil(2));
        let mut rest = conditions.into_iter();
        while let Some(left) = rest.next() {
            pairs.push(match rest.next() {
                Some(right) => binary(left, BinaryOperator::Or, right),
                None => left,
            });
        }
        conditions = pairs;
    }
    conditions.pop().unwrap_or_else(|| Expr::Value(Value::Boolean(false).with_empty_span()))
}

fn extract_field(field: &DateTimeField) -> Result<&'static str> {
    let written = field.to_string().to_ascii_uppercase();
    Ok(match written.as_str() {
        "YEAR" => "YEAR",
        "QUARTER" => "QUARTER",
        "MONTH" => "MONTH",
        "WEEK" => "WEEK",
        "DAY" | "DAY_OF_MONTH" => "DAY",
        "DAY_OF_WEEK" | "DOW" => "DAY_OF_WEEK",
        "DAY_OF_YEAR" | "DOY" => "DAY_OF_YEAR",
        "HOUR" => "HOUR",
        "MINUTE" => "MINUTE",
        "SECOND" => "SECOND",
        "MS" => "MS",
        "US" => "US",
        "NS" => "NS",
        _ => {
            let message = format!("Invalid EXTRACT field: {}", field.to_string().to_ascii_lowercase());
            return Err(crate::error::Failure::new(700, message));
        }
    })
}

/// Fails where a span of time stands that nothing took.
pub(super) fn refuse_leftovers(tree: &impl Visit) -> Result<()> {
    let found = visit_expressions(tree, |expr| {
        if let Expr::Value(value) = expr
            && let Value::Placeholder(written) = &value.value
        {
            let digits = written.bytes().take_while(u8::is_ascii_digit).count();
            let unit = written.get(digits..).unwrap_or(written);
            let start = value.span.start;
            return ControlFlow::Break(mismatched(start.line, start.column + digits as u64, unit));
        }
        ControlFlow::Continue(())
    });
    match found {
        ControlFlow::Break(failure) => Err(failure),
        ControlFlow::Continue(()) => Ok(()),
    }
}
