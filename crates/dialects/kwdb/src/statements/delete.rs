//! `DELETE` and `TRUNCATE`. Rows of a time-series table are deleted by time, by the whole primary
//! tag, or by both; the primary tag alone ends the series too.

mod series;

pub(crate) use series::{Selection, primary_tag_equalities};

use super::query;
use super::update::surroundings;
use crate::context::Context;
use crate::error::definition;
use crate::select;
use crate::sql::statement::{Delete, Name, TableName};
use ::sql::ast::{Expr, Ident, VisitMut as _, VisitorMut};
use engine::DeleteRequest;
use model::{Error, Privilege, Result, Scope, Table, TableKind};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Runs a DELETE; answers with how many rows where that is known.
///
/// # Errors
/// Broken rules in the vendor's words, no privilege.
pub(crate) async fn run(context: &Context, delete: Delete, text: &str) -> Result<u64> {
    let (table, request) = prepare(context, delete)?;
    context.engine().delete(context.caller(), &surroundings(context, &table, text), request).await
}

/// What a DELETE asks of the engine.
///
/// # Errors
/// As [`run`], but for what only the rows tell.
pub(super) fn prepare(context: &Context, delete: Delete) -> Result<(Arc<Table>, DeleteRequest)> {
    let catalog = context.catalog();
    let table = context.table(&catalog, &delete.table)?;
    context.engine().require(context.caller(), Privilege::Delete, Scope::Table(table.id))?;
    if delete.selection.is_some() {
        // Whoever deletes by a condition reads.
        context.engine().require(context.caller(), Privilege::Select, Scope::Table(table.id))?;
    }
    let plain = delete.with.is_none()
        && delete.order_by.is_empty()
        && delete.limit.is_none()
        && delete.returning.is_empty()
        && delete.bracket_sources.is_empty();
    if !plain && table.kind == TableKind::Series {
        return Err(series::refused("only supported where expression"));
    }
    for (present, what) in [
        (delete.with.is_some(), "WITH before DELETE"),
        (!delete.order_by.is_empty(), "DELETE .. ORDER BY"),
        (delete.limit.is_some(), "DELETE .. LIMIT"),
        (!delete.returning.is_empty(), "RETURNING"),
        (!delete.bracket_sources.is_empty(), "a statement in brackets in DELETE"),
    ] {
        if present {
            return Err(Error::unsupported(what));
        }
    }
    let mut filter = delete.selection;
    if let Some(filter) = &mut filter {
        unalias(filter, delete.alias.as_ref(), &table);
    }
    let drop_series = match (&filter, table.kind) {
        (Some(filter), TableKind::Series) => series::ends_series(&table, filter)?,
        _ => false,
    };
    if let Some(filter) = &mut filter {
        select::rewrite_expression(filter, &table, query::meaning(context, &catalog))?;
    }
    let request = DeleteRequest { table: table.id, filter, drop_series };
    Ok((table, request))
}

/// Empties relational tables.
///
/// # Errors
/// A time-series table, no privilege.
pub(crate) async fn truncate(context: &Context, names: Vec<TableName>, text: &str) -> Result<()> {
    let catalog = context.catalog();
    for name in names {
        let table = context.table(&catalog, &name)?;
        if table.kind == TableKind::Series {
            return Err(definition("truncate is not supported in timeseries table"));
        }
        context.engine().require(context.caller(), Privilege::Drop, Scope::Table(table.id))?;
        let request = DeleteRequest { table: table.id, filter: None, drop_series: false };
        context.engine().delete(context.caller(), &surroundings(context, &table, text), request).await?;
    }
    Ok(())
}

/// Columns qualified by the statement's alias become columns of the table.
pub(super) fn unalias(filter: &mut Expr, alias: Option<&Name>, table: &Table) {
    struct Unalias<'a> {
        alias: &'a str,
        table: &'a str,
    }
    impl VisitorMut for Unalias<'_> {
        type Break = ();
        fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
            if let Expr::CompoundIdentifier(parts) = expr
                && let [qualifier, _] = parts.as_mut_slice()
                && qualifier.value == self.alias
            {
                *qualifier = Ident::with_quote('"', self.table);
            }
            ControlFlow::Continue(())
        }
    }
    if let Some(alias) = alias {
        let mut visitor = Unalias { alias: &alias.value, table: &table.name };
        let _: ControlFlow<()> = filter.visit(&mut visitor);
    }
}
