//! `POST /restapi/ddl`: statements that define and change, each answered for itself.

use super::{Arrival, refusal, respond_json};
use crate::error::{Endpoint, statement_text};
use crate::sql::{self, StatementKind};
use crate::{Door, statements, wire};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;
use std::time::Instant;

const fn takes(kind: StatementKind) -> bool {
    use StatementKind as K;
    match kind {
        K::Create | K::Drop | K::Alter | K::Use | K::Update | K::Delete | K::Grant | K::Revoke => true,
        K::Truncate | K::Comment | K::Set | K::Reset => true,
        K::Query | K::Show | K::Explain | K::Insert | K::Other => false,
    }
}

/// Runs every statement, whatever became of those before it.
pub(crate) async fn ddl(State(door): State<Arc<Door>>, request: Request) -> Response {
    let arrival = Arrival::read(&door, request).await;
    let mut context = match arrival.admit(&door).await {
        Ok(context) => context,
        Err(error) => return refusal(&error),
    };
    let started = Instant::now();
    let mut answer = wire::DdlAnswer { code: 0, desc: Vec::new(), time: 0.0 };
    for parsed in sql::parse(arrival.text()) {
        let result = if takes(parsed.kind) {
            statements::execute(&mut context, parsed).await
        } else {
            Err(statements::wrong_kind(&parsed, Endpoint::Ddl))
        };
        answer.desc.push(match result {
            Ok(()) => "success".to_owned(),
            Err(error) => {
                answer.code = -1;
                statement_text(&error, Endpoint::Ddl)
            }
        });
    }
    answer.time = started.elapsed().as_secs_f64();
    respond_json(StatusCode::OK, &answer)
}
