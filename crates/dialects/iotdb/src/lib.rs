//! The IoTDB REST dialect (table model, version 1): `/ping` and `/rest/table/v1/query`, `nonQuery`
//! and `insertTablet`, with IoTDB's SQL over the engine.
//!
//! A request goes: [`rest`] (route) -> `handlers` (authentication, body) -> `sql` (one statement as
//! plain data) -> `statements` or `tablet` (engine calls) -> `render` or `wire` (the vendor's JSON).
//! What is done, partial and refused stands in COMPAT.md.

mod authentication;
mod context;
mod error;
mod handlers;
mod information_schema;
mod names;
mod render;
mod rest;
mod select;
mod session;
mod sql;
mod statements;
mod tablet;
mod texts;
mod times;
mod types;
mod values;
mod wire;
mod zone;

use axum::Router;
use axum::response::Response;
use dialect::{Dialect, DialectContext, Route};
use engine::Engine;
use query::Profile;
use std::sync::Arc;

/// The IoTDB dialect.
#[derive(Debug)]
pub struct Iotdb {
    profile: Profile,
}

impl Iotdb {
    /// Builds the dialect's meaning of SQL.
    #[must_use]
    pub fn new() -> Self {
        Self { profile: session::profile() }
    }
}

impl Default for Iotdb {
    fn default() -> Self {
        Self::new()
    }
}

impl Dialect for Iotdb {
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
            result_bytes: context.result_bytes,
            profile: self.profile.clone(),
        }))
    }

    fn reject(&self, error: &model::Error) -> Response {
        handlers::refusal(&error.clone().into())
    }

    fn compat(&self) -> &'static str {
        include_str!("../COMPAT.md")
    }

    fn type_word(&self, data_type: model::DataType) -> Option<String> {
        Some(types::word_of(data_type, None).to_owned())
    }
}

/// What every handler works with.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) engine: Engine,
    pub(crate) insecure: bool,
    pub(crate) body_bytes: usize,
    pub(crate) statement_bytes: usize,
    pub(crate) result_bytes: Option<usize>,
    pub(crate) profile: Profile,
}
