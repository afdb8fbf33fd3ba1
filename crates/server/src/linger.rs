//! A request's body that is read to its end, within bounds, even when nobody wants it.
//!
//! A server that answers early (wrong token, body too long) and then closes while the client is
//! still sending makes the client's system throw the answer away. So the rest is read in the
//! background and dropped.

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::timeout;

/// How long the client may pause in an unwanted rest.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long it is read.
const LONGEST: Duration = Duration::from_secs(10);
/// How much of it.
const MOST: usize = 256 << 20;

/// The body of one request.
#[derive(Debug)]
pub(crate) struct Linger {
    body: Option<Incoming>,
    /// The client waits for a word before it sends; unread, it has nothing on the way.
    waits: bool,
}

impl Linger {
    pub(crate) fn new(body: Incoming, client_waits: bool) -> Self {
        Self { body: Some(body), waits: client_waits }
    }
}

impl Body for Linger {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.waits = false;
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Linger {
    fn drop(&mut self) {
        let Some(body) = self.body.take().filter(|body| !self.waits && !body.is_end_stream()) else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(timeout(LONGEST, discard(body)));
        }
    }
}

async fn discard(mut body: Incoming) {
    let mut read = 0_usize;
    while let Ok(Some(Ok(frame))) = timeout(LONGEST_PAUSE, body.frame()).await {
        read = read.saturating_add(frame.data_ref().map_or(0, Bytes::len));
        if read > MOST {
            return;
        }
    }
}
