//! The shape of a dialect: how one plugs into the server.
//!
//! The server mounts a list of these and knows none by name; a dialect knows the engine and its
//! own vendor's words, and no other dialect.

mod body;
mod credentials;
mod points;
mod route;
mod shorten;
mod tokens;

pub use body::{body_error, read_bytes, read_text};
pub use credentials::{Authorization, Basic};
pub use points::{PointDoor, PointsWritten, plain_column, write_points};
pub use route::{Media, Parameter, ParameterPlace, Route, SharedRoute};
pub use shorten::shortened;
pub use tokens::{Session, TOKEN_LIFETIME_SETTING, Tokens};

use axum::Router;
use engine::Engine;
use std::fmt::Debug;
use std::sync::Arc;

/// A vendor's REST API over the engine.
pub trait Dialect: Debug + Send + Sync {
    /// Its name in settings, URLs, logs and metrics: lower case, one word.
    fn name(&self) -> &'static str;
    /// Every route that [`Dialect::router`] answers. The server's URL table, its 405 answers and the
    /// OpenAPI document are made of this list; overlaps between dialects are refused by name.
    fn routes(&self) -> &'static [Route];
    /// The prefixes below which the dialect words 404 and 405 itself, such as `/restapi`; of all
    /// dialects' prefixes the longest in whole segments counts.
    fn prefixes(&self) -> &'static [&'static str];
    /// Its handlers over an engine. Handlers find the shared state in the router's extensions.
    ///
    /// A client that hangs up, or shuts down its sending side before it has the answer, drops the
    /// handler's future and the answer's body: whatever a handler must bring to its end belongs in
    /// a task of its own.
    fn router(&self, context: DialectContext) -> Router;
    /// Its answer to a request that the server turned away before any handler saw it. Total over
    /// the error catalogue: the dialect's skin decides about status, code and text.
    fn reject(&self, error: &model::Error) -> axum::response::Response;
    /// Its compatibility table: the crate's `COMPAT.md`.
    fn compat(&self) -> &'static str;
    /// The word for a type that a column of another dialect was declared with, for the page of
    /// types; `None` where this dialect never tells a column's type.
    fn type_word(&self, _data_type: model::DataType) -> Option<String> {
        None
    }
    /// Routes, besides [`Dialect::routes`], that another dialect of the same listener may answer in
    /// its place.
    fn shared_routes(&self, _context: DialectContext) -> Vec<SharedRoute> {
        Vec::new()
    }
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
    /// The greatest answer to a query in bytes, where the vendor's documents cut longer ones at a
    /// row; `None`: as they say.
    pub result_bytes: Option<usize>,
}
