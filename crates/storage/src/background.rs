//! The background thread: flushes when memory fills up or the log grows long, merges small chunks, forgets dropped
//! tables. One thread, so that none of these meets another on the same table.

use crate::flush;
use crate::memtable::MemoryChunk;
use crate::store::Store;
use crate::table_state::TableState;
use model::{Error, Result};
use parking_lot::{Condvar, Mutex};
use segments::{Chunk, MergeContext};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// So often it is looked whether a load was left open for too long.
const DEADLINES: Duration = Duration::from_secs(1);
/// After a flush that failed, the next one by itself waits so long.
const RETRY: Duration = Duration::from_secs(1);
/// So many chunks of a table are left alone.
const CHUNKS_MIN: usize = 8;

#[derive(Debug, Default)]
struct State {
    flush_asked: bool,
    flushes: Vec<oneshot::Sender<Result<()>>>,
    merges: Vec<Arc<TableState>>,
    forgets: Vec<Arc<TableState>>,
    ended: bool,
}

/// What the thread is asked to do.
#[derive(Debug, Default)]
pub(crate) struct Background {
    state: Mutex<State>,
    asked: Condvar,
}

impl Background {
    fn ask(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock());
        self.asked.notify_one();
    }

    /// Asks for a flush and does not wait.
    pub(crate) fn ask_flush(&self) {
        let mut state = self.state.lock();
        if !state.flush_asked {
            state.flush_asked = true;
            self.asked.notify_one();
        }
    }

    /// Asks for a flush of what is visible now.
    pub(crate) fn flush(&self) -> oneshot::Receiver<Result<()>> {
        let (done, receiver) = oneshot::channel();
        self.ask(|state| {
            // Dropped, where nobody will flush any more.
            if !state.ended {
                state.flushes.push(done);
            }
        });
        receiver
    }

    /// Asks for small chunks to be merged, if a table has many.
    pub(crate) fn ask_merge(&self, table: &Arc<TableState>) {
        if table.memory.read().chunk_count() >= CHUNKS_MIN && !table.merge_asked.swap(true, Ordering::AcqRel) {
            self.ask(|state| state.merges.push(table.clone()));
        }
    }

    /// Hands over a table that was dropped.
    pub(crate) fn forget(&self, table: Arc<TableState>) {
        self.ask(|state| state.forgets.push(table));
    }

    /// Lets the thread look at the time: a load may be left open.
    pub(crate) fn wake(&self) {
        self.ask(|_| ());
    }

    /// Lets the thread end after what it is doing.
    pub(crate) fn end(&self) {
        self.ask(|state| state.ended = true);
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.state.lock().ended
    }
}

/// Sees to it that nobody waits for a thread that is gone, whatever ended it.
struct Ended<'a>(&'a Background);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        *self.0.state.lock() = State { ended: true, ..State::default() };
    }
}

/// The thread's work, until the store ends.
pub(crate) fn run(store: &Arc<Store>, runtime: &Runtime) {
    let background = &store.background;
    let _ended = Ended(background);
    let mut not_before = Instant::now();
    loop {
        let work = {
            let mut state = background.state.lock();
            loop {
                let now = Instant::now();
                let may_flush = state.flush_asked && not_before <= now;
                let has_work =
                    may_flush || !state.flushes.is_empty() || !state.merges.is_empty() || !state.forgets.is_empty();
                if has_work || state.ended {
                    break;
                }
                if state.flush_asked {
                    background.asked.wait_until(&mut state, not_before);
                } else if store.loads.has_deadlines() {
                    if background.asked.wait_for(&mut state, DEADLINES).timed_out() {
                        break;
                    }
                } else {
                    background.asked.wait(&mut state);
                }
            }
            let ended = state.ended;
            let mut work = std::mem::take(&mut *state);
            state.ended = ended;
            if work.flush_asked && not_before > Instant::now() {
                work.flush_asked = false;
                state.flush_asked = true;
            }
            work
        };
        runtime.block_on(crate::write::abort_late(store));
        for table in work.forgets {
            table.memory.write().drop_all();
            table.debt.forgive();
            if let Err(error) = flush::remove_checkpoints(store, &table) {
                tracing::warn!(%error, table = table.id.0, "files of a dropped table stay until the next start");
            }
            // Packs may have become sparse.
            store.compactor.files_changed(table.id);
        }
        if work.ended {
            return;
        }
        if work.flush_asked || !work.flushes.is_empty() {
            let result = flush::flush_all(store, runtime);
            match &result {
                Ok(()) => store.log.flushed(),
                Err(error) => {
                    tracing::error!(%error, "rows could not be moved from memory to segments");
                    not_before = Instant::now() + RETRY;
                }
            }
            store.pressure.flushed();
            for done in work.flushes {
                let _ = done.send(result.clone());
            }
        }
        for table in work.merges {
            table.merge_asked.store(false, Ordering::Release);
            if let Err(error) = merge(store, &table) {
                tracing::error!(%error, table = table.id.0, "chunks in memory could not be merged");
            }
        }
    }
}

/// Merges small neighbours until there are few.
fn merge(store: &Store, state: &TableState) -> Result<()> {
    loop {
        let visible = store.log.visible();
        let (candidates, tombstones) = {
            let memory = state.memory.read();
            let Some(candidates) = memory.merge_candidates(visible) else { return Ok(()) };
            (candidates, memory.view(visible).tombstones)
        };
        let Some(table) = store.catalog.snapshot().table(state.id).cloned() else { return Ok(()) };
        let chunks: Vec<Arc<Chunk>> = candidates.iter().map(|c| c.chunk.clone()).collect();
        let merged = Chunk::merge(
            &chunks,
            &MergeContext {
                table: &table,
                tombstones: &tombstones,
                key_hash: &|id| state.series.read().hash_of(id),
                spellings: store.spellings.as_ref(),
            },
        )?;
        let charge = store.pressure.charge(merged.bytes());
        state.memory.write().replace(&candidates, MemoryChunk::new(merged, charge));
    }
}

/// What whoever waits hears when the thread is gone.
pub(crate) fn ended() -> Error {
    Error::new(model::ErrorKind::ShuttingDown {})
}
