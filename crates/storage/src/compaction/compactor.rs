//! The thread that compacts: the partition whose readers pay most comes first, unless another has
//! waited for too long. After each merge it looks at what else is asked of it, so that neither
//! expiry nor whoever waits for it ever waits for a load to end.

use super::callers::{Caller, Callers};
use super::expiry::{self, Expiry, delete_expired};
use super::job::{Job, Merged, swap};
use super::pace::Pace;
use super::policy::{Due, Place, due, place};
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
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// So many tables share a pack and a commit at most, and such a length of the pack.
const SHARED_MAX: usize = 1_000;
const SHARED_BYTES_MAX: u64 = 32 << 20;
/// Packs could not be rewritten, and are left alone for so long.
const REPACK_RETRY: Duration = Duration::from_secs(30);
/// Under a load that never ends, packs are looked at after so many rounds.
const REPACK_ROUNDS: u64 = 64;

#[derive(Debug, Default)]
struct State {
    /// Tables whose files have changed.
    changed: BTreeSet<TableId>,
    /// Who wants to hear when nothing of what is due now is due any more.
    waiting: Vec<oneshot::Sender<Result<()>>>,
    ended: bool,
}

/// What the thread is asked to do.
#[derive(Debug, Default)]
pub(crate) struct Compactor {
    state: Mutex<State>,
    asked: Condvar,
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

/// Sees to it that nobody waits for a thread that is gone, whatever ended it.
struct Ended<'a>(&'a Store);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        *self.0.compactor.state.lock() = State { ended: true, ..State::default() };
        self.0.touched().iter().for_each(|state| state.debt.forgive());
    }
}

/// The thread's work, until the store ends.
pub(crate) fn run(store: &Arc<Store>, runtime: &Runtime) {
    let _ended = Ended(store);
    let mut work = Work::new(store, runtime);
    work.begin();
    while let Some(asked) = work.wait() {
        work.round(asked);
    }
}

/// A flush has changed the files of a table.
pub(crate) fn flushed(store: &Store, state: &TableState, kind: TableKind) {
    // Before the next write: its writer may have to wait.
    assess(state, kind);
    store.compactor.files_changed(state.id);
}

/// What is due of a table now; says how far it is behind. Partitions that are left alone for a while
/// are not among it.
fn assess(state: &TableState, kind: TableKind) -> Vec<Due> {
    // Held over it all: what is seen last is said last.
    let mut failures = state.debt.failures();
    let memory = state.seen().1;
    failures.retain(|failed| memory.segments.iter().any(|segment| place(&segment.entry) == failed));
    let now = Instant::now();
    let mut found = candidates(&memory, kind);
    found.retain(|due| !failures.holds(due.place, now));
    // Writers do not wait for what does not get better by waiting: not even while it is tried again.
    let counted = found.iter().filter(|due| !failures.has(due.place));
    state.debt.set(counted.map(|due| due.waiting).max().unwrap_or(0));
    found
}

/// What is due and can be done.
fn candidates(memory: &MemoryView, kind: TableKind) -> Vec<Due> {
    let entries: Vec<&SegmentEntry> = memory.segments.iter().map(|s| &s.entry).collect();
    let mut found = due(&entries, &memory.tombstones, memory.flushed, kind);
    found.retain(|due| {
        // One segment alone is only rewritten to be rid of deletions.
        job(memory, due).is_some_and(|job| due.range.len() > 1 || job.settles_deletions(memory) || due.is_hidden)
    });
    found
}

fn job(memory: &MemoryView, due: &Due) -> Option<Job> {
    Job::new(memory, memory.segments.get(due.range.clone())?.to_vec())
}

/// Something that is due, and since which round.
#[derive(Debug)]
struct Planned {
    due: Due,
    since: u64,
}

/// Whether packs are to be looked at.
#[derive(Debug, Default)]
struct PacksDue {
    changed: bool,
    /// They could not be rewritten, and are left alone until then.
    not_before: Option<Instant>,
}

struct Work<'a> {
    store: &'a Arc<Store>,
    runtime: &'a Runtime,
    /// What is due of each table, by partition.
    due: HashMap<TableId, HashMap<Place, Planned>>,
    callers: Callers,
    /// Tables with partitions of which a merge failed, and when the first of these is tried again.
    retries: HashMap<TableId, Instant>,
    round: u64,
    expiry: Expiry,
    packs: PacksDue,
}

impl<'a> Work<'a> {
    fn new(store: &'a Arc<Store>, runtime: &'a Runtime) -> Self {
        let expiry = Expiry::new(Instant::now(), store.options.clock.now_micros());
        Self {
            store,
            runtime,
            due: HashMap::new(),
            callers: Callers::default(),
            retries: HashMap::new(),
            round: 0,
            expiry,
            packs: PacksDue::default(),
        }
    }

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

    fn in_background(&self) -> bool {
        self.store.options.compaction.cpu_percent > 0
    }

    /// Waits for work; who has begun to wait for it. `None` at the end.
    fn wait(&mut self) -> Option<Vec<oneshot::Sender<Result<()>>>> {
        let mut state = self.store.compactor.state.lock();
        loop {
            if state.ended {
                return None;
            }
            let next_retry = self.retries.values().min().copied().filter(|_| self.in_background());
            let until = next_retry.map_or(self.expiry.next_look(), |retry| retry.min(self.expiry.next_look()));
            let has_work = self.in_background() && !(state.changed.is_empty() && self.due.is_empty());
            if has_work || !state.waiting.is_empty() || !self.callers.is_empty() || until <= Instant::now() {
                return Some(std::mem::take(&mut state.waiting));
            }
            self.store.compactor.asked.wait_until(&mut state, until);
        }
    }

    /// One piece of work of each kind.
    fn round(&mut self, asked: Vec<oneshot::Sender<Result<()>>>) {
        self.round += 1;
        self.expire();
        if self.in_background() || !asked.is_empty() {
            self.look();
        }
        self.ask(asked);
        if let Some(first) = self.next() {
            self.merge(first);
        }
        if self.packs.changed && (self.next().is_none() || self.round.is_multiple_of(REPACK_ROUNDS)) {
            self.repack();
        }
        self.callers.answer(|id, place| self.due.get(&id).is_some_and(|places| places.contains_key(&place)));
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

    /// Finds what is due of tables that have changed, or have waited long enough after a failure.
    fn look(&mut self) {
        let mut changed = std::mem::take(&mut self.store.compactor.state.lock().changed);
        self.packs.changed |= !changed.is_empty();
        let now = Instant::now();
        changed.extend(self.retries.iter().filter(|(_, until)| **until <= now).map(|(id, _)| *id));
        changed.into_iter().for_each(|id| self.plan(id));
    }

    /// Whoever asks now waits for what is due now: also for what failed a moment ago.
    fn ask(&mut self, asked: Vec<oneshot::Sender<Result<()>>>) {
        if asked.is_empty() {
            return;
        }
        self.packs.changed = true;
        for id in self.retries.keys().copied().collect::<Vec<_>>() {
            if let Some((state, _)) = self.table(id) {
                state.debt.failures().retry_now(Instant::now());
            }
            self.plan(id);
        }
        let all = self.due.iter().flat_map(|(id, places)| places.values().map(|planned| (*id, &planned.due)));
        let all: Vec<_> = all.map(|(id, due)| ((id, due.place), due.segments)).collect();
        asked.into_iter().for_each(|done| self.callers.push(Caller::new(done, all.iter().copied())));
    }

    /// Finds what is due of a table.
    fn plan(&mut self, id: TableId) {
        let before = self.due.remove(&id).unwrap_or_default();
        self.retries.remove(&id);
        let Some((state, kind)) = self.table(id) else { return };
        let found = assess(&state, kind).into_iter().map(|due| {
            let since = before.get(&due.place).map_or(self.round, |planned| planned.since);
            (due.place, Planned { due, since })
        });
        let found: HashMap<Place, Planned> = found.collect();
        if !found.is_empty() {
            self.due.insert(id, found);
        }
        if let Some(next) = state.debt.failures().next(Instant::now()) {
            self.retries.insert(id, next);
        }
    }

    /// What comes next: in turn of what somebody waits for, and of all.
    fn next(&self) -> Option<(TableId, Place)> {
        let all = || {
            let all =
                self.due.iter().flat_map(|(id, places)| places.iter().map(|(place, planned)| (*id, *place, planned)));
            all.map(|(id, place, Planned { due, since })| {
                // Each round that it has waited for counts like one more segment.
                let urgency = (due.waiting as u64).saturating_add(self.round - since);
                ((urgency, Reverse(due.rows), Reverse(id), Reverse(place)), (id, place))
            })
        };
        let most = |(_, next)| next;
        let asked = || all().filter(|(_, (id, place))| self.callers.wait_for(*id, *place)).max().map(most);
        if !self.in_background() {
            return asked();
        }
        let of_all = || all().max().map(most);
        if self.round.is_multiple_of(2) { of_all() } else { asked().or_else(of_all) }
    }

    /// Does the merge of a partition; and, where its output goes into a pack, those of other tables of
    /// which it does, too.
    fn merge(&mut self, first: (TableId, Place)) {
        let mut packing = Packing::new(self.store, self.runtime);
        let mut merged: Vec<(Place, Merged)> = Vec::new();
        let mut tried = Vec::new();
        let mut pace = Pace::new(self.store);
        for (id, place) in self.together(first) {
            match self.write(id, place, &mut packing, &mut pace) {
                Ok(written) => merged.extend(written.map(|written| (place, written))),
                // The next wait sees it.
                Err(error) if matches!(*error.kind, ErrorKind::ShuttingDown { .. }) => {
                    self.due.remove(&id);
                    break;
                }
                Err(error) => self.failed(id, place, &error),
            }
            tried.push(id);
            if merged.len() >= SHARED_MAX || packing.bytes() >= SHARED_BYTES_MAX {
                break;
            }
        }
        self.commit(packing, merged);
        tried.into_iter().for_each(|id| self.plan(id));
    }

    /// What shares a pack with a merge, no table twice; only that where it goes into none.
    fn together(&self, first: (TableId, Place)) -> Vec<(TableId, Place)> {
        let mut together = vec![first];
        if self.is_small(first) {
            let may = |id: TableId, place: Place| {
                (self.in_background() || self.callers.wait_for(id, place)) && self.is_small((id, place))
            };
            let others = self.due.iter().filter(|(id, _)| **id != first.0);
            let others = others.filter_map(|(id, places)| {
                places.keys().copied().filter(|place| may(*id, *place)).min().map(|place| (*id, place))
            });
            together.extend(others);
        }
        together
    }

    /// Whether what is planned of a partition may go into a pack.
    fn is_small(&self, (id, place): (TableId, Place)) -> bool {
        let planned = self.due.get(&id).and_then(|places| places.get(&place));
        let (Some(Planned { due, .. }), Some((state, _))) = (planned, self.table(id)) else { return false };
        let memory = state.memory.read();
        let inputs = memory.segments().get(due.range.clone()).unwrap_or_default();
        let bytes: u64 = inputs.iter().map(|input| input.entry.bytes).sum();
        bytes <= self.store.options.pack_bytes
    }

    /// Writes the output of a partition's merge; `None`: it is not due any more.
    fn write(
        &mut self,
        id: TableId,
        place: Place,
        packing: &mut Packing<'_>,
        pace: &mut Pace<'_>,
    ) -> Result<Option<Merged>> {
        self.callers.tried(id, place);
        // It has its turn: whatever is due of it afterwards waits anew.
        if let Some(places) = self.due.get_mut(&id) {
            places.remove(&place);
        }
        let Some((state, kind)) = self.table(id) else { return Ok(None) };
        // Files may have changed since it was planned.
        let memory = state.seen().1;
        let now = candidates(&memory, kind).into_iter().find(|due| due.place == place);
        let Some(job) = now.and_then(|due| job(&memory, &due)) else { return Ok(None) };
        drop(memory);
        job.write(self.store, &state, self.runtime, packing, &mut || pace.step())
    }

    /// Puts what was merged in the place of what it was made of.
    fn commit(&mut self, packing: Packing<'_>, merged: Vec<(Place, Merged)>) {
        if merged.is_empty() {
            return;
        }
        let places: Vec<(TableId, Place)> = merged.iter().map(|(place, merged)| (merged.state.id, *place)).collect();
        let pack = packing.finish().inspect_err(|_| merged.iter().for_each(|(_, merged)| merged.discard(self.store)));
        let result = pack.and_then(|pack| {
            let swaps = merged.into_iter().map(|(_, merged)| merged.settle(self.store, pack.as_deref()));
            swap(self.store, self.runtime, swaps.collect::<Result<_>>()?).map(drop)
        });
        for (id, place) in places {
            match &result {
                Ok(()) => {
                    if let Some((state, _)) = self.table(id) {
                        state.debt.failures().succeeded(place);
                    }
                }
                Err(error) => self.failed(id, place, error),
            }
        }
    }

    /// A partition is left alone for a while.
    fn failed(&mut self, id: TableId, place: Place, error: &Error) {
        let delay = self.table(id).map(|(state, _)| state.debt.failures().failed(place, Instant::now()));
        let (partition, seconds) = (place.0, delay.unwrap_or_default().as_secs());
        tracing::error!(%error, table = id.0, partition, seconds, "segments could not be merged");
        self.callers.failed(id, place, error);
    }

    /// Rewrites packs of which little is left.
    fn repack(&mut self) {
        let now = Instant::now();
        if self.callers.is_empty() && self.packs.not_before.is_some_and(|until| until > now) {
            return;
        }
        self.packs = PacksDue::default();
        if let Err(error) = repack(self.store, self.runtime) {
            if matches!(*error.kind, ErrorKind::ShuttingDown { .. }) {
                return;
            }
            tracing::error!(%error, "packs of which little is left could not be rewritten");
            self.packs = PacksDue { changed: true, not_before: Some(now + REPACK_RETRY) };
            self.callers.all_failed(&error);
        }
    }

    fn table(&self, id: TableId) -> Option<(Arc<TableState>, TableKind)> {
        let kind = self.store.catalog.snapshot().table(id)?.kind;
        // One that was dropped this moment is not there.
        Some((self.store.table(id).ok()?, kind))
    }
}
