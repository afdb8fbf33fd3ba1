//! `IN (subquery)` and `EXISTS (subquery)` as values, wherever they stand; and subqueries as values
//! that depend on the row around them in ways that DataFusion does not join.
//!
//! DataFusion runs predicates only as conditions of WHERE and HAVING. Elsewhere (the select list, ON,
//! CASE, an aggregate's argument) they become comparisons of counts, which it does run, with the
//! NULLs that SQL wants: `x IN (s)` is NULL when no value matches and x or some value is NULL.

use super::correlation::{by_equality, compares_by_equality, is_correlated, is_joinable};
use arrow::datatypes::{DataType, Field};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, JoinType, ScalarValue, Spans};
use datafusion::error::Result;
use datafusion::functions_aggregate::expr_fn::{count, first_value};
use datafusion::logical_expr::expr::{Exists, InSubquery};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::type_coercion::binary::comparison_coercion;
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{
    Distinct, Expr, ExprSchemable, Join, LogicalPlan, LogicalPlanBuilder, Projection, Subquery, lit, when,
};
use std::collections::HashMap;
use std::sync::Arc;

/// The value that a subquery's column is compared by.
const VALUE: &str = "__value";

/// The rewrite for one statement.
#[derive(Debug, Default)]
pub(crate) struct SubqueryValues {
    /// Columns made so far, for their names.
    columns: usize,
}

impl SubqueryValues {
    /// Rewrites a plan, subqueries included.
    pub(crate) fn rewrite(mut self, plan: LogicalPlan) -> Result<LogicalPlan> {
        let rewritten = plan.transform_up_with_subqueries(|plan| {
            if !plan.expressions().iter().any(has_predicate) {
                return Ok(Transformed::no(plan));
            }
            Ok(Transformed::yes(match plan {
                LogicalPlan::Filter(filter) => {
                    let terms = split_conjunction_owned(filter.predicate);
                    let terms =
                        terms.into_iter().map(|term| condition(term, &filter.input)).collect::<Result<Vec<_>>>()?;
                    let builder = LogicalPlanBuilder::from(Arc::unwrap_or_clone(filter.input));
                    builder.filter(conjunction(terms).unwrap_or_else(|| lit(true)))?.build()?
                }
                LogicalPlan::Projection(_) => in_place(plan)?,
                LogicalPlan::Join(join) => self.join(join)?,
                LogicalPlan::Aggregate(_) | LogicalPlan::Window(_) | LogicalPlan::Sort(_) => self.below(plan)?,
                other => other,
            }))
        })?;
        Ok(rewritten.data)
    }

    /// Conditions of an inner join go above it. Those of an outer join are computed in the input
    /// that they speak of; they stay when they speak of both.
    fn join(&mut self, mut join: Join) -> Result<LogicalPlan> {
        let terms = join.filter.take().map(split_conjunction_owned).unwrap_or_default();
        let (above, mut on): (Vec<_>, Vec<_>) = if join.join_type == JoinType::Inner {
            terms.into_iter().partition(has_predicate)
        } else {
            (Vec::new(), terms)
        };
        let columns = join.schema.columns();
        let mut changed = false;
        for side in [&mut join.left, &mut join.right] {
            let mut made = HashMap::new();
            for term in &mut on {
                *term = self.replaced(std::mem::take(term), side, &mut made)?;
            }
            if !made.is_empty() {
                changed = true;
                *side = Arc::new(with_columns(side, made)?);
            }
        }
        join.filter = conjunction(on);
        let join = LogicalPlan::Join(join).recompute_schema()?;
        let mut builder = LogicalPlanBuilder::from(join);
        if changed {
            builder = builder.project(columns.into_iter().map(Expr::Column))?;
        }
        let plan = builder.build()?;
        let above = above.into_iter().map(|term| condition(term, &plan)).collect::<Result<Vec<_>>>()?;
        match conjunction(above) {
            Some(above) => LogicalPlanBuilder::from(plan).filter(above)?.build(),
            None => Ok(plan),
        }
    }

    /// Computes the predicates of a node as columns below it.
    fn below(&mut self, plan: LogicalPlan) -> Result<LogicalPlan> {
        let [input] = plan.inputs()[..] else { return Ok(plan) };
        let input = input.clone();
        let keeps_columns = !matches!(plan, LogicalPlan::Aggregate(_));
        let columns = plan.schema().columns();
        let names = NamePreserver::new(&plan);
        let mut made = HashMap::new();
        let mut expressions = Vec::new();
        for expr in plan.expressions() {
            let name = names.save(&expr);
            expressions.push(name.restore(self.replaced(expr, &input, &mut made)?));
        }
        if made.is_empty() {
            return Ok(plan);
        }
        let rewritten = plan.with_new_exprs(expressions, vec![with_columns(&input, made)?])?.recompute_schema()?;
        if keeps_columns {
            return LogicalPlanBuilder::from(rewritten).project(columns.into_iter().map(Expr::Column))?.build();
        }
        Ok(rewritten)
    }

    /// The expression with its predicates over a plan's columns replaced by columns to be made.
    fn replaced(&mut self, expr: Expr, around: &LogicalPlan, made: &mut HashMap<Expr, (String, Expr)>) -> Result<Expr> {
        let schema = around.schema();
        let rewritten = expr.transform_down(|expr| {
            if !is_predicate(&expr) || !speaks_of(&expr, schema) {
                return Ok(Transformed::no(expr));
            }
            if let Some((name, _)) = made.get(&expr) {
                return Ok(Transformed::yes(Expr::Column(Column::new_unqualified(name))));
            }
            let Some(value) = value(&expr, around)? else { return Ok(Transformed::no(expr)) };
            self.columns += 1;
            let name = format!("__predicate_{}", self.columns);
            made.insert(expr, (name.clone(), value));
            Ok(Transformed::yes(Expr::Column(Column::new_unqualified(name))))
        })?;
        Ok(rewritten.data)
    }
}

fn is_predicate(expr: &Expr) -> bool {
    match expr {
        Expr::InSubquery(_) | Expr::Exists(_) => true,
        Expr::ScalarSubquery(subquery) => is_dependent_value(subquery),
        _ => false,
    }
}

/// Whether a subquery has at most one row for each row around it, and no join that finds it.
fn is_dependent_value(subquery: &Subquery) -> bool {
    let plan = &subquery.subquery;
    !is_joinable(plan) && (is_one_row(plan) || is_first_row(plan))
}

/// Whether a subquery ends with LIMIT 1.
fn is_first_row(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Projection(projection) => is_first_row(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => is_first_row(&alias.input),
        LogicalPlan::Limit(limit) => {
            matches!(limit.fetch.as_deref(), Some(Expr::Literal(ScalarValue::Int64(Some(0 | 1)), _)))
        }
        _ => false,
    }
}

fn has_predicate(expr: &Expr) -> bool {
    expr.exists(|e| Ok(is_predicate(e))).unwrap_or(false)
}

/// Whether all columns that a predicate takes from around it are in the schema.
fn speaks_of(predicate: &Expr, schema: &DFSchema) -> bool {
    let outer = match predicate {
        Expr::InSubquery(predicate) => &predicate.subquery.outer_ref_columns,
        Expr::Exists(predicate) => &predicate.subquery.outer_ref_columns,
        Expr::ScalarSubquery(subquery) => &subquery.outer_ref_columns,
        _ => return false,
    };
    let outer = outer.iter().filter_map(|e| match e {
        Expr::OuterReferenceColumn(_, column) => Some(column),
        _ => None,
    });
    predicate.column_refs().into_iter().chain(outer).all(|column| schema.has_column(column))
}

/// The input with more columns.
fn with_columns(input: &LogicalPlan, made: HashMap<Expr, (String, Expr)>) -> Result<LogicalPlan> {
    let mut made: Vec<_> = made.into_values().collect();
    made.sort_by(|a, b| a.0.cmp(&b.0));
    let kept = input.schema().columns().into_iter().map(Expr::Column);
    let made = made.into_iter().map(|(name, value)| value.alias(name));
    let projection = Projection::try_new(kept.chain(made).collect(), Arc::new(input.clone()))?;
    Ok(LogicalPlan::Projection(projection))
}

fn in_place(plan: LogicalPlan) -> Result<LogicalPlan> {
    let [input] = plan.inputs()[..] else { return Ok(plan) };
    let (input, names) = (input.clone(), NamePreserver::new(&plan));
    let rewritten = plan.map_expressions(|expr| {
        let name = names.save(&expr);
        Ok(Transformed::yes(name.restore(values_in(expr, &input)?)))
    })?;
    rewritten.data.recompute_schema()
}

/// The expression with values for its predicates; those that cannot be counted stay.
fn values_in(expr: Expr, around: &LogicalPlan) -> Result<Expr> {
    let rewritten = expr.transform_down(|expr| {
        Ok(match value(&expr, around)? {
            Some(value) => Transformed::new(value, true, TreeNodeRecursion::Jump),
            None => Transformed::no(expr),
        })
    })?;
    Ok(rewritten.data)
}

/// A term of a condition. DataFusion joins predicates that stand alone, and EXISTS anywhere; it
/// takes IN within a greater term for false where it is NULL.
fn condition(term: Expr, around: &LogicalPlan) -> Result<Expr> {
    match term {
        Expr::Not(inner) if is_predicate(&inner) => Ok(Expr::Not(Box::new(joined_or_value(*inner, around)?))),
        term if is_predicate(&term) => joined_or_value(term, around),
        term => {
            let rewritten = term.transform_down(|expr| {
                let counted = match &expr {
                    Expr::InSubquery(_) => value(&expr, around)?,
                    _ => None,
                };
                Ok(match counted {
                    Some(value) => Transformed::new(value, true, TreeNodeRecursion::Jump),
                    None if is_predicate(&expr) => Transformed::yes(joined_or_value(expr, around)?),
                    None => Transformed::no(expr),
                })
            })?;
            Ok(rewritten.data)
        }
    }
}

/// The predicate as DataFusion joins it; as a value where it does not.
fn joined_or_value(predicate: Expr, around: &LogicalPlan) -> Result<Expr> {
    let predicate = without_order(predicate)?;
    let rows = match &predicate {
        Expr::InSubquery(predicate) => &predicate.subquery.subquery,
        Expr::Exists(predicate) => &predicate.subquery.subquery,
        _ => return Ok(value(&predicate, around)?.unwrap_or(predicate)),
    };
    if is_joinable(rows) {
        return Ok(predicate);
    }
    Ok(value(&predicate, around)?.unwrap_or(predicate))
}

/// The predicate over the subquery without what changes no answer, and may stand in a join's way.
fn without_order(mut expr: Expr) -> Result<Expr> {
    match &mut expr {
        Expr::InSubquery(predicate) if !predicate.subquery.outer_ref_columns.is_empty() => {
            predicate.subquery.subquery = Arc::new(stripped(&predicate.subquery.subquery, false)?);
        }
        Expr::Exists(predicate) if !predicate.subquery.outer_ref_columns.is_empty() => {
            predicate.subquery.subquery = Arc::new(stripped(&predicate.subquery.subquery, true)?);
        }
        _ => {}
    }
    Ok(expr)
}

/// A subquery without its order and repetitions; where only its being empty matters, without its
/// limit either.
fn stripped(plan: &LogicalPlan, emptiness: bool) -> Result<LogicalPlan> {
    let below = |input: &LogicalPlan| stripped(input, emptiness);
    match plan {
        LogicalPlan::Sort(sort) if sort.fetch.is_none() => below(&sort.input),
        LogicalPlan::Distinct(Distinct::All(input)) => below(input),
        LogicalPlan::Limit(limit) if emptiness && limit.skip.is_none() => match limit.fetch.as_deref() {
            Some(Expr::Literal(ScalarValue::Int64(Some(rows)), _)) if *rows > 0 => below(&limit.input),
            _ => Ok(plan.clone()),
        },
        LogicalPlan::Projection(projection) => {
            let input = Arc::new(below(&projection.input)?);
            Ok(LogicalPlan::Projection(Projection::try_new(projection.expr.clone(), input)?))
        }
        _ => Ok(plan.clone()),
    }
}

/// Whether rows of a correlated subquery can be counted by a join.
fn is_plain(plan: &LogicalPlan) -> bool {
    if !is_correlated(plan) {
        return true;
    }
    let plain = matches!(
        plan,
        LogicalPlan::Projection(_)
            | LogicalPlan::Filter(_)
            | LogicalPlan::Join(_)
            | LogicalPlan::SubqueryAlias(_)
            | LogicalPlan::TableScan(_)
    );
    plain && plan.inputs().into_iter().all(is_plain)
}

/// Rows that a join can count; `None` where that cannot be had.
fn countable(rows: LogicalPlan, around: &LogicalPlan) -> Result<Option<LogicalPlan>> {
    if is_plain(&rows) && compares_by_equality(&rows) { Ok(Some(rows)) } else { by_equality(&rows, around) }
}

/// Whether a subquery has one row, always: an aggregate without GROUP BY.
fn is_one_row(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Projection(projection) => is_one_row(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => is_one_row(&alias.input),
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        _ => false,
    }
}

/// The value of a predicate, if rows can be counted.
fn value(predicate: &Expr, around: &LogicalPlan) -> Result<Option<Expr>> {
    let (value, negated) = match predicate {
        Expr::Exists(Exists { subquery, negated }) => {
            let rows = stripped(&subquery.subquery, true)?;
            if is_one_row(&rows) {
                return Ok(Some(lit(!negated)));
            }
            let independent = !is_correlated(&rows);
            let Some(rows) = countable(rows, around)? else { return Ok(None) };
            let mut rows = LogicalPlanBuilder::from(rows);
            if independent {
                rows = rows.limit(0, Some(1))?;
            }
            (counted(rows)?.gt(lit(0_i64)), *negated)
        }
        Expr::InSubquery(InSubquery { expr, subquery, negated }) => match membership(expr, subquery, around)? {
            Some(value) => (value, *negated),
            None => return Ok(None),
        },
        Expr::ScalarSubquery(subquery) if is_dependent_value(subquery) => {
            return match by_equality(&subquery.subquery, around)? {
                Some(rows) => only_value(rows).map(Some),
                None => Ok(None),
            };
        }
        _ => return Ok(None),
    };
    Ok(Some(if negated { Expr::Not(Box::new(value)) } else { value }))
}

/// `expr IN (subquery)`.
fn membership(expr: &Expr, subquery: &Subquery, around: &LogicalPlan) -> Result<Option<Expr>> {
    let schema = around.schema();
    if expr.contains_outer() {
        return Ok(None);
    }
    let rows = stripped(&subquery.subquery, false)?;
    if rows.schema().fields().len() != 1 {
        return Ok(None);
    }
    if is_one_row(&rows) && is_joinable(&rows) {
        return Ok(Some(expr.clone().eq(scalar(rows))));
    }
    let Some(rows) = countable(rows, around)? else { return Ok(None) };
    let (qualifier, field) = rows.schema().qualified_field(0);
    let left = expr.get_type(schema.as_ref())?;
    let Some(common) = comparison_coercion(&left, field.data_type()) else { return Ok(None) };
    let found = Expr::Column(Column::new(qualifier.cloned(), field.name()));
    let found = cast(found, field.data_type(), &common).alias(VALUE);
    let values = LogicalPlanBuilder::from(rows.clone()).project([found])?.build()?;
    let those = |condition: Expr| counted(LogicalPlanBuilder::from(values.clone()).filter(condition)?);
    let column = || Expr::Column(Column::new_unqualified(VALUE));

    let outer = expr.clone().transform_up(|e| match e {
        Expr::Column(column) => {
            let (_, field) = schema.qualified_field_from_column(&column)?;
            let field: Arc<Field> = Arc::clone(field);
            Ok(Transformed::yes(Expr::OuterReferenceColumn(field, column)))
        }
        other => Ok(Transformed::no(other)),
    })?;
    let outer = cast(outer.data, &left, &common);
    let unknown = || lit(ScalarValue::Boolean(None));
    let positive = |count: Expr| count.gt(lit(0_i64));
    let mut cases = when(positive(those(column().eq(outer))?), lit(true));
    if expr.nullable(schema.as_ref())? {
        let any = positive(counted(LogicalPlanBuilder::from(values.clone()))?);
        cases = cases.when(expr.clone().is_null(), when(any, unknown()).otherwise(lit(false))?);
    }
    if field.is_nullable() {
        cases = cases.when(positive(those(column().is_null())?), unknown());
    }
    Ok(Some(cases.otherwise(lit(false))?))
}

fn cast(expr: Expr, from: &DataType, to: &DataType) -> Expr {
    if from == to { expr } else { Expr::Cast(datafusion::logical_expr::Cast::new(Box::new(expr), to.clone())) }
}

/// The value of the only row, if there is one.
fn only_value(rows: LogicalPlan) -> Result<Expr> {
    let column = rows.schema().columns().into_iter().next().map(Expr::Column).unwrap_or_default();
    let value = first_value(column, Vec::new());
    Ok(scalar(LogicalPlanBuilder::from(rows).aggregate(Vec::<Expr>::new(), [value])?.build()?))
}

/// The number of rows of a plan, as a value.
fn counted(rows: LogicalPlanBuilder) -> Result<Expr> {
    Ok(scalar(rows.aggregate(Vec::<Expr>::new(), [count(lit(1_i64))])?.build()?))
}

fn scalar(plan: LogicalPlan) -> Expr {
    let outer_ref_columns = plan.all_out_ref_exprs();
    Expr::ScalarSubquery(Subquery { subquery: Arc::new(plan), outer_ref_columns, spans: Spans::new() })
}

#[cfg(test)]
mod tests;
