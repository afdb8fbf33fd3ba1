//! What the thread that compacts is asked to do, and who waits for it.

use model::{Result, TableId};
use parking_lot::{Condvar, Mutex};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::oneshot;

#[derive(Debug, Default)]
pub(super) struct State {
    /// Tables whose files have changed.
    pub(super) changed: BTreeSet<TableId>,
    /// Who wants to hear when nothing of what is due now is due any more.
    pub(super) waiting: Vec<oneshot::Sender<Result<()>>>,
    pub(super) ended: bool,
}

/// What the thread is asked to do.
#[derive(Debug, Default)]
pub(crate) struct Compactor {
    pub(super) state: Mutex<State>,
    pub(super) asked: Condvar,
    /// How many writers wait for it.
    writers: AtomicUsize,
}

/// A writer that waits.
#[derive(Debug)]
pub(crate) struct WaitingWriter<'a>(&'a AtomicUsize);

impl Drop for WaitingWriter<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Compactor {
    /// A table has other files than before.
    pub(crate) fn files_changed(&self, table: TableId) {
        self.state.lock().changed.insert(table);
        self.asked.notify_one();
    }

    /// Asks for everything that is due now.
    pub(crate) fn compact(&self) -> oneshot::Receiver<Result<()>> {
        let (done, receiver) = oneshot::channel();
        let mut state = self.state.lock();
        // Dropped, where nobody will do it any more.
        if !state.ended {
            state.waiting.push(done);
            self.asked.notify_one();
        }
        receiver
    }

    /// A writer begins to wait, until what is answered is dropped.
    pub(crate) fn writer_waits(&self) -> WaitingWriter<'_> {
        self.writers.fetch_add(1, Ordering::AcqRel);
        WaitingWriter(&self.writers)
    }

    /// How many writers wait for it.
    pub(crate) fn writers_waiting(&self) -> usize {
        self.writers.load(Ordering::Acquire)
    }

    /// Lets the thread end within one piece of work.
    pub(crate) fn end(&self) {
        self.state.lock().ended = true;
        self.asked.notify_one();
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.state.lock().ended
    }
}
