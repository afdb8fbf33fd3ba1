//! From HTTP to actions and back: the checks that every request below `/api/v2` passes, in the order
//! that makes statuses certain, and the envelope.
//!
//! Route (404) -> method (405) -> credentials (401) -> `Accept` (406) -> `Content-Type` (415) -> where
//! parameters stand (400) -> body (400); privileges (403), objects (404) and sense (400) are the
//! actions' own.

mod arrival;
mod catalogs;
mod columns;
mod databases;
mod deletions;
pub(crate) mod sql;
mod tables;
mod tasks;
#[cfg(test)]
mod tests;
mod users;

use crate::error::{Answer, Failure};
use crate::rest::{Action, Endpoint};
use crate::{Door, wire};
use arrival::{Body, Parameters};
use axum::body::Body as HttpBody;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use engine::Caller;
use model::ErrorKind;
use serde_json::{Value, json};
use std::sync::Arc;

/// The id of a request in answers; a client's own is given back.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-starrocks-request-id");
/// The id that the server gives to every request.
const SERVER_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request that passed all checks but those of its action.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) door: Arc<Door>,
    pub(crate) caller: Caller,
    pub(crate) path: Vec<(String, String)>,
    pub(crate) parameters: Parameters,
    pub(crate) body: Body,
}

impl Call {
    /// A segment of the path.
    pub(crate) fn segment(&self, name: &str) -> &str {
        self.path.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value)
    }

    /// The fields of a JSON body.
    pub(crate) fn fields(&mut self) -> Answer<crate::fields::Fields> {
        match std::mem::replace(&mut self.body, Body::Nothing) {
            Body::Json(map) => crate::fields::Fields::of_body(map),
            Body::Sql(_) | Body::Nothing => Err(Failure::bad("MALFORMED_JSON", "the body must be a JSON object")),
        }
    }
}

/// A successful answer.
#[derive(Debug)]
pub(crate) struct Reply {
    status: StatusCode,
    result: Value,
    location: Option<String>,
}

impl Reply {
    /// 200 with a result.
    pub(crate) const fn ok(result: Value) -> Self {
        Self { status: StatusCode::OK, result, location: None }
    }

    /// 201 with the URI of what was made.
    pub(crate) const fn created(uri: String, result: Value) -> Self {
        Self { status: StatusCode::CREATED, result, location: Some(uri) }
    }

    /// 202 with the URI of the task.
    pub(crate) const fn accepted(uri: String, result: Value) -> Self {
        Self { status: StatusCode::ACCEPTED, result, location: Some(uri) }
    }
}

/// Answers a request to an endpoint.
pub(crate) async fn answer(
    door: Arc<Door>,
    endpoint: &'static Endpoint,
    path: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
) -> Response {
    let id = request_id(request.headers());
    match carried_out(door, endpoint, path, request).await {
        Ok(reply) => success(&reply, id.as_ref()),
        Err(failure) => refusal(&failure, id.as_ref()),
    }
}

async fn carried_out(
    door: Arc<Door>,
    endpoint: &'static Endpoint,
    path: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
) -> Answer<Reply> {
    let Some(action) = endpoint.action(request.method().as_str()) else {
        let (method, allowed) = (request.method().to_string(), endpoint.allowed());
        return Err(ErrorKind::MethodNotAllowed { method, allowed }.into());
    };
    let (parts, body) = request.into_parts();
    let caller = door.authenticate(&parts.headers).await?;
    arrival::check_accept(&parts.headers, &["application/json"])?;
    let body = arrival::read_body(&door, action.body(), &parts, body).await?;
    let parameters = Parameters::read(&parts.uri, action, &parts.headers)?;
    let path = path.map_err(|_| Failure::bad("INVALID_NAME", "a name in the path is not UTF-8"))?;
    let path = path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    run(action, Call { door, caller, path, parameters, body }).await
}

async fn run(action: Action, call: Call) -> Answer<Reply> {
    use Action as A;
    match action {
        A::ListCatalogs => catalogs::list(&call),
        A::ShowCatalog => catalogs::show(&call),
        A::ListDatabases => databases::list(&call),
        A::CreateDatabase => databases::create(call).await,
        A::EnsureDatabase => databases::ensure(call).await,
        A::ShowDatabase => databases::show(&call),
        A::ChangeDatabase => databases::change(call).await,
        A::DropDatabase => databases::drop(&call).await,
        A::ListTables => tables::list(&call),
        A::CreateTable => tables::create(call, tables::Existing::Fails).await,
        A::EnsureTable => tables::create(call, tables::Existing::Suffices).await,
        A::ShowTable => tables::show(&call),
        A::ChangeTable => tables::change(call).await,
        A::DropTable => tables::drop(&call).await,
        A::RenameTable => tables::rename(call).await,
        A::ListColumns => columns::list(&call, columns::Category::Columns),
        A::CreateColumn => columns::create(call, columns::Category::Columns).await,
        A::EnsureColumn => columns::ensure(call, columns::Category::Columns).await,
        A::ShowColumn => columns::show(&call, columns::Category::Columns),
        A::ChangeColumn => columns::change(call, columns::Category::Columns).await,
        A::DropColumn => columns::drop(&call, columns::Category::Columns).await,
        A::RenameColumn => columns::rename(call, columns::Category::Columns).await,
        A::ListTags => columns::list(&call, columns::Category::Tags),
        A::CreateTag => columns::create(call, columns::Category::Tags).await,
        A::EnsureTag => columns::ensure(call, columns::Category::Tags).await,
        A::ShowTag => columns::show(&call, columns::Category::Tags),
        A::ChangeTag => columns::change(call, columns::Category::Tags).await,
        A::DropTag => columns::drop(&call, columns::Category::Tags).await,
        A::RenameTag => columns::rename(call, columns::Category::Tags).await,
        A::DeleteRange => deletions::delete_range(call).await,
        A::ListTasks => tasks::list(&call).await,
        A::ShowTask => tasks::show(&call).await,
        A::CancelTask => tasks::cancel(&call).await,
        A::ListUsers => users::list(&call),
        A::CreateUser => users::create(call).await,
        A::EnsureUser => users::ensure(call).await,
        A::ShowUser => users::show(&call),
        A::ChangeUser => users::change(call).await,
        A::DropUser => users::drop(&call).await,
        A::ListGrants => users::list_grants(&call),
        A::CreateGrant => users::grant(call).await,
        A::DropGrant => users::revoke(&call).await,
    }
}

/// The client's id of a request, else the server's.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let plain = |id: &&HeaderValue| {
        id.len() <= 64 && id.as_bytes().iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
    };
    headers.get(REQUEST_ID).filter(plain).or_else(|| headers.get(SERVER_REQUEST_ID)).cloned()
}

fn respond(status: StatusCode, envelope: &wire::Envelope<'_>, id: Option<&HeaderValue>) -> Response {
    let bytes = serde_json::to_vec(envelope).unwrap_or_else(|error| {
        tracing::error!(%error, "an answer could not be encoded");
        br#"{"code":"9500","message":"internal error","result":{}}"#.to_vec()
    });
    let mut response = Response::new(HttpBody::from(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
    if let Some(id) = id {
        headers.insert(REQUEST_ID, id.clone());
    }
    response
}

fn success(reply: &Reply, id: Option<&HeaderValue>) -> Response {
    let envelope = wire::Envelope { code: "0", message: "OK", result: &reply.result };
    let mut response = respond(reply.status, &envelope, id);
    if let Some(location) = reply.location.as_ref().and_then(|uri| HeaderValue::try_from(uri).ok()) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    if reply.status == StatusCode::ACCEPTED {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// The answer to a request that failed.
pub(crate) fn refusal(failure: &Failure, id: Option<&HeaderValue>) -> Response {
    let result = wire::ErrorResult {
        reason: failure.reason,
        request_id: id.and_then(|id| id.to_str().ok()),
        details: &failure.details,
        help: failure.help,
    };
    let result = serde_json::to_value(result).unwrap_or_else(|_| json!({}));
    let envelope = wire::Envelope { code: failure.code, message: &failure.message, result: &result };
    let mut response = respond(failure.status, &envelope, id);
    failure_headers(failure, response.headers_mut());
    response
}

/// The headers that a status asks for.
pub(crate) fn failure_headers(failure: &Failure, headers: &mut HeaderMap) {
    match failure.status {
        StatusCode::UNAUTHORIZED => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"\""));
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        _ => {}
    }
    if let Some(allow) = failure.allow.as_ref().and_then(|allow| HeaderValue::from_str(allow).ok()) {
        headers.insert(header::ALLOW, allow);
    }
}
