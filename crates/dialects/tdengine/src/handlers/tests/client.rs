//! A server without sockets: the router over an engine whose files are in memory.

use crate::TDengine;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use catalog::RedbCatalog;
use dialect::{Dialect as _, DialectContext};
use engine::Engine;
use files::ForgetfulFiles;
use query::{QueryEngine, QueryOptions};
use serde_json::Value;
use server::TokenDirectory;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use storage::{Clock, Storage, StorageOptions, WalSync};
use tower::ServiceExt as _;

#[derive(Debug)]
struct Now;

impl Clock for Now {
    fn now_micros(&self) -> u64 {
        u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros()).unwrap()
    }
}

/// The longest statement that the server of the tests takes.
pub(super) const STATEMENT_BYTES: usize = 1 << 20;

static SPILL_DIRECTORIES: AtomicU64 = AtomicU64::new(0);

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    #[track_caller]
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    #[track_caller]
    pub(super) fn code(&self) -> u64 {
        self.json()["code"].as_u64().unwrap()
    }

    #[track_caller]
    pub(super) fn desc(&self) -> String {
        self.json()["desc"].as_str().unwrap_or_else(|| panic!("{}", self.text)).to_owned()
    }
}

/// The server, and who asks.
#[derive(Clone)]
pub(super) struct Client {
    router: Router,
    authorization: Option<String>,
    path: String,
}

impl Client {
    /// An empty store that root asks.
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
        let query = QueryEngine::new(QueryOptions {
            memory_bytes: 64 << 20,
            memory_total_bytes: 256 << 20,
            timeout: Duration::from_secs(60),
            running: 64,
            spill_directory: std::env::temp_dir().join(format!("chronoglot-tdengine-{}-{number}", std::process::id())),
            threads: 2,
        })
        .unwrap();
        let engine = Engine::new(catalog, storage, query).await.unwrap();
        let router = TDengine::new().router(DialectContext {
            tokens: Arc::new(TokenDirectory::of_engine(engine.clone(), 60, 1_000)),
            engine,
            insecure: true,
            body_bytes: 4 << 20,
            statement_bytes: STATEMENT_BYTES,
            result_bytes: None,
        });
        Self { router, authorization: Some(basic("root", "taosdata")), path: "/rest/sql".to_owned() }
    }

    /// A store with the fixture of the specification's cases, in the database `rt`.
    pub(super) async fn with_rt() -> Self {
        let client = Self::new().await;
        client.changed(0, "create database rt").await;
        client
            .changed(
                0,
                "create stable rt.st (ts timestamp, v int, f float, d double, s varchar(20), n nchar(10)) \
                 tags (g int, loc varchar(16))",
            )
            .await;
        client.changed(0, "create table rt.d1 using rt.st tags (1, 'a') rt.d2 using rt.st tags (2, 'b')").await;
        client.at("/rest/sql/rt")
    }

    /// The same server, asked elsewhere.
    pub(super) fn at(&self, path: &str) -> Self {
        Self { path: path.to_owned(), ..self.clone() }
    }

    /// The same server, asked by another user.
    pub(super) fn by(&self, user: &str, password: &str) -> Self {
        self.authorized(Some(&basic(user, password)))
    }

    /// The same server, asked with another header or none.
    pub(super) fn authorized(&self, value: Option<&str>) -> Self {
        Self { authorization: value.map(str::to_owned), ..self.clone() }
    }

    pub(super) async fn send(&self, method: &str, body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(&self.path);
        if let Some(value) = &self.authorization {
            request = request.header("authorization", value);
        }
        let response = self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    pub(super) async fn sql(&self, sql: &str) -> Answer {
        self.send("POST", sql.to_owned()).await
    }

    /// Runs a statement that must change so many rows.
    #[track_caller]
    pub(super) fn changed<'a>(&'a self, rows: u64, sql: &'a str) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.sql(sql).await;
            assert_eq!(answer.code(), 0, "{caller}: {sql}: {}", answer.text);
            assert_eq!(answer.json()["data"][0][0], rows, "{caller}: {sql}: {}", answer.text);
        }
    }

    /// The rows of a query that must succeed, compact.
    #[track_caller]
    pub(super) fn rows<'a>(&'a self, sql: &'a str) -> impl Future<Output = String> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.sql(sql).await;
            assert_eq!(answer.code(), 0, "{caller}: {sql}: {}", answer.text);
            answer.json()["data"].to_string()
        }
    }

    /// Code and text of a statement that must fail.
    #[track_caller]
    pub(super) fn refused<'a>(&'a self, sql: &'a str) -> impl Future<Output = (u64, String)> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.sql(sql).await;
            assert_ne!(answer.code(), 0, "{caller}: {sql}: {}", answer.text);
            (answer.code(), answer.desc())
        }
    }
}

/// The header of a user with a password.
pub(super) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}
