//! The select list: stars become columns, `first(*)` one item per column, and every item gets the
//! name that the vendor gives it.

use super::build::{function_name, star_argument};
use super::scope::{Scope, Source};
use crate::error::coded;
use crate::sql::statement::Extras;
use ::sql::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName, Select, SelectItem,
    SelectItemQualifiedWildcardKind,
};
use ::sql::tree::quoted;
use model::Result;

/// The longest name of a result column that is taken from the statement's text, in bytes.
const NAME_BYTES: usize = 64;

/// One item, not yet rewritten.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) expr: Expr,
    /// As the client sees it.
    pub(super) name: String,
}

/// Functions that take a star for every column.
const STAR_FUNCTIONS: &[&str] = &["first", "last", "last_row"];

/// Reads the items of a SELECT.
///
/// # Errors
/// A star without a FROM, a table that is not in FROM.
pub(super) fn read(select: &mut Select, scope: &Scope, extras: &Extras) -> Result<Vec<Item>> {
    let mut items = Vec::with_capacity(select.projection.len());
    for (index, item) in std::mem::take(&mut select.projection).into_iter().enumerate() {
        match item {
            SelectItem::UnnamedExpr(expr) => {
                if let Some(call) = star_call(&expr) {
                    star_items(call, scope, &mut items)?;
                    continue;
                }
                let text = extras.texts.get(index).map_or("", String::as_str);
                items.push(Item { name: name_of(&expr, text), expr });
            }
            SelectItem::ExprWithAlias { expr, alias } => items.push(Item { name: alias.value, expr }),
            SelectItem::Wildcard(_) => {
                if scope.sources.is_empty() {
                    return Err(coded(0x2600, "syntax error near \"*\""));
                }
                scope.sources.iter().for_each(|source| columns(source, &mut items));
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                columns(scope.called(&qualifier(&name))?, &mut items);
            }
            _ => return Err(coded(0x2600, "this is no item of a select list")),
        }
    }
    Ok(items)
}

fn qualifier(name: &ObjectName) -> Vec<Ident> {
    name.0.iter().filter_map(|part| part.as_ident()).cloned().collect()
}

fn columns(source: &Source, items: &mut Vec<Item>) {
    for column in source.columns.columns.iter().filter(|column| column.in_star) {
        items.push(Item { name: column.name.clone(), expr: source.reference(&column.name) });
    }
}

/// A call of a function that takes a star for every column.
fn star_call(expr: &Expr) -> Option<&Function> {
    let Expr::Function(call) = expr else { return None };
    let stars = STAR_FUNCTIONS.contains(&function_name(call).as_str()) && star_argument(call).is_some();
    stars.then_some(call)
}

fn star_items(call: &Function, scope: &Scope, items: &mut Vec<Item>) -> Result<()> {
    let function = function_name(call);
    let of_table = star_argument(call).flatten();
    let sources: Vec<&Source> = match &of_table {
        Some(name) => vec![scope.called(&qualifier(name))?],
        None => scope.sources.iter().collect(),
    };
    for source in sources {
        for column in source.columns.columns.iter().filter(|column| column.in_star) {
            let mut call = call.clone();
            if let FunctionArguments::List(list) = &mut call.args {
                list.args = vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(source.reference(&column.name)))];
            }
            items.push(Item { name: format!("{function}({})", column.name), expr: Expr::Function(call) });
        }
    }
    Ok(())
}

/// The name of an item without an alias: a column's own, else the item's text.
fn name_of(expr: &Expr, text: &str) -> String {
    match expr {
        Expr::Identifier(name) => name.value.clone(),
        Expr::CompoundIdentifier(parts) => parts.last().map_or_else(String::new, |part| part.value.clone()),
        _ => text.get(..text.floor_char_boundary(NAME_BYTES)).unwrap_or_default().to_owned(),
    }
}

/// The name of an item as plans need it: distinct from those before it.
pub(super) fn distinct_name(name: &str, taken: &mut std::collections::HashSet<String>) -> Ident {
    if taken.insert(name.to_owned()) {
        return quoted(name);
    }
    let mut number = taken.len();
    loop {
        let candidate = format!("{name}{}{number}", crate::render::json::HIDDEN_SUFFIX);
        if taken.insert(candidate.clone()) {
            return quoted(&candidate);
        }
        number += 1;
    }
}
