//! One merge: what is read, what may be said of it, and the commit that puts the output in the
//! place of the inputs.
//!
//! Until the manifest is committed nothing names the output; afterwards the files of the inputs go
//! with the last view that holds them. A crash before leaves an orphan, one after it leaves
//! several; the next start removes them. Small ones share a pack and a commit with those of other
//! tables.

use super::policy::{hides, masks};
use crate::catalogue_commit::put_manifests;
use crate::memtable::MemoryView;
use crate::packing::{Packing, Placed};
use crate::segment::{self, Segment};
use crate::store::Store;
use crate::table_state::TableState;
use catalog::{SegmentEntry, TableManifest, Tombstone};
use files::Files;
use model::{Result, Sequence, Table, TableKind};
use segments::{Compaction, SegmentTarget};
use std::sync::Arc;
use tokio::runtime::Runtime;

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// The output stands in the place of the inputs.
    Merged,
    /// The table was dropped, or its files changed meanwhile.
    Superseded,
}

/// What stands in the place of the inputs.
pub(super) enum Output {
    /// A segment that says the same; none where they said nothing.
    Merged(Option<Arc<Segment>>),
    /// Nothing: their rows have expired.
    Expired,
}

/// Segments that are to become one.
#[derive(Debug)]
pub(crate) struct Job {
    inputs: Vec<Arc<Segment>>,
    tombstones: Vec<Tombstone>,
    until: Sequence,
    nothing_below: bool,
}

impl Job {
    /// For some segments of one partition, oldest first; `None` when they are no neighbours: of
    /// their partition, or of one whose length was another and whose times overlap, a segment lies
    /// between them.
    pub(crate) fn new(memory: &MemoryView, inputs: Vec<Arc<Segment>>) -> Option<Self> {
        let (oldest, newest) = (&inputs.first()?.entry, &inputs.last()?.entry);
        let (first, last) = (oldest.sequences.0, newest.sequences.1);
        let time = inputs.iter().map(|s| s.entry.time).reduce(|all, time| all.union(&time))?;
        let in_order = inputs.array_windows::<2>().all(|[a, b]| a.entry.sequences.1 < b.entry.sequences.0);
        let is_input = |segment: &Arc<Segment>| inputs.iter().any(|input| Arc::ptr_eq(input, segment));
        let others = || memory.segments.iter().filter(|s| !is_input(s)).map(|s| &s.entry);
        let place = |entry: &SegmentEntry| (entry.partition, entry.partition_seconds);
        // In one partition numbers must stay apart also where times are: who is merged next is not known.
        let near = || others().filter(|entry| place(entry) == place(oldest) || entry.time.overlaps(&time));
        if !in_order || near().any(|entry| entry.sequences.1 >= first && entry.sequences.0 <= last) {
            return None;
        }
        // Where nothing follows, the output speaks up to the newest flush, and deletions up to there need not be kept
        // for it.
        let is_newest = near().all(|entry| entry.sequences.1 < first);
        let nothing_below = others().filter(|entry| entry.time.overlaps(&time)).all(|entry| entry.sequences.0 > last);
        Some(Self {
            tombstones: memory.tombstones.iter().filter(|t| t.sequence <= memory.flushed).cloned().collect(),
            until: if is_newest { memory.flushed.max(last) } else { last },
            nothing_below,
            inputs,
        })
    }

    /// Whether no deletion of the manifest will lie above the output.
    pub(super) fn settles_deletions(&self, memory: &MemoryView) -> bool {
        self.until >= memory.flushed
    }

    /// Whether the output may be small enough for a pack.
    pub(super) fn may_be_small(&self, store: &Store) -> bool {
        let bytes: u64 = self.inputs.iter().map(|input| input.entry.bytes).sum();
        bytes <= store.options.pack_bytes.saturating_mul(2)
    }

    /// Does it alone. `step` is called from time to time, and its error ends the work.
    #[cfg(test)]
    pub(crate) fn run(
        &self,
        store: &Store,
        state: &Arc<TableState>,
        runtime: &Runtime,
        step: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Done> {
        let mut packing = Packing::new(store, runtime);
        let Some(merged) = self.write(store, state, runtime, &mut packing, step)? else { return Ok(Done::Superseded) };
        let pack = packing.finish().inspect_err(|_| merged.discard(store))?;
        let done = swap(store, runtime, vec![merged.settle(store, pack.as_deref())?])?;
        Ok(done.first().copied().unwrap_or(Done::Superseded))
    }

    /// Writes the output; `None`: the table was dropped.
    pub(super) fn write(
        &self,
        store: &Store,
        state: &Arc<TableState>,
        runtime: &Runtime,
        packing: &mut Packing<'_>,
        step: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Option<Merged>> {
        let catalog = store.catalog.snapshot();
        // It knows every change up to what is flushed: no flush went beyond an open one.
        let (Some(table), Some(first)) = (catalog.table(state.id), self.inputs.first()) else {
            return Ok(None);
        };
        // What a deletion hides is not read.
        let is_hidden = |input: &Segment| self.tombstones.iter().any(|t| hides(t, &input.entry, table.kind));
        let visible = self.inputs.iter().filter(|input| !is_hidden(input));
        let visible = visible.map(|input| input.reader()).collect::<Result<Vec<_>>>()?;
        let merged =
            |placed| Merged { state: state.clone(), table: table.clone(), inputs: self.inputs.clone(), placed };
        if visible.is_empty() {
            return Ok(Some(merged(None)));
        }
        let compaction = Compaction {
            table: table.clone(),
            inputs: visible,
            tombstones: self.tombstones.clone(),
            until: self.until,
            nothing_below: self.nothing_below,
            spellings: store.spellings.clone(),
        };
        let id = runtime.block_on(store.catalog.take_ids(1))?.start;
        let path = segment::path(table.id, id);
        let SegmentEntry { partition, partition_seconds, .. } = first.entry;
        let target = SegmentTarget { id, path: &path, partition, partition_seconds, table };
        let mut write = |files: &dyn Files| compaction.write(files, &target, step);
        let placed = packing.place(state, &path, self.may_be_small(store), &mut write)?;
        Ok(Some(merged(placed)))
    }
}

/// What was merged, and is not named yet.
pub(super) struct Merged {
    pub(super) state: Arc<TableState>,
    table: Arc<Table>,
    inputs: Vec<Arc<Segment>>,
    placed: Option<Placed>,
}

impl Merged {
    /// Removes what will not be named.
    pub(super) fn discard(&self, store: &Store) {
        self.placed.iter().for_each(|placed| placed.discard(store.files.as_ref()));
    }

    /// What is to be committed, once the pack is finished.
    pub(super) fn settle(self, store: &Store, pack: Option<&str>) -> Result<Swap> {
        let Self { state, table, inputs, placed } = self;
        let entry = placed.map(|placed| placed.settle(pack)).transpose()?;
        store.packs.name(entry.iter().map(|entry| entry.path.as_str()));
        let kind = table.kind;
        let output = entry.map(|entry| Segment::new(entry, table, store.files.clone(), store.footers.clone()));
        Ok(Swap { state, inputs, output: Output::Merged(output), kind })
    }
}

/// Some segments of a table, and what is to stand in their place.
pub(super) struct Swap {
    pub(super) state: Arc<TableState>,
    pub(super) inputs: Vec<Arc<Segment>>,
    pub(super) output: Output,
    pub(super) kind: TableKind,
}

/// Commits what stands in the place of some segments, of several tables at once; no table is there
/// twice.
pub(super) fn swap(store: &Store, runtime: &Runtime, mut swaps: Vec<Swap>) -> Result<Vec<Done>> {
    swaps.sort_by_key(|swap| swap.state.id);
    let _files: Vec<_> = swaps.iter().map(|swap| swap.state.files.lock()).collect();
    let planned: Vec<Option<Planned>> = swaps.iter().map(|swap| swap.plan(store)).collect();
    let manifests = planned.iter().zip(&swaps).filter_map(|(planned, swap)| {
        let planned = planned.as_ref()?;
        Some((swap.state.id, planned.manifest.clone(), planned.reached))
    });
    // After a failure nobody knows whether it was committed: the files stay until the next start tells.
    let there = put_manifests(runtime, store.catalog.as_ref(), manifests.collect())?;
    let done = swaps.iter().zip(planned).map(|(swap, planned)| match planned {
        Some(planned) if there.contains(&swap.state.id) => swap.done(planned),
        _ => swap.superseded(),
    });
    Ok(done.collect())
}

/// What is committed for one table.
struct Planned {
    manifest: TableManifest,
    segments: Vec<Arc<Segment>>,
    reached: Sequence,
}

impl Swap {
    fn output(&self) -> Option<&Arc<Segment>> {
        match &self.output {
            Output::Merged(output) => output.as_ref(),
            Output::Expired => None,
        }
    }

    fn superseded(&self) -> Done {
        self.output().iter().for_each(|segment| segment.doom());
        Done::Superseded
    }

    /// `None`: its files changed meanwhile.
    fn plan(&self, store: &Store) -> Option<Planned> {
        let memory = self.state.memory.read().view(Sequence::MAX);
        let is_input = |segment: &Arc<Segment>| self.inputs.iter().any(|input| Arc::ptr_eq(input, segment));
        if memory.segments.iter().filter(|s| is_input(s)).count() != self.inputs.len() {
            return None;
        }
        let others = memory.segments.iter().filter(|s| !is_input(s));
        let mut segments: Vec<Arc<Segment>> = others.chain(self.output()).cloned().collect();
        segment::sort(&mut segments);
        // Newer ones are not in the manifest yet, and nothing of what it names lies above them.
        let is_needed = |t: &&Tombstone| {
            t.sequence <= memory.flushed && segments.iter().any(|segment| masks(t, &segment.entry, self.kind))
        };
        let tombstones: Vec<Tombstone> = memory.tombstones.iter().filter(is_needed).cloned().collect();
        let now = store.catalog.snapshot().manifest(self.state.id);
        let manifest = TableManifest {
            segments: segments.iter().map(|s| s.entry.clone()).collect(),
            tombstones,
            ..TableManifest::clone(&now)
        };
        Some(Planned { manifest, segments, reached: memory.flushed })
    }

    fn done(&self, Planned { manifest, segments, .. }: Planned) -> Done {
        let mut memory = self.state.memory.write();
        if !memory.compacted(&self.inputs, segments, &manifest.tombstones) {
            drop(memory);
            return self.superseded();
        }
        // No view may have known values of rows that its segments lack.
        let forgotten = if matches!(self.output, Output::Expired) { memory.rows_removed() } else { None };
        drop(memory);
        drop(forgotten);
        self.inputs.iter().for_each(|input| input.doom());
        Done::Merged
    }
}
