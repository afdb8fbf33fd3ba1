//! How fast compaction goes: at its share of a core while others write, else as it can. While
//! writers wait for it, it goes as it can, too.

use crate::background::ended;
use crate::store::Store;
use model::{Result, Sequence};
use std::time::{Duration, Instant};

/// It sleeps no longer at once, so that a store that ends need not wait for it.
const SLEEP_MAX: Duration = Duration::from_millis(100);

/// Keeps to the share.
#[derive(Debug)]
pub(super) struct Pace<'a> {
    store: &'a Store,
    worked_since: Instant,
    newest: Sequence,
}

impl<'a> Pace<'a> {
    pub(super) fn new(store: &'a Store) -> Self {
        Self { store, worked_since: Instant::now(), newest: store.log.queue.last_number() }
    }

    /// Called after each piece of work: rests for as long as the share asks for.
    ///
    /// # Errors
    /// [`model::ErrorKind::ShuttingDown`] when the store ends.
    pub(super) fn step(&mut self) -> Result<()> {
        if self.store.compactor.is_ending() {
            return Err(ended());
        }
        let newest = self.store.log.queue.last_number();
        let others_write = newest > self.newest;
        self.newest = newest;
        if others_write {
            self.rest(self.worked_since.elapsed())?;
        }
        self.worked_since = Instant::now();
        Ok(())
    }

    fn rest(&self, worked: Duration) -> Result<()> {
        let compactor = &self.store.compactor;
        let share = u32::from(self.store.options.compaction.cpu_percent.clamp(1, 100));
        let mut left = worked * (100 - share) / share;
        while !left.is_zero() && !compactor.is_ending() && compactor.writers_waiting() == 0 {
            let now = left.min(SLEEP_MAX);
            std::thread::sleep(now);
            left -= now;
        }
        if compactor.is_ending() { Err(ended()) } else { Ok(()) }
    }
}
