//! Who asks: `Basic` with user and password, `Bearer` and `Token` with a login token of this server.
//!
//! Without TLS on loopback a request without credentials is root's: that vendor's server asks nobody.

use axum::http::HeaderMap;
use dialect::{Authorization, Basic, DialectContext};
use engine::Caller;
use model::{ErrorKind, Result};

/// The caller of a request.
///
/// # Errors
/// Credentials that are missing, cannot be read, or are wrong.
pub(crate) async fn authenticate(door: &DialectContext, headers: &HeaderMap) -> Result<Caller> {
    match Authorization::read(headers) {
        Ok(authorization) if authorization.is_scheme("Basic") => {
            let Basic { user, password } = Basic::decode(authorization.value)?;
            door.engine.log_in(&user, &password).await
        }
        Ok(authorization) if authorization.is_scheme("Bearer") || authorization.is_scheme("Token") => {
            let user = door.tokens.verify(authorization.value).ok_or(ErrorKind::TokenInvalid {})?;
            door.engine.caller(user)
        }
        Ok(_) => {
            let reason = "the Authorization header begins with none of Basic, Bearer, Token".to_owned();
            Err(ErrorKind::CredentialsMalformed { reason }.into())
        }
        Err(error) if door.insecure && matches!(*error.kind, ErrorKind::CredentialsMissing {}) => door.root(),
        Err(error) => Err(error),
    }
}
