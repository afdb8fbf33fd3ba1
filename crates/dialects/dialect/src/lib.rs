//! The shape of a dialect: how one plugs into the server.
//!
//! The server mounts a list of these and knows none by name; a dialect knows the engine and its
//! own vendor's words, and no other dialect.

mod body;
mod credentials;

pub use body::{body_error, read_bytes, read_text};
pub use credentials::{Authorization, Basic};

use axum::Router;
use engine::Engine;
use std::fmt::Debug;
use std::sync::Arc;

/// One route that a dialect answers, for the server's URL table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Method, upper case.
    pub method: &'static str,
    /// Path in axum's spelling, such as `/rest/login/{user}/{password}`.
    pub path: &'static str,
}

/// A vendor's REST API over the engine.
pub trait Dialect: Debug + Send + Sync {
    /// Its name in settings, logs and metrics, lower case.
    fn name(&self) -> &'static str;
    /// Every route that [`Dialect::router`] answers; the server refuses overlaps by name.
    fn routes(&self) -> &'static [Route];
    /// The prefix below which the dialect words 404 and 405 itself, such as `/restapi`.
    fn prefix(&self) -> &'static str;
    /// Its handlers over an engine. Handlers find the shared state in the router's extensions.
    ///
    /// A client that hangs up, or shuts down its sending side before it has the answer, drops the
    /// handler's future and the answer's body: whatever a handler must bring to its end belongs in
    /// a task of its own.
    fn router(&self, context: DialectContext) -> Router;
    /// Its answer to a request that the server turned away before any handler saw it.
    fn reject(&self, error: &model::Error) -> axum::response::Response;
}

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
}

/// The store's setting for how many minutes a token lives after its last use; what is set counts at
/// once for every token. See `Engine::set_setting`.
pub const TOKEN_LIFETIME_SETTING: &str = "token.timeout_minutes";

/// Login tokens of all dialects.
pub trait Tokens: Debug + Send + Sync {
    /// Issues a token: 128 random bits as 32 lower-case hexadecimal digits.
    fn issue(&self, dialect: &'static str, caller: &engine::Caller) -> String;
    /// The user behind a token, if it is known and not run out; renews its life.
    fn verify(&self, token: &str) -> Option<model::UserId>;
}
