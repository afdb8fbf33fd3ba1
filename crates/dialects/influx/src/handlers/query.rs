//! `/query`: version 1's statements about databases and measurements, as clients send them when they
//! connect. Each statement is answered for itself; queries of points are refused by name.

use crate::answer::{Version, failure, respond_json, worded};
use crate::authentication::authenticate;
use crate::error::skin;
use crate::influxql::{Statement, parse};
use crate::parameters::Parameters;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use catalog::{Catalog, Database, DatabaseLabel};
use dialect::DialectContext;
use engine::{BUILT_IN_DATABASES, Caller, DEFAULT_DATABASE, Engine, NewDatabase};
use model::{DatabaseId, ErrorKind, Privilege, Result, Scope, TableKind};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Carries out statements.
pub(crate) async fn query(State(door): State<Arc<DialectContext>>, request: Request) -> Response {
    match answer(&door, request).await {
        Ok(response) => response,
        Err(error) => failure(Version::One, &error),
    }
}

async fn answer(door: &DialectContext, request: Request) -> Result<Response> {
    let (parts, body) = request.into_parts();
    let mut parameters = Parameters::read(&parts.uri);
    if parts.method == Method::POST && is_form(&parts.headers) {
        parameters = parameters.with_form(&dialect::read_text(body, door.body_bytes).await?)?;
    }
    let caller = authenticate(door, &parts.headers, &parameters).await?;
    let Some(text) = parameters.filled("q") else {
        let text = "missing required parameter \"q\"";
        return Ok(worded(Version::One, StatusCode::BAD_REQUEST, "invalid", text));
    };
    let statements = match parse(text) {
        Ok(statements) => statements,
        Err(reason) => {
            let text = format!("error parsing query: {reason}");
            return Ok(worded(Version::One, StatusCode::BAD_REQUEST, "invalid", &text));
        }
    };
    let mut results = Vec::with_capacity(statements.len());
    for (id, statement) in statements.into_iter().enumerate() {
        let result = match execute(door, &caller, statement, parameters.filled("db")).await {
            Ok(series) if series.is_null() => json!({ "statement_id": id }),
            Ok(series) => json!({ "statement_id": id, "series": [series] }),
            Err(error) => json!({ "statement_id": id, "error": skin(&error.kind).text }),
        };
        let failed = result.get("error").is_some();
        results.push(result);
        if failed {
            break;
        }
    }
    Ok(respond_json(StatusCode::OK, &json!({ "results": results })))
}

/// A form, or what comes without a name.
fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.is_empty() || kind.starts_with("application/x-www-form-urlencoded")
}

/// The series that a statement answers with, or null.
async fn execute(door: &DialectContext, caller: &Caller, statement: Statement, db: Option<&str>) -> Result<Value> {
    let engine = &door.engine;
    match statement {
        Statement::CreateDatabase { name, retention_seconds } => {
            create_database(engine, caller, name, retention_seconds).await?;
            Ok(Value::Null)
        }
        Statement::DropDatabase { name } => {
            // A database that is not there is gone already.
            if let Some(database) = engine.catalog().database_named(&name).map(|database| database.id) {
                engine.drop_database(caller, database, true).await?;
            }
            Ok(Value::Null)
        }
        Statement::DropMeasurement { name } => {
            let catalog = engine.catalog();
            let database = current(&catalog, db)?;
            let table = catalog.table_named(database, &name).filter(|table| table.kind == TableKind::Series);
            let table = table.ok_or(ErrorKind::TableNotFound { table: name })?;
            engine.drop_table(caller, table.id).await?;
            Ok(Value::Null)
        }
        Statement::ShowDatabases => {
            let catalog = engine.catalog();
            Ok(names("databases", shown_databases(engine, caller, &catalog).iter().map(|d| d.name.as_str())))
        }
        Statement::ShowMeasurements { on } => {
            let catalog = engine.catalog();
            let database = current(&catalog, on.as_deref().or(db))?;
            let mut shown: Vec<&str> = catalog
                .tables_in(database)
                .filter(|table| table.kind == TableKind::Series && !table.hidden)
                .filter(|table| may_see_table(engine, caller, table.id))
                .map(|table| table.name.as_str())
                .collect();
            shown.sort_unstable();
            Ok(if shown.is_empty() { Value::Null } else { names("measurements", shown.into_iter()) })
        }
        Statement::ShowRetentionPolicies { on } => {
            let catalog = engine.catalog();
            let database = current(&catalog, on.as_deref().or(db))?;
            let seconds = catalog.database(database).and_then(|database| database.retention_seconds).unwrap_or(0);
            Ok(json!({
                "columns": ["name", "duration", "shardGroupDuration", "replicaN", "default"],
                "values": [["autogen", duration(seconds), "168h0m0s", 1, true]],
            }))
        }
    }
}

async fn create_database(engine: &Engine, caller: &Caller, name: String, retention_seconds: Option<u64>) -> Result<()> {
    let new = NewDatabase {
        name: name.clone(),
        label: DatabaseLabel::Any,
        partition_seconds: None,
        retention_seconds,
        comment: None,
        properties: BTreeMap::new(),
    };
    // Clients make the database at every start: one that is there is what they want.
    if engine.catalog().database_named(&name).is_some_and(|database| may_see(engine, caller, database.id)) {
        return Ok(());
    }
    match engine.create_database(caller, new).await.map_err(|error| *error.kind) {
        Ok(_) | Err(ErrorKind::DatabaseExists { .. }) => Ok(()),
        Err(kind) => Err(kind.into()),
    }
}

fn current(catalog: &Catalog, name: Option<&str>) -> Result<DatabaseId> {
    let name = name.ok_or_else(|| ErrorKind::InvalidStatement { reason: "database name required".to_owned() })?;
    let database = catalog.database_named(name);
    Ok(database.ok_or_else(|| ErrorKind::DatabaseNotFound { database: name.to_owned() })?.id)
}

fn names<'n>(series: &str, names: impl Iterator<Item = &'n str>) -> Value {
    json!({ "name": series, "columns": ["name"], "values": names.map(|name| json!([name])).collect::<Vec<_>>() })
}

fn duration(seconds: u64) -> String {
    if seconds == 0 { "0s".to_owned() } else { format!("{}h{}m{}s", seconds / 3600, seconds / 60 % 60, seconds % 60) }
}

/// The databases that a caller may do anything with, by name; those that other dialects have for
/// themselves are left out.
pub(crate) fn shown_databases<'c>(engine: &Engine, caller: &Caller, catalog: &'c Catalog) -> Vec<&'c Arc<Database>> {
    let of_others = |name: &str| name != DEFAULT_DATABASE && BUILT_IN_DATABASES.iter().any(|(own, _)| *own == name);
    let shown = catalog.databases().filter(|database| !of_others(&database.name));
    let mut shown: Vec<_> = shown.filter(|database| may_see(engine, caller, database.id)).collect();
    shown.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    shown
}

/// Whether a caller may do anything in a database or with one of its tables.
fn may_see(engine: &Engine, caller: &Caller, database: DatabaseId) -> bool {
    let catalog = engine.catalog();
    Privilege::ALL.iter().any(|privilege| engine.may(caller, *privilege, Scope::Database(database)))
        || catalog.tables_in(database).any(|table| may_see_table(engine, caller, table.id))
}

fn may_see_table(engine: &Engine, caller: &Caller, table: model::TableId) -> bool {
    Privilege::ALL.iter().any(|privilege| engine.may(caller, *privilege, Scope::Table(table)))
}
