//! `POST /api/put`: points as one JSON object or an array of them. Each stands for itself; what was
//! not stored makes the answer a 400, which `summary` counts and `details` lists.

use crate::answer::{empty, failure, respond_json, worded};
use crate::authentication::authenticate;
use crate::parameters::Parameters;
use crate::points::{Points, check};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use dialect::{DialectContext, write_points};
use ingest::{Parsed, Point, Reason, opentsdb};
use model::{Error, ErrorKind, Result};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Stores points.
pub(crate) async fn put(State(door): State<Arc<DialectContext>>, request: Request) -> Response {
    store(&door, request).await.unwrap_or_else(|error| failure(&error))
}

async fn store(door: &DialectContext, request: Request) -> Result<Response> {
    let (parts, body) = request.into_parts();
    let parameters = Parameters::read(&parts.uri);
    let caller = authenticate(door, &parts.headers).await?;
    let body = dialect::read_text(body, door.body_bytes).await?;
    if body.trim().is_empty() {
        return Err(Error::new(ErrorKind::BodyEmpty {}));
    }
    let mut parsed = match opentsdb::parse_json(&body) {
        Ok(parsed) => parsed,
        Err(fault) => {
            let details = format!("{} (line {}, column {})", fault.reason, fault.line, fault.column);
            return Ok(worded(StatusCode::BAD_REQUEST, "Unable to parse the given JSON", &details));
        }
    };
    if parsed.points.is_empty() && parsed.faults.is_empty() {
        return Ok(worded(StatusCode::BAD_REQUEST, "No datapoints found in content", "The list is empty."));
    }
    let catalog = door.engine.catalog();
    let database = catalog.database_named(&parameters.database);
    let missing = || ErrorKind::DatabaseNotFound { database: parameters.database.clone() };
    let database = database.ok_or_else(missing)?.id;

    let mut errors: BTreeMap<usize, String> = refused(&mut parsed);
    let written = write_points(&door.engine, &caller, database, &parsed.points, &Points).await?;
    for (position, error) in &written.failed {
        let Some(point) = parsed.points.get(*position) else { continue };
        if matches!(*error.kind, ErrorKind::PermissionDenied { .. }) && written.failed.len() == parsed.points.len() {
            return Err(error.clone());
        }
        errors.insert(point.line, error.to_string());
    }
    let success = parsed.points.len() - written.failed.len();
    Ok(answer(&parameters, &body, success, &errors))
}

/// The points that are none here, by their places in the body; they are taken out.
fn refused(parsed: &mut Parsed<'_>) -> BTreeMap<usize, String> {
    let mut errors: BTreeMap<usize, String> =
        parsed.faults.iter().map(|fault| (fault.line, words(fault.reason).to_owned())).collect();
    parsed.points.retain(|point: &Point<'_>| match check(point) {
        Ok(()) => true,
        Err(text) => {
            errors.insert(point.line, text);
            false
        }
    });
    errors
}

/// This vendor's words.
const fn words(reason: Reason) -> &'static str {
    match reason {
        Reason::MissingMeasurement => "Metric name was empty",
        Reason::MissingTimeOrValue => "Empty value or timestamp",
        Reason::BadTimestamp => "Invalid timestamp",
        Reason::ValueNotNumeric => "Unable to parse value to a number",
        Reason::MissingTagKey => "Empty tag name",
        Reason::MissingTagValue => "Empty tag value",
        other => other.text(),
    }
}

fn answer(parameters: &Parameters, body: &str, success: usize, errors: &BTreeMap<usize, String>) -> Response {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    if parameters.details {
        let items = items(body);
        let listed: Vec<Value> = errors
            .iter()
            .map(|(place, error)| {
                let point = place.checked_sub(1).and_then(|place| items.get(place)).unwrap_or(&Value::Null);
                json!({ "datapoint": point, "error": error })
            })
            .collect();
        return respond_json(status, &json!({ "errors": listed, "failed": errors.len(), "success": success }));
    }
    if parameters.summary {
        return respond_json(status, &json!({ "failed": errors.len(), "success": success }));
    }
    match errors.first_key_value() {
        None => empty(StatusCode::NO_CONTENT),
        Some((place, error)) => {
            let details = format!(
                "Data point {place}: {error}. {} of {} were not stored; append \"details\" to the request for all of them.",
                errors.len(),
                errors.len() + success
            );
            worded(status, "One or more data points had errors", &details)
        }
    }
}

/// The objects of a body, to be shown back.
fn items(body: &str) -> Vec<Value> {
    match serde_json::from_str(body) {
        Ok(Value::Array(items)) => items,
        Ok(one) => vec![one],
        Err(_) => Vec::new(),
    }
}
