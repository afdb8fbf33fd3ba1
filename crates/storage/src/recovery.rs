//! Opening a store: format, manifests, series checkpoints, then the log on top. Each part of a
//! record is skipped by its own mark; what no manifest names is removed.

use crate::background::{self, Background};
use crate::catalogue_commit::{commit_blocking, own_runtime};
use crate::compaction::{self, Compactor};
use crate::footers::Footers;
use crate::format::{SaidFeatures, check_format, too_new};
use crate::last::LastPool;
use crate::log::{
    self, DecidedPart, LoadCommit, LogQueue, LogWriter, Record, RecordPart, RowsPart, SeriesRows, Unreadable,
    WriterOptions, corrupt, decode_block, decode_record, read_log,
};
use crate::memtable::MemoryChunk;
use crate::pieces::{Piece, chunk_of};
use crate::pressure::Pressure;
use crate::series_index::{self, Checkpoints, Expected, SeriesIndex};
use crate::source::WriterId;
use crate::store::{Store, Threads, new_state};
use crate::table_state::TableState;
use crate::write::{PublishedPart, ReplayedLoads};
use crate::{StorageOptions, flush, segment, series_file};
use arrow::array::new_null_array;
use catalog::{Catalog, CatalogStore, Tombstone};
use files::{Files, HeldFiles, PACKS, PackedFiles, io_error, pack_of};
use model::{
    Error, RangeDelete, Result, Sequence, SeriesId, Table, TableId, TableKind, arrow_type, encode_keys, key_hash,
};
use parking_lot::{Mutex, RwLock};
use segments::{ChunkColumn, Identity, PlainSpellings, Spellings};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Opens a store and starts its threads.
pub(crate) fn open(
    files: Arc<dyn Files>,
    catalog: Arc<dyn CatalogStore>,
    options: StorageOptions,
    spellings: Arc<dyn Spellings>,
    patience: Duration,
) -> Result<Threads> {
    check_format(files.as_ref())?;
    let held = HeldFiles::new(files);
    let packs = PackedFiles::new(Arc::new(held.clone()));
    let files: Arc<dyn Files> = Arc::new(packs.clone());
    for directory in [log::DIRECTORY, segment::DIRECTORY, series_index::DIRECTORY, PACKS] {
        let path = Path::new(directory);
        files.create_directory(path).map_err(|e| io_error("create", path, &e))?;
    }
    files.sync_directory(Path::new("")).map_err(|e| io_error("sync", Path::new(""), &e))?;
    let features = SaidFeatures::read(files.as_ref())?;

    let snapshot = catalog.snapshot();
    packs.name(snapshot.manifests().flat_map(|(_, manifest)| manifest.files()));
    let pressure = Pressure::new(options.memory_limit_bytes, patience);
    let footers = Footers::new(options.footer_bytes);
    let mut replay =
        Replay::new(snapshot.clone(), files.clone(), footers.clone(), pressure.clone(), spellings.clone())?;
    let found = read_log(files.as_ref(), snapshot.log_files(), |path, sequence, payload| {
        replay.record(path, sequence, payload)
    })?;
    let Replay { tables, last, loads, .. } = replay;
    let ended = loads.to_tell(&snapshot);
    let loads = loads.into_loads(&snapshot, &pressure)?;
    // Files whose records are trimmed away still say how far numbers had come.
    let last = found.files.last().map_or(last, |file| last.max(file.last));
    remove_orphans(files.as_ref(), &snapshot)?;
    if !ended.is_empty() {
        commit_blocking(&catalog, ended)?;
    }

    let queue = LogQueue::new(last, options.clock.clone());
    let (log, log_thread) = LogWriter::open(
        files.clone(),
        &catalog,
        queue,
        WriterOptions {
            sync: options.wal_sync,
            file_bytes: options.log_file_bytes,
            files: found.files,
            next_number: found.next_number,
            last,
        },
    )?;
    let last_values = LastPool::new(options.last_values_bytes);
    let store = Arc::new(Store {
        writer: WriterId::issue()?,
        files,
        packs,
        features,
        naming: Mutex::default(),
        held,
        catalog,
        options,
        spellings,
        log,
        pressure,
        footers,
        last_values,
        background: Background::default(),
        compactor: Compactor::default(),
        tables: RwLock::new(tables),
        loads,
        dropped: Mutex::new(snapshot.dropped().map(|id| (id, last)).collect()),
        definitions: Arc::default(),
        backup_turn: Arc::default(),
    });
    let threads = Threads { store: store.clone(), handles: Mutex::default() };
    let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work);
        thread.map(|handle| threads.handles.lock().push(handle)).map_err(|e| Error::internal(format!("thread: {e}")))
    };
    let runtime = own_runtime()?;
    let published = store.clone();
    spawn(
        "storage-log",
        Box::new(move || {
            log_thread.run(|entries| {
                entries.iter().flat_map(|e| &e.effects.tables).for_each(|t| published.background.ask_merge(&t.table));
                if published.pressure.flushable() >= published.options.flush_bytes || published.log.is_flush_due() {
                    published.background.ask_flush();
                }
            });
        }),
    )?;
    let compacted = store.clone();
    let own = own_runtime()?;
    spawn("storage-compaction", Box::new(move || compaction::run(&compacted, &own)))?;
    spawn(
        "storage-background",
        Box::new(move || {
            if let Err(error) = flush::trim(&store, &runtime) {
                tracing::warn!(%error, "the log could not be trimmed");
            }
            if store.log.is_flush_due() {
                store.background.ask_flush();
            }
            background::run(&store, &runtime);
        }),
    )?;
    Ok(threads)
}

/// Removes packs and segments that no manifest names, and series files of tables that are gone. Empty directories of
/// tables that are gone stay.
fn remove_orphans(files: &dyn Files, catalog: &Catalog) -> Result<()> {
    let named: HashSet<&str> =
        catalog.manifests().flat_map(|(_, manifest)| manifest.files()).filter_map(pack_of).collect();
    segment::remove_files(files, Path::new(PACKS), |name| !named.contains(format!("{PACKS}/{name}").as_str()))?;
    let segments = Path::new(segment::DIRECTORY);
    let tables = files.list(segments).map_err(|e| io_error("list", segments, &e))?;
    // Nothing of ours has another name.
    for table in tables.iter().filter_map(|name| name.parse().ok()).map(TableId) {
        let manifest = catalog.table(table).map(|_| catalog.manifest(table)).unwrap_or_default();
        let named: HashSet<&str> = manifest.segments.iter().map(|segment| stem(&segment.path)).collect();
        let is_orphan =
            |name: &str| name != series_file::DIRECTORY && (name.ends_with(".tmp") || !named.contains(stem(name)));
        segment::remove_files(files, &segment::directory(table), is_orphan)?;
        let lies_elsewhere = catalog.table(table).is_none() || manifest.packed_series.is_some();
        series_file::remove(files, table, lies_elsewhere)?;
    }
    Ok(())
}

/// A segment's file name without its endings: its run directory begins with the same.
fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('.').next().unwrap_or(name)
}

/// A table that is there.
type Here = (Arc<Table>, Arc<TableState>);

/// Brings records of the log to memory, one after the other.
pub(crate) struct Replay {
    pub(crate) catalog: Arc<Catalog>,
    files: Arc<dyn Files>,
    footers: Arc<Footers>,
    pressure: Arc<Pressure>,
    checkpoints: BTreeMap<TableId, SeriesIndex>,
    pub(crate) tables: BTreeMap<TableId, Arc<TableState>>,
    last: Sequence,
    /// Tables that a check cannot replay: their series are not known.
    pub(crate) skipped: BTreeSet<TableId>,
    /// Whether rows stay in memory; a check only wants to know that they could.
    pub(crate) keeps_rows: bool,
    loads: ReplayedLoads,
    spellings: Arc<dyn Spellings>,
}

impl Replay {
    fn new(
        catalog: Arc<Catalog>,
        files: Arc<dyn Files>,
        footers: Arc<Footers>,
        pressure: Arc<Pressure>,
        spellings: Arc<dyn Spellings>,
    ) -> Result<Self> {
        let checkpoints = Checkpoints::new(files.as_ref()).load(&Expected::all(&catalog))?;
        let replay = Self::with(catalog, files, footers, pressure, checkpoints)?;
        Ok(Self { spellings, ..replay })
    }

    /// The same with series that were loaded before.
    pub(crate) fn with(
        catalog: Arc<Catalog>,
        files: Arc<dyn Files>,
        footers: Arc<Footers>,
        pressure: Arc<Pressure>,
        checkpoints: BTreeMap<TableId, SeriesIndex>,
    ) -> Result<Self> {
        let flushed = catalog.tables().map(|table| catalog.manifest(table.id).flushed);
        let marks = checkpoints.values().map(SeriesIndex::mark);
        let last = flushed.chain(marks).chain([catalog.sequence()]).max().unwrap_or_default();
        let mut replay = Self {
            catalog,
            files,
            footers,
            pressure,
            checkpoints,
            tables: BTreeMap::new(),
            last,
            skipped: BTreeSet::new(),
            keeps_rows: true,
            loads: ReplayedLoads::default(),
            spellings: Arc::new(PlainSpellings),
        };
        for id in replay.checkpoints.keys().copied().collect::<Vec<_>>() {
            replay.table(id)?;
        }
        Ok(replay)
    }

    fn table(&mut self, id: TableId) -> Result<Arc<TableState>> {
        if let Some(state) = self.tables.get(&id) {
            return Ok(state.clone());
        }
        let mut series = self.checkpoints.remove(&id).unwrap_or_default();
        // Rows that went to segments after the checkpoint.
        let manifest = self.catalog.manifest(id);
        let later = manifest.segments.iter().filter(|segment| segment.sequences.1 > series.mark());
        if let Some(newest) = later.map(|segment| segment.time.last).max() {
            series.saw_all(newest);
        }
        let state = new_state(&self.catalog, &self.files, &self.footers, id, series)?;
        self.tables.insert(id, state.clone());
        Ok(state)
    }

    /// Replays a record, each part of it that is not in files yet.
    pub(crate) fn record(&mut self, path: &Path, sequence: Sequence, payload: &[u8]) -> Result<()> {
        self.last = self.last.max(sequence);
        let damaged = |reason: String| corrupt(path, format!("record {sequence}: {reason}"));
        let record = decode_record(payload).map_err(|unreadable| match unreadable {
            Unreadable::Malformed(e) => damaged(e.0),
            Unreadable::Newer(what) => too_new(&what, path),
        })?;
        match record {
            Record::Request(parts) => self.request(sequence, parts, &damaged),
            Record::Commit(commit) => self.commit(sequence, commit, &damaged),
            Record::Block(block) => {
                self.loads.block(sequence, block);
                Ok(())
            }
            Record::Abort(load) => {
                self.loads.abort(load);
                Ok(())
            }
        }
    }

    /// Whether anything of a table can be replayed; an id that never was is damage.
    fn is_here(&self, id: TableId, damaged: &dyn Fn(String) -> Error) -> Result<Option<Arc<Table>>> {
        match self.catalog.table(id) {
            Some(table) => Ok(Some(table.clone()).filter(|_| !self.skipped.contains(&id))),
            None if self.catalog.was_dropped(id) => Ok(None),
            None => Err(damaged(format!("there never was a table {id}"))),
        }
    }

    fn request(&mut self, sequence: Sequence, parts: Vec<RecordPart>, damaged: &dyn Fn(String) -> Error) -> Result<()> {
        let mut pieces: BTreeMap<TableId, Vec<Piece>> = BTreeMap::new();
        for part in parts {
            let id = part.table();
            let Some(table) = self.is_here(id, damaged)? else { continue };
            let state = self.table(id)?;
            match part {
                RecordPart::Delete(delete) => replay_delete(&state, sequence, &delete),
                RecordPart::Rows(rows) => {
                    if let Some(piece) = replay_rows(&state, &table, sequence, rows, Ok).map_err(damaged)? {
                        pieces.entry(id).or_default().push(piece);
                    }
                }
            }
        }
        pieces.into_iter().try_for_each(|(id, pieces)| self.keep(sequence, id, pieces))
    }

    /// Blocks that were pending are there from this number on.
    fn commit(&mut self, sequence: Sequence, commit: LoadCommit, damaged: &dyn Fn(String) -> Error) -> Result<()> {
        let mut tables: BTreeMap<TableId, Option<Here>> = BTreeMap::new();
        for part in &commit.parts {
            let id = part.table;
            let table = self.is_here(id, damaged)?;
            let state = table.map(|table| Ok::<_, Error>((table, self.table(id)?))).transpose()?;
            tables.insert(id, state);
        }
        let is_needed = |part: &DecidedPart| {
            tables.get(&part.table).and_then(Option::as_ref).is_some_and(|(_, state)| {
                (part.rows > 0 && sequence > state.memory.read().flushed())
                    || (part.changes_series && sequence > state.series.read().mark())
            })
        };
        let published = self.loads.commit(sequence, commit, is_needed).map_err(damaged)?;
        // How a check spells values nobody told it.
        let spellings = self.keeps_rows.then_some(self.spellings.as_ref());
        let mut pieces: BTreeMap<(u32, TableId), Vec<Piece>> = BTreeMap::new();
        for mut part in published {
            let Some(Some((table, state))) = tables.get(&part.decided.table) else { continue };
            let rows = part.resolved().map_err(damaged)?;
            let finish = |piece| part.finish(table, piece, sequence, spellings);
            let replayed = replay_rows(state, table, sequence, rows, |piece| finish(piece).map_err(|e| e.to_string()));
            let PublishedPart { block, .. } = part;
            if let Some(piece) = replayed.map_err(damaged)? {
                pieces.entry((block, table.id)).or_default().push(piece);
            }
        }
        pieces.into_iter().try_for_each(|((_, id), pieces)| self.keep(sequence, id, pieces))
    }

    fn keep(&mut self, sequence: Sequence, id: TableId, pieces: Vec<Piece>) -> Result<()> {
        if let Some(chunk) = chunk_of(sequence, pieces)?.filter(|_| self.keeps_rows) {
            let charge = self.pressure.charge(chunk.bytes());
            self.table(id)?.memory.write().push(MemoryChunk::new(chunk, charge));
        }
        Ok(())
    }
}

fn replay_delete(state: &TableState, sequence: Sequence, delete: &RangeDelete) {
    let mut series = state.series.write();
    if delete.drop_series && sequence > series.mark() {
        let ended = series.select(&delete.keys);
        series.end(&ended, sequence);
    }
    drop(series);
    let mut memory = state.memory.write();
    if sequence > memory.flushed() {
        memory.delete(Tombstone { sequence, keys: delete.keys.clone(), time: delete.time });
    }
}

fn replay_rows(
    state: &TableState,
    table: &Table,
    sequence: Sequence,
    part: RowsPart,
    finish: impl FnOnce(Piece) -> Result<Piece, String>,
) -> Result<Option<Piece>, String> {
    let flushed = state.memory.read().flushed();
    let RowsPart { kind, rows, series, block, .. } = part;
    match (table.kind, series) {
        (TableKind::Series, Some(series)) => {
            let mut index = state.series.write();
            let to_index = sequence > index.mark();
            if to_index {
                replay_series(&mut index, sequence, &series)?;
            }
            if rows == 0 || sequence <= flushed {
                return Ok(None);
            }
            let (times, columns) = decode_block(&block, rows, true).map_err(|e| e.0)?;
            let piece = finish(Piece { identity: Identity::Series { series: series.ids, times }, kind, columns })?;
            let Identity::Series { series, times } = &piece.identity else { return Ok(Some(piece)) };
            for (id, time) in series.iter().zip(times) {
                if index.entry(*id).is_none() {
                    return Err(format!("there never was a series {id}"));
                }
                if to_index {
                    index.saw(*id, *time);
                }
            }
            Ok(Some(piece))
        }
        (TableKind::Keyed, None) => {
            if sequence <= flushed {
                return Ok(None);
            }
            let (_, columns) = decode_block(&block, rows, false).map_err(|e| e.0)?;
            let keys = key_arrays(table, &columns, rows);
            let keys = encode_keys(&keys, rows).map_err(|e| e.to_string())?;
            finish(Piece { identity: Identity::Keyed { keys }, kind, columns }).map(Some)
        }
        _ => Err(format!("table {} is of another kind", table.id)),
    }
}

fn replay_series(index: &mut SeriesIndex, sequence: Sequence, series: &SeriesRows) -> Result<(), String> {
    for new in &series.new {
        index.skip_to(new.id);
        let hash = key_hash(&new.key.0);
        if SeriesId(index.next_id()) != new.id || index.find(&new.key.0, hash).is_some() {
            return Err(format!("series {} was there before", new.id));
        }
        index.add(&new.key, hash, &new.attributes, sequence);
    }
    for (id, _) in &series.changed {
        if index.entry(*id).is_none() {
            return Err(format!("there never was a series {id}"));
        }
    }
    index.queue_attributes(series.changed.len());
    index.publish_attributes(sequence, &series.changed);
    Ok(())
}

/// The key columns of a keyed table among the columns of a record.
pub(crate) fn key_arrays(table: &Table, columns: &[ChunkColumn], rows: usize) -> Vec<arrow::array::ArrayRef> {
    table
        .key_columns()
        .map(|column| {
            let stored = columns.iter().find(|c| c.id == column.id);
            stored.map_or_else(|| new_null_array(&arrow_type(column.data_type), rows), |c| c.cells.values.clone())
        })
        .collect()
}
