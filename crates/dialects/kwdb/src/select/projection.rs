//! The select list: `first(*)` becomes one item per column, and every item gets its name.

use super::scope::{Scope, quoted, star_columns};
use crate::names::{distinct_name, result_name};
use ::sql::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, Select, SelectItem,
    SelectItemQualifiedWildcardKind,
};
use std::collections::HashSet;

/// Replaces `first(*)`, `last_row(t.*)` and their like.
pub(super) fn expand_stars(select: &mut Select, scope: &Scope) {
    let mut items = Vec::with_capacity(select.projection.len());
    for item in std::mem::take(&mut select.projection) {
        match &item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                match (star_columns(expr, scope), expr) {
                    (Some((function, columns)), Expr::Function(call)) => {
                        items.extend(columns.iter().map(|column| SelectItem::ExprWithAlias {
                            expr: Expr::Function(of_column(call, star_argument(call, &column.name))),
                            alias: quoted(&format!("{function}({})", column.name)),
                        }));
                    }
                    _ => items.push(item),
                }
            }
            _ => items.push(item),
        }
    }
    select.projection = items;
}

/// The column reference that takes the star's place.
fn star_argument(call: &Function, column: &str) -> Expr {
    let FunctionArguments::List(list) = &call.args else { return Expr::Identifier(quoted(column)) };
    match list.args.first() {
        Some(FunctionArg::Unnamed(FunctionArgExpr::QualifiedWildcard(name))) => {
            let mut parts: Vec<Ident> = name.0.iter().filter_map(|part| part.as_ident()).cloned().collect();
            parts.push(quoted(column));
            Expr::CompoundIdentifier(parts)
        }
        _ => Expr::Identifier(quoted(column)),
    }
}

fn of_column(call: &Function, argument: Expr) -> Function {
    let args = FunctionArgumentList {
        duplicate_treatment: None,
        args: vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))],
        clauses: Vec::new(),
    };
    Function { args: FunctionArguments::List(args), ..call.clone() }
}

/// Gives every computed item its name, and later ones of the same name a hidden suffix.
pub(super) fn name_items(select: &mut Select, scope: &Scope) {
    let mut taken: HashSet<String> = HashSet::new();
    for item in &select.projection {
        match item {
            SelectItem::Wildcard(_) => {
                for source in &scope.sources {
                    taken.extend(source.columns.columns.iter().map(|column| column.name.clone()));
                }
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                let qualifier: Vec<Ident> = name.0.iter().filter_map(|part| part.as_ident()).cloned().collect();
                if let Some(source) = scope.sources.iter().find(|source| source.is_called(&qualifier)) {
                    taken.extend(source.columns.columns.iter().map(|column| column.name.clone()));
                }
            }
            _ => {}
        }
    }
    for (number, item) in select.projection.iter_mut().enumerate() {
        match item {
            SelectItem::UnnamedExpr(expr) => {
                let name = result_name(expr);
                let is_column = matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
                let first = taken.insert(name.clone());
                if !(is_column && first) {
                    let alias = if first { quoted(&name) } else { quoted(&distinct_name(&name, number)) };
                    let expr = std::mem::replace(expr, super::placeholder());
                    *item = SelectItem::ExprWithAlias { expr, alias };
                }
            }
            SelectItem::ExprWithAlias { alias, .. } if !taken.insert(alias.value.clone()) => {
                *alias = quoted(&distinct_name(&alias.value, number));
            }
            _ => {}
        }
    }
}
