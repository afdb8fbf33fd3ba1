//! A dialect with a handler for each thing that can happen, and a client that sees raw bytes.

use crate::rejection::text;
use crate::settings::{Listener, Settings};
use crate::stack::Mount;
use crate::start::{RunningServer, start_mounted};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use dialect::{Dialect, DialectContext, Media, Parameter, Route, Surface, read_text};
use futures::{StreamExt, stream};
use model::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// What the handlers and the test tell each other.
#[derive(Debug, Default)]
pub(super) struct Signals {
    /// Requests now in `/test/slow`.
    pub(super) slow: AtomicUsize,
    /// Lets one of them go.
    pub(super) go: Notify,
}

#[derive(Debug)]
pub(super) struct TestDialect {
    pub(super) name: &'static str,
    pub(super) prefixes: &'static [&'static str],
    pub(super) routes: &'static [Route],
}

const ROUTES: &[Route] = &[
    Route::get("/test/hello", "Says hello"),
    Route::post("/test/length", "Measures a text").body(&[Media::Text]),
    Route::get("/test/panic", "Panics"),
    Route::get("/test/slow", "Waits"),
    Route::get("/test/stream", "Streams"),
    Route::get("/test/login/{password}", "Logs in").parameters(&[Parameter::query("tz", "the zone")]),
    Route::post("/test/ignore", "Ignores the body"),
];

impl Dialect for TestDialect {
    fn surface(&self) -> Surface {
        Surface { name: self.name, routes: self.routes, prefixes: self.prefixes, compat: "# What works\n" }
    }
    fn router(&self, _: DialectContext) -> Router {
        panic!("the tests mount their handlers themselves")
    }
    fn reject(&self, error: &Error) -> Response {
        let status = StatusCode::from_u16(error.code().info().http_status).unwrap();
        text(status, format!("{} says: {error}", self.name))
    }
}

struct Leaving(Arc<Signals>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.slow.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn slow(State((signals, _)): State<(Arc<Signals>, usize)>) -> &'static str {
    signals.slow.fetch_add(1, Ordering::SeqCst);
    let _leaving = Leaving(Arc::clone(&signals));
    signals.go.notified().await;
    "done"
}

async fn length(State((_, limit)): State<(Arc<Signals>, usize)>, request: Request) -> Response {
    match read_text(request.into_body(), limit).await {
        Ok(read) => text(StatusCode::OK, read.len().to_string()),
        Err(error) => dialect("test").reject(&error),
    }
}

/// Sends a piece, then the rest once it is let go.
async fn streamed(State((signals, _)): State<(Arc<Signals>, usize)>) -> Response {
    let rest = stream::once(async move {
        signals.go.notified().await;
        Ok(Bytes::from(vec![b'b'; 5000]))
    });
    let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from(vec![b'a'; 5000]))]);
    Response::new(Body::from_stream(first.chain(rest)))
}

pub(super) fn dialect(name: &'static str) -> Arc<dyn Dialect> {
    Arc::new(TestDialect { name, prefixes: &["/test"], routes: ROUTES })
}

/// The dialect of the tests with its handlers.
pub(super) fn mount(signals: &Arc<Signals>, settings: &Settings) -> Mount {
    let limit = usize::try_from(settings.limits.body_bytes).unwrap();
    let router = Router::new()
        .route("/test/hello", get(async || "hello"))
        .route("/test/length", post(length))
        .route("/test/panic", get(async || -> &'static str { panic!("secret words") }))
        .route("/test/slow", get(slow))
        .route("/test/stream", get(streamed))
        .route("/test/login/{password}", get(async |Path(_): Path<String>| "in"))
        .route("/test/ignore", post(async || StatusCode::UNAUTHORIZED))
        .with_state((Arc::clone(signals), limit));
    Mount { dialect: dialect("test"), router, shared: Vec::new() }
}

/// Settings for an insecure server on any free port.
pub(super) fn insecure() -> Settings {
    Settings { insecure: true, listen: vec![Listener::at("127.0.0.1:0")], ..Settings::default() }
}

pub(super) struct Served {
    pub(super) server: RunningServer,
    pub(super) address: SocketAddr,
    pub(super) signals: Arc<Signals>,
}

pub(super) async fn serve(settings: &Settings) -> Served {
    let signals = Arc::new(Signals::default());
    let server = start_mounted(settings, &[mount(&signals, settings)]).await.unwrap();
    Served { address: server.addresses()[0], server, signals }
}

/// An answer taken apart.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn parse(raw: &[u8]) -> Self {
        let end = raw.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("an answer with a head");
        let head = String::from_utf8(raw[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_ascii_lowercase(), body: raw[end + 4..].to_vec() }
    }
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let value = |line: &'_ str| line.split_once(": ").filter(|(key, _)| *key == name).map(|(_, value)| value.len());
        let line = self.head.lines().find(|line| value(line).is_some())?;
        line.split_once(": ").map(|(_, value)| value)
    }
}

/// A request's text; it asks for the connection to be closed, unless `more` says otherwise.
pub(super) fn request(method: &str, path: &str, more: &str, body: &str) -> String {
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{length}{more}\r\n{body}")
}

/// Sends bytes and reads until the server closes.
pub(super) async fn exchange(address: SocketAddr, sent: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    Answer::parse(&rest(&mut stream).await)
}

pub(super) async fn get_path(address: SocketAddr, path: &str) -> Answer {
    exchange(address, &request("GET", path, "", "")).await
}

pub(super) async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut raw = Vec::new();
    let read = tokio::time::timeout(std::time::Duration::from_secs(20), stream.read_to_end(&mut raw)).await;
    read.expect("the server closes in time").unwrap();
    raw
}

/// Waits for something that other tasks bring about.
pub(super) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("waited in vain until {what}");
}
