//! The KWDB / KaiwuDB RESTful API: `/restapi/login`, `ddl`, `insert` and `query` with KWDB's SQL
//! over the engine, `telegraf`, `influxdb`, `opentsdbjson` and `opentsdbtelnet` for points, `session`.
//!
//! A request goes: [`rest`] (route) -> `handlers` (authentication, parameters, text) -> `sql`
//! (statements as plain data) -> `statements` (engine calls) -> `render` or `wire` (the documented
//! JSON). Everything follows the `documented` profile: the answers that the vendor's documents
//! print. What is done, recorded and refused stands in COMPAT.md.

mod authentication;
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
use dialect::{Dialect, DialectContext, Surface};
use query::Profile;
use std::sync::Arc;

/// The KWDB dialect.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kwdb;

impl Dialect for Kwdb {
    fn surface(&self) -> Surface {
        Surface {
            name: types::DIALECT,
            routes: rest::ROUTES,
            prefixes: rest::PREFIXES,
            compat: include_str!("../COMPAT.md"),
        }
    }

    fn router(&self, context: DialectContext) -> Router {
        rest::router(Arc::new(Door { context, profile: session::profile() }))
    }

    fn reject(&self, error: &model::Error) -> Response {
        handlers::refusal(error)
    }

    fn type_word(&self, data_type: model::DataType) -> Option<String> {
        Some(types::display(data_type, types::default_word(data_type)))
    }
}

/// What every handler works with.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) context: DialectContext,
    pub(crate) profile: Profile,
}

impl Door {
    /// The greatest answer to a query in bytes.
    pub(crate) fn result_bytes(&self) -> usize {
        self.context.result_bytes.unwrap_or(render::json::DOCUMENTED_BYTES)
    }
}
