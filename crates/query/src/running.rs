//! The list of running queries, and the door in front of it.
//!
//! A query is in the list from when it is admitted until its answer was read or dropped.

use crate::{QueryLabel, RunningQuery};
use model::{Error, ErrorKind, Result, Usage};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::SystemTime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

/// How many queries may wait for each that may run.
const WAITING_PER_RUNNING: usize = 8;

/// Lets so many queries run, and so many wait.
#[derive(Debug)]
pub(crate) struct Admission {
    running: Arc<Semaphore>,
    running_max: usize,
    waiting: AtomicUsize,
}

/// Counts a waiting query while it waits, also when it gives up.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Admission {
    pub(crate) fn new(running_max: usize) -> Self {
        let running_max = running_max.clamp(1, Semaphore::MAX_PERMITS);
        Self { running: Arc::new(Semaphore::new(running_max)), running_max, waiting: AtomicUsize::new(0) }
    }

    /// Queries that run now, of how many.
    pub(crate) fn usage(&self) -> Usage {
        let used = self.running_max.saturating_sub(self.running.available_permits());
        Usage { used: used as u64, limit: self.running_max as u64 }
    }

    /// Waits for a place, until the deadline.
    pub(crate) async fn enter(&self, deadline: Instant) -> Result<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.running).try_acquire_owned() {
            return Ok(permit);
        }
        let waiting = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _counted = Waiting(&self.waiting);
        let waiting_max = self.running_max.saturating_mul(WAITING_PER_RUNNING);
        let busy = || {
            Error::new(ErrorKind::Overloaded {
                what: format!("{} queries are running and {waiting_max} may wait", self.running_max),
            })
        };
        if waiting >= waiting_max {
            return Err(busy());
        }
        match tokio::time::timeout_at(deadline, Arc::clone(&self.running).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_closed)) => Err(ErrorKind::ShuttingDown {}.into()),
            Err(_elapsed) => Err(busy()),
        }
    }
}

#[derive(Debug)]
struct Entry {
    query: RunningQuery,
    cancel: watch::Sender<bool>,
}

/// The running queries by id.
#[derive(Debug, Default)]
pub(crate) struct RunningList {
    next: AtomicU64,
    entries: Mutex<BTreeMap<u64, Entry>>,
}

/// Takes a query off the list when dropped.
#[derive(Debug)]
pub(crate) struct RunningGuard {
    list: Arc<RunningList>,
    id: u64,
}

impl Drop for RunningGuard {
    fn drop(&mut self) {
        self.list.entries.lock().remove(&self.id);
    }
}

/// Tells when somebody cancelled the query.
#[derive(Clone, Debug)]
pub(crate) struct Cancelled(watch::Receiver<bool>);

impl Cancelled {
    /// Waits until the query is cancelled; for ever if it never is.
    pub(crate) async fn wait(&mut self) {
        if self.0.wait_for(|cancelled| *cancelled).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl RunningList {
    pub(crate) fn enter(self: &Arc<Self>, label: QueryLabel) -> (RunningGuard, Cancelled) {
        let id = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        let (cancel, cancelled) = watch::channel(false);
        let query = RunningQuery { id, label, started: SystemTime::now() };
        self.entries.lock().insert(id, Entry { query, cancel });
        (RunningGuard { list: Arc::clone(self), id }, Cancelled(cancelled))
    }

    pub(crate) fn list(&self) -> Vec<RunningQuery> {
        self.entries.lock().values().map(|e| e.query.clone()).collect()
    }

    pub(crate) fn cancel(&self, id: u64) -> bool {
        self.entries.lock().get(&id).is_some_and(|e| e.cancel.send(true).is_ok())
    }
}
