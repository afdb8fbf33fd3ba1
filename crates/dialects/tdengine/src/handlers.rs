//! From HTTP to statements and back: what the handlers share.

pub(crate) mod login;
pub(crate) mod sql;
#[cfg(test)]
mod tests;

use crate::error;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use dialect::json::push_string;
use model::Error;
use std::time::Instant;

/// A JSON answer.
fn respond(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// What no route answers, and every method but the one that works.
fn not_found() -> Response {
    let mut response = Response::new(Body::from("404 page not found"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

/// `{"code":..,"desc":".."}`
fn failure(status: StatusCode, code: u16, text: &str, started: Instant) -> Response {
    let mut body = format!("{{\"code\":{code},\"desc\":").into_bytes();
    push_string(&mut body, text);
    body.extend_from_slice(format!(",\"timing\":{}}}", started.elapsed().as_nanos()).as_bytes());
    respond(status, Body::from(body))
}

/// The answer to a request that failed.
pub(crate) fn refusal(error: &Error, started: Instant) -> Response {
    let skin = error::skin(&error.kind);
    if skin.status == StatusCode::NOT_FOUND {
        return not_found();
    }
    failure(skin.status, skin.code, &skin.text, started)
}
