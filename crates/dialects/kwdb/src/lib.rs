//! The KWDB / KaiwuDB RESTful API: `/restapi/login`, `ddl`, `insert` and `query` with KWDB's SQL
//! over the engine, `telegraf`, `influxdb`, `opentsdbjson` and `opentsdbtelnet` for points, `session`.
//!
//! A request goes: [`rest`] (route) -> `handlers` (authentication, parameters, text) -> `sql`
//! (statements as plain data) -> `statements` (engine calls) -> `render` or `wire` (the documented
//! JSON). Everything follows the `documented` profile: the answers that the vendor's documents
//! print. What is done, recorded and refused stands in COMPAT.md.

mod authentication;
mod calendar;
mod context;
mod error;
mod handlers;
mod literals;
mod names;
mod parameters;
mod points;
mod render;
mod rest;
mod select;
mod session;
mod settings;
pub mod sql;
mod statements;
mod timezone;
mod types;
mod wire;

use axum::Router;
use axum::response::Response;
use dialect::{Dialect, DialectContext, Route, Tokens};
use engine::Engine;
use query::Profile;
use std::sync::Arc;

/// The KWDB dialect.
#[derive(Debug)]
pub struct Kwdb {
    profile: Profile,
}

impl Kwdb {
    /// Builds the dialect's meaning of SQL.
    #[must_use]
    pub fn new() -> Self {
        Self { profile: session::profile() }
    }
}

impl Default for Kwdb {
    fn default() -> Self {
        Self::new()
    }
}

impl Dialect for Kwdb {
    fn name(&self) -> &'static str {
        types::DIALECT
    }

    fn routes(&self) -> &'static [Route] {
        rest::ROUTES
    }

    fn prefixes(&self) -> &'static [&'static str] {
        rest::PREFIXES
    }

    fn router(&self, context: DialectContext) -> Router {
        rest::router(Arc::new(Door {
            engine: context.engine,
            tokens: context.tokens,
            insecure: context.insecure,
            body_bytes: context.body_bytes,
            statement_bytes: context.statement_bytes,
            result_bytes: context.result_bytes.unwrap_or(render::json::DOCUMENTED_BYTES),
            profile: self.profile.clone(),
        }))
    }

    fn reject(&self, error: &model::Error) -> Response {
        handlers::refusal(error)
    }

    fn compat(&self) -> &'static str {
        include_str!("../COMPAT.md")
    }

    fn type_word(&self, data_type: model::DataType) -> Option<String> {
        Some(types::display(data_type, types::default_word(data_type)))
    }
}

/// What every handler works with.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) engine: Engine,
    pub(crate) tokens: Arc<dyn Tokens>,
    pub(crate) insecure: bool,
    pub(crate) body_bytes: usize,
    pub(crate) statement_bytes: usize,
    pub(crate) result_bytes: usize,
    pub(crate) profile: Profile,
}
