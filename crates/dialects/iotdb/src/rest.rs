//! The table of routes. The server answers other methods, in this dialect's words.

use crate::{Door, handlers};
use axum::Router;
use axum::routing::{get, post};
use dialect::{Media, Parameter, Route};
use std::sync::Arc;

/// Paths below them are worded by this dialect.
pub(crate) const PREFIXES: &[&str] = &["/rest/table", "/ping"];

const ZONE: Parameter = Parameter::header("Time-Zone", "the zone of times without an offset, as a name or an offset");

/// Every route.
pub(crate) const ROUTES: &[Route] = &[
    Route::get("/ping", "Whether the server is there").open(),
    Route::post("/rest/table/v1/query", "Answer one statement that returns rows")
        .parameters(&[ZONE])
        .body(&[Media::Json]),
    Route::post("/rest/table/v1/nonQuery", "Carry out one statement that returns no rows")
        .parameters(&[ZONE])
        .body(&[Media::Json]),
    Route::post("/rest/table/v1/insertTablet", "Write rows of one table, given by columns")
        .parameters(&[ZONE])
        .body(&[Media::Json]),
    Route::new("OPTIONS", "/ping", "The methods that work").answer(&[Media::Text]).open(),
    Route::new("OPTIONS", "/rest/table/v1/query", "The methods that work").answer(&[Media::Text]).open(),
    Route::new("OPTIONS", "/rest/table/v1/nonQuery", "The methods that work").answer(&[Media::Text]).open(),
    Route::new("OPTIONS", "/rest/table/v1/insertTablet", "The methods that work").answer(&[Media::Text]).open(),
];

/// The handlers behind [`ROUTES`].
pub(crate) fn router(door: Arc<Door>) -> Router {
    Router::new()
        .route("/ping", get(handlers::ping).options(handlers::ping_options))
        .route("/rest/table/v1/query", post(handlers::query::query).options(handlers::options))
        .route("/rest/table/v1/nonQuery", post(handlers::non_query::non_query).options(handlers::options))
        .route("/rest/table/v1/insertTablet", post(handlers::tablet::insert_tablet).options(handlers::options))
        .with_state(door)
}
