//! Comparisons of times, made exact before types are coerced.
//!
//! DataFusion casts both sides to the finer unit, which overflows for far years, and reads texts
//! in UTC. Here a constant becomes a constant of the column's own type, with the bound rounded
//! the way the operator needs; two columns of different types meet in the coarser unit. Each
//! comparison keeps its value for NULL.

use crate::functions::{Rounding, TimeType, convert_time};
use crate::time_text::{self, Moment};
use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::Result;
use datafusion::execution::SessionState;
use datafusion::logical_expr::expr::{InList, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator, binary_expr, lit};
use datafusion::optimizer::simplify_expressions::{ExprSimplifier, SimplifyContext};
use jiff::tz::TimeZone;
use std::sync::Arc;

/// The rewrite for one statement.
pub(crate) struct TimeComparisons<'a> {
    /// The session's zone, in which texts and wall clocks are read.
    pub(crate) zone: TimeZone,
    /// Knows what `now()` is.
    pub(crate) state: &'a SessionState,
}

impl TimeComparisons<'_> {
    /// Rewrites every comparison of a plan, subqueries included.
    pub(crate) fn rewrite(&self, plan: LogicalPlan) -> Result<LogicalPlan> {
        let rewritten = plan.transform_up_with_subqueries(|plan| {
            let schema = merge_schema(&plan.inputs());
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expr| {
                let name = names.save(&expr);
                let rewritten = expr.transform_up(|e| self.expression(e, &schema))?;
                Ok(rewritten.update_data(|e| name.restore(e)))
            })
        })?;
        Ok(rewritten.data)
    }

    fn expression(&self, expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
        let rewritten = match &expr {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => self.comparison(left, *op, right, schema)?,
            Expr::Between(between) => self.between(between, schema)?,
            Expr::InList(list) => self.list(list, schema)?,
            _ => None,
        };
        Ok(rewritten.map_or_else(|| Transformed::no(expr), Transformed::yes))
    }

    fn comparison(&self, left: &Expr, op: Operator, right: &Expr, schema: &DFSchema) -> Result<Option<Expr>> {
        if !op.supports_propagation()
            && !matches!(op, Operator::NotEq | Operator::IsDistinctFrom | Operator::IsNotDistinctFrom)
        {
            return Ok(None);
        }
        let (left_type, right_type) = (time_type(left, schema), time_type(right, schema));
        if let Some(data_type) = left_type.as_ref().filter(|_| !is_constant(left))
            && is_constant(right)
        {
            let moment = self.moment(right)?;
            return Ok(moment.and_then(|m| self.compared(left, data_type, op, m)));
        }
        if let Some(data_type) = right_type.as_ref().filter(|_| !is_constant(right))
            && is_constant(left)
        {
            let moment = self.moment(left)?;
            let Some(op) = swapped(op) else { return Ok(None) };
            return Ok(moment.and_then(|m| self.compared(right, data_type, op, m)));
        }
        match (left_type, right_type) {
            (Some(left_type), Some(right_type)) => Ok(self.columns(left, &left_type, op, right, &right_type)),
            _ => Ok(None),
        }
    }

    fn between(&self, between: &Between, schema: &DFSchema) -> Result<Option<Expr>> {
        let Between { expr, negated, low, high } = between;
        if time_type(expr, schema).is_none() {
            return Ok(None);
        }
        let (low_op, high_op) = if *negated { (Operator::Lt, Operator::Gt) } else { (Operator::GtEq, Operator::LtEq) };
        let low_side = self.comparison(expr, low_op, low, schema)?;
        let high_side = self.comparison(expr, high_op, high, schema)?;
        if low_side.is_none() && high_side.is_none() {
            return Ok(None);
        }
        let low_side = low_side.unwrap_or_else(|| binary_expr((**expr).clone(), low_op, (**low).clone()));
        let high_side = high_side.unwrap_or_else(|| binary_expr((**expr).clone(), high_op, (**high).clone()));
        Ok(Some(if *negated { low_side.or(high_side) } else { low_side.and(high_side) }))
    }

    fn list(&self, list: &InList, schema: &DFSchema) -> Result<Option<Expr>> {
        let Some(data_type) = time_type(&list.expr, schema).filter(|_| !is_constant(&list.expr)) else {
            return Ok(None);
        };
        let mut values = Vec::new();
        let mut changed = false;
        for value in &list.list {
            match if is_constant(value) { self.moment(value)? } else { None } {
                Some(moment) => {
                    changed = true;
                    // A value between two units is in no row.
                    values
                        .extend(self.in_units(&data_type, moment).filter(|u| u.whole).and_then(|u| u.literal(u.floor)));
                }
                None => values.push(value.clone()),
            }
        }
        if !changed {
            return Ok(None);
        }
        let expr = (*list.expr).clone();
        if values.is_empty() {
            let op = if list.negated { Operator::GtEq } else { Operator::Lt };
            return Ok(time_literal(&data_type, i64::MIN).map(|least| binary_expr(expr, op, least)));
        }
        Ok(Some(Expr::InList(InList::new(Box::new(expr), values, list.negated))))
    }

    /// A comparison with a constant, in the column's own type.
    fn compared(&self, column: &Expr, data_type: &DataType, op: Operator, moment: Moment) -> Option<Expr> {
        let units = self.in_units(data_type, moment)?;
        let (least, greatest) = (i128::from(i64::MIN), i128::from(i64::MAX));
        // `never` and `always` compare with the least time, so that NULL stays NULL.
        let never = Some((Operator::Lt, least));
        let always = Some((Operator::GtEq, least));
        let ceiling = if units.whole { units.floor } else { units.floor + 1 };
        let inside = |value: i128| least <= value && value <= greatest;
        let (op, value) = match op {
            Operator::Eq if units.whole && inside(units.floor) => (op, units.floor),
            Operator::Eq => never?,
            Operator::NotEq if units.whole && inside(units.floor) => (op, units.floor),
            Operator::NotEq => always?,
            Operator::IsDistinctFrom | Operator::IsNotDistinctFrom if units.whole && inside(units.floor) => {
                (op, units.floor)
            }
            Operator::IsDistinctFrom | Operator::IsNotDistinctFrom => return Some(lit(op == Operator::IsDistinctFrom)),
            Operator::Lt | Operator::GtEq if ceiling < least => {
                if op == Operator::Lt {
                    never?
                } else {
                    always?
                }
            }
            Operator::Lt | Operator::GtEq if ceiling > greatest => {
                if op == Operator::Lt {
                    always?
                } else {
                    never?
                }
            }
            Operator::Lt | Operator::GtEq => (op, ceiling),
            Operator::LtEq | Operator::Gt if units.floor < least => {
                if op == Operator::LtEq {
                    never?
                } else {
                    always?
                }
            }
            Operator::LtEq | Operator::Gt if units.floor > greatest => {
                if op == Operator::LtEq {
                    always?
                } else {
                    never?
                }
            }
            Operator::LtEq | Operator::Gt => (op, units.floor),
            _ => return None,
        };
        Some(binary_expr(column.clone(), op, units.literal(value)?))
    }

    /// Two times of different types: the finer one is floored or raised to the coarser unit.
    fn columns(
        &self,
        left: &Expr,
        left_type: &DataType,
        op: Operator,
        right: &Expr,
        right_type: &DataType,
    ) -> Option<Expr> {
        let (a, b) = (TimeType::of(left_type)?, TimeType::of(right_type)?);
        if a == b {
            return None;
        }
        if b.nanos > a.nanos {
            return self.columns(right, right_type, swapped(op)?, left, left_type);
        }
        // The left side is the coarser one now, or as fine as the right.
        let zone_name = self.state.config_options().execution.time_zone.clone()?;
        let target = match (left_type, a.zoned || b.zoned) {
            (DataType::Timestamp(unit, _), true) => DataType::Timestamp(*unit, Some("UTC".into())),
            (other, _) => other.clone(),
        };
        let converted = |expr: &Expr, from: &DataType, rounding: Rounding| {
            if *from == target {
                return expr.clone();
            }
            let function = convert_time(target.clone(), rounding, zone_name.clone());
            Expr::ScalarFunction(ScalarFunction::new_udf(function, vec![expr.clone()]))
        };
        let coarse = converted(left, left_type, Rounding::Floor);
        let floor = converted(right, right_type, Rounding::Floor);
        let ceiling = converted(right, right_type, Rounding::Ceiling);
        if a.nanos == b.nanos {
            return Some(binary_expr(coarse, op, floor));
        }
        Some(match op {
            Operator::Lt | Operator::GtEq => binary_expr(coarse, op, ceiling),
            Operator::LtEq | Operator::Gt => binary_expr(coarse, op, floor),
            Operator::Eq => coarse.clone().eq(floor).and(coarse.eq(ceiling)),
            Operator::NotEq => coarse.clone().not_eq(floor).or(coarse.not_eq(ceiling)),
            _ => return None,
        })
    }

    /// The time that a constant names; `None` when it is none, or NULL.
    fn moment(&self, constant: &Expr) -> Result<Option<Moment>> {
        match constant {
            Expr::Literal(ScalarValue::Utf8(text) | ScalarValue::LargeUtf8(text) | ScalarValue::Utf8View(text), _) => {
                return Ok(text.as_deref().and_then(time_text::parse));
            }
            // `TIMESTAMP '...'`: the cast would overflow where the text does not.
            Expr::Cast(cast) => {
                if let Some(to) = TimeType::of(cast.field.data_type())
                    && let Expr::Literal(ScalarValue::Utf8(Some(text)), _) = &*cast.expr
                    && let Some(moment) = time_text::parse(text)
                {
                    let floor = |n: i128| n - n.rem_euclid(to.nanos);
                    return Ok(Some(match moment {
                        Moment::Local(n) => Moment::Local(floor(n)),
                        Moment::Instant(n) => Moment::Instant(floor(n)),
                    }));
                }
            }
            _ => {}
        }
        let context = SimplifyContext::builder()
            .with_config_options(Arc::clone(self.state.config_options()))
            .with_query_execution_start_time(self.state.execution_props().query_execution_start_time)
            .build();
        let simplifier = ExprSimplifier::new(context);
        let schema = DFSchema::empty();
        // What cannot be computed here is reported where DataFusion computes it.
        let Ok(folded) = simplifier.coerce(constant.clone(), &schema).and_then(|e| simplifier.simplify(e)) else {
            return Ok(None);
        };
        let Expr::Literal(value, _) = folded else { return Ok(None) };
        if let ScalarValue::Date32(Some(days)) = value {
            return Ok(Some(Moment::Local(i128::from(days) * 86_400_000_000_000)));
        }
        let Some(of) = TimeType::of(&value.data_type()) else { return Ok(None) };
        let count = match value {
            ScalarValue::TimestampSecond(v, _)
            | ScalarValue::TimestampMillisecond(v, _)
            | ScalarValue::TimestampMicrosecond(v, _)
            | ScalarValue::TimestampNanosecond(v, _) => v,
            _ => None,
        };
        let nanos = count.map(|c| i128::from(c) * of.nanos);
        Ok(nanos.map(if of.zoned { Moment::Instant } else { Moment::Local }))
    }

    fn in_units<'t>(&self, data_type: &'t DataType, moment: Moment) -> Option<Units<'t>> {
        let of = TimeType::of(data_type)?;
        let nanos = if of.zoned { moment.instant(&self.zone)? } else { moment.local(&self.zone)? };
        Some(Units { data_type, floor: nanos.div_euclid(of.nanos), whole: nanos.rem_euclid(of.nanos) == 0 })
    }
}

/// A time counted in the unit of a column.
struct Units<'t> {
    data_type: &'t DataType,
    floor: i128,
    /// Whether the count is exact.
    whole: bool,
}

impl Units<'_> {
    fn literal(&self, value: i128) -> Option<Expr> {
        time_literal(self.data_type, i64::try_from(value).ok()?)
    }
}

fn time_literal(data_type: &DataType, value: i64) -> Option<Expr> {
    let DataType::Timestamp(unit, zone) = data_type else { return None };
    let (value, zone) = (Some(value), zone.clone());
    let scalar = match unit {
        TimeUnit::Second => ScalarValue::TimestampSecond(value, zone),
        TimeUnit::Millisecond => ScalarValue::TimestampMillisecond(value, zone),
        TimeUnit::Microsecond => ScalarValue::TimestampMicrosecond(value, zone),
        TimeUnit::Nanosecond => ScalarValue::TimestampNanosecond(value, zone),
    };
    Some(Expr::Literal(scalar, None))
}

fn time_type(expr: &Expr, schema: &DFSchema) -> Option<DataType> {
    expr.get_type(schema).ok().filter(|t| matches!(t, DataType::Timestamp(..)))
}

/// Whether an expression has one value for the whole statement that is known before it runs.
fn is_constant(expr: &Expr) -> bool {
    let mut constant = !expr.is_volatile();
    let walked = expr.apply(|e| {
        if matches!(
            e,
            Expr::Column(_)
                | Expr::OuterReferenceColumn(..)
                | Expr::ScalarSubquery(_)
                | Expr::InSubquery(_)
                | Expr::Exists(_)
                | Expr::SetComparison(_)
                | Expr::AggregateFunction(_)
                | Expr::WindowFunction(_)
                | Expr::Placeholder(_)
                | Expr::Unnest(_)
        ) {
            constant = false;
            return Ok(TreeNodeRecursion::Stop);
        }
        Ok(TreeNodeRecursion::Continue)
    });
    constant && walked.is_ok()
}

fn swapped(op: Operator) -> Option<Operator> {
    match op {
        Operator::IsDistinctFrom | Operator::IsNotDistinctFrom => Some(op),
        _ => op.swap(),
    }
}

#[cfg(test)]
mod tests;
