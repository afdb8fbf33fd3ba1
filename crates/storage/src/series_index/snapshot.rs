//! The series that a reader lists, in key order, and their columns.

use super::{Attributes, ReadTexts, SeriesTexts, key_values};
use arrow::array::{Array, ArrayRef};
use arrow::compute::interleave;
use model::{
    CellsBuilder, Column, ColumnId, ColumnRole, DataType, Error, ErrorKind, Result, Sequence, SeriesId, Table, Value,
};
use parking_lot::Mutex;
use segments::{Spellings, WantedSeries, to_current_type};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock, Weak};

/// Fewer than one in so many series are looked for by their keys.
const SPARSE: usize = 64;

/// Which state of a column an array shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ColumnState {
    schema_version: u32,
    attribute_version: u64,
}

impl ColumnState {
    fn new(attribute_version: u64, table: &Table, column: &Column) -> Self {
        let attribute_version = if column.role == ColumnRole::Key { 0 } else { attribute_version };
        Self { schema_version: table.schema_version, attribute_version }
    }
}

/// Series in key order at one number.
#[derive(Debug, Default)]
pub(crate) struct SeriesSnapshot {
    ids: Vec<SeriesId>,
    /// By id: the position in `ids` plus one, 0 where it is not listed. Made when it pays.
    places: OnceLock<Vec<u32>>,
    /// As scans want them, while some scan does.
    wanted: Mutex<Option<Weak<[WantedSeries]>>>,
    columns: Mutex<HashMap<ColumnId, (ColumnState, ArrayRef)>>,
}

impl SeriesSnapshot {
    /// Of series in key order.
    pub(super) fn of(ids: Vec<SeriesId>) -> Self {
        Self { ids, ..Self::default() }
    }

    /// In key order.
    pub(crate) fn ids(&self) -> &[SeriesId] {
        &self.ids
    }

    /// The position of a series in key order.
    pub(crate) fn place(&self, id: SeriesId) -> Option<u32> {
        let places = self.places.get_or_init(|| {
            let length = self.ids.iter().map(|id| id.0 as usize + 1).max().unwrap_or(0);
            let mut places = vec![0; length];
            for (place, id) in (1..).zip(&self.ids) {
                if let Some(slot) = places.get_mut(id.0 as usize) {
                    *slot = place;
                }
            }
            places
        });
        places.get(id.0 as usize)?.checked_sub(1)
    }

    /// The same by its key.
    fn place_by_key(&self, id: SeriesId, texts: &impl ReadTexts) -> Option<u32> {
        let key = texts.key(id);
        let place = self.ids.binary_search_by(|other| texts.key(*other).cmp(key)).ok()?;
        self.ids.get(place).filter(|found| **found == id).and_then(|_| u32::try_from(place).ok())
    }

    /// Whether it lists a series.
    pub(crate) fn lists(&self, id: SeriesId, texts: &impl ReadTexts) -> bool {
        self.place_by_key(id, texts).is_some()
    }

    /// Those of some series that it lists, each once, in key order.
    pub(crate) fn in_key_order(&self, ids: &[SeriesId], texts: &impl ReadTexts) -> Vec<SeriesId> {
        let by_key = self.places.get().is_none() && ids.len() < self.ids.len() / SPARSE;
        let place = |id: &SeriesId| if by_key { self.place_by_key(*id, texts) } else { self.place(*id) };
        let mut places: Vec<u32> = ids.iter().filter_map(place).collect();
        places.sort_unstable();
        places.dedup();
        places.iter().filter_map(|place| self.ids.get(*place as usize)).copied().collect()
    }

    /// The same with series added and left out.
    pub(super) fn after(&self, made: &[SeriesId], ended: &[SeriesId], texts: &impl ReadTexts) -> Self {
        let mut gone = ended.to_vec();
        gone.sort_unstable();
        let stays = |id: &SeriesId| gone.binary_search(id).is_err();
        let added = in_key_order(made.iter().copied().filter(stays), texts);
        let kept: Cow<'_, [SeriesId]> = match gone.is_empty() {
            true => Cow::Borrowed(&self.ids),
            false => Cow::Owned(self.ids.iter().copied().filter(stays).collect()),
        };
        let mut ids = Vec::with_capacity(kept.len() + added.len());
        let mut rest: &[SeriesId] = &kept;
        for next in added {
            let key = texts.key(next);
            let (before, after) = rest.split_at(count_while(rest, |id| texts.key(*id) < key));
            ids.extend_from_slice(before);
            ids.push(next);
            rest = after;
        }
        ids.extend_from_slice(rest);
        Self::of(ids)
    }

    /// The listed series as scans want them.
    pub(crate) fn wanted(&self, texts: impl FnOnce() -> SeriesTexts) -> Arc<[WantedSeries]> {
        if let Some(wanted) = self.wanted.lock().as_ref().and_then(Weak::upgrade) {
            return wanted;
        }
        let wanted = wanted(&self.ids, &texts());
        *self.wanted.lock() = Some(Arc::downgrade(&wanted));
        wanted
    }

    /// A key or attribute column, one value for each listed series. It is kept.
    pub(crate) fn column(
        &self,
        (texts, attribute_version): (&SeriesTexts, u64),
        table: &Table,
        column: &Column,
        spellings: &dyn Spellings,
    ) -> Result<ArrayRef> {
        let array = series_column(&self.ids, texts, table, column, spellings)?;
        let state = ColumnState::new(attribute_version, table, column);
        self.columns.lock().insert(column.id, (state, array.clone()));
        Ok(array)
    }

    /// The same if it was made before.
    pub(crate) fn kept_column(&self, attribute_version: u64, table: &Table, column: &Column) -> Option<ArrayRef> {
        let state = ColumnState::new(attribute_version, table, column);
        let mut columns = self.columns.lock();
        let (at, array) = columns.get(&column.id)?;
        if *at == state {
            return Some(array.clone());
        }
        // Nobody asks for it again.
        let gone = columns.remove(&column.id);
        drop(columns);
        drop(gone);
        None
    }

    /// What its lists take on the heap.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let places = self.places.get().map_or(0, Vec::capacity);
        self.ids.capacity() * size_of::<SeriesId>() + places * size_of::<u32>()
    }
}

/// Series in the order of their keys.
pub(crate) fn in_key_order(ids: impl Iterator<Item = SeriesId>, texts: &impl ReadTexts) -> Vec<SeriesId> {
    // Most keys differ in what they begin with: that lies side by side.
    let prefix = |id: SeriesId| {
        let mut prefix = [0; 16];
        prefix.iter_mut().zip(texts.key(id)).for_each(|(slot, byte)| *slot = *byte);
        let (high, low) = (prefix.first_chunk(), prefix.last_chunk());
        (high.map_or(0, |half| u64::from_be_bytes(*half)), low.map_or(0, |half| u64::from_be_bytes(*half)), id)
    };
    let mut sorted: Vec<(u64, u64, SeriesId)> = ids.map(prefix).collect();
    sorted.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| texts.key(a.2).cmp(texts.key(b.2))));
    sorted.into_iter().map(|(_, _, id)| id).collect()
}

/// How many at the beginning are so; none behind them is. Few are found soon.
fn count_while(ids: &[SeriesId], is_so: impl Fn(&SeriesId) -> bool) -> usize {
    let mut reach = 1;
    while ids.get(reach - 1).is_some_and(&is_so) {
        reach *= 2;
    }
    let known = reach / 2;
    known + ids.get(known..reach.min(ids.len())).unwrap_or_default().partition_point(is_so)
}

/// Series as scans want them.
pub(crate) fn wanted(ids: &[SeriesId], texts: &impl ReadTexts) -> Arc<[WantedSeries]> {
    ids.iter().filter_map(|id| Some(WantedSeries { id: *id, key_hash: texts.hash(*id)? })).collect()
}

/// A key or attribute column of some series.
pub(crate) fn series_column(
    ids: &[SeriesId],
    texts: &impl ReadTexts,
    table: &Table,
    column: &Column,
    spellings: &dyn Spellings,
) -> Result<ArrayRef> {
    if column.role != ColumnRole::Key {
        return attribute_column(ids, texts, table, column, spellings);
    }
    let key = table.key_columns().position(|c| c.id == column.id);
    let position = key.ok_or_else(|| Error::internal(format!("column {} is not in the key", column.id)))?;
    key_column(ids, texts, table, position)
}

/// One key column of some series.
fn key_column(ids: &[SeriesId], texts: &impl ReadTexts, table: &Table, position: usize) -> Result<ArrayRef> {
    let types: Vec<DataType> = table.key_columns().map(|c| c.data_type).take(position + 1).collect();
    let data_type = *types.last().ok_or_else(|| Error::internal("the table has no such key column"))?;
    let mut cells = CellsBuilder::new(data_type)?;
    for id in ids {
        let value = key_values::decode_nth(texts.key(*id), &types)
            .map_err(|e| Error::internal(format!("series {id}: {}", e.0)))?;
        cells.push(&value)?;
    }
    Ok(cells.finish().values)
}

/// One attribute column of some series, in its current type.
fn attribute_column(
    ids: &[SeriesId],
    texts: &impl ReadTexts,
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
        let value = texts.attribute(*id, column.id).unwrap_or_default();
        let values = Attributes::decode(value).map_err(|e| Error::internal(format!("series {id}: {}", e.0)))?;
        let found = values.into_iter().next();
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
