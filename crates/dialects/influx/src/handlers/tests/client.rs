//! A server without sockets: the router over an engine whose files are in memory.

use crate::Influx;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use catalog::RedbCatalog;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use dialect::{Dialect as _, DialectContext, Tokens};
use engine::{Caller, Engine, NewUser, QueryRequest};
use files::ForgetfulFiles;
use futures::StreamExt as _;
use query::{Profile, QueryEngine, QueryOptions};
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
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The text of a failure of version 1.
    pub(super) fn error(&self) -> (u16, String) {
        (self.status, self.json()["error"].as_str().unwrap_or(&self.text).to_owned())
    }
}

/// The server, and who asks.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) engine: Engine,
    pub(super) tokens: Arc<TokenDirectory>,
    router: Router,
    headers: Vec<(&'static str, String)>,
}

static SPILL_DIRECTORIES: AtomicU64 = AtomicU64::new(0);

impl Client {
    /// An empty store without TLS, asked without credentials.
    pub(super) async fn new() -> Self {
        Self::started(true).await
    }

    pub(super) async fn started(insecure: bool) -> Self {
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
        let spill = format!("chronoglot-influx-{}-{number}", std::process::id());
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
        let tokens = Arc::new(TokenDirectory::of_engine(engine.clone(), 60, 1000));
        let context = DialectContext {
            tokens: Arc::clone(&tokens) as Arc<dyn Tokens>,
            engine: engine.clone(),
            insecure,
            body_bytes: 1 << 20,
            statement_bytes: 1 << 20,
            result_bytes: None,
        };
        let influx = Influx::new();
        let mut router = influx.router(context.clone());
        for shared in influx.shared_routes(context) {
            router = router.route(shared.route.path, shared.handler);
        }
        Self { engine, tokens, router, headers: Vec::new() }
    }

    /// A store with the database `db0`.
    pub(super) async fn with_db0() -> Self {
        let client = Self::new().await;
        let made = client.send("POST", "/query?q=CREATE%20DATABASE%20db0", "").await;
        assert_eq!(made.status, 200, "{}", made.text);
        client
    }

    /// The same server, asked with a header.
    pub(super) fn with(&self, name: &'static str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.retain(|(other, _)| *other != name);
        client.headers.push((name, value.to_owned()));
        client
    }

    pub(super) async fn send(&self, method: &str, uri: &str, body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let response = self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// Sends lines to `db0`.
    pub(super) async fn write(&self, lines: &str) -> Answer {
        self.send("POST", "/write?db=db0", lines.to_owned()).await
    }

    pub(super) fn root(&self) -> Caller {
        self.engine.caller(self.engine.catalog().user_named("root").unwrap().id).unwrap()
    }

    pub(super) async fn user(&self, name: &str, password: &str) -> Caller {
        let new = NewUser {
            name: name.to_owned(),
            is_role: false,
            may_log_in: true,
            password: Some(password.to_owned()),
            valid_until_ms: None,
            may_create_roles: false,
        };
        let id = self.engine.create_user(&self.root(), new).await.unwrap();
        self.engine.caller(id).unwrap()
    }

    /// The rows of a query in `db0`: cells parted by `|`.
    pub(super) async fn rows(&self, sql: &str) -> Vec<String> {
        let database = self.engine.catalog().database_named("db0").unwrap().id;
        let request = QueryRequest {
            profile: Profile::builder().build(),
            statement: Parser::parse_sql(&GenericDialect {}, sql).unwrap().remove(0),
            database: Some(database),
            own_tables: None,
            time_zone: "+00:00".to_owned(),
            text: sql.to_owned(),
            timeout: None,
        };
        let mut stream = self.engine.query(&self.root(), request).await.unwrap();
        let mut rows = Vec::new();
        while let Some(batch) = stream.batches.next().await {
            let batch = batch.unwrap();
            let options = FormatOptions::default().with_null("NULL");
            let cells: Vec<_> =
                batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
            for row in 0..batch.num_rows() {
                rows.push(cells.iter().map(|cell| cell.value(row).to_string()).collect::<Vec<_>>().join("|"));
            }
        }
        rows
    }
}
