//! Casts to text: the vendor's spelling of every type, cut at the declared length.

use super::scope::quoted;
use crate::session::TEXT_OF;
use crate::sql::types::ColumnType;
use ::sql::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, ObjectName, Value,
};

/// The length of a text type; the outer `None`: it is no text.
fn length_of(data_type: &ColumnType) -> Option<Option<u32>> {
    match data_type {
        ColumnType::Char(length) | ColumnType::NChar(length) => Some(Some(length.unwrap_or(1))),
        ColumnType::Varchar(length) | ColumnType::NVarchar(length) | ColumnType::String(length) => Some(*length),
        _ => None,
    }
}

/// A call of a function.
pub(super) fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    let args = arguments.into_iter().map(|argument| FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))).collect();
    Expr::Function(Function {
        name: ObjectName::from(vec![quoted(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// `CAST(x AS VARCHAR(n))` becomes a cast of the first n characters of x as text.
pub(super) fn spell_out(expr: &mut Expr) {
    let Expr::Cast { expr: inner, data_type, .. } = expr else { return };
    let Some(length) = ColumnType::from_ast(data_type).ok().and_then(|written| length_of(&written)) else { return };
    let value = std::mem::replace(inner.as_mut(), super::placeholder());
    let text = call(TEXT_OF, vec![value]);
    **inner = match length {
        None => text,
        Some(length) => {
            let length = Expr::Value(Value::Number(length.to_string(), false).with_empty_span());
            call("left", vec![text, length])
        }
    };
}
