//! `POST /api/v1/catalogs/{catalog}[/databases/{database}]/sql`: one statement, answered with one
//! JSON value a line as rows come.
//!
//! The head is sent when the first rows are there, so that whatever goes wrong before has a status of
//! its own; what goes wrong after ends the connection, and the answer lacks its last line.

use super::arrival::{check_accept, json_object, media_type};
use super::{failure_headers, request_id};
use crate::connections::Connection;
use crate::context::Context;
use crate::error::{Answer, Failure};
use crate::fields::Fields;
use crate::names::{CATALOG, is_catalog, sees_database};
use crate::render::lines;
use crate::sql::statement::Statement;
use crate::sql::{Parsed, parse};
use crate::statements::{kill, query, show};
use crate::variables::Variables;
use crate::{Door, wire};
use ::query::RowStream;
use arrow::record_batch::RecordBatch;
use axum::body::Body;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream;
use model::{Error, ErrorKind, Result};
use std::sync::Arc;

/// Answers one statement.
pub(crate) async fn sql(
    State(door): State<Arc<Door>>,
    path: std::result::Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
) -> Response {
    let id = request_id(request.headers());
    let mut response = match carried_out(door, path, request).await {
        Ok(response) => response,
        Err(failure) => refusal(&failure),
    };
    if let Some(id) = id {
        response.headers_mut().insert(super::REQUEST_ID, id);
    }
    response
}

/// What the body asks for.
struct Asked {
    query: String,
    variables: Variables,
    /// Whether the line with the connection is left out.
    only_rows: bool,
}

async fn carried_out(
    door: Arc<Door>,
    path: std::result::Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
) -> Answer<Response> {
    if request.method() != Method::POST {
        let (method, allowed) = (request.method().to_string(), "POST".to_owned());
        return Err(ErrorKind::MethodNotAllowed { method, allowed }.into());
    }
    let (parts, body) = request.into_parts();
    let caller = door.authenticate(&parts.headers).await?;
    check_accept(&parts.headers, &["application/x-ndjson", "application/json"])?;
    match media_type(&parts.headers).as_deref() {
        None | Some("application/json" | "text/json" | "application/x-www-form-urlencoded") => {}
        Some(other) => {
            let message = format!("a body of the type \"{other}\" is not taken here, only application/json");
            return Err(Failure::with(StatusCode::UNSUPPORTED_MEDIA_TYPE, "9415", "UNSUPPORTED_MEDIA_TYPE", message));
        }
    }
    if parts.uri.query().is_some_and(|query| !query.is_empty()) {
        return Err(Failure::bad(
            "QUERY_AND_BODY",
            "parameters stand in the body here: the query string must be empty",
        ));
    }
    let text = dialect::read_text(body, door.context.body_bytes).await?;
    let switch_failed =
        || Failure::with(StatusCode::FORBIDDEN, "9403", "DATABASE_NOT_USABLE", "set catalog or db failed");
    let path = path.map_err(|_| switch_failed())?;
    let segment = |name: &str| path.iter().find(|(own, _)| *own == name).map(|(_, value)| value.to_owned());
    let database = segment("database");
    let catalog = door.context.engine.catalog();
    let is_usable = match &database {
        None => true,
        Some(name) => {
            catalog.database_named(name).is_some_and(|database| sees_database(&door, &caller, &catalog, database))
        }
    };
    if !is_catalog(segment("catalog").as_deref().unwrap_or(CATALOG)) || !is_usable {
        return Err(switch_failed());
    }
    let Asked { query, variables, only_rows } = asked(&text)?;
    if query.len() > door.context.statement_bytes {
        return Err(ErrorKind::StatementTooLarge { limit: door.context.statement_bytes as u64 }.into());
    }
    let parsed = parse(&query).map_err(|error| match *error.kind {
        ErrorKind::BodyEmpty {} => empty_query(),
        _ => error.into(),
    })?;
    let connection = door.connections.enter(&caller, database.as_deref().unwrap_or_default(), &parsed.text);
    let context = Context { door, caller, database, variables, connection: connection.id };
    run(context, parsed, connection, only_rows).await
}

fn empty_query() -> Failure {
    Failure::bad("EMPTY_QUERY", "\"query can not be empty\"")
}

/// Reads the body.
fn asked(text: &str) -> Answer<Asked> {
    let map = json_object(text).map_err(|failure| match failure.reason {
        "MALFORMED_JSON" | "BODY_EMPTY" => {
            let shown: String = text.chars().take(200).collect();
            Failure::bad("MALFORMED_JSON", format!("malformed json [ {shown} ]: {}", failure.message))
        }
        _ => failure,
    })?;
    let mut fields = Fields::of_body(map)?;
    let query = fields.text("query")?.filter(|query| !query.trim().is_empty()).ok_or_else(empty_query)?;
    let variables = match fields.map("sessionVariables")? {
        Some(given) => Variables::read(&given)?,
        None => Variables::none(),
    };
    let raw = fields.boolean("onlyOutputResultRaw")?.unwrap_or(false);
    let without = fields.boolean("disablePrintConnectionId")?.unwrap_or(false);
    fields.end()?;
    Ok(Asked { query, variables, only_rows: raw || without })
}

async fn run(context: Context, parsed: Parsed, mut connection: Connection, only_rows: bool) -> Answer<Response> {
    let Parsed { text, statement } = parsed;
    match statement {
        Statement::Query(query) => {
            let started = first_rows(&context, query, &text);
            let (stream, first) = tokio::select! {
                started = started => started?,
                () = connection.killed() => return Err(ErrorKind::QueryCancelled {}.into()),
            };
            Ok(rows(context, connection, stream, first, only_rows))
        }
        Statement::Explain(query) => {
            let plan = tokio::select! {
                plan = query::explain(&context, query, &text) => plan?,
                () = connection.killed() => return Err(ErrorKind::QueryCancelled {}.into()),
            };
            Ok(respond(StatusCode::OK, Body::from(lines::explain(&plan)?)))
        }
        Statement::Show(shown) => {
            let rows = show::run(&context, &shown)?;
            let zone = &context.variables.zone;
            Ok(respond(StatusCode::OK, Body::from(lines::whole(&rows.schema, &[rows.batch], zone)?)))
        }
        Statement::Kill(id) => {
            kill::run(&context, id)?;
            Ok(respond(StatusCode::OK, Body::empty()))
        }
        Statement::CreateTable(_) => {
            Err(ErrorKind::WrongStatementKind { statement: "create".to_owned(), endpoint: "sql" }.into())
        }
    }
}

/// Starts a query and waits for its first rows, or its end.
async fn first_rows(
    context: &Context,
    query: Box<::sql::ast::Query>,
    text: &str,
) -> Result<(RowStream, Option<RecordBatch>)> {
    let mut stream = query::run(context, query, text).await?;
    let first = stream.batches.next().await.transpose()?;
    Ok((stream, first))
}

/// An answer under way.
struct Answering {
    context: Context,
    connection: Connection,
    stream: RowStream,
    /// What came first and is not yet written: rows, or the end.
    first: Option<Option<RecordBatch>>,
    rows: u64,
    done: bool,
}

fn rows(
    context: Context,
    connection: Connection,
    stream: RowStream,
    first: Option<RecordBatch>,
    only_rows: bool,
) -> Response {
    let mut head = if only_rows { Vec::new() } else { lines::connection(connection.id) };
    head.extend(lines::meta(&stream.schema));
    let done = false;
    let answering = Answering { context, connection, stream, first: Some(first), rows: 0, done };
    let pieces = stream::once(async move { Ok(Bytes::from(head)) }).chain(stream::unfold(
        Some(answering),
        |answering| async move {
            let mut answering = answering?;
            if answering.done {
                return None;
            }
            match answering.next().await {
                Ok(piece) => Some((Ok(Bytes::from(piece)), Some(answering))),
                Err(error) => {
                    tracing::warn!(%error, "a query failed while its answer was sent");
                    Some((Err(error), None))
                }
            }
        },
    ));
    let mut response = respond(StatusCode::OK, Body::from_stream(pieces.fuse()));
    let id = uuid::Uuid::new_v4().to_string();
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert("x-starrocks-query-id", id);
    }
    response
}

impl Answering {
    /// The next lines; behind the last row the statistics.
    async fn next(&mut self) -> Result<Vec<u8>> {
        let batch = match self.first.take() {
            Some(first) => first,
            None => tokio::select! {
                batch = self.stream.batches.next() => batch.transpose()?,
                () = self.connection.killed() => return Err(Error::new(ErrorKind::QueryCancelled {})),
            },
        };
        match batch {
            Some(batch) => {
                self.rows += batch.num_rows() as u64;
                lines::data(&self.stream.schema, &batch, &self.context.variables.zone)
            }
            None => {
                self.done = true;
                Ok(lines::statistics(self.rows))
            }
        }
    }
}

fn respond(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static("application/x-ndjson; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

/// A failure in the words and with the keys of the vendor's SQL endpoint.
fn refusal(failure: &Failure) -> Response {
    let body = wire::SqlFailure { status: "FAILED", code: "1", msg: &failure.message, message: &failure.message };
    let bytes = serde_json::to_vec(&body).unwrap_or_default();
    // What a statement names and is not there is the statement's fault: the path was found.
    let status = if failure.status == StatusCode::NOT_FOUND { StatusCode::BAD_REQUEST } else { failure.status };
    let mut response = respond(status, Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
    failure_headers(failure, headers);
    response
}
