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
use dialect::{Dialect, DialectContext, Surface};
use query::Profile;
use std::sync::Arc;

/// The TDengine dialect.
#[derive(Clone, Copy, Debug, Default)]
pub struct TDengine;

impl Dialect for TDengine {
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
        handlers::refusal(error, std::time::Instant::now())
    }

    fn type_word(&self, data_type: model::DataType) -> Option<String> {
        Some(types::foreign_word(data_type))
    }
}

/// What every handler works with.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) context: DialectContext,
    pub(crate) profile: Profile,
}
