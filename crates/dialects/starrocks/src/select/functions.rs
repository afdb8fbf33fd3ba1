//! Function calls: this vendor's names, what a function of the same name means elsewhere, and those
//! that are refused by name because nothing here does what they do.

use super::formats::translated;
use super::items::function_name;
use crate::context::Context;
use crate::session::WALL_CLOCK;
use ::sql::ast::{BinaryOperator, CastKind, DataType, Expr, Value};
use ::sql::tree::{arguments, call, case, grouped, null, take, text};
use model::{Error, Result};

/// Names of this vendor for functions that are called otherwise here.
const RENAMED: [(&str, &str); 25] = [
    ("any_value", "first_value"),
    ("approx_count_distinct", "approx_distinct"),
    ("ceiling", "ceil"),
    ("curdate", "current_date"),
    ("current_timestamp", "now"),
    ("fmod", "mod"),
    ("ifnull", "coalesce"),
    ("lcase", "lower"),
    ("length", "octet_length"),
    ("localtime", "now"),
    ("localtimestamp", "now"),
    ("ndv", "approx_distinct"),
    ("nvl", "coalesce"),
    ("pow", "power"),
    ("rand", "random"),
    ("sign", "signum"),
    ("std", "stddev_pop"),
    ("stddev", "stddev_pop"),
    ("strleft", "left"),
    ("strright", "right"),
    ("truncate", "trunc"),
    ("ucase", "upper"),
    ("var_pop", "var_pop"),
    ("variance", "var_pop"),
    ("variance_samp", "var_samp"),
];

/// Functions whose namesakes here give something else.
const REFUSED: [&str; 9] = [
    "convert_tz",
    "from_unixtime",
    "hex",
    "percentile_approx",
    "to_unixtime",
    "unix_timestamp",
    "utc_timestamp",
    "week",
    "to_char",
];

/// Parts of a time with what they are called here.
const PARTS: [(&str, &str); 10] = [
    ("year", "year"),
    ("quarter", "quarter"),
    ("month", "month"),
    ("weekofyear", "week"),
    ("day", "day"),
    ("dayofmonth", "day"),
    ("dayofyear", "doy"),
    ("hour", "hour"),
    ("minute", "minute"),
    ("second", "second"),
];

/// Rewrites one call.
///
/// # Errors
/// Functions that are not done here.
pub(super) fn rewrite(expr: &mut Expr, context: &Context) -> Result<()> {
    let Expr::Function(function) = expr else { return Ok(()) };
    let name = match function.name.0.as_slice() {
        [only] => only.as_ident().map(|name| name.value.to_ascii_lowercase()),
        _ => None,
    };
    let Some(name) = name else { return Ok(()) };
    if REFUSED.contains(&name.as_str()) {
        return Err(Error::unsupported(format!("the function {name}")));
    }
    if let Some(arguments) = arguments(function)
        && let Some(replaced) = replaced(&name, arguments.into_iter().cloned().collect(), context)?
    {
        *expr = replaced;
        return Ok(());
    }
    let other = RENAMED.iter().find(|(own, _)| *own == name).map_or(name.as_str(), |(_, other)| other);
    function.name = function_name(other);
    Ok(())
}

fn to_int(expr: Expr) -> Expr {
    let data_type = DataType::Int(None);
    Expr::Cast { kind: CastKind::TryCast, expr: Box::new(expr), data_type, array: false, format: None }
}

/// What stands in place of a call, if it is no call of one function here.
fn replaced(name: &str, mut arguments: Vec<Expr>, context: &Context) -> Result<Option<Expr>> {
    let number = |value: u64| Expr::Value(Value::Number(value.to_string(), false).with_empty_span());
    if let ([_], Some((_, part))) = (arguments.as_slice(), PARTS.iter().find(|(own, _)| *own == name)) {
        let wall = call(WALL_CLOCK, arguments);
        return Ok(Some(to_int(call("date_part", vec![text(*part), wall]))));
    }
    let replaced = match (name, arguments.as_mut_slice()) {
        ("database" | "schema", []) => text(context.database.as_deref().unwrap_or_default()),
        ("catalog", []) => text(crate::names::CATALOG_OF_THE_SERVER),
        ("user" | "current_user" | "session_user", []) => text(format!("'{}'@'%'", context.caller.name)),
        ("version" | "current_version", []) => text(format!("Chronoglot {}", env!("CARGO_PKG_VERSION"))),
        ("connection_id", []) => number(context.connection),
        ("if", [condition, then, otherwise]) => case(take(condition), take(then), Some(take(otherwise))),
        ("isnull", [value]) => Expr::IsNull(Box::new(take(value))),
        ("isnotnull", [value]) => Expr::IsNotNull(Box::new(take(value))),
        ("mod" | "fmod", [left, right]) => grouped(take(left), BinaryOperator::Modulo, take(right)),
        ("log" | "dlog1", [value]) => call("ln", vec![take(value)]),
        ("locate", [part, whole]) => call("strpos", vec![take(whole), take(part)]),
        ("instr", [whole, part]) => call("strpos", vec![take(whole), take(part)]),
        ("regexp_replace", [_, _, _]) => {
            // Every match goes, not the first alone.
            arguments.push(text("g"));
            call("regexp_replace", arguments)
        }
        // NULL where any part is NULL.
        ("concat", [_, ..]) => {
            let mut parts = arguments.into_iter().map(|part| call(crate::session::TEXT_OF, vec![part]));
            let first = parts.next().unwrap_or_else(null);
            parts.fold(first, |left, right| grouped(left, BinaryOperator::StringConcat, right))
        }
        ("greatest" | "least", [_, _, ..]) => {
            let any_null = arguments
                .iter()
                .map(|value| Expr::Nested(Box::new(Expr::IsNull(Box::new(Expr::Nested(Box::new(value.clone())))))))
                .reduce(|left, right| grouped(left, BinaryOperator::Or, right));
            let chosen = call(name, arguments);
            match any_null {
                Some(any_null) => case(any_null, null(), Some(chosen)),
                None => chosen,
            }
        }
        ("date_trunc", [unit, time]) => call("date_trunc", vec![take(unit), call(WALL_CLOCK, vec![take(time)])]),
        ("date" | "to_date", [time]) => {
            let wall = Box::new(call(WALL_CLOCK, vec![take(time)]));
            Expr::Cast { kind: CastKind::TryCast, expr: wall, data_type: DataType::Date, array: false, format: None }
        }
        // Sunday is 1.
        ("dayofweek", [time]) => {
            let wall = call(WALL_CLOCK, vec![take(time)]);
            to_int(grouped(call("date_part", vec![text("dow"), wall]), BinaryOperator::Plus, number(1)))
        }
        ("date_add" | "adddate" | "days_add", [time, span @ Expr::Interval(_)]) => {
            grouped(take(time), BinaryOperator::Plus, take(span))
        }
        ("date_sub" | "subdate", [time, span @ Expr::Interval(_)]) => {
            grouped(take(time), BinaryOperator::Minus, take(span))
        }
        ("date_format", [time, format]) => {
            let written = match format {
                Expr::Value(value) => match &value.value {
                    Value::SingleQuotedString(format) => translated(format),
                    _ => None,
                },
                _ => None,
            };
            let format = written.ok_or_else(|| Error::unsupported("this format of date_format"))?;
            call("to_char", vec![call(WALL_CLOCK, vec![take(time)]), text(format)])
        }
        _ => return Ok(None),
    };
    Ok(Some(replaced))
}
