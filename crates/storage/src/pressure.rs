//! How much memory rows take that are not in segments yet, and the log queue; writers wait when it
//! is too much, and are refused when waiting does not help.

use model::{Error, ErrorKind, Result, Usage};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// The gauge of one store.
#[derive(Debug)]
pub(crate) struct Pressure {
    used: AtomicU64,
    /// What was used after the last flush: views hold it, and another flush gives none of it back.
    held: AtomicU64,
    limit: u64,
    patience: Duration,
    released: Notify,
}

/// Bytes that are given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Charge {
    pressure: Arc<Pressure>,
    bytes: u64,
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.pressure.used.fetch_sub(self.bytes, Ordering::AcqRel);
        self.pressure.released.notify_waiters();
    }
}

impl Pressure {
    pub(crate) fn new(limit: u64, patience: Duration) -> Arc<Self> {
        Arc::new(Self { used: AtomicU64::new(0), held: AtomicU64::new(0), limit, patience, released: Notify::new() })
    }

    /// Takes bytes, above the limit too: what has a number must go somewhere.
    pub(crate) fn charge(self: &Arc<Self>, bytes: usize) -> Charge {
        let bytes = bytes as u64;
        self.used.fetch_add(bytes, Ordering::AcqRel);
        Charge { pressure: self.clone(), bytes }
    }

    /// So long a writer waits at most.
    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// Bytes taken now.
    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Acquire)
    }

    /// Bytes taken now, of how many.
    pub(crate) fn usage(&self) -> Usage {
        Usage { used: self.used(), limit: self.limit }
    }

    /// Bytes that a flush may give back.
    pub(crate) fn flushable(&self) -> u64 {
        let used = self.used();
        used - self.held.fetch_min(used, Ordering::AcqRel).min(used)
    }

    /// A flush has ended.
    pub(crate) fn flushed(&self) {
        self.held.store(self.used(), Ordering::Release);
    }

    /// Waits until there is room for a request; `relieve` asks for it to be made.
    ///
    /// # Errors
    /// [`ErrorKind::Overloaded`] when it takes too long.
    pub(crate) async fn room(&self, relieve: impl Fn()) -> Result<()> {
        if self.used() < self.limit {
            return Ok(());
        }
        let wait = async {
            loop {
                let released = self.released.notified();
                tokio::pin!(released);
                released.as_mut().enable();
                if self.used() < self.limit {
                    return;
                }
                relieve();
                released.await;
            }
        };
        tokio::time::timeout(self.patience, wait).await.map_err(|_| {
            let what = format!(
                "rows waiting to be written to disk take {} bytes, memory_limit_bytes is {}",
                self.used(),
                self.limit
            );
            Error::new(ErrorKind::Overloaded { what })
        })
    }
}
