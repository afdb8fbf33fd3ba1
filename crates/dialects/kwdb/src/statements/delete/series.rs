//! What a condition on a time-series table may say in DELETE and UPDATE.

use crate::error::worded;
use ::sql::ast::{BinaryOperator, Expr, UnaryOperator, Value};
use ::sql::tree::is_comparison;
use model::{Column, ColumnRole, Error, Result, Table};

/// What a condition selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    /// One series: every primary tag equals a constant, and nothing else is said.
    WholeKey,
    /// Something else, made of comparisons.
    Other,
    /// What is no comparison of a column with a constant.
    Unreadable,
}

/// The refusal of a condition.
pub(super) fn refused(what: &str) -> Error {
    worded(format!("unsupported conditions found in the deletion operation: {what}"))
}

/// One comparison in a condition.
#[derive(Clone)]
enum Condition<'a> {
    /// The first timestamp column against constant texts.
    Time,
    /// A tag equals a constant, given as written.
    TagEquals(&'a Column, String),
    /// Constants alone.
    Constant,
    /// A tag or another column in any other comparison.
    OtherColumn,
    /// Neither a column nor a constant on one side.
    Unreadable,
    /// The time against a constant that is no text: how the vendor prints it.
    Number(String),
}

/// Ways of fulfilling a condition that are looked at, at most.
const BRANCHES_MAX: usize = 256;

/// A condition as alternatives, each a list of comparisons that hold together.
fn alternatives<'a>(table: &'a Table, expr: &Expr) -> Option<Vec<Vec<Condition<'a>>>> {
    match expr {
        Expr::Nested(inner) => alternatives(table, inner),
        Expr::BinaryOp { left, op: BinaryOperator::Or, right } => {
            let mut all = alternatives(table, left)?;
            all.extend(alternatives(table, right)?);
            (all.len() <= BRANCHES_MAX).then_some(all)
        }
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            let (left, right) = (alternatives(table, left)?, alternatives(table, right)?);
            if left.len() * right.len() > BRANCHES_MAX {
                return None;
            }
            let joined = |l: &Vec<Condition<'a>>, r: &Vec<Condition<'a>>| l.iter().chain(r).cloned().collect();
            Some(left.iter().flat_map(|l| right.iter().map(move |r| joined(l, r))).collect())
        }
        leaf => Some(vec![vec![read(table, leaf)]]),
    }
}

fn column<'a>(table: &'a Table, expr: &Expr) -> Option<&'a Column> {
    match expr {
        Expr::Identifier(name) => table.column_named(&name.value),
        Expr::CompoundIdentifier(parts) => parts.last().and_then(|name| table.column_named(&name.value)),
        Expr::Nested(inner) => column(table, inner),
        _ => None,
    }
}

fn is_constant(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => !matches!(value.value, Value::Null | Value::Placeholder(_)),
        Expr::Nested(inner) => is_constant(inner),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => is_constant(expr),
        _ => false,
    }
}

fn is_null(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(value.value, Value::Null))
}

/// A constant that a time can be compared with.
fn is_time_constant(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => matches!(value.value, Value::SingleQuotedString(_) | Value::EscapedStringLiteral(_)),
        Expr::Nested(inner) => is_time_constant(inner),
        Expr::TypedString(_) => true,
        Expr::Cast { expr, .. } => is_time_constant(expr),
        _ => false,
    }
}

fn read<'a>(table: &'a Table, expr: &Expr) -> Condition<'a> {
    match expr {
        Expr::BinaryOp { left, op, right } if is_comparison(op) => match (column(table, left), column(table, right)) {
            (Some(named), None) => compared(table, named, op, right, false),
            (None, Some(named)) => compared(table, named, op, left, true),
            (None, None) if is_constant(left) && is_constant(right) => Condition::Constant,
            _ => Condition::OtherColumn,
        },
        Expr::Value(value) if matches!(value.value, Value::Boolean(_)) => Condition::Constant,
        Expr::Like { .. } | Expr::ILike { .. } => Condition::OtherColumn,
        Expr::InList { expr, list, .. } => match column(table, expr) {
            Some(named)
                if named.role == ColumnRole::Time
                    && list.iter().all(|item| is_time_constant(item) || is_null(item)) =>
            {
                Condition::Time
            }
            Some(_) => Condition::OtherColumn,
            None => Condition::Unreadable,
        },
        Expr::Between { expr, low, high, .. } => match column(table, expr) {
            Some(named) if named.role == ColumnRole::Time && is_time_constant(low) && is_time_constant(high) => {
                Condition::Time
            }
            _ => Condition::Unreadable,
        },
        _ => Condition::Unreadable,
    }
}

fn compared<'a>(
    table: &'a Table,
    named: &'a Column,
    op: &BinaryOperator,
    constant: &Expr,
    flipped: bool,
) -> Condition<'a> {
    if named.role == ColumnRole::Time {
        if is_time_constant(constant) {
            return Condition::Time;
        }
        if is_constant(constant) {
            let digits = table.time_unit().map_or(3, model::TimeUnit::digits);
            let (time, number) = (format!("<timestamptz({digits})>"), "<int>".to_owned());
            let (left, right) = if flipped { (number, time) } else { (time, number) };
            return Condition::Number(format!("unsupported comparison operator: {left} {op} {right}"));
        }
        return Condition::Unreadable;
    }
    if !is_constant(constant) {
        return if matches!(constant, Expr::BinaryOp { .. }) { Condition::OtherColumn } else { Condition::Unreadable };
    }
    match (named.role, op) {
        (ColumnRole::Key | ColumnRole::Attribute, BinaryOperator::Eq) => {
            Condition::TagEquals(named, constant.to_string())
        }
        _ => Condition::OtherColumn,
    }
}

/// The tags that one alternative sets equal to constants, without repetitions.
fn equal_tags<'a, 'b>(conditions: &'b [Condition<'a>]) -> Vec<(&'a Column, &'b str)> {
    let mut tags: Vec<(&Column, &str)> = Vec::new();
    for condition in conditions {
        if let Condition::TagEquals(tag, value) = condition
            && !tags.iter().any(|(known, same)| known.id == tag.id && same == value)
        {
            tags.push((tag, value));
        }
    }
    tags.sort_by_key(|(tag, _)| tag.id);
    tags
}

/// Whether tags are all primary ones and none of those is missing.
fn cover_key(table: &Table, tags: &[(&Column, &str)]) -> bool {
    tags.iter().all(|(tag, _)| tag.role == ColumnRole::Key)
        && table.key.iter().all(|id| tags.iter().any(|(tag, _)| tag.id == *id))
}

/// What an UPDATE's condition selects.
pub(crate) fn primary_tag_equalities(table: &Table, filter: &Expr) -> Selection {
    let Some(alternatives) = alternatives(table, filter) else { return Selection::Other };
    let [conditions] = alternatives.as_slice() else { return Selection::Other };
    for condition in conditions {
        match condition {
            Condition::TagEquals(..) | Condition::Constant => {}
            Condition::Unreadable => return Selection::Unreadable,
            Condition::Time | Condition::OtherColumn | Condition::Number(_) => return Selection::Other,
        }
    }
    if cover_key(table, &equal_tags(conditions)) { Selection::WholeKey } else { Selection::Other }
}

/// Checks a DELETE's condition: whether it ends the series that it selects, or only deletes rows.
///
/// # Errors
/// What the vendor refuses, in its words.
pub(super) fn ends_series(table: &Table, filter: &Expr) -> Result<bool> {
    let alternatives =
        alternatives(table, filter).ok_or_else(|| refused("unsupported binary operator or expressions"))?;
    let mut by_time = false;
    for condition in alternatives.iter().flatten() {
        match condition {
            Condition::Time => by_time = true,
            Condition::TagEquals(..) | Condition::Constant => {}
            Condition::Number(text) => return Err(worded(text.clone())),
            Condition::OtherColumn => return Err(refused("unsupported binary operator or expressions")),
            Condition::Unreadable => return Err(refused("unsupported filter expression")),
        }
    }
    let mut selections = alternatives.iter().map(|conditions| equal_tags(conditions));
    let first = selections.next().unwrap_or_default();
    if selections.any(|other| {
        other.len() != first.len() || other.iter().zip(&first).any(|((a, x), (b, y))| a.id != b.id || x != y)
    }) {
        return Err(refused("multiple tag filter"));
    }
    if first.is_empty() {
        return Ok(false);
    }
    if !cover_key(table, &first) {
        return Err(refused("unsupported binary operator or expressions"));
    }
    Ok(!by_time)
}

#[cfg(test)]
mod tests;
