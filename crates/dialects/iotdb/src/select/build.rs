//! Building blocks of syntax trees.

use ::sql::ast::helpers::attached_token::AttachedToken;
use ::sql::ast::{
    BinaryOperator, CaseWhen, CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, Ident, ObjectName, Value,
};

/// A call.
pub(super) fn call(name: &str, args: Vec<Expr>) -> Expr {
    Expr::Function(function(name, args))
}

/// A call as a function.
pub(super) fn function(name: &str, args: Vec<Expr>) -> Function {
    let args = args.into_iter().map(|arg| FunctionArg::Unnamed(FunctionArgExpr::Expr(arg))).collect();
    Function {
        name: ObjectName::from(vec![Ident::with_quote('"', name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    }
}

/// A number that nothing changes.
pub(super) fn number(value: i64) -> Expr {
    Expr::Value(Value::Number(value.to_string(), true).with_empty_span())
}

/// A text.
pub(super) fn text(value: impl Into<String>) -> Expr {
    Expr::Value(Value::SingleQuotedString(value.into()).with_empty_span())
}

/// NULL.
pub(super) fn null() -> Expr {
    Expr::Value(Value::Null.with_empty_span())
}

/// A cast by DataFusion's rules.
pub(super) fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::DoubleColon, expr: Box::new(expr), data_type, array: false, format: None }
}

/// The type of points in time, by a name that no statement can write.
pub(super) fn instant_type() -> DataType {
    DataType::Custom(ObjectName::from(vec![Ident::with_quote('"', crate::session::INSTANT)]), Vec::new())
}

/// A point in time, in milliseconds.
pub(super) fn instant(millis: i64) -> Expr {
    cast(number(millis), instant_type())
}

/// `left op right` in parentheses.
pub(super) fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::Nested(Box::new(Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }))
}

/// `CASE WHEN condition THEN value [ELSE other] END`
pub(super) fn case(condition: Expr, value: Expr, other: Option<Expr>) -> Expr {
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition, result: value }],
        else_result: other.map(Box::new),
    }
}

/// Takes an expression out of its place.
pub(super) fn take(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, null())
}
