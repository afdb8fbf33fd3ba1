//! Casts to times: through the request's zone, where one side is a point in time.

use crate::session::{CLOCK_OF, FRACTIONAL_MILLISECONDS, INSTANT_OF, SECONDS, WALL_CLOCK_OF, WHOLE_MILLISECONDS};
use crate::sql::types::ColumnType;
use crate::types::{Place, column_type};
use ::sql::ast::{CastKind, Expr, Value};
use ::sql::tree::{call, take};
use model::DataType;

fn number(digits: Option<u8>) -> Expr {
    let value = digits.map_or(Value::Null, |digits| Value::Number(digits.to_string(), false));
    Expr::Value(value.with_empty_span())
}

/// What clocks of the request's zone show at a point in time; anything else as it is.
pub(super) fn wall_clock(expr: Expr) -> Expr {
    call(WALL_CLOCK_OF, vec![expr, number(None)])
}

/// A value that a column of a type takes, turned in the request's zone where it is a time.
pub(crate) fn assigned(value: Expr, target: DataType) -> Expr {
    match target {
        DataType::Instant(unit) => call(INSTANT_OF, vec![value, number(Some(unit.digits()))]),
        DataType::LocalDateTime(unit) => call(WALL_CLOCK_OF, vec![value, number(Some(unit.digits()))]),
        DataType::Date => wall_clock(value),
        _ => value,
    }
}

/// `CAST(x AS TIMESTAMP)` and its like, and typed strings, become casts of x in the request's zone.
pub(super) fn spell_out(expr: &mut Expr) {
    let (inner, data_type) = match expr {
        Expr::Cast { expr: inner, data_type, .. } => (take(inner), data_type.clone()),
        Expr::TypedString(typed) => (Expr::Value(typed.value.clone()), typed.data_type.clone()),
        _ => return,
    };
    let written = ColumnType::from_ast(&data_type).ok();
    let target = written.and_then(|written| column_type("", &written, Place::Cast).ok()).map(|(target, _)| target);
    let turned = match target {
        Some(DataType::Instant(unit)) => call(INSTANT_OF, vec![inner, number(Some(unit.digits()))]),
        Some(DataType::LocalDateTime(unit)) => call(WALL_CLOCK_OF, vec![inner, number(Some(unit.digits()))]),
        Some(DataType::Date) => wall_clock(inner),
        Some(DataType::TimeOfDay) => call(CLOCK_OF, vec![inner]),
        Some(DataType::Decimal { .. }) if !matches!(inner, Expr::Value(_)) => call(SECONDS, vec![inner]),
        Some(integer) if integer.is_integer() && !matches!(inner, Expr::Value(_)) => {
            call(WHOLE_MILLISECONDS, vec![inner])
        }
        Some(float) if float.is_float() && !matches!(inner, Expr::Value(_)) => {
            call(FRACTIONAL_MILLISECONDS, vec![inner])
        }
        _ => {
            if let Expr::Cast { expr: place, .. } = expr {
                **place = inner;
            }
            return;
        }
    };
    match expr {
        Expr::Cast { expr: place, .. } => **place = turned,
        _ => {
            *expr = Expr::Cast { kind: CastKind::Cast, expr: Box::new(turned), data_type, array: false, format: None };
        }
    }
}
