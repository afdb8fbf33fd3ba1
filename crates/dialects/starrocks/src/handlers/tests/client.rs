//! A server without sockets: the router over a store in memory.

use crate::Door;
use crate::tasks::Tasks;
use axum::body::Body;
use axum::http::StatusCode;
use dialect::DialectContext;
use dialect_testing::Store;
pub(super) use dialect_testing::{Answer, basic, files};
use engine::Engine;
use files::Files;
use model::{Table, Value as Cell};
use serde_json::{Value, json};
use server::TokenDirectory;
use std::sync::Arc;

/// What this dialect's answers hold.
pub(super) trait Envelope {
    /// The result of a success.
    fn result(&self) -> Value;
    /// Status, code and reason of a failure, whose envelope is whole.
    fn failure(&self) -> (u16, String, String);
    /// The lines of a query's answer as JSON.
    fn lines(&self) -> Vec<Value>;
    /// The rows of a query, compact.
    fn rows(&self) -> String;
}

impl Envelope for Answer {
    #[track_caller]
    fn result(&self) -> Value {
        let json = self.json();
        assert_eq!((&json["code"], &json["message"]), (&json!("0"), &json!("OK")), "{}", self.text);
        json["result"].clone()
    }

    #[track_caller]
    fn failure(&self) -> (u16, String, String) {
        let json = self.json();
        let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["code", "message", "result"], "{}", self.text);
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{}", self.text)).to_owned();
        assert_ne!(json["code"], "0");
        (self.status, text(&json["code"]), text(&json["result"]["reason"]))
    }

    #[track_caller]
    fn lines(&self) -> Vec<Value> {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        assert!(self.text.ends_with('\n'), "{}", self.text);
        self.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[track_caller]
    fn rows(&self) -> String {
        let lines = self.lines();
        assert!(lines.last().unwrap().get("statistics").is_some(), "{}", self.text);
        let rows: Vec<&Value> = lines.iter().filter_map(|line| line.get("data")).collect();
        json!(rows).to_string()
    }
}

/// The server, and who asks.
#[derive(Clone)]
pub(super) struct Client {
    http: dialect_testing::Client,
    pub(super) engine: Engine,
    tasks: Tasks,
}

impl Client {
    /// An empty store that root asks.
    pub(super) async fn new() -> Self {
        Self::over(files(), 1 << 20).await
    }

    /// A server over files.
    pub(super) async fn over(files: Arc<dyn Files>, statement_bytes: usize) -> Self {
        let store = Store::over(files).await;
        let engine = store.engine.clone();
        let tokens = TokenDirectory::of_engine(engine.clone(), 60, 1000);
        let door =
            Door::new(DialectContext { body_bytes: 4 << 20, statement_bytes, ..store.context(Arc::new(tokens)) });
        let tasks = door.tasks.clone();
        let http = dialect_testing::Client::new(store, crate::rest::router(Arc::new(door)));
        Self { http: http.by("root", "").with("content-type", JSON), engine, tasks }
    }

    /// A store with the database `m`.
    pub(super) async fn with_database() -> Self {
        let client = Self::new().await;
        client.created("/api/v2/catalogs/default/databases", json!({"name": "m"})).await;
        client
    }

    /// The same server, asked by another user.
    pub(super) fn by(&self, user: &str, password: &str) -> Self {
        Self { http: self.http.by(user, password), ..self.clone() }
    }

    /// The same server, asked with another header or none.
    pub(super) fn authorized(&self, value: Option<&str>) -> Self {
        Self { http: self.http.authorized(value), ..self.clone() }
    }

    /// The same server, with bodies of another type or none.
    pub(super) fn typed(&self, content_type: Option<&str>) -> Self {
        let http = match content_type {
            Some(content_type) => self.http.with("content-type", content_type),
            None => self.http.without("content-type"),
        };
        Self { http, ..self.clone() }
    }

    /// The same server, asked with a further header.
    pub(super) fn with(&self, name: &str, value: &str) -> Self {
        Self { http: self.http.with(name, value), ..self.clone() }
    }

    pub(super) async fn send(&self, method: &str, path: &str, body: impl Into<Body>) -> Answer {
        self.http.send(method, path, body).await
    }

    /// The body of an answer, unread.
    pub(super) async fn body(&self, method: &str, path: &str, body: Value) -> Body {
        self.http.response(method, path, body.to_string()).await.into_body()
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "").await
    }

    pub(super) async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, "").await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, body.to_string()).await
    }

    pub(super) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send("PUT", path, body.to_string()).await
    }

    pub(super) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send("PATCH", path, body.to_string()).await
    }

    /// POST that must make something; its URI.
    #[track_caller]
    pub(super) fn created<'a>(&'a self, path: &'a str, body: Value) -> impl Future<Output = String> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.post(path, body).await;
            assert_eq!(answer.status, StatusCode::CREATED, "{caller}: {}", answer.text);
            let uri = answer.result()["uri"].as_str().unwrap().to_owned();
            assert_eq!(answer.header("location"), uri, "{caller}");
            uri
        }
    }

    /// CREATE TABLE in the database `m`, which must work.
    pub(super) async fn made(&self, sql: &str) -> String {
        let answer = self.typed(Some("text/plain")).send("POST", &format!("{M}/tables"), sql.to_owned()).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{sql}: {}", answer.text);
        answer.result()["uri"].as_str().unwrap().to_owned()
    }

    /// One statement of the SQL endpoint, in the database `m`.
    pub(super) async fn sql(&self, query: &str) -> Answer {
        self.post("/api/v1/catalogs/default_catalog/databases/m/sql", json!({"query": query})).await
    }

    /// The rows of a query that must succeed.
    #[track_caller]
    pub(super) fn rows<'a>(&'a self, query: &'a str) -> impl Future<Output = String> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.sql(query).await;
            assert_eq!(answer.status, StatusCode::OK, "{caller}: {}", answer.text);
            answer.rows()
        }
    }

    /// Status and text of a statement of the SQL endpoint that must fail.
    pub(super) async fn refused(&self, query: &str) -> (u16, String) {
        let answer = self.sql(query).await;
        assert_ne!(answer.status, StatusCode::OK, "{query}: {}", answer.text);
        let json = answer.json();
        let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["status", "code", "msg", "message"]);
        assert_eq!((&json["status"], &json["code"]), (&json!("FAILED"), &json!("1")));
        (answer.status, json["msg"].as_str().unwrap().to_owned())
    }

    /// Keeps every task waiting for as long as the answer is held.
    pub(super) async fn hold_tasks(&self) -> tokio::sync::OwnedSemaphorePermit {
        self.tasks.hold().await
    }

    pub(super) fn table(&self, name: &str) -> Arc<Table> {
        let catalog = self.engine.catalog();
        let database = catalog.database_named("m").unwrap();
        Arc::clone(catalog.table_named(database.id, name).unwrap())
    }

    /// Writes rows of the visible columns, as another door does.
    pub(super) async fn write(&self, table: &str, rows: &[&[Cell]]) {
        let table = self.table(table);
        let columns: Vec<&str> = table.visible_columns().map(|column| column.name.as_str()).collect();
        self.http.store().write(&table, &columns, rows).await;
    }
}

const JSON: &str = "application/json";

/// The path of the database `m`.
pub(super) const M: &str = "/api/v2/catalogs/default/databases/m";

/// The table of the specification's sample.
pub(super) fn cpu() -> Value {
    json!({
        "name": "cpu", "kind": "timeSeries", "comment": "host load",
        "timeColumn": {"name": "ts", "type": "timestamp", "precision": "ms"},
        "columns": [{"name": "usage", "type": "double", "nullable": true}],
        "tags": [{"name": "host", "type": "varchar(64)", "isPrimary": true}, {"name": "dc", "type": "varchar(16)"}],
        "retention": "0d", "partitionInterval": "1d", "properties": {"compression": "lz4"}
    })
}
