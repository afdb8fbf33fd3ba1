//! A client without sockets: a dialect's router over a store in memory, and who asks.

use crate::{Answer, Store};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, Request};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tower::ServiceExt as _;

/// The server, and who asks. A clone asks the same server.
#[derive(Clone, Debug)]
pub struct Client {
    store: Store,
    router: Router,
    headers: HeaderMap,
}

impl Client {
    /// A client of a router over a store, without credentials.
    pub fn new(store: Store, router: Router) -> Self {
        Self { store, router, headers: HeaderMap::new() }
    }

    /// What lies below the router.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The same server, asked with this header, in place of another value that it had.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.insert(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        client
    }

    /// The same server, asked without this header.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        let mut client = self.clone();
        client.headers.remove(name);
        client
    }

    /// The same server, asked by this user.
    #[must_use]
    pub fn by(&self, user: &str, password: &str) -> Self {
        self.authorized(Some(&basic(user, password)))
    }

    /// The same server, asked with these credentials or none.
    #[must_use]
    pub fn authorized(&self, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with("authorization", value),
            None => self.without("authorization"),
        }
    }

    /// Sends a request; the answer's body is unread.
    pub async fn response(&self, method: &str, uri: &str, body: impl Into<Body>) -> Response {
        let mut request = Request::builder().method(method).uri(uri).body(body.into()).unwrap();
        *request.headers_mut() = self.headers.clone();
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Sends a request and reads the answer.
    pub async fn send(&self, method: &str, uri: &str, body: impl Into<Body>) -> Answer {
        Answer::read(self.response(method, uri, body).await).await
    }
}

/// The header of a user with a password.
pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}
