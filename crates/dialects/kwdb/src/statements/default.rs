//! DEFAULT of a column: constants, `now()`, `unique_rowid()`, `gen_random_uuid()`.

use crate::error::{definition, worded};
use crate::literals::{Literal, Target};
use crate::sql::types::ColumnType;
use crate::timezone::Zone;
use crate::types::{Place, column_type};
use ::sql::ast::{Expr, UnaryOperator, Value as AstValue};
use model::{ColumnDefault, DataType, DefaultValue, Result, Value};

/// Where a default stands; time-series tables take less.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DefaultPlace<'a> {
    /// The column.
    pub(crate) target: &'a Target,
    /// The column's type as printed.
    pub(crate) type_text: &'a str,
    /// Whether it is a column of a time-series table.
    pub(crate) series: bool,
}

/// The default that an expression makes.
///
/// # Errors
/// What is no constant of the column's type and no known function, in the vendor's words.
pub(crate) fn resolve(place: DefaultPlace<'_>, expr: &Expr, zone: &Zone) -> Result<Option<ColumnDefault>> {
    let name = &place.target.name;
    let is_time = matches!(place.target.data_type, DataType::Instant(_) | DataType::LocalDateTime(_));
    let bare = bare(expr);
    if let Some(function) = function_name(bare) {
        let value = match function.as_str() {
            "now" => DefaultValue::Now,
            "current_timestamp"
            | "localtimestamp"
            | "transaction_timestamp"
            | "statement_timestamp"
            | "current_date"
                if !place.series =>
            {
                DefaultValue::Now
            }
            "unique_rowid" if !place.series => DefaultValue::UniqueRowId,
            "gen_random_uuid" | "uuid_v4" if !place.series => DefaultValue::RandomUuid,
            _ if place.series && is_time => {
                return Err(definition(format!(
                    "column {name} with type {} can only be set now() as default function",
                    place.type_text
                )));
            }
            _ => return Err(not_constant(place)),
        };
        let fits = match value {
            DefaultValue::Now => is_time || matches!(place.target.data_type, DataType::Date | DataType::TimeOfDay),
            DefaultValue::UniqueRowId => match cast_type(expr)? {
                None => place.target.data_type == DataType::Int64,
                Some(cast) => cast == place.target.data_type && cast.is_integer(),
            },
            DefaultValue::RandomUuid => place.target.data_type == DataType::Uuid,
            DefaultValue::Constant(_) => true,
        };
        if !fits {
            return Err(definition(format!(
                "The type of the default expression does not match the type of the column (column {name})"
            )));
        }
        let text = match (&value, place.target.data_type) {
            (DefaultValue::Now, DataType::Instant(_)) => "now():::TIMESTAMPTZ".to_owned(),
            (DefaultValue::Now, DataType::LocalDateTime(_)) => "now():::TIMESTAMP".to_owned(),
            // The number is cast as the default says, which the definition must show.
            (DefaultValue::UniqueRowId, DataType::Int64) => format!("{function}()"),
            (DefaultValue::UniqueRowId, _) => format!("{function}()::{}", place.type_text),
            _ => format!("{function}()"),
        };
        return Ok(Some(ColumnDefault { value, text }));
    }
    let negated;
    let (literal, text) = match bare {
        Expr::Value(value) => match &value.value {
            AstValue::Null => return Ok(None),
            AstValue::Boolean(value) => (Literal::Boolean(*value), value.to_string()),
            AstValue::Number(digits, _) => (number(digits), digits.clone()),
            AstValue::SingleQuotedString(text)
            | AstValue::DoubleQuotedString(text)
            | AstValue::EscapedStringLiteral(text) => (Literal::Text(text), format!("'{}'", text.replace('\'', "''"))),
            _ => return Err(not_constant(place)),
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match bare_number(expr) {
            Some(digits) => {
                negated = format!("-{digits}");
                (number(&negated), negated.clone())
            }
            None => return Err(not_constant(place)),
        },
        _ => return Err(not_constant(place)),
    };
    let value: Value = place.target.convert(literal, zone)?;
    Ok(Some(ColumnDefault { value: DefaultValue::Constant(value), text }))
}

fn number(digits: &str) -> Literal<'_> {
    if digits.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
        Literal::Integer(digits)
    } else {
        Literal::Decimal(digits)
    }
}

fn not_constant(place: DefaultPlace<'_>) -> model::Error {
    let name = &place.target.name;
    if place.series {
        return definition(format!(
            "column {name} with type {} can only be set constant as default value",
            place.type_text
        ));
    }
    worded(format!("the DEFAULT expression of column \"{name}\" is not supported: constants and known functions only"))
}

/// The expression below parentheses and casts.
fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => bare(inner),
        other => other,
    }
}

/// The type that the outermost cast of an expression makes; none without a cast.
///
/// # Errors
/// A type that this vendor does not know.
fn cast_type(expr: &Expr) -> Result<Option<DataType>> {
    match expr {
        Expr::Nested(inner) => cast_type(inner),
        Expr::Cast { data_type, .. } => {
            let written = ColumnType::from_ast(data_type)?;
            column_type("default", &written, Place::Relational).map(|(data_type, _)| Some(data_type))
        }
        _ => Ok(None),
    }
}

fn bare_number(expr: &Expr) -> Option<&str> {
    match bare(expr) {
        Expr::Value(value) => match &value.value {
            AstValue::Number(digits, _) => Some(digits),
            _ => None,
        },
        _ => None,
    }
}

/// The name of a function called without arguments.
pub(crate) fn function_name(expr: &Expr) -> Option<String> {
    let Expr::Function(function) = expr else { return None };
    let last = function.name.0.last()?.as_ident()?;
    Some(last.value.to_ascii_lowercase())
}
