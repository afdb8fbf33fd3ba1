//! The page index rules out rows, and never one too many.

use super::{open, table, write};
use crate::segment::PAGE_ROWS;
use crate::{RowKind, RowKinds, SegmentIdentity, SegmentRows, SeriesKeys};
use arrow::array::{ArrayRef, Int64Array};
use files::ForgetfulFiles;
use model::{ColumnRole, DataType, Sequence, SeriesId, TableKind, TimeBounds, TimeUnit, encode_keys};
use std::sync::Arc;

/// Runs that begin and end anywhere in a page.
const RUNS: [usize; 9] = [1, 3, 4, 5, 41, 2, 9, 8, 22];

#[test]
fn narrowing_keeps_what_lies_within_and_little_else() {
    let time = DataType::Instant(TimeUnit::Millisecond);
    let table = table(TableKind::Series, &[(ColumnRole::Key, DataType::Int64), (ColumnRole::Time, time)]);
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..RUNS.len() as i64));
    let keys = encode_keys(std::slice::from_ref(&numbers), RUNS.len()).unwrap();
    // Series overlap in time, and have gaps.
    let times: Vec<i64> = RUNS.iter().flat_map(|rows| (0..*rows as i64).map(|row| row * 2 + row / 5 * 3)).collect();
    let rows = SegmentRows {
        sequences: (Sequence(1), Sequence(1)),
        identity: SegmentIdentity::Series {
            keys: Arc::new(SeriesKeys { ids: vec![SeriesId(0); RUNS.len()], keys, columns: vec![numbers] }),
            runs: RUNS.into_iter().enumerate().collect(),
            times: times.clone(),
        },
        kinds: RowKinds::All(RowKind::Replace),
        columns: Vec::new(),
    };
    let files = ForgetfulFiles::new();
    let entry = write(&files, &table, &rows);
    let segment = open(&files, &entry, &table).unwrap();
    assert_eq!(segment.runs().iter().map(|run| run.rows as usize).collect::<Vec<_>>(), RUNS);
    for run in segment.runs() {
        let rows = run.first_row..run.first_row + run.rows;
        for first in -2..run.time.last + 3 {
            for last in first..run.time.last + 3 {
                let narrowed = segment.file().narrow(rows.clone(), TimeBounds { first, last });
                let within: Vec<u64> =
                    rows.clone().filter(|row| (first..=last).contains(&times[*row as usize])).collect();
                let place = format!("{first} to {last} in {run:?}: {narrowed:?}");
                assert!(within.iter().all(|row| narrowed.contains(row)), "{place}");
                assert!(narrowed.is_empty() || (rows.start <= narrowed.start && narrowed.end <= rows.end), "{place}");
                let more = narrowed.end.saturating_sub(narrowed.start) as usize - within.len();
                assert!(more < 3 * PAGE_ROWS, "{place}");
            }
        }
    }
}
