//! Who asks: `Basic`, `Token` and `Bearer` headers, the parameters `u` and `p`, a session's cookie.
//!
//! A token is a login token of this server, or `user:password` as version 2 takes it for version 1's
//! clients. Without TLS on loopback a request without credentials is root's, as that vendor's server
//! asks nobody before it is told to.

use crate::Door;
use crate::parameters::Parameters;
use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use dialect::{Authorization, Basic};
use engine::{Caller, ROOT_USER};
use model::{Error, ErrorKind, Result};

/// root's password in the vendor's clients, good without TLS on loopback only.
const DOCUMENTED_ROOT_PASSWORD: &str = "root";
/// The cookie of a session.
pub(crate) const COOKIE_NAME: &str = "influxdb-oss-session";

impl Door {
    /// The caller of a request.
    ///
    /// # Errors
    /// Credentials that are missing, cannot be read, or are wrong.
    pub(crate) async fn authenticate(&self, headers: &HeaderMap, parameters: &Parameters) -> Result<Caller> {
        match Authorization::read(headers) {
            Ok(authorization) if authorization.is_scheme("Basic") => {
                let Basic { user, password } = Basic::decode(authorization.value)?;
                self.check_password(&user, &password).await
            }
            Ok(authorization) if authorization.is_scheme("Token") || authorization.is_scheme("Bearer") => {
                self.check_token(authorization.value).await
            }
            Ok(_) => {
                let reason = "the Authorization header begins with none of Basic, Token, Bearer".to_owned();
                Err(Error::new(ErrorKind::CredentialsMalformed { reason }))
            }
            Err(error) if !matches!(*error.kind, ErrorKind::CredentialsMissing {}) => Err(error),
            Err(missing) => match (parameters.get("u"), session_cookie(headers)) {
                (Some(user), _) if !user.is_empty() => {
                    self.check_password(user, parameters.get("p").unwrap_or_default()).await
                }
                (_, Some(token)) => self.check_token(token).await,
                _ if self.insecure => self.root(),
                _ => Err(missing),
            },
        }
    }

    /// The caller of a sign-in, which takes user and password only.
    ///
    /// # Errors
    /// As [`Door::authenticate`].
    pub(crate) async fn sign_in(&self, headers: &HeaderMap) -> Result<Caller> {
        let Basic { user, password } = Basic::read(headers)?;
        self.check_password(&user, &password).await
    }

    async fn check_token(&self, token: &str) -> Result<Caller> {
        if let Some(user) = self.tokens.verify(token) {
            return self.engine.caller(user);
        }
        match token.split_once(':') {
            Some((user, password)) => self.check_password(user, password).await,
            None => Err(Error::new(ErrorKind::TokenInvalid {})),
        }
    }

    async fn check_password(&self, user: &str, password: &str) -> Result<Caller> {
        if self.insecure && user == ROOT_USER && password == DOCUMENTED_ROOT_PASSWORD {
            return self.root();
        }
        self.engine.log_in(user, password).await
    }

    fn root(&self) -> Result<Caller> {
        let root = self.engine.catalog().user_named(ROOT_USER).map(|user| user.id);
        self.engine.caller(root.ok_or_else(|| Error::internal("there is no user root"))?)
    }
}

/// The token in a cookie. Clients send back what the server set, attributes and all.
pub(crate) fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(COOKIE)?.to_str().ok()?;
    text.split(';').find_map(|part| part.trim().strip_prefix(COOKIE_NAME)?.strip_prefix('='))
}
