//! `POST /backup`: a backup of everything, as a stream, for members of `admin`.
//!
//! The server sends and the client writes: so a backup lies on the machine and under the user of
//! whoever asked for it, and no request makes the server write to a path of its choice. The body may
//! be the list of an earlier backup's files; segments of that list are named and not sent. What goes
//! wrong on the way is the last piece of the stream, so that half a backup is never taken for one.

use crate::arrival::Arrivals;
use crate::certificates;
use crate::own_route::{caller, refuse};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use axum::routing::post;
use dialect::{DialectContext, Media, Parameter, Route};
use engine::{Backup, BackupManifest, BackupOptions, Piece};
use futures::stream;
use model::{Error, ErrorKind, Result};
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// The route.
pub(crate) const ROUTE: Route = Route::post("/backup", "Streams a backup of everything; for members of admin")
    .parameters(&[Parameter::query("secrets", "true: with the hashes of passwords and the keys of certificates")])
    .body(&[Media::Text])
    .answer(&[Media::Binary]);

/// So many bytes are gathered before they are sent, and so many such parts wait for the client.
const PART_BYTES: usize = 256 << 10;
const PARTS_WAITING: usize = 4;
/// A client that takes nothing for so long is given up: the store keeps files for it.
const PATIENCE: Duration = Duration::from_secs(60);

/// The route with its handler; bodies are brought in by `arrivals`.
pub(crate) fn routes(context: DialectContext, arrivals: Arc<Arrivals>) -> Router {
    Router::new().route(ROUTE.path, post(back_up)).with_state((context, arrivals))
}

async fn back_up(State((context, arrivals)): State<(DialectContext, Arc<Arrivals>)>, request: Request) -> Response {
    match begin(&context, &arrivals, request).await {
        Ok(response) => response,
        Err(error) => refuse(&error),
    }
}

async fn begin(context: &DialectContext, arrivals: &Arrivals, request: Request) -> Result<Response> {
    let (parts, body) = request.into_parts();
    let caller = caller(context, &parts.headers).await?;
    // Before the body, which may be long, is read.
    context.engine.require_backup(&caller)?;
    let with_secrets = with_secrets(parts.uri.query().unwrap_or_default())?;
    let list = arrivals.body(&parts.headers, body).await?;
    // A list of many files takes its time, which no other request waits for.
    let previous = tokio::task::spawn_blocking(move || previous(&list.bytes)).await.map_err(Error::internal)??;
    let secret_directories = vec![PathBuf::from(certificates::DIRECTORY)];
    let backup = context.engine.backup(&caller, BackupOptions { with_secrets, secret_directories }).await?;
    tracing::info!(user = %caller.name, sequence = backup.sequence().0, with_secrets, "a backup begins");

    let (sender, receiver) = mpsc::channel(PARTS_WAITING);
    let outgoing = Outgoing::new(sender, PATIENCE);
    tokio::task::spawn_blocking(move || outgoing.send(backup, previous.as_ref()));
    let parts = stream::unfold(receiver, async |mut receiver: mpsc::Receiver<Bytes>| {
        receiver.recv().await.map(|part| (Ok::<_, Infallible>(part), receiver))
    });
    let mut response = Response::new(Body::from_stream(parts));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    Ok(response)
}

/// The list that a body is.
fn previous(list: &[u8]) -> Result<Option<BackupManifest>> {
    if list.is_empty() {
        return Ok(None);
    }
    let read = BackupManifest::decode(list).map(Some);
    read.map_err(|error| {
        let (name, value) = ("the body".to_owned(), error.to_string());
        let expected = "the file BACKUP of an earlier backup".to_owned();
        ErrorKind::InvalidParameter { name, value, expected }.into()
    })
}

fn with_secrets(query: &str) -> Result<bool> {
    let mut with_secrets = false;
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        match parameter.split_once('=').unwrap_or((parameter, "")) {
            ("secrets", "true") => with_secrets = true,
            ("secrets", "false") => with_secrets = false,
            ("secrets", value) => {
                let expected = "true or false".to_owned();
                let (name, value) = ("secrets".to_owned(), value.to_owned());
                return Err(ErrorKind::InvalidParameter { name, value, expected }.into());
            }
            (name, _) => return Err(ErrorKind::UnknownParameter { name: name.to_owned() }.into()),
        }
    }
    Ok(with_secrets)
}

/// The way to the client.
struct Outgoing {
    sender: mpsc::Sender<Bytes>,
    runtime: Handle,
    patience: Duration,
    part: Vec<u8>,
    /// Nobody takes anything any more.
    is_over: bool,
}

impl Outgoing {
    fn new(sender: mpsc::Sender<Bytes>, patience: Duration) -> Self {
        Self { sender, runtime: Handle::current(), patience, part: Vec::new(), is_over: false }
    }

    /// Sends a whole backup, or why it is none; blocks.
    fn send(mut self, backup: Backup, previous: Option<&BackupManifest>) {
        let sent = backup.send(previous, &mut |piece| self.take(&piece));
        // Whoever has heard the end may ask for the next one.
        drop(backup);
        let sent = sent.and_then(|_| self.hand_over());
        if let Err(error) = sent {
            tracing::warn!(%error, "a backup did not end");
            Piece::Failed(&error.to_string()).encode(&mut self.part);
            // Nobody hears it when the client is gone, and one that took nothing is not waited for again.
            let _ = self.hand_over();
        }
    }

    fn take(&mut self, piece: &Piece<'_>) -> Result<()> {
        piece.encode(&mut self.part);
        if self.part.len() < PART_BYTES { Ok(()) } else { self.hand_over() }
    }

    fn hand_over(&mut self) -> Result<()> {
        let part = Bytes::from(std::mem::take(&mut self.part));
        let sending = async { tokio::time::timeout(self.patience, self.sender.send(part)).await };
        let reason = match self.is_over {
            true => "the client was given up",
            false => match self.runtime.block_on(sending) {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(_)) => "the client is gone",
                Err(_) => "the client takes nothing more",
            },
        };
        self.is_over = true;
        Err(ErrorKind::Io { operation: "send a backup".to_owned(), reason: reason.to_owned() }.into())
    }
}

#[cfg(test)]
mod tests;
