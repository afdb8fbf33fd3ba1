//! `POST /api/v2/signin` and `signout`: a login token as a cookie.

use crate::DIALECT;
use crate::answer::{Version, empty, failure};
use crate::authentication::{self, COOKIE_NAME, session_cookie};
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use dialect::DialectContext;
use model::{Error, ErrorKind};
use std::sync::Arc;

/// Makes a session.
pub(crate) async fn sign_in(State(door): State<Arc<DialectContext>>, headers: HeaderMap) -> Response {
    let caller = match authentication::sign_in(&door, &headers).await {
        Ok(caller) => caller,
        Err(error) => return failure(Version::Two, &error),
    };
    let token = door.tokens.issue(DIALECT, &caller);
    let secure = if door.insecure { "" } else { "; Secure" };
    let cookie = format!("{COOKIE_NAME}={token}; Path=/api/; HttpOnly; SameSite=Strict{secure}");
    let mut response = empty(StatusCode::NO_CONTENT);
    match HeaderValue::from_str(&cookie) {
        Ok(value) => {
            response.headers_mut().insert(SET_COOKIE, value);
            response
        }
        Err(error) => failure(Version::Two, &Error::internal(error)),
    }
}

/// Ends the session of the cookie.
pub(crate) async fn sign_out(State(door): State<Arc<DialectContext>>, headers: HeaderMap) -> Response {
    let token = session_cookie(&headers).unwrap_or_default();
    let Some(user) = door.tokens.verify(token) else {
        return failure(Version::Two, &Error::new(ErrorKind::TokenInvalid {}));
    };
    for session in door.tokens.sessions(DIALECT, Some(user)) {
        if token.starts_with(&session.token_start) {
            door.tokens.remove(&session.id);
        }
    }
    empty(StatusCode::NO_CONTENT)
}
