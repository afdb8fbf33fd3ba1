//! `POST /restapi/query`: one statement that reads, answered with its rows.

use super::{Arrival, refusal, respond, respond_json};
use crate::context::Context;
use crate::error::{Endpoint, statement_text};
use crate::render::json::QueryBody;
use crate::sql::{self, ParsedStatement, StatementKind};
use crate::{Door, statements, wire};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use futures::StreamExt as _;
use model::{Error, ErrorKind, Result};
use std::sync::Arc;
use std::time::Instant;

const fn takes(kind: StatementKind) -> bool {
    use StatementKind as K;
    match kind {
        K::Query | K::Show | K::Explain | K::Use => true,
        // What begins no statement is left to its syntax error.
        K::Other => true,
        K::Create | K::Drop | K::Alter | K::Update | K::Delete | K::Grant | K::Revoke => false,
        K::Truncate | K::Comment | K::Set | K::Reset | K::Insert => false,
    }
}

/// Runs one statement and sends its rows.
pub(crate) async fn query(State(door): State<Arc<Door>>, request: Request) -> Response {
    let arrival = Arrival::read(&door, request).await;
    let started = Instant::now();
    let admitted = match arrival.admit(&door).await {
        Ok(context) => only_statement(&context, arrival.text()).map(|parsed| (context, parsed)),
        Err(error) => Err(error),
    };
    let (mut context, parsed) = match admitted {
        Ok(admitted) => admitted,
        Err(error) => return refusal(&error),
    };
    match rows(&mut context, parsed).await {
        Ok(body) => answer(body, started),
        Err(error) => {
            let text = statement_text(&error, Endpoint::Query);
            respond_json(StatusCode::INTERNAL_SERVER_ERROR, &wire::QueryFailure::new(&text))
        }
    }
}

/// The one statement of a body.
fn only_statement(context: &Context, text: &str) -> Result<ParsedStatement> {
    let mut parsed = sql::parse(text);
    match (parsed.pop(), parsed.is_empty()) {
        (None, _) => Err(Error::new(ErrorKind::BodyEmpty {})),
        (Some(_), false) => Err(Error::new(ErrorKind::TooManyStatements { limit: 1 })),
        (Some(only), true) if takes(only.kind) => statements::check_length(context, &only).map(|()| only),
        (Some(only), true) => Err(statements::wrong_kind(&only, Endpoint::Query)),
    }
}

async fn rows(context: &mut Context, parsed: ParsedStatement) -> Result<QueryBody> {
    let mut stream = statements::rows(context, parsed).await?;
    let mut body = QueryBody::new(Arc::clone(&stream.schema), context.zone().clone(), context.door().result_bytes());
    while let Some(batch) = stream.batches.next().await {
        if !body.push(&batch?)? {
            break;
        }
    }
    Ok(body)
}

fn answer(body: QueryBody, started: Instant) -> Response {
    let cut = body.is_cut();
    let mut response = respond(StatusCode::OK, body.finish(started.elapsed()));
    if cut {
        response.headers_mut().insert("x-kwdb-truncated", HeaderValue::from_static("true"));
    }
    response
}
