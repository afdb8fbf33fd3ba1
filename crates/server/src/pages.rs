//! What the server answers itself: `/` says what this is and who answers where, `/health` that it
//! answers, `/openapi.json` what can be asked, `/compat/{dialect}` what of its vendor's API a dialect
//! does. None of them shows anything of the data.

use crate::rejection::{plain, text};
use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use dialect::Dialect;
use model::ErrorKind;
use std::fmt::Write;
use std::sync::Arc;

/// The path of the health page; it is answered in clear on TLS ports too.
pub(crate) const HEALTH: &str = "/health";

/// The server's own routes, with the listener's OpenAPI document.
pub(crate) fn routes(dialects: &[Arc<dyn Dialect>], openapi: String) -> Router {
    let home = home(dialects);
    let openapi = Bytes::from(openapi);
    let tables: Vec<(&str, &str)> = dialects.iter().map(|dialect| (dialect.name(), dialect.compat())).collect();
    Router::new()
        .route("/", get(async move || text(StatusCode::OK, home)))
        .route(HEALTH, get(async || health()))
        .route("/openapi.json", get(async move || json(openapi)))
        .route("/compat/{dialect}", get(async move |Path(name): Path<String>| compat(&tables, &name)))
}

/// The health page, in the words that health checks of common clients look for.
pub(crate) fn health() -> Response {
    json(Bytes::from_static(
        b"{\"name\":\"chronoglot\",\"message\":\"ready for queries and writes\",\"status\":\"pass\"}\n",
    ))
}

fn json(body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The compatibility table of one dialect.
fn compat(tables: &[(&str, &str)], name: &str) -> Response {
    match tables.iter().find(|(dialect, _)| *dialect == name) {
        Some((_, table)) => {
            let mut response = text(StatusCode::OK, (*table).to_owned());
            let markdown = HeaderValue::from_static("text/markdown; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, markdown);
            response
        }
        None => plain(&ErrorKind::PathNotFound { path: format!("/compat/{name}") }.into()),
    }
}

fn home(dialects: &[Arc<dyn Dialect>]) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut page = format!("Chronoglot {version}: a time-series database that speaks REST dialects.\n\n");
    if dialects.is_empty() {
        page.push_str("No dialect answers at this address.\n");
    }
    let width = dialects.iter().map(|dialect| dialect.name().len()).max().unwrap_or_default();
    for dialect in dialects {
        let _ = writeln!(page, "  {:width$}  {}", dialect.name(), dialect.prefixes().join(", "));
    }
    page.push_str(
        "\nGET /openapi.json says what can be asked, /compat/{dialect} what a dialect does of its vendor's API,\n\
         and /health whether the server is up.\n",
    );
    page
}
