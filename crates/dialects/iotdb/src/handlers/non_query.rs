//! `POST /rest/table/v1/nonQuery`: one statement that returns no rows.

use super::{Arrival, refusal, success};
use crate::error::{Failure, Result};
use crate::sql::{self, Endpoint};
use crate::wire::StatementBody;
use crate::{Door, statements};
use axum::extract::{Request, State};
use axum::response::Response;
use std::sync::Arc;

/// Runs the statement.
pub(crate) async fn non_query(State(door): State<Arc<Door>>, request: Request) -> Response {
    match run(&door, request).await {
        Ok(()) => success(),
        Err(failure) => refusal(&failure),
    }
}

async fn run(door: &Arc<Door>, request: Request) -> Result<()> {
    let Arrival { mut context, body } = Arrival::admit(door, request).await?;
    let body = StatementBody::read(&body)?;
    context.set_database(body.database.as_deref())?;
    let statement = sql::parse(&body.sql, door.context.statement_bytes)?;
    if statement.endpoint() != Endpoint::NonQuery {
        return Err(Failure::wrong_endpoint());
    }
    statements::execute(&context, statement, &body.sql).await
}
