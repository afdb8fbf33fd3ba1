//! From a parsed query to one that DataFusion plans with this vendor's meaning: exact table names,
//! the time column of `first` and `last`, time literals in the request's zone, result names.
//!
//! Works on the syntax tree alone, with the tables in FROM known ([`scope`]).

mod functions;
mod order;
mod projection;
mod scope;
#[cfg(test)]
mod tests;
mod text_casts;
mod time_casts;
mod time_kinds;
mod time_literals;
mod time_meetings;

use crate::error::worded;
use crate::names::PUBLIC;
use crate::session::TIMEZONE;
use crate::settings;
use crate::timezone::Zone;
use ::sql::ast::{
    Expr, LimitClause, ObjectName, Query, Select, SetExpr, Statement, UnaryOperator, VisitMut as _, VisitorMut,
};
use ::sql::tree::{call, flow, qualify_stars, take};
use catalog::Catalog;
use model::{Error, ErrorKind, Result};
use query::Profile;
use scope::{Scope, Tables};
use std::ops::ControlFlow;
use std::rc::Rc;

pub(crate) use time_casts::assigned;

/// What the rewrite of a query depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meaning<'a> {
    /// What exists.
    pub(crate) catalog: &'a Catalog,
    /// The database of unqualified names.
    pub(crate) database: &'a str,
    /// The user's name.
    pub(crate) user: &'a str,
    /// The zone in which times without one are read.
    pub(crate) zone: &'a Zone,
    /// Knows which functions are aggregates.
    pub(crate) profile: &'a Profile,
}

/// Rewrites a query, or EXPLAIN of one.
///
/// # Errors
/// What this vendor refuses, in its words; what is not done here, by name.
pub(crate) fn rewrite(statement: &mut Statement, meaning: Meaning<'_>) -> Result<()> {
    let mut rewriter = Rewriter { meaning, tables: Tables::new(meaning), scopes: Vec::new() };
    match statement.visit(&mut rewriter) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

/// Rewrites an expression over one table, such as the condition of a DELETE.
///
/// # Errors
/// As [`rewrite`].
pub(crate) fn rewrite_expression(expr: &mut Expr, table: &model::Table, meaning: Meaning<'_>) -> Result<()> {
    let scope = Rc::new(Scope::of_table(table));
    let mut rewriter = Rewriter { meaning, tables: Tables::new(meaning), scopes: vec![scope] };
    match expr.visit(&mut rewriter) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

struct Rewriter<'a> {
    meaning: Meaning<'a>,
    tables: Tables<'a>,
    /// The FROM clauses around the current place, innermost last.
    scopes: Vec<Rc<Scope>>,
}

impl VisitorMut for Rewriter<'_> {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Error> {
        self.tables.enter(query);
        // ORDER BY is outside of the SELECT whose columns it may name.
        let scope = match innermost_select(&query.body) {
            Some(select) => self.tables.scope(select),
            None => Scope::default(),
        };
        if self.scopes.is_empty() && settings::newest_first(self.meaning.catalog) {
            order::newest_first(query, &scope, self.meaning.profile);
        }
        self.scopes.push(Rc::new(scope));
        flow(check_limits(query))
    }

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<Error> {
        time_meetings::in_set_operation(query, self.tables.kinds(&self.scopes), self.meaning.zone);
        self.scopes.pop();
        self.tables.leave();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Error> {
        let scope = Rc::new(self.tables.scope(select));
        self.scopes.push(Rc::clone(&scope));
        projection::expand_stars(select, &scope);
        projection::tags_behind_columns(select, &scope);
        projection::name_items(select, &scope);
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<Error> {
        qualify_stars(select);
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, name: &mut ObjectName) -> ControlFlow<Error> {
        strip_public(name, self.meaning.catalog);
        flow(self.check_database(name))
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        flow(self.expression(expr))
    }
}

impl Rewriter<'_> {
    /// A table of a database that does not exist is a missing table.
    fn check_database(&self, name: &ObjectName) -> Result<()> {
        let [database, table] = name.0.as_slice() else { return Ok(()) };
        let (Some(database), Some(table)) = (database.as_ident(), table.as_ident()) else { return Ok(()) };
        if self.meaning.catalog.database_named(&database.value).is_some() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::TableNotFound { table: format!("{}.{}", database.value, table.value) }))
    }

    fn expression(&self, expr: &mut Expr) -> Result<()> {
        match expr {
            Expr::CompoundIdentifier(parts) if parts.len() >= 3 => {
                // db.public.t.c and public.t.c
                let schema = parts.len() - 3;
                if parts.get(schema).is_some_and(|part| part.value == PUBLIC) {
                    parts.remove(schema);
                }
                Ok(())
            }
            Expr::Function(_) => {
                functions::rewrite(expr, &self.scopes, self.meaning)?;
                time_meetings::spell_out(expr, self.tables.kinds(&self.scopes), self.meaning.zone);
                Ok(())
            }
            Expr::TypedString(_) | Expr::Cast { .. } => {
                if !time_literals::typed(expr, self.meaning.zone)? {
                    time_casts::spell_out(expr);
                    text_casts::spell_out(expr);
                }
                Ok(())
            }
            Expr::AtTimeZone { timestamp, time_zone } => {
                let time = take(timestamp);
                let zone = take(time_zone);
                *expr = call(TIMEZONE, vec![zone, time]);
                Ok(())
            }
            Expr::Interval(interval) => {
                time_literals::in_interval(interval);
                Ok(())
            }
            // UNKNOWN is NULL, whatever the type.
            Expr::IsUnknown(inner) => {
                *expr = Expr::IsNull(Box::new(take(inner)));
                Ok(())
            }
            Expr::IsNotUnknown(inner) => {
                *expr = Expr::IsNotNull(Box::new(take(inner)));
                Ok(())
            }
            _ => {
                time_meetings::spell_out(expr, self.tables.kinds(&self.scopes), self.meaning.zone);
                Ok(())
            }
        }
    }
}

fn innermost_select(body: &SetExpr) -> Option<&Select> {
    match body {
        SetExpr::Select(select) => Some(select),
        SetExpr::Query(query) => innermost_select(&query.body),
        _ => None,
    }
}

fn check_limits(query: &Query) -> Result<()> {
    let negative = |expr: &Expr| matches!(expr, Expr::UnaryOp { op: UnaryOperator::Minus, .. });
    match &query.limit_clause {
        Some(LimitClause::LimitOffset { limit, offset, .. }) => {
            if limit.as_ref().is_some_and(negative) {
                return Err(worded("negative value for LIMIT"));
            }
            if offset.as_ref().is_some_and(|offset| negative(&offset.value)) {
                return Err(worded("negative value for OFFSET"));
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// `db.public.t` is `db.t`, and `public.t` is `t` unless there is a database of that name.
fn strip_public(name: &mut ObjectName, catalog: &Catalog) {
    let is_public = |position: usize| {
        name.0.get(position).and_then(|part| part.as_ident()).is_some_and(|part| part.value == PUBLIC)
    };
    match name.0.len() {
        3 if is_public(1) => {
            name.0.remove(1);
        }
        2 if is_public(0) && catalog.database_named(PUBLIC).is_none() => {
            name.0.remove(0);
        }
        _ => {}
    }
}
