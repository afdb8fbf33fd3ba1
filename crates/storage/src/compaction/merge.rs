//! One turn of the thread: the merge of a partition, and of others whose outputs share its pack.

use super::assess::{candidates, job};
use super::job::{Merged, swap};
use super::pace::Pace;
use super::policy::Place;
use super::work::{Planned, Work};
use crate::packing::Packing;
use model::{Error, ErrorKind, Result, TableId};
use std::time::Instant;

/// So many tables share a pack and a commit at most, and such a length of the pack.
const SHARED_MAX: usize = 1_000;
const SHARED_BYTES_MAX: u64 = 32 << 20;

impl Work<'_> {
    /// Does the merge of a partition; and, where its output goes into a pack, those of other tables of
    /// which it does, too.
    pub(super) fn merge(&mut self, first: (TableId, Place)) {
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
                    // What the inputs lay in may be sparse now.
                    self.packs.changed = true;
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
}
