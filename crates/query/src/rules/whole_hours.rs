//! Aggregates that whole hours are read for, instead of all rows: `count`, `min`, `max`, sums and
//! averages of integers, by series, attributes and buckets of time, become the same over partial aggregates
//! that storage has beside its segments.
//!
//! Nothing changes in an answer. A row that no partial aggregate may stand for comes as one of its
//! own; sums of floats are left as they are, since they depend on the order of additions, and so
//! are averages where such a sum may round.

use crate::StorageTable;
use crate::partial_table::{PartialTable, State, leaves_hours_whole, numbers};
use arrow::datatypes::DataType as Arrow;
use datafusion::catalog::default_table_source::{provider_as_source, source_as_provider};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchemaRef};
use datafusion::error::Result;
use datafusion::functions_aggregate::average::Avg;
use datafusion::functions_aggregate::count::Count;
use datafusion::functions_aggregate::min_max::{Max, Min};
use datafusion::functions_aggregate::sum::{Sum, sum_udaf};
use datafusion::logical_expr::expr::{AggregateFunction, AggregateFunctionParams, Cast};
use datafusion::logical_expr::interval_arithmetic::Interval;
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{
    Aggregate, AggregateUDF, Expr, ExprSchemable, LogicalPlan, Projection, SubqueryAlias, TableScan, TableScanBuilder,
    cast, lit, when,
};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};
use model::{ColumnId, ColumnRole, Table, TableKind};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use storage::PartialColumn;

/// Reads partial aggregates where they are enough.
#[derive(Debug)]
pub(crate) struct WholeHours;

impl OptimizerRule for WholeHours {
    fn name(&self) -> &str {
        "whole_hours"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn rewrite(&self, plan: LogicalPlan, _config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let LogicalPlan::Aggregate(aggregate) = &plan else { return Ok(Transformed::no(plan)) };
        match rewritten(aggregate)? {
            Some(rewritten) => Ok(Transformed::yes(rewritten)),
            None => Ok(Transformed::no(plan)),
        }
    }
}

/// A scan, and what the columns above it are in terms of its own.
struct Source<'a> {
    scan: &'a TableScan,
    columns: HashMap<Column, Expr>,
}

impl<'a> Source<'a> {
    /// Looks through projections and names.
    fn below(plan: &'a LogicalPlan) -> Result<Option<Self>> {
        let named = |schema: &DFSchemaRef, exprs: Vec<Expr>| schema.columns().into_iter().zip(exprs).collect();
        Ok(match plan {
            LogicalPlan::TableScan(scan) => {
                let columns = scan.projected_schema.columns().into_iter().map(Expr::Column).collect();
                Some(Self { scan, columns: named(&scan.projected_schema, columns) })
            }
            LogicalPlan::SubqueryAlias(SubqueryAlias { input, schema, .. }) => {
                let Some(below) = Self::below(input)? else { return Ok(None) };
                let columns = input.schema().columns().into_iter().map(Expr::Column);
                let columns = columns.map(|column| below.resolve(column)).collect::<Result<_>>()?;
                Some(Self { scan: below.scan, columns: named(schema, columns) })
            }
            LogicalPlan::Projection(Projection { expr, input, schema, .. }) => {
                let Some(below) = Self::below(input)? else { return Ok(None) };
                let columns = expr.iter().map(|expr| below.resolve(expr.clone().unalias())).collect::<Result<_>>()?;
                Some(Self { scan: below.scan, columns: named(schema, columns) })
            }
            _ => None,
        })
    }

    fn resolve(&self, expr: Expr) -> Result<Expr> {
        let resolved = expr.transform(|expr| {
            Ok(match &expr {
                Expr::Column(column) => match self.columns.get(column) {
                    Some(below) if *below != expr => Transformed::yes(below.clone()),
                    _ => Transformed::no(expr),
                },
                _ => Transformed::no(expr),
            })
        })?;
        Ok(resolved.data)
    }
}

/// What one aggregate becomes.
enum Part {
    /// The sum of a count, 0 where there is nothing.
    Count(Option<ColumnId>),
    /// The same function over what is known of a column.
    Of(Arc<AggregateUDF>, ColumnId, State),
    /// The sum of a column in floats, divided by its count.
    Average(ColumnId),
}

fn rewritten(aggregate: &Aggregate) -> Result<Option<LogicalPlan>> {
    let Some(source) = Source::below(&aggregate.input)? else { return Ok(None) };
    let Ok(provider) = source_as_provider(&source.scan.source) else { return Ok(None) };
    let Some(base) = provider.downcast_ref::<StorageTable>() else { return Ok(None) };
    let table = Arc::clone(base.table());
    let is_whole = source.scan.fetch.is_none() && base.pushdown().takes_all(&source.scan.filters);
    if table.kind != TableKind::Series || !is_whole || !base.has_aggregates() {
        return Ok(None);
    }
    let mut groups = Vec::with_capacity(aggregate.group_expr.len());
    let mut of_time = Vec::new();
    for group in &aggregate.group_expr {
        let group = source.resolve(group.clone().unalias())?;
        match grouped_by(&group, &table, &source) {
            Some(GroupedBy::Series) => {}
            Some(GroupedBy::Time) => of_time.push(unqualified(group.clone())?),
            None => return Ok(None),
        }
        groups.push(group);
    }
    let mut parts = Vec::with_capacity(aggregate.aggr_expr.len());
    for call in &aggregate.aggr_expr {
        let Some(part) = part(&source.resolve(call.clone().unalias())?, base) else { return Ok(None) };
        parts.push(part);
    }
    if !leaves_hours_whole(base, &of_time)? {
        return Ok(None);
    }
    plan(aggregate, source.scan, base, (groups, of_time), &parts)
}

/// The plan over partial aggregates; `None` where its columns would be others.
fn plan(
    aggregate: &Aggregate,
    scan: &TableScan,
    base: &StorageTable,
    (groups, of_time): (Vec<Expr>, Vec<Expr>),
    parts: &[Part],
) -> Result<Option<LogicalPlan>> {
    let mut states: BTreeMap<ColumnId, bool> = BTreeMap::new();
    for part in parts {
        match part {
            Part::Count(None) => {}
            Part::Count(Some(id)) => *states.entry(*id).or_default() |= false,
            Part::Of(_, id, state) => *states.entry(*id).or_default() |= *state == State::Sum,
            Part::Average(id) => *states.entry(*id).or_default() |= true,
        }
    }
    let states: Vec<_> = states.into_iter().map(|(id, with_sum)| PartialColumn { id, with_sum }).collect();
    let partial = Arc::new(PartialTable::new(base.clone(), states, of_time)?);
    let schema = datafusion::catalog::TableProvider::schema(partial.as_ref());
    let state = |place: usize| Expr::Column(Column::new(Some(scan.table_name.clone()), schema.field(place).name()));
    let call = |function: &Arc<AggregateUDF>, place: usize| {
        let call = AggregateFunction::new_udf(Arc::clone(function), vec![state(place)], false, None, Vec::new(), None);
        Expr::AggregateFunction(call)
    };
    let mut calls = Vec::with_capacity(parts.len());
    // Behind one call for each part, counts that averages need.
    let mut counts = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        let (function, place) = match part {
            Part::Count(None) => (sum_udaf(), Some(partial.rows())),
            Part::Count(Some(id)) => (sum_udaf(), partial.place(*id, State::Count)),
            Part::Of(function, id, state) => (Arc::clone(function), partial.place(*id, *state)),
            Part::Average(id) => {
                let Some(count) = partial.place(*id, State::Count) else { return Ok(None) };
                counts.push(call(&sum_udaf(), count).alias(format!("partial count {number}")));
                (sum_udaf(), partial.place(*id, State::Sum))
            }
        };
        let Some(place) = place else { return Ok(None) };
        calls.push(call(&function, place).alias(format!("partial {number}")));
    }
    let first_count = groups.len() + calls.len();
    calls.extend(counts);
    let mut projection: Vec<usize> = Vec::new();
    for column in groups.iter().chain(&calls).flat_map(Expr::column_refs) {
        let index = schema.index_of(&column.name)?;
        if !projection.contains(&index) {
            projection.push(index);
        }
    }
    projection.sort_unstable();
    let read = TableScanBuilder::new(scan.table_name.clone(), provider_as_source(partial))
        .with_projection(Some(projection))
        .with_filters(scan.filters.clone())
        .build()?;
    let input = Arc::new(LogicalPlan::TableScan(read));
    let count = groups.len();
    // Two groups of one expression have one name here; then rows are read.
    let Ok(grouped) = Aggregate::try_new(input, groups, calls) else { return Ok(None) };
    let mut columns = Vec::with_capacity(aggregate.schema.fields().len());
    let mut next_count = first_count;
    for (place, (qualifier, field)) in aggregate.schema.iter().enumerate() {
        let own = |place: usize| {
            let (qualifier, field) = grouped.schema.qualified_field(place);
            Expr::Column(Column::new(qualifier.cloned(), field.name()))
        };
        let column = match place.checked_sub(count).and_then(|part| parts.get(part)) {
            Some(Part::Count(_)) => when(own(place).is_not_null(), own(place)).otherwise(lit(0_i64))?,
            Some(Part::Average(_)) => {
                let average = cast(own(place), Arrow::Float64) / cast(own(next_count), Arrow::Float64);
                next_count += 1;
                average
            }
            _ => own(place),
        };
        if column.get_type(&grouped.schema)? != *field.data_type() {
            return Ok(None);
        }
        columns.push(column.alias_qualified(qualifier.cloned(), field.name()));
    }
    let grouped = Arc::new(LogicalPlan::Aggregate(grouped));
    Ok(Some(LogicalPlan::Projection(Projection::try_new(columns, grouped)?)))
}

/// What the groups of rows come from.
enum GroupedBy {
    Series,
    Time,
}

fn grouped_by(group: &Expr, table: &Table, source: &Source<'_>) -> Option<GroupedBy> {
    if group.is_volatile() || matches!(group, Expr::GroupingSet(_)) {
        return None;
    }
    let roles: Option<Vec<ColumnRole>> =
        group.column_refs().iter().map(|column| Some(table.column_named(&column.name)?.role)).collect();
    let roles = roles?;
    if roles.iter().all(|role| matches!(role, ColumnRole::Key | ColumnRole::Attribute)) {
        return Some(GroupedBy::Series);
    }
    let of_time = roles.iter().all(|role| *role == ColumnRole::Time) && !matches!(group, Expr::Column(_));
    let rises = || order(group, &source.scan.projected_schema);
    (of_time && matches!(rises(), Some(SortProperties::Ordered(_)))).then_some(GroupedBy::Time)
}

/// How the values of an expression lie while the time rises; `None` where nobody knows.
fn order(expr: &Expr, schema: &DFSchemaRef) -> Option<SortProperties> {
    match expr {
        Expr::Column(_) => Some(SortProperties::Ordered(Default::default())),
        Expr::Literal(..) => Some(SortProperties::Singleton),
        Expr::ScalarFunction(call) => {
            let properties = |argument: &Expr| {
                let range = Interval::make_unbounded(&argument.get_type(schema).ok()?).ok()?;
                let sort_properties = order(argument, schema)?;
                Some(ExprProperties { sort_properties, range, ..ExprProperties::new_unknown() })
            };
            let arguments = call.args.iter().map(properties).collect::<Option<Vec<_>>>()?;
            call.func.output_ordering(&arguments).ok()
        }
        _ => None,
    }
}

fn part(call: &Expr, base: &StorageTable) -> Option<Part> {
    let table = base.table();
    let Expr::AggregateFunction(AggregateFunction { func, params }) = call else { return None };
    let AggregateFunctionParams { args, distinct: false, filter: None, order_by, null_treatment: None } = params else {
        return None;
    };
    let ([argument], true) = (args.as_slice(), order_by.is_empty()) else { return None };
    if func.inner().is::<Count>() {
        return match argument {
            Expr::Literal(value, _) if !value.is_null() => Some(Part::Count(None)),
            Expr::Column(column) => {
                let is_time = table.time_column().is_some_and(|time| time.name == column.name);
                let id = numbers(table, &column.name).map(|column| column.id);
                if is_time { Some(Part::Count(None)) } else { id.map(|id| Part::Count(Some(id))) }
            }
            _ => None,
        };
    }
    let of = |expr: &Expr, state| {
        let Expr::Column(column) = expr else { return None };
        let column = numbers(table, &column.name)?;
        let has_it = state != State::Sum || !column.data_type.is_float();
        has_it.then(|| Part::Of(Arc::clone(func), column.id, state))
    };
    if func.inner().is::<Min>() {
        return of(argument, State::Least);
    }
    if func.inner().is::<Max>() {
        return of(argument, State::Greatest);
    }
    if func.inner().is::<Avg>() {
        return match argument {
            Expr::Cast(Cast { expr, field }) if *field.data_type() == Arrow::Float64 => match of(expr, State::Sum) {
                Some(Part::Of(_, id, _)) if base.source().sums_fit_floats(id) => Some(Part::Average(id)),
                _ => None,
            },
            _ => None,
        };
    }
    if func.inner().is::<Sum>() || crate::functions::is_exact_sum(func) {
        return match argument {
            // Wider integers, which the sums are anyway.
            Expr::Cast(Cast { expr, field }) if *field.data_type() == Arrow::Int64 => of(expr, State::Sum),
            other => of(other, State::Sum),
        };
    }
    None
}

fn unqualified(expr: Expr) -> Result<Expr> {
    let transformed = expr.transform(|expr| {
        Ok(match expr {
            Expr::Column(column) => Transformed::yes(Expr::Column(Column::new_unqualified(column.name))),
            other => Transformed::no(other),
        })
    });
    Ok(transformed?.data)
}

#[cfg(test)]
mod tests;
