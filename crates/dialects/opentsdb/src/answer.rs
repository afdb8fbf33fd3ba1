//! Answers in this vendor's JSON.

use crate::error::skin;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use model::Error;
use serde::Serialize;
use serde_json::json;

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// An answer in JSON.
pub(crate) fn respond_json(status: StatusCode, body: &impl Serialize) -> Response {
    let mut response = match serde_json::to_vec(body) {
        Ok(bytes) => Response::new(Body::from(bytes)),
        Err(error) => {
            tracing::error!(%error, "an answer could not be encoded");
            return empty(StatusCode::INTERNAL_SERVER_ERROR);
        }
    };
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json; charset=UTF-8");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// A failure of a whole request.
pub(crate) fn failure(error: &Error) -> Response {
    let skin = skin(&error.kind);
    worded(skin.status, &skin.message, &skin.details)
}

/// A failure of a whole request with texts of its own.
pub(crate) fn worded(status: StatusCode, message: &str, details: &str) -> Response {
    let body = json!({ "error": { "code": status.as_u16(), "message": message, "details": details } });
    let mut response = respond_json(status, &body);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
