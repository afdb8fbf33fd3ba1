//! `SET CLUSTER SETTING`, `RESET CLUSTER SETTING`, `SET variable`.

use crate::context::Context;
use crate::error::worded;
use crate::settings;
use crate::timezone;
use ::sql::ast::{Expr, UnaryOperator, Value};
use model::{Error, ErrorKind, Privilege, Result, Scope};

/// Changes a cluster setting; `None` puts it back to its default.
///
/// # Errors
/// An unknown setting, a value that it cannot have, no privilege.
pub(crate) async fn set(context: &Context, name: &str, value: Option<Expr>) -> Result<()> {
    context.engine().require(context.caller(), Privilege::Settings, Scope::All)?;
    let setting = settings::find(name)?;
    let value = match value {
        None => None,
        Some(expr) => {
            let text = constant_text(&expr)
                .ok_or_else(|| worded(format!("the value of cluster setting '{name}' must be a constant")))?;
            Some(settings::checked(setting, &text)?)
        }
    };
    context.engine().set_setting(context.caller(), &settings::catalogue_name(name), value).await
}

/// A constant as text; a bare word stands for itself.
fn constant_text(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => Some(digits.clone()),
            Value::Boolean(value) => Some(value.to_string()),
            Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) | Value::EscapedStringLiteral(text) => {
                Some(text.clone())
            }
            _ => None,
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => constant_text(expr).map(|text| format!("-{text}")),
        Expr::Identifier(word) => Some(word.value.clone()),
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => constant_text(inner),
        _ => None,
    }
}

/// Variables of a session: a request has no session that outlives it, so that only what changes no
/// answer, and a time zone that is one, are accepted.
///
/// # Errors
/// Unknown variables, and those that would change answers.
pub(crate) fn set_variable(context: &mut Context, name: &str, values: &[Expr]) -> Result<()> {
    match name {
        "timezone" | "time zone" => {
            let text = match values {
                [] => String::new(),
                [value] => constant_text(value).unwrap_or_default(),
                _ => return Err(worded("set timezone: one value is needed")),
            };
            context.set_zone(timezone::parse(&text)?);
            Ok(())
        }
        _ => reset_variable(name),
    }
}

/// As [`set_variable`].
///
/// # Errors
/// Unknown variables, and those that would change answers.
pub(crate) fn reset_variable(name: &str) -> Result<()> {
    const WITHOUT_EFFECT: [&str; 10] = [
        "application_name",
        "client_encoding",
        "client_min_messages",
        "enable_multimodel",
        "enable_zigzag_join",
        "extra_float_digits",
        "hash_scan_mode",
        "inside_out_row_ratio",
        "timezone",
        "tracing",
    ];
    if WITHOUT_EFFECT.contains(&name) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Unsupported { what: format!("SET {name} (a request has no session)") }))
}
