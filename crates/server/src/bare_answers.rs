//! Gives a body to the answers that hyper makes by itself.
//!
//! A head that hyper cannot read (malformed, too long, contradictory lengths) never becomes a
//! request: hyper answers it 400, 414 or 431 with an empty body and closes. Here, on the way to the
//! socket, such an answer is exchanged for one that says what is wrong. What a service wrote is
//! never touched: an exchange takes that no answer of a service is under way, that all before was
//! flushed, and that what is written is a bare answer and nothing else.

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many answers of the service one connection has under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Underway(Arc<AtomicUsize>);

/// One answer under way, from the request's head to the body's last byte.
#[derive(Debug)]
pub(crate) struct Answering(Arc<AtomicUsize>);

impl Underway {
    /// A request has come.
    pub(crate) fn begin(&self) -> Answering {
        self.0.fetch_add(1, Ordering::Relaxed);
        Answering(Arc::clone(&self.0))
    }

    fn is_none(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An answer's body that says when it has ended.
#[derive(Debug)]
pub(crate) struct Counted {
    body: Body,
    _answering: Answering,
}

impl Counted {
    pub(crate) fn new(body: Body, answering: Answering) -> Self {
        Self { body, _answering: answering }
    }
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A connection on which bare answers are exchanged.
#[derive(Debug)]
pub(crate) struct Explained<S> {
    stream: S,
    underway: Underway,
    /// Whether everything written so far was flushed.
    flushed: bool,
    exchange: Option<Exchange>,
}

/// An answer that is being sent in place of another.
#[derive(Debug)]
struct Exchange {
    answer: Vec<u8>,
    sent: usize,
    /// The length of what it stands for.
    replaced: usize,
}

impl<S> Explained<S> {
    pub(crate) fn new(stream: S, underway: Underway) -> Self {
        Self { stream, underway, flushed: true, exchange: None }
    }
}

impl<S: AsyncWrite + Unpin> Explained<S> {
    /// Sends what stands for `bytes`, if something does.
    fn poll_exchange(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Option<Result<usize>>> {
        if self.exchange.is_none() && self.flushed && self.underway.is_none() {
            let answer = explained(bytes);
            self.exchange = answer.map(|answer| Exchange { answer, sent: 0, replaced: bytes.len() });
        }
        let Some(exchange) = &mut self.exchange else { return Poll::Ready(None) };
        self.flushed = false;
        while let Some(rest) = exchange.answer.get(exchange.sent..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut self.stream).poll_write(cx, rest)) {
                Ok(0) => return Poll::Ready(Some(Ok(0))),
                Ok(sent) => exchange.sent += sent,
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
        let replaced = exchange.replaced;
        self.exchange = None;
        Poll::Ready(Some(Ok(replaced)))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Explained<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        if let Some(exchanged) = ready!(self.poll_exchange(cx, bytes)) {
            return Poll::Ready(exchanged);
        }
        self.flushed = false;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let mut filled = parts.iter().filter(|part| !part.is_empty());
        if let (Some(only), None) = (filled.next(), filled.next())
            && let Some(exchanged) = ready!(self.poll_exchange(cx, only))
        {
            return Poll::Ready(exchanged);
        }
        self.flushed = false;
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let flushed = ready!(Pin::new(&mut self.stream).poll_flush(cx));
        self.flushed = flushed.is_ok();
        Poll::Ready(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Explained<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

/// The whole answer in place of a bare one; `None` if these bytes are none.
fn explained(bytes: &[u8]) -> Option<Vec<u8>> {
    let head = std::str::from_utf8(bytes).ok()?.strip_suffix("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let (version, status) = lines.next()?.split_once(' ')?;
    let text = match status.get(..3)? {
        "400" => "The head of the request cannot be read: it is malformed, or its headers contradict each other.\n",
        "414" => "The address of the request is too long.\n",
        "431" => "The head of the request is too long, or has too many headers.\n",
        _ => return None,
    };
    // Nothing but what hyper writes by itself: an answer of a service has more.
    let is_hypers =
        |line: &str| ["connection: close", "content-length: 0"].contains(&line) || line.starts_with("date: ");
    if !version.starts_with("HTTP/1.") || !lines.clone().all(is_hypers) || lines.clone().count() > 3 {
        return None;
    }
    let date = lines.find(|line| line.starts_with("date: ")).map(|date| format!("{date}\r\n")).unwrap_or_default();
    let length = text.len();
    let answer = format!(
        "{version} {status}\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n\
         content-length: {length}\r\n{date}\r\n{text}"
    );
    Some(answer.into_bytes())
}

#[cfg(test)]
mod tests;
