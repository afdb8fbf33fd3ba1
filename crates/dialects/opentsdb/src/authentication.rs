//! Who asks: `Basic` with user and password, `Bearer` and `Token` with a login token of this server.
//!
//! Without TLS on loopback a request without credentials is root's: that vendor's server asks nobody.

use crate::Door;
use axum::http::HeaderMap;
use dialect::{Authorization, Basic};
use engine::{Caller, ROOT_USER};
use model::{Error, ErrorKind, Result};

impl Door {
    /// The caller of a request.
    ///
    /// # Errors
    /// Credentials that are missing, cannot be read, or are wrong.
    pub(crate) async fn authenticate(&self, headers: &HeaderMap) -> Result<Caller> {
        match Authorization::read(headers) {
            Ok(authorization) if authorization.is_scheme("Basic") => {
                let Basic { user, password } = Basic::decode(authorization.value)?;
                self.engine.log_in(&user, &password).await
            }
            Ok(authorization) if authorization.is_scheme("Bearer") || authorization.is_scheme("Token") => {
                let user = self.tokens.verify(authorization.value).ok_or(ErrorKind::TokenInvalid {})?;
                self.engine.caller(user)
            }
            Ok(_) => {
                let reason = "the Authorization header begins with none of Basic, Bearer, Token".to_owned();
                Err(ErrorKind::CredentialsMalformed { reason }.into())
            }
            Err(error) if self.insecure && matches!(*error.kind, ErrorKind::CredentialsMissing {}) => {
                let root = self.engine.catalog().user_named(ROOT_USER).map(|user| user.id);
                self.engine.caller(root.ok_or_else(|| Error::internal("there is no user root"))?)
            }
            Err(error) => Err(error),
        }
    }
}
