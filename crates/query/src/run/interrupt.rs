//! Ending a query in the middle of a long step.
//!
//! An aborted task ends when it next waits. A loop inside one step never does; it asks here.

use crate::error::external;
use datafusion::error::Result;
use model::{Error, ErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Whether a query shall end: nobody waits for it any more, or its time is up.
#[derive(Debug)]
pub(crate) struct Interrupt {
    stopped: AtomicBool,
    deadline: Instant,
    limit: Duration,
}

impl Interrupt {
    pub(crate) fn new(deadline: Instant, limit: Duration) -> Self {
        Self { stopped: AtomicBool::new(false), deadline, limit }
    }

    /// Ends the query's work, soon.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether nobody waits for the query any more.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Fails once the query shall end.
    pub(crate) fn check(&self) -> Result<()> {
        if self.is_stopped() {
            return Err(external(ErrorKind::QueryCancelled {}.into()));
        }
        if Instant::now() >= self.deadline {
            return Err(external(timeout(self.limit)));
        }
        Ok(())
    }
}

/// What a query says that took too long.
pub(crate) fn timeout(limit: Duration) -> Error {
    ErrorKind::QueryTimeout { limit_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX) }.into()
}
