//! OpenTSDB's HTTP API for writing: `/api/put`, and `/api/version` for clients that ask.
//!
//! A request goes: `rest` (route) -> `handlers` (credentials, flags) -> `ingest` (points) -> the
//! engine -> `answer`. What is done and what is refused stands in COMPAT.md.

mod answer;
mod authentication;
mod error;
mod handlers;
mod parameters;
mod points;
mod rest;

use axum::Router;
use axum::response::Response;
use dialect::{Dialect, DialectContext, Route, Tokens};
use engine::Engine;
use std::sync::Arc;

/// The OpenTSDB dialect.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenTsdb;

impl OpenTsdb {
    /// The dialect.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Dialect for OpenTsdb {
    fn name(&self) -> &'static str {
        "opentsdb"
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
        }))
    }

    fn reject(&self, error: &model::Error) -> Response {
        answer::failure(error)
    }

    fn compat(&self) -> &'static str {
        include_str!("../COMPAT.md")
    }
}

/// What every handler works with.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) engine: Engine,
    pub(crate) tokens: Arc<dyn Tokens>,
    pub(crate) insecure: bool,
    pub(crate) body_bytes: usize,
}
