//! InfluxDB's HTTP API for writing: `/write` and `/query` of 1.x, `/api/v2/*` of 2.x.
//!
//! A request goes: `rest` (route) -> `handlers` (credentials, parameters) -> `ingest` (lines) or
//! `influxql` (statements about databases) -> the engine -> `answer`, in the words of the version
//! that the path belongs to. What is done and what is refused stands in COMPAT.md.

mod answer;
mod authentication;
mod error;
mod handlers;
mod influxql;
mod parameters;
mod points;
mod rest;

use axum::Router;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::get;
use dialect::{Dialect, DialectContext, Route, SharedRoute, Tokens};
use engine::Engine;
use std::sync::Arc;

/// The dialect's name.
pub(crate) const DIALECT: &str = "influx";

/// The Influx dialect.
#[derive(Clone, Copy, Debug, Default)]
pub struct Influx;

impl Influx {
    /// The dialect.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Dialect for Influx {
    fn name(&self) -> &'static str {
        DIALECT
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
        answer::rejection(error)
    }

    fn compat(&self) -> &'static str {
        include_str!("../COMPAT.md")
    }

    fn type_word(&self, data_type: model::DataType) -> Option<String> {
        points::field_word(data_type).map(str::to_owned)
    }

    fn shared_routes(&self, _context: DialectContext) -> Vec<SharedRoute> {
        vec![SharedRoute {
            route: Route::get("/ping", "Whether the server is up").open().answer(&[]),
            handler: get(handlers::status::ping).route_layer(map_response(answer::with_version)),
            headers: vec![
                (HeaderName::from_static("x-influxdb-version"), HeaderValue::from_static(answer::VERSION)),
                (HeaderName::from_static("x-influxdb-build"), HeaderValue::from_static(answer::BUILD)),
            ],
        }]
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
