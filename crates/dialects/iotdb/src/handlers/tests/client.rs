//! A server without sockets: the router over a store in memory.

use crate::Iotdb;
use dialect::{Dialect as _, DialectContext};
use dialect_testing::{Answer, Store};
use serde_json::{Value, json};
use server::TokenDirectory;
use std::sync::Arc;

/// What this dialect's answers hold.
pub(super) trait Envelope {
    /// The code of a body that has one.
    fn code(&self) -> u64;
    /// Its message.
    fn message(&self) -> String;
}

impl Envelope for Answer {
    #[track_caller]
    fn code(&self) -> u64 {
        self.json()["code"].as_u64().unwrap_or_else(|| panic!("no code: {}", self.text))
    }

    #[track_caller]
    fn message(&self) -> String {
        self.json()["message"].as_str().unwrap_or_else(|| panic!("no message: {}", self.text)).to_owned()
    }
}

/// The server, who asks, and in which database.
#[derive(Clone)]
pub(super) struct Client {
    http: dialect_testing::Client,
    pub(super) database: Option<String>,
}

impl Client {
    /// An empty store that root asks, with the database `plant`.
    pub(super) async fn new() -> Self {
        let store = Store::new().await;
        let tokens = TokenDirectory::of_engine(store.engine.clone(), 60, 1_000);
        let router = Iotdb.router(DialectContext {
            statement_bytes: 64 << 10,
            result_bytes: Some(1 << 20),
            ..store.context(Arc::new(tokens))
        });
        let http = dialect_testing::Client::new(store, router).by("root", "root");
        let client = Self { http, database: Some("plant".to_owned()) };
        client.done("create database plant").await;
        client
    }

    /// What lies below the router.
    pub(super) fn store(&self) -> &Store {
        self.http.store()
    }

    /// The same server, asked by another user.
    pub(super) fn by(&self, user: &str, password: &str) -> Self {
        Self { http: self.http.by(user, password), ..self.clone() }
    }

    /// Sends a request with further headers.
    pub(super) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: String) -> Answer {
        let with_all = headers.iter().fold(self.http.clone(), |http, (name, value)| http.with(name, value));
        with_all.send(method, path, body).await
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
