//! The TDengine REST API: `/rest/sql` and `/rest/login`, with TDengine's SQL over the engine.
//!
//! A request goes: [`rest`] (route) -> `handlers` (parameters, authentication, text) -> `sql` (one
//! statement as plain data) -> `statements` (engine calls; queries through `select`, which turns them
//! into what DataFusion plans) -> `render` (the documented JSON). What is done, recorded and refused
//! stands in COMPAT.md.
//!
//! A super table is one series table whose only key column is `tbname`; its children are series.

mod authentication;
mod context;
mod error;
mod handlers;
mod literals;
mod names;
mod parameters;
mod render;
mod rest;
mod select;
mod session;
mod sql;
mod statements;
mod system;
mod timezone;
mod types;

use axum::Router;
use axum::response::Response;
use dialect::{Dialect, DialectContext, Route};
use engine::Engine;
use query::Profile;
use std::sync::Arc;

/// The TDengine dialect.
#[derive(Debug)]
pub struct TDengine {
    profile: Profile,
}

impl TDengine {
    /// Builds the dialect's meaning of SQL.
    #[must_use]
    pub fn new() -> Self {
        Self { profile: session::profile() }
    }
}

impl Default for TDengine {
    fn default() -> Self {
        Self::new()
    }
}

impl Dialect for TDengine {
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
            insecure: context.insecure,
            body_bytes: context.body_bytes,
            statement_bytes: context.statement_bytes,
            profile: self.profile.clone(),
            names: tokio::sync::Mutex::new(()),
        }))
    }

    fn reject(&self, error: &model::Error) -> Response {
        handlers::refusal(error, std::time::Instant::now())
    }

    fn compat(&self) -> &'static str {
        include_str!("../COMPAT.md")
    }

    fn type_word(&self, data_type: model::DataType) -> Option<String> {
        Some(types::foreign_word(data_type))
    }
}

/// What every handler works with.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) engine: Engine,
    pub(crate) insecure: bool,
    pub(crate) body_bytes: usize,
    pub(crate) statement_bytes: usize,
    pub(crate) profile: Profile,
    /// Held while the name of a child is looked up and claimed.
    pub(crate) names: tokio::sync::Mutex<()>,
}
