//! `POST /rest/table/v1/query`: one statement that returns rows, answered with all of them.

use super::{Arrival, refusal, respond};
use crate::error::{Failure, Result};
use crate::render::{Answer, ROWS_DEFAULT};
use crate::sql::{self, Endpoint};
use crate::wire::StatementBody;
use crate::{Door, statements};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use futures::StreamExt as _;
use std::sync::Arc;

/// Runs the statement and sends its rows.
pub(crate) async fn query(State(door): State<Arc<Door>>, request: Request) -> Response {
    match rows(&door, request).await {
        Ok(body) => respond(StatusCode::OK, body),
        Err(failure) => refusal(&failure),
    }
}

async fn rows(door: &Arc<Door>, request: Request) -> Result<Vec<u8>> {
    let Arrival { mut context, body } = Arrival::admit(door, request).await?;
    let body = StatementBody::read(&body)?;
    context.set_database(body.database.as_deref())?;
    let statement = sql::parse(&body.sql, door.context.statement_bytes)?;
    if statement.endpoint() != Endpoint::Query {
        return Err(Failure::wrong_endpoint());
    }
    let limit = body.row_limit.unwrap_or(ROWS_DEFAULT);
    let mut stream = statements::rows(&context, statement, &body.sql).await?;
    let mut answer = Answer::new(&stream.schema, limit, door.context.result_bytes);
    while let Some(batch) = stream.batches.next().await {
        answer.push(&batch?)?;
    }
    Ok(answer.finish())
}
