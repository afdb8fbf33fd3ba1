//! `GET /api/v2/buckets`: databases as version 2 calls them.

use super::query::shown_databases;
use crate::answer::{Version, failure, respond_json};
use crate::authentication::authenticate;
use crate::parameters::Parameters;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use dialect::DialectContext;
use model::Result;
use serde_json::{Value, json};
use std::sync::Arc;

/// Lists databases that the caller may do anything with.
pub(crate) async fn buckets(State(door): State<Arc<DialectContext>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match list(&door, &parts).await {
        Ok(body) => respond_json(StatusCode::OK, &body),
        Err(error) => failure(Version::Two, &error),
    }
}

async fn list(door: &DialectContext, request: &Parts) -> Result<Value> {
    let parameters = Parameters::read(&request.uri);
    let caller = authenticate(door, &request.headers, &parameters).await?;
    let catalog = door.engine.catalog();
    let name = parameters.filled("name");
    let buckets: Vec<Value> = shown_databases(&door.engine, &caller, &catalog)
        .into_iter()
        .filter(|database| name.is_none_or(|name| name == database.name))
        .map(|database| {
            let seconds = database.retention_seconds.unwrap_or(0);
            json!({
                "id": format!("{:016x}", database.id.0),
                "orgID": format!("{:016x}", 1),
                "type": "user",
                "name": database.name,
                "retentionRules": [{ "type": "expire", "everySeconds": seconds }],
            })
        })
        .collect();
    Ok(json!({ "links": { "self": "/api/v2/buckets" }, "buckets": buckets }))
}
