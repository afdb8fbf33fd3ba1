//! The select list: `first(*)` becomes one item per column, and every item gets its name.

use super::scope::{Scope, star_columns};
use crate::names::{distinct_name, result_name};
use ::sql::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, JoinConstraint,
    JoinOperator, Select, SelectItem, SelectItemQualifiedWildcardKind, TableFactor, TableWithJoins,
};
use ::sql::tree::{join_constraint, quoted, take};
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

/// Spells out `*` over several items of which one has tags, so that these stand last. Where not
/// every column can be named for certain, `*` keeps the order of FROM.
pub(super) fn tags_behind_columns(select: &mut Select, scope: &Scope) {
    let nameable = scope.sources.iter().all(|source| {
        let called = scope.sources.iter().filter(|other| other.is_called(&source.qualifier)).count();
        !source.columns.columns.is_empty() && called == 1
    });
    // The tags of the last item are last anyway.
    let in_place = scope
        .sources
        .split_last()
        .is_none_or(|(_, before)| !before.iter().any(|source| source.columns.columns.iter().any(|column| column.tag)));
    if in_place || !nameable || select.from.iter().any(merges_columns) {
        return;
    }
    let mut items = Vec::with_capacity(select.projection.len());
    for item in std::mem::take(&mut select.projection) {
        match &item {
            SelectItem::Wildcard(_) => items.extend(scope.star().into_iter().map(|(source, column)| {
                let mut reference = source.qualifier.clone();
                reference.push(quoted(&column.name));
                SelectItem::UnnamedExpr(Expr::CompoundIdentifier(reference))
            })),
            _ => items.push(item),
        }
    }
    select.projection = items;
}

/// Whether a join makes one column of two, or has a part whose columns nobody told.
fn merges_columns(item: &TableWithJoins) -> bool {
    let keeps_both = |operator: &JoinOperator| {
        matches!(join_constraint(operator), Some(JoinConstraint::On(_) | JoinConstraint::None))
    };
    let told = |factor: &TableFactor| match factor {
        TableFactor::Table { args: None, .. } | TableFactor::Derived { .. } => true,
        TableFactor::NestedJoin { table_with_joins, alias: None } => !merges_columns(table_with_joins),
        _ => false,
    };
    !told(&item.relation) || item.joins.iter().any(|join| !keeps_both(&join.join_operator) || !told(&join.relation))
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
                    let expr = take(expr);
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
