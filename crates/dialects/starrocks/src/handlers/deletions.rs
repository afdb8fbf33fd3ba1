//! Range deletions: each is a task.

use super::tables::of_path;
use super::{Call, Reply};
use crate::error::{Answer, Failure};
use crate::fields::Fields;
use crate::names::{self, Need, table_uri};
use crate::tasks::Work;
use ::sql::ast::{BinaryOperator, Expr, Ident, Value};
use engine::{DeleteRequest, QueryRequest};
use jiff::Timestamp;
use model::{ColumnRole, Error, ErrorKind, Privilege, Table, TableKind};
use serde_json::{Map, Value as Json, json};

/// What a body selects.
struct Selection {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    tags: Map<String, Json>,
    all: bool,
}

fn read(mut fields: Fields) -> Answer<Selection> {
    let start = time(&mut fields, "startTime")?;
    let end = time(&mut fields, "endTime")?;
    let tags = fields.map("tagFilter")?.unwrap_or_default();
    let all = fields.boolean("confirmAll")?.unwrap_or(false);
    if fields.texts("columns")?.is_some_and(|columns| !columns.is_empty()) {
        return Err(Error::unsupported("a range deletion of some columns").into());
    }
    fields.end()?;
    if (start.is_none() || end.is_none()) && !all {
        let missing = if start.is_none() { "startTime" } else { "endTime" };
        let message = format!("without {missing} the range is open: say confirmAll if that is meant");
        return Err(Failure::bad("OPEN_RANGE", message).about(missing, "MISSING"));
    }
    if let (Some(from), Some(to)) = (start, end)
        && from > to
    {
        let message = format!("startTime {from} is after endTime {to}");
        let failure = Failure::bad("INVALID_PARAMETER", message);
        return Err(failure.about("startTime", "INVALID").about("endTime", "INVALID"));
    }
    Ok(Selection { start, end, tags, all })
}

/// A point in time of RFC 3339.
fn time(fields: &mut Fields, key: &str) -> Answer<Option<Timestamp>> {
    let Some(text) = fields.text(key)? else { return Ok(None) };
    match text.parse::<Timestamp>() {
        Ok(at) => Ok(Some(at)),
        Err(_) => Err(fields.wrong(key, "a time of RFC 3339, such as 2025-01-02T03:04:05Z")),
    }
}

fn name(column: &str) -> Expr {
    Expr::Identifier(Ident::with_quote('"', column))
}

fn text(value: &str) -> Expr {
    Expr::Value(Value::SingleQuotedString(value.to_owned()).with_empty_span())
}

fn compared(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }
}

/// The condition that a selection is: from the start, up to and without the end, of these tags.
fn condition(table: &Table, selection: &Selection) -> Answer<Option<Expr>> {
    let time = table.time_column().ok_or_else(|| Error::internal("a time-series table without a time"))?;
    let mut terms = Vec::new();
    for (bound, op) in [(&selection.start, BinaryOperator::GtEq), (&selection.end, BinaryOperator::Lt)] {
        if let Some(bound) = bound {
            terms.push(compared(name(&time.name), op, text(&bound.to_string())));
        }
    }
    for (tag, value) in &selection.tags {
        let column = names::column(table, tag)
            .filter(|column| matches!(column.role, ColumnRole::Key | ColumnRole::Attribute))
            .ok_or_else(|| {
                Failure::bad("UNKNOWN_COLUMN", format!("table {} has no tag {tag}", table.name))
                    .about(format!("tagFilter.{tag}"), "UNKNOWN")
            })?;
        terms.push(match value {
            Json::Null => Expr::IsNull(Box::new(name(&column.name))),
            Json::String(value) => compared(name(&column.name), BinaryOperator::Eq, text(value)),
            Json::Number(number) => {
                let number = Expr::Value(Value::Number(number.to_string(), false).with_empty_span());
                compared(name(&column.name), BinaryOperator::Eq, number)
            }
            Json::Bool(flag) => {
                let flag = Expr::Value(Value::Boolean(*flag).with_empty_span());
                compared(name(&column.name), BinaryOperator::Eq, flag)
            }
            Json::Array(_) | Json::Object(_) => {
                let message = format!("the value of tag {tag} must be a text, a number, true, false or null");
                return Err(Failure::bad("INVALID_PARAMETER", message).about(format!("tagFilter.{tag}"), "INVALID"));
            }
        });
    }
    Ok(terms.into_iter().reduce(|left, right| compared(left, BinaryOperator::And, right)))
}

/// `POST .../tables/{table}/range_deletions`
pub(super) async fn delete_range(mut call: Call) -> Answer<Reply> {
    let selection = read(call.fields()?)?;
    let (database, table) = of_path(&call, Need::One(Privilege::Delete))?;
    if table.kind != TableKind::Series {
        let reason = format!("table {} has no time column: rows are deleted by range from time series", table.name);
        return Err(ErrorKind::InvalidDefinition { reason }.into());
    }
    let filter = condition(&table, &selection)?;
    if filter.is_none() && !selection.all {
        return Err(Failure::bad("OPEN_RANGE", "nothing is selected: say confirmAll if everything is meant"));
    }
    let request = QueryRequest {
        profile: call.door.profile.clone(),
        statement: ::sql::ast::Statement::Commit { chain: false, end: false, modifier: None },
        database: Some(database.id),
        own_tables: None,
        time_zone: "+00:00".to_owned(),
        text: format!("range deletion from {}", table.name),
        timeout: None,
    };
    let delete = DeleteRequest { table: table.id, filter, drop_series: false };
    let target = table_uri(&database.name, &table.name);
    let work = Work { caller: call.caller.clone(), request, delete };
    let task = call.door.tasks.submit("RANGE_DELETION", target, work).await?;
    let result = json!({"taskUri": task.uri(), "taskId": task.id, "state": task.state});
    Ok(Reply::accepted(task.uri(), result))
}
