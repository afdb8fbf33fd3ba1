//! Calls of functions: aggregates get the time that they need and what completes them, and what
//! depends on the request becomes a constant.

use super::Rewriter;
use super::build::{arguments, boolean, function_name, number, ordered_call, sort_key, span, star_argument};
use super::scope::Scope;
use super::series;
use crate::error::coded;
use crate::session::{
    IRATE, LEAST_SQUARES, MODE, PERCENTILE, SPREAD, TEXT_OF_REQUEST, TOTAL, TOTAL_RESULT, TWA, UNITS_BETWEEN,
};
use crate::timezone;
use ::sql::ast::{BinaryOperator, DuplicateTreatment, Expr, Function, FunctionArguments, Ident};
use ::sql::tree::{binary, call, null, text};
use model::{DataType, Error, Result};

/// Aggregates that choose one row.
pub(super) const SELECTIONS: &[&str] = &["first", "last", "last_row", "max", "min"];
/// Aggregates that compute one value of many rows.
const AGGREGATES: &[&str] = &[
    "count",
    "sum",
    "avg",
    "spread",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "var_pop",
    "var_samp",
    "variance",
    "percentile",
    "apercentile",
    "hyperloglog",
    "elapsed",
    "twa",
    "irate",
    "leastsquares",
    "mode",
];
/// Functions whose answer is rows of their own.
const REFUSED: &[&str] = &["histogram", "interp", "forecast", "lag", "lead", "fill_forward", "group_concat", "cols"];
/// Functions of texts that the vendor has and nothing here does yet.
const REFUSED_OF_TEXTS: &[&str] = &[
    "md5",
    "sha",
    "sha1",
    "sha2",
    "to_base64",
    "from_base64",
    "mask_full",
    "mask_partial",
    "mask_none",
    "aes_encrypt",
    "aes_decrypt",
    "sm4_encrypt",
    "sm4_decrypt",
];

/// The aggregates of plans, as which those above end.
pub(super) const FINAL: &[&str] = &[
    "count",
    TOTAL,
    "avg",
    "min",
    "max",
    "stddev_pop",
    "stddev",
    "var_pop",
    "var",
    "array_agg",
    "first",
    "last",
    "last_row",
    "first_value",
];

fn is_aggregate(name: &str) -> bool {
    AGGREGATES.contains(&name) || SELECTIONS.contains(&name)
}

/// Every aggregate in an expression as written, by name, from the outside in.
pub(super) fn aggregates(expr: &Expr) -> Vec<String> {
    let mut found = Vec::new();
    let mut copy = expr.clone();
    let _: Result<()> = super::build::walk(&mut copy, &mut |expr| {
        if let Expr::Function(call) = expr
            && is_aggregate(&function_name(call))
        {
            found.push(function_name(call));
        }
        Ok(true)
    });
    found
}

/// Whether an expression as written holds an aggregate.
pub(super) fn holds_aggregate(expr: &Expr) -> bool {
    !aggregates(expr).is_empty()
}

fn wrong_count(name: &str) -> Error {
    coded(0x2801, format!("Invalid number of parameters : {name}"))
}

/// Rewrites a call whose arguments are rewritten already.
///
/// # Errors
/// Functions that are not done here, by name; wrong numbers of arguments.
pub(super) fn rewrite(rewriter: &Rewriter<'_>, expr: &mut Expr, scope: &Scope) -> Result<()> {
    let Expr::Function(function) = expr else { return Ok(()) };
    if is_ours(function) {
        return Ok(());
    }
    if function.over.is_some() || function.filter.is_some() || !function.within_group.is_empty() {
        return Err(Error::unsupported("a window over rows"));
    }
    let name = function_name(function);
    if REFUSED.contains(&name.as_str()) || REFUSED_OF_TEXTS.contains(&name.as_str()) {
        return Err(Error::unsupported(format!("the function {}", name.to_ascii_uppercase())));
    }
    if series::is_series(&name) {
        // Those that stand alone were taken before.
        return Err(Error::unsupported(format!("the function {} here", name.to_ascii_uppercase())));
    }
    if is_aggregate(&name) && arguments(function).iter().any(holds_final) {
        return Err(coded(0x2627, "Aggregate functions do not support nesting"));
    }
    let unit = scope.unit();
    let args = arguments(function);
    let replaced = match (name.as_str(), args.as_slice()) {
        ("now", []) => rewriter.now(unit)?,
        ("today", []) => rewriter.today(unit)?,
        ("timezone", []) => text(zone_text(rewriter)),
        ("database", []) => match rewriter.context.database_name(rewriter.catalog) {
            Some(name) => call(TEXT_OF_REQUEST, vec![text(&name)]),
            None => call(TEXT_OF_REQUEST, vec![null()]),
        },
        ("user" | "current_user", []) => {
            call(TEXT_OF_REQUEST, vec![text(format!("{}@localhost", rewriter.context.caller().name))])
        }
        ("count", _) => {
            if star_argument(function).is_none() && args.len() != 1 {
                return Err(wrong_count(&name));
            }
            if star_argument(function).is_some_and(|table| table.is_some()) {
                return Err(Error::unsupported("count of a table's star"));
            }
            rename(function, "count");
            return Ok(());
        }
        ("sum", [value]) => sum(value, scope),
        ("avg", [value]) => call("avg", vec![value.clone()]),
        ("min" | "max", [value]) => call(&name, vec![value.clone()]),
        ("spread", [value]) => call(SPREAD, vec![call("max", vec![value.clone()]), call("min", vec![value.clone()])]),
        ("stddev" | "stddev_pop", [value]) => call("stddev_pop", vec![value.clone()]),
        ("stddev_samp", [value]) => call("stddev", vec![value.clone()]),
        ("variance" | "var_pop", [value]) => call("var_pop", vec![value.clone()]),
        ("var_samp", [value]) => call("var", vec![value.clone()]),
        ("hyperloglog", [value]) => distinct_count(value),
        ("first" | "last" | "last_row", [value]) => call(&name, vec![value.clone(), scope.time()?]),
        ("percentile", [value, percents @ ..]) if (1..=10).contains(&percents.len()) => {
            let mut all = vec![call("array_agg", vec![value.clone()])];
            all.extend(percents.iter().cloned());
            call(PERCENTILE, all)
        }
        ("apercentile", [value, percent] | [value, percent, _]) => {
            call(PERCENTILE, vec![call("array_agg", vec![value.clone()]), percent.clone()])
        }
        ("elapsed", [time] | [time, _]) => {
            let mut all = vec![call("min", vec![time.clone()]), call("max", vec![time.clone()])];
            all.extend(args.get(1).cloned());
            if all.len() == 2 {
                all.push(span(format!("{} nanoseconds", 1_000_000_000 / unit.per_second())));
            }
            call(UNITS_BETWEEN, all)
        }
        ("twa", [value]) => over_time(TWA, value, scope)?,
        ("irate", [value]) => over_time(IRATE, value, scope)?,
        ("leastsquares", [value, start, step]) => {
            call(LEAST_SQUARES, vec![in_time(value, scope)?, start.clone(), step.clone()])
        }
        ("mode", [value]) => call(MODE, vec![in_time(value, scope)?]),
        ("substring", _) => call("substr", args),
        ("trim", [_]) => call("btrim", args),
        (name, _) if is_aggregate(name) => return Err(wrong_count(name)),
        _ => {
            let known = WRITABLE.iter().find(|(known, ..)| *known == name);
            let (_, least, most) = known.ok_or_else(|| coded(0x0374, "Func not exists"))?;
            if args.len() < *least || args.len() > *most || star_argument(function).is_some() {
                return Err(wrong_count(&name));
            }
            rename(function, &name);
            return Ok(());
        }
    };
    *expr = replaced;
    Ok(())
}

/// Scalar functions that a statement may name, with the least and most arguments.
const WRITABLE: &[(&str, usize, usize)] = &[
    ("abs", 1, 1),
    ("acos", 1, 1),
    ("ascii", 1, 1),
    ("asin", 1, 1),
    ("atan", 1, 1),
    ("ceil", 1, 1),
    ("char", 1, 64),
    ("char_length", 1, 1),
    ("client_version", 0, 0),
    ("concat", 2, 8),
    ("concat_ws", 3, 9),
    ("cos", 1, 1),
    ("dayofweek", 1, 1),
    ("degrees", 1, 1),
    ("exp", 1, 1),
    ("floor", 1, 1),
    ("length", 1, 1),
    ("ln", 1, 1),
    ("log", 1, 2),
    ("lower", 1, 1),
    ("ltrim", 1, 1),
    ("mod", 2, 2),
    ("pi", 0, 0),
    ("pow", 2, 2),
    ("radians", 1, 1),
    ("rand", 0, 1),
    ("repeat", 2, 2),
    ("replace", 3, 3),
    ("round", 1, 2),
    ("rtrim", 1, 1),
    ("server_status", 0, 0),
    ("server_version", 0, 0),
    ("sign", 1, 1),
    ("sin", 1, 1),
    ("sqrt", 1, 1),
    ("substr", 2, 3),
    ("substring_index", 3, 3),
    ("tan", 1, 1),
    ("timediff", 2, 3),
    ("timetruncate", 2, 3),
    ("to_char", 2, 2),
    ("to_iso8601", 1, 2),
    ("to_timestamp", 2, 2),
    ("to_unixtimestamp", 1, 2),
    ("truncate", 2, 2),
    ("upper", 1, 1),
    ("week", 1, 2),
    ("weekday", 1, 1),
    ("weekofyear", 1, 1),
];

/// Whether a call was made by this rewriting, which quotes the names of what it calls.
fn is_ours(function: &Function) -> bool {
    let last = function.name.0.last().and_then(|part| part.as_ident());
    last.is_some_and(|ident| ident.quote_style.is_some())
}

fn rename(function: &mut Function, name: &str) {
    function.name = ::sql::ast::ObjectName::from(vec![Ident::with_quote('"', name)]);
}

fn holds_final(expr: &Expr) -> bool {
    let mut found = false;
    let mut copy = expr.clone();
    let _: Result<()> = super::build::walk(&mut copy, &mut |expr| {
        found |= matches!(expr, Expr::Function(call) if FINAL.contains(&function_name(call).as_str()));
        Ok(!found)
    });
    found
}

fn sum(value: &Expr, scope: &Scope) -> Expr {
    let unsigned = match value {
        Expr::CompoundIdentifier(parts) => scope.resolve(parts).is_ok_and(|(_, column)| {
            column.and_then(|column| column.data_type).is_some_and(|data_type| {
                matches!(data_type, DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64)
            })
        }),
        _ => false,
    };
    call(TOTAL_RESULT, vec![call(TOTAL, vec![value.clone()]), boolean(unsigned)])
}

fn distinct_count(value: &Expr) -> Expr {
    let mut expr = call("count", vec![value.clone()]);
    if let Expr::Function(function) = &mut expr
        && let FunctionArguments::List(list) = &mut function.args
    {
        list.duplicate_treatment = Some(DuplicateTreatment::Distinct);
    }
    expr
}

/// The list of all values in order of time.
fn in_time(value: &Expr, scope: &Scope) -> Result<Expr> {
    Ok(ordered_call("array_agg", vec![value.clone()], vec![sort_key(scope.time()?, true)]))
}

fn over_time(name: &str, value: &Expr, scope: &Scope) -> Result<Expr> {
    Ok(call(name, vec![in_time(value, scope)?, in_time(&scope.time()?, scope)?]))
}

/// `Asia/Shanghai (CST, +0800)`
fn zone_text(rewriter: &Rewriter<'_>) -> String {
    let zone = rewriter.context.zone();
    let seconds = i64::try_from(rewriter.context.now().div_euclid(1_000_000_000)).unwrap_or_default();
    let offset = timezone::offset_seconds(zone, seconds);
    let sign = if offset < 0 { '-' } else { '+' };
    let short = timezone::abbreviation(zone, seconds);
    format!("{} ({short}, {sign}{:02}{:02})", zone.name(), offset.abs() / 3_600, offset.abs() / 60 % 60)
}

/// The value of another column in the row that a selection chose.
///
/// # Errors
/// Rows without a time.
pub(super) fn companion(column: Expr, selection: &Expr, scope: &Scope) -> Result<Expr> {
    let Expr::Function(function) = selection else { return Ok(column) };
    let args = arguments(function);
    let Some(value) = args.first().cloned() else { return Ok(column) };
    let present = |time: Expr| Expr::Case {
        case_token: ::sql::ast::helpers::attached_token::AttachedToken::empty(),
        end_token: ::sql::ast::helpers::attached_token::AttachedToken::empty(),
        operand: None,
        conditions: vec![::sql::ast::CaseWhen { condition: Expr::IsNotNull(Box::new(value.clone())), result: time }],
        else_result: None,
    };
    Ok(match function_name(function).as_str() {
        "last" => call("last_row", vec![column, present(scope.time()?)]),
        "last_row" => call("last_row", vec![column, scope.time()?]),
        "first" => {
            let order = vec![sort_key(present(scope.time()?), true)];
            ordered_call("first_value", vec![column], nulls_last(order))
        }
        name => {
            let ascending = name == "min";
            let order = vec![sort_key(value.clone(), ascending)];
            ordered_call("first_value", vec![column], nulls_last(order))
        }
    })
}

fn nulls_last(mut order: Vec<::sql::ast::OrderByExpr>) -> Vec<::sql::ast::OrderByExpr> {
    for key in &mut order {
        key.options.nulls_first = Some(false);
    }
    order
}

/// `count(*) > 0`
pub(super) fn any_row() -> Expr {
    let mut count = call("count", Vec::new());
    if let Expr::Function(function) = &mut count
        && let FunctionArguments::List(list) = &mut function.args
    {
        list.args = vec![::sql::ast::FunctionArg::Unnamed(::sql::ast::FunctionArgExpr::Wildcard)];
    }
    binary(count, BinaryOperator::Gt, number(0))
}
