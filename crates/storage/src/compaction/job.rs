//! One merge: what is read, what may be said of it, and the commit that puts the output in the
//! place of the inputs.
//!
//! Until the manifest is committed nothing names the output; afterwards the files of the inputs go
//! with the last view that holds them. A crash before leaves an orphan, one after it leaves
//! several; the next start removes them.

use super::policy::{hides, masks};
use crate::catalogue_commit::put_manifest;
use crate::memtable::MemoryView;
use crate::segment::{self, Segment};
use crate::store::Store;
use crate::table_state::TableState;
use catalog::{SegmentEntry, TableManifest, Tombstone};
use model::{Result, Sequence, TableKind};
use segments::{Compaction, SegmentTarget, remove_segment};
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

    /// Does it. `step` is called from time to time, and its error ends the work.
    pub(crate) fn run(
        &self,
        store: &Store,
        state: &TableState,
        runtime: &Runtime,
        step: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Done> {
        let catalog = store.catalog.snapshot();
        // It knows every change up to what is flushed: no flush went beyond an open one.
        let (Some(table), Some(first)) = (catalog.table(state.id), self.inputs.first()) else {
            return Ok(Done::Superseded);
        };
        // What a deletion hides is not read.
        let is_hidden = |input: &Segment| self.tombstones.iter().any(|t| hides(t, &input.entry, table.kind));
        let visible = self.inputs.iter().filter(|input| !is_hidden(input));
        let visible = visible.map(|input| input.reader()).collect::<Result<Vec<_>>>()?;
        if visible.is_empty() {
            return swap(store, state, runtime, &self.inputs, Output::Merged(None), table.kind);
        }
        let compaction = Compaction {
            table: table.clone(),
            inputs: visible,
            tombstones: self.tombstones.clone(),
            until: self.until,
            nothing_below: self.nothing_below,
            spellings: store.spellings.clone(),
        };
        let files = store.files.as_ref();
        let id = runtime.block_on(store.catalog.take_ids(1))?.start;
        let path = segment::path(table.id, id);
        let SegmentEntry { partition, partition_seconds, .. } = first.entry;
        let target = SegmentTarget { id, path: &path, partition, partition_seconds, table };
        let written = compaction.write(files, &target, step).inspect_err(|_| {
            // Nothing names it.
            let _ = remove_segment(files, &path);
        })?;
        let output =
            written.map(|entry| Segment::new(entry, table.clone(), store.files.clone(), store.footers.clone()));
        swap(store, state, runtime, &self.inputs, Output::Merged(output), table.kind)
    }
}

/// Commits what stands in the place of some segments.
pub(super) fn swap(
    store: &Store,
    state: &TableState,
    runtime: &Runtime,
    inputs: &[Arc<Segment>],
    output: Output,
    kind: TableKind,
) -> Result<Done> {
    let (output, rows_go) = match output {
        Output::Merged(output) => (output, false),
        Output::Expired => (None, true),
    };
    let _files = state.files.lock();
    let memory = state.memory.read().view(Sequence::MAX);
    let is_input = |segment: &Arc<Segment>| inputs.iter().any(|input| Arc::ptr_eq(input, segment));
    let superseded = || {
        output.iter().for_each(|segment| segment.doom());
        Ok(Done::Superseded)
    };
    if memory.segments.iter().filter(|s| is_input(s)).count() != inputs.len() {
        return superseded();
    }
    let others = memory.segments.iter().filter(|s| !is_input(s));
    let mut segments: Vec<Arc<Segment>> = others.chain(&output).cloned().collect();
    segment::sort(&mut segments);
    // Newer ones are not in the manifest yet, and nothing of what it names lies above them.
    let is_needed =
        |t: &&Tombstone| t.sequence <= memory.flushed && segments.iter().any(|segment| masks(t, &segment.entry, kind));
    let tombstones: Vec<Tombstone> = memory.tombstones.iter().filter(is_needed).cloned().collect();
    let now = store.catalog.snapshot().manifest(state.id);
    let manifest = TableManifest {
        segments: segments.iter().map(|s| s.entry.clone()).collect(),
        tombstones: tombstones.clone(),
        ..TableManifest::clone(&now)
    };
    // After a failure nobody knows whether it was committed: the file stays until the next start tells.
    if !put_manifest(runtime, store.catalog.as_ref(), state.id, manifest, memory.flushed)? {
        return superseded();
    }
    let mut memory = state.memory.write();
    if !memory.compacted(inputs, segments, &tombstones) {
        drop(memory);
        return superseded();
    }
    // No view may have known values of rows that its segments lack.
    let forgotten = if rows_go { memory.rows_removed() } else { None };
    drop(memory);
    drop(forgotten);
    inputs.iter().for_each(|input| input.doom());
    Ok(Done::Merged)
}
