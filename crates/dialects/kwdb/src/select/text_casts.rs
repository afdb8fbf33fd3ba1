//! Casts to text: the vendor's spelling of every type, cut at the declared length.

use crate::session::TEXT_OF;
use crate::sql::types::ColumnType;
use ::sql::ast::{Expr, Value};
use ::sql::tree::{call, take};

/// The length of a text type; the outer `None`: it is no text.
fn length_of(data_type: &ColumnType) -> Option<Option<u32>> {
    match data_type {
        ColumnType::Char(length) | ColumnType::NChar(length) => Some(Some(length.unwrap_or(1))),
        ColumnType::Varchar(length) | ColumnType::NVarchar(length) | ColumnType::String(length) => Some(*length),
        _ => None,
    }
}

/// `CAST(x AS VARCHAR(n))` becomes a cast of the first n characters of x as text.
pub(super) fn spell_out(expr: &mut Expr) {
    let Expr::Cast { expr: inner, data_type, .. } = expr else { return };
    let Some(length) = ColumnType::from_ast(data_type).ok().and_then(|written| length_of(&written)) else { return };
    let value = take(inner);
    let text = call(TEXT_OF, vec![value]);
    **inner = match length {
        None => text,
        Some(length) => {
            let length = Expr::Value(Value::Number(length.to_string(), false).with_empty_span());
            call("left", vec![text, length])
        }
    };
}
