//! The select list: every computed item is named by its text, and a whole number alone is of the
//! smallest type that holds it.

use super::columns::Columns;
use crate::names::distinct_name;
use ::sql::ast::{CastKind, DataType, Expr, Ident, ObjectName, Select, SelectItem, TableFactor, UnaryOperator, Value};
use ::sql::tree::{quoted, take};
use std::collections::HashSet;

/// Names the items of a SELECT.
pub(super) fn name(select: &mut Select, columns: &Columns) {
    let mut taken_names: HashSet<String> = HashSet::new();
    let has_star = |item: &SelectItem| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..));
    if select.projection.iter().any(has_star) {
        let joined = select.from.iter().flat_map(|from| from.joins.iter().map(|join| &join.relation));
        for factor in select.from.iter().map(|from| &from.relation).chain(joined) {
            if let TableFactor::Table { name, .. } = factor
                && let Some(table) = columns.table(name)
            {
                taken_names.extend(table.visible_columns().map(|column| column.name.clone()));
            }
        }
    }
    for (number, item) in select.projection.iter_mut().enumerate() {
        match item {
            SelectItem::UnnamedExpr(expr) => {
                let (name, is_column) = shown(expr);
                let first = taken_names.insert(name.clone());
                type_whole_number(expr);
                if is_column && first && columns.is_exact(&name) {
                    continue;
                }
                let alias = if first { quoted(&name) } else { quoted(&distinct_name(&name, number)) };
                *item = SelectItem::ExprWithAlias { expr: take(expr), alias };
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                type_whole_number(expr);
                if !taken_names.insert(alias.value.clone()) {
                    *alias = quoted(&distinct_name(&alias.value, number));
                }
            }
            _ => {}
        }
    }
}

/// The name of an item without an alias, and whether it is a column alone.
fn shown(expr: &Expr) -> (String, bool) {
    match expr {
        Expr::Identifier(name) => (name.value.clone(), true),
        Expr::CompoundIdentifier(parts) => (parts.last().map(|part| part.value.clone()).unwrap_or_default(), true),
        other => (other.to_string().replace('"', "`").replace('\0', "\\0"), false),
    }
}

/// `1` is a TINYINT, `1000` a SMALLINT, what no BIGINT holds a LARGEINT.
fn type_whole_number(expr: &mut Expr) {
    let digits = |expr: &Expr| match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => digits.parse::<i128>().ok(),
            _ => None,
        },
        _ => None,
    };
    let number = match &*expr {
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => digits(expr).map(|number| -number),
        other => digits(other),
    };
    let Some(number) = number else { return };
    let data_type = if i8::try_from(number).is_ok() {
        DataType::TinyInt(None)
    } else if i16::try_from(number).is_ok() {
        DataType::SmallInt(None)
    } else if i32::try_from(number).is_ok() {
        DataType::Int(None)
    } else if i64::try_from(number).is_ok() {
        return;
    } else {
        DataType::Custom(ObjectName::from(vec![Ident::new("LARGEINT")]), Vec::new())
    };
    let inner = Box::new(take(expr));
    *expr = Expr::Cast { kind: CastKind::TryCast, expr: inner, data_type, array: false, format: None };
}

/// A name of one part that nothing folds.
pub(super) fn function_name(name: &str) -> ObjectName {
    ObjectName::from(vec![quoted(name)])
}
