//! Function calls: the time column of `first` and `last`, names that other servers lack, and those
//! that are refused by name because nothing here does what they do.

use super::Meaning;
use super::scope::{ColumnKind, Scope, Source};
use crate::error::worded;
use crate::timezone::Zone;
use ::sql::ast::{BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectName, Value};
use ::sql::tree::{self, arguments, grouped, quoted};
use model::{Error, Result};
use std::rc::Rc;

const FIRST_OR_LAST: [&str; 8] =
    ["first", "last", "first_row", "last_row", "firstts", "lastts", "first_row_ts", "last_row_ts"];

/// Functions of this vendor that nothing here does yet: never to be read as something else.
const REFUSED: [&str; 12] = [
    "time_bucket_gapfill",
    "interpolate",
    "time_window",
    "session_window",
    "state_window",
    "event_window",
    "count_window",
    "twa",
    "elapsed",
    "diff",
    "group_rank",
    "group_row_number",
];

/// Names of this vendor for functions that are called otherwise here.
const RENAMED: [(&str, &str); 12] = [
    ("ceiling", "ceil"),
    ("pow", "power"),
    ("ifnull", "coalesce"),
    ("sign", "signum"),
    ("variance", "var_samp"),
    ("current_timestamp", "now"),
    ("transaction_timestamp", "now"),
    ("statement_timestamp", "now"),
    ("uuid_v4", "uuid"),
    ("gen_random_uuid", "uuid"),
    ("char_length", "character_length"),
    ("bool_and_agg", "bool_and"),
];

/// Whether a function is one of those that take the time column.
pub(super) fn is_first_or_last(name: &str) -> bool {
    FIRST_OR_LAST.contains(&name)
}

/// Rewrites one call.
///
/// # Errors
/// Wrong arguments, in the vendor's words; functions that are not done here.
pub(super) fn rewrite(expr: &mut Expr, scopes: &[Rc<Scope>], meaning: Meaning<'_>) -> Result<()> {
    let Expr::Function(call) = expr else { return Ok(()) };
    strip_catalog(&mut call.name);
    let Some(name) = call.name.0.last().and_then(|part| part.as_ident()).map(|part| part.value.to_ascii_lowercase())
    else {
        return Ok(());
    };
    if is_first_or_last(&name) {
        return add_time(call, &name, scopes, meaning.zone);
    }
    if REFUSED.contains(&name.as_str()) {
        return Err(Error::unsupported(format!("function {name}()")));
    }
    if let Some((_, other)) = RENAMED.iter().find(|(written, _)| *written == name) {
        call.name = ObjectName::from(vec![quoted(other)]);
        return Ok(());
    }
    if let Some(value) = constant(&name, call, meaning) {
        *expr = Expr::Value(Value::SingleQuotedString(value).with_empty_span());
        return Ok(());
    }
    if let Some(replaced) = replaced(&name, call) {
        *expr = replaced;
        return Ok(());
    }
    // Functions are known here in lower case only.
    call.name = ObjectName::from(vec![quoted(&name)]);
    Ok(())
}

fn strip_catalog(name: &mut ObjectName) {
    let is_catalog = name.0.first().and_then(|part| part.as_ident()).is_some_and(|part| part.value == "pg_catalog");
    if name.0.len() == 2 && is_catalog {
        name.0.remove(0);
    }
}

/// What the session says of itself.
fn constant(name: &str, call: &Function, meaning: Meaning<'_>) -> Option<String> {
    if !arguments(call)?.is_empty() {
        return None;
    }
    match name {
        "current_database" => Some(meaning.database.to_owned()),
        "current_schema" => Some(crate::names::PUBLIC.to_owned()),
        "current_user" | "session_user" => Some(meaning.user.to_owned()),
        "version" => Some(format!("Chronoglot {}", env!("CARGO_PKG_VERSION"))),
        _ => None,
    }
}

/// Functions that are operators here.
fn replaced(name: &str, call: &Function) -> Option<Expr> {
    let arguments = arguments(call)?;
    match (name, arguments.as_slice()) {
        ("mod", [left, right]) => Some(grouped((*left).clone(), BinaryOperator::Modulo, (*right).clone())),
        ("age", [end, begin]) => Some(grouped((*end).clone(), BinaryOperator::Minus, (*begin).clone())),
        ("age", [begin]) => Some(grouped(tree::call("now", Vec::new()), BinaryOperator::Minus, (*begin).clone())),
        // log(x, base) here, log(base, x) there.
        ("log", [value, base]) => Some(tree::call("log", vec![(*base).clone(), (*value).clone()])),
        ("log", [value]) => Some(tree::call("log10", vec![(*value).clone()])),
        ("to_char", [time, format]) => {
            let clock = super::time_casts::wall_clock((*time).clone());
            Some(tree::call("to_char", vec![clock, (*format).clone()]))
        }
        _ => None,
    }
}

/// Gives `first(x)` and its like the time column of the table that x is of; `last(x, 'deadline')`
/// counts rows up to that time only.
fn add_time(call: &mut Function, name: &str, scopes: &[Rc<Scope>], zone: &Zone) -> Result<()> {
    call.name = ObjectName::from(vec![quoted(name)]);
    let Some(given) = arguments(call) else {
        return Err(worded(format!("{name}(): cannot use \"*\" in this context")));
    };
    let (value, second) = match given.as_slice() {
        [value] => ((*value).clone(), None),
        [value, second] => ((*value).clone(), Some((*second).clone())),
        _ => return Err(worded(format!("unknown signature: {name}()"))),
    };
    let Some((source, time)) = series_of(&value, scopes) else {
        return Err(worded(format!("{name}() can only be used in timeseries table query or subquery")));
    };
    let mut reference = source.qualifier.clone();
    reference.push(quoted(time));
    let time = match reference.as_slice() {
        [only] => Expr::Identifier(only.clone()),
        _ => Expr::CompoundIdentifier(reference),
    };
    if let Some(second) = second {
        deadline(call, name, &time, second, scopes, zone)?;
    }
    if let FunctionArguments::List(list) = &mut call.args {
        list.args = vec![argument(value), argument(time)];
    }
    Ok(())
}

fn argument(expr: Expr) -> FunctionArg {
    FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))
}

/// The item of FROM whose time belongs to a value: the one that the value is a column of, else the
/// only series table.
fn series_of<'a>(value: &Expr, scopes: &'a [Rc<Scope>]) -> Option<(&'a Source, &'a str)> {
    let timed = |source: &'a Source| source.columns.time.as_deref().map(|time| (source, time));
    for scope in scopes.iter().rev() {
        if let Some(source) = scope.source_of(value) {
            return timed(source);
        }
        let mut series = scope.sources.iter().filter_map(timed);
        if let (Some(only), None) = (series.next(), series.next()) {
            return Some(only);
        }
    }
    None
}

fn deadline(
    call: &mut Function,
    name: &str,
    time: &Expr,
    second: Expr,
    scopes: &[Rc<Scope>],
    zone: &Zone,
) -> Result<()> {
    let is_time = |expr: &Expr| {
        let place = |expr: &Expr| {
            scopes.iter().rev().find_map(|scope| {
                let (source, column) = scope.resolve(expr)?;
                Some((source.qualifier.clone(), column.name.clone()))
            })
        };
        place(expr).is_some() && place(expr) == place(time)
    };
    let text = match &second {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        // Its form was checked where typed constants are.
        Expr::TypedString(_) | Expr::Cast { .. } => None,
        column if is_time(column) => return Ok(()),
        _ => return Err(worded("the second parameter is invalid")),
    };
    let second = match text {
        None => second,
        Some(text) => match super::time_literals::spelled(&text, ColumnKind::Instant, zone) {
            Some(spelled) => Expr::Value(Value::SingleQuotedString(spelled).with_empty_span()),
            None => return Err(worded(format!("the second parameter of {name} must be of timestamptz type"))),
        },
    };
    let mut limit = Expr::BinaryOp { left: Box::new(time.clone()), op: BinaryOperator::LtEq, right: Box::new(second) };
    if let Some(filter) = call.filter.take() {
        limit =
            Expr::BinaryOp { left: Box::new(Expr::Nested(filter)), op: BinaryOperator::And, right: Box::new(limit) };
    }
    call.filter = Some(Box::new(limit));
    Ok(())
}
