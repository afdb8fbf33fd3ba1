//! What scans do not do: merge rows in order, read what bounds rule out, copy what is folded.

use super::cells::{Value, value_in};
use super::history::{Cell, History};
use super::layout::{FIELD_IDS, table};
use crate::{
    Chunk, ChunkColumn, Identity, MergeContext, Partitioning, PlainSpellings, RowKind, RowKinds, ScanCounts,
    SegmentReader, SegmentTarget, SeriesKeys, SeriesScan, SeriesScanRequest, Source, WantedSeries, partition_rows,
    write_segment,
};
use arrow::array::{ArrayRef, AsArray, Int64Array, StringArray};
use arrow::buffer::BooleanBuffer;
use catalog::Tombstone;
use files::{Files, ForgetfulFiles};
use model::{
    Cells, ColumnId, DataType, KeyHash, KeySelection, Sequence, SeriesId, Table, TableKind, TimeBounds, TimeUnit,
    encode_keys, key_hash,
};
use std::sync::Arc;

pub(super) const SERIES: u32 = 3;
pub(super) const VALUE: ColumnId = FIELD_IDS[0];

pub(super) fn series_table() -> Arc<Table> {
    Arc::new(table(&History(Vec::new()), TableKind::Series))
}

pub(super) fn keys() -> Arc<SeriesKeys> {
    let names: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c"]));
    let numbers: ArrayRef = Arc::new(arrow::array::Int32Array::from(vec![None, None, None]));
    let columns = vec![names, numbers];
    let keys = encode_keys(&columns, SERIES as usize).unwrap();
    Arc::new(SeriesKeys { ids: (0..SERIES).map(SeriesId).collect(), keys, columns })
}

/// Every series at each of these times; the value says when and by what it was written.
pub(super) fn chunk(sequence: u64, kind: RowKind, times: std::ops::Range<i64>) -> Chunk {
    let rows = || (0..SERIES).flat_map(|series| times.clone().map(move |time| (SeriesId(series), time)));
    let values: ArrayRef =
        Arc::new(Int64Array::from_iter_values(rows().map(|(_, time)| time * 1_000 + sequence as i64)));
    let column = ChunkColumn { id: VALUE, data_type: DataType::Int64, cells: Cells::present(values) };
    let identity = Identity::Series {
        series: rows().map(|(series, _)| series).collect(),
        times: rows().map(|(_, time)| time).collect(),
    };
    Chunk::new(Sequence(sequence), identity, RowKinds::All(kind), vec![column]).unwrap()
}

pub(super) fn segments(table: &Table, chunk: Chunk, seconds: u64) -> Vec<Source> {
    let files = ForgetfulFiles::new();
    let shared: Arc<dyn Files> = Arc::new(files.clone());
    let partitioning = Partitioning { unit: TimeUnit::Millisecond, seconds };
    let parts = partition_rows(&chunk.fold().unwrap(), &keys(), partitioning, &|_| Some(i64::MAX)).unwrap();
    let write = |(id, part): (u64, &crate::PartitionRows)| {
        let path = format!("{id}.parquet");
        let target = SegmentTarget { id, path: &path, partition: part.partition, partition_seconds: 10, table };
        let entry = write_segment(&files, &target, &part.rows).unwrap();
        Source::Segment(SegmentReader::open(&shared, &entry, table).unwrap())
    };
    (1..).zip(&parts).map(write).collect()
}

fn scan(table: &Arc<Table>, sources: Vec<Source>, time: TimeBounds) -> (Vec<(SeriesId, i64, i64)>, ScanCounts) {
    let keys = keys();
    let series = keys.ids.iter().zip(&keys.keys).map(|(id, key)| WantedSeries { id: *id, key_hash: key_hash(&key.0) });
    let mut scan = SeriesScan::new(SeriesScanRequest {
        table: Arc::clone(table),
        sources,
        tombstones: Arc::new([]),
        series: series.collect(),
        columns: vec![VALUE],
        time,
        batch_rows: 7,
        spellings: Arc::new(PlainSpellings),
    })
    .unwrap();
    let mut read = Vec::new();
    for rows in scan.by_ref() {
        let rows = rows.unwrap();
        let values = rows.columns[0].as_primitive::<arrow::datatypes::Int64Type>();
        let series = rows.runs.iter().flat_map(|(series, rows)| std::iter::repeat_n(*series, *rows));
        read.extend(series.enumerate().map(|(row, series)| (series, rows.times.value(row), values.value(row))));
    }
    (read, scan.counts())
}

#[test]
fn rows_in_order_are_never_merged() {
    let table = series_table();
    let mut sources = segments(&table, chunk(1, RowKind::Replace, 0..2_500), 1);
    assert_eq!(sources.len(), 3);
    sources.push(Source::Chunk(Arc::new(chunk(2, RowKind::Merge, 2_500..2_600).fold().unwrap())));
    sources.push(Source::Chunk(Arc::new(chunk(3, RowKind::Merge, 2_600..2_700))));
    let (read, counts) = scan(&table, sources.clone(), TimeBounds::ALL);
    assert_eq!(read.len(), 3 * 2_700);
    assert!(read.is_sorted_by_key(|(series, time, _)| (*series, *time)));
    assert_eq!(counts, ScanCounts { segments_read: 3, rows_returned: 8_100, ..ScanCounts::default() });

    // One late write: its two rows of each series, and the two that each has there.
    sources.push(Source::Chunk(Arc::new(chunk(4, RowKind::Replace, 2_400..2_402))));
    let (read, counts) = scan(&table, sources, TimeBounds::ALL);
    assert_eq!(read.len(), 3 * 2_700);
    assert_eq!(read[2_401], (SeriesId(0), 2_401, 2_401_004));
    assert_eq!(counts.rows_merged, 12, "{counts:?}");
}

#[test]
fn bounds_rule_out_segments_and_pages() {
    let table = series_table();
    let sources = segments(&table, chunk(1, RowKind::Replace, 0..4_000), 1);
    assert_eq!(sources.len(), 4);
    for (first, last) in [(1_100, 1_102), (0, 0), (999, 1_000), (3_999, 9_000), (5_000, 9_000), (7, 3)] {
        let (read, counts) = scan(&table, sources.clone(), TimeBounds { first, last });
        let expected: Vec<_> = (0..SERIES)
            .flat_map(|series| (first..=last.min(3_999)).map(move |time| (SeriesId(series), time, time * 1_000 + 1)))
            .collect();
        assert_eq!(read, expected, "{first} to {last}");
        let partitions = if first > last || first > 3_999 { 0 } else { last.min(3_999) / 1_000 - first / 1_000 + 1 };
        assert_eq!(counts.segments_read, partitions as u64, "{first} to {last}");
        assert_eq!(counts.segments_read + counts.segments_pruned, 4);
    }
}

#[test]
fn rows_in_order_are_not_copied() {
    let chunk = chunk(1, RowKind::Merge, 0..5);
    let values = Arc::clone(&chunk.columns[0].cells.values);
    let folded = chunk.fold().unwrap();
    assert!(folded.folded && Arc::ptr_eq(&values, &folded.columns[0].cells.values));
    assert_eq!(folded.runs().len(), 3);
    assert_eq!(folded.runs()[1].rows, 5..10);
    assert_eq!(folded.time_bounds(), Some(TimeBounds { first: 0, last: 4 }));
    assert!(folded.bytes() > 15 * 20);
}

/// One row, written again and again; what is left of it where older rows are not known.
fn left_of(versions: &[(RowKind, Cell)]) -> (RowKind, bool, Value) {
    let kinds = versions.iter().map(|(kind, _)| *kind).collect();
    let cells = super::cells::cells(0, DataType::Int64, versions.iter().map(|(_, cell)| *cell));
    let identity = Identity::Series { series: vec![SeriesId(1); versions.len()], times: vec![5; versions.len()] };
    let column = ChunkColumn { id: VALUE, data_type: DataType::Int64, cells };
    let chunk = Chunk::new(Sequence(1), identity, RowKinds::Each(kinds), vec![column]).unwrap().fold().unwrap();
    assert_eq!(chunk.rows(), 1);
    let cells = chunk.column(VALUE).unwrap();
    (chunk.kinds.get(0), cells.is_absent(0), value_in(&cells.values, 0))
}

#[test]
fn a_run_of_neighbours_folds_to_one_version() {
    use Cell::{Absent, Null, Value as Is};
    use RowKind::{Erase, Merge, Replace};
    let seven = Value::Integer(7_000);
    assert_eq!(left_of(&[(Merge, Is(7)), (Merge, Absent)]), (Merge, false, seven.clone()));
    assert_eq!(left_of(&[(Merge, Absent), (Merge, Absent)]), (Merge, true, Value::Null));
    assert_eq!(left_of(&[(Merge, Is(7)), (Merge, Null)]), (Merge, false, Value::Null));
    assert_eq!(left_of(&[(Replace, Is(7)), (Merge, Absent)]), (Replace, false, seven.clone()));
    assert_eq!(left_of(&[(Replace, Absent), (Merge, Absent)]), (Replace, false, Value::Null));
    assert_eq!(left_of(&[(Erase, Absent), (Merge, Is(7))]), (Replace, false, seven.clone()));
    assert_eq!(left_of(&[(Merge, Is(7)), (Erase, Absent), (Merge, Absent)]), (Replace, false, Value::Null));
    assert_eq!(left_of(&[(Merge, Is(1)), (Replace, Is(7))]), (Replace, false, seven));
    assert_eq!(left_of(&[(Replace, Is(7)), (Erase, Absent)]), (Erase, false, Value::Null));
}

#[test]
fn a_deletion_between_chunks_is_applied_by_the_merge() {
    let table = series_table();
    let hash = |series: SeriesId| KeyHash(series.0.into());
    let tombstone = |sequence, keys, first, last| Tombstone {
        sequence: Sequence(sequence),
        keys,
        time: TimeBounds { first, last },
    };
    let tombstones = [
        tombstone(2, KeySelection::Hashes([KeyHash(1)].into()), 0, 3),
        tombstone(9, KeySelection::All, i64::MIN, i64::MAX),
    ];
    let context = MergeContext {
        table: &table,
        tombstones: &tombstones,
        key_hash: &|series| Some(hash(series)),
        spellings: &PlainSpellings,
    };
    let chunks = [Arc::new(chunk(1, RowKind::Merge, 0..5)), Arc::new(chunk(3, RowKind::Merge, 5..6))];
    let merged = Chunk::merge(&chunks, &context).unwrap();
    assert_eq!(merged.sequences, (Sequence(1), Sequence(3)));
    assert_eq!(merged.kinds, RowKinds::All(RowKind::Merge));
    assert_eq!(merged.runs().iter().map(|run| run.rows.len()).collect::<Vec<_>>(), [6, 2, 6]);
    // Numbers out of order are a mistake of the caller.
    let [a, b] = chunks;
    assert!(Chunk::merge(&[b, a], &context).is_err());
    assert!(Chunk::merge(&[], &context).is_err());
}

#[test]
fn parts_of_a_chunk_that_differ_in_length_are_refused() {
    let cells = |rows: usize, absent: Option<usize>| Cells {
        values: Arc::new(Int64Array::from(vec![1; rows])),
        absent: absent.map(BooleanBuffer::new_unset),
    };
    let chunk = |series: usize, times: usize, kinds: usize, cells: Cells| {
        Chunk::new(
            Sequence(1),
            Identity::Series { series: vec![SeriesId(1); series], times: vec![1; times] },
            RowKinds::Each(vec![RowKind::Merge; kinds]),
            vec![ChunkColumn { id: VALUE, data_type: DataType::Int64, cells }],
        )
    };
    assert!(chunk(2, 2, 2, cells(2, Some(2))).is_ok());
    assert!(chunk(1, 2, 2, cells(2, None)).is_err());
    assert!(chunk(2, 2, 1, cells(2, None)).is_err());
    assert!(chunk(2, 2, 2, cells(1, None)).is_err());
    assert!(chunk(2, 2, 2, cells(2, Some(3))).is_err());
}

#[test]
fn a_scan_of_a_column_that_is_not_there_is_refused() {
    let request = SeriesScanRequest {
        table: series_table(),
        sources: Vec::new(),
        tombstones: Arc::new([]),
        series: Arc::new([]),
        columns: vec![ColumnId(77)],
        time: TimeBounds::ALL,
        batch_rows: 1,
        spellings: Arc::new(PlainSpellings),
    };
    assert!(SeriesScan::new(request.clone()).is_err());
    assert_eq!(SeriesScan::new(SeriesScanRequest { columns: Vec::new(), ..request }).unwrap().count(), 0);
}
