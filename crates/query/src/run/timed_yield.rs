//! Giving the thread back by time.
//!
//! DataFusion yields by batches alone, which may be seconds. Behind this stream a query that was
//! dropped or ran out of time stops within a few slices.

use futures::{Stream, StreamExt};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// How long a node may keep its thread.
const SLICE: Duration = Duration::from_millis(5);

/// A stream that is pending once a slice, counted from when it last was.
pub(crate) struct TimedYield<S> {
    inner: S,
    slice: Duration,
    started: Option<Instant>,
}

impl<S> TimedYield<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner, slice: SLICE, started: None }
    }
}

impl<S: Stream + Unpin> Stream for TimedYield<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let now = Instant::now();
        let started = *self.started.get_or_insert(now);
        if now.duration_since(started) > self.slice {
            self.started = None;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let item = self.inner.poll_next_unpin(cx);
        if item.is_pending() {
            self.started = None;
        }
        item
    }
}
