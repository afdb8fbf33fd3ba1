//! One line in the log for each request, under the target `access`: answered ones at debug level,
//! failures of the server as warnings. Around the panic guard, so that a panic is logged as 500.
//!
//! Paths are logged as the route's template and queries not at all: both may hold passwords.
//! Headers are never logged.

use crate::connection::Peer;
use crate::request_id::RequestId;
use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use std::time::Instant;
use tracing::Instrument;

pub(crate) async fn access_log(request: Request, next: Next) -> Response {
    let mut line = Line {
        id: RequestId::of(&request),
        method: request.method().clone(),
        route: request.extensions().get::<MatchedPath>().cloned(),
        peer: request.extensions().get::<Peer>().copied(),
        started: Instant::now(),
        status: None,
    };
    let span = tracing::info_span!("request", id = line.id(), route = line.route());
    let response = next.run(request).instrument(span).await;
    line.status = Some(response.status().as_u16());
    response
}

/// Written when it goes: also when the client goes first and the request is dropped.
struct Line {
    id: Option<RequestId>,
    method: Method,
    route: Option<MatchedPath>,
    peer: Option<Peer>,
    started: Instant,
    status: Option<u16>,
}

impl Line {
    fn id(&self) -> &str {
        self.id.as_ref().map_or("-", RequestId::as_str)
    }

    fn route(&self) -> &str {
        self.route.as_ref().map_or("-", MatchedPath::as_str)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        macro_rules! write {
            ($level:ident, $text:literal) => {
                tracing::$level!(
                    target: "access",
                    id = self.id(),
                    method = %self.method,
                    route = self.route(),
                    peer = self.peer.map(|peer| tracing::field::display(peer.0)),
                    status = self.status,
                    ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
                    $text
                )
            };
        }
        match self.status {
            Some(500..) => write!(warn, "failed"),
            Some(_) => write!(debug, "answered"),
            None => write!(debug, "the client went before the answer"),
        }
    }
}
