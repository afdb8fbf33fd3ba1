//! The select list: stars become columns, every item gets its name; ORDER BY by position or name.

use super::expressions::is_current_database;
use super::scope::{Scope, Source};
use crate::error::{Result, worded};
use crate::names::{distinct, is_made, labelled, plain};
use ::sql::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Select, SelectItem,
    SelectItemQualifiedWildcardKind, Value,
};
use ::sql::tree::{quoted, take};
use std::collections::HashSet;

/// Expands stars and names every item. The columns of the outermost query carry their spelling.
pub(super) fn name(select: &mut Select, scope: &Scope, outermost: bool) -> Result<()> {
    let is_named = |item: &SelectItem| matches!(item, SelectItem::ExprWithAlias { alias, .. } if is_made(&alias.value));
    if select.projection.iter().any(is_named) {
        return Ok(());
    }
    let mut named = Vec::with_capacity(select.projection.len());
    for item in std::mem::take(&mut select.projection) {
        expand(item, scope, &mut named)?;
    }
    let mut taken = HashSet::new();
    for (number, item) in named.into_iter().enumerate() {
        let (expr, spelling) = match item {
            Item::Column(expr, name) => (expr, name),
            Item::Expression(expr, None) => (expr, format!("_col{number}")),
            Item::Expression(expr, Some(alias)) => (expr, alias),
            Item::Star(star) => {
                select.projection.push(*star);
                continue;
            }
        };
        let lower = spelling.to_lowercase();
        let alias = match (outermost, taken.insert(lower.clone())) {
            (true, _) => labelled(&lower, number, &spelling),
            (false, true) => lower,
            (false, false) => distinct(&lower, number),
        };
        select.projection.push(SelectItem::ExprWithAlias { expr, alias: quoted(&alias) });
    }
    Ok(())
}

enum Item {
    /// A column that a star stands for, or that is named by itself.
    Column(Expr, String),
    Expression(Expr, Option<String>),
    /// A star over what is not known.
    Star(Box<SelectItem>),
}

fn expand(item: SelectItem, scope: &Scope, into: &mut Vec<Item>) -> Result<()> {
    match item {
        SelectItem::Wildcard(_) => {
            if scope.sources.iter().any(|source| !source.columns.known) {
                into.push(Item::Star(Box::new(item)));
                return Ok(());
            }
            // Columns that a join merges come first and once.
            for merged in &scope.merged {
                if let Some(value) = scope.merged_value(merged) {
                    into.push(Item::Column(value, merged.name.clone()));
                }
            }
            let without: Vec<String> = scope.merged.iter().map(|merged| merged.name.clone()).collect();
            for source in &scope.sources {
                all_of(source, &without, into);
            }
        }
        SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(ref name), _) => {
            let parts: Vec<String> =
                name.0.iter().filter_map(|part| part.as_ident()).map(|part| part.value.to_lowercase()).collect();
            let Some(source) = scope.sources.iter().find(|source| source.is_called(&parts)) else {
                return Err(worded(format!("Unable to resolve reference {}", parts.join("."))));
            };
            if source.columns.known {
                all_of(source, &[], into);
            } else {
                into.push(Item::Star(Box::new(item)));
            }
        }
        SelectItem::UnnamedExpr(expr) => match (columns_pattern(&expr), spelling(&expr)) {
            (Some(pattern), _) => matching(pattern.as_deref(), scope, into)?,
            (None, Some(name)) => into.push(Item::Column(expr, name)),
            (None, None) => into.push(Item::Expression(expr, None)),
        },
        SelectItem::ExprWithAlias { expr, alias } => into.push(Item::Expression(expr, Some(alias.value))),
        other => into.push(Item::Star(Box::new(other))),
    }
    Ok(())
}

fn all_of(source: &Source, without: &[String], into: &mut Vec<Item>) {
    for name in source.columns.names.iter().filter(|name| !without.contains(name)) {
        into.push(Item::Column(source.reference(name), name.clone()));
    }
}

/// A bare column's name as written.
fn spelling(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(name) if is_current_database(name) => None,
        Expr::Identifier(name) => Some(name.value.clone()),
        Expr::CompoundIdentifier(parts) => parts.last().map(|part| part.value.clone()),
        Expr::Nested(inner) => spelling(inner),
        Expr::Function(function) => user_column(function),
        _ => None,
    }
}

/// `user` without parentheses is a column here, which sqlparser takes for a call.
pub(super) fn user_column(function: &Function) -> Option<String> {
    let [part] = function.name.0.as_slice() else { return None };
    let name = &part.as_ident()?.value;
    let is_bare = matches!(function.args, FunctionArguments::None) && name.eq_ignore_ascii_case("user");
    is_bare.then(|| name.clone())
}

/// The pattern of `COLUMNS(*)` or `COLUMNS('pattern')`.
fn columns_pattern(expr: &Expr) -> Option<Option<String>> {
    let Expr::Function(function) = expr else { return None };
    let [part] = function.name.0.as_slice() else { return None };
    if !part.as_ident()?.value.eq_ignore_ascii_case("columns") {
        return None;
    }
    let FunctionArguments::List(list) = &function.args else { return None };
    match list.args.as_slice() {
        [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)] => Some(None),
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value)))] => match &value.value {
            Value::SingleQuotedString(pattern) => Some(Some(pattern.clone())),
            _ => None,
        },
        _ => None,
    }
}

fn matching(pattern: Option<&str>, scope: &Scope, into: &mut Vec<Item>) -> Result<()> {
    let Some(pattern) = pattern else {
        scope.sources.iter().for_each(|source| all_of(source, &[], into));
        return Ok(());
    };
    let whole = regex::Regex::new(&format!("^(?:{pattern})$"));
    let whole = whole.map_err(|error| worded(format!("Invalid regex '{pattern}': {error}")))?;
    let before = into.len();
    for source in &scope.sources {
        for name in source.columns.names.iter().filter(|name| whole.is_match(name)) {
            into.push(Item::Column(source.reference(name), name.clone()));
        }
    }
    if into.len() == before {
        return Err(worded(format!("No matching columns found that match regex '{pattern}'")));
    }
    Ok(())
}

/// What a select list puts out: the plan's names, and whether an item is no bare column.
#[derive(Clone, Debug)]
pub(super) struct Outputs {
    names: Vec<Option<String>>,
    complete: bool,
}

/// The outputs of a named select list.
pub(super) fn outputs(select: &Select) -> Outputs {
    let name = |item: &SelectItem| match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
        _ => None,
    };
    let names: Vec<_> = select.projection.iter().map(name).collect();
    Outputs { complete: names.iter().all(Option::is_some), names }
}

/// The expressions of a select list.
pub(super) fn expressions(select: &Select) -> Vec<Expr> {
    let expression = |item: &SelectItem| match item {
        SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr) => Some(expr.clone()),
        _ => None,
    };
    select.projection.iter().filter_map(expression).collect()
}

/// The position that an expression is.
pub(super) fn position(expr: &Expr) -> Option<usize> {
    let Expr::Value(value) = expr else { return None };
    match &value.value {
        Value::Number(digits, _) => digits.parse().ok(),
        _ => None,
    }
}

/// What stands at a position, counted from 1.
pub(super) fn at<T>(position: usize, items: &[T]) -> Option<&T> {
    items.get(position.checked_sub(1)?)
}

/// A key of ORDER BY that is a position, or the name of an output, becomes that output.
pub(super) fn resolve_order(key: &mut Expr, outputs: &Outputs) -> Result<()> {
    if let Some(position) = position(key) {
        let missing = || worded(format!("ORDER BY position {position} is not in select list"));
        if outputs.complete {
            let name = at(position, &outputs.names).ok_or_else(missing)?;
            if let Some(name) = name {
                *key = Expr::Identifier(quoted(name));
            }
        }
        return Ok(());
    }
    if let Expr::Nested(inner) = key {
        let mut inner = take(inner);
        resolve_order(&mut inner, outputs)?;
        *key = inner;
        return Ok(());
    }
    if let Expr::Identifier(Ident { value, .. }) = key {
        let lower = value.to_lowercase();
        if let Some(name) = outputs.names.iter().flatten().find(|name| plain(name) == lower) {
            *key = Expr::Identifier(quoted(name));
        }
    }
    Ok(())
}
