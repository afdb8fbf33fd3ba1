//! What one table gives to a flush: a segment for each time partition and the series checkpoint, as
//! files of their own or in the pack of the flush. Nothing names them yet.

use crate::memtable::MemoryView;
use crate::packing::{Packing, Placed};
use crate::segment::{self, Segment};
use crate::series_file;
use crate::series_index::{
    Checkpoints, FrozenSeries, ReadTexts, SeriesSnapshot, SeriesTexts, in_key_order, series_column,
};
use crate::store::Store;
use crate::table_state::TableState;
use catalog::Catalog;
use files::{File, Files, StagedFiles, pack_of};
use model::{KeyBytes, Result, Sequence, SeriesId, Table, TableKind};
use segments::{
    Chunk, Identity, MergeContext, PartitionRows, Partitioning, RowKind, RowKinds, SegmentIdentity, SegmentRows,
    SegmentTarget, SeriesKeys, keyed_rows, partition_rows, write_segment,
};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::runtime::Runtime;

/// Bytes that a series takes in its checkpoint, at least.
const SERIES_BYTES: u64 = 72;

/// One table's part of a flush.
pub(super) struct Prepared {
    pub(super) state: Arc<TableState>,
    /// `None`: only its series are new.
    pub(super) rows: Option<PreparedRows>,
    pub(super) series: PreparedSeries,
}

/// What its memory held.
pub(super) struct PreparedRows {
    pub(super) table: Arc<Table>,
    pub(super) view: MemoryView,
    pub(super) segments: Vec<Placed>,
    /// Everything up to this number.
    pub(super) flushed: Sequence,
}

/// Where its series checkpoint went.
pub(super) enum PreparedSeries {
    /// There is none.
    None,
    /// To a file of its own, which counts already.
    Own,
    /// To the pack, by these names.
    Packed { mark: Sequence, checkpoint: String, series_file: Option<String> },
}

impl Prepared {
    /// Bytes in memory that wait for the commit.
    pub(super) fn memory_bytes(&self) -> u64 {
        let chunks = self.rows.iter().flat_map(|rows| &rows.view.chunks);
        chunks.map(|chunk| chunk.chunk.bytes() as u64).sum()
    }
}

/// Writes what a table has in memory; `None`: there is nothing that is not in files.
pub(super) fn prepare(
    store: &Arc<Store>,
    state: &Arc<TableState>,
    runtime: &Runtime,
    packing: &mut Packing<'_>,
) -> Result<Option<Prepared>> {
    TableFlush { store, state, runtime, packing }.run()
}

struct TableFlush<'a, 'b> {
    store: &'a Arc<Store>,
    state: &'a Arc<TableState>,
    runtime: &'a Runtime,
    packing: &'a mut Packing<'b>,
}

impl TableFlush<'_, '_> {
    fn run(mut self) -> Result<Option<Prepared>> {
        let visible = self.state.settled(self.store.log.visible());
        let (view, flushed) = {
            let memory = self.state.memory.read();
            (memory.view(visible), memory.flushed())
        };
        let has_series = self.state.series.read().has_changed();
        let has_deletions = view.tombstones.last().is_some_and(|t| t.sequence > flushed);
        if view.chunks.is_empty() && !has_deletions && !has_series {
            return Ok(None);
        }
        let catalog = self.store.catalog.snapshot();
        // A dropped table is about to be forgotten.
        let Some(table) = catalog.table(self.state.id).cloned() else { return Ok(None) };
        let segments = if view.chunks.is_empty() {
            Vec::new()
        } else {
            let merged = self.merge(&table, &view, visible)?;
            self.write_segments(&catalog, &table, &view, &merged)?
        };
        let series = if table.kind == TableKind::Series {
            self.checkpoint(flushed, &view, &segments)
                .inspect_err(|_| segments.iter().for_each(|segment| segment.discard(self.store.files.as_ref())))?
        } else {
            PreparedSeries::None
        };
        let has_rows = !view.chunks.is_empty() || has_deletions;
        let rows = has_rows.then_some(PreparedRows { table, view, segments, flushed: visible });
        Ok(Some(Prepared { state: self.state.clone(), rows, series }))
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
        &mut self,
        catalog: &Catalog,
        table: &Arc<Table>,
        view: &MemoryView,
        merged: &Chunk,
    ) -> Result<Vec<Placed>> {
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
        let ids = self.runtime.block_on(self.store.catalog.take_ids(partitions.len() as u64))?;
        let memory_bytes = |rows: usize| merged.bytes() as u64 * rows as u64 / merged.rows().max(1) as u64;
        let mut placed: Vec<Placed> = Vec::with_capacity(partitions.len());
        for (id, PartitionRows { partition, rows }) in ids.zip(&partitions) {
            let path = segment::path(table.id, id);
            let target = SegmentTarget { id, path: &path, partition: *partition, partition_seconds, table };
            let may_be_small = self.packing.may_be_small(memory_bytes(row_count(rows)));
            let mut write = |files: &dyn Files| write_segment(files, &target, rows).map(Some);
            match self.packing.place(self.state, &path, may_be_small, &mut write) {
                Ok(segment) => placed.extend(segment),
                Err(error) => {
                    placed.iter().for_each(|segment| segment.discard(self.store.files.as_ref()));
                    return Err(error);
                }
            }
        }
        Ok(placed)
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
        let readers = may_meet(merged, view).map(|s| s.reader()).collect::<Result<Vec<_>>>()?;
        let texts = self.state.series.read().texts();
        let keys = Arc::new(series_keys(&texts, table, merged.series(), self.store)?);
        let newest_older = |id: SeriesId| {
            let hash = texts.hash(id)?;
            let runs = readers.iter().filter_map(|reader| reader.run_of(hash));
            runs.map(|run| run.time.last).max()
        };
        partition_rows(merged, &keys, Partitioning { unit, seconds }, &newest_older)
    }

    /// Writes the series where they are others than those of the newest checkpoint, or where that lies
    /// elsewhere than it would now: to the pack, where that has all that other
    /// tools could read of the table, too; else to files of their own. The newest times of its series
    /// are those of segments, too.
    fn checkpoint(&mut self, flushed: Sequence, view: &MemoryView, written: &[Placed]) -> Result<PreparedSeries> {
        let pack_bytes = self.store.options.pack_bytes;
        let all_packed = written.iter().all(Placed::is_packed)
            && view.segments.iter().all(|segment| pack_of(&segment.entry.path).is_some());
        let living = self.state.series.read().living() as u64;
        let few = living * SERIES_BYTES.max(self.state.series_bytes.load(Ordering::Relaxed)) <= pack_bytes;
        let into_pack = pack_bytes > 0 && all_packed && few;
        let is_packed = self.state.packed_series.lock().is_some();
        if !self.state.series.read().has_changed() && into_pack == is_packed {
            return Ok(PreparedSeries::None);
        }
        if into_pack {
            let staged = StagedFiles::default();
            let path = Path::new("checkpoint");
            let file = staged.create(path).map_err(model::Error::internal)?;
            let (mark, listed, frozen) = self.frozen_series();
            frozen.write(self.state.id, mark, flushed, listed.ids(), file.as_ref())?;
            let bytes = staged.take(path).unwrap_or_default();
            // The next one is not tried in vain.
            self.state.series_bytes.store((bytes.len() as u64).div_ceil(living.max(1)), Ordering::Relaxed);
            if bytes.len() as u64 <= pack_bytes {
                let checkpoint = self.packing.put(self.state.id, &[&bytes], "series")?;
                let series_file = self.packed_series_file()?;
                return Ok(PreparedSeries::Packed { mark, checkpoint, series_file });
            }
        }
        let (mark, listed, frozen) = self.frozen_series();
        let write = |file: &dyn File| frozen.write(self.state.id, mark, flushed, listed.ids(), file);
        let written = Checkpoints::new(self.store.files.as_ref()).begin(self.state.id, mark, write)?;
        drop(frozen);
        super::sync_log(self.store, self.runtime)?;
        written.finish()?;
        self.state.series.write().checkpointed(mark);
        if let Err(error) = series_file::write(self.store, self.state) {
            tracing::warn!(%error, table = self.state.id.0, "the series file for other tools was not written");
        }
        Ok(PreparedSeries::Own)
    }

    /// What a checkpoint is to hold now, with its mark and the living series in key order.
    fn frozen_series(&self) -> (Sequence, Arc<SeriesSnapshot>, FrozenSeries) {
        let mut series = self.state.listed_series(|| self.store.log.visible());
        let mark = self.store.log.visible();
        (mark, series.snapshot(mark), series.freeze())
    }

    /// The series file that goes beside a checkpoint in the pack, if it can be made.
    fn packed_series_file(&mut self) -> Result<Option<String>> {
        let staged = StagedFiles::default();
        let made = series_file::write_to(&staged, series_file::FILE, self.store, self.state);
        match made {
            Ok(_) => {
                let bytes = staged.take(Path::new(series_file::FILE));
                bytes.map(|bytes| self.packing.put(self.state.id, &[&bytes], "parquet")).transpose()
            }
            Err(error) => {
                tracing::warn!(%error, table = self.state.id.0, "the series file was not written");
                Ok(None)
            }
        }
    }
}

/// The segments that may have an older version of a row that a flush cannot call whole otherwise. Rows
/// in order meet none, and neither do whole rows, whatever lies below them.
fn may_meet<'a>(merged: &Chunk, view: &'a MemoryView) -> impl Iterator<Item = &'a Arc<Segment>> {
    let all_whole = (0..merged.rows()).all(|row| merged.kinds.get(row) == RowKind::Replace);
    let bounds = merged.time_bounds().filter(|_| !all_whole);
    view.segments.iter().filter(move |segment| bounds.is_some_and(|rows| segment.entry.time.last >= rows.first))
}

fn row_count(rows: &SegmentRows) -> usize {
    match &rows.identity {
        SegmentIdentity::Series { times, .. } => times.len(),
        SegmentIdentity::Keyed { keys } => keys.len(),
    }
}

/// The keys of some series, in key order.
fn series_keys(texts: &SeriesTexts, table: &Table, ids: Vec<SeriesId>, store: &Store) -> Result<SeriesKeys> {
    let ids = in_key_order(ids.into_iter(), texts);
    let columns = table
        .key_columns()
        .map(|column| series_column(&ids, texts, table, column, store.spellings.as_ref()))
        .collect::<Result<_>>()?;
    let keys = ids.iter().map(|id| KeyBytes(texts.key(*id).into())).collect();
    Ok(SeriesKeys { ids, keys, columns })
}
