//! Brings a request's body in whole before the request asks for its place among those who work, so
//! that a slow sender holds nothing but its own connection. Around the dialects' routes; what the
//! server answers itself and has a body asks for it here, too.
//!
//! What arrives is held to `limits.body_bytes` after decompression. Its memory is counted piece by
//! piece as it comes, not as it was announced: beyond the first piece of each request, all bodies
//! together stay within a share of `memory.limit_bytes`, and a body that finds it full waits for
//! `limits.waiting_ms`. Small bodies are never kept waiting by large ones.
//!
//! A sender has its time: no pause is longer than `limits.body_read_timeout_ms`, and all of them
//! together only as long as what has come earns at `limits.body_bytes_per_second`.

mod patience;
mod receiver;

use crate::rejection::Rejections;
use crate::settings::{Settings, milliseconds};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use dialect::body_error;
use http_body_util::BodyExt;
use model::{Error, ErrorKind, MemoryPool, Result, Usage};
use patience::Patience;
use receiver::{PIECE, Receiver};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// What all bodies of all listeners have in common.
#[derive(Debug)]
pub(crate) struct Arrivals {
    limit: usize,
    patience: Patience,
    longest_wait: Duration,
    /// Pieces of memory that there are.
    pieces: usize,
    /// Those that are free.
    memory: Arc<Semaphore>,
}

/// A body that is all there, and the memory that is counted for it while this lives.
pub(crate) struct Arrived {
    pub(crate) bytes: Bytes,
    memory: Option<OwnedSemaphorePermit>,
}

impl Arrivals {
    pub(crate) fn new(settings: &Settings) -> Self {
        let limits = &settings.limits;
        // One body of the largest size has room, however little memory there is.
        let share = MemoryPool::Bodies.of(settings.memory_limit_bytes()).max(limits.body_bytes);
        let pieces = (usize::try_from(share).unwrap_or(usize::MAX) / PIECE).min(Semaphore::MAX_PERMITS);
        Self {
            limit: usize::try_from(limits.body_bytes).unwrap_or(usize::MAX),
            patience: Patience::new(limits),
            longest_wait: milliseconds(limits.waiting_ms),
            pieces,
            memory: Arc::new(Semaphore::new(pieces)),
        }
    }

    /// Bytes that bodies fill now, beyond the first piece of each.
    pub(crate) fn usage(&self) -> Usage {
        let bytes = |pieces: usize| pieces as u64 * PIECE as u64;
        Usage { used: bytes(self.pieces.saturating_sub(self.memory.available_permits())), limit: bytes(self.pieces) }
    }

    /// Reads the body of a request to its end.
    pub(crate) async fn body(&self, headers: &HeaderMap, body: Body) -> Result<Arrived> {
        self.read(body, is_gzip(headers)?).await
    }

    async fn read(&self, mut body: Body, is_gzip: bool) -> Result<Arrived> {
        let mut receiver = Receiver::new(is_gzip, self.limit);
        let mut memory = None;
        let mut patience = self.patience.clone();
        while let Some(frame) = patience.wait_for(body.frame()).await? {
            let frame = frame.map_err(|error| body_error(&error, self.limit))?;
            patience.earn(frame.data_ref().map_or(0, Bytes::len));
            let mut rest = frame.data_ref().map(Bytes::as_ref).unwrap_or_default();
            while !rest.is_empty() {
                rest = receiver.receive(rest)?;
                self.account(receiver.held(), &mut memory).await?;
                // Decompression may make much of little: others have their turn in between.
                tokio::task::consume_budget().await;
            }
        }
        let bytes = receiver.finish()?;
        self.account(bytes.len(), &mut memory).await?;
        Ok(Arrived { bytes, memory })
    }

    /// Counts memory for all of `held` bytes but the first piece.
    async fn account(&self, held: usize, memory: &mut Option<OwnedSemaphorePermit>) -> Result<()> {
        let counted = memory.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = u32::try_from((held / PIECE).saturating_sub(counted)).unwrap_or(u32::MAX);
        if more == 0 {
            return Ok(());
        }
        match timeout(self.longest_wait, Arc::clone(&self.memory).acquire_many_owned(more)).await {
            Ok(Ok(permit)) => match memory {
                Some(memory) => memory.merge(permit),
                None => *memory = Some(permit),
            },
            Ok(Err(_)) => return Err(ErrorKind::ShuttingDown {}.into()),
            Err(_) => {
                let what = "the bodies of other requests fill the memory that there is for them (memory.limit_bytes)";
                return Err(ErrorKind::Overloaded { what: what.to_owned() }.into());
            }
        }
        Ok(())
    }
}

pub(crate) async fn arrival(
    State((arrivals, rejections)): State<(Arc<Arrivals>, Rejections)>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    match arrivals.body(&parts.headers, body).await {
        Ok(Arrived { bytes, memory }) => {
            if parts.headers.remove(CONTENT_ENCODING).is_some() {
                parts.headers.remove(CONTENT_LENGTH);
            }
            let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
            drop(memory);
            response
        }
        Err(error) => rejections.answer(parts.uri.path(), &error),
    }
}

/// Whether the body is compressed.
fn is_gzip(headers: &HeaderMap) -> Result<bool> {
    let mut is_gzip = false;
    for encodings in headers.get_all(CONTENT_ENCODING) {
        let text = String::from_utf8_lossy(encodings.as_bytes());
        match text.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => {}
            "gzip" | "x-gzip" if !is_gzip => is_gzip = true,
            _ => return Err(Error::new(ErrorKind::BodyEncodingUnsupported { encoding: text.into_owned() })),
        }
    }
    Ok(is_gzip)
}

#[cfg(test)]
mod tests;
