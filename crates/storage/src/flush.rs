//! From memory to segments: one segment for each time partition, the series checkpoint, then the
//! manifest, then memory. Until the manifest is committed nothing names the files; a crash leaves
//! orphans that the next start removes, and the log still has the rows.

use crate::catalogue_commit::{commit, put_manifest};
use crate::compaction::masks;
use crate::last;
use crate::memtable::MemoryView;
use crate::segment::{self, Segment};
use crate::series_file;
use crate::series_index::{Checkpoints, SeriesIndex, series_column};
use crate::store::Store;
use crate::table_state::TableState;
use catalog::{Catalog, Change, SegmentEntry, TableManifest, Tombstone};
use files::File;
use model::{KeyBytes, KeyHash, Result, Sequence, SeriesId, Table, TableId, TableKind};
use parking_lot::RwLockWriteGuard;
use segments::{
    Chunk, Identity, MergeContext, PartitionRows, Partitioning, RowKind, RowKinds, SegmentRows, SegmentTarget,
    SeriesKeys, keyed_rows, partition_rows, remove_segment, write_segment,
};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// Flushes every table, the idle ones too: a single old row would keep all of the log behind it.
/// Then trims the log. Goes on after an error with the next table.
pub(crate) fn flush_all(store: &Arc<Store>, runtime: &Runtime) -> Result<()> {
    let mut first_error = Ok(());
    for state in store.touched() {
        if store.background.is_ending() {
            return Err(crate::background::ended());
        }
        let flushed = Flush { store, state: &state, runtime }.run();
        if let Err(error) = flushed {
            tracing::error!(%error, table = state.id.0, "a table could not be flushed");
            first_error = first_error.and(Err(error));
        }
    }
    // Also after an error: what the other tables no longer need makes room.
    let trimmed = trim(store, runtime);
    first_error.and(trimmed)
}

/// Removes log files that nobody needs, and dropped ids that nobody can meet any more.
pub(crate) fn trim(store: &Store, runtime: &Runtime) -> Result<()> {
    // What is published up to here is seen below.
    let mut low = Sequence(store.log.visible().0 + 1);
    for state in store.touched() {
        let series = state.series.read();
        if series.has_changed() {
            low = low.min(Sequence(series.mark().0 + 1));
        }
        drop(series);
        if let Some(oldest) = state.memory.read().oldest_unflushed() {
            low = low.min(oldest);
        }
    }
    // After the tables: what a load publishes meanwhile is in neither.
    if let Some(oldest) = store.loads.oldest_needed(store) {
        low = low.min(oldest);
    }
    let trim = store.log.trimmable(low);
    let mut dropped = store.dropped.lock();
    let (forgotten, kept): (Vec<_>, Vec<_>) = dropped.drain(..).partition(|(_, last)| *last <= trim.gone);
    *dropped = kept;
    drop(dropped);
    // First the catalogue: files that it no longer asks for are not read, and go at the next start.
    let mut changes: Vec<Change> = trim.first.map(Change::TrimLog).into_iter().collect();
    if !forgotten.is_empty() {
        changes.push(Change::ForgetDropped(forgotten.iter().map(|(id, _)| *id).collect()));
    }
    if changes.is_empty() {
        return Ok(());
    }
    commit(runtime, store.catalog.as_ref(), changes).inspect_err(|_| store.dropped.lock().extend(forgotten))?;
    trim.first.map_or(Ok(()), |first| store.log.remove_before(first))
}

/// Removes the checkpoints of a table that is gone, and the file of its series.
pub(crate) fn remove_checkpoints(store: &Store, table: TableId) -> Result<()> {
    Checkpoints::new(store.files.as_ref()).remove(table, |_| true)?;
    series_file::remove(store.files.as_ref(), table, true)
}

struct Flush<'a> {
    store: &'a Arc<Store>,
    state: &'a Arc<TableState>,
    runtime: &'a Runtime,
}

impl Flush<'_> {
    fn run(&self) -> Result<()> {
        let visible = self.state.settled(self.store.log.visible());
        let (view, flushed) = {
            let memory = self.state.memory.read();
            (memory.view(visible), memory.flushed())
        };
        let has_series = self.state.series.read().has_changed();
        let has_deletions = view.tombstones.last().is_some_and(|t| t.sequence > flushed);
        if view.chunks.is_empty() && !has_deletions && !has_series {
            return Ok(());
        }
        let catalog = self.store.catalog.snapshot();
        // A dropped table is about to be forgotten.
        let Some(table) = catalog.table(self.state.id).cloned() else { return Ok(()) };
        self.sync_log()?;
        let entries = if view.chunks.is_empty() {
            Vec::new()
        } else {
            let merged = self.merge(&table, &view, visible)?;
            self.write_segments(&catalog, &table, &view, &merged)?
        };
        if table.kind == TableKind::Series {
            self.checkpoint(flushed)?;
        }
        if view.chunks.is_empty() && !has_deletions {
            return self.commit_checkpoint();
        }
        self.commit(&table, &view, entries, visible)
    }

    /// Makes durable whatever is visible by now: files must not hold half of a request whose other
    /// half, or what came before it, a crash may still take.
    fn sync_log(&self) -> Result<()> {
        if self.store.is_lax() {
            let synced = self.store.log.queue.push_barrier(true)?;
            self.runtime.block_on(crate::write::settled(synced))?;
        }
        Ok(())
    }

    /// Everything in memory as one chunk, with every visible deletion applied.
    fn merge(&self, table: &Table, view: &MemoryView, visible: Sequence) -> Result<Chunk> {
        let mut chunks: Vec<Arc<Chunk>> = view.chunks.iter().map(|c| c.chunk.clone()).collect();
        if chunks.last().is_some_and(|c| c.sequences.1 < visible) {
            // An empty chunk at the visible number: deletions and retypes after the last row lie
            // between chunks, too.
            let nothing = match table.kind {
                TableKind::Series => Identity::Series { series: Vec::new(), times: Vec::new() },
                TableKind::Keyed => Identity::Keyed { keys: Vec::new() },
            };
            chunks.push(Arc::new(Chunk::new(visible, nothing, RowKinds::All(RowKind::Replace), Vec::new())?.fold()?));
        }
        Chunk::merge(
            &chunks,
            &MergeContext {
                table,
                tombstones: &view.tombstones,
                key_hash: &|id| self.state.series.read().hash_of(id),
                spellings: self.store.spellings.as_ref(),
            },
        )
    }

    fn write_segments(
        &self,
        catalog: &Catalog,
        table: &Arc<Table>,
        view: &MemoryView,
        merged: &Chunk,
    ) -> Result<Vec<SegmentEntry>> {
        let partition_seconds = self.partition_seconds(catalog, table);
        let partitions: Vec<PartitionRows> = match table.kind {
            TableKind::Series => self.series_rows(table, view, merged, partition_seconds)?,
            TableKind::Keyed => {
                let rows: Option<SegmentRows> = keyed_rows(merged, view.segments.is_empty())?;
                rows.map(|rows| PartitionRows { partition: 0, rows }).into_iter().collect()
            }
        };
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        if view.segments.is_empty() {
            segment::make_directory(self.store.files.as_ref(), self.state)?;
        }
        let ids = self.runtime.block_on(self.store.catalog.take_ids(partitions.len() as u64))?;
        let mut entries = Vec::with_capacity(partitions.len());
        for (id, PartitionRows { partition, rows }) in ids.zip(&partitions) {
            let path = segment::path(table.id, id);
            let target = SegmentTarget { id, path: &path, partition: *partition, partition_seconds, table };
            match write_segment(self.store.files.as_ref(), &target, rows) {
                Ok(entry) => entries.push(entry),
                Err(error) => {
                    for path in entries.iter().map(|e: &SegmentEntry| e.path.as_str()).chain([path.as_str()]) {
                        let _ = remove_segment(self.store.files.as_ref(), path);
                    }
                    return Err(error);
                }
            }
        }
        Ok(entries)
    }

    /// The length of a time partition as it is set now; 0 where there are none.
    fn partition_seconds(&self, catalog: &Catalog, table: &Table) -> u64 {
        if table.kind == TableKind::Keyed {
            return 0;
        }
        let database = catalog.database(table.database).and_then(|d| d.partition_seconds);
        table.partition_seconds.or(database).unwrap_or(self.store.options.partition_seconds).max(1)
    }

    fn series_rows(
        &self,
        table: &Arc<Table>,
        view: &MemoryView,
        merged: &Chunk,
        seconds: u64,
    ) -> Result<Vec<PartitionRows>> {
        let unit = table.time_unit().ok_or_else(|| model::Error::internal("a series table without a time column"))?;
        let readers = view.segments.iter().map(|s| s.reader()).collect::<Result<Vec<_>>>()?;
        let (keys, hashes) = {
            let series = self.state.series.read();
            let keys = series_keys(&series, table, merged.series(), self.store)?;
            let hashes: HashMap<SeriesId, KeyHash> =
                keys.ids.iter().filter_map(|id| Some((*id, series.hash_of(*id)?))).collect();
            (Arc::new(keys), hashes)
        };
        let newest_older = |id: SeriesId| {
            let runs = readers.iter().filter_map(|reader| reader.run_of(*hashes.get(&id)?));
            runs.map(|run| run.time.last).max()
        };
        partition_rows(merged, &keys, Partitioning { unit, seconds }, &newest_older)
    }

    fn checkpoint(&self, flushed: Sequence) -> Result<()> {
        let (mark, written) = {
            let mut series = self.state.series.write();
            let mark = self.store.log.visible();
            let listed = series.snapshot(mark);
            let series = RwLockWriteGuard::downgrade(series);
            let write = |file: &dyn File| series.write(self.state.id, mark, flushed, listed.ids(), file);
            (mark, Checkpoints::new(self.store.files.as_ref()).begin(self.state.id, mark, write)?)
        };
        self.sync_log()?;
        written.finish()?;
        self.state.series.write().checkpointed(mark);
        if let Err(error) = series_file::write(self.store, self.state) {
            tracing::warn!(%error, table = self.state.id.0, "the series file for other tools was not written");
        }
        Ok(())
    }

    /// Lets the catalogue know of a checkpoint where nothing else is new.
    fn commit_checkpoint(&self) -> Result<()> {
        let _files = self.state.files.lock();
        let manifest = self.store.catalog.snapshot().manifest(self.state.id);
        let series = self.state.series.read().mark();
        self.put_manifest(TableManifest { series, ..TableManifest::clone(&manifest) }, series).map(drop)
    }

    fn put_manifest(&self, manifest: TableManifest, reached: Sequence) -> Result<bool> {
        put_manifest(self.runtime, self.store.catalog.as_ref(), self.state.id, manifest, reached)
    }

    fn commit(
        &self,
        table: &Arc<Table>,
        view: &MemoryView,
        entries: Vec<SegmentEntry>,
        flushed: Sequence,
    ) -> Result<()> {
        let _files = self.state.files.lock();
        // A compaction may have changed them since the view was taken.
        let older = self.state.memory.read().segments().clone();
        let tombstones: Vec<Tombstone> =
            view.tombstones.iter().filter(|t| older.iter().any(|s| masks(t, &s.entry, table.kind))).cloned().collect();
        let new_segment =
            |entry| Segment::new(entry, table.clone(), self.store.files.clone(), self.store.footers.clone());
        let new: Vec<_> = entries.into_iter().map(new_segment).collect();
        let mut segments: Vec<Arc<Segment>> = older.iter().chain(&new).cloned().collect();
        segment::sort(&mut segments);
        let manifest = TableManifest {
            flushed,
            segments: segments.iter().map(|s| s.entry.clone()).collect(),
            tombstones: tombstones.clone(),
            series: self.state.series.read().mark(),
        };
        // Last values must not need rows that are about to leave the memory.
        let last = last::at_flush(self.store, self.state, table, view, flushed).unwrap_or_else(|error| {
            tracing::warn!(%error, table = self.state.id.0, "last values are forgotten");
            None
        });
        if !self.put_manifest(manifest, flushed)? {
            new.iter().for_each(|segment| segment.doom());
            return Ok(());
        }
        self.state.memory.write().flush(flushed, segments, &tombstones, last);
        self.store.compactor.files_changed(self.state.id);
        Ok(())
    }
}

/// The keys of some series, in key order.
fn series_keys(index: &SeriesIndex, table: &Table, mut ids: Vec<SeriesId>, store: &Store) -> Result<SeriesKeys> {
    let key = |id: &SeriesId| index.entry(*id).map_or(&[][..], |e| &e.key);
    ids.sort_by(|a, b| key(a).cmp(key(b)));
    let columns = table
        .key_columns()
        .map(|column| series_column(&ids, index, table, column, store.spellings.as_ref()))
        .collect::<Result<_>>()?;
    let keys = ids.iter().map(|id| KeyBytes(key(id).into())).collect();
    Ok(SeriesKeys { ids, keys, columns })
}
