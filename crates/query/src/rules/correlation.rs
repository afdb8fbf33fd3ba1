//! Subqueries whose rows depend on the row around them in ways that DataFusion's joins do not take:
//! below LIMIT, UNION, window functions, or an aggregate under a comparison other than `=`.
//!
//! The distinct values that the subquery takes from around it are computed first and joined where it
//! uses them; every node above works per such values (LIMIT numbers the rows of each). What comes out
//! depends on nothing around it, but for one comparison of those values by `=` on top.

use arrow::datatypes::FieldRef;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, JoinType, ScalarValue};
use datafusion::error::Result;
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::expr::{Exists, InSubquery};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{
    Aggregate, BinaryExpr, Distinct, Expr, ExprFunctionExt as _, FetchType, Join, Limit, LogicalPlan,
    LogicalPlanBuilder, Operator, Projection, SkipType, Sort, SortExpr, SubqueryAlias, Union, lit, when,
};
use std::sync::Arc;

/// The name of the whole, of which the comparison on top speaks.
const ROWS: &str = "__rows";
/// The number of a row among those of the same values.
const NUMBER: &str = "__number";

/// Whether anything in a plan depends on what is around it.
pub(super) fn is_correlated(plan: &LogicalPlan) -> bool {
    !plan.all_out_ref_exprs().is_empty()
}

/// Whether DataFusion makes a join of a correlated subquery that stands as a condition.
pub(super) fn is_joinable(plan: &LogicalPlan) -> bool {
    if !is_correlated(plan) {
        return true;
    }
    let by_node = match plan {
        LogicalPlan::Projection(_) | LogicalPlan::SubqueryAlias(_) | LogicalPlan::Distinct(Distinct::All(_)) => {
            !plan.contains_outer_reference()
        }
        LogicalPlan::Filter(_) | LogicalPlan::Join(_) => true,
        LogicalPlan::Aggregate(aggregate) => {
            !plan.contains_outer_reference() && (aggregate.aggr_expr.is_empty() || compares_by_equality(plan))
        }
        _ => false,
    };
    by_node && plan.inputs().into_iter().all(is_joinable)
}

/// Whether every condition below that takes something from around compares a column with it by `=`.
pub(super) fn compares_by_equality(plan: &LogicalPlan) -> bool {
    let of_filter = match plan {
        LogicalPlan::Filter(filter) => {
            split_conjunction(&filter.predicate).into_iter().filter(|term| term.contains_outer()).all(is_equality)
        }
        _ => true,
    };
    of_filter && plan.inputs().into_iter().all(compares_by_equality)
}

fn is_equality(term: &Expr) -> bool {
    let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = term else { return false };
    let is_column = |expr: &Expr| matches!(expr, Expr::Column(_));
    (is_column(left) && !right.any_column_refs()) || (is_column(right) && !left.any_column_refs())
}

/// A subquery over the rows of `around` with the same columns, correlated by nothing but `=` on top.
/// `None`: it cannot be done.
pub(super) fn by_equality(plan: &LogicalPlan, around: &LogicalPlan) -> Result<Option<LogicalPlan>> {
    let mut values = Vec::new();
    for outer in plan.all_out_ref_exprs() {
        let Expr::OuterReferenceColumn(field, column) = outer else { return Ok(None) };
        if !around.schema().has_column(&column) {
            return Ok(None);
        }
        let name = format!("__outer_{}", values.len());
        values.push(OuterValue { field, column, name });
    }
    if is_volatile(around)? {
        return Ok(None);
    }
    let named = values.iter().map(|value| Expr::Column(value.column.clone()).alias(&value.name));
    let domain = LogicalPlanBuilder::from(around.clone()).project(named.collect::<Vec<_>>())?.distinct()?.build()?;
    let decorrelation = Decorrelation { values, domain };
    let Some(independent) = decorrelation.rewritten(plan)? else { return Ok(None) };
    decorrelation.compared(plan, independent).map(Some)
}

/// Whether a plan answers anew each time it runs.
fn is_volatile(plan: &LogicalPlan) -> Result<bool> {
    let mut volatile = false;
    plan.apply_with_subqueries(|plan| {
        volatile = volatile || plan.expressions().iter().any(Expr::is_volatile);
        Ok(if volatile { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(volatile)
}

/// A column around the subquery that it speaks of.
struct OuterValue {
    field: FieldRef,
    column: Column,
    /// Its name within the subquery.
    name: String,
}

impl OuterValue {
    fn here(&self) -> Expr {
        Expr::Column(Column::new_unqualified(&self.name))
    }

    fn around(&self) -> Expr {
        Expr::OuterReferenceColumn(Arc::clone(&self.field), self.column.clone())
    }
}

struct Decorrelation {
    values: Vec<OuterValue>,
    /// The distinct values.
    domain: LogicalPlan,
}

/// The columns of a plan as expressions over another that has them too.
fn columns_of(plan: &LogicalPlan) -> Vec<Expr> {
    plan.schema().columns().into_iter().map(Expr::Column).collect()
}

impl Decorrelation {
    fn keys(&self) -> Vec<Expr> {
        self.values.iter().map(OuterValue::here).collect()
    }

    /// The columns of a plan and the keys, in this order.
    fn shaped(&self, plan: LogicalPlanBuilder, like: &LogicalPlan) -> Result<LogicalPlan> {
        plan.project(columns_of(like).into_iter().chain(self.keys()))?.build()
    }

    /// The expression over the keys instead of what is around. `None`: a subquery within it speaks of
    /// what is around too.
    fn bound(&self, expr: Expr) -> Result<Option<Expr>> {
        let nested = expr.exists(|expr| {
            let outer = match expr {
                Expr::ScalarSubquery(subquery)
                | Expr::InSubquery(InSubquery { subquery, .. })
                | Expr::Exists(Exists { subquery, .. }) => &subquery.outer_ref_columns,
                _ => return Ok(false),
            };
            Ok(outer.iter().any(|outer| self.values.iter().any(|value| value.around() == *outer)))
        })?;
        if nested {
            return Ok(None);
        }
        let bound = expr.transform_up(|expr| match &expr {
            Expr::OuterReferenceColumn(_, column) => match self.values.iter().find(|value| value.column == *column) {
                Some(value) => Ok(Transformed::yes(value.here())),
                None => Ok(Transformed::no(expr)),
            },
            _ => Ok(Transformed::no(expr)),
        })?;
        Ok(Some(bound.data))
    }

    /// The plan with the keys as further columns, for all of their values at once.
    fn rewritten(&self, plan: &LogicalPlan) -> Result<Option<LogicalPlan>> {
        if !is_correlated(plan) {
            let all = LogicalPlanBuilder::from(plan.clone()).cross_join(self.domain.clone())?;
            return all.build().map(Some);
        }
        match plan {
            LogicalPlan::Filter(filter) => {
                let Some(input) = self.rewritten(&filter.input)? else { return Ok(None) };
                let Some(predicate) = self.bound(filter.predicate.clone())? else { return Ok(None) };
                LogicalPlanBuilder::from(input).filter(predicate)?.build().map(Some)
            }
            LogicalPlan::Projection(projection) => {
                let Some(input) = self.rewritten(&projection.input)? else { return Ok(None) };
                self.projected(plan, projection, input)
            }
            LogicalPlan::SubqueryAlias(alias) => {
                let Some(input) = self.rewritten(&alias.input)? else { return Ok(None) };
                let input = self.shaped(LogicalPlanBuilder::from(input), &alias.input)?;
                let named = SubqueryAlias::try_new(Arc::new(input), alias.alias.clone())?;
                let keys = self
                    .values
                    .iter()
                    .map(|value| Expr::Column(Column::new(Some(alias.alias.clone()), &value.name)).alias(&value.name));
                let all = columns_of(plan).into_iter().chain(keys);
                LogicalPlanBuilder::from(LogicalPlan::SubqueryAlias(named)).project(all)?.build().map(Some)
            }
            LogicalPlan::Distinct(Distinct::All(input)) => {
                let Some(rows) = self.rewritten(input)? else { return Ok(None) };
                let rows = self.shaped(LogicalPlanBuilder::from(rows), input)?;
                LogicalPlanBuilder::from(rows).distinct()?.build().map(Some)
            }
            // An order matters to a LIMIT on it alone, which looks below it.
            LogicalPlan::Sort(sort) if sort.fetch.is_none() => self.rewritten(&sort.input),
            LogicalPlan::Limit(limit) => self.limited(limit),
            LogicalPlan::Aggregate(aggregate) => self.aggregated(plan, aggregate),
            LogicalPlan::Join(join) => self.joined(join),
            LogicalPlan::Union(union) => self.united(plan, union),
            _ => Ok(None),
        }
    }

    fn projected(
        &self,
        plan: &LogicalPlan,
        projection: &Projection,
        input: LogicalPlan,
    ) -> Result<Option<LogicalPlan>> {
        let names = NamePreserver::new(plan);
        let mut items = Vec::with_capacity(projection.expr.len() + self.values.len());
        for item in &projection.expr {
            let name = names.save(item);
            let Some(item) = self.bound(item.clone())? else { return Ok(None) };
            items.push(name.restore(item));
        }
        items.extend(self.keys());
        LogicalPlanBuilder::from(input).project(items)?.build().map(Some)
    }

    /// Numbers the rows of each key, in the order on which the limit stands, and keeps some.
    fn limited(&self, limit: &Limit) -> Result<Option<LogicalPlan>> {
        let (SkipType::Literal(skip), FetchType::Literal(fetch)) = (limit.get_skip_type()?, limit.get_fetch_type()?)
        else {
            return Ok(None);
        };
        let through = |input: &Arc<LogicalPlan>| {
            Arc::new(LogicalPlan::Limit(Limit { input: Arc::clone(input), ..limit.clone() }))
        };
        // Nodes that keep rows and their order let the limit through, down to the order.
        let (sorted, order): (&LogicalPlan, &[SortExpr]) = match limit.input.as_ref() {
            LogicalPlan::Projection(projection) => {
                let Some(input) = self.rewritten(&through(&projection.input))? else { return Ok(None) };
                return self.projected(&limit.input, projection, input);
            }
            LogicalPlan::SubqueryAlias(alias) => {
                let alias = SubqueryAlias::try_new(through(&alias.input), alias.alias.clone())?;
                return self.rewritten(&LogicalPlan::SubqueryAlias(alias));
            }
            LogicalPlan::Sort(Sort { expr, input, fetch: None }) => (input, expr),
            other => (other, &[]),
        };
        let Some(rows) = self.rewritten(sorted)? else { return Ok(None) };
        let mut keys = Vec::with_capacity(order.len());
        for key in order {
            let Some(expr) = self.bound(key.expr.clone())? else { return Ok(None) };
            keys.push(SortExpr { expr, ..key.clone() });
        }
        let number = row_number().partition_by(self.keys());
        let number = if keys.is_empty() { number.build()? } else { number.order_by(keys).build()? };
        let numbered = LogicalPlanBuilder::from(rows).window([number.alias(NUMBER)])?;
        let count = |n: usize| lit(ScalarValue::UInt64(u64::try_from(n).ok()));
        let position = || Expr::Column(Column::new_unqualified(NUMBER));
        let mut kept = position().gt(count(skip));
        if let Some(fetch) = fetch {
            kept = kept.and(position().lt_eq(count(skip.saturating_add(fetch))));
        }
        self.shaped(numbered.filter(kept)?, sorted).map(Some)
    }

    /// Groups by the keys too. Without GROUP BY there is a row for every key, whether it has rows or
    /// not; over no rows a count is 0 and everything else NULL.
    fn aggregated(&self, plan: &LogicalPlan, aggregate: &Aggregate) -> Result<Option<LogicalPlan>> {
        if plan.contains_outer_reference() {
            return Ok(None);
        }
        let Some(input) = self.rewritten(&aggregate.input)? else { return Ok(None) };
        let groups = self.keys().into_iter().chain(aggregate.group_expr.iter().cloned());
        let grouped = LogicalPlanBuilder::from(input).aggregate(groups, aggregate.aggr_expr.clone())?;
        if !aggregate.group_expr.is_empty() {
            return self.shaped(grouped, plan).map(Some);
        }
        let mut on = Vec::with_capacity(self.values.len());
        let renamed = self.values.iter().enumerate().map(|(number, value)| {
            let name = format!("__grouped_{number}");
            on.push(Expr::BinaryExpr(BinaryExpr {
                left: Box::new(value.here()),
                op: Operator::IsNotDistinctFrom,
                right: Box::new(Expr::Column(Column::new_unqualified(&name))),
            }));
            value.here().alias(name)
        });
        let renamed: Vec<Expr> = renamed.collect();
        let grouped = grouped.project(columns_of(plan).into_iter().chain(renamed))?.build()?;
        let all = LogicalPlanBuilder::from(self.domain.clone()).join_on(grouped, JoinType::Left, on)?;
        let mut items = Vec::with_capacity(aggregate.aggr_expr.len() + self.values.len());
        for (column, function) in plan.schema().columns().into_iter().zip(&aggregate.aggr_expr) {
            let Expr::AggregateFunction(call) = function.clone().unalias() else { return Ok(None) };
            let value = Expr::Column(column.clone());
            items.push(match call.func.name() {
                "count" => when(value.clone().is_null(), lit(0_i64))
                    .otherwise(value)?
                    .alias_qualified(column.relation.clone(), &column.name),
                "approx_distinct" | "regr_count" => return Ok(None),
                _ => value,
            });
        }
        items.extend(self.keys());
        all.project(items)?.build().map(Some)
    }

    fn joined(&self, join: &Join) -> Result<Option<LogicalPlan>> {
        let (left, right) = (is_correlated(&join.left), is_correlated(&join.right));
        let (left, right) = match (join.join_type, left, right) {
            (JoinType::Inner, true, false) | (JoinType::Inner, false, false) | (JoinType::Left, true, false) => {
                let Some(left) = self.rewritten(&join.left)? else { return Ok(None) };
                (left, join.right.as_ref().clone())
            }
            (JoinType::Inner, false, true) => {
                let Some(right) = self.rewritten(&join.right)? else { return Ok(None) };
                (join.left.as_ref().clone(), right)
            }
            _ => return Ok(None),
        };
        let mut conditions = Vec::with_capacity(join.on.len() + 1);
        for condition in join.on.iter().map(|(l, r)| l.clone().eq(r.clone())).chain(join.filter.clone()) {
            let Some(condition) = self.bound(condition)? else { return Ok(None) };
            conditions.push(condition);
        }
        LogicalPlanBuilder::from(left).join_on(right, join.join_type, conditions)?.build().map(Some)
    }

    fn united(&self, plan: &LogicalPlan, union: &Union) -> Result<Option<LogicalPlan>> {
        let mut all: Option<LogicalPlanBuilder> = None;
        for input in &union.inputs {
            let Some(rows) = self.rewritten(input)? else { return Ok(None) };
            let rows = self.shaped(LogicalPlanBuilder::from(rows), input)?;
            all = Some(match all {
                Some(all) => all.union(rows)?,
                None => LogicalPlanBuilder::from(rows),
            });
        }
        let Some(all) = all else { return Ok(None) };
        let columns = all.schema().columns();
        let own = columns
            .iter()
            .zip(plan.schema().columns())
            .map(|(column, own)| Expr::Column(column.clone()).alias_qualified(own.relation, own.name));
        let keys = columns.iter().skip(plan.schema().fields().len()).zip(&self.values);
        let keys = keys.map(|(column, value)| Expr::Column(column.clone()).alias(&value.name));
        let items: Vec<Expr> = own.chain(keys).collect();
        all.project(items)?.build().map(Some)
    }

    /// The rows of the keys that the row around has; NULL is a value as any other here.
    fn compared(&self, plan: &LogicalPlan, independent: LogicalPlan) -> Result<LogicalPlan> {
        let mut items = Vec::new();
        for (number, column) in plan.schema().columns().into_iter().enumerate() {
            items.push(Expr::Column(column).alias(format!("__column_{number}")));
        }
        let mut conditions = Vec::new();
        let mut compare = |name: String, here: Expr, around: Expr| {
            conditions.push(Expr::Column(Column::new(Some(ROWS), &name)).eq(around));
            items.push(here.alias(name));
        };
        for value in &self.values {
            if value.field.is_nullable() {
                let stand_in = Expr::Literal(ScalarValue::new_default(value.field.data_type())?, None);
                let known = |expr: Expr| when(expr.clone().is_null(), stand_in.clone()).otherwise(expr);
                compare(format!("{}_known", value.name), known(value.here())?, known(value.around())?);
                compare(format!("{}_null", value.name), value.here().is_null(), value.around().is_null());
            } else {
                compare(value.name.clone(), value.here(), value.around());
            }
        }
        // One filter: of several on top of each other, DataFusion keeps the columns of one only.
        let condition = conjunction(conditions).unwrap_or_else(|| lit(true));
        let rows = LogicalPlanBuilder::from(independent).project(items)?.alias(ROWS)?.filter(condition)?;
        let names = plan.schema().columns().into_iter().enumerate().map(|(number, own)| {
            Expr::Column(Column::new(Some(ROWS), format!("__column_{number}"))).alias_qualified(own.relation, own.name)
        });
        rows.project(names.collect::<Vec<_>>())?.build()
    }
}
