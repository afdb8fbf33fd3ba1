//! What is known of some series while it is worked on: states, and for each value where it is.

use super::known::{Found, FoundId};
use super::newest::Newest;
use arrow::array::{Array, ArrayRef, new_null_array};
use arrow::compute::interleave;
use model::{ColumnId, Error, Result, SeriesId, Table, arrow_type};

/// One column.
#[derive(Clone, Debug)]
pub(super) struct WorkingColumn {
    pub(super) id: ColumnId,
    pub(super) newest: Vec<Newest>,
    /// The array and the row of each value; the first array is one NULL.
    picks: Vec<(usize, usize)>,
    arrays: Vec<ArrayRef>,
}

impl WorkingColumn {
    /// Adds an array that values may be in.
    pub(super) fn add(&mut self, values: ArrayRef) -> usize {
        self.arrays.push(values);
        self.arrays.len() - 1
    }

    /// Sets a value.
    pub(super) fn set(&mut self, at: usize, time: i64, array: usize, row: usize) {
        if let (Some(newest), Some(pick)) = (self.newest.get_mut(at), self.picks.get_mut(at)) {
            *newest = Newest::At(time);
            *pick = (array, row);
        }
    }

    /// Sets what is known where there is no value.
    pub(super) fn clear(&mut self, at: usize, known: Newest) {
        if let (Some(newest), Some(pick)) = (self.newest.get_mut(at), self.picks.get_mut(at)) {
            *newest = known;
            *pick = (0, 0);
        }
    }

    /// The values at some places; NULL where `wanted` says no.
    pub(super) fn values(&self, places: &[usize], wanted: impl Fn(usize) -> bool) -> Result<ArrayRef> {
        let pick = |at: &usize| if wanted(*at) { self.picks.get(*at).copied().unwrap_or_default() } else { (0, 0) };
        let picks: Vec<(usize, usize)> = places.iter().map(pick).collect();
        let arrays: Vec<&dyn Array> = self.arrays.iter().map(AsRef::as_ref).collect();
        interleave(&arrays, &picks).map_err(|e| Error::internal(format!("last values: {e}")))
    }

    pub(super) fn newest(&self, at: usize) -> Newest {
        self.newest.get(at).copied().unwrap_or_default()
    }
}

/// Some series, ascending by id.
#[derive(Clone, Debug)]
pub(super) struct Working {
    pub(super) ids: Vec<SeriesId>,
    pub(super) rows: Vec<Newest>,
    pub(super) columns: Vec<WorkingColumn>,
}

impl Working {
    /// Nothing is known of them.
    pub(super) fn unknown(table: &Table, ids: Vec<SeriesId>, columns: &[ColumnId]) -> Result<Self> {
        let count = ids.len();
        let column = |id: &ColumnId| {
            let column = table
                .column(*id)
                .ok_or_else(|| Error::internal(format!("table \"{}\" has no column {id}", table.name)))?;
            Ok(WorkingColumn {
                id: *id,
                newest: vec![Newest::Unknown; count],
                picks: vec![(0, 0); count],
                arrays: vec![new_null_array(&arrow_type(column.data_type), 1)],
            })
        };
        let columns = columns.iter().map(column).collect::<Result<_>>()?;
        Ok(Self { ids, rows: vec![Newest::Unknown; count], columns })
    }

    pub(super) fn row(&self, at: usize) -> Newest {
        self.rows.get(at).copied().unwrap_or_default()
    }

    /// The place of a series.
    pub(super) fn place(&self, id: SeriesId) -> Option<usize> {
        self.ids.binary_search(&id).ok()
    }

    /// Takes over what was found of some of these series, column by column.
    pub(super) fn take_over(&mut self, found: &[Found], ids: &[FoundId]) {
        let mut places: Vec<(usize, usize, usize)> = Vec::with_capacity(ids.len());
        for (id, number, from) in ids {
            let (number, from) = (*number as usize, *from as usize);
            let (Some(at), Some(theirs)) = (self.place(*id), found.get(number)) else { continue };
            places.push((at, number, from));
            if let Some(row) = self.rows.get_mut(at) {
                *row = theirs.known().row(from);
            }
        }
        for column in &mut self.columns {
            let theirs: Vec<_> = found.iter().map(|found| found.known().column(column.id)).collect();
            let mut arrays: Vec<Option<usize>> = vec![None; found.len()];
            for (at, number, from) in &places {
                let Some(theirs) = theirs.get(*number).copied().flatten() else { continue };
                let Some(array) = arrays.get_mut(*number) else { continue };
                match theirs.newest(*from) {
                    Newest::At(time) => {
                        let array = *array.get_or_insert_with(|| column.add(theirs.values().clone()));
                        column.set(*at, time, array, *from);
                    }
                    known => column.clear(*at, known),
                }
            }
        }
    }
}
