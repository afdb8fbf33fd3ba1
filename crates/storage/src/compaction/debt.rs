//! How far compaction of a table lags behind; its writers wait when that is too far.

use model::{Error, ErrorKind, Result};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// The debt of one table.
#[derive(Debug)]
pub(crate) struct Debt {
    /// The most segments of one partition that wait to become one.
    segments: AtomicUsize,
    /// Those of them that writers do not wait for: what was found at the start, or cannot be merged.
    excused: AtomicUsize,
    paid: Notify,
}

impl Default for Debt {
    fn default() -> Self {
        Self { segments: AtomicUsize::new(0), excused: AtomicUsize::new(usize::MAX), paid: Notify::new() }
    }
}

impl Debt {
    /// So many segments wait now. Of what is said first writers are excused.
    pub(crate) fn set(&self, segments: usize) {
        self.excused.fetch_min(segments, Ordering::AcqRel);
        self.segments.store(segments, Ordering::Release);
        self.paid.notify_waiters();
    }

    /// Writers wait for none of what there is now.
    pub(crate) fn excuse(&self) {
        self.excused.store(usize::MAX, Ordering::Release);
        self.paid.notify_waiters();
    }

    /// How many writers may have to wait for.
    pub(crate) fn segments(&self) -> usize {
        self.segments.load(Ordering::Acquire).saturating_sub(self.excused.load(Ordering::Acquire))
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
