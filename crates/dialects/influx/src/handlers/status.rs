//! `ping`, `health` and `ready`: whether the server is up.

use crate::answer::{VERSION, empty, respond_json};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

/// Up.
pub(crate) async fn ping() -> Response {
    empty(StatusCode::NO_CONTENT)
}

/// Healthy.
pub(crate) async fn health() -> Response {
    let body = json!({
        "name": "influxdb",
        "message": "ready for queries and writes",
        "status": "pass",
        "checks": [],
        "version": VERSION,
    });
    respond_json(StatusCode::OK, &body)
}

/// Ready.
pub(crate) async fn ready() -> Response {
    respond_json(StatusCode::OK, &json!({ "status": "ready" }))
}
