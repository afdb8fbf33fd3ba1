//! The series that a reader lists, in key order, and their columns.

use super::{Attributes, SeriesIndex, key_values};
use arrow::array::{Array, ArrayRef};
use arrow::compute::interleave;
use model::{
    CellsBuilder, Column, ColumnId, ColumnRole, DataType, Error, ErrorKind, Result, Sequence, SeriesId, Table, Value,
};
use parking_lot::Mutex;
use segments::{Spellings, WantedSeries, to_current_type};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// Which state of a column an array shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ColumnState {
    schema_version: u32,
    attribute_version: u64,
}

impl ColumnState {
    fn new(index: &SeriesIndex, table: &Table, column: &Column) -> Self {
        let attribute_version = if column.role == ColumnRole::Key { 0 } else { index.attribute_version() };
        Self { schema_version: table.schema_version, attribute_version }
    }
}

/// Series in key order at one number.
#[derive(Debug, Default)]
pub(crate) struct SeriesSnapshot {
    ids: Vec<SeriesId>,
    /// By id: the position in `ids` plus one, 0 where it is not listed.
    places: Vec<u32>,
    wanted: OnceLock<Arc<[WantedSeries]>>,
    columns: Mutex<HashMap<ColumnId, (ColumnState, ArrayRef)>>,
}

impl SeriesSnapshot {
    /// In key order.
    pub(crate) fn ids(&self) -> &[SeriesId] {
        &self.ids
    }

    /// The position of a series in key order.
    pub(crate) fn place(&self, id: SeriesId) -> Option<u32> {
        self.places.get(id.0 as usize)?.checked_sub(1)
    }

    /// The same with series added and left out.
    pub(super) fn after<'a>(&self, made: &[SeriesId], ended: &[SeriesId], key: impl Fn(SeriesId) -> &'a [u8]) -> Self {
        let mut gone = ended.to_vec();
        gone.sort_unstable();
        let stays = |id: &SeriesId| gone.binary_search(id).is_err();
        let mut added: Vec<SeriesId> = made.iter().copied().filter(stays).collect();
        added.sort_unstable_by(|a, b| key(*a).cmp(key(*b)));
        let mut ids = Vec::with_capacity(self.ids.len() + added.len());
        let mut added = added.into_iter().peekable();
        for id in self.ids.iter().copied().filter(stays) {
            if added.peek().is_some() {
                let here = key(id);
                while let Some(next) = added.next_if(|next| key(*next) < here) {
                    ids.push(next);
                }
            }
            ids.push(id);
        }
        ids.extend(added);
        let length = ids.iter().map(|id| id.0 as usize + 1).max().unwrap_or(0);
        let mut places = vec![0; length];
        for (place, id) in (1..).zip(&ids) {
            if let Some(slot) = places.get_mut(id.0 as usize) {
                *slot = place;
            }
        }
        Self { ids, places, ..Self::default() }
    }

    /// The listed series as scans want them.
    pub(crate) fn wanted(&self, index: &SeriesIndex) -> Arc<[WantedSeries]> {
        self.wanted.get_or_init(|| wanted(&self.ids, index)).clone()
    }

    /// A key or attribute column, one value for each listed series. It is kept.
    pub(crate) fn column(
        &self,
        index: &SeriesIndex,
        table: &Table,
        column: &Column,
        spellings: &dyn Spellings,
    ) -> Result<ArrayRef> {
        if let Some(array) = self.kept_column(index, table, column) {
            return Ok(array);
        }
        let array = series_column(&self.ids, index, table, column, spellings)?;
        self.columns.lock().insert(column.id, (ColumnState::new(index, table, column), array.clone()));
        Ok(array)
    }

    /// The same if it was made before.
    pub(crate) fn kept_column(&self, index: &SeriesIndex, table: &Table, column: &Column) -> Option<ArrayRef> {
        let state = ColumnState::new(index, table, column);
        self.columns.lock().get(&column.id).filter(|(at, _)| *at == state).map(|(_, array)| array.clone())
    }
}

/// Series as scans want them.
pub(crate) fn wanted(ids: &[SeriesId], index: &SeriesIndex) -> Arc<[WantedSeries]> {
    ids.iter().filter_map(|id| Some(WantedSeries { id: *id, key_hash: index.hash_of(*id)? })).collect()
}

/// A key or attribute column of some series.
pub(crate) fn series_column(
    ids: &[SeriesId],
    index: &SeriesIndex,
    table: &Table,
    column: &Column,
    spellings: &dyn Spellings,
) -> Result<ArrayRef> {
    if column.role != ColumnRole::Key {
        return attribute_column(ids, index, table, column, spellings);
    }
    let key = table.key_columns().position(|c| c.id == column.id);
    let position = key.ok_or_else(|| Error::internal(format!("column {} is not in the key", column.id)))?;
    key_column(ids, index, table, position)
}

/// One key column of some series.
fn key_column(ids: &[SeriesId], index: &SeriesIndex, table: &Table, position: usize) -> Result<ArrayRef> {
    let types: Vec<DataType> = table.key_columns().map(|c| c.data_type).take(position + 1).collect();
    let data_type = *types.last().ok_or_else(|| Error::internal("the table has no such key column"))?;
    let mut cells = CellsBuilder::new(data_type)?;
    for id in ids {
        let key = index.entry(*id).map_or(&[][..], |e| &e.key);
        let value =
            key_values::decode_nth(key, &types).map_err(|e| Error::internal(format!("series {id}: {}", e.0)))?;
        cells.push(&value)?;
    }
    Ok(cells.finish().values)
}

/// One attribute column of some series, in its current type.
fn attribute_column(
    ids: &[SeriesId],
    index: &SeriesIndex,
    table: &Table,
    column: &Column,
    spellings: &dyn Spellings,
) -> Result<ArrayRef> {
    // By type generation: values are brought to the current type one generation at a time.
    let newest = column.type_changes.len();
    let mut generations: Vec<(CellsBuilder, usize)> = (0..=newest)
        .map(|g| Ok((CellsBuilder::new(column.type_changes.get(g).map_or(column.data_type, |c| c.from))?, 0)))
        .collect::<Result<_>>()?;
    let mut picks = Vec::with_capacity(ids.len());
    for id in ids {
        let attributes = index.entry(*id).map_or(&[][..], |e| &e.attributes);
        let values = Attributes::decode(attributes).map_err(|e| Error::internal(format!("series {id}: {}", e.0)))?;
        let found = values.into_iter().find(|v| v.column == column.id);
        let (generation, value) = found.map_or((newest, Value::Null), |v| (v.generation, v.value));
        let Some((cells, count)) = generations.get_mut(generation) else {
            return Err(Error::new(ErrorKind::SchemaChanged { table: table.name.clone() }));
        };
        cells.push(&value)?;
        picks.push((generation, *count));
        *count += 1;
    }
    let mut arrays = Vec::with_capacity(generations.len());
    for (generation, (cells, _)) in generations.into_iter().enumerate() {
        let written = column.type_changes.get(generation).map_or(Sequence::MAX, |c| Sequence(c.at.0.saturating_sub(1)));
        arrays.push(to_current_type(table, column.id, &cells.finish().values, written, spellings)?);
    }
    if let [only] = arrays.as_slice() {
        return Ok(only.clone());
    }
    let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
    interleave(&arrays, &picks).map_err(|e| Error::internal(format!("attributes: {e}")))
}
