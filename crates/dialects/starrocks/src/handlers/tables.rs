//! Tables.

use super::arrival::Body;
use super::{Call, Reply};
use crate::error::{Answer, Failure};
use crate::fields::Fields;
use crate::names::{self, Need, check_catalog, table_uri};
use crate::pages::page;
use crate::sql::statement::Statement;
use crate::sql::{Parsed, parse};
use crate::tables::{
    PROPERTY, UNIQUE_KEY_CONSTRAINTS, check_new_name, kind, record_properties, seconds, table_from_json,
    table_from_sql, table_object,
};
use catalog::Database;
use engine::{Alteration, NewTable};
use model::{ErrorKind, Privilege, Table, TableKind};
use serde_json::{Value, json};
use std::sync::Arc;

/// What a table that exists already means to who makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existing {
    /// POST: an error, whatever the statement says.
    Fails,
    /// PUT: as good as made, whatever the statement says.
    Suffices,
}

/// The table of the path.
pub(super) fn of_path(call: &Call, need: Need) -> Answer<(Arc<Database>, Arc<Table>)> {
    check_catalog(call.segment("catalog"))?;
    let catalog = call.door.context.engine.catalog();
    let name = (call.segment("database"), call.segment("table"));
    Ok(names::table(&call.door, &call.caller, &catalog, name, need)?)
}

/// `GET .../tables`
pub(super) fn list(call: &Call) -> Answer<Reply> {
    check_catalog(call.segment("catalog"))?;
    let catalog = call.door.context.engine.catalog();
    let database = names::database(&call.door, &call.caller, &catalog, call.segment("database"), Need::Any)?;
    let seen: Vec<&Arc<Table>> =
        catalog.tables_in(database.id).filter(|table| names::sees_table(&call.door, &call.caller, table)).collect();
    let show = |table: &&Arc<Table>| {
        json!({
            "name": table.name,
            "kind": kind(table),
            "comment": table.comment,
            "uri": table_uri(&database.name, &table.name),
        })
    };
    Ok(Reply::ok(page(call, seen, |table| &table.name, show)?))
}

/// `GET .../tables/{table}`
pub(super) fn show(call: &Call) -> Answer<Reply> {
    let (database, table) = of_path(call, Need::Any)?;
    Ok(Reply::ok(table_object(&database, &table)))
}

/// `POST .../tables`, `POST` and `PUT .../tables/create`, `PUT .../tables/{table}`
pub(super) async fn create(mut call: Call, existing: Existing) -> Answer<Reply> {
    let body = std::mem::replace(&mut call.body, Body::Nothing);
    check_catalog(call.segment("catalog"))?;
    let engine = &call.door.context.engine;
    let need = Need::One(Privilege::Create);
    let database = names::database(&call.door, &call.caller, &engine.catalog(), call.segment("database"), need)?;
    let name = Some(call.segment("table")).filter(|name| !name.is_empty());
    let new = match body {
        Body::Json(map) => table_from_json(Fields::of_body(map)?, database.id, name)?,
        Body::Sql(text) => from_statement(&text, &database, name, call.door.context.statement_bytes)?,
        Body::Nothing => return Err(ErrorKind::BodyEmpty {}.into()),
    };
    let uri = table_uri(&database.name, &new.name);
    let own = new.name.clone();
    let found = |table: &Table, new: &NewTable| {
        Ok(Reply::ok(json!({"uri": uri, "name": own, "existed": true, "differs": differs(table, new)})))
    };
    if existing == Existing::Suffices
        && let Some(table) = engine.catalog().table_named(database.id, &new.name)
    {
        return found(table, &new);
    }
    match engine.create_table(&call.caller, new.clone()).await {
        Ok(_) if existing == Existing::Suffices => {
            Ok(Reply::created(uri.clone(), json!({"uri": uri, "name": own, "existed": false})))
        }
        Ok(_) => Ok(Reply::created(uri.clone(), json!({"uri": uri, "name": own}))),
        // Somebody was faster.
        Err(error) if existing == Existing::Suffices && matches!(*error.kind, ErrorKind::TableExists { .. }) => {
            match engine.catalog().table_named(database.id, &own) {
                Some(table) => found(table, &new),
                None => Err(error.into()),
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether a table has other columns than one that was asked for.
fn differs(table: &Table, new: &NewTable) -> bool {
    let own = table.visible_columns().map(|column| (column.name.as_str(), column.data_type, column.role));
    let asked = new.columns.iter().map(|column| (column.name.as_str(), column.data_type, column.role));
    table.kind != new.kind || !own.eq(asked)
}

/// The table of the one statement of a body.
fn from_statement(text: &str, database: &Database, name: Option<&str>, limit: usize) -> Answer<NewTable> {
    if text.len() > limit {
        return Err(ErrorKind::StatementTooLarge { limit: limit as u64 }.into());
    }
    let Parsed { statement, .. } = parse(text).map_err(|error| match *error.kind {
        ErrorKind::WrongStatementKind { .. } => not_create_table(),
        ErrorKind::TooManyStatements { .. } => {
            Failure::bad("ONLY_ONE_STATEMENT", "the body must be one CREATE TABLE statement")
        }
        _ => with_hint(error.into(), text),
    })?;
    let Statement::CreateTable(create) = statement else { return Err(not_create_table()) };
    if let Some(other) = create.name.catalog.as_ref().filter(|name| !names::is_catalog(name)) {
        return Err(Failure::bad("CATALOGS_DIFFER", format!("the statement names the catalog {other}")));
    }
    if let Some(other) = create.name.database.as_ref().filter(|name| **name != database.name) {
        let message = format!("the statement names the database {other} and the path {}", database.name);
        return Err(Failure::bad("DATABASES_DIFFER", message));
    }
    if let Some(name) = name.filter(|name| *name != create.name.table) {
        let message = format!("the statement names the table {} and the path {name}", create.name.table);
        return Err(Failure::bad("NAMES_DIFFER", message));
    }
    check_new_name(&create.name.table)?;
    table_from_sql(&create, database.id)
}

fn not_create_table() -> Failure {
    Failure::bad("NOT_CREATE_TABLE", "the body must be one CREATE TABLE statement")
}

/// `curl -d @file` takes the line breaks away, so that a comment swallows what follows it.
fn with_hint(mut failure: Failure, text: &str) -> Failure {
    if !text.contains('\n') && (text.contains("--") || text.contains('#')) {
        failure.message.push_str(
            " (curl -d @file takes the line breaks away, and a comment then swallows the rest: use --data-binary)",
        );
    }
    failure
}

/// `PATCH .../tables/{table}`
pub(super) async fn change(mut call: Call) -> Answer<Reply> {
    let mut fields = call.fields()?;
    for key in ["name", "kind", "timeColumn", "columns", "tags", "primaryKey", "partitionInterval"] {
        if fields.has(key) {
            let message = format!("the field {key} of a table cannot be changed here");
            return Err(Failure::bad("IMMUTABLE_FIELD", message).about(key, "IMMUTABLE"));
        }
    }
    let mut alterations = Vec::new();
    if let Some(comment) = fields.patched_text("comment")? {
        alterations.push(Alteration::SetComment(comment));
    }
    let retention = if fields.has("retention") { Some(seconds(&mut fields, "retention")?) } else { None };
    alterations.extend(retention.map(Alteration::SetRetention));
    let constrained =
        if fields.has("uniqueKeyConstraints") { Some(fields.texts("uniqueKeyConstraints")?) } else { None };
    let mut kept = std::collections::BTreeMap::new();
    for (name, value) in fields.map("properties")?.unwrap_or_default() {
        match value {
            Value::Null => {
                alterations.push(Alteration::SetProperty(format!("{PROPERTY}{}", name.to_ascii_lowercase()), None));
            }
            Value::String(text) => record_properties([(name.as_str(), text.as_str())], &mut kept)?,
            other => record_properties([(name.as_str(), other.to_string().as_str())], &mut kept)?,
        }
    }
    alterations.extend(kept.into_iter().map(|(name, value)| Alteration::SetProperty(name, Some(value))));
    fields.end()?;
    let (_, table) = of_path(&call, Need::One(Privilege::Alter))?;
    if retention.is_some() && table.kind == TableKind::Keyed {
        let message = "retention is for tables of the kind timeSeries";
        return Err(Failure::bad("INVALID_PARAMETER", message).about("retention", "INVALID"));
    }
    if let Some(constrained) = constrained {
        alterations.push(unique_constraints(&table, constrained)?);
    }
    for alteration in alterations {
        call.door.context.engine.alter_table(&call.caller, table.id, alteration).await?;
    }
    show(&call)
}

/// Columns that a user says are unique: kept and shown back, as the vendor's server only plans by it.
fn unique_constraints(table: &Table, columns: Option<Vec<String>>) -> Answer<Alteration> {
    let mut names = Vec::new();
    for name in columns.unwrap_or_default() {
        match names::column(table, &name) {
            Some(column) => names.push(column.name.clone()),
            None => return Err(ErrorKind::ColumnNotFound { column: name, table: Some(table.name.clone()) }.into()),
        }
    }
    let value = if names.is_empty() { None } else { Some(names.join(", ")) };
    Ok(Alteration::SetProperty(UNIQUE_KEY_CONSTRAINTS.to_owned(), value))
}

/// `DELETE .../tables/{table}`
pub(super) async fn drop(call: &Call) -> Answer<Reply> {
    check_catalog(call.segment("catalog"))?;
    let engine = &call.door.context.engine;
    let catalog = engine.catalog();
    let (database, name) = (call.segment("database"), call.segment("table"));
    let need = Need::One(Privilege::Drop);
    let deleted = match names::table(&call.door, &call.caller, &catalog, (database, name), need) {
        Ok((_, table)) => match engine.drop_table(&call.caller, table.id).await {
            Ok(()) => true,
            // Somebody was faster.
            Err(error) if matches!(*error.kind, ErrorKind::TableNotFound { .. }) => false,
            Err(error) => return Err(error.into()),
        },
        Err(error) if matches!(*error.kind, ErrorKind::TableNotFound { .. }) => false,
        Err(error) => return Err(error.into()),
    };
    Ok(Reply::ok(json!({"uri": table_uri(database, name), "deleted": deleted})))
}

/// `POST .../tables/{table}/rename`
pub(super) async fn rename(mut call: Call) -> Answer<Reply> {
    let new_name = new_name(&mut call)?;
    let (database, table) = of_path(&call, Need::One(Privilege::Alter))?;
    let old = table_uri(&database.name, &table.name);
    let uri = table_uri(&database.name, &new_name);
    call.door.context.engine.alter_table(&call.caller, table.id, Alteration::Rename(new_name)).await?;
    Ok(Reply::ok(json!({"uri": uri, "oldUri": old})))
}

/// `{"newName":"..."}`
pub(super) fn new_name(call: &mut Call) -> Answer<String> {
    let mut fields = call.fields()?;
    let name = fields.required_text("newName")?;
    fields.end()?;
    check_new_name(&name)?;
    Ok(name)
}
