//! A series checkpoint made anew: from the series file for other tools, which says which series
//! there were at some number and by which ids; from the log, which says what became of them; and,
//! where that file is lost too, from the keys in segments.
//!
//! Rows in the log whose series nobody knows any more are hidden by a deletion, and told.

use super::{Attributes, SeriesEntry, SeriesIndex};
use crate::cell_value::cell_value;
use crate::check::{AffectedRows, affected};
use crate::log::{Record, RecordPart, RowsPart, decode_block, decode_record, read_log};
use crate::series_file;
use crate::series_index::AttributeValue;
use crate::write::ReplayedLoads;
use arrow::array::ArrayRef;
use catalog::{Catalog, Tombstone};
use files::{File, Files, OverlayFiles};
use model::{
    ColumnRole, DataType, KeyBytes, KeyHash, KeySelection, RangeDelete, Result, Sequence, SeriesId, Table, TableId,
    TimeBounds, encode_keys, key_hash,
};
use segments::{SegmentReader, SeriesFile, each_series, read_series_file};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

/// A checkpoint to be written.
#[derive(Debug)]
pub(crate) struct Rebuilt {
    pub(crate) mark: Sequence,
    index: SeriesIndex,
    /// The living series in key order.
    listed: Vec<SeriesId>,
    /// What it was made from.
    pub(crate) source: &'static str,
    /// Hides rows of series that are not known.
    pub(crate) tombstone: Option<Tombstone>,
    pub(crate) affected: Option<AffectedRows>,
    /// What may be otherwise than it was.
    pub(crate) doubt: Option<&'static str>,
}

impl Rebuilt {
    /// How many series live.
    pub(crate) fn series(&self) -> usize {
        self.listed.len()
    }

    /// Writes it as a checkpoint of its table.
    pub(crate) fn write(&self, table: TableId, file: &dyn File) -> Result<()> {
        self.index.freeze().write(table, self.mark, Sequence::ZERO, &self.listed, file)
    }
}

/// Makes the checkpoint of a table anew. Changes nothing.
///
/// # Errors
/// When the log or a segment that is needed cannot be read.
pub(crate) fn rebuild(files: &Arc<dyn Files>, catalog: &Catalog, table: &Arc<Table>) -> Result<Rebuilt> {
    let files: Arc<dyn Files> = Arc::new(OverlayFiles::new(files.clone()));
    let manifest = catalog.manifest(table.id);
    let mut series = Rebuilding::new(table, manifest.flushed);
    // Where the table has just got files of its own there may be two.
    let packed = manifest.packed_series.as_ref().and_then(|packed| packed.series_file.clone());
    let paths = packed.into_iter().chain([series_file::path(table.id)]);
    let there = paths.filter(|path| files.exists(Path::new(path)).unwrap_or(false));
    let file = there
        .filter_map(|path| read_series_file(files.as_ref(), &path).ok().flatten())
        .max_by_key(|file| file.said.get(series_file::SEQUENCE).and_then(|number| number.parse::<u64>().ok()));
    let is_listed = file.is_some_and(|file| series.list(&file).is_some());
    let is_complete = is_listed && series.listed_at >= manifest.series;
    let mut last = manifest.series.max(manifest.flushed).max(catalog.sequence());
    let mut loads = ReplayedLoads::default();
    read_log(files.as_ref(), catalog.log_files(), |_, sequence, payload| {
        last = last.max(sequence);
        match decode_record(payload) {
            Ok(Record::Request(parts)) => {
                for part in parts.into_iter().filter(|part| part.table() == table.id) {
                    match part {
                        RecordPart::Rows(rows) => series.rows(sequence, rows, |_| true),
                        RecordPart::Delete(delete) => series.delete(sequence, &delete),
                    }
                }
            }
            Ok(Record::Block(block)) => loads.block(sequence, block),
            Ok(Record::Abort(load)) => loads.abort(load),
            Ok(Record::Commit(commit)) => {
                // Blocks are missing only of what is in files.
                let parts = loads.commit(sequence, commit, |_| false).unwrap_or_default();
                for mut part in parts.into_iter().filter(|part| part.rows.table == table.id) {
                    let Ok(rows) = part.resolved() else { continue };
                    let kept = part.decided.kept;
                    series.rows(sequence, rows, |row| kept.as_ref().is_none_or(|kept| kept.get(row)));
                }
            }
            Err(_) => {}
        }
        Ok(())
    })?;
    for entry in &manifest.segments {
        let reader = SegmentReader::open(&files, entry, table)?;
        for run in reader.runs() {
            let newest = series.newest.entry(run.key_hash.0).or_insert(i64::MIN);
            *newest = run.time.last.max(*newest);
        }
        if !is_complete {
            let is_masked = |key: &KeyBytes| {
                let masks = |deletion: &Tombstone| {
                    let covers = match &deletion.keys {
                        KeySelection::All => true,
                        KeySelection::Hashes(hashes) => hashes.contains(&key_hash(&key.0)),
                        KeySelection::Range { .. } => false,
                    };
                    covers && deletion.time == TimeBounds::ALL && deletion.sequence > entry.sequences.1
                };
                manifest.tombstones.iter().any(masks)
            };
            each_series(files.as_ref(), entry, table, &mut |key| {
                if !is_masked(key) {
                    series.in_segments.insert(key.clone());
                }
            })?;
        }
    }
    series.finish(catalog, last, is_listed, is_complete)
}

/// A series that was found.
#[derive(Debug)]
struct Found {
    key: Box<[u8]>,
    hash: KeyHash,
    attributes: Box<[u8]>,
    dropped: Sequence,
    newest: i64,
}

struct Rebuilding<'a> {
    table: &'a Arc<Table>,
    flushed: Sequence,
    entries: BTreeMap<u32, Found>,
    /// Those that the series file has, as they were at `listed_at`.
    listed: HashSet<u32>,
    listed_at: Sequence,
    next_id: u32,
    /// By key hash: the newest time in segments.
    newest: HashMap<u128, i64>,
    in_segments: HashSet<KeyBytes>,
    /// Ids of rows that no entry has.
    unknown: HashSet<u32>,
    /// Of them: rows that are in no segment, and their times.
    lost: (u64, Option<TimeBounds>),
}

impl<'a> Rebuilding<'a> {
    fn new(table: &'a Arc<Table>, flushed: Sequence) -> Self {
        Self {
            table,
            flushed,
            entries: BTreeMap::new(),
            listed: HashSet::new(),
            listed_at: Sequence::ZERO,
            next_id: 0,
            newest: HashMap::new(),
            in_segments: HashSet::new(),
            unknown: HashSet::new(),
            lost: (0, None),
        }
    }

    /// Takes the series of the series file; `None` when it cannot be what this table wrote.
    fn list(&mut self, file: &SeriesFile) -> Option<()> {
        let said = |key: &str| file.said.get(key);
        if said(series_file::TABLE)? != &self.table.id.to_string() {
            return None;
        }
        let ids: Vec<u32> =
            said(series_file::IDS)?.split(' ').filter(|id| !id.is_empty()).map_while(|id| id.parse().ok()).collect();
        let next_id = said(series_file::NEXT_ID)?.parse().ok()?;
        let at = Sequence(said(series_file::SEQUENCE)?.parse().ok()?);
        let generations: HashMap<u32, usize> = said(series_file::GENERATIONS)?
            .split(' ')
            .filter_map(|pair| pair.split_once(':'))
            .filter_map(|(id, changes)| Some((id.parse().ok()?, changes.parse().ok()?)))
            .collect();
        let keys: Vec<ArrayRef> =
            self.table.key_columns().map(|c| file.values(c.id, c.data_type)).collect::<Option<_>>()?;
        let keys = encode_keys(&keys, file.rows).ok()?;
        if ids.len() != keys.len() {
            return None;
        }
        let attributes: Vec<_> = self
            .table
            .columns_with(ColumnRole::Attribute)
            .filter_map(|column| {
                let generation = *generations.get(&column.id.0)?;
                let data_type = column.type_changes.get(generation).map_or(column.data_type, |change| change.from);
                Some((column.id, generation, data_type, file.values(column.id, data_type)?))
            })
            .collect();
        for (row, (id, key)) in ids.iter().zip(keys).enumerate() {
            let value = |(column, generation, data_type, values): &(_, usize, DataType, ArrayRef)| {
                let value = cell_value(values, row, *data_type).ok().filter(|value| !value.is_null())?;
                Some(AttributeValue { column: *column, generation: *generation, value })
            };
            let attributes = Attributes::encode(attributes.iter().filter_map(value).collect());
            self.add(*id, key.0, attributes);
            self.listed.insert(*id);
        }
        self.next_id = self.next_id.max(next_id);
        self.listed_at = at;
        Some(())
    }

    fn add(&mut self, id: u32, key: Box<[u8]>, attributes: Box<[u8]>) {
        let hash = key_hash(&key);
        self.entries.insert(id, Found { key, hash, attributes, dropped: Sequence::MAX, newest: i64::MIN });
        self.next_id = self.next_id.max(id.saturating_add(1));
    }

    /// Whether the series file already has what a record did to a series.
    fn has(&self, id: u32, sequence: Sequence) -> bool {
        sequence <= self.listed_at && self.listed.contains(&id)
    }

    fn rows(&mut self, sequence: Sequence, part: RowsPart, is_kept: impl Fn(usize) -> bool) {
        let Some(series) = part.series else { return };
        for new in series.new {
            if !self.has(new.id.0, sequence) {
                self.add(new.id.0, new.key.0, new.attributes);
            }
        }
        for (id, changed) in series.changed {
            if !self.has(id.0, sequence)
                && let Some(entry) = self.entries.get_mut(&id.0)
            {
                entry.attributes = Attributes::merged(&entry.attributes, &changed);
            }
        }
        if part.rows == 0 {
            return;
        }
        let times = decode_block(&part.block, part.rows, true).map(|(times, _)| times).unwrap_or_default();
        let rows = series.ids.iter().zip(&times).enumerate().filter(|(row, _)| is_kept(*row));
        for (_, (id, time)) in rows {
            self.next_id = self.next_id.max(id.0.saturating_add(1));
            // What the series file leaves out below its next id had ended by then.
            let had_ended = sequence <= self.listed_at;
            if self.table.key.is_empty() && !had_ended && !self.entries.contains_key(&id.0) {
                // Without a key there is one series, so that it is known without being named.
                self.add(id.0, Box::default(), Box::default());
            }
            match self.entries.get_mut(&id.0) {
                Some(entry) => entry.newest = entry.newest.max(*time),
                None => {
                    self.unknown.insert(id.0);
                    if sequence > self.flushed && !had_ended {
                        let here = TimeBounds { first: *time, last: *time };
                        self.lost = (self.lost.0 + 1, Some(self.lost.1.map_or(here, |all| all.union(&here))));
                    }
                }
            }
        }
    }

    fn delete(&mut self, sequence: Sequence, delete: &RangeDelete) {
        if !delete.drop_series {
            return;
        }
        let listed_at = self.listed_at;
        for (id, entry) in &mut self.entries {
            let covers = match &delete.keys {
                KeySelection::All => true,
                KeySelection::Hashes(hashes) => hashes.contains(&entry.hash),
                KeySelection::Range { .. } => false,
            };
            let was_listed_later = sequence <= listed_at && self.listed.contains(id);
            if covers && entry.dropped == Sequence::MAX && !was_listed_later {
                entry.dropped = sequence;
            }
        }
    }

    fn finish(mut self, catalog: &Catalog, mark: Sequence, is_listed: bool, is_complete: bool) -> Result<Rebuilt> {
        let known: HashSet<Box<[u8]>> = self.entries.values().map(|entry| entry.key.clone()).collect();
        let mut found: Vec<KeyBytes> = self.in_segments.drain().filter(|key| !known.contains(&key.0)).collect();
        found.sort();
        let doubt = (!is_complete).then_some(
            "attributes of series that only segments have are lost, and series that were deleted may be listed again, \
             without rows",
        );
        for key in found {
            let id = self.next_id;
            self.add(id, key.0, Box::default());
        }
        for entry in self.entries.values_mut() {
            let newest = self.newest.get(&entry.hash.0).copied().unwrap_or(i64::MIN);
            entry.newest = entry.newest.max(newest);
        }
        let unknown: Vec<u32> = self.unknown.iter().copied().filter(|id| !self.entries.contains_key(id)).collect();
        let mut hashes = Vec::with_capacity(unknown.len());
        for id in unknown {
            // No key of a column begins like that.
            let key: Box<[u8]> = [b"\xFFunknown".as_slice(), &id.to_be_bytes()].concat().into();
            hashes.push(key_hash(&key));
            self.add(id, key, Box::default());
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.dropped = mark;
            }
        }
        let tombstone = (!hashes.is_empty()).then(|| Tombstone {
            sequence: Sequence(mark.0 + 1),
            keys: KeySelection::Hashes(hashes.into()),
            time: TimeBounds::ALL,
        });
        let mut index = SeriesIndex::default();
        for (id, found) in &self.entries {
            let Found { key, hash, attributes, dropped, newest } = found;
            let entry = SeriesEntry { key, hash: *hash, dropped: *dropped, newest: *newest };
            index.restore(SeriesId(*id), entry, attributes);
        }
        index.skip_to(SeriesId(self.next_id));
        let living = self.entries.iter().filter(|(_, found)| found.dropped == Sequence::MAX);
        let mut living: Vec<(&[u8], SeriesId)> = living.map(|(id, found)| (&*found.key, SeriesId(*id))).collect();
        living.sort_unstable();
        let listed: Vec<SeriesId> = living.iter().map(|(_, id)| *id).collect();
        let (rows, time) = self.lost;
        Ok(Rebuilt {
            mark,
            index,
            listed,
            source: match (is_listed, is_complete) {
                (true, true) => "series.parquet and log",
                (true, false) => "series.parquet, segments and log",
                (false, _) => "segments and log",
            },
            tombstone,
            affected: (rows > 0).then(|| affected(catalog, self.table, rows, None, time)),
            doubt,
        })
    }
}
