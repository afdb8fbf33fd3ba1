//! `GET /restapi/login`: user and password for a token.

use super::{refusal, require_method, respond_json};
use crate::error::worded;
use crate::parameters::Parameters;
use crate::{Door, types, wire};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use model::Result;
use std::sync::Arc;

/// Answers with a token.
pub(crate) async fn login(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match token(&door, &parts).await {
        Ok(token) => respond_json(StatusCode::OK, &wire::LoggedIn { code: 0, token: &token }),
        Err(error) => refusal(&error),
    }
}

async fn token(door: &Door, request: &Parts) -> Result<String> {
    if Parameters::read(&request.uri).names_database() {
        return Err(worded("wrong db parameter for login."));
    }
    require_method(&request.method, &Method::GET)?;
    let caller = door.log_in(&request.headers).await?;
    Ok(door.context.tokens.issue(types::DIALECT, &caller))
}
