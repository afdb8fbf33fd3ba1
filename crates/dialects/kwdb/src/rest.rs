//! The table of routes. Handlers check the method themselves: a wrong one is worded here.

use crate::{Door, handlers};
use axum::Router;
use axum::routing::any;
use dialect::Route;
use std::sync::Arc;

/// Paths below it are worded by this dialect.
pub(crate) const PREFIX: &str = "/restapi";

/// Every route.
pub(crate) const ROUTES: &[Route] = &[
    Route { method: "GET", path: "/restapi/login" },
    Route { method: "POST", path: "/restapi/ddl" },
    Route { method: "POST", path: "/restapi/insert" },
    Route { method: "POST", path: "/restapi/query" },
];

/// The handlers behind [`ROUTES`].
pub(crate) fn router(door: Arc<Door>) -> Router {
    Router::new()
        .route("/restapi/login", any(handlers::login::login))
        .route("/restapi/ddl", any(handlers::ddl::ddl))
        .route("/restapi/insert", any(handlers::insert::insert))
        .route("/restapi/query", any(handlers::query::query))
        .with_state(door)
}
