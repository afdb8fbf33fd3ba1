//! The StarRocks RESTful standard: catalogs, databases, tables and columns as resources below
//! `/api/v2`, and the SQL endpoint of the vendor's server below `/api/v1`.
//!
//! A request goes: [`rest`] (route) -> `handlers` (the checks in the standard's order) -> `sql` for
//! statements -> `statements` or the engine -> `wire` and `render` (the envelope, or one JSON value a
//! line). What is done, recorded and refused stands in COMPAT.md.

mod authentication;
mod connections;
mod context;
mod error;
mod fields;
mod filter;
mod handlers;
mod names;
mod pages;
mod render;
mod rest;
mod select;
mod session;
mod spans;
mod sql;
mod statements;
mod tables;
mod tasks;
mod types;
mod variables;
mod wire;
mod zone;

use axum::Router;
use axum::response::Response;
use dialect::{Dialect, DialectContext, Route};
use engine::Engine;
use query::Profile;
use std::sync::Arc;

/// The StarRocks dialect.
#[derive(Debug)]
pub struct StarRocks {
    profile: Profile,
}

impl StarRocks {
    /// Builds the dialect's meaning of SQL.
    #[must_use]
    pub fn new() -> Self {
        Self { profile: session::profile() }
    }

    /// What the handlers over an engine work with.
    fn door(&self, context: DialectContext) -> Door {
        Door {
            tasks: tasks::Tasks::new(context.engine.clone()),
            engine: context.engine,
            insecure: context.insecure,
            body_bytes: context.body_bytes,
            statement_bytes: context.statement_bytes,
            profile: self.profile.clone(),
            connections: connections::Connections::default(),
        }
    }
}

impl Default for StarRocks {
    fn default() -> Self {
        Self::new()
    }
}

impl Dialect for StarRocks {
    fn name(&self) -> &'static str {
        types::DIALECT
    }

    fn routes(&self) -> &'static [Route] {
        rest::routes()
    }

    fn prefixes(&self) -> &'static [&'static str] {
        rest::PREFIXES
    }

    fn router(&self, context: DialectContext) -> Router {
        rest::router(Arc::new(self.door(context)))
    }

    fn reject(&self, error: &model::Error) -> Response {
        handlers::refusal(&error.clone().into(), None)
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
    pub(crate) tasks: tasks::Tasks,
    pub(crate) connections: connections::Connections,
}
