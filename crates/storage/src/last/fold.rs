//! How rows of one series in a folded chunk change what is known of its newest row and values. The
//! rules hold too where some of the chunk's rows are known already: a chunk that was merged may
//! begin before the number at which things are known, and folding such rows once more changes
//! nothing.

use super::newest::Newest;
use model::Cells;
use segments::{RowKind, RowKinds};
use std::ops::Range;

/// What the rows say of the newest row. They ascend in time.
pub(super) fn newest_row(now: Newest, times: &[i64], kinds: &RowKinds, run: Range<usize>) -> Newest {
    for (row, time) in backwards(times, run) {
        if !now.is_met_by(time) {
            return now;
        }
        match kinds.get(row) {
            RowKind::Replace | RowKind::Merge => return Newest::At(time),
            RowKind::Erase if now == Newest::At(time) => return Newest::NotSince(time),
            RowKind::Erase => {}
        }
    }
    now
}

/// What becomes of the newest value of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays.
    Stays,
    /// It is in this row.
    In { row: usize, time: i64 },
    /// It is gone, and nothing else is at its time or later.
    Gone(i64),
}

/// What the rows say of the newest value of one column; `None`: they have no such column.
pub(super) fn newest_value(
    now: Newest,
    times: &[i64],
    kinds: &RowKinds,
    cells: Option<&Cells>,
    run: Range<usize>,
) -> Fate {
    for (row, time) in backwards(times, run) {
        if !now.is_met_by(time) {
            return Fate::Stays;
        }
        let kind = kinds.get(row);
        let is_absent = cells.is_none_or(|cells| cells.is_absent(row));
        let is_value = !is_absent && cells.is_some_and(|cells| cells.values.is_valid(row));
        if is_value && kind != RowKind::Erase {
            return Fate::In { row, time };
        }
        if now == Newest::At(time) {
            let leaves_it = kind == RowKind::Merge && is_absent;
            return if leaves_it { Fate::Stays } else { Fate::Gone(time) };
        }
    }
    Fate::Stays
}

fn backwards(times: &[i64], run: Range<usize>) -> impl Iterator<Item = (usize, i64)> {
    let start = run.start;
    let times = times.get(run).unwrap_or_default();
    times.iter().enumerate().rev().map(move |(at, time)| (start + at, *time))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Int64Array;
    use arrow::buffer::BooleanBuffer;
    use std::sync::Arc;

    fn row(now: Newest, rows: &[(i64, RowKind)]) -> Newest {
        let times: Vec<i64> = rows.iter().map(|(time, _)| *time).collect();
        let kinds = RowKinds::from_rows(rows.iter().map(|(_, kind)| *kind).collect());
        newest_row(now, &times, &kinds, 0..times.len())
    }

    #[test]
    fn late_rows_change_nothing_and_erasures_leave_a_bound() {
        use Newest::{At, NotSince, Unknown};
        use RowKind::{Erase, Merge, Replace};
        assert_eq!(row(At(5), &[(3, Replace), (4, Erase)]), At(5));
        assert_eq!(row(At(5), &[(3, Replace), (5, Erase)]), NotSince(5));
        assert_eq!(row(At(5), &[(5, Merge), (7, Erase)]), At(5));
        assert_eq!(row(At(5), &[(6, Merge), (7, Erase)]), At(6));
        assert_eq!(row(NotSince(5), &[(4, Replace)]), NotSince(5));
        assert_eq!(row(NotSince(5), &[(5, Replace)]), At(5));
        assert_eq!(row(Newest::NEVER, &[(-9, Replace)]), At(-9));
        assert_eq!(row(Unknown, &[(9, Replace)]), Unknown);
    }

    #[test]
    fn a_value_goes_where_its_row_is_replaced_or_its_cell_is_set_to_null() {
        let cells = |values: Vec<Option<i64>>, absent: Option<Vec<bool>>| Cells {
            values: Arc::new(Int64Array::from(values)),
            absent: absent.map(BooleanBuffer::from),
        };
        let fate = |now, kind, cells: Option<&Cells>| newest_value(now, &[5], &RowKinds::All(kind), cells, 0..1);
        let at = Newest::At(5);
        let null = cells(vec![None], None);
        let absent = cells(vec![None], Some(vec![true]));
        let value = cells(vec![Some(1)], None);
        assert_eq!(fate(at, RowKind::Replace, None), Fate::Gone(5));
        assert_eq!(fate(at, RowKind::Merge, None), Fate::Stays);
        assert_eq!(fate(at, RowKind::Merge, Some(&absent)), Fate::Stays);
        assert_eq!(fate(at, RowKind::Replace, Some(&absent)), Fate::Gone(5));
        assert_eq!(fate(at, RowKind::Merge, Some(&null)), Fate::Gone(5));
        assert_eq!(fate(at, RowKind::Erase, Some(&value)), Fate::Gone(5));
        assert_eq!(fate(at, RowKind::Merge, Some(&value)), Fate::In { row: 0, time: 5 });
        assert_eq!(fate(Newest::At(4), RowKind::Replace, Some(&null)), Fate::Stays);
        assert_eq!(fate(Newest::At(6), RowKind::Replace, Some(&value)), Fate::Stays);
        assert_eq!(fate(Newest::NotSince(6), RowKind::Replace, Some(&value)), Fate::Stays);
        let some = cells(vec![Some(1), None, None], None);
        let kinds = RowKinds::All(RowKind::Replace);
        assert_eq!(newest_value(Newest::At(0), &[1, 2, 3], &kinds, Some(&some), 0..3), Fate::In { row: 0, time: 1 });
        assert_eq!(newest_value(Newest::At(2), &[1, 2, 3], &kinds, Some(&some), 0..3), Fate::Gone(2));
    }
}
