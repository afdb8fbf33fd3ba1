//! What every handler of a dialect works with: the store, tokens, limits, and who may come in.

use crate::Tokens;
use engine::{Caller, Engine, ROOT_USER};
use model::{Error, Result};
use std::sync::Arc;

/// What the server hands to every dialect.
#[derive(Clone, Debug)]
pub struct DialectContext {
    /// The store.
    pub engine: Engine,
    /// Tokens: one directory for all dialects.
    pub tokens: Arc<dyn Tokens>,
    /// Whether the server runs without TLS on loopback for trying things out.
    pub insecure: bool,
    /// The greatest body in bytes.
    pub body_bytes: usize,
    /// The longest single statement in bytes.
    pub statement_bytes: usize,
    /// The greatest answer to a query in bytes, where the vendor's documents cut longer ones at a
    /// row; `None`: as they say.
    pub result_bytes: Option<usize>,
}

impl DialectContext {
    /// The caller behind user and password. root also comes in with the password that a vendor's
    /// documents give it, but without TLS on loopback only.
    ///
    /// # Errors
    /// [`model::ErrorKind::CredentialsWrong`] and the engine's limits.
    pub async fn log_in(&self, user: &str, password: &str, documented_root_password: &str) -> Result<Caller> {
        if self.insecure && user == ROOT_USER && password == documented_root_password {
            return self.root();
        }
        self.engine.log_in(user, password).await
    }

    /// The user root. Whether it needs no password is the dialect's to say.
    ///
    /// # Errors
    /// There is none.
    pub fn root(&self) -> Result<Caller> {
        let root = self.engine.catalog().user_named(ROOT_USER).map(|user| user.id);
        self.engine.caller(root.ok_or_else(|| Error::internal("there is no user root"))?)
    }
}
