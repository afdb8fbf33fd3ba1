//! The second step of a write, under the table's lock: which series are new, which rows are
//! refused. Pure decision: memory changes when the number is taken.

use super::existing::{Existing, RowId, SegmentProbe};
use super::prepare::{Named, NamedSeries, PreparedRows};
use crate::cell_value::key_texts;
use crate::log::{NewSeries, RecordPart, RowsPart, SeriesRows, encode_block};
use crate::memtable::MemoryView;
use crate::pieces::{Piece, take_columns};
use crate::series_index::{Attributes, SeriesIndex};
use model::{Error, ErrorKind, KeyHash, KeySelection, RangeDelete, Result, SeriesId, Table, TimeBounds, WriteKind};
use segments::Identity;
use std::collections::{HashMap, HashSet};

/// What a request does to one table.
#[derive(Debug, Default)]
pub(super) struct TableDecision {
    pub(super) pieces: Vec<Piece>,
    pub(super) new: Vec<(NewSeries, KeyHash)>,
    pub(super) dropped: Vec<SeriesId>,
    pub(super) attributes: Vec<(SeriesId, Box<[u8]>)>,
    pub(super) tombstones: Vec<(KeySelection, TimeBounds)>,
    /// The latest time of each series among the rows.
    pub(super) newest: HashMap<SeriesId, i64>,
}

/// Decides the parts of a request for one table, in order.
#[derive(Debug)]
pub(super) struct Decider<'a> {
    pub(super) table: &'a Table,
    pub(super) series: &'a SeriesIndex,
    pub(super) memory: &'a MemoryView,
    pub(super) probe: Option<&'a SegmentProbe>,
    /// Whether older rows decide some part, so that what this request did so far must be known.
    pub(super) conditional: bool,
    pub(super) decision: TableDecision,
    /// What earlier parts did: whether a row is there after them.
    pub(super) changed: HashMap<RowId, bool>,
    pub(super) new_ids: HashMap<KeyHash, SeriesId>,
    /// Whether the rows are in the log already, and others may be decided before these.
    pub(super) is_load: bool,
}

/// What became of a part.
#[derive(Debug)]
pub(super) struct Decided {
    /// `None`: nothing is left to log.
    pub(super) part: Option<RecordPart>,
    pub(super) accepted: u64,
    pub(super) discarded: u64,
    /// The series that the part names, in its order.
    pub(super) listed: Vec<Option<SeriesId>>,
    /// The rows that are left out.
    pub(super) refused: HashSet<u32>,
}

impl<'a> Decider<'a> {
    pub(super) fn new(
        table: &'a Table,
        series: &'a SeriesIndex,
        memory: &'a MemoryView,
        probe: Option<&'a SegmentProbe>,
        conditional: bool,
    ) -> Self {
        Self {
            table,
            series,
            memory,
            probe,
            conditional,
            decision: TableDecision::default(),
            changed: HashMap::new(),
            new_ids: HashMap::new(),
            is_load: false,
        }
    }

    /// A deletion always holds.
    pub(super) fn delete(&mut self, delete: &RangeDelete) -> RecordPart {
        if delete.drop_series {
            let ended = self.series.select(&delete.keys);
            let known: HashSet<SeriesId> = self.decision.dropped.iter().copied().collect();
            self.decision.dropped.extend(ended.into_iter().filter(|id| !known.contains(id)));
        }
        self.decision.tombstones.push((delete.keys.clone(), delete.time));
        RecordPart::Delete(delete.clone())
    }

    /// Rows: refused ones are left out.
    pub(super) fn rows(&mut self, rows: &PreparedRows) -> Result<Decided> {
        match &rows.named {
            Named::Keyed { keys } => {
                let ids = || keys.iter().map(|key| RowId::Keyed(key.clone()));
                let refused = self.refused(rows, ids)?;
                let identity = |kept: Option<&[u32]>| match kept {
                    None => Identity::Keyed { keys: keys.clone() },
                    Some(kept) => {
                        Identity::Keyed { keys: kept.iter().map(|row| keys[*row as usize].clone()).collect() }
                    }
                };
                let decided = self.finish(rows, None, &refused, &identity)?;
                Ok(Decided { refused, ..decided })
            }
            Named::Series { series, of_row, times } => {
                let erases = rows.kind == WriteKind::Erase;
                if times.is_none() && rows.kind == WriteKind::FailOnDuplicate {
                    self.check_new(rows, series, of_row)?;
                }
                let mut logged = SeriesRows::default();
                let ids: Vec<Option<SeriesId>> =
                    series.iter().map(|named| self.series_id(named, erases, &mut logged)).collect();
                let Some(times) = times else {
                    let part = (!logged.new.is_empty() || !logged.changed.is_empty())
                        .then(|| rows_part(rows, 0, Some(logged), encode_block(Some(&[]), &[])))
                        .transpose()?;
                    return Ok(Decided { part, accepted: 0, discarded: 0, listed: ids, refused: HashSet::new() });
                };
                let row_series: Vec<Option<SeriesId>> = of_row.iter().map(|at| ids[*at as usize]).collect();
                let row_id =
                    |(id, time): (&Option<SeriesId>, &i64)| RowId::Series(id.unwrap_or(SeriesId(u32::MAX)), *time);
                let row_ids = || row_series.iter().zip(times).map(row_id);
                let mut refused = self.refused(rows, row_ids)?;
                if erases {
                    // What no series has cannot be erased.
                    let unknown = row_series.iter().enumerate().filter(|(_, id)| id.is_none());
                    refused.extend(unknown.filter_map(|(row, _)| u32::try_from(row).ok()));
                }
                let identity = |kept: Option<&[u32]>| {
                    let pick = |row: usize| (row_series[row].unwrap_or_default(), times[row]);
                    let (series, times) = match kept {
                        None => (0..times.len()).map(pick).unzip(),
                        Some(kept) => kept.iter().map(|row| pick(*row as usize)).unzip(),
                    };
                    Identity::Series { series, times }
                };
                let decided = self.finish(rows, Some(logged), &refused, &identity)?;
                Ok(Decided { listed: ids, refused, ..decided })
            }
        }
    }

    /// Fails where a series that is to be registered is there already.
    fn check_new(&self, rows: &PreparedRows, series: &[NamedSeries], of_row: &[u32]) -> Result<()> {
        let is_there = |named: &NamedSeries| self.new_ids.contains_key(&named.hash) || self.living(named).is_some();
        let mut row_series = (0u32..).zip(of_row.iter().filter_map(|at| series.get(*at as usize)));
        match row_series.find(|(_, named)| is_there(named)) {
            Some((row, _)) => Err(self.duplicate(rows, row)?),
            None => Ok(()),
        }
    }

    /// The series of a key, unless this request ended it.
    fn living(&self, named: &NamedSeries) -> Option<SeriesId> {
        self.series.find(&named.key.0, named.hash).filter(|id| !self.decision.dropped.contains(id))
    }

    /// The series of a key; made if it is new, unless rows are only erased.
    fn series_id(&mut self, named: &NamedSeries, erases: bool, logged: &mut SeriesRows) -> Option<SeriesId> {
        if let Some(id) = self.new_ids.get(&named.hash).copied() {
            if !named.set.is_empty() {
                self.change_attributes(id, &named.set, logged);
            }
            return Some(id);
        }
        if let Some(id) = self.living(named) {
            if !named.set.is_empty() && !self.has_attributes(id, &named.set) {
                self.change_attributes(id, &named.set, logged);
            }
            return Some(id);
        }
        if erases {
            return None;
        }
        let count = u32::try_from(self.decision.new.len()).unwrap_or(u32::MAX);
        let id = SeriesId(self.series.next_id().saturating_add(count));
        let new = NewSeries { id, key: named.key.clone(), attributes: named.if_new.clone() };
        logged.new.push(new.clone());
        self.decision.new.push((new, named.hash));
        self.new_ids.insert(named.hash, id);
        Some(id)
    }

    fn change_attributes(&mut self, id: SeriesId, set: &[u8], logged: &mut SeriesRows) {
        logged.changed.push((id, set.into()));
        self.decision.attributes.push((id, set.into()));
    }

    /// Whether a series already has these attributes, and nothing queued changes them.
    fn has_attributes(&self, id: SeriesId, set: &[u8]) -> bool {
        // What they are when a load is published is not known yet.
        !self.is_load
            && self.series.attributes_are_settled()
            && self.decision.attributes.is_empty()
            && *Attributes::merged(&self.series.attributes(id), set) == *self.series.attributes(id)
    }

    /// The rows that are refused because an older one is there, by position. Remembers what the
    /// others do.
    fn refused<I: Iterator<Item = RowId>>(&mut self, rows: &PreparedRows, ids: impl Fn() -> I) -> Result<HashSet<u32>> {
        let mut refused = HashSet::new();
        if !self.conditional {
            return Ok(refused);
        }
        let stays = rows.kind != WriteKind::Erase;
        for (row, id) in (0u32..).zip(ids()) {
            if rows.is_conditional() && self.is_there(&id) {
                if rows.kind == WriteKind::FailOnDuplicate {
                    return Err(self.duplicate(rows, row)?);
                }
                refused.insert(row);
                continue;
            }
            self.changed.insert(id, stays);
        }
        Ok(refused)
    }

    fn is_there(&self, row: &RowId) -> bool {
        if let Some(there) = self.changed.get(row) {
            return *there;
        }
        let deleted = self.decision.tombstones.iter().any(|(keys, time)| row.is_covered(keys, *time, self.series));
        if deleted {
            return false;
        }
        if let RowId::Series(id, time) = row {
            // In order: nothing can be there. A new series has no entry yet.
            if self.series.entry(*id).is_none_or(|e| *time > e.newest) {
                return false;
            }
        }
        Existing { memory: self.memory, series: self.series, probe: self.probe }.contains(row)
    }

    fn duplicate(&self, rows: &PreparedRows, row: u32) -> Result<Error> {
        let (key, time) = match &rows.named {
            Named::Keyed { keys } => (&keys[row as usize], None),
            Named::Series { series, of_row, times } => (
                &series[of_row[row as usize] as usize].key,
                times.as_ref().and_then(|times| times.get(row as usize)).copied(),
            ),
        };
        let (columns, values) = key_texts(self.table, key, time)?;
        let constraint = if self.table.hidden { self.table.name.clone() } else { "primary".to_owned() };
        Ok(Error::new(ErrorKind::DuplicateKey { constraint, columns, values }))
    }

    fn finish(
        &mut self,
        rows: &PreparedRows,
        logged: Option<SeriesRows>,
        refused: &HashSet<u32>,
        identity: &dyn Fn(Option<&[u32]>) -> Identity,
    ) -> Result<Decided> {
        let total = rows.rows();
        let (identity, columns, block) = if refused.is_empty() {
            (identity(None), rows.columns.clone(), None)
        } else {
            let kept: Vec<u32> = (0u32..).take(total).filter(|row| !refused.contains(row)).collect();
            let identity = identity(Some(&kept));
            let columns = take_columns(&rows.columns, &kept)?;
            let block = match &identity {
                _ if self.is_load => Vec::new(),
                Identity::Series { times, .. } => encode_block(Some(times), &columns)?,
                Identity::Keyed { .. } => encode_block(None, &columns)?,
            };
            (identity, columns, Some(block))
        };
        let accepted = identity.rows();
        let logged = logged.map(|mut logged| {
            if let Identity::Series { series, times } = &identity {
                logged.ids.clone_from(series);
                for (id, time) in series.iter().zip(times) {
                    let newest = self.decision.newest.entry(*id).or_insert(*time);
                    *newest = (*newest).max(*time);
                }
            }
            logged
        });
        let says_something =
            accepted > 0 || logged.as_ref().is_some_and(|l| !l.new.is_empty() || !l.changed.is_empty());
        let part = says_something
            .then(|| rows_part(rows, accepted, logged, Ok(block.unwrap_or_else(|| rows.block.clone()))))
            .transpose()?;
        if accepted > 0 {
            self.decision.pieces.push(Piece { identity, kind: rows.stored_kind(), columns });
        }
        let discarded = if rows.kind == WriteKind::KeepFirst { total - accepted } else { 0 };
        let accepted = total - discarded;
        let (accepted, discarded) = (accepted as u64, discarded as u64);
        Ok(Decided { part, accepted, discarded, listed: Vec::new(), refused: HashSet::new() })
    }
}

fn rows_part(
    rows: &PreparedRows,
    count: usize,
    series: Option<SeriesRows>,
    block: Result<Vec<u8>>,
) -> Result<RecordPart> {
    let part = RowsPart { table: rows.table.id, kind: rows.stored_kind(), rows: count, series, block: block? };
    Ok(RecordPart::Rows(part))
}
