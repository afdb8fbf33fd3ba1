//! `POST /restapi/insert`: INSERT statements, each answered for itself, their rows summed.

use super::{Arrival, refusal, respond_json};
use crate::error::{Endpoint, request_text, statement_text};
use crate::sql::{self, StatementKind};
use crate::{Door, statements, wire};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use model::Error;
use std::sync::Arc;
use std::time::Instant;

/// Runs every statement, whatever became of those before it.
pub(crate) async fn insert(State(door): State<Arc<Door>>, request: Request) -> Response {
    let arrival = Arrival::read(&door, request).await;
    let context = match arrival.admit(&door).await {
        Ok(context) => context,
        Err(error) if Arrival::is_about_credentials(&error) => return unauthorized(&error, arrival.text()),
        Err(error) => return refusal(&error),
    };
    let started = Instant::now();
    let mut answer = wire::InsertAnswer { code: 0, desc: Vec::new(), rows: Some(0), notice: None, time: None };
    let mut succeeded = 0_usize;
    for parsed in sql::parse(arrival.text()) {
        let result = if parsed.kind == StatementKind::Insert {
            statements::insert::run(&context, parsed).await
        } else {
            Err(statements::wrong_kind(&parsed, Endpoint::Insert))
        };
        answer.desc.push(match result {
            Ok(rows) => {
                succeeded += 1;
                answer.rows = answer.rows.map(|sum| sum + rows);
                "success".to_owned()
            }
            Err(error) => {
                answer.code = -1;
                statement_text(&error, Endpoint::Insert)
            }
        });
    }
    if succeeded == 0 && !answer.desc.is_empty() {
        answer.rows = None;
    }
    answer.time = Some(started.elapsed().as_secs_f64());
    respond_json(StatusCode::OK, &answer)
}

/// The documented answer to wrong credentials: the text once per statement.
fn unauthorized(error: &Error, body: &str) -> Response {
    let statements = count_statements(body).max(1);
    let answer = wire::InsertAnswer {
        code: -1,
        desc: vec![request_text(error); statements],
        rows: None,
        notice: None,
        time: None,
    };
    respond_json(StatusCode::UNAUTHORIZED, &answer)
}

/// How many statements a text holds, without reading any of them: nobody has a right to that yet.
fn count_statements(text: &str) -> usize {
    let (mut count, mut blank) = (0, true);
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), close) if open == close => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => (quote, blank) = (Some(c), false),
            (None, ';') => {
                count += usize::from(!blank);
                blank = true;
            }
            (None, other) => blank &= other.is_whitespace(),
        }
    }
    count + usize::from(!blank)
}

#[cfg(test)]
mod tests {
    use super::count_statements;

    #[test]
    fn statements_are_counted_outside_of_quotes() {
        for (text, count) in [
            ("", 0),
            (" ; ;", 0),
            ("insert into t values (1)", 1),
            ("insert into t values ('a;b', \"c;d\"); insert into t values ('it''s');\n", 2),
        ] {
            assert_eq!(count_statements(text), count, "{text:?}");
        }
    }
}
