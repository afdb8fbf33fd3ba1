//! What a merge of segments makes of forms, pages and keys; what it makes of rows is tested with
//! the scans.

use super::{spellings, table};
use crate::segment::{BATCH_ROWS, Form};
use crate::{
    ChunkColumn, Compaction, RowKind, RowKinds, SegmentIdentity, SegmentReader, SegmentRows, SegmentTarget, SeriesKeys,
    SeriesScan, SeriesScanRequest, Source, WantedSeries, write_segment,
};
use arrow::array::{ArrayRef, AsArray, Float64Array, Int32Array, StringArray};
use files::{Files, ForgetfulFiles};
use model::{
    Cells, Column, ColumnId, ColumnRole, DataType, Error, Sequence, SeriesId, Table, TableKind, TimeBounds, TimeUnit,
    encode_keys, key_hash,
};
use std::path::Path;
use std::sync::Arc;

const VALUE: ColumnId = ColumnId(3);

fn meters() -> Table {
    table(
        TableKind::Series,
        &[
            (ColumnRole::Key, DataType::Text(None)),
            (ColumnRole::Time, DataType::Instant(TimeUnit::Millisecond)),
            (ColumnRole::Field, DataType::Float64),
        ],
    )
}

struct Disk {
    files: Arc<dyn Files>,
    forgetful: ForgetfulFiles,
    next: u64,
}

impl Disk {
    fn new() -> Self {
        let forgetful = ForgetfulFiles::new();
        Self { files: Arc::new(forgetful.clone()), forgetful, next: 1 }
    }

    /// A segment of these meters, sorted, each with the same values, one a millisecond.
    fn write(&mut self, table: &Table, names: &[&str], first: i64, values: &[f64]) -> Arc<SegmentReader> {
        self.write_columns(table, names, first, &[(VALUE, values)])
    }

    /// The same with several columns.
    fn write_columns(
        &mut self,
        table: &Table,
        names: &[&str],
        first: i64,
        given: &[(ColumnId, &[f64])],
    ) -> Arc<SegmentReader> {
        let mut columns: Vec<ArrayRef> = vec![Arc::new(StringArray::from(names.to_vec()))];
        if table.key.len() > 1 {
            columns.push(Arc::new(Int32Array::from(vec![7; names.len()])));
        }
        let keys = SeriesKeys {
            ids: (0..).map(SeriesId).take(names.len()).collect(),
            keys: encode_keys(&columns, names.len()).unwrap(),
            columns,
        };
        let count = given[0].1.len();
        let times = || (first..).take(count);
        let rows = SegmentRows {
            sequences: (Sequence(self.next * 10), Sequence(self.next * 10 + 9)),
            identity: SegmentIdentity::Series {
                keys: Arc::new(keys),
                runs: (0..names.len()).map(|key| (key, count)).collect(),
                times: names.iter().flat_map(|_| times()).collect(),
            },
            kinds: RowKinds::All(RowKind::Replace),
            columns: given.iter().map(|(id, values)| float_column(*id, names.iter().flat_map(|_| *values))).collect(),
        };
        let path = format!("{}.parquet", self.next);
        let target = SegmentTarget { id: self.next, path: &path, partition: 0, partition_seconds: 10, table };
        self.next += 1;
        let entry = write_segment(&*self.files, &target, &rows).unwrap();
        SegmentReader::open(&self.files, &entry, table).unwrap()
    }

    fn compact(&self, table: &Table, inputs: &[Arc<SegmentReader>]) -> Arc<SegmentReader> {
        let target = SegmentTarget { id: 99, path: "99.parquet", partition: 0, partition_seconds: 10, table };
        let entry = compaction(table, inputs).write(&*self.files, &target, &mut || Ok(())).unwrap().unwrap();
        let segment = SegmentReader::open(&self.files, &entry, table).unwrap();
        segment.verify_checksum().unwrap();
        segment
    }
}

fn float_column<'a>(id: ColumnId, values: impl Iterator<Item = &'a f64>) -> ChunkColumn {
    let values: ArrayRef = Arc::new(Float64Array::from_iter_values(values.copied()));
    ChunkColumn { id, data_type: DataType::Float64, cells: Cells::present(values) }
}

fn compaction(table: &Table, inputs: &[Arc<SegmentReader>]) -> Compaction {
    Compaction {
        table: Arc::new(table.clone()),
        inputs: inputs.to_vec(),
        tombstones: Vec::new(),
        until: inputs.last().unwrap().entry().sequences.1,
        nothing_below: true,
        spellings: spellings(),
    }
}

/// The (run, time, bits of the value) of all rows.
fn rows(table: &Table, segments: &[Arc<SegmentReader>]) -> Vec<(u32, i64, u64)> {
    let mut names = std::collections::BTreeSet::new();
    for name in ["a", "b", "c"] {
        let text: ArrayRef = Arc::new(StringArray::from(vec![name]));
        names.extend(encode_keys(std::slice::from_ref(&text), 1).unwrap());
        names.extend(encode_keys(&[text, Arc::new(Int32Array::from(vec![7]))], 1).unwrap());
    }
    let series = (0..).map(SeriesId).zip(&names).map(|(id, key)| WantedSeries { id, key_hash: key_hash(&key.0) });
    let scan = SeriesScan::new(SeriesScanRequest {
        table: Arc::new(table.clone()),
        sources: segments.iter().cloned().map(Source::Segment).collect(),
        tombstones: Arc::new([]),
        series: series.collect(),
        columns: vec![VALUE],
        time: TimeBounds::ALL,
        batch_rows: 1_000,
        spellings: spellings(),
    })
    .unwrap();
    let mut all = Vec::new();
    for batch in scan {
        let batch = batch.unwrap();
        let values = batch.columns[0].as_primitive::<arrow::datatypes::Float64Type>();
        let ids = batch.runs.iter().flat_map(|(id, rows)| std::iter::repeat_n(id.0, *rows));
        all.extend(ids.enumerate().map(|(row, id)| (id, batch.times.value(row), values.value(row).to_bits())));
    }
    all
}

fn check(parts: &[&[f64]], expected: Form) {
    let (table, mut disk) = (meters(), Disk::new());
    let inputs: Vec<_> = (0_i64..).zip(parts).map(|(n, part)| disk.write(&table, &["a", "b"], n * 100, part)).collect();
    let before = rows(&table, &inputs);
    let output = disk.compact(&table, &inputs);
    assert_eq!(rows(&table, std::slice::from_ref(&output)), before);
    assert_eq!(output.file().form_of(VALUE), Some((DataType::Float64, expected)), "{parts:?}");
}

#[test]
fn floats_stay_decimals_where_all_inputs_have_them_so() {
    check(&[&[1.5, 2.25], &[3.0], &[-7.125; 40]], Form::Decimal(3));
    check(&[&[1.5, 2.25], &[1.0 / 3.0]], Form::Plain);
    check(&[&[f64::NAN], &[-0.0]], Form::Plain);
    // Each of few digits, both together of too many: found while it writes, and begun anew.
    check(&[&[0.5; 70], &[999_999_999_999_999.0]], Form::Plain);
}

/// However many columns fit no common scale, rows are read twice at most.
#[test]
fn a_merge_begins_anew_once() {
    let (mut table, mut disk) = (meters(), Disk::new());
    let others = [ColumnId(7), ColumnId(8)];
    table.columns.extend(others.map(|id| Column::new(id, "f", ColumnRole::Field, DataType::Float64)));
    let few: Vec<f64> = (0..200).map(|n| f64::from(n) / 4.0).collect();
    let (one, many) = ([0.25], [999_999_999_999_999.0]);
    let mut write = |first, values: [&[f64]; 3]| {
        disk.write_columns(&table, &["a"], first, &[(VALUE, values[0]), (others[0], values[1]), (others[1], values[2])])
    };
    // Each column has its own place where it no longer fits.
    let inputs = [
        write(0, [&few, &few, &few]),
        write(1_000, [&many, &one, &one]),
        write(2_000, [&few, &few, &few]),
        write(3_000, [&one, &many, &one]),
        write(4_000, [&few, &few, &few]),
        write(5_000, [&one, &one, &many]),
    ];
    let before = rows(&table, &inputs);
    let target = SegmentTarget { id: 99, path: "99.parquet", partition: 0, partition_seconds: 10, table: &table };
    let mut steps = 0;
    let mut count = || {
        steps += 1;
        Ok(())
    };
    let entry = compaction(&table, &inputs).write(&*disk.files, &target, &mut count).unwrap().unwrap();
    let output = SegmentReader::open(&disk.files, &entry, &table).unwrap();
    for column in others.into_iter().chain([VALUE]) {
        assert_eq!(output.file().form_of(column), Some((DataType::Float64, Form::Plain)));
    }
    assert_eq!(rows(&table, &[output]), before);
    assert_eq!(steps, 2 * 603_usize.div_ceil(BATCH_ROWS));
}

#[test]
fn pages_are_as_those_of_a_flush_and_runs_are_whole() {
    let (table, mut disk) = (meters(), Disk::new());
    let inputs: Vec<_> = (0..7_i64).map(|n| disk.write(&table, &["a", "b", "c"], n * 11, &[0.5; 11])).collect();
    let before = rows(&table, &inputs);
    let output = disk.compact(&table, &inputs);
    assert_eq!(rows(&table, std::slice::from_ref(&output)), before);
    let runs: Vec<_> = output.runs().iter().map(|run| (run.first_row, run.rows, run.time)).collect();
    let time = TimeBounds { first: 0, last: 76 };
    assert_eq!(runs, [(0, 77, time), (77, 77, time), (154, 77, time)]);
    let once = disk.write(&table, &["a", "b", "c"], 0, &[0.5; 77]);
    assert_eq!(output.file().row_groups, once.file().row_groups);
    assert_eq!(output.entry().rows, once.entry().rows);
    assert_eq!(output.entry().keys, once.entry().keys);
    assert_eq!(output.entry().time, once.entry().time);
    let pages = |segment: &SegmentReader| {
        let metadata = segment.file().metadata.metadata().clone();
        let pages = metadata.offset_index().unwrap().iter().flatten();
        pages.map(|column| column.page_locations().iter().map(|p| p.first_row_index).collect()).collect::<Vec<Vec<_>>>()
    };
    assert_eq!(pages(&output), pages(&once));
}

#[test]
fn series_keep_their_keys_when_a_key_column_was_added() {
    let (table, mut disk) = (meters(), Disk::new());
    let first = disk.write(&table, &["a", "b"], 0, &[1.0]);
    let mut wider = table.clone();
    wider.columns.push(Column::new(ColumnId(9), "phase", ColumnRole::Key, DataType::Int32));
    wider.key.push(ColumnId(9));
    let second = disk.write(&wider, &["b", "c"], 0, &[2.0]);
    let inputs = [first, second];
    let before = rows(&wider, &inputs);
    assert_eq!(before.len(), 4);
    let output = disk.compact(&wider, &inputs);
    assert_eq!(rows(&wider, std::slice::from_ref(&output)), before);
    // The side file was right: one made anew from the columns says the same.
    disk.files.remove(Path::new("99.parquet.runs")).unwrap();
    let again = SegmentReader::open(&disk.files, output.entry(), &wider).unwrap();
    assert_eq!(again.runs(), output.runs());
}

#[test]
fn what_cannot_be_merged_or_is_given_up_leaves_no_file() {
    let (table, mut disk) = (meters(), Disk::new());
    let inputs = [disk.write(&table, &["a"], 0, &[1.0; 50]), disk.write(&table, &["a"], 0, &[2.0; 50])];
    let before = disk.files.list(Path::new("")).unwrap();
    let target = SegmentTarget { id: 99, path: "99.parquet", partition: 0, partition_seconds: 10, table: &table };
    let mut steps = 0;
    let mut give_up = || {
        steps += 1;
        Err(Error::internal("enough"))
    };
    let given_up = compaction(&table, &inputs).write(&*disk.files, &target, &mut give_up);
    assert!(given_up.unwrap_err().to_string().contains("enough"));
    assert_eq!(steps, 1);
    let mut go_on = || Ok(());
    let turned = [inputs[1].clone(), inputs[0].clone()];
    let wrong = [
        Compaction { inputs: Vec::new(), ..compaction(&table, &inputs) },
        compaction(&table, &turned),
        Compaction { until: Sequence(11), ..compaction(&table, &inputs) },
    ];
    for wrong in wrong {
        assert!(wrong.write(&*disk.files, &target, &mut go_on).is_err());
    }
    disk.forgetful.set_full(true);
    let full = compaction(&table, &inputs).write(&*disk.files, &target, &mut go_on).unwrap_err();
    assert_eq!(*full.kind, model::ErrorKind::DiskFull {});
    disk.forgetful.set_full(false);
    assert_eq!(disk.files.list(Path::new("")).unwrap(), before);
}
