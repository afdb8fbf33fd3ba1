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
use dialect::{Dialect, DialectContext, Surface};
use query::Profile;
use std::sync::Arc;

/// The StarRocks dialect.
#[derive(Clone, Copy, Debug, Default)]
pub struct StarRocks;

impl Dialect for StarRocks {
    fn surface(&self) -> Surface {
        Surface {
            name: types::DIALECT,
            routes: rest::routes(),
            prefixes: rest::PREFIXES,
            compat: include_str!("../COMPAT.md"),
        }
    }

    fn router(&self, context: DialectContext) -> Router {
        rest::router(Arc::new(Door::new(context)))
    }

    fn reject(&self, error: &model::Error) -> Response {
        handlers::refusal(&error.clone().into(), None)
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
    pub(crate) tasks: tasks::Tasks,
    pub(crate) connections: connections::Connections,
}

impl Door {
    fn new(context: DialectContext) -> Self {
        Self {
            tasks: tasks::Tasks::new(context.engine.clone()),
            context,
            profile: session::profile(),
            connections: connections::Connections::default(),
        }
    }
}
