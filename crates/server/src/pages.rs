//! What the server answers itself: `/` says what this is and who answers where, `/health` that it
//! answers.

use crate::rejection::text;
use axum::Router;
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::get;
use dialect::Dialect;
use std::fmt::Write;
use std::sync::Arc;

/// The path of the health page; it is answered in clear on TLS ports too.
pub(crate) const HEALTH: &str = "/health";

/// The server's own routes.
pub(crate) fn routes(dialects: &[Arc<dyn Dialect>]) -> Router {
    let home = home(dialects);
    Router::new().route("/", get(async move || text(StatusCode::OK, home))).route(HEALTH, get(async || health()))
}

/// The health page.
pub(crate) fn health() -> Response {
    let mut response = Response::new(Body::from("{\"status\":\"ok\"}\n"));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn home(dialects: &[Arc<dyn Dialect>]) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut page = format!("Chronoglot {version}: a time-series database that speaks REST dialects.\n\n");
    if dialects.is_empty() {
        page.push_str("No dialect answers at this address.\n");
    }
    let width = dialects.iter().map(|dialect| dialect.name().len()).max().unwrap_or_default();
    for dialect in dialects {
        let _ = writeln!(page, "  {:width$}  below {}", dialect.name(), dialect.prefix());
    }
    page.push_str("\nGET /health says whether the server is up.\n");
    page
}
