//! The table of routes. Handlers check the method themselves: a wrong one is an unknown page here.

use crate::{Door, handlers};
use axum::Router;
use axum::routing::any;
use dialect::{Media, Parameter, Route};
use std::sync::Arc;

/// Paths below it are worded by this dialect.
pub(crate) const PREFIXES: &[&str] = &["/rest/sql", "/rest/login"];

const PARAMETERS: &[Parameter] = &[
    Parameter::query("tz", "IANA zone in which times are printed"),
    Parameter::query("conn_tz", "IANA zone in which times are read and printed"),
    Parameter::query("req_id", "a number for tracing"),
    Parameter::query("row_with_meta", "true: rows are objects"),
    Parameter::query("timing", "true: the answer says how long it took, in nanoseconds"),
];

const fn sql(path: &'static str, summary: &'static str) -> Route {
    Route::post(path, summary).parameters(PARAMETERS).body(&[Media::Sql])
}

/// Every route. With and without a slash at the end: one of the vendor's clients sends it.
pub(crate) const ROUTES: &[Route] = &[
    sql("/rest/sql", "Runs one SQL statement"),
    sql("/rest/sql/", "Runs one SQL statement"),
    sql("/rest/sql/{db}", "Runs one SQL statement in a database"),
    sql("/rest/sql/{db}/", "Runs one SQL statement in a database"),
    Route::get("/rest/login/{user}/{password}", "Makes a token for Authorization: Taosd").open(),
];

/// The handlers behind [`ROUTES`].
pub(crate) fn router(door: Arc<Door>) -> Router {
    Router::new()
        .route("/rest/sql", any(handlers::sql::without_database))
        .route("/rest/sql/", any(handlers::sql::without_database))
        .route("/rest/sql/{db}", any(handlers::sql::in_database))
        .route("/rest/sql/{db}/", any(handlers::sql::in_database))
        .route("/rest/login/{user}/{password}", any(handlers::login::login))
        .with_state(door)
}
