//! Lets `limits.requests` requests work at once; `limits.waiting_requests` more wait their turn,
//! for `limits.waiting_ms`; all others are answered 503. Around the dialects' routes only: the
//! server's own pages and refusals cost nothing. A request comes here with its body: see `arrival`.
//!
//! A request holds its place until the last byte of its answer is handed over or it is dropped.

use crate::rejection::Rejections;
use crate::settings::{Limits, milliseconds};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use model::{Error, ErrorKind, Result, Usage};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places of all listeners.
#[derive(Debug)]
pub(crate) struct Admission {
    /// Places for those who work and those who wait.
    present: Arc<Semaphore>,
    /// Places for those who work.
    working: Arc<Semaphore>,
    working_max: usize,
    longest_wait: Duration,
}

/// A place among those who work.
#[derive(Debug)]
struct Place {
    _present: OwnedSemaphorePermit,
    _working: OwnedSemaphorePermit,
}

impl Admission {
    pub(crate) fn new(limits: &Limits) -> Self {
        let most = Semaphore::MAX_PERMITS;
        let working_max = limits.requests.min(most);
        Self {
            present: Arc::new(Semaphore::new(limits.requests.saturating_add(limits.waiting_requests).min(most))),
            working: Arc::new(Semaphore::new(working_max)),
            working_max,
            longest_wait: milliseconds(limits.waiting_ms),
        }
    }

    /// Requests that work now, of how many.
    pub(crate) fn usage(&self) -> Usage {
        let used = self.working_max.saturating_sub(self.working.available_permits());
        Usage { used: used as u64, limit: self.working_max as u64 }
    }

    async fn enter(&self) -> Result<Place> {
        let overloaded = |what: &str| Error::new(ErrorKind::Overloaded { what: what.to_owned() });
        let full = |_| overloaded("too many requests at once (limits.requests, limits.waiting_requests)");
        let present = Arc::clone(&self.present).try_acquire_owned().map_err(full)?;
        let waited = tokio::time::timeout(self.longest_wait, Arc::clone(&self.working).acquire_owned()).await;
        match waited {
            Ok(Ok(working)) => Ok(Place { _present: present, _working: working }),
            Ok(Err(_)) => Err(ErrorKind::ShuttingDown {}.into()),
            Err(_) => Err(overloaded("the request waited too long for its turn (limits.requests, limits.waiting_ms)")),
        }
    }
}

pub(crate) async fn admission(
    State((admission, rejections)): State<(Arc<Admission>, Rejections)>,
    request: Request,
    next: Next,
) -> Response {
    match admission.enter().await {
        Ok(place) => next.run(request).await.map(|body| Body::new(Held { body, _place: place })),
        Err(error) => rejections.answer(request.uri().path(), &error),
    }
}

/// An answer's body that keeps the place until it is through.
struct Held {
    body: Body,
    _place: Place,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
