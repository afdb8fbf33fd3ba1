//! What GROUP BY, PARTITION BY, windows, ORDER BY and the limits make of a SELECT.
//!
//! Keys are the expressions of GROUP BY and PARTITION BY and the beginning of the window. A column
//! outside of aggregates must be a key, a tag of the partition's child, or stand in the row that the
//! only selection (`max`, `last` and the like) chose.

use super::build::{function_name, joined, number, over, sort_key, walk};
use super::functions::{self, FINAL, SELECTIONS, any_row, companion};
use super::items::{Item, distinct_name};
use super::scope::{Columns, Scope, SourceColumn};
use super::window::{self, Frame};
use super::{Rewriter, functions::aggregates, series};
use crate::error::coded;
use crate::sql::statement::Extras;
use crate::types::TBNAME;
use ::sql::ast::{
    BinaryOperator, Expr, GroupByExpr, Ident, LimitClause, Offset, OffsetRows, OrderBy, OrderByExpr, OrderByKind,
    Select, SelectItem, Value,
};
use ::sql::tree::{binary, call, null, quoted};
use model::{Error, ErrorKind, Result};
use std::collections::HashSet;

/// The parts of a SELECT that are put together here.
pub(super) struct Parts<'q> {
    pub(super) scope: Scope,
    pub(super) items: Vec<Item>,
    pub(super) extras: Extras,
    pub(super) order_by: &'q mut Option<OrderBy>,
    pub(super) limit: &'q mut Option<LimitClause>,
}

/// What a column outside of aggregates means.
struct Outside<'a> {
    scope: &'a Scope,
    keys: &'a [Expr],
    /// The only selection of the list, rewritten.
    selection: Option<Expr>,
    /// Whether the keys name one child, so that its tags are the same in all rows.
    one_child: bool,
    refusal: (u16, &'static str),
}

/// Puts a SELECT together; its columns.
///
/// # Errors
/// What this vendor refuses, in its words.
pub(super) fn lower(rewriter: &Rewriter<'_>, select: &mut Select, parts: Parts<'_>) -> Result<Columns> {
    let Parts { scope, mut items, extras, order_by, limit } = parts;
    let columns = output(&items, &scope);
    let written_keys = group_keys(select)?;
    let is_partitioned = !extras.partition_by.is_empty();
    if extras.slimit.is_some() && !is_partitioned && written_keys.is_empty() {
        return Err(coded(0x2638, "slimit/soffset only available for PARTITION/GROUP BY query"));
    }
    if extras.window.is_some() && !written_keys.is_empty() {
        return Err(coded(0x2624, "GROUP BY and WINDOW-clause can't be used together"));
    }
    let written: Vec<String> = items.iter().flat_map(|item| aggregates(&item.expr)).collect();
    let in_having = select.having.as_ref().is_some_and(functions::holds_aggregate);
    let groups = !written.is_empty() || in_having || extras.window.is_some() || !written_keys.is_empty();
    if extras.window.is_some() && written.is_empty() {
        return Err(coded(0x265e, "No valid function in window query"));
    }

    let frame = extras.window.as_ref().map(|window| window::frame(select, &scope, window)).transpose()?;
    let mut partition = Vec::with_capacity(extras.partition_by.len());
    for mut key in extras.partition_by.clone() {
        rewriter.expression(&mut key, &scope, None)?;
        partition.push(key);
    }
    let mut keys = Vec::new();
    for key in written_keys {
        let mut key = resolve_key(key, &items, &scope)?;
        if functions::holds_aggregate(&key) {
            return Err(coded(0x2608, "There mustn't be aggregation"));
        }
        rewriter.expression(&mut key, &scope, None)?;
        keys.push(key);
    }
    let mut filters = Vec::new();
    let mut over_rows = false;
    for item in &mut items {
        if !series::is_call(&item.expr) {
            rewriter.expression(&mut item.expr, &scope, frame.as_ref())?;
            continue;
        }
        if groups || over_rows {
            return Err(coded(
                0x264f,
                "Some functions are allowed only in the SELECT list of a query. And, cannot be mixed with other non \
                 scalar functions or columns.",
            ));
        }
        over_rows = true;
        let lowered = series::lower(rewriter, &mut item.expr, &scope, &partition)?;
        if let Some(present) = lowered.present {
            let filter = select.selection.take().map(|filter| Expr::Nested(Box::new(filter)));
            select.selection = joined(filter.into_iter().chain([present]).collect(), &BinaryOperator::And);
        }
        filters = lowered.filters;
    }
    let names: Vec<String> = items.iter().map(|item| item.name.clone()).collect();
    let mut order = order_keys(order_by, &names, |key| rewriter.expression(key, &scope, frame.as_ref()))?;

    if groups {
        keys.extend(partition.iter().cloned());
        keys.extend(frame.iter().map(|frame| frame.start.clone()));
        let outside = Outside {
            scope: &scope,
            keys: &keys,
            selection: only_selection(&items, &written),
            one_child: keys.iter().any(|key| is_tbname(key, &scope)),
            refusal: refusal(is_partitioned, !keys.is_empty()),
        };
        for item in &mut items {
            outside.check(&mut item.expr)?;
        }
        if let Some(having) = &mut select.having {
            rewriter.expression(having, &scope, frame.as_ref())?;
            outside.check(having)?;
        }
        for key in order.iter_mut().filter(|key| !names_item(&key.expr)) {
            outside.check(&mut key.expr)?;
        }
        if keys.is_empty() && select.having.is_none() {
            select.having = nonempty(&items, &written, &scope);
        }
        select.group_by = GroupByExpr::Expressions(keys.clone(), Vec::new());
    } else if select.having.is_some() {
        return Err(coded(0x260a, "Not a GROUP BY expression"));
    }

    let mut taken = HashSet::new();
    let outputs: Vec<Ident> = items.iter().map(|item| distinct_name(&item.name, &mut taken)).collect();
    select.projection = items
        .into_iter()
        .zip(&outputs)
        .map(|(item, alias)| SelectItem::ExprWithAlias { expr: item.expr, alias: alias.clone() })
        .collect();
    if over_rows {
        if extras.slimit.is_some() || (is_partitioned && limit.is_some()) {
            return Err(Error::unsupported("LIMIT or SLIMIT of partitions of functions over rows"));
        }
        select.qualify = joined(filters, &BinaryOperator::And);
        if order.is_empty() {
            order = partition.iter().cloned().chain([scope.time()?]).map(|key| sort_key(key, true)).collect();
        }
    } else if is_partitioned {
        limit_partitions(select, &partition, frame.as_ref(), &scope, &extras, limit, order.is_empty(), groups)?;
    } else if groups && extras.slimit.is_some() {
        slice_groups(&extras, limit);
    }
    if order.is_empty()
        && let Some(frame) = &frame
        && select.distinct.is_none()
    {
        order = partition.iter().cloned().chain([frame.start.clone()]).map(|key| sort_key(key, true)).collect();
    }
    *order_by = (!order.is_empty()).then_some(OrderBy { kind: OrderByKind::Expressions(order), interpolate: None });
    Ok(columns)
}

/// What comes out of a SELECT.
fn output(items: &[Item], scope: &Scope) -> Columns {
    let is_main_time = |expr: &Expr| match expr {
        Expr::Identifier(name) if matches!(name.value.as_str(), "_wstart" | "_c0" | "_rowts") => true,
        Expr::Identifier(name) => resolves_to_time(std::slice::from_ref(name), scope),
        Expr::CompoundIdentifier(parts) => resolves_to_time(parts, scope),
        _ => false,
    };
    let mut columns = Columns { unit: Some(scope.unit()), ..Columns::default() };
    for item in items {
        let source = match &item.expr {
            Expr::Identifier(name) => scope.resolve(std::slice::from_ref(name)).ok().and_then(|(_, column)| column),
            Expr::CompoundIdentifier(parts) => scope.resolve(parts).ok().and_then(|(_, column)| column),
            _ => None,
        };
        let is_time = source.is_some_and(|column| column.is_time) || yields_time(&item.expr, scope);
        if columns.time.is_none() && is_main_time(&item.expr) {
            columns.time = Some(item.name.clone());
        }
        columns.columns.push(SourceColumn {
            name: item.name.clone(),
            data_type: source.and_then(|column| column.data_type),
            is_time,
            is_tag: false,
            in_star: true,
        });
    }
    if columns.time.is_none() {
        columns.time = columns.columns.iter().find(|column| column.is_time).map(|column| column.name.clone());
    }
    columns
}

fn resolves_to_time(parts: &[Ident], scope: &Scope) -> bool {
    scope
        .resolve(parts)
        .is_ok_and(|(source, column)| column.is_some_and(|column| source.columns.time.as_deref() == Some(&column.name)))
}

/// Whether an expression as written is a time.
fn yields_time(expr: &Expr, scope: &Scope) -> bool {
    match expr {
        Expr::Identifier(name) => {
            matches!(name.value.as_str(), "_wstart" | "_wend" | "_c0" | "_rowts" | "now" | "today")
        }
        Expr::Nested(inner) => yields_time(inner, scope),
        Expr::Cast { data_type, .. } => matches!(data_type, ::sql::ast::DataType::Timestamp(..)),
        Expr::Function(call) => {
            let name = function_name(call);
            let args = super::build::arguments(call);
            let keeps = SELECTIONS.contains(&name.as_str()) || name == "timetruncate";
            matches!(name.as_str(), "now" | "today" | "to_timestamp")
                || (keeps
                    && args.first().is_some_and(|arg| match arg {
                        Expr::Identifier(name) => {
                            scope.resolve(std::slice::from_ref(name)).is_ok_and(|(_, c)| c.is_some_and(|c| c.is_time))
                        }
                        Expr::CompoundIdentifier(parts) => {
                            scope.resolve(parts).is_ok_and(|(_, c)| c.is_some_and(|c| c.is_time))
                        }
                        other => yields_time(other, scope),
                    }))
        }
        _ => false,
    }
}

fn group_keys(select: &mut Select) -> Result<Vec<Expr>> {
    match std::mem::replace(&mut select.group_by, GroupByExpr::Expressions(Vec::new(), Vec::new())) {
        GroupByExpr::Expressions(keys, modifiers) if modifiers.is_empty() => Ok(keys),
        _ => Err(Error::unsupported("this form of GROUP BY")),
    }
}

/// A key by position or by the name of an item, as that item's expression.
fn resolve_key(key: Expr, items: &[Item], scope: &Scope) -> Result<Expr> {
    match &key {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => {
                let place = digits.parse::<usize>().ok().and_then(|place| items.get(place.checked_sub(1)?));
                place.map(|item| item.expr.clone()).ok_or_else(|| coded(0x260a, "Not a GROUP BY expression"))
            }
            _ => Ok(key),
        },
        Expr::Identifier(name) if scope.resolve(std::slice::from_ref(name)).is_err() => {
            let item = items.iter().find(|item| item.name == name.value);
            Ok(item.map_or(key.clone(), |item| item.expr.clone()))
        }
        _ => Ok(key),
    }
}

/// The sort keys; those that name an item stay names.
fn order_keys(
    order_by: &mut Option<OrderBy>,
    names: &[String],
    mut rewrite: impl FnMut(&mut Expr) -> Result<()>,
) -> Result<Vec<OrderByExpr>> {
    let Some(OrderBy { kind: OrderByKind::Expressions(mut keys), .. }) = order_by.take() else { return Ok(Vec::new()) };
    for key in &mut keys {
        match &mut key.expr {
            Expr::Identifier(name) if names.contains(&name.value) => *name = quoted(&name.value),
            Expr::Value(value) => {
                if let Value::Number(digits, _) = &value.value
                    && !digits.parse::<usize>().is_ok_and(|place| (1..=names.len()).contains(&place))
                {
                    return Err(coded(0x260b, "Not SELECTed expression"));
                }
            }
            other => rewrite(other)?,
        }
    }
    Ok(keys)
}

fn names_item(expr: &Expr) -> bool {
    matches!(expr, Expr::Identifier(_) | Expr::Value(_))
}

fn is_tbname(key: &Expr, scope: &Scope) -> bool {
    let Expr::CompoundIdentifier(parts) = key else { return false };
    parts.last().is_some_and(|last| last.value == TBNAME) && scope.resolve(parts).is_ok()
}

fn refusal(is_partitioned: bool, has_keys: bool) -> (u16, &'static str) {
    match (is_partitioned, has_keys) {
        (true, _) => (0x260b, "Not SELECTed expression"),
        (false, true) => (0x260a, "Not a GROUP BY expression"),
        (false, false) => (0x260c, "Not a single-group group function"),
    }
}

/// The selection of a list that has exactly one aggregate, which is a selection.
fn only_selection(items: &[Item], written: &[String]) -> Option<Expr> {
    let [only] = written else { return None };
    if !SELECTIONS.contains(&only.as_str()) {
        return None;
    }
    let mut found = None;
    for item in items {
        let mut expr = item.expr.clone();
        let _: Result<()> = walk(&mut expr, &mut |expr| {
            if let Expr::Function(call) = expr
                && FINAL.contains(&function_name(call).as_str())
            {
                found = Some(expr.clone());
            }
            Ok(found.is_none())
        });
    }
    found
}

impl Outside<'_> {
    fn check(&self, expr: &mut Expr) -> Result<()> {
        walk(expr, &mut |expr| {
            if self.keys.contains(expr) {
                return Ok(false);
            }
            match expr {
                Expr::Function(call) if FINAL.contains(&function_name(call).as_str()) => Ok(false),
                Expr::CompoundIdentifier(parts) => {
                    let is_tag =
                        self.scope.resolve(parts).is_ok_and(|(_, column)| column.is_some_and(|column| column.is_tag));
                    let column = std::mem::replace(expr, null());
                    *expr = match &self.selection {
                        _ if self.one_child && is_tag => call("max", vec![column]),
                        Some(selection) => companion(column, selection, self.scope)?,
                        None => return Err(coded(self.refusal.0, self.refusal.1)),
                    };
                    Ok(false)
                }
                _ => Ok(true),
            }
        })
    }
}

/// Keeps the answer of aggregates over nothing away, unless one of them counts.
fn nonempty(items: &[Item], written: &[String], scope: &Scope) -> Option<Expr> {
    if written.iter().any(|name| matches!(name.as_str(), "count" | "hyperloglog")) {
        return None;
    }
    let firsts = written.iter().all(|name| matches!(name.as_str(), "first" | "last"));
    if !firsts {
        let newest = written.iter().all(|name| matches!(name.as_str(), "last" | "last_row"));
        // Of the newest row no other need be read.
        return Some(match scope.time() {
            Ok(time) if newest => Expr::IsNotNull(Box::new(call("last_row", vec![time.clone(), time]))),
            _ => any_row(),
        });
    }
    // First and last of columns that hold nothing at all are no row.
    let mut present = Vec::new();
    for item in items {
        let mut expr = item.expr.clone();
        let _: Result<()> = walk(&mut expr, &mut |expr| {
            if let Expr::Function(call) = expr
                && SELECTIONS.contains(&function_name(call).as_str())
            {
                present.push(Expr::IsNotNull(Box::new(expr.clone())));
                return Ok(false);
            }
            Ok(true)
        });
    }
    joined(present, &BinaryOperator::Or)
}

fn constant(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => digits.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

/// The constants of LIMIT and OFFSET.
fn limits(limit: Option<&LimitClause>) -> Result<(Option<i64>, i64)> {
    let wrong = || Error::new(ErrorKind::Syntax { near: "limit".to_owned(), reason: "expected a number".to_owned() });
    match limit {
        Some(LimitClause::LimitOffset { limit, offset, .. }) => {
            let limit = limit.as_ref().map(|expr| constant(expr).ok_or_else(wrong)).transpose()?;
            let offset = offset.as_ref().map(|offset| constant(&offset.value).ok_or_else(wrong)).transpose()?;
            Ok((limit, offset.unwrap_or(0)))
        }
        _ => Ok((None, 0)),
    }
}

fn between(place: Expr, skipped: i64, count: Option<i64>) -> Vec<Expr> {
    let mut terms = Vec::new();
    if skipped > 0 {
        terms.push(binary(place.clone(), BinaryOperator::Gt, number(skipped)));
    }
    if let Some(count) = count {
        terms.push(binary(place, BinaryOperator::LtEq, number(skipped.saturating_add(count))));
    }
    terms
}

/// LIMIT counts the rows of each partition, SLIMIT partitions; behind ORDER BY the whole is one.
#[expect(clippy::too_many_arguments, reason = "the parts of one SELECT")]
fn limit_partitions(
    select: &mut Select,
    partition: &[Expr],
    frame: Option<&Frame>,
    scope: &Scope,
    extras: &Extras,
    limit: &mut Option<LimitClause>,
    unordered: bool,
    groups: bool,
) -> Result<()> {
    let keys = || partition.iter().cloned().map(|key| sort_key(key, true)).collect::<Vec<_>>();
    let mut terms = Vec::new();
    if let Some(slimit) = extras.slimit {
        let count = i64::try_from(slimit).unwrap_or(i64::MAX);
        let skipped = i64::try_from(extras.soffset.unwrap_or(0)).unwrap_or(i64::MAX);
        terms.extend(between(over("dense_rank", Vec::new(), Vec::new(), keys(), None), skipped, Some(count)));
    }
    let (count, skipped) = limits(limit.as_ref())?;
    if unordered && (count.is_some() || skipped > 0) {
        let order = match frame {
            Some(frame) => vec![sort_key(frame.start.clone(), true)],
            None if groups => keys(),
            None => vec![sort_key(scope.time()?, true)],
        };
        terms.extend(between(over("row_number", Vec::new(), partition.to_vec(), order, None), skipped, count));
        *limit = None;
    }
    select.qualify = joined(terms, &BinaryOperator::And);
    Ok(())
}

/// Each group is one row: SLIMIT counts rows.
fn slice_groups(extras: &Extras, limit: &mut Option<LimitClause>) {
    let value = |number: u64| super::build::number(i64::try_from(number).unwrap_or(i64::MAX));
    let count = extras.slimit.map(value);
    let offset = extras.soffset.map(|soffset| Offset { value: value(soffset), rows: OffsetRows::None });
    *limit = Some(LimitClause::LimitOffset { limit: count, offset, limit_by: Vec::new() });
}
