//! `POST /write` and `POST /api/v2/write`: points in line protocol. Bad lines keep no good one from
//! being stored; the answer names the first of them, where it is and why, and how many were dropped.

use crate::answer::{Version, empty, failure, worded};
use crate::authentication::authenticate;
use crate::parameters::Parameters;
use crate::points::{Points, drop_reason};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use dialect::{DialectContext, PointsWritten, write_points};
use ingest::{Fault, Parsed, line};
use model::{DatabaseId, Error, ErrorKind, Result};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The only retention policy.
const AUTOGEN: &str = "autogen";
/// Where it may stand behind a database's name.
const AUTOGEN_SUFFIX: &str = "/autogen";
/// Bytes of a bad line that an answer repeats.
const SHOWN_BYTES: usize = 200;

/// The door of version 1.
pub(crate) async fn version_1(State(door): State<Arc<DialectContext>>, request: Request) -> Response {
    answer(&door, request, Version::One).await
}

/// The door of version 2.
pub(crate) async fn version_2(State(door): State<Arc<DialectContext>>, request: Request) -> Response {
    answer(&door, request, Version::Two).await
}

async fn answer(door: &DialectContext, request: Request, version: Version) -> Response {
    match write(door, request, version).await {
        Ok(None) => empty(StatusCode::NO_CONTENT),
        Ok(Some(text)) => worded(version, StatusCode::BAD_REQUEST, "invalid", &text),
        Err(error) => failure(version, &error),
    }
}

/// Stores what can be stored; the text of what could not.
async fn write(door: &DialectContext, request: Request, version: Version) -> Result<Option<String>> {
    let (parts, body) = request.into_parts();
    let parameters = Parameters::read(&parts.uri);
    let caller = authenticate(door, &parts.headers, &parameters).await?;
    let precision = parameters.precision()?;
    let database = database(door, &parameters, version)?;
    let body = dialect::read_text(body, door.body_bytes).await?;
    let parsed = line::parse(&body);
    if parsed.points.is_empty() {
        return Ok(parsed.faults.first().map(|fault| format!("{}{}", fault_text(fault), further(parsed.faults.len()))));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos().cast_signed());
    let laws = Points { precision, now_nanos: now };
    let written = write_points(&door.engine, &caller, database, &parsed.points, &laws).await?;
    if let Some(error) = common_failure(&parsed, &written) {
        return Err(error.clone());
    }
    Ok(partial(&parsed, &written))
}

/// The error of a request of which nothing was stored for a reason that is no point's own.
fn common_failure<'w>(parsed: &Parsed<'_>, written: &'w PointsWritten) -> Option<&'w Error> {
    if written.failed.len() < parsed.points.len() {
        return None;
    }
    let (_, error) = written.failed.first_key_value()?;
    let is_common = matches!(*error.kind, ErrorKind::PermissionDenied { .. });
    is_common.then_some(error)
}

/// The text of what could not be stored.
fn partial(parsed: &Parsed<'_>, written: &PointsWritten) -> Option<String> {
    let dropped = written.failed.len();
    let bad = parsed.faults.len() + dropped;
    let reason = if let Some(fault) = parsed.faults.first() {
        fault_text(fault)
    } else {
        let (position, error) = written.failed.first_key_value()?;
        let point = parsed.points.get(*position)?;
        format!("{} (line {})", drop_reason(point, error), point.line)
    };
    Some(format!("partial write: {reason}{} dropped={dropped}", further(bad)))
}

fn further(bad: usize) -> String {
    if bad > 1 { format!(" (and {} more)", bad - 1) } else { String::new() }
}

fn fault_text(fault: &Fault<'_>) -> String {
    let mut end = fault.text.len().min(SHOWN_BYTES);
    while !fault.text.is_char_boundary(end) {
        end -= 1;
    }
    let shown = fault.text.get(..end).unwrap_or_default();
    let more = if end < fault.text.len() { ".." } else { "" };
    format!("unable to parse '{shown}{more}': {fault}")
}

/// The database that a request writes to.
fn database(door: &DialectContext, parameters: &Parameters, version: Version) -> Result<DatabaseId> {
    let required = |name: &str| ErrorKind::InvalidStatement { reason: format!("{name} is required") };
    let catalog = door.engine.catalog();
    let found = match version {
        Version::One => {
            let name = parameters.filled("db").ok_or_else(|| required("database"))?;
            let policy = parameters.filled("rp").unwrap_or(AUTOGEN);
            if policy != AUTOGEN {
                let reason = format!("retention policy not found: {policy}");
                return Err(ErrorKind::InvalidStatement { reason }.into());
            }
            (name, catalog.database_named(name))
        }
        Version::Two => {
            let bucket = parameters.filled("bucket").ok_or_else(|| required("bucket"))?;
            let plain = bucket.strip_suffix(AUTOGEN_SUFFIX).unwrap_or(bucket);
            (plain, catalog.database_named(bucket).or_else(|| catalog.database_named(plain)))
        }
    };
    let (name, database) = found;
    Ok(database.ok_or_else(|| ErrorKind::DatabaseNotFound { database: name.to_owned() })?.id)
}
