//! Aggregates that need no more of each series than its newest row and newest values, over what
//! storage knows of those instead of all rows.
//!
//! `last(value, time)` and its like, and `max(time)`, over a scan that only keys, attributes and a
//! least time restrict: with a group for each series they are columns of the series' last values;
//! with groups of several series, or one of all, they are taken over those.

use crate::StorageTable;
use crate::functions::{NewestOf, newest_of};
use crate::scan::LastTable;
use datafusion::common::Column;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::error::Result;
use datafusion::logical_expr::expr::{AggregateFunction, AggregateFunctionParams};
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, LogicalPlanBuilder, TableScan};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};
use model::{ColumnId, ColumnRole, Table};
use std::collections::BTreeMap;
use std::sync::Arc;
use storage::LastOutput;

/// See above.
#[derive(Debug)]
pub(crate) struct LastValues;

impl OptimizerRule for LastValues {
    fn name(&self) -> &str {
        "last_values"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn rewrite(&self, plan: LogicalPlan, _config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let LogicalPlan::Aggregate(aggregate) = &plan else { return Ok(Transformed::no(plan)) };
        match over_last_values(aggregate)? {
            Some(rewritten) => Ok(Transformed::yes(rewritten)),
            None => Ok(Transformed::no(plan)),
        }
    }
}

/// One call of an aggregate, with the columns that it takes.
struct Call<'a> {
    function: &'a AggregateFunction,
    newest: NewestOf,
    /// Its value: what the newest row, or the newest value, has.
    value: LastOutput,
    time: LastOutput,
}

fn over_last_values(aggregate: &Aggregate) -> Result<Option<LogicalPlan>> {
    let Some(scan) = scan_below(&aggregate.input) else { return Ok(None) };
    let provider = source_as_provider(&scan.source)?;
    let Some(stored) = provider.downcast_ref::<StorageTable>() else { return Ok(None) };
    let table = stored.table();
    if scan.fetch.is_some() || !stored.pushdown().leaves_last_values(&scan.filters) {
        return Ok(None);
    }
    let stored_column = |column: &Column| {
        let name = resolve(column, &aggregate.input)?;
        table.column_named(&name).map(|column| (column.id, column.role))
    };
    // What groups are made of, by the columns as the aggregate names them.
    let mut grouping: BTreeMap<Column, ColumnId> = BTreeMap::new();
    for expr in &aggregate.group_expr {
        if matches!(expr, Expr::GroupingSet(_)) || expr.is_volatile() {
            return Ok(None);
        }
        for column in expr.column_refs() {
            match stored_column(column) {
                Some((id, ColumnRole::Key | ColumnRole::Attribute)) => grouping.insert(column.clone(), id),
                _ => return Ok(None),
            };
        }
        if holds_subquery(expr)? {
            return Ok(None);
        }
    }
    if aggregate.aggr_expr.is_empty() {
        return Ok(None);
    }
    let mut calls = Vec::with_capacity(aggregate.aggr_expr.len());
    for expr in &aggregate.aggr_expr {
        match call(expr, &stored_column) {
            Some(call) => calls.push(call),
            None => return Ok(None),
        }
    }
    let mut outputs: Vec<LastOutput> = grouping.values().map(|id| LastOutput::Series(*id)).collect();
    outputs.extend(calls.iter().flat_map(|call| [call.value, call.time]));
    let mut distinct: Vec<LastOutput> = Vec::with_capacity(outputs.len());
    for output in outputs {
        if !distinct.contains(&output) {
            distinct.push(output);
        }
    }
    let Some(last) = LastTable::new(stored, distinct, scan.filters.clone()).map(Arc::new) else { return Ok(None) };
    let column_of = |output: LastOutput| -> Result<Expr> {
        Ok(Expr::Column(Column::new(Some(scan.table_name.clone()), last.name_of(output)?)))
    };
    let named = grouping.iter().map(|(column, id)| {
        Ok(column_of(LastOutput::Series(*id))?.alias_qualified(column.relation.clone(), column.name.clone()))
    });
    let named = named.collect::<Result<Vec<_>>>()?;
    let values = calls.iter().map(|call| Ok((column_of(call.value)?, column_of(call.time)?)));
    let values = values.collect::<Result<Vec<_>>>()?;
    let fields = || (0..aggregate.schema.fields().len()).map(|at| aggregate.schema.qualified_field(at));
    let is_each_series = !table.key.is_empty() && is_each_series(table, aggregate, &grouping);
    let below = LogicalPlanBuilder::scan(scan.table_name.clone(), provider_as_source(last.clone()), None)?;
    if is_each_series {
        // Expressions of groups speak of the columns by their names here.
        let answers = calls.iter().zip(values).map(|(call, (value, time))| match call.newest {
            NewestOf::Row | NewestOf::Value => value,
            NewestOf::RowTime | NewestOf::ValueTime | NewestOf::GreatestTime => time,
        });
        let renamed = |expr: &Expr| in_columns(expr, &grouping, &column_of);
        let groups = aggregate.group_expr.iter().map(renamed).collect::<Result<Vec<_>>>()?;
        let exprs = groups.into_iter().chain(answers).zip(fields());
        let exprs = exprs.map(|(expr, (qualifier, field))| expr.alias_qualified(qualifier.cloned(), field.name()));
        return Ok(Some(below.project(exprs.collect::<Vec<_>>())?.build()?));
    }
    let mut needed = named;
    for expr in values.iter().flat_map(|(value, time)| [value, time]) {
        let of_group = grouping.iter().find(|(column, _)| matches!(expr, Expr::Column(own) if own == *column));
        match of_group {
            // `last(*)` asks for what the groups are made of, too: it stands there once.
            Some((_, id)) if column_of(LastOutput::Series(*id))? == *expr => {}
            Some(_) => return Ok(None),
            None if needed.contains(expr) => {}
            None => needed.push(expr.clone()),
        }
    }
    let first = fields().skip(aggregate.group_expr.len());
    let aggregates = calls.iter().zip(values).zip(first).map(|((call, (value, time)), (_, field))| {
        let args = if call.newest == NewestOf::GreatestTime { vec![time] } else { vec![value, time] };
        let params = AggregateFunctionParams { args, ..call.function.params.clone() };
        let function = AggregateFunction { func: Arc::clone(&call.function.func), params };
        Expr::AggregateFunction(function).alias(field.name())
    });
    let aggregates: Vec<Expr> = aggregates.collect();
    // Columns that a derived table renamed may meet others of their names; then rows are read.
    let Ok(input) = below.project(needed).and_then(LogicalPlanBuilder::build) else { return Ok(None) };
    let rewritten = Aggregate::try_new(Arc::new(input), aggregate.group_expr.clone(), aggregates)?;
    Ok(Some(LogicalPlan::Aggregate(rewritten)))
}

/// Whether the groups are the series.
fn is_each_series(table: &Table, aggregate: &Aggregate, grouping: &BTreeMap<Column, ColumnId>) -> bool {
    let grouped: Vec<ColumnId> = (aggregate.group_expr.iter())
        .filter_map(|expr| if let Expr::Column(column) = expr { grouping.get(column).copied() } else { None })
        .collect();
    table.key.iter().all(|key| grouped.contains(key))
}

/// An expression over the columns of the last values.
fn in_columns(
    expr: &Expr,
    grouping: &BTreeMap<Column, ColumnId>,
    column_of: &impl Fn(LastOutput) -> Result<Expr>,
) -> Result<Expr> {
    let transformed = expr.clone().transform(|expr| {
        let Expr::Column(column) = &expr else { return Ok(Transformed::no(expr)) };
        match grouping.get(column) {
            Some(id) => Ok(Transformed::yes(column_of(LastOutput::Series(*id))?)),
            None => Ok(Transformed::no(expr)),
        }
    });
    Ok(transformed?.data)
}

fn call<'a>(expr: &'a Expr, stored: &impl Fn(&Column) -> Option<(ColumnId, ColumnRole)>) -> Option<Call<'a>> {
    let expr = match expr {
        Expr::Alias(alias) => alias.expr.as_ref(),
        expr => expr,
    };
    let Expr::AggregateFunction(function) = expr else { return None };
    let params = &function.params;
    if params.distinct || params.filter.is_some() || !params.order_by.is_empty() || params.null_treatment.is_some() {
        return None;
    }
    let newest = newest_of(&function.func)?;
    let column = |expr: &Expr| if let Expr::Column(column) = expr { stored(column) } else { None };
    let (value, time) = match params.args.as_slice() {
        [time] if newest == NewestOf::GreatestTime => (time, time),
        [value, time] if newest != NewestOf::GreatestTime => (value, time),
        _ => return None,
    };
    if newest == NewestOf::Row
        && let Some((present, then)) = time_of_present(time)
    {
        // The time of the newest row that has a value: of other columns nothing is known there.
        let (ColumnRole::Time, ColumnRole::Time, (id, ColumnRole::Field)) =
            (column(value)?.1, stored(then)?.1, stored(present)?)
        else {
            return None;
        };
        let time = LastOutput::ValueTime(id);
        return Some(Call { function, newest, value: time, time });
    }
    if column(time)?.1 != ColumnRole::Time {
        return None;
    }
    let (value, time) = match (column(value)?, newest) {
        ((_, ColumnRole::Time), _) => (LastOutput::RowTime, LastOutput::RowTime),
        // Alike in all rows of a series.
        ((id, ColumnRole::Key | ColumnRole::Attribute), newest) if newest != NewestOf::ValueTime => {
            (LastOutput::Series(id), LastOutput::RowTime)
        }
        ((id, ColumnRole::Field), NewestOf::Row | NewestOf::RowTime) => (LastOutput::RowValue(id), LastOutput::RowTime),
        ((id, ColumnRole::Field), NewestOf::Value | NewestOf::ValueTime) => {
            (LastOutput::Value(id), LastOutput::ValueTime(id))
        }
        _ => return None,
    };
    Some(Call { function, newest, value, time })
}

/// Value and time of `CASE WHEN value IS NOT NULL THEN time END`.
fn time_of_present(expr: &Expr) -> Option<(&Column, &Column)> {
    let Expr::Case(case) = expr else { return None };
    let is_null = |expr: &Expr| matches!(expr, Expr::Literal(value, _) if value.is_null());
    if case.expr.is_some() || !case.else_expr.as_deref().is_none_or(is_null) {
        return None;
    }
    match case.when_then_expr.as_slice() {
        [(when, then)] => match (when.as_ref(), then.as_ref()) {
            (Expr::IsNotNull(value), Expr::Column(then)) => Some((value.try_as_col()?, then)),
            _ => None,
        },
        _ => None,
    }
}

/// The scan that a plan reads, if it only renames columns.
fn scan_below(plan: &LogicalPlan) -> Option<&TableScan> {
    match plan {
        LogicalPlan::TableScan(scan) => Some(scan),
        LogicalPlan::SubqueryAlias(alias) => scan_below(&alias.input),
        LogicalPlan::Projection(projection) => scan_below(&projection.input),
        _ => None,
    }
}

/// The name that a column has in the scan below a plan, if it is a column there.
fn resolve(column: &Column, plan: &LogicalPlan) -> Option<String> {
    let at = plan.schema().maybe_index_of_column(column)?;
    match plan {
        LogicalPlan::TableScan(scan) => Some(scan.projected_schema.field(at).name().clone()),
        LogicalPlan::SubqueryAlias(alias) => {
            resolve(&Column::from(alias.input.schema().qualified_field(at)), &alias.input)
        }
        LogicalPlan::Projection(projection) => {
            let mut expr = projection.expr.get(at)?;
            while let Expr::Alias(alias) = expr {
                expr = &alias.expr;
            }
            match expr {
                Expr::Column(column) => resolve(column, &projection.input),
                _ => None,
            }
        }
        _ => None,
    }
}

fn holds_subquery(expr: &Expr) -> Result<bool> {
    let mut holds = false;
    expr.apply(|expr| {
        holds |= matches!(
            expr,
            Expr::ScalarSubquery(_) | Expr::InSubquery(_) | Expr::Exists(_) | Expr::OuterReferenceColumn(..)
        );
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(holds)
}

#[cfg(test)]
mod tests;
