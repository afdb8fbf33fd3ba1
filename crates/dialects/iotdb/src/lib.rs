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
use dialect::{Dialect, DialectContext, Surface};
use query::Profile;
use std::sync::Arc;

/// The IoTDB dialect.
#[derive(Clone, Copy, Debug, Default)]
pub struct Iotdb;

impl Dialect for Iotdb {
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
        handlers::refusal(&error.clone().into())
    }

    fn type_word(&self, data_type: model::DataType) -> Option<String> {
        Some(types::word_of(data_type, None).to_owned())
    }
}

/// What every handler works with.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) context: DialectContext,
    pub(crate) profile: Profile,
}
