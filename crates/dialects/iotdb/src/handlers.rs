//! From HTTP to statements and back: what the handlers share.
//!
//! Checks come in the vendor's order: credentials, time zone, media types, body.

pub(crate) mod non_query;
pub(crate) mod query;
pub(crate) mod tablet;
#[cfg(test)]
mod tests;

use crate::context::Context;
use crate::error::{Failure, Result};
use crate::zone::{self, Zone};
use crate::{Door, wire};
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use std::sync::Arc;

const TIME_ZONE: HeaderName = HeaderName::from_static("time-zone");

/// `GET /ping`: needs no credentials, and passes over those that come.
pub(crate) async fn ping() -> Response {
    respond(StatusCode::OK, wire::status_body(200, Some(wire::SUCCESS)))
}

/// `GET /ping/`: the same for whoever may log in.
pub(crate) async fn ping_with_credentials(State(door): State<Arc<Door>>, headers: HeaderMap) -> Response {
    match door.authenticate(&headers).await {
        Ok(_) => ping().await,
        Err(failure) => refusal(&failure),
    }
}

fn methods(list: &'static str) -> Response {
    let mut response = Response::new(Body::from(list));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(list));
    response
}

/// `OPTIONS /ping`.
pub(crate) async fn ping_options() -> Response {
    methods("HEAD, GET, OPTIONS")
}

/// `OPTIONS` of the other paths.
pub(crate) async fn options() -> Response {
    methods("POST, OPTIONS")
}

/// A request that may go on: who asks, in which zone, and the body.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) context: Context,
    pub(crate) body: Bytes,
}

impl Arrival {
    /// Checks a request and reads it to its end.
    ///
    /// # Errors
    /// The first check that fails, in the vendor's order.
    pub(crate) async fn admit(door: &Arc<Door>, request: Request) -> Result<Self> {
        let (parts, body) = request.into_parts();
        let caller = door.authenticate(&parts.headers).await?;
        let zone = request_zone(&parts.headers)?;
        check_media(&parts.headers)?;
        let body = dialect::read_bytes(body, door.context.body_bytes).await?;
        Ok(Self { context: Context::new(Arc::clone(door), caller, zone), body })
    }
}

fn request_zone(headers: &HeaderMap) -> Result<Zone> {
    let Some(value) = headers.get(TIME_ZONE) else { return Ok(Zone::utc()) };
    let text = String::from_utf8_lossy(value.as_bytes());
    let text = text.trim();
    if text.is_empty() { Ok(Zone::utc()) } else { zone::parse(text) }
}

fn check_media(headers: &HeaderMap) -> Result<()> {
    let text =
        |name| headers.get(name).map(|value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let essence = |text: &str| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match text(header::CONTENT_TYPE) {
        Some(given) if essence(&given) == "application/json" => {}
        Some(given) => return Err(Failure::http(StatusCode::UNSUPPORTED_MEDIA_TYPE, unsupported_media(&given))),
        None => {
            let message = "the Content-Type header is missing: send application/json";
            return Err(Failure::http(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
        }
    }
    if let Some(accepted) = text(header::ACCEPT) {
        let takes = |kind: &str| matches!(essence(kind).as_str(), "" | "*/*" | "application/*" | "application/json");
        if !accepted.split(',').any(takes) {
            let message = format!("answers are application/json, which \"{accepted}\" does not accept");
            return Err(Failure::http(StatusCode::NOT_ACCEPTABLE, message));
        }
    }
    Ok(())
}

fn unsupported_media(given: &str) -> String {
    format!("the Content-Type \"{given}\" is not understood: send application/json")
}

/// A response with this vendor's headers.
pub(crate) fn respond(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The answer to a statement or tablet that succeeded without rows.
pub(crate) fn success() -> Response {
    respond(StatusCode::OK, wire::status_body(200, Some(wire::SUCCESS)))
}

/// The answer to whatever failed.
pub(crate) fn refusal(failure: &Failure) -> Response {
    let mut response = respond(failure.status, wire::status_body(failure.code, failure.shown_message().as_deref()));
    if failure.status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
