//! `GET` and `DELETE /restapi/session`: the sessions of this vendor's tokens, seen and ended.
//!
//! Members of `admin` see and end all, others their own; who comes with a token sees the session of
//! that token only.

use super::{refusal, respond_json};
use crate::error::worded;
use crate::{Door, types, wire};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use dialect::Session;
use jiff::Timestamp;
use model::{Error, ErrorKind, Result};
use std::sync::Arc;
use std::time::SystemTime;

/// Lists sessions, or ends one.
pub(crate) async fn session(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let credential = match door.credential(&parts.headers) {
        Ok(credential) => credential,
        Err(error) => return refusal(&error),
    };
    let done = match parts.method {
        Method::GET => list(&door, &credential).await,
        Method::DELETE => match dialect::read_text(body, door.context.body_bytes).await {
            Ok(body) => end(&door, &credential, &body).await,
            Err(error) => Err(error),
        },
        method => {
            let (method, allowed) = (method.to_string(), "GET, DELETE".to_owned());
            Err(Error::new(ErrorKind::MethodNotAllowed { method, allowed }))
        }
    };
    done.unwrap_or_else(|error| refusal(&error))
}

async fn list(door: &Door, credential: &str) -> Result<Response> {
    let caller = door.authenticate(credential).await?;
    let all = door.context.engine.is_admin(&caller);
    let mut sessions = door.context.tokens.sessions(types::DIALECT, (!all).then_some(caller.user));
    if !all && door.context.tokens.verify(credential).is_some() {
        sessions.retain(|session| credential.starts_with(&session.token_start));
    }
    let entries: Vec<_> = sessions.iter().map(entry).collect();
    Ok(respond_json(StatusCode::OK, &wire::Sessions { code: 0, conns: &entries, tokens: &entries }))
}

async fn end(door: &Door, credential: &str, body: &str) -> Result<Response> {
    if body.is_empty() {
        return Err(Error::new(ErrorKind::BodyEmpty {}));
    }
    let caller = door.authenticate(credential).await?;
    let id = unquoted(body.trim());
    let all = door.context.tokens.sessions(types::DIALECT, None);
    let found = all.iter().find(|session| session.id.eq_ignore_ascii_case(id));
    let found = found.ok_or_else(|| worded("no connid matching the given one was found."))?;
    if found.user != caller.user && !door.context.engine.is_admin(&caller) {
        return Err(worded("do not have authority, please check."));
    }
    door.context.tokens.remove(&found.id);
    Ok(respond_json(StatusCode::OK, &wire::Plain { code: 0, desc: "Delete Success" }))
}

fn unquoted(text: &str) -> &str {
    let pair = |quote: char| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    pair('"').or_else(|| pair('\'')).unwrap_or(text)
}

fn entry(session: &Session) -> wire::SessionEntry {
    let life = session.expires.duration_since(session.last_used).unwrap_or_default().as_secs();
    wire::SessionEntry {
        connection: session.id.clone(),
        session: session.id.clone(),
        user: session.user_name.clone(),
        token: format!("{}*", session.token_start),
        seconds: life,
        seconds_again: life,
        created: written(session.created),
        expires: written(session.expires),
    }
}

/// A time in UTC; one that no calendar holds as the last one that does.
fn written(time: SystemTime) -> String {
    let time = Timestamp::try_from(time).unwrap_or(Timestamp::MAX);
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
