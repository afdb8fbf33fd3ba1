//! Tables that are flushed together: one pack, one commit.

use super::table::{Prepared, PreparedRows, PreparedSeries, prepare};
use super::{remove_members, sync_log};
use crate::catalogue_commit::{NumberedManifest, put_manifests};
use crate::compaction::{self, masks};
use crate::last::{self, LastValues};
use crate::packing::{Packing, Placed, member};
use crate::segment::{self, Segment};
use crate::series_file;
use crate::series_index::Checkpoints;
use crate::store::Store;
use crate::table_state::TableState;
use catalog::{PackedSeries, SegmentEntry, TableManifest, Tombstone};
use model::{Result, Sequence, Table, TableId};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// No pack is made much longer.
const PACK_BYTES_MAX: u64 = 64 << 20;

/// What is prepared and not committed.
pub(super) struct Group<'a> {
    store: &'a Arc<Store>,
    runtime: &'a Runtime,
    packing: Packing<'a>,
    tables: Vec<Prepared>,
    /// Of their rows.
    memory_bytes: u64,
}

/// A table's part with the paths that it has now.
struct Settled {
    state: Arc<TableState>,
    rows: Option<SettledRows>,
    /// Of a table that has series: its checkpoint in the pack, if it went there.
    series: Option<Option<PackedSeries>>,
}

struct SettledRows {
    table: Arc<Table>,
    view: crate::memtable::MemoryView,
    entries: Vec<SegmentEntry>,
    flushed: Sequence,
}

/// What replaces a table's memory once its manifest is committed.
struct Next {
    new: Vec<Arc<Segment>>,
    segments: Vec<Arc<Segment>>,
    tombstones: Vec<Tombstone>,
    flushed: Sequence,
    last: Option<Arc<LastValues>>,
}

impl<'a> Group<'a> {
    pub(super) fn new(store: &'a Arc<Store>, runtime: &'a Runtime) -> Self {
        Self { store, runtime, packing: Packing::new(store, runtime), tables: Vec::new(), memory_bytes: 0 }
    }

    /// Writes what a table has.
    pub(super) fn add(&mut self, state: &Arc<TableState>) -> Result<()> {
        if let Some(prepared) = prepare(self.store, state, self.runtime, &mut self.packing)? {
            self.memory_bytes += prepared.memory_bytes();
            self.tables.push(prepared);
        }
        Ok(())
    }

    /// Whether it had better be committed before more is added.
    pub(super) fn is_full(&self) -> bool {
        self.memory_bytes >= self.store.options.flush_bytes / 2 || self.packing.bytes() >= PACK_BYTES_MAX
    }

    /// Makes it durable, commits it, and lets the rows go from memory.
    pub(super) fn finish(self) -> Result<()> {
        let Self { store, runtime, packing, mut tables, .. } = self;
        if tables.is_empty() {
            return Ok(());
        }
        let packed = sync_log(store, runtime).and_then(|()| packing.finish());
        let pack = packed.inspect_err(|_| {
            let segments = tables.iter().filter_map(|table| table.rows.as_ref()).flat_map(|rows| &rows.segments);
            segments.for_each(|segment| segment.discard(store.files.as_ref()));
        })?;
        tables.sort_by_key(|table| table.state.id);
        let tables: Vec<Settled> =
            tables.into_iter().map(|table| settle(table, pack.as_deref())).collect::<Result<_>>()?;
        for table in &tables {
            store.packs.name(table.rows.iter().flat_map(|rows| &rows.entries).map(|entry| entry.path.as_str()));
            store.packs.name(table.series.iter().flatten().flat_map(PackedSeries::files));
        }
        let removed = commit(store, runtime, tables)?;
        if let Err(error) = remove_own(store, &removed) {
            tracing::warn!(%error, "series checkpoints that are no longer needed stay until the next start");
        }
        Ok(())
    }
}

fn settle(table: Prepared, pack: Option<&str>) -> Result<Settled> {
    let Prepared { state, rows, series } = table;
    let settle_rows = |PreparedRows { table, view, segments, flushed }| -> Result<SettledRows> {
        let entries = segments.into_iter().map(|segment: Placed| segment.settle(pack)).collect::<Result<Vec<_>>>()?;
        Ok(SettledRows { table, view, entries, flushed })
    };
    let rows = rows.map(settle_rows).transpose()?;
    let series = match series {
        PreparedSeries::None => None,
        PreparedSeries::Own => Some(None),
        PreparedSeries::Packed { mark, checkpoint, series_file } => {
            let series_file = series_file.map(|name| member(pack, &name)).transpose()?;
            Some(Some(PackedSeries { mark, checkpoint: member(pack, &checkpoint)?, series_file }))
        }
    };
    Ok(Settled { state, rows, series })
}

/// Commits all of it at once. Tables whose checkpoints go to a pack for the first time, with their marks.
fn commit(store: &Arc<Store>, runtime: &Runtime, tables: Vec<Settled>) -> Result<BTreeMap<TableId, Sequence>> {
    let files: Vec<_> = tables.iter().map(|table| table.state.files.lock()).collect();
    let mut manifests = Vec::with_capacity(tables.len());
    let mut next = Vec::with_capacity(tables.len());
    for table in &tables {
        let (manifest, memory) = table.manifest(store);
        manifests.push(manifest);
        next.push(memory);
    }
    let there = put_manifests(runtime, store.catalog.as_ref(), manifests)?;
    let mut packed_marks = BTreeMap::new();
    let mut replaced = Vec::new();
    for (table, next) in tables.iter().zip(next) {
        let state = &table.state;
        if !there.contains(&state.id) {
            next.iter().flat_map(|next| &next.new).for_each(|segment| segment.doom());
            replaced.extend(table.series.iter().flatten().cloned());
            continue;
        }
        if let Some(Next { segments, tombstones, flushed, last, .. }) = next {
            state.memory.write().flush(flushed, segments, &tombstones, last);
            if let Some(rows) = &table.rows {
                compaction::flushed(store, state, rows.table.kind);
            }
        }
        if let Some(series) = &table.series {
            let before = std::mem::replace(&mut *state.packed_series.lock(), series.clone());
            if let Some(packed) = series {
                state.series.write().checkpointed(packed.mark);
                if before.is_none() {
                    packed_marks.insert(state.id, packed.mark);
                }
            }
            replaced.extend(before);
        }
    }
    drop(files);
    if let Some(table) = tables.first().filter(|_| !replaced.is_empty()) {
        store.compactor.files_changed(table.state.id);
    }
    remove_members(store.files.as_ref(), replaced.iter().flat_map(PackedSeries::files));
    Ok(packed_marks)
}

impl Settled {
    fn manifest(&self, store: &Arc<Store>) -> (NumberedManifest, Option<Next>) {
        let id = self.state.id;
        let now = store.catalog.snapshot().manifest(id);
        let series = match &self.series {
            Some(Some(packed)) => packed.mark,
            _ => self.state.series.read().mark(),
        };
        let packed_series = self.series.clone().unwrap_or_else(|| now.packed_series.clone());
        let Some(SettledRows { table, view, entries, flushed }) = &self.rows else {
            // Only the checkpoint is new.
            return ((id, TableManifest { series, packed_series, ..TableManifest::clone(&now) }, series), None);
        };
        // A compaction may have changed them since the view was taken.
        let older = self.state.memory.read().segments().clone();
        let tombstones: Vec<Tombstone> =
            view.tombstones.iter().filter(|t| older.iter().any(|s| masks(t, &s.entry, table.kind))).cloned().collect();
        let new_segment = |entry: &SegmentEntry| {
            Segment::new(entry.clone(), table.clone(), store.files.clone(), store.footers.clone())
        };
        let new: Vec<_> = entries.iter().map(new_segment).collect();
        let mut segments: Vec<Arc<Segment>> = older.iter().chain(&new).cloned().collect();
        segment::sort(&mut segments);
        let manifest = TableManifest {
            flushed: *flushed,
            segments: segments.iter().map(|s| s.entry.clone()).collect(),
            tombstones: tombstones.clone(),
            series,
            packed_series,
        };
        // Last values must not need rows that are about to leave the memory.
        let last = last::at_flush(store, &self.state, table, view, *flushed).unwrap_or_else(|error| {
            tracing::warn!(%error, table = id.0, "last values are forgotten");
            None
        });
        ((id, manifest, *flushed), Some(Next { new, segments, tombstones, flushed: *flushed, last }))
    }
}

/// Removes files of their own of tables whose checkpoint lies in a pack now.
fn remove_own(store: &Store, packed: &BTreeMap<TableId, Sequence>) -> Result<()> {
    if packed.is_empty() {
        return Ok(());
    }
    let files = store.files.as_ref();
    let checkpoints = Checkpoints::new(files);
    let older = checkpoints.all_marks()?.into_iter().filter_map(|(table, marks)| {
        let newest = *packed.get(&table)?;
        marks.iter().any(|mark| *mark < newest).then_some((table, newest))
    });
    for (table, newest) in older {
        checkpoints.remove(table, |mark| mark < newest)?;
        series_file::remove(files, table, true)?;
    }
    Ok(())
}
