//! Damaged bytes are an error that names the file, or nothing that matters; never a panic.

use super::{open, side_path, spellings, table, write};
use crate::{
    ChunkColumn, RowKind, RowKinds, SegmentIdentity, SegmentRows, SeriesKeys, SeriesRows, SeriesScan,
    SeriesScanRequest, Source, WantedSeries,
};
use arrow::array::{ArrayRef, Float64Array, StringArray};
use catalog::SegmentEntry;
use files::{Files, ForgetfulFiles};
use model::{
    Cells, Code, ColumnId, ColumnRole, DataType, KeyBytes, Result, Sequence, SeriesId, Table, TableKind, TimeBounds,
    TimeUnit, encode_keys, key_hash,
};
use std::path::Path;
use std::sync::Arc;

const SERIES: usize = 50;
const ROWS: usize = 6_000;
const PATH: &str = "5.parquet";

struct Segment {
    files: ForgetfulFiles,
    table: Table,
    entry: SegmentEntry,
    keys: Vec<KeyBytes>,
}

impl Segment {
    /// A segment of several checksummed blocks.
    fn new() -> Self {
        let table = table(
            TableKind::Series,
            &[
                (ColumnRole::Key, DataType::Text(None)),
                (ColumnRole::Time, DataType::Instant(TimeUnit::Millisecond)),
                (ColumnRole::Field, DataType::Float64),
                (ColumnRole::Field, DataType::Text(None)),
            ],
        );
        let names: ArrayRef = Arc::new(StringArray::from_iter_values((0..SERIES).map(|i| format!("meter {i:03}"))));
        let keys = encode_keys(std::slice::from_ref(&names), SERIES).unwrap();
        let noise = |row: usize| f64::from_bits((row as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 2);
        let floats: ArrayRef = Arc::new(Float64Array::from_iter_values((0..ROWS).map(noise)));
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values((0..ROWS).map(|row| format!("{:x}", row * row))));
        let column = |id, data_type, values| ChunkColumn { id: ColumnId(id), data_type, cells: Cells::present(values) };
        let per_series = ROWS / SERIES;
        let rows = SegmentRows {
            sequences: (Sequence(1), Sequence(1)),
            identity: SegmentIdentity::Series {
                keys: Arc::new(SeriesKeys {
                    ids: (0..).map(SeriesId).take(SERIES).collect(),
                    keys: keys.clone(),
                    columns: vec![names],
                }),
                runs: (0..SERIES).map(|key| (key, per_series)).collect(),
                times: (0..ROWS).map(|row| (row % per_series) as i64).collect(),
            },
            kinds: RowKinds::All(RowKind::Replace),
            columns: vec![column(3, DataType::Float64, floats), column(4, DataType::Text(None), texts)],
        };
        let files = ForgetfulFiles::new();
        let entry = write(&files, &table, &rows);
        Self { files, table, entry, keys }
    }

    fn read(&self, columns: Vec<ColumnId>) -> Result<Vec<SeriesRows>> {
        let series =
            (0..).zip(&self.keys).map(|(id, key)| WantedSeries { id: SeriesId(id), key_hash: key_hash(&key.0) });
        let scan = SeriesScan::new(SeriesScanRequest {
            table: Arc::new(self.table.clone()),
            sources: vec![Source::Segment(open(&self.files, &self.entry, &self.table)?)],
            tombstones: Arc::new([]),
            series: series.collect(),
            columns,
            time: TimeBounds::ALL,
            batch_rows: ROWS,
            spellings: spellings(),
        });
        scan?.collect()
    }

    fn read_all(&self) -> Result<Vec<SeriesRows>> {
        self.read(vec![ColumnId(3), ColumnId(4)])
    }

    fn flip(&self, path: &Path, byte: u64) {
        self.files.flip_bit(path, byte * 8 + byte % 8).unwrap();
    }
}

fn assert_damaged(result: Result<Vec<SeriesRows>>, byte: u64) {
    let error = result.expect_err(&format!("byte {byte} was damaged"));
    assert_eq!(error.code(), Code::Corrupt, "{error}");
    assert!(error.to_string().starts_with(PATH), "{error}");
}

#[test]
fn a_flipped_bit_anywhere_is_found() {
    let segment = Segment::new();
    assert!(segment.entry.bytes > 5 * super::super::checked::BLOCK_BYTES, "{}", segment.entry.bytes);
    let whole = segment.read_all().unwrap();
    assert_eq!(whole.iter().map(|rows| rows.times.len()).sum::<usize>(), ROWS);
    // All of the footer, and a sample of the pages.
    let footer = segment.entry.bytes - 600;
    for byte in (0..footer).step_by(3_001).chain((footer..segment.entry.bytes).step_by(13)) {
        segment.flip(Path::new(PATH), byte);
        assert_damaged(segment.read_all(), byte);
        segment.flip(Path::new(PATH), byte);
    }
    segment.read_all().unwrap();
}

#[test]
fn without_a_side_file_nothing_is_believed_before_the_whole_file_is() {
    let segment = Segment::new();
    segment.files.remove(side_path()).unwrap();
    let middle = segment.entry.bytes / 2;
    segment.flip(Path::new(PATH), middle);
    assert_damaged(segment.read(Vec::new()), middle);
    segment.flip(Path::new(PATH), middle);
    open(&segment.files, &segment.entry, &segment.table).unwrap().verify_checksum().unwrap();
}

#[test]
fn a_damaged_side_file_is_made_anew() {
    let segment = Segment::new();
    let runs = open(&segment.files, &segment.entry, &segment.table).unwrap().runs().to_vec();
    assert_eq!(runs.len(), SERIES);
    let bytes = segment.files.open(side_path()).unwrap().len().unwrap();
    for byte in (0..bytes).step_by(97).chain([bytes - 1]) {
        segment.flip(side_path(), byte);
        assert_eq!(open(&segment.files, &segment.entry, &segment.table).unwrap().runs(), runs);
    }
    // Cut short, or gone while the disk takes no writes.
    segment.files.open(side_path()).unwrap().set_len(10).unwrap();
    assert_eq!(segment.read_all().unwrap().len(), 1);
    segment.files.remove(side_path()).unwrap();
    segment.files.set_full(true);
    assert_eq!(segment.read_all().unwrap().len(), 1);
}

#[test]
fn a_file_that_is_cut_missing_or_another_is_an_error() {
    let segment = Segment::new();
    let other = SegmentEntry { id: 6, ..segment.entry.clone() };
    let error = open(&segment.files, &other, &segment.table).unwrap_err();
    assert_eq!(error.code(), Code::Corrupt, "{error}");
    let mut table = segment.table.clone();
    table.id = model::TableId(8);
    assert_eq!(open(&segment.files, &segment.entry, &table).unwrap_err().code(), Code::Corrupt);
    let file = segment.files.open(Path::new(PATH)).unwrap();
    file.set_len(segment.entry.bytes - 1).unwrap();
    assert_damaged(segment.read_all(), segment.entry.bytes - 1);
    segment.files.remove(Path::new(PATH)).unwrap();
    assert_damaged(segment.read_all(), 0);
}

#[test]
fn a_full_disk_leaves_no_segment() {
    let segment = Segment::new();
    let files = ForgetfulFiles::new();
    files.set_full(true);
    let rows = SegmentRows {
        sequences: (Sequence(1), Sequence(1)),
        identity: SegmentIdentity::Series {
            keys: Arc::new(SeriesKeys {
                ids: vec![SeriesId(0)],
                keys: segment.keys[..1].to_vec(),
                columns: vec![Arc::new(StringArray::from(vec!["meter 000"]))],
            }),
            runs: vec![(0, 1)],
            times: vec![1],
        },
        kinds: RowKinds::All(RowKind::Replace),
        columns: Vec::new(),
    };
    let target = crate::SegmentTarget { id: 5, path: PATH, partition: 0, partition_seconds: 0, table: &segment.table };
    let error = crate::write_segment(&files, &target, &rows).unwrap_err();
    assert_eq!(error.code(), Code::DiskFull, "{error}");
    assert!(files.list(Path::new("")).unwrap().is_empty());
}
