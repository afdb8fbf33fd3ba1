//! The accept loop of one listener: counts connections, hands each to its own task, and brings
//! them to an end when the server stops.

use crate::connection::{Admitted, Door};
use hyper_util::server::graceful::GracefulShutdown;
use model::Usage;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Connections beyond the limit that are told so at one time; further ones are closed at once.
const REFUSED_AT_ONCE: usize = 64;
/// A pause after an accept that failed for want of something, such as file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// The places for connections of all listeners.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    admitted: Arc<Semaphore>,
    admitted_max: usize,
    refused: Arc<Semaphore>,
}

impl Places {
    pub(crate) fn new(connections: usize) -> Self {
        let admitted_max = connections.min(Semaphore::MAX_PERMITS);
        Self {
            admitted: Arc::new(Semaphore::new(admitted_max)),
            admitted_max,
            refused: Arc::new(Semaphore::new(REFUSED_AT_ONCE)),
        }
    }

    /// Connections that are there now, of how many.
    pub(crate) fn usage(&self) -> Usage {
        let used = self.admitted_max.saturating_sub(self.admitted.available_permits());
        Usage { used: used as u64, limit: self.admitted_max as u64 }
    }

    fn take(&self) -> Option<(Admitted, OwnedSemaphorePermit)> {
        let take = |places: &Arc<Semaphore>| Arc::clone(places).try_acquire_owned().ok();
        let admitted = take(&self.admitted).map(|place| (Admitted::Yes, place));
        admitted.or_else(|| take(&self.refused).map(|place| (Admitted::No, place)))
    }
}

/// Accepts until `stop` changes or its sender goes; then lets requests end within `deadline`.
pub(crate) async fn accept(
    listener: TcpListener,
    door: Arc<Door>,
    places: Places,
    mut stop: watch::Receiver<()>,
    deadline: Duration,
) {
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            _ = stop.changed() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let Some((admitted, place)) = places.take() else { continue };
                let (door, watcher, stop) = (Arc::clone(&door), graceful.watcher(), stop.clone());
                connections.spawn(async move {
                    door.serve(stream, peer, admitted, watcher, stop).await;
                    drop(place);
                });
            }
            Err(error) if is_about_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    if timeout(deadline, graceful.shutdown()).await.is_err() {
        tracing::warn!(connections = connections.len(), "requests were cut off at the shutdown deadline");
    }
    connections.shutdown().await;
}

fn is_about_one_connection(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused)
}
