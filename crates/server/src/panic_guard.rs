//! Turns a panic in a handler into a 500 in the dialect's words; the server lives on. The panic's
//! own text goes to the log only.

use crate::rejection::Rejections;
use crate::request_id::RequestId;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use futures::FutureExt;
use model::Error;
use std::any::Any;
use std::panic::AssertUnwindSafe;

pub(crate) async fn panic_guard(State(rejections): State<Rejections>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let id = RequestId::of(&request);
    // What a handler shares with others is behind locks that are not poisoned or in the engine,
    // which keeps its own invariants.
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => {
            let id = id.as_ref().map_or("-", RequestId::as_str);
            tracing::error!(id, panic = words(panic.as_ref()), "a handler panicked");
            let reason = format!("the request failed unexpectedly; the server's log has more under request {id}");
            rejections.answer(&path, &Error::internal(reason))
        }
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&'static str>().copied()).unwrap_or("no text")
}
