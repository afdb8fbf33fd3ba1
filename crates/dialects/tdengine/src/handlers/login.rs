//! `GET /rest/login/{user}/{password}`: a token for `Authorization: Taosd`.

use super::{failure, not_found, refusal, respond};
use crate::Door;
use crate::authentication::{Credential, make_token};
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use dialect::json::push_string;
use model::ErrorKind;
use std::sync::Arc;
use std::time::Instant;

/// The vendor's code for wrong credentials here, and here alone.
const WRONG: u16 = 3;

/// Checks user and password, and makes their token.
pub(crate) async fn login(
    State(door): State<Arc<Door>>,
    Path((user, password)): Path<(String, String)>,
    request: Request,
) -> Response {
    let started = Instant::now();
    if request.method() != Method::GET {
        return not_found();
    }
    let Some(token) = make_token(&user, &password) else {
        return failure(StatusCode::BAD_REQUEST, 0x110a, "generate taosd token error", started);
    };
    match door.log_in(&Credential { user, password }).await {
        Ok(_) => {
            let mut body = br#"{"code":0,"desc":"#.to_vec();
            push_string(&mut body, &token);
            body.push(b'}');
            respond(StatusCode::OK, Body::from(body))
        }
        Err(error) => match *error.kind {
            ErrorKind::CredentialsWrong {} | ErrorKind::PasswordExpired {} | ErrorKind::TokenInvalid {} => {
                failure(StatusCode::UNAUTHORIZED, WRONG, "Authentication failure", started)
            }
            _ => refusal(&error, started),
        },
    }
}
