//! Loads as the log tells of them at start. Blocks wait as they are in the log until a record says
//! what becomes of them; those of no open load that the catalogue knows are dropped.

use super::super::prepare::{Named, NamedSeries, PreparedRows};
use super::push::{Gathered, gather};
use super::registry::{Loads, Published};
use super::{Block, Built, Part, Pending, retyped};
use crate::log::{
    Condition, DecidedPart, LoadCommit, NO_SERIES, NewSeries, PendingBlock, RowsPart, SeriesRows, decode_block,
};
use crate::pieces::{Piece, take_columns};
use crate::pressure::Pressure;
use crate::recovery::key_arrays;
use catalog::{Catalog, LoadState};
use model::{LoadId, Result, Sequence, Table, TableId, WriteKind, encode_keys, key_hash};
use segments::{Identity, RowKind, Spellings};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The blocks of one load.
#[derive(Debug, Default)]
struct Found {
    blocks: BTreeMap<u32, (Sequence, PendingBlock)>,
}

/// All that was found so far.
#[derive(Debug, Default)]
pub(crate) struct ReplayedLoads {
    pending: BTreeMap<LoadId, Found>,
    published: Vec<Published>,
    settled: BTreeMap<LoadId, LoadState>,
}

/// A part that a commit publishes.
#[derive(Debug)]
pub(crate) struct PublishedPart {
    /// The number of its block.
    pub(crate) written: Sequence,
    pub(crate) block: u32,
    pub(crate) rows: RowsPart,
    pub(crate) decided: DecidedPart,
}

impl ReplayedLoads {
    pub(crate) fn block(&mut self, sequence: Sequence, block: PendingBlock) {
        let found = self.pending.entry(block.load).or_default();
        found.blocks.insert(block.number, (sequence, block));
    }

    pub(crate) fn abort(&mut self, load: LoadId) {
        self.pending.remove(&load);
        self.settled.insert(load, LoadState::Aborted);
    }

    /// The parts that a commit publishes, in order. Where blocks are missing, because the log was
    /// trimmed, `is_needed` must say that none of them is.
    pub(crate) fn commit(
        &mut self,
        sequence: Sequence,
        commit: LoadCommit,
        is_needed: impl Fn(&DecidedPart) -> bool,
    ) -> Result<Vec<PublishedPart>, String> {
        let LoadCommit { load, blocks, parts } = commit;
        self.settled.insert(load, LoadState::Committed(sequence));
        let found = self.pending.remove(&load).unwrap_or_default();
        if found.blocks.len() != blocks as usize {
            return match parts.iter().find(|part| is_needed(part)) {
                Some(part) => Err(format!("blocks of load {load} are missing, which table {} needs", part.table)),
                None => Ok(Vec::new()),
            };
        }
        let first = found.blocks.values().map(|(written, _)| *written).min();
        let tables: BTreeSet<TableId> = parts.iter().map(|part| part.table).collect();
        let numbers = (first.unwrap_or(sequence), sequence);
        self.published.push(Published { numbers, tables: tables.into_iter().collect() });
        let rows = found.blocks.into_iter().flat_map(|(number, (written, block))| {
            block.parts.into_iter().map(move |(_, rows)| (written, number, rows))
        });
        let rows: Vec<_> = rows.collect();
        if rows.len() != parts.len() || rows.iter().zip(&parts).any(|((_, _, rows), part)| rows.table != part.table) {
            return Err(format!("its parts are not those of the blocks of load {load}"));
        }
        let published = rows.into_iter().zip(parts);
        Ok(published.map(|((written, block, rows), decided)| PublishedPart { written, block, rows, decided }).collect())
    }

    /// Changes for a catalogue that does not know yet how loads ended.
    pub(crate) fn to_tell(&self, catalog: &Catalog) -> Vec<catalog::Change> {
        let open = catalog.loads().filter(|load| load.state == LoadState::Open);
        let ended = open.filter_map(|load| Some(catalog::Load { state: *self.settled.get(&load.id)?, ..load.clone() }));
        ended.map(catalog::Change::PutLoad).collect()
    }

    /// The loads as they go on: those that the catalogue knows as open.
    pub(crate) fn into_loads(mut self, catalog: &Catalog, pressure: &Arc<Pressure>) -> Result<Loads> {
        let loads = Loads::default();
        for entry in catalog.loads().filter(|load| load.state == LoadState::Open) {
            if self.settled.contains_key(&entry.id) {
                continue;
            }
            let found = self.pending.remove(&entry.id).unwrap_or_default();
            let first = found.blocks.values().map(|(written, _)| *written).min().unwrap_or(Sequence::MAX);
            let mut pending = Pending::default();
            for (written, block) in found.blocks.into_values() {
                let (block, bytes) = waiting(catalog, pressure, written, block)?;
                pending.blocks.push(block);
                pending.bytes += bytes;
            }
            loads.reopen(entry.id, Some(entry.clone()), pending, first);
        }
        self.published.drain(..).for_each(|published| loads.add_published(published));
        Ok(loads)
    }
}

/// A block as it was before the restart.
fn waiting(
    catalog: &Catalog,
    pressure: &Arc<Pressure>,
    written: Sequence,
    block: PendingBlock,
) -> Result<(Block, u64)> {
    let mut rows = Vec::with_capacity(block.parts.len());
    let mut gone = Vec::new();
    for (condition, part) in block.parts {
        match catalog.table(part.table) {
            Some(table) => rows.push(prepared(table, condition, part)?),
            // Publishing the load will fail.
            None => gone.push(Part::Built(part.table, part.rows)),
        }
    }
    let Gathered { mut parts, chunks, bytes } = gather(rows)?;
    parts.extend(gone);
    let built = chunks.into_iter().map(|(table, chunk)| (table, Built { chunk, written })).collect();
    Ok((Block { written, parts, built, _charge: pressure.charge(bytes) }, bytes as u64))
}

fn prepared(table: &Arc<Table>, condition: Condition, part: RowsPart) -> Result<PreparedRows> {
    let damaged = |reason: String| model::Error::internal(format!("a block of a load: {reason}"));
    let RowsPart { kind, rows, series, block, .. } = part;
    let (times, columns) = decode_block(&block, rows, series.is_some()).map_err(|e| damaged(e.0))?;
    let named = match series {
        None => Named::Keyed { keys: encode_keys(&key_arrays(table, &columns, rows), rows)? },
        Some(SeriesRows { new, mut changed, ids }) => {
            let series: Vec<NamedSeries> = new
                .into_iter()
                .map(|NewSeries { id, key, attributes }| {
                    let set = changed.iter().position(|(place, _)| *place == id).map(|at| changed.swap_remove(at).1);
                    NamedSeries { hash: key_hash(&key.0), key, if_new: attributes, set: set.unwrap_or_default() }
                })
                .collect();
            let registers = rows == 0;
            let of_row: Vec<u32> = if registers {
                (0..u32::try_from(series.len()).unwrap_or(u32::MAX)).collect()
            } else {
                ids.into_iter().map(|place| place.0).collect()
            };
            if of_row.iter().any(|place| series.len() <= *place as usize) {
                return Err(damaged("a row names a series that is not listed".into()));
            }
            Named::Series { series, of_row, times: (!registers).then_some(times) }
        }
    };
    let kind = match (condition, kind) {
        (Condition::KeepFirst, _) => WriteKind::KeepFirst,
        (Condition::FailOnDuplicate, _) => WriteKind::FailOnDuplicate,
        (Condition::None, RowKind::Replace) => WriteKind::Replace,
        (Condition::None, RowKind::Merge) => WriteKind::Merge,
        (Condition::None, RowKind::Erase) => WriteKind::Erase,
    };
    Ok(PreparedRows { table: table.clone(), kind, named, columns, block: Vec::new() })
}

impl PublishedPart {
    /// The part as a request would have logged it, but for the rows that were left out.
    pub(crate) fn resolved(&mut self) -> Result<RowsPart, String> {
        let rows = &mut self.rows;
        let series = rows.series.take().map(|series| self.decided.series(series)).transpose()?;
        let block = std::mem::take(&mut rows.block);
        Ok(RowsPart { table: rows.table, kind: rows.kind, rows: rows.rows, series, block })
    }

    /// Leaves out rows that were refused, and brings the others to the types of `sequence`, unless
    /// nobody will look at them.
    pub(crate) fn finish(
        &self,
        table: &Table,
        piece: Piece,
        sequence: Sequence,
        spellings: Option<&dyn Spellings>,
    ) -> Result<Piece> {
        let Piece { identity, kind, columns } = self.kept(piece)?;
        let Some(spellings) = spellings else { return Ok(Piece { identity, kind, columns }) };
        Ok(Piece { identity, kind, columns: retyped(table, columns, self.written, sequence, spellings)? })
    }

    fn kept(&self, piece: Piece) -> Result<Piece> {
        let Some(kept) = &self.decided.kept else { return Ok(piece) };
        let rows: Vec<u32> = (0_u32..).take(piece.identity.rows()).filter(|row| kept.get(*row as usize)).collect();
        let identity = match piece.identity {
            Identity::Series { series, times } => Identity::Series {
                series: rows.iter().filter_map(|row| series.get(*row as usize).copied()).collect(),
                times: rows.iter().filter_map(|row| times.get(*row as usize).copied()).collect(),
            },
            Identity::Keyed { keys } => {
                Identity::Keyed { keys: rows.iter().filter_map(|row| keys.get(*row as usize).cloned()).collect() }
            }
        };
        Ok(Piece { identity, kind: piece.kind, columns: take_columns(&piece.columns, &rows)? })
    }
}

impl DecidedPart {
    /// Series by their ids in the place of those by their places.
    fn series(&self, pending: SeriesRows) -> Result<SeriesRows, String> {
        let SeriesRows { new, changed, ids } = pending;
        let id = |place: model::SeriesId| {
            let found = self.ids.get(place.0 as usize).copied();
            found.ok_or_else(|| "a row names a series that is not listed".to_owned())
        };
        let mut resolved = SeriesRows::default();
        for series in new {
            if self.new.get(series.id.0 as usize) {
                resolved.new.push(NewSeries { id: id(series.id)?, ..series });
            }
        }
        for (place, attributes) in changed {
            let id = id(place)?;
            if !self.new.get(place.0 as usize) && id != NO_SERIES {
                resolved.changed.push((id, attributes));
            }
        }
        resolved.ids = ids.into_iter().map(id).collect::<Result<_, _>>()?;
        Ok(resolved)
    }
}
