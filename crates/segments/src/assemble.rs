//! Output columns put together from rows of blocks.
//!
//! Whoever merges says row by row, or stretch by stretch, where the rows come from; the columns
//! are made at the end, in one go each: a slice where all comes from one place, a concatenation
//! of long stretches, or an interleaving. The rules of folding stand here and nowhere else.

use crate::block::Block;
use crate::{RowKind, RowKinds};
use arrow::array::{Array, ArrayRef, BooleanBufferBuilder, new_empty_array, new_null_array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{concat, interleave};
use arrow::datatypes::DataType;
use model::{Cells, Error, Result};
use std::ops::Range;
use std::sync::Arc;

/// Stretches of this mean length are concatenated rather than interleaved.
const LONG_STRETCH_ROWS: usize = if cfg!(test) { 2 } else { 16 };

/// What lies below the rows that are folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Below {
    /// Perhaps older versions: kinds and absent cells are kept.
    Unknown,
    /// Nothing: a merge is a row, an erasure is none.
    Nothing,
}

/// Rows of one block that follow each other in the output.
#[derive(Clone, Debug)]
pub(crate) struct Stretch {
    pub(crate) slot: usize,
    pub(crate) rows: Range<usize>,
}

/// A cell of a folded row that comes from an older version than the row does.
#[derive(Debug)]
struct OlderCell {
    output_row: usize,
    slot: usize,
    row: usize,
}

/// One version of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Version {
    pub(crate) slot: usize,
    pub(crate) row: usize,
}

/// Collects output rows.
#[derive(Debug)]
pub(crate) struct Assembler<I> {
    below: Below,
    types: Arc<[DataType]>,
    slots: Vec<Arc<Block<I>>>,
    slot_of_source: Vec<Option<usize>>,
    stretches: Vec<Stretch>,
    ranks: Vec<(u32, usize)>,
    rows: usize,
    older_cells: Vec<Vec<OlderCell>>,
    /// Rows that are merges by their newest version and whole rows by an older one.
    grounded: Vec<usize>,
}

impl<I> Assembler<I> {
    /// For blocks of that many sources, with columns of these types.
    pub(crate) fn new(below: Below, types: Arc<[DataType]>, sources: usize) -> Self {
        Self {
            below,
            slots: Vec::new(),
            slot_of_source: vec![None; sources],
            stretches: Vec::new(),
            ranks: Vec::new(),
            rows: 0,
            older_cells: types.iter().map(|_| Vec::new()).collect(),
            grounded: Vec::new(),
            types,
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The place of a source's block, by which rows name it until the output is taken.
    pub(crate) fn slot(&mut self, source: usize, block: &Arc<Block<I>>) -> usize {
        if let Some(slot) = self.slot_of_source[source]
            && Arc::ptr_eq(&self.slots[slot], block)
        {
            return slot;
        }
        self.slots.push(Arc::clone(block));
        self.slot_of_source[source] = Some(self.slots.len() - 1);
        self.slots.len() - 1
    }

    /// Appends rows that have no other version.
    pub(crate) fn append(&mut self, rank: u32, slot: usize, rows: Range<usize>) {
        if self.below == Below::Unknown {
            return self.push(rank, slot, rows);
        }
        let block = Arc::clone(&self.slots[slot]);
        match &block.kinds {
            RowKinds::All(RowKind::Erase) => {}
            RowKinds::All(_) => self.push(rank, slot, rows),
            RowKinds::Each(kinds) => {
                let mut first = rows.start;
                for run in kinds[rows].chunk_by(|a, b| (*a == RowKind::Erase) == (*b == RowKind::Erase)) {
                    if run[0] != RowKind::Erase {
                        self.push(rank, slot, first..first + run.len());
                    }
                    first += run.len();
                }
            }
        }
    }

    /// Appends what is left of the versions of one row, oldest first.
    pub(crate) fn fold(&mut self, rank: u32, versions: &[Version]) {
        let Some((newest, older)) = versions.split_last() else { return };
        let kind = |version: &Version| self.slots[version.slot].kind(version.row);
        if kind(newest) != RowKind::Merge {
            return self.append(rank, newest.slot, newest.row..newest.row + 1);
        }
        let output_row = self.rows;
        for column in 0..self.older_cells.len() {
            if self.slots[newest.slot].is_present(column, newest.row) {
                continue;
            }
            // Nothing older than a whole row or an erasure can be seen.
            let found = older.iter().rev().find(|version| {
                kind(version) != RowKind::Merge || self.slots[version.slot].is_present(column, version.row)
            });
            if let Some(version) = found
                && kind(version) != RowKind::Erase
                && self.slots[version.slot].columns[column].is_some()
            {
                let cell = OlderCell { output_row, slot: version.slot, row: version.row };
                self.older_cells[column].push(cell);
            }
        }
        if older.iter().any(|version| kind(version) != RowKind::Merge) {
            self.grounded.push(output_row);
        }
        self.push(rank, newest.slot, newest.row..newest.row + 1);
    }

    fn push(&mut self, rank: u32, slot: usize, rows: Range<usize>) {
        if rows.is_empty() {
            return;
        }
        self.rows += rows.len();
        match self.ranks.last_mut() {
            Some((last, count)) if *last == rank => *count += rows.len(),
            _ => self.ranks.push((rank, rows.len())),
        }
        match self.stretches.last_mut() {
            Some(last) if last.slot == slot && last.rows.end == rows.start => last.rows.end = rows.end,
            _ => self.stretches.push(Stretch { slot, rows }),
        }
    }

    /// The rows collected, leaving none.
    pub(crate) fn take(&mut self) -> Result<Assembled<I>> {
        let columns = (0..self.types.len()).map(|column| self.column(column)).collect::<Result<_>>()?;
        let kinds = self.kinds();
        for cells in &mut self.older_cells {
            cells.clear();
        }
        self.grounded.clear();
        self.slot_of_source.fill(None);
        self.rows = 0;
        Ok(Assembled {
            blocks: std::mem::take(&mut self.slots),
            stretches: std::mem::take(&mut self.stretches),
            ranks: std::mem::take(&mut self.ranks),
            kinds,
            columns,
        })
    }

    fn column(&self, column: usize) -> Result<Cells> {
        let values = self.values(column).map_err(Error::internal)?;
        let absent = match self.below {
            Below::Nothing => None,
            Below::Unknown => self.absent(column),
        };
        Ok(Cells { values, absent })
    }

    fn values(&self, column: usize) -> Result<ArrayRef, arrow::error::ArrowError> {
        let data_type = &self.types[column];
        let values = |slot: usize| self.slots[slot].columns[column].as_ref().map(|cells| &cells.values);
        let slice = |stretch: &Stretch| match values(stretch.slot) {
            Some(values) => values.slice(stretch.rows.start, stretch.rows.len()),
            None => new_null_array(data_type, stretch.rows.len()),
        };
        let older_cells = &self.older_cells[column];
        if older_cells.is_empty() {
            match self.stretches.as_slice() {
                [] => return Ok(new_empty_array(data_type)),
                [one] => return Ok(slice(one)),
                many if self.rows >= many.len() * LONG_STRETCH_ROWS => {
                    let slices: Vec<ArrayRef> = many.iter().map(slice).collect();
                    return concat(&slices.iter().map(AsRef::as_ref).collect::<Vec<_>>());
                }
                _ => {}
            }
        }
        let null = new_null_array(data_type, 1);
        let mut arrays: Vec<&dyn Array> = vec![&null];
        let array_of_slot: Vec<usize> = (0..self.slots.len())
            .map(|slot| {
                values(slot).map_or(0, |values| {
                    arrays.push(values);
                    arrays.len() - 1
                })
            })
            .collect();
        let mut cells = Vec::with_capacity(self.rows);
        for Stretch { slot, rows } in &self.stretches {
            match array_of_slot[*slot] {
                0 => cells.extend(rows.clone().map(|_| (0, 0))),
                array => cells.extend(rows.clone().map(|row| (array, row))),
            }
        }
        for cell in older_cells {
            cells[cell.output_row] = (array_of_slot[cell.slot], cell.row);
        }
        interleave(&arrays, &cells)
    }

    fn kinds(&self) -> RowKinds {
        if self.below == Below::Nothing {
            return RowKinds::All(RowKind::Replace);
        }
        let mut kinds = Vec::with_capacity(self.rows);
        for Stretch { slot, rows } in &self.stretches {
            match &self.slots[*slot].kinds {
                RowKinds::All(kind) => kinds.extend(rows.clone().map(|_| *kind)),
                RowKinds::Each(each) => kinds.extend_from_slice(&each[rows.clone()]),
            }
        }
        for row in &self.grounded {
            kinds[*row] = RowKind::Replace;
        }
        RowKinds::from_rows(kinds)
    }

    /// Which cells of a column are still absent: only those of merges.
    fn absent(&self, column: usize) -> Option<BooleanBuffer> {
        let mut absent = BooleanBufferBuilder::new(self.rows);
        for Stretch { slot, rows } in &self.stretches {
            let block = &self.slots[*slot];
            match (&block.kinds, &block.columns[column]) {
                (RowKinds::All(RowKind::Merge), None) => absent.append_n(rows.len(), true),
                (RowKinds::All(RowKind::Merge), Some(Cells { absent: Some(bits), .. })) => {
                    absent.append_buffer(&bits.slice(rows.start, rows.len()));
                }
                (RowKinds::All(_), _) | (RowKinds::Each(_), Some(Cells { absent: None, .. })) => {
                    absent.append_n(rows.len(), false);
                }
                (RowKinds::Each(kinds), _) => {
                    for row in rows.clone() {
                        absent.append(kinds[row] == RowKind::Merge && !block.is_present(column, row));
                    }
                }
            }
        }
        for row in self.grounded.iter().copied().chain(self.older_cells[column].iter().map(|cell| cell.output_row)) {
            absent.set_bit(row, false);
        }
        let absent = absent.finish();
        (absent.count_set_bits() > 0).then_some(absent)
    }
}

/// Output rows.
#[derive(Debug)]
pub(crate) struct Assembled<I> {
    /// The blocks that they come from.
    pub(crate) blocks: Vec<Arc<Block<I>>>,
    /// Where the rows' newest versions stand in them.
    pub(crate) stretches: Vec<Stretch>,
    /// How many rows each rank has, in order.
    pub(crate) ranks: Vec<(u32, usize)>,
    /// What each row does.
    pub(crate) kinds: RowKinds,
    /// The columns.
    pub(crate) columns: Vec<Cells>,
}

impl Assembled<crate::block::Times> {
    pub(crate) fn times(&self) -> Vec<i64> {
        let mut times = Vec::with_capacity(self.ranks.iter().map(|(_, rows)| rows).sum());
        for Stretch { slot, rows } in &self.stretches {
            times.extend_from_slice(&self.blocks[*slot].ids.as_slice()[rows.clone()]);
        }
        times
    }
}

impl Assembled<crate::block::Keys> {
    pub(crate) fn keys(&self) -> Vec<model::KeyBytes> {
        self.stretches
            .iter()
            .flat_map(|Stretch { slot, rows }| &self.blocks[*slot].ids.as_slice()[rows.clone()])
            .cloned()
            .collect()
    }
}
