//! The table of routes.

use crate::answer;
use crate::handlers::{buckets, query, session, status, write};
use axum::Router;
use axum::middleware::map_response;
use axum::routing::{get, head, post};
use dialect::{DialectContext, Media, Parameter, Route};
use std::sync::Arc;

/// Paths below them are worded by this dialect.
pub(crate) const PREFIXES: &[&str] = &[
    "/write",
    "/query",
    "/ping",
    "/ready",
    "/api/v2/write",
    "/api/v2/query",
    "/api/v2/delete",
    "/api/v2/health",
    "/api/v2/ping",
    "/api/v2/buckets",
    "/api/v2/signin",
    "/api/v2/signout",
];

const DB: Parameter = Parameter::query("db", "the database");
const RP: Parameter = Parameter::query("rp", "the retention policy: autogen, the only one");
const PRECISION: Parameter = Parameter::query("precision", "the unit of times: ns, us, ms, s, m or h; ns unless given");
const USER: Parameter = Parameter::query("u", "the user, where no header names one");
const PASSWORD: Parameter = Parameter::query("p", "the password");
const Q: Parameter = Parameter::query("q", "the statements");
const BUCKET: Parameter = Parameter::query("bucket", "the database, perhaps with /autogen behind it").required();
const ORG: Parameter = Parameter::query("org", "the organisation; there is only one");
const NAME: Parameter = Parameter::query("name", "the bucket of that name only");

/// Every route.
pub(crate) const ROUTES: &[Route] = &[
    Route::post("/write", "Store points")
        .parameters(&[DB, RP, PRECISION, USER, PASSWORD])
        .body(&[Media::LineProtocol])
        .answer(&[]),
    Route::get("/query", "Carry out statements about databases").parameters(&[Q, DB, USER, PASSWORD]),
    Route::post("/query", "Carry out statements about databases")
        .parameters(&[Q, DB, USER, PASSWORD])
        .body(&[Media::Form]),
    Route::head("/ping", "Whether the server is up").open(),
    Route::get("/ready", "Whether the server is ready").open(),
    Route::post("/api/v2/write", "Store points")
        .parameters(&[BUCKET, ORG, PRECISION])
        .body(&[Media::LineProtocol])
        .answer(&[]),
    Route::get("/api/v2/ping", "Whether the server is up").open().answer(&[]),
    Route::get("/api/v2/health", "Whether the server is healthy").open(),
    Route::get("/api/v2/buckets", "List databases").parameters(&[NAME, ORG]),
    Route::post("/api/v2/signin", "A session for user and password").answer(&[]),
    Route::post("/api/v2/signout", "End the session of the cookie").answer(&[]),
];

/// The handlers behind [`ROUTES`].
pub(crate) fn router(door: Arc<DialectContext>) -> Router {
    Router::new()
        .route("/write", post(write::version_1))
        .route("/query", get(query::query).post(query::query))
        .route("/ping", head(status::ping))
        .route("/ready", get(status::ready))
        .route("/api/v2/write", post(write::version_2))
        .route("/api/v2/ping", get(status::ping))
        .route("/api/v2/health", get(status::health))
        .route("/api/v2/buckets", get(buckets::buckets))
        .route("/api/v2/signin", post(session::sign_in))
        .route("/api/v2/signout", post(session::sign_out))
        .layer(map_response(answer::with_version))
        .with_state(door)
}
