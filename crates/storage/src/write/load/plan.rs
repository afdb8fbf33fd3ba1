//! What publishing a load will do to one table, decided without the table's lock: which rows count,
//! which series are new. Under the lock it only has to be seen that it still holds.

use super::super::decide::{Decider, TableDecision};
use super::super::existing::{RowId, SegmentProbe};
use super::super::prepare::{Named, PreparedRows};
use super::{Block, Built, Part, retyped};
use crate::log::{Bits, DecidedPart, NO_SERIES};
use crate::memtable::{MemoryChunk, MemoryView};
use crate::pieces::chunk_of;
use crate::store::Store;
use crate::table_state::TableState;
use model::{KeyHash, Result, Sequence, SeriesId, Table, TableId, WriteOutcome};
use segments::{Identity, RowKind};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The place of a part: its block, and its place in that.
type Place = (usize, usize);

/// What is planned for one table.
#[derive(Debug)]
pub(super) struct TablePlan {
    pub(super) state: Arc<TableState>,
    /// The definition that it was planned for.
    pub(super) table: Arc<Table>,
    pub(super) decision: TableDecision,
    /// Of each block the rows that are not ready in it.
    pub(super) chunks: Vec<Option<MemoryChunk>>,
    pub(super) decided: Vec<(Place, DecidedPart)>,
    pub(super) outcome: WriteOutcome,
    basis: Basis,
}

/// What it was decided on.
#[derive(Debug, Default)]
struct Basis {
    /// Everything up to this number counted.
    at: Sequence,
    undone: u64,
    /// The next id of a series.
    next_id: u32,
    /// The rows that older ones decide.
    wanted: HashSet<RowId>,
}

/// Whom several parts make, so far.
#[derive(Debug, Default)]
struct Carried {
    decision: TableDecision,
    changed: HashMap<RowId, bool>,
    new_ids: HashMap<KeyHash, SeriesId>,
}

/// The tables that blocks write.
pub(super) fn tables_of(blocks: &[Block]) -> BTreeSet<TableId> {
    blocks.iter().flat_map(|block| &block.parts).map(Part::table).collect()
}

/// Decides everything for one table.
pub(super) fn plan(store: &Store, state: &Arc<TableState>, blocks: &mut [Block]) -> Result<TablePlan> {
    let catalog = store.catalog.snapshot();
    let table = catalog.table(state.id).cloned().ok_or_else(|| catalog.no_table(state.id))?;
    let at = store.log.queue.last_number();
    let mut basis = Basis {
        at,
        undone: state.undone.load(Ordering::Acquire),
        next_id: state.series.read().next_id(),
        ..Basis::default()
    };
    let conditional = rows_of(blocks, state.id).any(|(_, _, rows)| rows.is_conditional());
    let (mut probe, mut memory) = (None, MemoryView::default());
    if conditional {
        let (probed, view) =
            SegmentProbe::new(state, &table, &store.spellings, |index| wanted(blocks, state.id, index))?;
        (probe, memory) = (Some(probed), view);
    }
    let mut plan = TablePlan {
        state: state.clone(),
        table: table.clone(),
        decision: TableDecision::default(),
        chunks: Vec::with_capacity(blocks.len()),
        decided: Vec::new(),
        outcome: WriteOutcome::default(),
        basis: Basis::default(),
    };
    let mut carried = Carried::default();
    for (at, block) in blocks.iter_mut().enumerate() {
        if let Some(built) = block.built.remove(&state.id) {
            let built = brought_up_to_date(store, &table, built)?;
            if conditional {
                let stays = |row| built.chunk.kinds.get(row) != RowKind::Erase;
                if let Identity::Keyed { keys } = &built.chunk.identity {
                    let rows = keys.iter().enumerate();
                    carried.changed.extend(rows.map(|(row, key)| (RowId::Keyed(key.clone()), stays(row))));
                }
            }
            block.built.insert(state.id, built);
        }
        for (part_at, part) in block.parts.iter().enumerate().filter(|(_, part)| part.table() == state.id) {
            let decided = match part {
                Part::Built(_, rows) => {
                    plan.outcome.accepted += *rows as u64;
                    DecidedPart {
                        table: state.id,
                        rows: *rows,
                        changes_series: false,
                        kept: None,
                        ids: Vec::new(),
                        new: Bits::default(),
                    }
                }
                Part::Rows(rows) => {
                    let series = state.series.read();
                    let Carried { decision, changed, new_ids } = std::mem::take(&mut carried);
                    let mut decider = Decider::new(&table, &series, &memory, probe.as_ref(), conditional);
                    decider.is_load = true;
                    (decider.decision, decider.changed, decider.new_ids) = (decision, changed, new_ids);
                    let (known, taken_on) = (decider.decision.new.len(), decider.decision.attributes.len());
                    let decided = decider.rows(rows)?;
                    let Decider { decision, changed, new_ids, .. } = decider;
                    carried = Carried { decision, changed, new_ids };
                    plan.outcome.accepted += decided.accepted;
                    plan.outcome.discarded += decided.discarded;
                    let made: HashSet<SeriesId> =
                        carried.decision.new.iter().skip(known).map(|(new, _)| new.id).collect();
                    let is_kept = |row: usize| !u32::try_from(row).is_ok_and(|row| decided.refused.contains(&row));
                    let kept = (!decided.refused.is_empty()).then(|| (0..rows.rows()).map(is_kept).collect());
                    let ids: Vec<SeriesId> = decided.listed.iter().map(|id| id.unwrap_or(NO_SERIES)).collect();
                    let new = ids.iter().map(|id| made.contains(id)).collect();
                    let changes_series = !made.is_empty() || carried.decision.attributes.len() > taken_on;
                    let rows = rows.rows() - decided.refused.len();
                    DecidedPart { table: state.id, rows, changes_series, kept, ids, new }
                }
            };
            plan.decided.push(((at, part_at), decided));
        }
        let mut pieces = std::mem::take(&mut carried.decision.pieces);
        for piece in &mut pieces {
            let columns = std::mem::take(&mut piece.columns);
            piece.columns = retyped(&table, columns, block.written, Sequence::MAX, store.spellings.as_ref())?;
        }
        plan.chunks.push(chunk_of(Sequence::ZERO, pieces)?.map(|chunk| {
            let charge = store.pressure.charge(chunk.bytes());
            MemoryChunk::new(chunk, charge)
        }));
    }
    if conditional {
        basis.wanted = carried.changed.into_keys().collect();
        basis.wanted.extend(refused_rows(blocks, state, &plan.decided));
    }
    Ok(TablePlan { decision: carried.decision, basis, ..plan })
}

/// Rows of a block that are ready, in the types of now.
fn brought_up_to_date(store: &Store, table: &Table, built: Built) -> Result<Built> {
    let changes = table.columns.iter().flat_map(|column| &column.type_changes);
    let newest = changes.map(|change| change.at).max().unwrap_or_default();
    let is_there = |id| table.column(id).is_some();
    if newest <= built.written && built.chunk.columns.iter().all(|column| is_there(column.id)) {
        return Ok(built);
    }
    let Built { mut chunk, written } = built;
    let columns = std::mem::take(&mut chunk.columns);
    chunk.columns = retyped(table, columns, written, Sequence::MAX, store.spellings.as_ref())?;
    Ok(Built { chunk, written: written.max(newest) })
}

fn rows_of(blocks: &[Block], table: TableId) -> impl Iterator<Item = (usize, usize, &PreparedRows)> {
    let parts = blocks.iter().enumerate().flat_map(|(at, block)| {
        let parts = block.parts.iter().enumerate();
        parts.map(move |(part_at, part)| (at, part_at, part))
    });
    parts.filter_map(move |(at, part_at, part)| match part {
        Part::Rows(rows) if rows.table.id == table => Some((at, part_at, rows.as_ref())),
        _ => None,
    })
}

/// The rows that segments may hold older ones of.
fn wanted(blocks: &[Block], table: TableId, index: &crate::series_index::SeriesIndex) -> Vec<RowId> {
    let mut wanted = Vec::new();
    for (_, _, rows) in rows_of(blocks, table).filter(|(_, _, rows)| rows.is_conditional()) {
        rows.wanted(index, &mut wanted);
    }
    wanted
}

/// The rows that were left out because older ones are there.
fn refused_rows(blocks: &[Block], state: &TableState, decided: &[(Place, DecidedPart)]) -> Vec<RowId> {
    let of_place: HashMap<Place, &DecidedPart> = decided.iter().map(|(place, decided)| (*place, decided)).collect();
    let mut refused = Vec::new();
    for (at, part_at, rows) in rows_of(blocks, state.id) {
        let Some(DecidedPart { kept: Some(kept), ids, .. }) = of_place.get(&(at, part_at)) else { continue };
        for row in (0..rows.rows()).filter(|row| !kept.get(*row)) {
            match &rows.named {
                Named::Keyed { keys } => refused.extend(keys.get(row).cloned().map(RowId::Keyed)),
                Named::Series { of_row, times, .. } => {
                    let id = of_row.get(row).and_then(|place| ids.get(*place as usize));
                    let time = times.as_ref().and_then(|times| times.get(row));
                    refused.extend(id.zip(time).map(|(id, time)| RowId::Series(*id, *time)));
                }
            }
        }
    }
    refused
}

impl TablePlan {
    /// Whether everything that it was decided on is as it was; under the table's lock.
    pub(super) fn holds(&self) -> bool {
        let Basis { at, undone, next_id, wanted } = &self.basis;
        let series = self.state.series.read();
        let names_series = self.decided.iter().any(|(_, part)| !part.ids.is_empty());
        let same_series = !names_series
            || (!series.ended_after(*at) && (self.decision.new.is_empty() || series.next_id() == *next_id));
        drop(series);
        if *undone != self.state.undone.load(Ordering::Acquire) || !same_series {
            return false;
        }
        wanted.is_empty() || {
            let (_, memory) = self.state.seen();
            let deletes = memory.tombstones.last().is_some_and(|tombstone| tombstone.sequence > *at);
            memory.flushed <= *at && !deletes && !memory.chunks.iter().any(|chunk| self.is_touched_by(chunk))
        }
    }

    /// Whether a chunk may have come later, and has one of the rows that older ones decide.
    fn is_touched_by(&self, chunk: &MemoryChunk) -> bool {
        let Basis { at, wanted, .. } = &self.basis;
        chunk.chunk.sequences.1 > *at
            && match &chunk.chunk.identity {
                Identity::Keyed { keys } => keys.iter().any(|key| wanted.contains(&RowId::Keyed(key.clone()))),
                Identity::Series { series, times } => {
                    series.iter().zip(times).any(|(id, time)| wanted.contains(&RowId::Series(*id, *time)))
                }
            }
    }
}
