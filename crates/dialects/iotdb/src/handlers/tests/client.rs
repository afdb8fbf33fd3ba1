//! A server without sockets.

use crate::Iotdb;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use catalog::RedbCatalog;
use dialect::{Dialect as _, DialectContext};
use engine::Engine;
use files::ForgetfulFiles;
use query::{QueryEngine, QueryOptions};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use storage::{Clock, Storage, StorageOptions, WalSync};
use tower::ServiceExt as _;

#[derive(Debug)]
struct Now;

impl Clock for Now {
    fn now_micros(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        u64::try_from(since.as_micros()).unwrap()
    }
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    /// The code of a body that has one.
    #[track_caller]
    pub(super) fn code(&self) -> u64 {
        self.json()["code"].as_u64().unwrap_or_else(|| panic!("no code: {}", self.text))
    }

    /// Its message.
    #[track_caller]
    pub(super) fn message(&self) -> String {
        self.json()["message"].as_str().unwrap_or_else(|| panic!("no message: {}", self.text)).to_owned()
    }
}

/// The server, and who asks.
#[derive(Clone)]
pub(super) struct Client {
    router: Router,
    authorization: Option<String>,
    pub(super) database: Option<String>,
}

static SPILL_DIRECTORIES: AtomicU64 = AtomicU64::new(0);

impl Client {
    /// An empty store that root asks, with the database `plant`.
    pub(super) async fn new() -> Self {
        let shared: Arc<dyn files::Files> = Arc::new(ForgetfulFiles::new());
        let catalog: Arc<dyn catalog::CatalogStore> = Arc::new(RedbCatalog::open(Arc::clone(&shared)).unwrap());
        let storage_options = StorageOptions {
            wal_sync: WalSync::Always,
            flush_bytes: 64 << 20,
            memory_limit_bytes: 256 << 20,
            log_file_bytes: 64 << 20,
            partition_seconds: 864_000,
            clock: Arc::new(Now),
        };
        let storage = Storage::open(shared, Arc::clone(&catalog), storage_options).unwrap();
        let number = SPILL_DIRECTORIES.fetch_add(1, Ordering::SeqCst);
        let spill = format!("chronoglot-iotdb-{}-{number}", std::process::id());
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
        let tokens = Arc::new(server::TokenDirectory::of_engine(engine.clone(), 60, 1_000));
        let router = Iotdb::new().router(DialectContext {
            engine,
            tokens,
            insecure: true,
            body_bytes: 1 << 20,
            statement_bytes: 64 << 10,
            result_bytes: Some(1 << 20),
        });
        let client = Self { router, authorization: Some(basic("root", "root")), database: Some("plant".to_owned()) };
        client.done("create database plant").await;
        client
    }

    /// The same server, asked by another user.
    pub(super) fn by(&self, user: &str, password: &str) -> Self {
        Self { authorization: Some(basic(user, password)), ..self.clone() }
    }

    /// Sends a request.
    pub(super) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: String) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(value) = &self.authorization {
            request = request.header("authorization", value);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    async fn statement(&self, endpoint: &str, sql: &str) -> Answer {
        let body = json!({ "database": self.database, "sql": sql }).to_string();
        let json = [("content-type", "application/json")];
        self.send("POST", &format!("/rest/table/v1/{endpoint}"), &json, body).await
    }

    pub(super) async fn query(&self, sql: &str) -> Answer {
        self.statement("query", sql).await
    }

    pub(super) async fn non_query(&self, sql: &str) -> Answer {
        self.statement("nonQuery", sql).await
    }

    /// Runs a statement that must succeed.
    pub(super) async fn done(&self, sql: &str) {
        let answer = self.non_query(sql).await;
        assert_eq!(answer.text, r#"{"code":200,"message":"SUCCESS_STATUS"}"#, "{sql}");
    }

    /// The rows of a query that must succeed, compact.
    pub(super) async fn rows(&self, sql: &str) -> String {
        let answer = self.query(sql).await;
        let values = &answer.json()["values"];
        assert!(values.is_array(), "{sql}: {}", answer.text);
        values.to_string()
    }

    /// Code and message of a statement that must fail.
    pub(super) async fn refused(&self, endpoint: &str, sql: &str) -> (u64, String) {
        let answer = self.statement(endpoint, sql).await;
        (answer.code(), answer.message())
    }

    /// Writes a tablet.
    pub(super) async fn tablet(&self, body: &Value) -> Answer {
        let json = [("content-type", "application/json")];
        self.send("POST", "/rest/table/v1/insertTablet", &json, body.to_string()).await
    }
}

/// The header of a user with a password.
pub(super) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}
