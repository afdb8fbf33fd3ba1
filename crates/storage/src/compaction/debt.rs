//! How far compaction of a table lags behind; its writers wait when that is too far.

use model::{Error, ErrorKind, Result};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// The debt of one table.
#[derive(Debug, Default)]
pub(crate) struct Debt {
    /// The most segments of one partition that wait to become one.
    segments: AtomicUsize,
    paid: Notify,
}

impl Debt {
    /// So many segments wait now.
    pub(crate) fn set(&self, segments: usize) {
        if self.segments.swap(segments, Ordering::AcqRel) > segments {
            self.paid.notify_waiters();
        }
    }

    /// How many wait.
    pub(crate) fn segments(&self) -> usize {
        self.segments.load(Ordering::Acquire)
    }

    /// Waits until it is below a limit.
    ///
    /// # Errors
    /// [`ErrorKind::Overloaded`] when it takes too long.
    pub(crate) async fn room(&self, limit: usize, patience: Duration) -> Result<()> {
        if self.segments() < limit {
            return Ok(());
        }
        let wait = async {
            loop {
                let paid = self.paid.notified();
                tokio::pin!(paid);
                paid.as_mut().enable();
                if self.segments() < limit {
                    return;
                }
                paid.await;
            }
        };
        tokio::time::timeout(patience, wait).await.map_err(|_| {
            let what = format!(
                "{} segments of one partition wait to be merged, compaction.segments_limit is {limit}",
                self.segments()
            );
            Error::new(ErrorKind::Overloaded { what })
        })
    }
}
