//! A server without sockets: the router over a store in memory.

use crate::Kwdb;
use axum::body::Body;
use axum::http::StatusCode;
use dialect::{Dialect as _, DialectContext};
use dialect_testing::Store;
pub(super) use dialect_testing::{Answer, basic};
use serde_json::Value;
use server::TokenDirectory;
use std::sync::Arc;

/// What this dialect's answers hold.
pub(super) trait Envelope {
    /// `desc` as a text; of a list its only element.
    fn desc(&self) -> String;
    /// The rows of a query, compact.
    fn rows(&self) -> String;
    /// The column names of a query.
    fn names(&self) -> Vec<String>;
}

impl Envelope for Answer {
    #[track_caller]
    fn desc(&self) -> String {
        match &self.json()["desc"] {
            Value::String(text) => text.clone(),
            Value::Array(list) if list.len() == 1 => list[0].as_str().unwrap().to_owned(),
            other => panic!("desc is {other}"),
        }
    }

    #[track_caller]
    fn rows(&self) -> String {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        self.json()["data"].to_string()
    }

    #[track_caller]
    fn names(&self) -> Vec<String> {
        let json = self.json();
        let columns = json["column_meta"].as_array().unwrap_or_else(|| panic!("{}", self.text));
        columns.iter().map(|column| column[0].as_str().unwrap().to_owned()).collect()
    }
}

/// The server, who asks, and the URL parameters.
#[derive(Clone)]
pub(super) struct Client {
    http: dialect_testing::Client,
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
        let store = Store::new().await;
        let tokens = TokenDirectory::of_engine(store.engine.clone(), options.token_minutes, 1000);
        let router = Kwdb.router(DialectContext {
            insecure: options.insecure,
            body_bytes: 64 << 20,
            statement_bytes: options.statement_bytes,
            result_bytes: options.result_bytes,
            ..store.context(Arc::new(tokens))
        });
        let http = dialect_testing::Client::new(store, router).with("content-type", "plain/text");
        Self { http: http.by("root", "kwdbpassword"), query: String::new() }
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
        Self { http: self.http.by(user, password), ..self.clone() }
    }

    /// The same server, asked with another header or none.
    pub(super) fn authorized(&self, value: Option<&str>) -> Self {
        Self { http: self.http.authorized(value), ..self.clone() }
    }

    /// Sends a request.
    pub(super) async fn send(&self, method: &str, endpoint: &str, body: impl Into<Body>) -> Answer {
        let uri = match self.query.as_str() {
            "" => format!("/restapi/{endpoint}"),
            query => format!("/restapi/{endpoint}?{query}"),
        };
        self.http.send(method, &uri, body).await
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
