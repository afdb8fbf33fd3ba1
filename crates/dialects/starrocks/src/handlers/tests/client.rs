//! A server without sockets: the router over an engine whose files are in memory.

use crate::StarRocks;
use crate::tasks::Tasks;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use catalog::RedbCatalog;
use dialect::DialectContext;
use engine::{Caller, Engine};
use files::ForgetfulFiles;
use model::{AttributePolicy, CellsBuilder, Table, Value as Cell, WriteBatch, WriteKind};
use query::{QueryEngine, QueryOptions};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use storage::{Storage, StorageOptions, SystemClock, WalSync};
use tower::ServiceExt as _;

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    /// The result of a success.
    #[track_caller]
    pub(super) fn result(&self) -> Value {
        let json = self.json();
        assert_eq!((&json["code"], &json["message"]), (&json!("0"), &json!("OK")), "{}", self.text);
        json["result"].clone()
    }

    /// Status, code and reason of a failure, whose envelope is whole.
    #[track_caller]
    pub(super) fn failure(&self) -> (u16, String, String) {
        let json = self.json();
        let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["code", "message", "result"], "{}", self.text);
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{}", self.text)).to_owned();
        assert_ne!(json["code"], "0");
        (self.status.as_u16(), text(&json["code"]), text(&json["result"]["reason"]))
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The lines of a query's answer as JSON.
    #[track_caller]
    pub(super) fn lines(&self) -> Vec<Value> {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        assert!(self.text.ends_with('\n'), "{}", self.text);
        self.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The rows of a query, compact.
    #[track_caller]
    pub(super) fn rows(&self) -> String {
        let lines = self.lines();
        assert!(lines.last().unwrap().get("statistics").is_some(), "{}", self.text);
        let rows: Vec<&Value> = lines.iter().filter_map(|line| line.get("data")).collect();
        json!(rows).to_string()
    }
}

/// The server, and who asks.
#[derive(Clone)]
pub(super) struct Client {
    router: Router,
    pub(super) engine: Engine,
    tasks: Tasks,
    authorization: Option<String>,
    content_type: Option<&'static str>,
}

static SPILL_DIRECTORIES: AtomicU64 = AtomicU64::new(0);

/// A store's files, which outlive its servers.
pub(super) fn files() -> Arc<dyn files::Files> {
    Arc::new(ForgetfulFiles::new())
}

impl Client {
    /// An empty store that root asks.
    pub(super) async fn new() -> Self {
        Self::over(files(), 1 << 20).await
    }

    /// A server over files.
    pub(super) async fn over(files: Arc<dyn files::Files>, statement_bytes: usize) -> Self {
        let catalog: Arc<dyn catalog::CatalogStore> = Arc::new(RedbCatalog::open(Arc::clone(&files)).unwrap());
        let storage_options = StorageOptions {
            wal_sync: WalSync::Always,
            flush_bytes: 64 << 20,
            memory_limit_bytes: 256 << 20,
            log_file_bytes: 64 << 20,
            partition_seconds: 864_000,
            clock: Arc::new(SystemClock),
        };
        let storage = Storage::open(files, Arc::clone(&catalog), storage_options).unwrap();
        let number = SPILL_DIRECTORIES.fetch_add(1, Ordering::SeqCst);
        let spill = format!("chronoglot-starrocks-{}-{number}", std::process::id());
        let query = QueryEngine::new(QueryOptions {
            memory_bytes: 64 << 20,
            memory_total_bytes: 256 << 20,
            timeout: Duration::from_secs(60),
            running: 64,
            spill_directory: std::env::temp_dir().join(spill),
            threads: 2,
        })
        .unwrap();
        let engine = Engine::new(catalog, storage, query).await.unwrap();
        let door = StarRocks::new().door(DialectContext {
            tokens: Arc::new(server::TokenDirectory::of_engine(engine.clone(), 60, 1000)),
            engine: engine.clone(),
            insecure: true,
            body_bytes: 4 << 20,
            statement_bytes,
            result_bytes: None,
        });
        let tasks = door.tasks.clone();
        let router = crate::rest::router(Arc::new(door));
        Self { router, engine, tasks, authorization: Some(basic("root", "")), content_type: Some("application/json") }
    }

    /// A store with the database `m`.
    pub(super) async fn with_database() -> Self {
        let client = Self::new().await;
        client.created("/api/v2/catalogs/default/databases", json!({"name": "m"})).await;
        client
    }

    /// The same server, asked by another user.
    pub(super) fn by(&self, user: &str, password: &str) -> Self {
        self.authorized(Some(&basic(user, password)))
    }

    /// The same server, asked with another header or none.
    pub(super) fn authorized(&self, value: Option<&str>) -> Self {
        Self { authorization: value.map(str::to_owned), ..self.clone() }
    }

    /// The same server, with bodies of another type or none.
    pub(super) fn typed(&self, content_type: Option<&'static str>) -> Self {
        Self { content_type, ..self.clone() }
    }

    /// Sends a request with further headers.
    pub(super) async fn send_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(value) = &self.authorization {
            request = request.header("authorization", value);
        }
        if let Some(value) = self.content_type {
            request = request.header("content-type", value);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    pub(super) async fn send(&self, method: &str, path: &str, body: impl Into<Body>) -> Answer {
        self.send_with(method, path, &[], body).await
    }

    /// The body of an answer, unread.
    pub(super) async fn body(&self, method: &str, path: &str, body: Value) -> Body {
        let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        if let Some(value) = &self.authorization {
            request = request.header("authorization", value);
        }
        let request = request.body(Body::from(body.to_string())).unwrap();
        self.router.clone().oneshot(request).await.unwrap().into_body()
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
        (answer.status.as_u16(), json["msg"].as_str().unwrap().to_owned())
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
        let columns = table.visible_columns().enumerate().map(|(index, column)| {
            let mut cells = CellsBuilder::new(column.data_type).unwrap();
            for row in rows {
                cells.push(&row[index]).unwrap();
            }
            (column.id, cells.finish())
        });
        let batch = WriteBatch {
            table: table.id,
            schema_version: table.schema_version,
            kind: WriteKind::Merge,
            attributes: AttributePolicy::OnlyIfNew,
            rows: rows.len(),
            columns: columns.collect(),
        };
        let root = self.engine.catalog().user_named("root").unwrap().id;
        self.engine.write(&Caller { user: root, name: "root".to_owned() }, batch).await.unwrap();
    }
}

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

/// The header of a user with a password.
pub(super) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}
