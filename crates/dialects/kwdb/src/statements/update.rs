//! `UPDATE`: ordinary tags of one series, or rows of a relational table.

use super::query;
use crate::context::Context;
use crate::error::worded;
use crate::literals::{Literal, Target};
use crate::render::cell::{date_text, time_text};
use crate::select;
use crate::sql::statement::{Assignment, Update};
use crate::statements::delete::{Selection, primary_tag_equalities};
use crate::timezone::Zone;
use ::sql::ast::{self, Expr};
use ::sql::tree;
use catalog::Catalog;
use engine::{AttributesRequest, UpdateRequest};
use model::{ColumnId, ColumnRole, Error, ErrorKind, Privilege, Result, Scope, Table, TableKind, TimeUnit, Value};
use std::sync::Arc;

/// Runs an UPDATE; answers with how many rows or series.
///
/// # Errors
/// Broken rules in the vendor's words, values that a column cannot hold, no privilege.
pub(crate) async fn run(context: &Context, update: Update, text: &str) -> Result<u64> {
    let (table, prepared) = prepare(context, update)?;
    let surroundings = surroundings(context, &table, text);
    match prepared {
        Prepared::Tags(request) => context.engine().set_attributes(context.caller(), &surroundings, request).await,
        Prepared::Rows(request) => context.engine().update(context.caller(), &surroundings, request).await,
    }
}

/// What an UPDATE asks of the engine.
pub(super) enum Prepared {
    /// Ordinary tags of one series.
    Tags(AttributesRequest),
    /// Rows of a relational table.
    Rows(UpdateRequest),
}

/// Reads an UPDATE.
///
/// # Errors
/// As [`run`], but for what only the rows tell.
pub(super) fn prepare(context: &Context, update: Update) -> Result<(Arc<Table>, Prepared)> {
    let catalog = context.catalog();
    let table = context.table(&catalog, &update.table)?;
    // Whoever changes rows by a condition reads them.
    context.engine().require(context.caller(), Privilege::Update, Scope::Table(table.id))?;
    context.engine().require(context.caller(), Privilege::Select, Scope::Table(table.id))?;
    let prepared = match table.kind {
        TableKind::Series => Prepared::Tags(update_tags(context, &catalog, &table, update)?),
        TableKind::Keyed => Prepared::Rows(update_rows(context, &catalog, &table, update)?),
    };
    Ok((table, prepared))
}

fn refused(what: &str) -> Error {
    worded(format!("unsupported conditions in update: {what}"))
}

fn update_tags(context: &Context, catalog: &Catalog, table: &Table, update: Update) -> Result<AttributesRequest> {
    let plain = update.with.is_none()
        && update.from.is_empty()
        && update.order_by.is_empty()
        && update.limit.is_none()
        && update.returning.is_empty();
    if !plain {
        return Err(refused("only supported where expression"));
    }
    let mut assignments = Vec::with_capacity(update.assignments.len());
    for assignment in update.assignments {
        assignments.push(tag_assignment(context, table, assignment)?);
    }
    let Some(mut filter) = update.selection else { return Err(refused("unsupported filter expression")) };
    match primary_tag_equalities(table, &filter) {
        Selection::WholeKey => {}
        Selection::Other => return Err(refused("unsupported binary operator or mismatching tag filter")),
        Selection::Unreadable => return Err(refused("unsupported filter expression")),
    }
    select::rewrite_expression(&mut filter, table, query::meaning(context, catalog))?;
    Ok(AttributesRequest { table: table.id, assignments, filter: Some(filter) })
}

/// What a statement on one table is planned with: the engine plans its own statement over it.
pub(super) fn surroundings(context: &Context, table: &Table, text: &str) -> engine::QueryRequest {
    query::assembled(context, tree::no_statement(), Some(table.database), None, text)
}

fn tag_assignment(context: &Context, table: &Table, assignment: Assignment) -> Result<(ColumnId, Expr)> {
    let [name] = assignment.columns.as_slice() else { return Err(refused("unsupported filter expression")) };
    let column = table.column_named(&name.value).ok_or_else(|| {
        Error::new(ErrorKind::ColumnNotFound { column: name.value.clone(), table: Some(table.name.clone()) })
    })?;
    if column.role != ColumnRole::Attribute {
        return Err(refused("primary tags and columns cannot be set"));
    }
    if is_null(&assignment.value) && !column.nullable {
        return Err(refused(&format!("tag {} is not null", column.name)));
    }
    let mut value = assignment.value;
    checked_constant(&mut value, &Target::new(column, true), context.zone())?;
    Ok((column.id, value))
}

/// Checks a constant by the rules of INSERT, whether it is one. A time is spelled out as INSERT
/// reads it, in the request's zone and rounded: the engine, which casts the rest, knows no zone.
fn checked_constant(value: &mut Expr, target: &Target, zone: &Zone) -> Result<bool> {
    let Some(literal) = literal(value) else { return Ok(false) };
    let spelled = match target.convert(literal, zone)? {
        Value::Instant(count, unit) => time_text(nanos(count, unit), Some(&Zone::utc())),
        Value::LocalDateTime(count, unit) => {
            time_text(nanos(count, unit), None).trim_end_matches('Z').replace('T', " ")
        }
        Value::Date(days) => date_text(i64::from(days)),
        _ => return Ok(true),
    };
    *value = Expr::Value(ast::Value::SingleQuotedString(spelled).with_empty_span());
    Ok(true)
}

fn nanos(count: i64, unit: TimeUnit) -> i128 {
    i128::from(count) * i128::from(1_000_000_000 / unit.per_second())
}

fn is_null(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(value.value, ast::Value::Null))
}

/// The constant that an expression is.
fn literal(expr: &Expr) -> Option<Literal<'_>> {
    let Expr::Value(value) = expr else { return None };
    match &value.value {
        ast::Value::Boolean(value) => Some(Literal::Boolean(*value)),
        ast::Value::Number(digits, _) if digits.bytes().all(|b| b.is_ascii_digit()) => Some(Literal::Integer(digits)),
        ast::Value::Number(digits, _) => Some(Literal::Decimal(digits)),
        ast::Value::SingleQuotedString(text) | ast::Value::EscapedStringLiteral(text) => Some(Literal::Text(text)),
        _ => None,
    }
}

fn update_rows(context: &Context, catalog: &Catalog, table: &Table, update: Update) -> Result<UpdateRequest> {
    for (present, what) in [
        (update.with.is_some(), "WITH before UPDATE"),
        (!update.from.is_empty(), "UPDATE .. FROM"),
        (!update.order_by.is_empty(), "UPDATE .. ORDER BY"),
        (update.limit.is_some(), "UPDATE .. LIMIT"),
        (!update.returning.is_empty(), "RETURNING"),
        (!update.bracket_sources.is_empty(), "a statement in brackets in UPDATE"),
    ] {
        if present {
            return Err(Error::unsupported(what));
        }
    }
    let meaning = query::meaning(context, catalog);
    let mut assignments = Vec::with_capacity(update.assignments.len());
    for assignment in update.assignments {
        for (name, mut value) in pairs(assignment)? {
            let column = table.column_named(&name).ok_or_else(|| {
                Error::new(ErrorKind::ColumnNotFound { column: name.clone(), table: Some(table.name.clone()) })
            })?;
            if assignments.iter().any(|(id, _)| *id == column.id) {
                return Err(Error::new(ErrorKind::DuplicateAssignment { column: name }));
            }
            if !checked_constant(&mut value, &Target::new(column, false), context.zone())? {
                select::rewrite_expression(&mut value, table, meaning)?;
                value = select::assigned(value, column.data_type);
            }
            assignments.push((column.id, value));
        }
    }
    let filter = match update.selection {
        None => None,
        Some(mut filter) => {
            super::delete::unalias(&mut filter, update.alias.as_ref(), table);
            select::rewrite_expression(&mut filter, table, meaning)?;
            Some(filter)
        }
    };
    Ok(UpdateRequest { table: table.id, assignments, filter })
}

/// The columns of an assignment with what each takes.
fn pairs(assignment: Assignment) -> Result<Vec<(String, Expr)>> {
    let mut names: Vec<String> = assignment.columns.into_iter().map(|name| name.value).collect();
    if names.len() == 1 {
        return Ok(names.pop().map(|name| (name, assignment.value)).into_iter().collect());
    }
    match assignment.value {
        Expr::Tuple(values) if values.len() == names.len() => Ok(names.into_iter().zip(values).collect()),
        Expr::Tuple(values) => Err(worded(format!(
            "number of columns ({}) does not match number of values ({})",
            names.len(),
            values.len()
        ))),
        _ => Err(Error::unsupported("UPDATE .. SET (a, b) = (SELECT ..)")),
    }
}
