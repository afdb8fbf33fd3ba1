//! The thread that compacts: the table whose readers pay most comes first.

use super::expiry::{self, Expiry, delete_expired};
use super::job::{Job, Merged, swap};
use super::pace::Pace;
use super::policy::{Due, due};
use super::repack::{is_due, repack};
use crate::memtable::MemoryView;
use crate::packing::Packing;
use crate::store::Store;
use crate::table_state::TableState;
use catalog::SegmentEntry;
use model::{Error, ErrorKind, Result, TableId, TableKind};
use parking_lot::{Condvar, Mutex};
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// A table of which a merge failed is left alone for so long.
const RETRY: Duration = Duration::from_secs(30);
/// So many tables share a pack and a commit at most, and such a length of the pack.
const SHARED_MAX: usize = 1_000;
const SHARED_BYTES_MAX: u64 = 32 << 20;

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
    let mut work = Work { store, runtime, due: HashMap::new(), failed: HashMap::new(), expiry, repack_from: None };
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
    /// Packs could not be rewritten, and are left alone until then.
    repack_from: Option<Instant>,
}

impl Work<'_> {
    /// Looks at the tables that the manifest knows, without waking those of which nothing is due.
    fn begin(&self) {
        let catalog = self.store.catalog.snapshot();
        if let Some(any) = catalog.tables().next().filter(|_| is_due(self.store)) {
            self.store.compactor.files_changed(any.id);
        }
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
            let Some(id) = most.map(|(id, _)| *id) else { break };
            for (id, error) in self.some(id) {
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
        let now = Instant::now();
        if asked || self.repack_from.is_none_or(|from| from <= now) {
            self.repack_from = None;
            if let Err(error) = repack(self.store, self.runtime) {
                tracing::error!(%error, "packs of which little is left could not be rewritten");
                self.repack_from = Some(now + RETRY);
                first_error = first_error.and(Err(error));
            }
        }
        first_error
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

    /// Does the most urgent merge of a table; and, where its output goes into a pack, those of other
    /// tables of which it does, too. What failed, by table.
    fn some(&mut self, first: TableId) -> Vec<(TableId, Error)> {
        let (store, runtime) = (self.store, self.runtime);
        let mut packing = Packing::new(store, runtime);
        let mut tried = BTreeSet::new();
        let (mut merged, mut failed) = (Vec::new(), Vec::new());
        let mut pace: Option<Pace<'_>> = None;
        let mut next = vec![first];
        if self.is_small(first) {
            let others: Vec<TableId> =
                self.due.keys().copied().filter(|id| *id != first && self.is_small(*id)).collect();
            next.splice(0..0, others);
        }
        while let Some(id) = next.pop() {
            if store.compactor.is_ending() {
                failed.push((id, crate::background::ended()));
                break;
            }
            tried.insert(id);
            if let Some((state, job)) = self.take_job(id) {
                let urgent = state.debt.segments() >= store.options.compaction.segments_limit;
                let pace = pace.get_or_insert_with(|| Pace::new(store, urgent));
                match job.write(store, &state, runtime, &mut packing, &mut || pace.step()) {
                    Ok(written) => merged.extend(written),
                    Err(error) => failed.push((id, error)),
                }
            }
            if merged.len() >= SHARED_MAX || packing.bytes() >= SHARED_BYTES_MAX {
                break;
            }
        }
        let (ids, result) = self.commit(packing, merged);
        if let Err(error) = result {
            failed.extend(ids.iter().map(|id| (*id, error.clone())));
        }
        for id in tried.iter().filter(|id| !failed.iter().any(|(failed, _)| failed == *id)) {
            self.plan(*id);
        }
        failed
    }

    /// Puts what was merged in the place of what it was made of; of which tables it is.
    fn commit(&self, packing: Packing<'_>, merged: Vec<Merged>) -> (Vec<TableId>, Result<()>) {
        let ids = merged.iter().map(|merged| merged.state.id).collect();
        if merged.is_empty() {
            return (ids, Ok(()));
        }
        let pack = packing.finish().inspect_err(|_| merged.iter().for_each(|merged| merged.discard(self.store)));
        let result = pack.and_then(|pack| {
            let swaps = merged.into_iter().map(|merged| merged.settle(self.store, pack.as_deref()));
            swap(self.store, self.runtime, swaps.collect::<Result<_>>()?).map(drop)
        });
        (ids, result)
    }

    /// What is planned of a table, if it is still due.
    fn take_job(&mut self, id: TableId) -> Option<(Arc<TableState>, Job)> {
        let planned = self.due.remove(&id)?;
        let (state, kind) = self.table(id)?;
        let memory = state.seen().1;
        // Files may have changed since it was planned.
        let still = Self::candidates(&memory, kind).into_iter().find(|due| *due == planned)?;
        Some((state, Self::job(&memory, &still)?))
    }

    /// Whether what is planned of a table may go into a pack.
    fn is_small(&self, id: TableId) -> bool {
        let (Some(due), Some((state, _))) = (self.due.get(&id), self.table(id)) else { return false };
        let memory = state.memory.read();
        let inputs = memory.segments().get(due.range.clone()).unwrap_or_default();
        let bytes: u64 = inputs.iter().map(|input| input.entry.bytes).sum();
        bytes <= self.store.options.pack_bytes
    }

    fn table(&self, id: TableId) -> Option<(Arc<TableState>, TableKind)> {
        let kind = self.store.catalog.snapshot().table(id)?.kind;
        // One that was dropped this moment is not there.
        Some((self.store.table(id).ok()?, kind))
    }
}
