//! A server without sockets: the router over an engine whose files are in memory.

use crate::Kwdb;
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
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        u64::try_from(since.as_micros()).unwrap()
    }
}

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

    /// `desc` as a text; of a list its only element.
    #[track_caller]
    pub(super) fn desc(&self) -> String {
        match &self.json()["desc"] {
            Value::String(text) => text.clone(),
            Value::Array(list) if list.len() == 1 => list[0].as_str().unwrap().to_owned(),
            other => panic!("desc is {other}"),
        }
    }

    /// The rows of a query, compact.
    #[track_caller]
    pub(super) fn rows(&self) -> String {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        self.json()["data"].to_string()
    }

    /// The column names of a query.
    #[track_caller]
    pub(super) fn names(&self) -> Vec<String> {
        let json = self.json();
        let columns = json["column_meta"].as_array().unwrap_or_else(|| panic!("{}", self.text));
        columns.iter().map(|column| column[0].as_str().unwrap().to_owned()).collect()
    }
}

/// The server, and who asks.
#[derive(Clone)]
pub(super) struct Client {
    router: Router,
    authorization: Option<String>,
    query: String,
}

/// The server's settings that a test may change.
pub(super) struct Options {
    pub(super) insecure: bool,
    pub(super) statement_bytes: usize,
    pub(super) result_bytes: Option<usize>,
    pub(super) token_minutes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { insecure: true, statement_bytes: 16 << 20, result_bytes: None, token_minutes: 60 }
    }
}

static SPILL_DIRECTORIES: AtomicU64 = AtomicU64::new(0);

impl Client {
    /// An empty store that root asks.
    pub(super) async fn new() -> Self {
        Self::started(true, 16 << 20).await
    }

    /// An empty store behind TLS or not, with a limit for statements.
    pub(super) async fn started(insecure: bool, statement_bytes: usize) -> Self {
        Self::with(Options { insecure, statement_bytes, ..Options::default() }).await
    }

    /// An empty store with these settings.
    pub(super) async fn with(options: Options) -> Self {
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
        let spill = format!("chronoglot-kwdb-{}-{number}", std::process::id());
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
        let router = Kwdb::new().router(DialectContext {
            tokens: Arc::new(TokenDirectory::of_engine(engine.clone(), options.token_minutes, 1000)),
            engine,
            insecure: options.insecure,
            body_bytes: 64 << 20,
            statement_bytes: options.statement_bytes,
            result_bytes: options.result_bytes,
        });
        Self { router, authorization: Some(basic("root", "kwdbpassword")), query: String::new() }
    }

    /// A store with the time-series database `tsdb`, which is the current one.
    pub(super) async fn with_tsdb() -> Self {
        let client = Self::new().await;
        client.done("create ts database tsdb").await;
        client.at("db=tsdb")
    }

    /// The same server, asked with other URL parameters.
    pub(super) fn at(&self, query: &str) -> Self {
        Self { query: query.to_owned(), ..self.clone() }
    }

    /// The same server, asked by another user.
    pub(super) fn by(&self, user: &str, password: &str) -> Self {
        self.authorized(Some(&basic(user, password)))
    }

    /// The same server, asked with another header or none.
    pub(super) fn authorized(&self, value: Option<&str>) -> Self {
        Self { authorization: value.map(str::to_owned), ..self.clone() }
    }

    /// Sends a request.
    pub(super) async fn send(&self, method: &str, endpoint: &str, body: impl Into<Body>) -> Answer {
        let uri = match self.query.as_str() {
            "" => format!("/restapi/{endpoint}"),
            query => format!("/restapi/{endpoint}?{query}"),
        };
        let mut request = Request::builder().method(method).uri(uri).header("content-type", "plain/text");
        if let Some(value) = &self.authorization {
            request = request.header("authorization", value);
        }
        let response = self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    pub(super) async fn ddl(&self, sql: &str) -> Answer {
        self.send("POST", "ddl", sql.to_owned()).await
    }

    pub(super) async fn insert(&self, sql: &str) -> Answer {
        self.send("POST", "insert", sql.to_owned()).await
    }

    pub(super) async fn query(&self, sql: &str) -> Answer {
        self.send("POST", "query", sql.to_owned()).await
    }

    /// Runs statements of `/ddl` that must succeed.
    #[track_caller]
    pub(super) fn done<'a>(&'a self, sql: &'a str) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.ddl(sql).await;
            assert_eq!(answer.json()["code"], 0, "{caller}: {}", answer.text);
        }
    }

    /// Runs statements of `/insert` that must write so many rows.
    #[track_caller]
    pub(super) fn inserted<'a>(&'a self, rows: u64, sql: &'a str) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.insert(sql).await;
            assert_eq!(answer.json()["code"], 0, "{caller}: {}", answer.text);
            assert_eq!(answer.json()["rows"], rows, "{caller}: {}", answer.text);
        }
    }

    /// The rows of a query that must succeed.
    #[track_caller]
    pub(super) fn rows<'a>(&'a self, sql: &'a str) -> impl Future<Output = String> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.query(sql).await;
            assert_eq!(answer.status, StatusCode::OK, "{caller}: {}", answer.text);
            answer.rows()
        }
    }

    /// The text of a statement of `/ddl` that must fail.
    pub(super) async fn refused(&self, sql: &str) -> String {
        let answer = self.ddl(sql).await;
        assert_eq!(answer.json()["code"], -1, "{sql}: {}", answer.text);
        answer.desc()
    }
}

/// The header of a user with a password.
pub(super) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}
