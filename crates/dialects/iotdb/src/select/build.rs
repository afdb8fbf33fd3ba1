//! Building blocks of syntax trees.

use ::sql::ast::{BinaryOperator, CastKind, DataType, Expr, ObjectName, Value};
use ::sql::tree::{self, quoted};

/// A number that nothing changes.
pub(super) fn number(value: i64) -> Expr {
    Expr::Value(Value::Number(value.to_string(), true).with_empty_span())
}

/// A cast by DataFusion's rules.
pub(super) fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::DoubleColon, expr: Box::new(expr), data_type, array: false, format: None }
}

/// The type of points in time, by a name that no statement can write.
pub(super) fn instant_type() -> DataType {
    DataType::Custom(ObjectName::from(vec![quoted(crate::session::INSTANT)]), Vec::new())
}

/// A point in time, in milliseconds.
pub(super) fn instant(millis: i64) -> Expr {
    cast(number(millis), instant_type())
}

/// `left op right` in parentheses.
pub(super) fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::Nested(Box::new(tree::binary(left, op, right)))
}
