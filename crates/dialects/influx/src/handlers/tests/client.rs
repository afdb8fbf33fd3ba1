//! A server without sockets: the router over a store in memory.

use crate::Influx;
use axum::body::Body;
use dialect::{Dialect as _, DialectContext, Tokens};
use dialect_testing::{Answer, Store};
use engine::{Caller, Engine};
use server::TokenDirectory;
use std::sync::Arc;

/// What this dialect's answers hold.
pub(super) trait Envelope {
    /// Status and text of a failure of version 1.
    fn error(&self) -> (u16, String);
}

impl Envelope for Answer {
    #[track_caller]
    fn error(&self) -> (u16, String) {
        (self.status, self.json()["error"].as_str().unwrap_or(&self.text).to_owned())
    }
}

/// The server, and who asks.
#[derive(Clone)]
pub(super) struct Client {
    http: dialect_testing::Client,
    pub(super) engine: Engine,
    pub(super) tokens: Arc<dyn Tokens>,
}

impl Client {
    /// An empty store without TLS, asked without credentials.
    pub(super) async fn new() -> Self {
        Self::started(true).await
    }

    pub(super) async fn started(insecure: bool) -> Self {
        let store = Store::new().await;
        let engine = store.engine.clone();
        let tokens: Arc<dyn Tokens> = Arc::new(TokenDirectory::of_engine(engine.clone(), 60, 1000));
        let context = DialectContext { insecure, ..store.context(Arc::clone(&tokens)) };
        let influx = Influx;
        let mut router = influx.router(context.clone());
        for shared in influx.shared_routes(context) {
            router = router.route(shared.route.path, shared.handler);
        }
        Self { http: dialect_testing::Client::new(store, router), engine, tokens }
    }

    /// A store with the database `db0`.
    pub(super) async fn with_db0() -> Self {
        let client = Self::new().await;
        let made = client.send("POST", "/query?q=CREATE%20DATABASE%20db0", "").await;
        assert_eq!(made.status, 200, "{}", made.text);
        client
    }

    /// The same server, asked with a header.
    pub(super) fn with(&self, name: &str, value: &str) -> Self {
        Self { http: self.http.with(name, value), ..self.clone() }
    }

    pub(super) async fn send(&self, method: &str, uri: &str, body: impl Into<Body>) -> Answer {
        self.http.send(method, uri, body).await
    }

    /// Sends lines to `db0`.
    pub(super) async fn write(&self, lines: &str) -> Answer {
        self.send("POST", "/write?db=db0", lines.to_owned()).await
    }

    pub(super) fn root(&self) -> Caller {
        self.http.store().root()
    }

    pub(super) async fn user(&self, name: &str, password: &str) -> Caller {
        self.http.store().user(name, password).await
    }

    /// The rows of a query in `db0`: cells parted by `|`.
    pub(super) async fn rows(&self, sql: &str) -> Vec<String> {
        self.http.store().rows("db0", sql).await
    }
}
