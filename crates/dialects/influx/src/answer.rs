//! Answers in the words of the two versions, and the headers by which clients know the server.

use crate::error::skin;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use model::Error;
use serde::Serialize;
use serde_json::json;

/// The version that clients are told: the last of the series whose writing and statements these are.
pub(crate) const VERSION: &str = "1.8.10";
/// The build that clients are told.
pub(crate) const BUILD: &str = "OSS";
/// The error's text once more, for clients that read no body.
const ERROR: HeaderName = HeaderName::from_static("x-influxdb-error");

/// Whose words an answer is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// `{"error":".."}`
    One,
    /// `{"code":"..","message":".."}`
    Two,
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// An answer in JSON.
pub(crate) fn respond_json(status: StatusCode, body: &impl Serialize) -> Response {
    let mut response = match serde_json::to_string(body) {
        Ok(text) => Response::new(Body::from(text + "\n")),
        Err(error) => {
            tracing::error!(%error, "an answer could not be encoded");
            return empty(StatusCode::INTERNAL_SERVER_ERROR);
        }
    };
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A failure in a version's words.
pub(crate) fn failure(version: Version, error: &Error) -> Response {
    let skin = skin(&error.kind);
    worded(version, skin.status, skin.code, &skin.text)
}

/// A failure with a text of its own.
pub(crate) fn worded(version: Version, status: StatusCode, code: &str, text: &str) -> Response {
    let body = match version {
        Version::One => json!({ "error": text }),
        Version::Two => json!({ "code": code, "message": text }),
    };
    failed(status, &body, text)
}

/// A failure of a request that no handler saw, in the words of both versions.
pub(crate) fn rejection(error: &Error) -> Response {
    let skin = skin(&error.kind);
    let body = json!({ "error": skin.text, "code": skin.code, "message": skin.text });
    let response = failed(skin.status, &body, &skin.text);
    add_version(response)
}

fn failed(status: StatusCode, body: &serde_json::Value, text: &str) -> Response {
    let mut response = respond_json(status, body);
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) {
        headers.insert(ERROR, value);
    }
    if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// Tells the version with every answer.
pub(crate) async fn with_version(response: Response) -> Response {
    add_version(response)
}

fn add_version(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("x-influxdb-version"), HeaderValue::from_static(VERSION));
    headers.insert(HeaderName::from_static("x-influxdb-build"), HeaderValue::from_static(BUILD));
    response
}
