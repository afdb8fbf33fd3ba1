//! Function calls: which there are, the time column that some take implicitly, and those that become
//! other expressions.

use super::Meaning;
use super::build::{cast, instant_type, number};
use super::expressions::span;
use super::items::user_column;
use super::scope::Scope;
use crate::error::{Failure, Result, worded};
use crate::session::{self, AS_DOUBLE, COMPARABLE, DATE_BIN};
use ::sql::ast::{
    BinaryOperator, CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Value,
};
use ::sql::tree::{self, call, case, null, take, text};
use model::Error;
use std::rc::Rc;

/// Aggregates over numbers, with the name of what computes them.
const OF_NUMBERS: &[(&str, &str)] = &[
    ("sum", "sum"),
    ("avg", "avg"),
    ("stddev", "stddev"),
    ("stddev_pop", "stddev_pop"),
    ("stddev_samp", "stddev"),
    ("variance", "var_samp"),
    ("var_pop", "var_pop"),
    ("var_samp", "var_samp"),
];

/// Functions over windows, under the names that they have below too.
const OF_WINDOWS: &[&str] = &[
    "rank",
    "dense_rank",
    "row_number",
    "ntile",
    "percent_rank",
    "cume_dist",
    "first_value",
    "last_value",
    "nth_value",
    "lead",
    "lag",
];

/// Functions of this vendor that nothing here does yet: never to be read as something else.
const REFUSED: &[&str] = &[
    "approx_most_frequent",
    "date_bin_gapfill",
    "diff",
    "format",
    "from_base32",
    "from_base64url",
    "from_big_endian_32",
    "from_big_endian_64",
    "from_ieee754_32",
    "from_ieee754_64",
    "from_little_endian_32",
    "from_little_endian_64",
    "hmac_md5",
    "hmac_sha1",
    "hmac_sha256",
    "hmac_sha512",
    "md5",
    "murmur3",
    "sha1",
    "spooky_hash_v2_32",
    "spooky_hash_v2_64",
    "to_base32",
    "to_base64url",
    "to_ieee754_32",
    "to_ieee754_64",
    "xxhash64",
];

/// Every function with what it is, for lists of them.
pub(crate) fn names() -> Vec<(&'static str, &'static str)> {
    let mut all: Vec<(&str, &str)> =
        OF_NUMBERS.iter().map(|(name, _)| (*name, "built-in aggregate function")).collect();
    let others = [
        "count",
        "count_if",
        "min",
        "max",
        "first",
        "last",
        "first_by",
        "last_by",
        "min_by",
        "max_by",
        "mode",
        "extreme",
        "approx_count_distinct",
        "approx_percentile",
    ];
    all.extend(others.map(|name| (name, "built-in aggregate function")));
    all.extend(OF_WINDOWS.iter().map(|name| (*name, "built-in window function")));
    all.extend(session::scalar_names().map(|name| (name, "built-in scalar function")));
    all.extend(["date_bin", "now", "coalesce", "if", "nullif"].map(|name| (name, "built-in scalar function")));
    all.sort_unstable();
    all
}

/// The arguments of a call that are expressions.
fn arguments(function: &mut Function) -> Option<Vec<Expr>> {
    let FunctionArguments::List(list) = &mut function.args else { return Some(Vec::new()) };
    let args = list.args.iter_mut().map(|arg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(take(expr)),
        _ => None,
    });
    args.collect()
}

/// Puts arguments back under another name; everything else of the call stays.
fn renamed(function: &mut Function, name: &str, args: Vec<Expr>) {
    let new = tree::function(name, args);
    function.name = new.name;
    match (&mut function.args, new.args) {
        (FunctionArguments::List(old), FunctionArguments::List(list)) => old.args = list.args,
        (old, args) => *old = args,
    }
}

fn one_argument(name: &str) -> Failure {
    worded(format!("Aggregate functions [{name}] should only have one argument"))
}

/// Rewrites a call whose arguments are rewritten.
pub(super) fn rewrite(expr: &mut Expr, scopes: &[Rc<Scope>], meaning: &Meaning<'_>) -> Result<()> {
    let Expr::Function(function) = expr else { return Ok(()) };
    if let Some(name) = user_column(function) {
        *expr = Expr::Identifier(Ident::new(name));
        return super::expressions::rewrite(expr, scopes, meaning);
    }
    let written = match function.name.0.as_slice() {
        [part] => part.as_ident().map(|ident| ident.value.clone()).unwrap_or_default(),
        _ => return Err(worded(format!("Unknown function: {}", function.name))),
    };
    // Names of this program's own are made by the rewrite alone.
    if session::is_internal(&written) {
        return Ok(());
    }
    let name = written.to_ascii_lowercase();
    if REFUSED.contains(&name.as_str()) {
        return Err(Error::unsupported(name).into());
    }
    if function.filter.is_some() || !function.within_group.is_empty() {
        return Err(Error::unsupported("FILTER and WITHIN GROUP").into());
    }
    let is_star = matches!(&function.args, FunctionArguments::List(list)
        if matches!(list.args.as_slice(), [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)]));
    if name == "count" && is_star {
        return Ok(());
    }
    let Some(mut args) = arguments(function) else {
        return Err(worded(format!("Unknown function: {name}")));
    };
    if let Some((_, computed)) = OF_NUMBERS.iter().find(|(of, _)| *of == name) {
        if args.len() != 1 {
            return Err(one_argument(&name));
        }
        let value = call(AS_DOUBLE, vec![text(name), args.remove(0)]);
        renamed(function, computed, vec![value]);
        return Ok(());
    }
    // Every row counts where a constant is counted.
    let counts_rows = match args.as_slice() {
        [Expr::Value(value)] => !matches!(value.value, Value::Null | Value::Placeholder(_)),
        [Expr::Cast { kind: CastKind::DoubleColon, expr, .. }] => matches!(expr.as_ref(), Expr::Value(_)),
        args => args.is_empty(),
    };
    match (name.as_str(), args.len()) {
        ("count", 0 | 1) if counts_rows => {
            let star = FunctionArg::Unnamed(FunctionArgExpr::Wildcard);
            renamed(function, "count", Vec::new());
            if let FunctionArguments::List(list) = &mut function.args {
                list.args = vec![star];
            }
        }
        ("count" | "min" | "max" | "mode", 1) => renamed(function, &name, args),
        ("extreme", 1) => {
            let value = call(session::NUMBER, vec![text("extreme"), args.remove(0)]);
            renamed(function, "extreme", vec![value]);
        }
        ("count_if", 1) => {
            let condition = call(session::CONDITION, vec![args.remove(0)]);
            renamed(function, "count", vec![case(condition, number(1), None)]);
        }
        ("count" | "min" | "max" | "mode" | "extreme" | "count_if", _) => return Err(one_argument(&name)),
        ("row", _) => return Err(worded("Unsupported expression: Row")),
        ("first" | "last", 1) => {
            let time = time(scopes, args.first(), &name)?;
            args.push(time);
            renamed(function, &name, args);
        }
        ("first" | "last", 2) => renamed(function, &name, args),
        ("first_by" | "last_by", 2 | 3) => {
            let time = if args.len() == 3 { args.remove(2) } else { time(scopes, args.first(), &name)? };
            let given = Expr::IsNotNull(Box::new(args.remove(1)));
            let computed = if name == "first_by" { "first_row" } else { "last_row" };
            renamed(function, computed, vec![args.remove(0), case(given, time, None)]);
        }
        ("min_by" | "max_by", 2) => renamed(function, &name, args),
        ("approx_count_distinct", 1 | 2) => {
            args.truncate(1);
            let counted = Expr::Function(tree::function("approx_distinct", args));
            *expr = cast(counted, DataType::BigInt(None));
        }
        ("approx_percentile", 2) => renamed(function, "approx_percentile", args),
        ("approx_percentile", 3) => return Err(Error::unsupported("approx_percentile with weights").into()),
        ("date_bin", _) => *expr = date_bin(args)?,
        ("now", 0) => *expr = cast(cast(call("now", Vec::new()), instant_type()), DataType::BigInt(None)),
        ("current_user", _) => *expr = text(meaning.context.caller().name.clone()),
        ("current_database", _) => *expr = meaning.context.database().map_or_else(null, text),
        ("if", 2 | 3) => {
            let other = (args.len() == 3).then(|| args.remove(2));
            let value = args.remove(1);
            *expr = case(args.remove(0), value, other);
        }
        ("nullif", 2) => {
            let other = args.remove(1);
            let value = args.remove(0);
            let same = Expr::BinaryOp { left: Box::new(value.clone()), op: BinaryOperator::Eq, right: Box::new(other) };
            *expr = case(same, null(), Some(value));
        }
        ("coalesce", 1..) => renamed(function, COMPARABLE, args),
        _ if OF_WINDOWS.contains(&name.as_str()) => {
            if function.over.is_none() {
                let message = format!("Unknown function {name} on Node: 1.");
                return Err(Failure::new(301, message));
            }
            renamed(function, &name, args);
        }
        _ if session::is_scalar(&name) => renamed(function, &name, args),
        _ => return Err(worded(format!("Unknown function: {name}"))),
    }
    Ok(())
}

/// The time column that a function takes without being told.
fn time(scopes: &[Rc<Scope>], of: Option<&Expr>, name: &str) -> Result<Expr> {
    let found = scopes.iter().rev().find_map(|scope| scope.time(of));
    found.ok_or_else(|| worded(format!("Missing valid time column. The table must contain a time column for {name}")))
}

const DATE_BIN_ARGUMENTS: &str = "Scalar function date_bin only accepts two or three arguments and the second and third \
                                  must be TimeStamp data type.";

/// `date_bin(span, time [, origin])`
fn date_bin(mut args: Vec<Expr>) -> Result<Expr> {
    let Some(span) = args.first().and_then(span) else {
        return Err(Failure::new(700, "line 1:1: mismatched input 'date_bin'. Expecting: <integer> and a unit"));
    };
    if span.months != 0 && span.millis != 0 {
        return Err(worded("Simultaneous setting of monthly and non-monthly intervals is not supported."));
    }
    if !(2..=3).contains(&args.len()) {
        return Err(worded(DATE_BIN_ARGUMENTS));
    }
    let origin = if args.len() == 3 { args.remove(2) } else { number(0) };
    let time = args.remove(1);
    Ok(call(DATE_BIN, vec![number(span.months), number(span.millis), time, origin]))
}
