//! A server without sockets: the router over an engine whose files are in memory.

use crate::OpenTsdb;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
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
    pub(super) text: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Message and details of a failure.
    pub(super) fn error(&self) -> (String, String) {
        let json = self.json();
        let text = |key: &str| json["error"][key].as_str().unwrap_or(&self.text).to_owned();
        assert_eq!(json["error"]["code"], self.status);
        (text("message"), text("details"))
    }
}

/// The server, and who asks.
#[derive(Clone)]
pub(super) struct Client {
    engine: Engine,
    router: Router,
    authorization: Option<String>,
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
        let spill = format!("chronoglot-opentsdb-{}-{number}", std::process::id());
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
        let tokens: Arc<dyn Tokens> = Arc::new(TokenDirectory::of_engine(engine.clone(), 60, 1000));
        let router = OpenTsdb::new().router(DialectContext {
            tokens,
            engine: engine.clone(),
            insecure,
            body_bytes: 1 << 20,
            statement_bytes: 1 << 20,
            result_bytes: None,
        });
        Self { engine, router, authorization: None }
    }

    /// The same server, asked with a header.
    pub(super) fn with(&self, authorization: &str) -> Self {
        Self { authorization: Some(authorization.to_owned()), ..self.clone() }
    }

    /// Sends points.
    pub(super) async fn put(&self, query: &str, body: &str) -> Answer {
        self.send("POST", &format!("/api/put{query}"), body.to_owned()).await
    }

    /// How many tables there are.
    pub(super) fn tables(&self) -> usize {
        self.engine.catalog().tables().count()
    }

    pub(super) async fn send(&self, method: &str, uri: &str, body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(uri);
        if let Some(value) = &self.authorization {
            request = request.header("authorization", value);
        }
        let response = self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status.as_u16(), text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    fn root(&self) -> Caller {
        self.engine.caller(self.engine.catalog().user_named("root").unwrap().id).unwrap()
    }

    pub(super) async fn user(&self, name: &str, password: &str) {
        let new = NewUser {
            name: name.to_owned(),
            is_role: false,
            may_log_in: true,
            password: Some(password.to_owned()),
            valid_until_ms: None,
            may_create_roles: false,
        };
        self.engine.create_user(&self.root(), new).await.unwrap();
    }

    /// The rows of a query in `defaultdb`: cells parted by `|`.
    pub(super) async fn rows(&self, sql: &str) -> Vec<String> {
        let database = self.engine.catalog().database_named("defaultdb").unwrap().id;
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
