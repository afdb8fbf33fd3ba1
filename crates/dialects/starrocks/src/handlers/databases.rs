//! Databases.

use super::{Call, Reply};
use crate::error::{Answer, Failure};
use crate::fields::Fields;
use crate::names::{self, Need, check_catalog, database_uri};
use crate::pages::page;
use crate::spans;
use crate::tables::{PROPERTY, record_properties, seconds};
use catalog::{Catalog, Database, DatabaseLabel};
use engine::NewDatabase;
use model::{ErrorKind, Privilege, Scope};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Property of a database: the precision that its author asked of new time columns.
const PRECISION: &str = "starrocks.precision";

fn object(catalog: &Catalog, database: &Database) -> Value {
    let retention = database.retention_seconds.filter(|seconds| *seconds > 0).map(spans::print);
    let properties: Map<String, Value> = database
        .properties
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(PROPERTY)?.to_owned(), json!(value))))
        .collect();
    json!({
        "name": database.name,
        "comment": database.comment,
        "retention": retention,
        "partitionInterval": database.partition_seconds.map(spans::print),
        "precision": database.properties.get(PRECISION),
        "properties": properties,
        "tableCount": catalog.tables_in(database.id).count(),
        "uri": database_uri(&database.name),
    })
}

/// `GET .../databases`
pub(super) fn list(call: &Call) -> Answer<Reply> {
    check_catalog(call.segment("catalog"))?;
    let catalog = call.door.context.engine.catalog();
    let databases = names::databases(&call.door, &call.caller, &catalog);
    let page = page(call, databases, |database| &database.name, |database| object(&catalog, database))?;
    Ok(Reply::ok(page))
}

/// `GET .../databases/{database}`
pub(super) fn show(call: &Call) -> Answer<Reply> {
    check_catalog(call.segment("catalog"))?;
    let catalog = call.door.context.engine.catalog();
    let database = names::database(&call.door, &call.caller, &catalog, call.segment("database"), Need::Any)?;
    Ok(Reply::ok(object(&catalog, &database)))
}

fn properties_of(fields: &mut Fields) -> Answer<BTreeMap<String, String>> {
    let mut kept = BTreeMap::new();
    if let Some(properties) = fields.map("properties")? {
        let texts: Vec<(String, String)> = properties
            .into_iter()
            .map(|(name, value)| match value {
                Value::String(text) => (name, text),
                other => (name, other.to_string()),
            })
            .collect();
        record_properties(texts.iter().map(|(name, value)| (name.as_str(), value.as_str())), &mut kept)?;
    }
    Ok(kept)
}

/// The database that a body defines. `name` is its name in the path, if it stands there.
fn defined(mut fields: Fields, name: Option<&str>) -> Answer<NewDatabase> {
    let own = fields.own_name(name)?;
    let mut new = NewDatabase {
        name: own,
        label: DatabaseLabel::Any,
        partition_seconds: seconds(&mut fields, "partitionInterval")?,
        retention_seconds: seconds(&mut fields, "retention")?,
        comment: fields.text("comment")?,
        properties: properties_of(&mut fields)?,
    };
    if let Some(precision) = fields.text("precision")? {
        if crate::types::unit_named(&precision).is_none() {
            return Err(fields.wrong("precision", "ms, us or ns"));
        }
        new.properties.insert(PRECISION.to_owned(), precision);
    }
    fields.end()?;
    Ok(new)
}

/// `POST .../databases`
pub(super) async fn create(mut call: Call) -> Answer<Reply> {
    let new = defined(call.fields()?, None)?;
    check_catalog(call.segment("catalog"))?;
    let made = call.door.context.engine.create_database(&call.caller, new).await?;
    let uri = database_uri(&made.name);
    Ok(Reply::created(uri.clone(), json!({"uri": uri, "name": made.name})))
}

/// `PUT .../databases/{database}`
pub(super) async fn ensure(mut call: Call) -> Answer<Reply> {
    let fields = call.fields()?;
    let new = defined(fields, Some(call.segment("database")))?;
    check_catalog(call.segment("catalog"))?;
    let engine = &call.door.context.engine;
    engine.require(&call.caller, Privilege::Create, Scope::All)?;
    let uri = database_uri(&new.name);
    let name = new.name.clone();
    let existed = || Ok(Reply::ok(json!({"uri": uri, "name": name, "existed": true})));
    if engine.catalog().database_named(&new.name).is_some() {
        return existed();
    }
    match engine.create_database(&call.caller, new).await {
        Ok(_) => Ok(Reply::created(uri.clone(), json!({"uri": uri, "name": name, "existed": false}))),
        // Somebody was faster.
        Err(error) if matches!(*error.kind, ErrorKind::DatabaseExists { .. }) => existed(),
        Err(error) => Err(error.into()),
    }
}

/// `PATCH .../databases/{database}`
pub(super) async fn change(mut call: Call) -> Answer<Reply> {
    let mut fields = call.fields()?;
    for key in ["name", "partitionInterval", "precision"] {
        if fields.has(key) {
            let message = format!("the field {key} of a database cannot be changed");
            return Err(Failure::bad("IMMUTABLE_FIELD", message).about(key, "IMMUTABLE"));
        }
    }
    let retention = if fields.has("retention") { Some(seconds(&mut fields, "retention")?) } else { None };
    let comment = fields.patched_text("comment")?;
    let properties = properties_of(&mut fields)?;
    fields.end()?;
    check_catalog(call.segment("catalog"))?;
    let engine = &call.door.context.engine;
    let need = Need::One(Privilege::Alter);
    let name = call.segment("database");
    let database = names::database(&call.door, &call.caller, &engine.catalog(), name, need)?;
    if let Some(comment) = comment {
        engine.set_database_comment(&call.caller, database.id, comment).await?;
    }
    if retention.is_some() || !properties.is_empty() {
        let records = properties.into_iter().map(|(name, value)| (name, Some(value))).collect();
        engine.alter_database(&call.caller, database.id, retention, records).await?;
    }
    show(&call)
}

/// `DELETE .../databases/{database}`
pub(super) async fn drop(call: &Call) -> Answer<Reply> {
    let force = match call.parameters.get("force") {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => {
            let message = format!("\"{other}\" is no value for force: expected true or false");
            return Err(Failure::bad("INVALID_PARAMETER", message).about("force", "INVALID"));
        }
    };
    check_catalog(call.segment("catalog"))?;
    let name = call.segment("database");
    let engine = &call.door.context.engine;
    let need = Need::One(Privilege::Drop);
    let found = names::database(&call.door, &call.caller, &engine.catalog(), name, need);
    let deleted = match found {
        Ok(database) => {
            engine.drop_database(&call.caller, database.id, force).await?;
            true
        }
        Err(error) if matches!(*error.kind, ErrorKind::DatabaseNotFound { .. }) => false,
        Err(error) => return Err(error.into()),
    };
    Ok(Reply::ok(json!({"uri": database_uri(name), "deleted": deleted})))
}
