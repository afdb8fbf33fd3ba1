//! Who asks: `Basic`, `Token` and `Bearer` headers, the parameters `u` and `p`, a session's cookie.
//!
//! A token is a login token of this server, or `user:password` as version 2 takes it for version 1's
//! clients. Without TLS on loopback a request without credentials is root's, as that vendor's server
//! asks nobody before it is told to.

use crate::parameters::Parameters;
use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use dialect::{Authorization, Basic, DialectContext};
use engine::Caller;
use model::{Error, ErrorKind, Result};

/// root's password in the vendor's clients, good without TLS on loopback only.
const DOCUMENTED_ROOT_PASSWORD: &str = "root";
/// The cookie of a session.
pub(crate) const COOKIE_NAME: &str = "influxdb-oss-session";

/// The caller of a request.
///
/// # Errors
/// Credentials that are missing, cannot be read, or are wrong.
pub(crate) async fn authenticate(
    door: &DialectContext,
    headers: &HeaderMap,
    parameters: &Parameters,
) -> Result<Caller> {
    match Authorization::read(headers) {
        Ok(authorization) if authorization.is_scheme("Basic") => {
            let Basic { user, password } = Basic::decode(authorization.value)?;
            door.log_in(&user, &password, DOCUMENTED_ROOT_PASSWORD).await
        }
        Ok(authorization) if authorization.is_scheme("Token") || authorization.is_scheme("Bearer") => {
            check_token(door, authorization.value).await
        }
        Ok(_) => {
            let reason = "the Authorization header begins with none of Basic, Token, Bearer".to_owned();
            Err(Error::new(ErrorKind::CredentialsMalformed { reason }))
        }
        Err(error) if !matches!(*error.kind, ErrorKind::CredentialsMissing {}) => Err(error),
        Err(missing) => match (parameters.filled("u"), session_cookie(headers)) {
            (Some(user), _) => {
                let password = parameters.get("p").unwrap_or_default();
                door.log_in(user, password, DOCUMENTED_ROOT_PASSWORD).await
            }
            (_, Some(token)) => check_token(door, token).await,
            _ if door.insecure => door.root(),
            _ => Err(missing),
        },
    }
}

/// The caller of a sign-in, which takes user and password only.
///
/// # Errors
/// As [`authenticate`].
pub(crate) async fn sign_in(door: &DialectContext, headers: &HeaderMap) -> Result<Caller> {
    let Basic { user, password } = Basic::read(headers)?;
    door.log_in(&user, &password, DOCUMENTED_ROOT_PASSWORD).await
}

async fn check_token(door: &DialectContext, token: &str) -> Result<Caller> {
    if let Some(user) = door.tokens.verify(token) {
        return door.engine.caller(user);
    }
    match token.split_once(':') {
        Some((user, password)) => door.log_in(user, password, DOCUMENTED_ROOT_PASSWORD).await,
        None => Err(Error::new(ErrorKind::TokenInvalid {})),
    }
}

/// The token in a cookie. Clients send back what the server set, attributes and all.
pub(crate) fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(COOKIE)?.to_str().ok()?;
    text.split(';').find_map(|part| part.trim().strip_prefix(COOKIE_NAME)?.strip_prefix('='))
}
