//! A server without sockets: the router over a store in memory.

use crate::TDengine;
use axum::body::Body;
use dialect::{Dialect as _, DialectContext};
use dialect_testing::{Answer, Store};
use server::TokenDirectory;
use std::sync::Arc;

/// The longest statement that the server of the tests takes.
pub(super) const STATEMENT_BYTES: usize = 1 << 20;

/// What this dialect's answers hold.
pub(super) trait Envelope {
    /// The code.
    fn code(&self) -> u64;
    /// The text of a failure.
    fn desc(&self) -> String;
}

impl Envelope for Answer {
    #[track_caller]
    fn code(&self) -> u64 {
        self.json()["code"].as_u64().unwrap()
    }

    #[track_caller]
    fn desc(&self) -> String {
        self.json()["desc"].as_str().unwrap_or_else(|| panic!("{}", self.text)).to_owned()
    }
}

/// The server, who asks, and where.
#[derive(Clone)]
pub(super) struct Client {
    http: dialect_testing::Client,
    path: String,
}

impl Client {
    /// An empty store that root asks.
    pub(super) async fn new() -> Self {
        let store = Store::new().await;
        let tokens = TokenDirectory::of_engine(store.engine.clone(), 60, 1_000);
        let router = TDengine.router(DialectContext {
            body_bytes: 4 << 20,
            statement_bytes: STATEMENT_BYTES,
            ..store.context(Arc::new(tokens))
        });
        let http = dialect_testing::Client::new(store, router);
        Self { http: http.by("root", "taosdata"), path: "/rest/sql".to_owned() }
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
        Self { http: self.http.by(user, password), ..self.clone() }
    }

    /// The same server, asked with another header or none.
    pub(super) fn authorized(&self, value: Option<&str>) -> Self {
        Self { http: self.http.authorized(value), ..self.clone() }
    }

    pub(super) async fn send(&self, method: &str, body: impl Into<Body>) -> Answer {
        self.http.send(method, &self.path, body).await
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
