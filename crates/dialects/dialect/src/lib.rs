//! The shape of a dialect: how one plugs into the server.
//!
//! The server mounts a list of these and knows none by name; a dialect knows the engine and its
//! own vendor's words, and no other dialect.

mod body;
pub mod calendar;
mod context;
mod credentials;
mod decimal;
mod error_class;
pub mod json;
mod parameters;
mod points;
mod route;
mod shorten;
mod tokens;
mod zone;

pub use body::{body_error, read_bytes, read_text};
pub use context::DialectContext;
pub use credentials::{Authorization, Basic};
pub use decimal::decimal_text;
pub use error_class::ErrorClass;
pub use parameters::Parameters;
pub use points::{PointDoor, PointsWritten, plain_column, write_points};
pub use route::{Media, Parameter, ParameterPlace, Route, SharedRoute};
pub use shorten::shortened;
pub use tokens::{Session, TOKEN_LIFETIME_SETTING, Tokens};
pub use zone::Zone;

use axum::Router;
use std::fmt::Debug;

/// What a dialect shows of itself before any request.
#[derive(Clone, Copy, Debug)]
pub struct Surface {
    /// Its name in settings, URLs, logs and metrics: lower case, one word.
    pub name: &'static str,
    /// Every route that [`Dialect::router`] answers. The server's URL table, its 405 answers and the
    /// OpenAPI document are made of this list; overlaps between dialects are refused by name.
    pub routes: &'static [Route],
    /// The prefixes below which the dialect words 404 and 405 itself, such as `/restapi`; of all
    /// dialects' prefixes the longest in whole segments counts.
    pub prefixes: &'static [&'static str],
    /// Its compatibility table: the crate's `COMPAT.md`.
    pub compat: &'static str,
}

/// A vendor's REST API over the engine.
pub trait Dialect: Debug + Send + Sync {
    /// What it shows of itself.
    fn surface(&self) -> Surface;
    /// See [`Surface::name`].
    fn name(&self) -> &'static str {
        self.surface().name
    }
    /// See [`Surface::routes`].
    fn routes(&self) -> &'static [Route] {
        self.surface().routes
    }
    /// See [`Surface::prefixes`].
    fn prefixes(&self) -> &'static [&'static str] {
        self.surface().prefixes
    }
    /// See [`Surface::compat`].
    fn compat(&self) -> &'static str {
        self.surface().compat
    }
    /// Its handlers over an engine. Handlers find the shared state in the router's extensions.
    ///
    /// A client that hangs up, or shuts down its sending side before it has the answer, drops the
    /// handler's future and the answer's body: whatever a handler must bring to its end belongs in
    /// a task of its own.
    fn router(&self, context: DialectContext) -> Router;
    /// Its answer to a request that the server turned away before any handler saw it. Total over
    /// the error catalogue: the dialect's skin decides about status, code and text.
    fn reject(&self, error: &model::Error) -> axum::response::Response;
    /// The word for a type that a column of another dialect was declared with, for the page of
    /// types; `None` where this dialect never tells a column's type.
    fn type_word(&self, _data_type: model::DataType) -> Option<String> {
        None
    }
    /// Routes, besides [`Surface::routes`], that another dialect of the same listener may answer in
    /// its place.
    fn shared_routes(&self, _context: DialectContext) -> Vec<SharedRoute> {
        Vec::new()
    }
}
