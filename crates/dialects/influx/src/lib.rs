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
use dialect::{Dialect, DialectContext, Route, SharedRoute, Surface};
use std::sync::Arc;

/// The dialect's name.
pub(crate) const DIALECT: &str = "influx";

/// The Influx dialect.
#[derive(Clone, Copy, Debug, Default)]
pub struct Influx;

impl Dialect for Influx {
    fn surface(&self) -> Surface {
        Surface { name: DIALECT, routes: rest::ROUTES, prefixes: rest::PREFIXES, compat: include_str!("../COMPAT.md") }
    }

    fn router(&self, context: DialectContext) -> Router {
        rest::router(Arc::new(context))
    }

    fn reject(&self, error: &model::Error) -> Response {
        answer::rejection(error)
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
