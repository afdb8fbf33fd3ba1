//! Random layouts: how a history lies in chunks and segments.

use super::cells::{cells, field_type};
use super::history::{CHAIN, Cell, Delete, Event, FIELDS, History, KEYS, Row};
use crate::{
    Chunk, ChunkColumn, Compaction, Identity, MergeContext, Partitioning, PlainSpellings, RowKinds, SegmentReader,
    SegmentTarget, SeriesKeys, Source, WantedSeries, keyed_rows, partition_rows, remove_segment, write_segment,
};
use arrow::array::{ArrayRef, Int32Array, StringArray};
use catalog::{SegmentEntry, Tombstone};
use files::{Files, ForgetfulFiles};
use model::{
    Column, ColumnId, ColumnRole, DataType, DatabaseId, KeyBytes, KeyHash, KeySelection, SeriesId, Table, TableId,
    TableKind, TimeBounds, TimeUnit, TypeChange, TypeConversion, encode_keys, key_hash,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) const TIME: ColumnId = ColumnId(3);
pub(super) const FIELD_IDS: [ColumnId; FIELDS] = [ColumnId(10), ColumnId(11), ColumnId(12)];
pub(super) const KEY_IDS: [ColumnId; 2] = [ColumnId(1), ColumnId(2)];
const UNIT: TimeUnit = TimeUnit::Millisecond;

/// The local ids of the series, in another order than their keys.
const SERIES_IDS: [u32; KEYS] = [4, 1, 3, 0, 9, 2];

/// What is done with a group of neighbouring writes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    /// They stay as they were written.
    Stay,
    /// Each is folded.
    Fold,
    /// They become one chunk.
    Merge,
}

#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// How many writes each group has, and what happens to it.
    groups: Vec<(usize, Fate)>,
    /// How many of the oldest groups are in segments.
    flushed: usize,
    /// Whether the flush knew nothing about older rows.
    cautious: bool,
    /// Which segments are compacted in turn: from which one on, and how many neighbours.
    compactions: Vec<(usize, usize)>,
    /// Whether side files are lost.
    lose_side_files: bool,
}

pub(super) fn layout() -> impl Strategy<Value = Layout> {
    let fate = prop_oneof![Just(Fate::Stay), Just(Fate::Fold), Just(Fate::Merge)];
    let groups = prop::collection::vec((1..5_usize, fate), 1..8);
    let compactions = prop::collection::vec((0..64_usize, 1..5_usize), 0..4);
    (groups, 0..8_usize, any::<bool>(), compactions, prop::bool::weighted(0.1)).prop_map(
        |(groups, flushed, cautious, compactions, lose_side_files)| Layout {
            groups,
            flushed,
            cautious,
            compactions,
            lose_side_files,
        },
    )
}

/// A history in a layout.
#[derive(Debug)]
pub(super) struct Laid {
    pub(super) table: Arc<Table>,
    pub(super) sources: Vec<Source>,
    pub(super) tombstones: Arc<[Tombstone]>,
    pub(super) keys: Arc<Keys>,
}

/// The keys of all series, or of all rows of a keyed table.
#[derive(Debug)]
pub(super) struct Keys {
    /// By number.
    pub(super) bytes: Vec<KeyBytes>,
    /// The values of the key columns, by number.
    pub(super) columns: Vec<ArrayRef>,
    /// The numbers in order of the keys.
    pub(super) sorted: Vec<usize>,
}

impl Keys {
    fn new() -> Self {
        let names = StringArray::from(vec![Some("m"), None, Some("a"), Some("m"), Some(""), Some("z")]);
        let numbers = Int32Array::from(vec![Some(1), Some(5), None, Some(-1), Some(0), None]);
        let columns: Vec<ArrayRef> = vec![Arc::new(names), Arc::new(numbers)];
        let bytes = encode_keys(&columns, KEYS).unwrap();
        let mut sorted: Vec<usize> = (0..KEYS).collect();
        sorted.sort_by(|a, b| bytes[*a].cmp(&bytes[*b]));
        Self { bytes, columns, sorted }
    }

    fn hash(&self, key: usize) -> KeyHash {
        key_hash(&self.bytes[key].0)
    }

    /// The series in order of their keys.
    pub(super) fn wanted(&self, is_wanted: impl Fn(usize) -> bool) -> Arc<[WantedSeries]> {
        let wanted = self.sorted.iter().filter(|key| is_wanted(**key));
        wanted.map(|key| WantedSeries { id: SeriesId(SERIES_IDS[*key]), key_hash: self.hash(*key) }).collect()
    }

    pub(super) fn key_of(&self, series: SeriesId) -> usize {
        SERIES_IDS.iter().position(|id| *id == series.0).unwrap()
    }

    fn series_keys(&self) -> SeriesKeys {
        let indices: arrow::array::UInt32Array = self.sorted.iter().map(|key| *key as u32).collect();
        let columns = self.columns.iter().map(|c| arrow::compute::take(c, &indices, None).unwrap()).collect();
        SeriesKeys {
            ids: self.sorted.iter().map(|key| SeriesId(SERIES_IDS[*key])).collect(),
            keys: self.sorted.iter().map(|key| self.bytes[*key].clone()).collect(),
            columns,
        }
    }
}

pub(super) fn table(history: &History, kind: TableKind) -> Table {
    let retypes = history.retypes();
    let mut first = Column::new(FIELD_IDS[0], "a.b", ColumnRole::Field, CHAIN[retypes.len()]);
    let change = |(at, from)| TypeChange { at, from, conversion: TypeConversion::Plain };
    first.type_changes = retypes.into_iter().map(change).collect();
    let mut columns = vec![
        Column::new(KEY_IDS[0], "name", ColumnRole::Key, DataType::Text(None)),
        Column::new(KEY_IDS[1], "number", ColumnRole::Key, DataType::Int32),
    ];
    if kind == TableKind::Series {
        columns.push(Column::new(TIME, "time", ColumnRole::Time, DataType::Instant(UNIT)));
    }
    columns.push(first);
    columns.push(Column::new(FIELD_IDS[1], "_kind", ColumnRole::Field, field_type(1, CHAIN[0])));
    columns.push(Column::new(FIELD_IDS[2], "c", ColumnRole::Field, field_type(2, CHAIN[0])));
    Table {
        id: TableId(7),
        database: DatabaseId(1),
        name: "t".into(),
        kind,
        columns,
        key: KEY_IDS.to_vec(),
        unique: Vec::new(),
        schema_version: 3,
        next_column: ColumnId(20),
        partition_seconds: None,
        retention_seconds: None,
        hidden: false,
        comment: None,
        properties: BTreeMap::new(),
    }
}

/// Some keys by their hashes, or where they are neighbours in a keyed table as a range, bounded by
/// its own ends or by what it excludes.
fn selection(named: &[usize], event: usize, keys: &Keys, kind: TableKind) -> KeySelection {
    let place = |key: &usize| keys.sorted.iter().position(|sorted| sorted == key).unwrap();
    let places: BTreeSet<usize> = named.iter().map(place).collect();
    let (first, last) = (*places.first().unwrap(), *places.last().unwrap());
    let key = |place: usize| keys.bytes[keys.sorted[place]].clone();
    match event % 3 {
        _ if kind == TableKind::Series || last - first + 1 != places.len() => {}
        0 => return KeySelection::Range { first: Bound::Included(key(first)), last: Bound::Included(key(last)) },
        1 => {
            let first = first.checked_sub(1).map_or(Bound::Unbounded, |before| Bound::Excluded(key(before)));
            let last = if last + 1 < KEYS { Bound::Excluded(key(last + 1)) } else { Bound::Unbounded };
            return KeySelection::Range { first, last };
        }
        _ => {}
    }
    KeySelection::Hashes(named.iter().map(|key| keys.hash(*key)).collect())
}

fn tombstones(history: &History, keys: &Keys, kind: TableKind) -> Arc<[Tombstone]> {
    let deletes = history.0.iter().enumerate().filter_map(|(event, what)| match what {
        Event::Delete(delete) | Event::Write { delete: Some(delete), .. } => Some((event, delete)),
        _ => None,
    });
    let tombstone = |(event, Delete { keys: named, time }): (usize, &Delete)| Tombstone {
        sequence: History::sequence(event),
        keys: named.as_ref().map_or(KeySelection::All, |named| selection(named, event, keys, kind)),
        time: if kind == TableKind::Series { *time } else { TimeBounds::ALL },
    };
    deletes.map(tombstone).collect()
}

fn chunk(history: &History, event: usize, rows: &[Row], given: [bool; FIELDS], keys: &Keys, kind: TableKind) -> Chunk {
    let sequence = History::sequence(event);
    let first = history.type_at(sequence);
    let numbers: arrow::array::UInt32Array = rows.iter().map(|row| row.key as u32).collect();
    let mut columns = Vec::new();
    let identity = match kind {
        TableKind::Series => Identity::Series {
            series: rows.iter().map(|row| SeriesId(SERIES_IDS[row.key])).collect(),
            times: rows.iter().map(|row| row.time).collect(),
        },
        TableKind::Keyed => {
            for (position, data_type) in [DataType::Text(None), DataType::Int32].into_iter().enumerate() {
                let values = arrow::compute::take(&keys.columns[position], &numbers, None).unwrap();
                let cells = model::Cells::present(values);
                columns.push(ChunkColumn { id: KEY_IDS[position], data_type, cells });
            }
            Identity::Keyed { keys: rows.iter().map(|row| keys.bytes[row.key].clone()).collect() }
        }
    };
    for field in (0..FIELDS).filter(|field| given[*field]) {
        let cells = cells(field, first, rows.iter().map(|row| row.cells[field]));
        columns.push(ChunkColumn { id: FIELD_IDS[field], data_type: field_type(field, first), cells });
    }
    // A column that the table does not have any more.
    let gone = cells(1, first, rows.iter().map(|_| Cell::Value(1)));
    columns.push(ChunkColumn { id: ColumnId(19), data_type: DataType::Text(None), cells: gone });
    let kinds = RowKinds::from_rows(rows.iter().map(|row| row.kind).collect());
    Chunk::new(sequence, identity, kinds, columns).unwrap()
}

/// Writes the segments of one flush, and finds them again after the power was cut.
struct Disk {
    files: ForgetfulFiles,
    next_id: u64,
    entries: Vec<SegmentEntry>,
}

impl Disk {
    fn new() -> Self {
        let files = ForgetfulFiles::new();
        files.create_directory(Path::new("segments")).unwrap();
        files.sync_directory(Path::new("")).unwrap();
        Self { files, next_id: 1, entries: Vec::new() }
    }

    fn write(&mut self, table: &Table, partition: i64, rows: &crate::SegmentRows) {
        let path = format!("segments/{}.parquet", self.next_id);
        let target = SegmentTarget { id: self.next_id, path: &path, partition, partition_seconds: 10, table };
        self.entries.push(write_segment(&self.files, &target, rows).unwrap());
        self.next_id += 1;
    }

    /// Puts one segment in the place of some neighbours of one partition.
    fn compact(&mut self, table: &Arc<Table>, tombstones: &[Tombstone], from: usize, count: usize, cautious: bool) {
        let Some(flushed) = self.entries.iter().map(|entry| entry.sequences.1).max() else { return };
        let first = &self.entries[from % self.entries.len()];
        let group: Vec<SegmentEntry> =
            self.entries.iter().filter(|entry| entry.partition == first.partition).cloned().collect();
        let start = group.iter().position(|entry| entry.id == first.id).unwrap();
        let run = &group[start..group.len().min(start + count)];
        let files: Arc<dyn Files> = Arc::new(self.files.clone());
        let newest = run.last().unwrap();
        let compaction = Compaction {
            table: Arc::clone(table),
            inputs: run.iter().map(|entry| SegmentReader::open(&files, entry, table).unwrap()).collect(),
            tombstones: tombstones.iter().filter(|tombstone| tombstone.sequence <= flushed).cloned().collect(),
            until: if newest.id == group.last().unwrap().id { flushed } else { newest.sequences.1 },
            nothing_below: start == 0 && !cautious,
            spellings: Arc::new(PlainSpellings),
        };
        let path = format!("segments/{}.parquet", self.next_id);
        let (partition, id) = (newest.partition, self.next_id);
        let target = SegmentTarget { id, path: &path, partition, partition_seconds: 10, table };
        let written = compaction.write(&*files, &target, &mut || Ok(())).unwrap();
        self.next_id += 1;
        let at = self.entries.iter().position(|entry| entry.id == run[0].id).unwrap();
        self.entries.retain(|entry| run.iter().all(|input| input.id != entry.id));
        if let Some(written) = written {
            assert_eq!(written.sequences, (run[0].sequences.0, compaction.until));
            assert!(written.all_replace || !compaction.nothing_below, "{written:?}");
            assert!(written.rows <= run.iter().map(|entry| entry.rows).sum());
            self.entries.insert(at, written);
        }
    }

    fn open(self, table: &Table, lose_side_files: bool) -> Vec<Source> {
        let survivors = self.files.crash(0);
        if lose_side_files {
            for entry in &self.entries {
                survivors.remove(&PathBuf::from(format!("{}.runs", entry.path))).unwrap();
            }
        }
        let files: Arc<dyn Files> = Arc::new(survivors.clone());
        let open = |entry: &SegmentEntry| {
            let segment = SegmentReader::open(&files, entry, table).unwrap();
            segment.verify_checksum().unwrap();
            assert!(files.exists(&PathBuf::from(format!("{}.runs", entry.path))).unwrap());
            Source::Segment(segment)
        };
        let sources = self.entries.iter().map(open).collect();
        if let Some(entry) = self.entries.first() {
            let gone = self.files.crash(0);
            remove_segment(&gone, &entry.path).unwrap();
            remove_segment(&gone, &entry.path).unwrap();
            assert!(!gone.exists(Path::new(&entry.path)).unwrap());
        }
        sources
    }
}

pub(super) fn lay(history: &History, layout: &Layout, kind: TableKind) -> Laid {
    let table = Arc::new(table(history, kind));
    let keys = Arc::new(Keys::new());
    let tombstones = tombstones(history, &keys, kind);
    let key_hash_of = |series: SeriesId| Some(keys.hash(keys.key_of(series)));
    let context =
        MergeContext { table: &table, tombstones: &tombstones, key_hash: &key_hash_of, spellings: &PlainSpellings };
    let mut writes = history.0.iter().enumerate().filter_map(|(event, what)| match what {
        Event::Write { rows, given, .. } => Some(Arc::new(chunk(history, event, rows, *given, &keys, kind))),
        _ => None,
    });
    let mut disk = Disk::new();
    let mut memory = Vec::new();
    let mut newest: BTreeMap<SeriesId, i64> = BTreeMap::new();
    for (position, (count, fate)) in layout.groups.iter().cycle().enumerate() {
        let group: Vec<_> = writes.by_ref().take(*count).collect();
        if group.is_empty() {
            break;
        }
        if position >= layout.flushed {
            memory.extend(match fate {
                Fate::Stay => group,
                Fate::Fold => group.iter().map(|chunk| Arc::new(Chunk::clone(chunk).fold().unwrap())).collect(),
                Fate::Merge => vec![Arc::new(Chunk::merge(&group, &context).unwrap())],
            });
            continue;
        }
        let merged = Chunk::merge(&group, &context).unwrap();
        if kind == TableKind::Keyed {
            if let Some(rows) = keyed_rows(&merged, disk.entries.is_empty() && !layout.cautious).unwrap() {
                disk.write(&table, 0, &rows);
            }
            continue;
        }
        let older = |series: SeriesId| if layout.cautious { Some(i64::MAX) } else { newest.get(&series).copied() };
        let partitioning = Partitioning { unit: UNIT, seconds: 6 };
        let parts = partition_rows(&merged, &Arc::new(keys.series_keys()), partitioning, &older).unwrap();
        for part in parts {
            disk.write(&table, part.partition, &part.rows);
        }
        if let Identity::Series { series, times } = &merged.identity {
            for (series, time) in series.iter().zip(times) {
                newest.entry(*series).and_modify(|newest| *newest = (*newest).max(*time)).or_insert(*time);
            }
        }
    }
    for (from, count) in &layout.compactions {
        disk.compact(&table, &tombstones, *from, *count, layout.cautious);
    }
    let mut sources = disk.open(&table, layout.lose_side_files);
    sources.extend(memory.into_iter().map(Source::Chunk));
    // Their numbers order them, not their places.
    let turn = usize::from(!sources.is_empty());
    sources.rotate_left(turn);
    Laid { table, sources, tombstones, keys }
}
