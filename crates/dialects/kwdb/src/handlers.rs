//! From HTTP to statements and back: what the handlers share.
//!
//! Checks come in the vendor's order: form of the header, method, body, credentials, time zone.

pub(crate) mod ddl;
pub(crate) mod insert;
pub(crate) mod login;
pub(crate) mod points;
pub(crate) mod query;
pub(crate) mod session;
#[cfg(test)]
mod tests;

use crate::context::Context;
use crate::parameters::Parameters;
use crate::{Door, error, wire};
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use model::{Error, ErrorKind, Result};
use serde::Serialize;
use std::sync::Arc;

/// A request as it came in, read but not yet checked.
#[derive(Debug)]
pub(crate) struct Arrival {
    credential: Result<String>,
    method: Method,
    parameters: Parameters,
    body: Result<String>,
}

impl Arrival {
    /// Reads a request to its end.
    pub(crate) async fn read(door: &Door, request: Request) -> Self {
        let (parts, body) = request.into_parts();
        Self {
            credential: door.credential(&parts.headers),
            parameters: Parameters::read(&parts.uri),
            method: parts.method,
            body: dialect::read_text(body, door.context.body_bytes).await,
        }
    }

    /// The body, as far as it could be read.
    pub(crate) fn text(&self) -> &str {
        self.body.as_deref().unwrap_or_default()
    }

    /// What the URL says.
    pub(crate) const fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Whether the failure of [`Arrival::admit`] is one of credentials.
    pub(crate) fn is_about_credentials(error: &Error) -> bool {
        error::skin(&error.kind).status == StatusCode::UNAUTHORIZED
    }

    /// Checks everything that comes before the first statement.
    ///
    /// # Errors
    /// The first check that fails, in the vendor's order.
    pub(crate) async fn admit(&self, door: &Arc<Door>) -> Result<Context> {
        let credential = self.credential.as_deref().map_err(Clone::clone)?;
        require_method(&self.method, &Method::POST)?;
        if self.body.as_ref().map_err(Clone::clone)?.is_empty() {
            return Err(Error::new(ErrorKind::BodyEmpty {}));
        }
        let caller = door.authenticate(credential).await?;
        let zone = self.parameters.request_zone(&door.context.engine.catalog())?;
        Ok(Context::new(Arc::clone(door), caller, self.parameters.database_name(), zone))
    }
}

/// Fails unless the method is the one that works.
fn require_method(method: &Method, works: &Method) -> Result<()> {
    if method == works {
        return Ok(());
    }
    let (method, allowed) = (method.to_string(), works.to_string());
    Err(Error::new(ErrorKind::MethodNotAllowed { method, allowed }))
}

/// A response with this vendor's headers.
pub(crate) fn respond(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::ACCEPT, HeaderValue::from_static("text/plain"));
    response
}

/// A response with a body of [`wire`].
pub(crate) fn respond_json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => respond(status, bytes),
        Err(error) => {
            tracing::error!(%error, "an answer could not be encoded");
            respond(StatusCode::INTERNAL_SERVER_ERROR, br#"{"code":-1,"desc":"internal error"}"#.to_vec())
        }
    }
}

/// The answer to a request that failed before any statement ran.
pub(crate) fn refusal(failure: &Error) -> Response {
    let skin = error::skin(&failure.kind);
    let text = error::request_text(failure);
    let mut response = respond_json(skin.status, &wire::Plain { code: skin.code, desc: &text });
    if skin.status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
