//! `POST /rest/sql[/{db}]`: one statement, answered with its rows or with how many it changed.
//!
//! Checks come in the vendor's order: request id, header, zones, shape of rows, body, password.

use super::{not_found, refusal, respond};
use crate::context::Context;
use crate::error::coded;
use crate::parameters::Parameters;
use crate::render::json::{Shape, SqlBody};
use crate::statements::{self, Answer};
use crate::{Door, authentication};
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use model::{Error, ErrorKind, Result};
use query::RowStream;
use std::sync::Arc;
use std::time::Instant;

/// An answer up to this size is held back until it is whole, so that a late error is still an answer.
const HELD_BYTES: usize = 1 << 20;

/// `POST /rest/sql`
pub(crate) async fn without_database(State(door): State<Arc<Door>>, request: Request) -> Response {
    handle(door, None, request).await
}

/// `POST /rest/sql/{db}`
pub(crate) async fn in_database(
    State(door): State<Arc<Door>>,
    Path(database): Path<String>,
    request: Request,
) -> Response {
    handle(door, Some(database), request).await
}

async fn handle(door: Arc<Door>, database: Option<String>, request: Request) -> Response {
    let started = Instant::now();
    if request.method() != Method::POST {
        return not_found();
    }
    match answer(&door, database, request, started).await {
        Ok(response) => response,
        Err(error) => refusal(&error, started),
    }
}

async fn answer(door: &Arc<Door>, database: Option<String>, request: Request, started: Instant) -> Result<Response> {
    let (parts, body) = request.into_parts();
    let parameters = Parameters::read(&parts.uri);
    parameters.check_request_id()?;
    let credential = authentication::credential(&parts.headers)?;
    let (zone, shown) = parameters.zones()?;
    let objects = parameters.rows_are_objects()?;
    let text = dialect::read_text(body, door.context.body_bytes).await?;
    if text.is_empty() {
        return Err(Error::new(ErrorKind::BodyEmpty {}));
    }
    if text.trim().is_empty() {
        return Err(coded(0x1107, "no sql input"));
    }
    let caller = door.log_in(&credential).await?;
    if text.len() > door.context.statement_bytes {
        return Err(Error::new(ErrorKind::StatementTooLarge { limit: door.context.statement_bytes as u64 }));
    }
    let context = Context::new(Arc::clone(door), caller, database, zone);
    let shape = Shape { zone: shown, objects, timing: parameters.timing().then_some(started) };
    match statements::run(&context, text.trim()).await? {
        Answer::Changed(rows) => Ok(respond(StatusCode::OK, Body::from(shape.changed(rows)))),
        Answer::Rows(rows) => send(rows, shape).await,
    }
}

/// Sends rows: whole where they are few, as they come where they are many.
async fn send(mut rows: RowStream, shape: Shape) -> Result<Response> {
    let first = rows.batches.next().await.transpose()?;
    let mut body = SqlBody::new(&rows.schema, first.as_ref(), shape);
    let mut out = body.head();
    let Some(first) = first else {
        body.finish(&mut out);
        return Ok(respond(StatusCode::OK, Body::from(out)));
    };
    body.push(&mut out, &first)?;
    drop(first);
    while out.len() < HELD_BYTES {
        match rows.batches.next().await {
            Some(batch) => body.push(&mut out, &batch?)?,
            None => {
                body.finish(&mut out);
                return Ok(respond(StatusCode::OK, Body::from(out)));
            }
        }
    }
    let rest = stream::unfold(Some((rows, body)), |state| async {
        let (mut rows, mut body) = state?;
        let mut out = Vec::new();
        match rows.batches.next().await {
            Some(batch) => match batch.and_then(|batch| body.push(&mut out, &batch)) {
                Ok(()) => Some((Ok(Bytes::from(out)), Some((rows, body)))),
                // The head is sent: only a broken connection says that this is not the whole.
                Err(error) => Some((Err(error), None)),
            },
            None => {
                body.finish(&mut out);
                Some((Ok(Bytes::from(out)), None))
            }
        }
    });
    let all = stream::once(std::future::ready(Ok::<_, Error>(Bytes::from(out)))).chain(rest).fuse();
    Ok(respond(StatusCode::OK, Body::from_stream(all)))
}
