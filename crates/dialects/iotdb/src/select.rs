//! From a parsed query to one that DataFusion plans with this vendor's meaning: exact names, special
//! literals, functions, names of result columns.
//!
//! Works on the syntax tree alone, with the tables in FROM known ([`scope`]). What depends on the
//! types of operands is found out while planning (`session`).

mod build;
mod comparisons;
mod expressions;
mod functions;
mod items;
mod scope;

pub(crate) use expressions::no_time;
pub(crate) use functions::names as function_names;

use crate::context::Context;
use crate::error::{Failure, Result, no_table, worded};
use crate::information_schema;
use crate::names::{self, INFORMATION_SCHEMA};
use ::sql::ast::{
    Expr, GroupByExpr, JoinConstraint, JoinOperator, LimitClause, NamedWindowExpr, ObjectName, OrderByKind, Query,
    Select, SetExpr, SetOperator, SetQuantifier, TableFactor, Value, VisitMut as _, VisitorMut,
};
use ::sql::tree::{flow, join_constraint, quoted};
use catalog::Catalog;
use model::{Privilege, Table};
use scope::{Scope, Source, Tables};
use std::ops::ControlFlow;
use std::rc::Rc;

/// What the rewrite of a query depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meaning<'a> {
    pub(crate) context: &'a Context,
    pub(crate) catalog: &'a Catalog,
}

impl<'a> Meaning<'a> {
    /// Of one request on one snapshot.
    pub(crate) const fn new(context: &'a Context, catalog: &'a Catalog) -> Self {
        Self { context, catalog }
    }
}

/// Rewrites a query.
///
/// # Errors
/// What this vendor refuses, in its words; what is not done here, by name.
pub(crate) fn rewrite(query: &mut Query, meaning: &Meaning<'_>) -> Result<()> {
    let mut rewriter = Rewriter { meaning: *meaning, tables: Tables::new(*meaning), scopes: Vec::new(), depth: 0 };
    outcome(query.visit(&mut rewriter))?;
    expressions::refuse_leftovers(query)
}

/// Rewrites an expression over one table, such as the condition of a DELETE.
///
/// # Errors
/// As [`rewrite`].
pub(crate) fn rewrite_expression(expr: &mut Expr, table: &Table, meaning: &Meaning<'_>) -> Result<()> {
    let scope = Rc::new(Scope::of_table(table));
    let tables = Tables::new(*meaning);
    let mut rewriter = Rewriter { meaning: *meaning, tables, scopes: vec![scope], depth: 1 };
    outcome(expr.visit(&mut rewriter))?;
    expressions::refuse_leftovers(expr)
}

fn outcome(flow: ControlFlow<Failure>) -> Result<()> {
    match flow {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(failure) => Err(failure),
    }
}

struct Rewriter<'a> {
    meaning: Meaning<'a>,
    tables: Tables<'a>,
    /// The FROM clauses around the current place, innermost last.
    scopes: Vec<Rc<Scope>>,
    /// How many queries are around the current place.
    depth: usize,
}

impl VisitorMut for Rewriter<'_> {
    type Break = Failure;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Failure> {
        flow(self.enter(query))
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<Failure> {
        self.depth -= 1;
        self.scopes.pop();
        self.tables.leave();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Failure> {
        if select.from.is_empty() {
            return ControlFlow::Break(worded("From clause must not be empty"));
        }
        if let Err(failure) = self.check_joins(select) {
            return ControlFlow::Break(failure);
        }
        keep_frames(select, true);
        let scope = Rc::new(self.tables.scope(select));
        self.scopes.push(Rc::clone(&scope));
        flow(items::name(select, &scope, false).and_then(|()| group_positions(select)))
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<Failure> {
        keep_frames(select, false);
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Failure> {
        match factor {
            TableFactor::Table { alias, .. }
            | TableFactor::Derived { alias, .. }
            | TableFactor::NestedJoin { alias, .. } => {
                if let Some(alias) = alias {
                    alias.name = quoted(&alias.name.value.to_lowercase());
                    for column in &mut alias.columns {
                        column.name = quoted(&column.name.value.to_lowercase());
                    }
                }
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Break(model::Error::unsupported("a table of this kind").into()),
        }
    }

    fn pre_visit_relation(&mut self, name: &mut ObjectName) -> ControlFlow<Failure> {
        flow(self.relation(name))
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Failure> {
        expressions::join_sign(expr);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Failure> {
        flow(expressions::rewrite(expr, &self.scopes, &self.meaning))
    }
}

impl Rewriter<'_> {
    fn enter(&mut self, query: &mut Query) -> Result<()> {
        if let Some(with) = &mut query.with {
            if with.recursive {
                return Err(worded("recursive cte is not supported yet."));
            }
            for cte in &mut with.cte_tables {
                cte.alias.name = quoted(&cte.alias.name.value.to_lowercase());
                for column in &mut cte.alias.columns {
                    column.name = quoted(&column.name.value.to_lowercase());
                }
            }
        }
        self.tables.enter(query);
        self.depth += 1;
        keep_limits(query);
        refuse_values(&query.body)?;
        let scope = match leftmost_select(&mut query.body) {
            Some(select) => {
                let scope = self.tables.scope(select);
                items::name(select, &scope, self.depth == 1)?;
                let items = items::outputs(select);
                if let Some(OrderByKind::Expressions(keys)) = query.order_by.as_mut().map(|order| &mut order.kind) {
                    for key in keys {
                        items::resolve_order(&mut key.expr, &items)?;
                    }
                }
                scope
            }
            None => Scope::default(),
        };
        self.scopes.push(Rc::new(scope));
        Ok(())
    }

    /// Refuses joins that this vendor refuses, or that sqlparser would take for others.
    fn check_joins(&mut self, select: &Select) -> Result<()> {
        for table in &select.from {
            let mut left = self.tables.sources(&table.relation);
            for join in &table.joins {
                let right = self.tables.sources(&join.relation);
                match join_constraint(&join.join_operator) {
                    Some(JoinConstraint::Natural) => return Err(worded("Natural join not supported")),
                    Some(JoinConstraint::Using(columns)) => {
                        for column in columns.iter().filter_map(|name| name.0.last()?.as_ident()) {
                            check_side(&column.value, &left, "left")?;
                            check_side(&column.value, &right, "right")?;
                        }
                    }
                    Some(JoinConstraint::None) if !matches!(join.join_operator, JoinOperator::CrossJoin(_)) => {
                        return Err(Failure::new(700, "a join ends without its condition. Expecting: 'ON', 'USING'"));
                    }
                    Some(_) => {}
                    None => return Err(model::Error::unsupported("a join of this kind").into()),
                }
                left.extend(right);
            }
        }
        Ok(())
    }

    /// The stored table behind a name, which becomes its exact name with its database.
    fn relation(&self, name: &mut ObjectName) -> Result<()> {
        let parts: Vec<String> =
            name.0.iter().filter_map(|part| part.as_ident()).map(|part| part.value.to_lowercase()).collect();
        let (database, table) = match parts.as_slice() {
            [table] if self.tables.is_common(table) => {
                *name = ObjectName::from(vec![quoted(table)]);
                return Ok(());
            }
            [table] => (self.meaning.context.query_database()?, table),
            [database, table] => (database.as_str(), table),
            _ => return Err(worded(format!("Too many dots in table name: {}", parts.join(".")))),
        };
        if database == INFORMATION_SCHEMA {
            if information_schema::columns(table).is_none() {
                return Err(no_table(database, table));
            }
            *name = ObjectName::from(vec![quoted(database), quoted(table)]);
            return Ok(());
        }
        let missing = || no_table(database, table);
        let home = names::database(self.meaning.catalog, database)?.ok_or_else(missing)?;
        let found = names::table(self.meaning.catalog, home, table)?.ok_or_else(missing)?;
        self.meaning.context.require_table(Privilege::Select, home, found)?;
        *name = ObjectName::from(vec![quoted(&home.name), quoted(&found.name)]);
        Ok(())
    }
}

/// The SELECT that names the columns of a query.
fn leftmost_select(body: &mut SetExpr) -> Option<&mut Select> {
    match body {
        SetExpr::Select(select) => Some(select),
        SetExpr::SetOperation { left, .. } => leftmost_select(left),
        SetExpr::Query(query) => leftmost_select(&mut query.body),
        _ => None,
    }
}

/// Fails when no item of one side of a join has a column.
fn check_side(column: &str, sources: &[Source], side: &str) -> Result<()> {
    let name = column.to_lowercase();
    let unknown = sources.iter().any(|source| !source.columns.known);
    if unknown || sources.iter().any(|source| source.column(&name).is_some()) {
        return Ok(());
    }
    Err(worded(format!("Column '{name}' is missing from {side} side of join")))
}

fn refuse_values(body: &SetExpr) -> Result<()> {
    match body {
        SetExpr::SetOperation { op, set_quantifier: SetQuantifier::All, .. } if *op != SetOperator::Union => {
            Err(model::Error::unsupported(format!("{op} ALL")).into())
        }
        SetExpr::Values(_) => Err(Failure::new(305, "Values is not supported in current version.")),
        SetExpr::SetOperation { left, right, .. } => refuse_values(left).and_then(|()| refuse_values(right)),
        _ => Ok(()),
    }
}

/// Marks the numbers of LIMIT and OFFSET, which stay plain.
fn keep_limits(query: &mut Query) {
    let mark = |expr: &mut Expr| {
        if let Expr::Value(value) = expr
            && let Value::Number(_, keep) = &mut value.value
        {
            *keep = true;
        }
    };
    if let Some(LimitClause::LimitOffset { limit, offset, .. }) = &mut query.limit_clause {
        limit.iter_mut().for_each(mark);
        if let Some(offset) = offset {
            mark(&mut offset.value);
        }
    }
}

/// Marks or frees the numbers in the frames of named windows.
fn keep_frames(select: &mut Select, keep: bool) {
    for definition in &mut select.named_window {
        if let NamedWindowExpr::WindowSpec(spec) = &mut definition.1 {
            expressions::keep_frame(spec, keep);
        }
    }
}

/// Positions in GROUP BY become what stands there in the select list.
fn group_positions(select: &mut Select) -> Result<()> {
    let items = items::expressions(select);
    let GroupByExpr::Expressions(keys, modifiers) = &mut select.group_by else { return Ok(()) };
    if !modifiers.is_empty() {
        return Err(Failure::new(700, "Only support one groupingSet now"));
    }
    for key in keys {
        if matches!(key, Expr::Rollup(_) | Expr::Cube(_) | Expr::GroupingSets(_)) {
            return Err(Failure::new(700, "Only support one groupingSet now"));
        }
        if let Some(position) = items::position(key) {
            let missing = || worded(format!("GROUP BY position {position} is not in select list"));
            *key = items::at(position, &items).cloned().ok_or_else(missing)?;
        }
    }
    Ok(())
}
