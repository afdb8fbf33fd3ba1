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
    // The vendor answers at the same paths with a slash behind them; `/ping/` asks for credentials.
    Route::get("/ping/", "Whether the server is there and takes these credentials"),
    Route::post("/rest/table/v1/query/", "The same as without the slash").parameters(&[ZONE]).body(&[Media::Json]),
    Route::post("/rest/table/v1/nonQuery/", "The same as without the slash").parameters(&[ZONE]).body(&[Media::Json]),
    Route::post("/rest/table/v1/insertTablet/", "The same as without the slash")
        .parameters(&[ZONE])
        .body(&[Media::Json]),
    Route::new("OPTIONS", "/ping", "The methods that work").answer(&[Media::Text]).open(),
    Route::new("OPTIONS", "/rest/table/v1/query", "The methods that work").answer(&[Media::Text]).open(),
    Route::new("OPTIONS", "/rest/table/v1/nonQuery", "The methods that work").answer(&[Media::Text]).open(),
    Route::new("OPTIONS", "/rest/table/v1/insertTablet", "The methods that work").answer(&[Media::Text]).open(),
    Route::new("OPTIONS", "/rest/table/v1/query/", "The methods that work").answer(&[Media::Text]).open(),
    Route::new("OPTIONS", "/rest/table/v1/nonQuery/", "The methods that work").answer(&[Media::Text]).open(),
    Route::new("OPTIONS", "/rest/table/v1/insertTablet/", "The methods that work").answer(&[Media::Text]).open(),
];

/// The handlers behind [`ROUTES`].
pub(crate) fn router(door: Arc<Door>) -> Router {
    let query = || post(handlers::query::query).options(handlers::options);
    let non_query = || post(handlers::non_query::non_query).options(handlers::options);
    let insert_tablet = || post(handlers::tablet::insert_tablet).options(handlers::options);
    Router::new()
        .route("/ping", get(handlers::ping).options(handlers::ping_options))
        .route("/ping/", get(handlers::ping_with_credentials))
        .route("/rest/table/v1/query", query())
        .route("/rest/table/v1/query/", query())
        .route("/rest/table/v1/nonQuery", non_query())
        .route("/rest/table/v1/nonQuery/", non_query())
        .route("/rest/table/v1/insertTablet", insert_tablet())
        .route("/rest/table/v1/insertTablet/", insert_tablet())
        .with_state(door)
}
