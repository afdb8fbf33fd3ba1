//! The thread that compacts: the partition whose readers pay most comes first, unless another has
//! waited for too long. After each merge it looks at what else is asked of it, so that neither
//! expiry nor whoever waits for it ever waits for a load to end.

use super::assess::assess;
use super::callers::{Caller, Callers};
use super::compactor::State;
use super::expiry::{self, Expiry, delete_expired};
use super::policy::{Due, Place, due};
use super::repack::{is_due, repack};
use crate::store::Store;
use crate::table_state::TableState;
use catalog::SegmentEntry;
use model::{ErrorKind, Result, TableId, TableKind};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// Packs could not be rewritten, and are left alone for so long.
const REPACK_RETRY: Duration = Duration::from_secs(30);
/// Under a load that never ends, packs are looked at after so many rounds.
const REPACK_ROUNDS: u64 = 64;

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

/// Something that is due, and since which round.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) due: Due,
    since: u64,
}

/// Whether packs are to be looked at.
#[derive(Debug, Default)]
pub(super) struct PacksDue {
    pub(super) changed: bool,
    /// They could not be rewritten, and are left alone until then.
    not_before: Option<Instant>,
}

pub(super) struct Work<'a> {
    pub(super) store: &'a Arc<Store>,
    pub(super) runtime: &'a Runtime,
    /// What is due of each table, by partition.
    pub(super) due: HashMap<TableId, HashMap<Place, Planned>>,
    pub(super) callers: Callers,
    /// Tables with partitions of which a merge failed, and when the first of these is tried again.
    retries: HashMap<TableId, Instant>,
    round: u64,
    expiry: Expiry,
    pub(super) packs: PacksDue,
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

    pub(super) fn in_background(&self) -> bool {
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
    pub(super) fn plan(&mut self, id: TableId) {
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

    pub(super) fn table(&self, id: TableId) -> Option<(Arc<TableState>, TableKind)> {
        let kind = self.store.catalog.snapshot().table(id)?.kind;
        // One that was dropped this moment is not there.
        Some((self.store.table(id).ok()?, kind))
    }
}
