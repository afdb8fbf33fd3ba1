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
use dialect::{Dialect, DialectContext, Surface};
use std::sync::Arc;

/// The OpenTSDB dialect.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenTsdb;

impl Dialect for OpenTsdb {
    fn surface(&self) -> Surface {
        Surface {
            name: "opentsdb",
            routes: rest::ROUTES,
            prefixes: rest::PREFIXES,
            compat: include_str!("../COMPAT.md"),
        }
    }

    fn router(&self, context: DialectContext) -> Router {
        rest::router(Arc::new(context))
    }

    fn reject(&self, error: &model::Error) -> Response {
        answer::failure(error)
    }
}
