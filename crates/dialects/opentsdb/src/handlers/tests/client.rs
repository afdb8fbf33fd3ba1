//! A server without sockets: the router over a store in memory.

use crate::OpenTsdb;
use axum::body::Body;
use dialect::{Dialect as _, DialectContext};
use dialect_testing::{Answer, Store};
use server::TokenDirectory;
use std::sync::Arc;

/// What this dialect's answers hold.
pub(super) trait Envelope {
    /// Message and details of a failure.
    fn error(&self) -> (String, String);
}

impl Envelope for Answer {
    #[track_caller]
    fn error(&self) -> (String, String) {
        let json = self.json();
        let text = |key: &str| json["error"][key].as_str().unwrap_or(&self.text).to_owned();
        assert_eq!(json["error"]["code"], self.status);
        (text("message"), text("details"))
    }
}

/// The server, and who asks.
pub(super) struct Client(dialect_testing::Client);

impl Client {
    /// An empty store without TLS, asked without credentials.
    pub(super) async fn new() -> Self {
        Self::started(true).await
    }

    pub(super) async fn started(insecure: bool) -> Self {
        let store = Store::new().await;
        let tokens = TokenDirectory::of_engine(store.engine.clone(), 60, 1000);
        let context = DialectContext { insecure, ..store.context(Arc::new(tokens)) };
        Self(dialect_testing::Client::new(store, OpenTsdb.router(context)))
    }

    /// The same server, asked with a header.
    pub(super) fn with(&self, authorization: &str) -> Self {
        Self(self.0.authorized(Some(authorization)))
    }

    /// Sends points.
    pub(super) async fn put(&self, query: &str, body: &str) -> Answer {
        self.send("POST", &format!("/api/put{query}"), body.to_owned()).await
    }

    /// How many tables there are.
    pub(super) fn tables(&self) -> usize {
        self.0.store().engine.catalog().tables().count()
    }

    pub(super) async fn send(&self, method: &str, uri: &str, body: impl Into<Body>) -> Answer {
        self.0.send(method, uri, body).await
    }

    pub(super) async fn user(&self, name: &str, password: &str) {
        self.0.store().user(name, password).await;
    }

    /// The rows of a query in `defaultdb`: cells parted by `|`.
    pub(super) async fn rows(&self, sql: &str) -> Vec<String> {
        self.0.store().rows("defaultdb", sql).await
    }
}
