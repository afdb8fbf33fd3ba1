//! The table of routes.

use crate::handlers::{put, version};
use axum::Router;
use axum::routing::{get, post};
use dialect::{DialectContext, Media, Parameter, Route};
use std::sync::Arc;

/// Paths below them are worded by this dialect.
pub(crate) const PREFIXES: &[&str] = &["/api/put", "/api/version"];

const SUMMARY: Parameter = Parameter::query("summary", "answer with how many points were stored");
const DETAILS: Parameter = Parameter::query("details", "answer with the points that were not stored, and why");
const SYNC: Parameter = Parameter::query("sync", "answer when the points are stored, as is always done");
const SYNC_TIMEOUT: Parameter =
    Parameter::query("sync_timeout", "passed over: no answer comes before its points are stored");
const DB: Parameter = Parameter::query("db", "the database; defaultdb unless given");

/// Every route.
pub(crate) const ROUTES: &[Route] = &[
    Route::post("/api/put", "Store points")
        .parameters(&[SUMMARY, DETAILS, SYNC, SYNC_TIMEOUT, DB])
        .body(&[Media::Json]),
    Route::get("/api/version", "What this server is").open(),
    Route::post("/api/version", "What this server is").open(),
];

/// The handlers behind [`ROUTES`].
pub(crate) fn router(door: Arc<DialectContext>) -> Router {
    Router::new()
        .route("/api/put", post(put::put))
        .route("/api/version", get(version::version).post(version::version))
        .with_state(door)
}
