//! From a parsed query to one that is planned with this vendor's meaning: names without regard to
//! case, functions under this vendor's names, casts that give NULL, and names of result columns.
//!
//! Works on the syntax tree alone, with the columns of the tables in FROM known ([`columns`]).

mod columns;
mod formats;
mod functions;
mod items;

use crate::context::Context;
use crate::names::is_catalog;
use crate::session::{NO_TIME, TEXT_OF, WALL_CLOCK};
use ::sql::ast::{
    BinaryOperator, CastKind, Expr, LimitClause, ObjectName, Query, Select, Statement, UnaryOperator, Value,
    VisitMut as _, VisitorMut,
};
use ::sql::tree::{call, flow, grouped, qualify_stars, take};
use catalog::Catalog;
use columns::Columns;
use model::{Error, ErrorKind, Result};
use std::ops::ControlFlow;

/// Rewrites a query, or EXPLAIN of one.
///
/// # Errors
/// Unknown catalogs, names that may stand for several columns, functions that are not done here.
pub(crate) fn rewrite(statement: &mut Statement, context: &Context, catalog: &Catalog) -> Result<()> {
    limit_rows(statement, context.variables.rows_max);
    let columns = Columns::of(statement, catalog, context.database.as_deref());
    match statement.visit(&mut Rewriter { context, columns: &columns }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

struct Rewriter<'a> {
    context: &'a Context,
    columns: &'a Columns,
}

impl VisitorMut for Rewriter<'_> {
    type Break = Error;

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Error> {
        items::name(select, self.columns);
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, name: &mut ObjectName) -> ControlFlow<Error> {
        flow(strip_catalog(name))
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<Error> {
        qualify_stars(select);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        flow(self.expression(expr))
    }
}

impl Rewriter<'_> {
    fn expression(&self, expr: &mut Expr) -> Result<()> {
        match expr {
            Expr::Identifier(name) => self.columns.correct(name),
            Expr::CompoundIdentifier(parts) => {
                if let [catalog, _, _, _] = parts.as_slice()
                    && is_catalog(&catalog.value)
                {
                    parts.remove(0);
                }
                parts.last_mut().map_or(Ok(()), |name| self.columns.correct(name))
            }
            Expr::Function(_) => functions::rewrite(expr, self.context),
            Expr::Cast { .. } => {
                cast(expr);
                Ok(())
            }
            Expr::RLike { negated, expr: text, pattern, .. } => {
                let op = if *negated { BinaryOperator::PGRegexNotMatch } else { BinaryOperator::PGRegexMatch };
                let (left, right) = (take(text), take(pattern));
                *expr = Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) };
                Ok(())
            }
            Expr::Between { .. } => {
                between(expr);
                Ok(())
            }
            Expr::InList { .. } => {
                in_list(expr);
                Ok(())
            }
            Expr::Substring { .. } => {
                substring(expr);
                Ok(())
            }
            Expr::Extract { expr: time, .. } => {
                **time = call(WALL_CLOCK, vec![take(time)]);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// BETWEEN as the two comparisons that it stands for, which are planned by the types of both sides.
fn between(expr: &mut Expr) {
    let Expr::Between { expr: value, negated, low, high } = expr else { return };
    let (above, below, join) = if *negated {
        (BinaryOperator::Lt, BinaryOperator::Gt, BinaryOperator::Or)
    } else {
        (BinaryOperator::GtEq, BinaryOperator::LtEq, BinaryOperator::And)
    };
    let left = grouped(Expr::clone(value), above, take(low));
    let right = grouped(take(value), below, take(high));
    *expr = grouped(left, join, right);
}

/// The longest list that is written out as comparisons.
const LIST_MAX: usize = 64;

/// IN with texts that are numbers as the comparisons that it stands for: what they are compared with
/// may be a number.
fn in_list(expr: &mut Expr) {
    let Expr::InList { expr: value, list, negated } = expr else { return };
    let is_number = |item: &Expr| match item {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => text.trim().parse::<f64>().is_ok(),
            _ => false,
        },
        _ => false,
    };
    if list.len() > LIST_MAX || !list.iter().any(is_number) {
        return;
    }
    let (op, join) =
        if *negated { (BinaryOperator::NotEq, BinaryOperator::And) } else { (BinaryOperator::Eq, BinaryOperator::Or) };
    let terms = std::mem::take(list).into_iter().map(|item| grouped(Expr::clone(value), op.clone(), item));
    if let Some(whole) = terms.reduce(|left, right| grouped(left, join.clone(), right)) {
        *expr = whole;
    }
}

/// A negative start of SUBSTR counts from the end of the text.
fn substring(expr: &mut Expr) {
    let Expr::Substring { expr: text, substring_from: Some(from), substring_for: length, .. } = expr else { return };
    let Expr::UnaryOp { op: UnaryOperator::Minus, expr: count } = from.as_mut() else { return };
    let end = call("right", vec![take(text), take(count)]);
    *expr = match length {
        Some(length) => call("left", vec![end, take(length)]),
        None => end,
    };
}

/// A cast gives NULL where it fails, and spells values as this vendor does.
fn cast(expr: &mut Expr) {
    let Expr::Cast { kind, expr: inner, data_type, .. } = expr else { return };
    *kind = CastKind::TryCast;
    let word = data_type.to_string().to_ascii_lowercase();
    if ["char", "varchar", "string", "text"].iter().any(|text| word.starts_with(text)) {
        *expr = call(TEXT_OF, vec![take(inner)]);
    } else if word.starts_with("date") {
        **inner = call(WALL_CLOCK, vec![take(inner)]);
    } else if !matches!(inner.as_ref(), Expr::Value(_)) {
        **inner = call(NO_TIME, vec![take(inner)]);
    }
}

fn strip_catalog(name: &mut ObjectName) -> Result<()> {
    if name.0.len() < 3 {
        return Ok(());
    }
    let first = name.0.first().and_then(|part| part.as_ident()).map(|part| part.value.clone()).unwrap_or_default();
    if name.0.len() == 3 && is_catalog(&first) {
        name.0.remove(0);
        return Ok(());
    }
    Err(Error::new(ErrorKind::InvalidStatement { reason: format!("Unknown catalog '{first}'") }))
}

/// `sql_select_limit`: for queries that say no limit themselves.
fn limit_rows(statement: &mut Statement, rows_max: Option<u64>) {
    let (Some(rows), Statement::Query(query)) = (rows_max, statement) else { return };
    let query: &mut Query = query;
    if query.limit_clause.is_none() && query.fetch.is_none() {
        let limit = Some(Expr::Value(Value::Number(rows.to_string(), false).with_empty_span()));
        query.limit_clause = Some(LimitClause::LimitOffset { limit, offset: None, limit_by: Vec::new() });
    }
}
