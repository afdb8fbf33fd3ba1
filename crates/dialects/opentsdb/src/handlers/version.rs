//! `/api/version`: which server's words these are.

use crate::answer::respond_json;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

/// The version.
pub(crate) async fn version() -> Response {
    let body = json!({
        "version": "2.4.1",
        "short_revision": "",
        "full_revision": "",
        "timestamp": "0",
        "repo_status": "MINT",
        "user": "",
        "host": "",
        "repo": "",
    });
    respond_json(StatusCode::OK, &body)
}
