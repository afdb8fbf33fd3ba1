//! The thread that compacts: the table whose readers pay most comes first.

use super::expiry::{self, Expiry, delete_expired};
use super::job::Job;
use super::pace::Pace;
use super::policy::{Due, due};
use crate::memtable::MemoryView;
use crate::store::Store;
use crate::table_state::TableState;
use catalog::SegmentEntry;
use model::{ErrorKind, Result, TableId, TableKind};
use parking_lot::{Condvar, Mutex};
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// A table of which a merge failed is left alone for so long.
const RETRY: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
struct State {
    /// Tables whose files have changed.
    changed: BTreeSet<TableId>,
    /// Who wants to hear when nothing is due any more.
    waiting: Vec<oneshot::Sender<Result<()>>>,
    ended: bool,
}

/// What the thread is asked to do.
#[derive(Debug, Default)]
pub(crate) struct Compactor {
    state: Mutex<State>,
    asked: Condvar,
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

    /// Lets the thread end within one piece of work.
    pub(crate) fn end(&self) {
        self.state.lock().ended = true;
        self.asked.notify_one();
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.state.lock().ended
    }
}

/// Sees to it that nobody waits for a thread that is gone, whatever ended it.
struct Ended<'a>(&'a Store);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        *self.0.compactor.state.lock() = State { ended: true, ..State::default() };
        self.0.touched().iter().for_each(|state| state.debt.excuse());
    }
}

/// The thread's work, until the store ends.
pub(crate) fn run(store: &Arc<Store>, runtime: &Runtime) {
    let _ended = Ended(store);
    let expiry = Expiry::new(Instant::now(), store.options.clock.now_micros());
    let mut work = Work { store, runtime, due: HashMap::new(), failed: HashMap::new(), expiry };
    work.begin();
    while let Some(waiting) = work.wait() {
        work.expire();
        let asked = !waiting.is_empty();
        if !asked && store.options.compaction.cpu_percent == 0 {
            continue;
        }
        let result = work.all(asked);
        for done in waiting {
            let _ = done.send(result.clone());
        }
    }
}

struct Work<'a> {
    store: &'a Arc<Store>,
    runtime: &'a Runtime,
    /// The most urgent merge of each table that has one.
    due: HashMap<TableId, Due>,
    /// Tables of which a merge failed, and until when they are left alone.
    failed: HashMap<TableId, Instant>,
    expiry: Expiry,
}

impl Work<'_> {
    /// Looks at the tables that the manifest knows, without waking those of which nothing is due.
    fn begin(&self) {
        let catalog = self.store.catalog.snapshot();
        for table in catalog.tables() {
            let manifest = catalog.manifest(table.id);
            let segments: Vec<&SegmentEntry> = manifest.segments.iter().collect();
            if !due(&segments, &manifest.tombstones, manifest.flushed, table.kind).is_empty() {
                self.store.compactor.files_changed(table.id);
            }
        }
    }

    /// Waits for work; whoever waits for it. `None` at the end.
    fn wait(&mut self) -> Option<Vec<oneshot::Sender<Result<()>>>> {
        let compactor = &self.store.compactor;
        let in_background = self.store.options.compaction.cpu_percent > 0;
        let mut state = compactor.state.lock();
        loop {
            if state.ended {
                return None;
            }
            let now = Instant::now();
            let again: Vec<TableId> =
                self.failed.iter().filter(|(_, until)| **until <= now).map(|(id, _)| *id).collect();
            for id in again {
                self.failed.remove(&id);
                state.changed.insert(id);
            }
            let next_look = self.expiry.next_look();
            if !state.waiting.is_empty() || (in_background && !state.changed.is_empty()) || next_look <= now {
                return Some(std::mem::take(&mut state.waiting));
            }
            let until = self.failed.values().min().map_or(next_look, |until| next_look.min(*until));
            compactor.asked.wait_until(&mut state, until);
        }
    }

    /// Takes away what has expired, when it is time to look.
    fn expire(&mut self) {
        let (now, now_micros) = (Instant::now(), self.store.options.clock.now_micros());
        if now < self.expiry.next_look() || !self.expiry.look(now, now_micros) {
            return;
        }
        for id in expiry::tables(self.store, now_micros) {
            match delete_expired(self.store, self.runtime, id, now_micros) {
                Ok(_) => self.store.compactor.files_changed(id),
                Err(error) => tracing::error!(%error, table = id.0, "expired rows could not be deleted"),
            }
        }
    }

    /// Does what is due until nothing is. The first error, if somebody asked.
    fn all(&mut self, asked: bool) -> Result<()> {
        let mut first_error = Ok(());
        if asked {
            // Whoever asks wants to know: also of what failed a moment ago.
            self.store.compactor.state.lock().changed.extend(self.failed.drain().map(|(id, _)| id));
        }
        loop {
            let changed = std::mem::take(&mut self.store.compactor.state.lock().changed);
            for id in changed.into_iter().filter(|id| !self.failed.contains_key(id)).collect::<Vec<_>>() {
                self.plan(id);
            }
            let most = self.due.iter().max_by_key(|(id, due)| (due.debt(), Reverse(due.rows), Reverse(**id)));
            let Some(id) = most.map(|(id, _)| *id) else { return first_error };
            if let Err(error) = self.one(id) {
                if matches!(*error.kind, ErrorKind::ShuttingDown { .. }) {
                    return Err(error);
                }
                tracing::error!(%error, table = id.0, "segments could not be merged");
                // Its writers do not wait for what does not get better by waiting.
                self.due.remove(&id);
                self.failed.insert(id, Instant::now() + RETRY);
                if let Some((state, _)) = self.table(id) {
                    state.debt.excuse();
                }
                first_error = first_error.and(Err(error));
            }
        }
    }

    /// Finds what is most urgent of a table.
    fn plan(&mut self, id: TableId) {
        self.due.remove(&id);
        let Some((state, kind)) = self.table(id) else { return };
        let memory = state.seen().1;
        let found = Self::candidates(&memory, kind).into_iter().max_by_key(|due| (due.debt(), Reverse(due.rows)));
        state.debt.set(found.as_ref().map_or(0, Due::debt));
        if let Some(found) = found {
            self.due.insert(id, found);
        }
    }

    /// What is due and can be done.
    fn candidates(memory: &MemoryView, kind: TableKind) -> Vec<Due> {
        let entries: Vec<&SegmentEntry> = memory.segments.iter().map(|s| &s.entry).collect();
        let mut found = due(&entries, &memory.tombstones, memory.flushed, kind);
        found.retain(|due| {
            let job = Self::job(memory, due);
            // One segment alone is only rewritten to be rid of deletions.
            job.is_some_and(|job| due.range.len() > 1 || job.settles_deletions(memory) || due.is_hidden)
        });
        found
    }

    fn job(memory: &MemoryView, due: &Due) -> Option<Job> {
        Job::new(memory, memory.segments.get(due.range.clone())?.to_vec())
    }

    /// Does the most urgent merge of a table.
    fn one(&mut self, id: TableId) -> Result<()> {
        if self.store.compactor.is_ending() {
            return Err(crate::background::ended());
        }
        let Some((state, kind)) = self.table(id) else {
            self.due.remove(&id);
            return Ok(());
        };
        let memory = state.seen().1;
        let planned = self.due.remove(&id);
        // Files may have changed since it was planned.
        let still = Self::candidates(&memory, kind).into_iter().find(|due| Some(due) == planned.as_ref());
        if let Some(job) = still.and_then(|due| Self::job(&memory, &due)) {
            drop(memory);
            let urgent = state.debt.segments() >= self.store.options.compaction.segments_limit;
            let mut pace = Pace::new(self.store, urgent);
            job.run(self.store, &state, self.runtime, &mut || pace.step())?;
        }
        self.plan(id);
        Ok(())
    }

    fn table(&self, id: TableId) -> Option<(Arc<TableState>, TableKind)> {
        let kind = self.store.catalog.snapshot().table(id)?.kind;
        // One that was dropped this moment is not there.
        Some((self.store.table(id).ok()?, kind))
    }
}
