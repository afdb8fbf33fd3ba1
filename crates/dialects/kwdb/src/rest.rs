//! The table of routes. Handlers check the method themselves: a wrong one is worded here.

use crate::{Door, handlers};
use axum::Router;
use axum::routing::any;
use dialect::{Media, Parameter, Route};
use std::sync::Arc;

/// Paths below them are worded by this dialect.
pub(crate) const PREFIXES: &[&str] = &["/restapi"];

const DB: Parameter = Parameter::query("db", "the database of names without one; defaultdb unless given");
const TZ: Parameter = Parameter::query("tz", "the zone of times, as an offset or a name");

const PRECISION: Parameter =
    Parameter::query("precision", "the unit of times: ns, us, ms or s; told by their digits else");

/// Every route.
pub(crate) const ROUTES: &[Route] = &[
    Route::get("/restapi/login", "A token for user and password").parameters(&[TZ]),
    Route::post("/restapi/ddl", "Carry out definitions").parameters(&[DB, TZ]).body(&[Media::Sql]),
    Route::post("/restapi/insert", "Carry out INSERT statements").parameters(&[DB, TZ]).body(&[Media::Sql]),
    Route::post("/restapi/query", "Answer one query").parameters(&[DB, TZ]).body(&[Media::Sql]),
    Route::post("/restapi/telegraf", "Store points from Telegraf")
        .parameters(&[DB, TZ, PRECISION])
        .body(&[Media::LineProtocol]),
    Route::post("/restapi/influxdb", "Store points, making tables as needed")
        .parameters(&[DB, TZ, PRECISION])
        .body(&[Media::LineProtocol]),
    Route::post("/restapi/opentsdbjson", "Store OpenTSDB points in JSON").parameters(&[DB, TZ]).body(&[Media::Json]),
    Route::post("/restapi/opentsdbtelnet", "Store OpenTSDB points in lines").parameters(&[DB, TZ]).body(&[Media::Text]),
    Route::get("/restapi/session", "List sessions").parameters(&[TZ]),
    Route::delete("/restapi/session", "End the session whose id is the body").parameters(&[TZ]).body(&[Media::Text]),
];

/// The handlers behind [`ROUTES`].
pub(crate) fn router(door: Arc<Door>) -> Router {
    Router::new()
        .route("/restapi/login", any(handlers::login::login))
        .route("/restapi/ddl", any(handlers::ddl::ddl))
        .route("/restapi/insert", any(handlers::insert::insert))
        .route("/restapi/query", any(handlers::query::query))
        .route("/restapi/telegraf", any(handlers::points::telegraf))
        .route("/restapi/influxdb", any(handlers::points::influx))
        .route("/restapi/opentsdbjson", any(handlers::points::opentsdb_json))
        .route("/restapi/opentsdbtelnet", any(handlers::points::opentsdb_telnet))
        .route("/restapi/session", any(handlers::session::session))
        .with_state(door)
}
