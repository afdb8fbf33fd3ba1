//! What the server's own routes that work on the store have in common: who asks, and how they refuse.

use crate::rejection::plain;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use dialect::{Basic, DialectContext};
use engine::{Caller, ROOT_USER};
use model::{Error, Result};

/// Who asks. An insecure server, which listens on loopback alone, asks root for no password.
pub(crate) async fn caller(context: &DialectContext, headers: &HeaderMap) -> Result<Caller> {
    let basic = Basic::read(headers)?;
    if context.insecure && basic.user == ROOT_USER {
        return context.root();
    }
    context.engine.log_in(&basic.user, &basic.password).await
}

/// The answer for an error, which asks for a password where it was for want of one.
pub(crate) fn refuse(error: &Error) -> Response {
    let mut response = plain(error);
    if response.status() == StatusCode::UNAUTHORIZED {
        let basic = HeaderValue::from_static("Basic realm=\"chronoglot\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, basic);
    }
    response
}
