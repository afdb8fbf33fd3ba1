//! What is known of some series, packed: so much of the state of a search as is kept.

use super::newest::{Newest, NewestList};
use super::working::Working;
use arrow::array::{Array, ArrayRef};
use model::{ColumnId, Result, SeriesId};

/// The newest rows and values of some series, by position.
#[derive(Debug)]
pub(super) struct Known {
    rows: NewestList,
    /// A column that is not there is not known of any of them.
    columns: Vec<KnownColumn>,
}

#[derive(Debug)]
struct KnownColumn {
    id: ColumnId,
    /// `None`: each value is in the newest row of its series.
    newest: Option<NewestList>,
    values: ArrayRef,
}

/// One column of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct ColumnOf<'a> {
    known: &'a Known,
    column: &'a KnownColumn,
}

impl<'a> ColumnOf<'a> {
    pub(super) fn id(&self) -> ColumnId {
        self.column.id
    }

    pub(super) fn newest(&self, at: usize) -> Newest {
        self.column.newest.as_ref().unwrap_or(&self.known.rows).get(at)
    }

    /// By position; what is there where there is none means nothing.
    pub(super) fn values(&self) -> &'a ArrayRef {
        &self.column.values
    }
}

impl Known {
    pub(super) fn new(working: &Working) -> Result<Self> {
        let places: Vec<usize> = (0..working.ids.len()).collect();
        let rows: NewestList = working.rows.iter().copied().collect();
        let is_known = |newest: &[Newest]| newest.iter().any(|newest| *newest != Newest::Unknown);
        let columns = working.columns.iter().filter(|column| is_known(&column.newest)).map(|column| {
            let as_rows = column.newest.iter().zip(&working.rows).all(|(value, row)| value == row);
            let newest = (!as_rows).then(|| column.newest.iter().copied().collect::<NewestList>());
            Ok(KnownColumn { id: column.id, newest, values: column.values(&places, |_| true)? })
        });
        let mut columns: Vec<KnownColumn> = columns.collect::<Result<_>>()?;
        columns.shrink_to_fit();
        Ok(Self { rows, columns })
    }

    pub(super) fn row(&self, at: usize) -> Newest {
        self.rows.get(at)
    }

    pub(super) fn columns(&self) -> impl Iterator<Item = ColumnOf<'_>> {
        self.columns.iter().map(|column| ColumnOf { known: self, column })
    }

    pub(super) fn column(&self, id: ColumnId) -> Option<ColumnOf<'_>> {
        self.columns().find(|column| column.id() == id)
    }

    /// What it takes beside itself.
    pub(super) fn bytes(&self) -> usize {
        let column = |column: &KnownColumn| {
            let newest = column.newest.as_ref().map_or(0, NewestList::bytes);
            size_of::<KnownColumn>() + column.values.get_array_memory_size() + newest
        };
        self.rows.bytes() + self.columns.iter().map(column).sum::<usize>()
    }
}

/// What was found of some series, ascending by id.
#[derive(Debug)]
pub(super) struct Found {
    ids: Vec<SeriesId>,
    known: Known,
}

impl Found {
    pub(super) fn new(working: &Working) -> Result<Self> {
        Ok(Self { ids: working.ids.clone(), known: Known::new(working)? })
    }

    /// How many series.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn known(&self) -> &Known {
        &self.known
    }

    pub(super) fn columns(&self) -> impl Iterator<Item = ColumnId> {
        self.known.columns().map(|column| column.id())
    }
}

/// A series that was found, in which of several, and where in that.
pub(super) type FoundId = (SeriesId, u32, u32);

/// All series of several, ascending by id; of those that are in several, the last one comes last.
pub(super) fn in_id_order(found: &[Found]) -> Vec<FoundId> {
    let of = |(number, found): (u32, &Found)| -> Vec<FoundId> {
        found.ids.iter().zip(0..).map(|(id, at)| (*id, number, at)).collect()
    };
    let mut ids: Vec<FoundId> = (0..).zip(found).flat_map(of).collect();
    ids.sort_unstable();
    ids
}
