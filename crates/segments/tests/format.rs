//! Segments at their real sizes, as other programs see them: names, ids, types, encodings, pages,
//! and what a scan reads of them.

#![allow(clippy::unwrap_used, reason = "tests")]

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, PrimitiveArray, StringArray, UInt32Array,
};
use arrow::datatypes::{Float64Type, Int64Type};
use catalog::SegmentEntry;
use chronoglot_segments::{
    Chunk, ChunkColumn, Identity, KeyedScan, KeyedScanRequest, PlainSpellings, RowKind, RowKinds, ScanCounts,
    SegmentIdentity, SegmentReader, SegmentRows, SegmentTarget, SeriesKeys, SeriesScan, SeriesScanRequest, Source,
    WantedSeries, write_segment,
};
use files::{File, Files, ForgetfulFiles};
use model::{
    Cells, Code, Column, ColumnId, ColumnRole, DataType, DatabaseId, KeyBytes, Sequence, SeriesId, Table, TableId,
    TableKind, TextLength, TimeBounds, TimeUnit, encode_keys, key_hash,
};
use parquet::basic::{Compression, Encoding, LogicalType, Type as Physical};
use parquet::file::reader::{FileReader, SerializedFileReader};
use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const PATH: &str = "segments/5.parquet";

fn table(kind: TableKind, columns: &[(&str, ColumnRole, DataType)]) -> Arc<Table> {
    let column = |(id, (name, role, data_type)): (u32, &(&str, ColumnRole, DataType))| {
        Column::new(ColumnId(id), *name, *role, *data_type)
    };
    let columns: Vec<Column> = (10..).zip(columns).map(column).collect();
    Arc::new(Table {
        id: TableId(7),
        database: DatabaseId(1),
        name: "t".into(),
        kind,
        key: columns.iter().filter(|column| column.role == ColumnRole::Key).map(|column| column.id).collect(),
        columns,
        unique: Vec::new(),
        schema_version: 3,
        next_column: ColumnId(99),
        partition_seconds: None,
        retention_seconds: None,
        hidden: false,
        comment: None,
        properties: BTreeMap::new(),
    })
}

/// A disk that counts what is read of the segment.
#[derive(Debug)]
struct CountingFiles {
    files: ForgetfulFiles,
    bytes_read: Arc<AtomicU64>,
}

#[derive(Debug)]
struct CountingFile {
    file: Arc<dyn File>,
    bytes_read: Arc<AtomicU64>,
}

impl Files for CountingFiles {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.files.create(path)
    }
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let file = self.files.open(path)?;
        Ok(Arc::new(CountingFile { file, bytes_read: Arc::clone(&self.bytes_read) }))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.files.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.files.remove(path)
    }
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        self.files.create_directory(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.files.list(path)
    }
    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.files.sync_directory(path)
    }
    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.files.exists(path)
    }
}

impl File for CountingFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.bytes_read.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        self.file.read_at(offset, buffer)
    }
    fn write_at(&self, offset: u64, buffer: &[u8]) -> io::Result<()> {
        self.file.write_at(offset, buffer)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }
    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}

/// A segment on a disk of its own.
struct Written {
    table: Arc<Table>,
    disk: ForgetfulFiles,
    bytes_read: Arc<AtomicU64>,
    entry: SegmentEntry,
}

impl Written {
    fn new(table: &Arc<Table>, rows: &SegmentRows) -> Self {
        let disk = ForgetfulFiles::new();
        disk.create_directory(Path::new("segments")).unwrap();
        let target = SegmentTarget { id: 5, path: PATH, partition: 864_000, partition_seconds: 864_000, table };
        let entry = write_segment(&disk, &target, rows).unwrap();
        Self { table: Arc::clone(table), disk, bytes_read: Arc::default(), entry }
    }

    fn open(&self) -> Arc<SegmentReader> {
        let files = CountingFiles { files: self.disk.clone(), bytes_read: Arc::clone(&self.bytes_read) };
        let files: Arc<dyn Files> = Arc::new(files);
        let segment = SegmentReader::open(&files, &self.entry, &self.table).unwrap();
        self.bytes_read.store(0, Ordering::Relaxed);
        segment
    }

    fn bytes(&self) -> Vec<u8> {
        let file = self.disk.open(Path::new(PATH)).unwrap();
        let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
        file.read_at(0, &mut bytes).unwrap();
        bytes
    }
}

fn field(id: u32, data_type: DataType, values: ArrayRef) -> ChunkColumn {
    ChunkColumn { id: ColumnId(id), data_type, cells: Cells::present(values) }
}

fn meters(count: usize) -> Arc<SeriesKeys> {
    let names: ArrayRef = Arc::new(StringArray::from_iter_values((0..count).map(|i| format!("meter {i:04}"))));
    let keys = encode_keys(std::slice::from_ref(&names), count).unwrap();
    Arc::new(SeriesKeys { ids: (0..count as u32).map(SeriesId).collect(), keys, columns: vec![names] })
}

fn meter_table() -> Arc<Table> {
    table(
        TableKind::Series,
        &[
            ("k_timestamp", ColumnRole::Time, DataType::Instant(TimeUnit::Millisecond)),
            ("volt", ColumnRole::Field, DataType::Float64),
            ("walk", ColumnRole::Field, DataType::Int64),
            ("meter", ColumnRole::Key, DataType::Text(Some(TextLength::bytes(32)))),
        ],
    )
}

/// Name, field id, physical and logical type, encoding.
type Expected = (&'static str, Option<i32>, Physical, Option<LogicalType>, Encoding);

const VOLT: ColumnId = ColumnId(11);
const WALK: ColumnId = ColumnId(12);

/// Each meter once a second, as far apart as a clock ticks; volts with two decimals.
fn meter_rows(meters_count: usize, per_meter: usize) -> SegmentRows {
    let rows = meters_count * per_meter;
    let mut dice = 7_u64;
    let mut roll = |sides: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % sides
    };
    let volts: ArrayRef =
        Arc::new(Float64Array::from_iter_values((0..rows).map(|_| (22_000 + roll(200)) as f64 / 100.0)));
    let mut walk = 50_i64;
    let walks = (0..rows).map(|_| {
        walk = (walk + roll(3) as i64 - 1).clamp(0, 100);
        walk
    });
    let walks: ArrayRef = Arc::new(Int64Array::from_iter_values(walks));
    SegmentRows {
        sequences: (Sequence(100), Sequence(200)),
        identity: SegmentIdentity::Series {
            keys: meters(meters_count),
            runs: (0..meters_count).map(|meter| (meter, per_meter)).collect(),
            times: (0..rows).map(|row| (row % per_meter) as i64 * 1_000).collect(),
        },
        kinds: RowKinds::All(RowKind::Replace),
        columns: vec![field(11, DataType::Float64, volts), field(12, DataType::Int64, walks)],
    }
}

fn scan_meters(
    written: &Written,
    sources: Vec<Source>,
    meters_wanted: &[usize],
    columns: Vec<ColumnId>,
    time: TimeBounds,
) -> (Vec<(SeriesId, i64, Vec<String>)>, ScanCounts) {
    let keys = meters(1_000);
    let series = meters_wanted
        .iter()
        .map(|meter| WantedSeries { id: keys.ids[*meter], key_hash: key_hash(&keys.keys[*meter].0) })
        .collect();
    let mut scan = SeriesScan::new(SeriesScanRequest {
        table: Arc::clone(&written.table),
        sources,
        tombstones: Arc::new([]),
        series,
        columns,
        time,
        batch_rows: 8_192,
        spellings: Arc::new(PlainSpellings),
    })
    .unwrap();
    let mut read = Vec::new();
    for rows in scan.by_ref() {
        let rows = rows.unwrap();
        let spell = |column: &ArrayRef, row: usize| match column.data_type() {
            arrow::datatypes::DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
            _ => column.as_primitive::<Float64Type>().value(row).to_string(),
        };
        let series = rows.runs.iter().flat_map(|(series, rows)| std::iter::repeat_n(*series, *rows));
        for (row, series) in series.enumerate() {
            read.push((series, rows.times.value(row), rows.columns.iter().map(|c| spell(c, row)).collect()));
        }
    }
    (read, scan.counts())
}

#[test]
fn other_programs_find_what_is_promised() {
    let table = table(
        TableKind::Series,
        &[
            ("ts", ColumnRole::Time, DataType::Instant(TimeUnit::Microsecond)),
            ("Odd.Name", ColumnRole::Field, DataType::Float64),
            ("noise", ColumnRole::Field, DataType::Float64),
            ("count", ColumnRole::Field, DataType::UInt32),
            ("on", ColumnRole::Field, DataType::Boolean),
            ("note", ColumnRole::Field, DataType::Text(None)),
            ("price", ColumnRole::Field, DataType::Decimal { precision: 10, scale: 2 }),
            ("local", ColumnRole::Field, DataType::LocalDateTime(TimeUnit::Nanosecond)),
            ("not written", ColumnRole::Field, DataType::Int8),
            ("meter", ColumnRole::Key, DataType::Text(None)),
        ],
    );
    let rows = 3 * 8_192 + 5;
    let noise = |row: usize| (row as f64).sqrt();
    let prices = PrimitiveArray::<arrow::datatypes::Decimal128Type>::from_iter_values((0..rows).map(|row| row as i128));
    let absent = (0..rows).map(|row| row % 1_000 == 7).collect::<Vec<_>>();
    let mut notes = field(
        15,
        DataType::Text(None),
        Arc::new(StringArray::from_iter((0..rows).map(|row| (row % 1_000 != 7).then_some("note")))),
    );
    notes.cells.absent = Some(BooleanArray::from(absent).values().clone());
    let kinds = (0..rows).map(|row| if row % 1_000 == 7 { RowKind::Merge } else { RowKind::Replace });
    let keys = meters(2);
    let segment = SegmentRows {
        sequences: (Sequence(100), Sequence(200)),
        identity: SegmentIdentity::Series {
            keys,
            runs: vec![(0, rows - 1), (1, 1)],
            times: (0..rows as i64).collect(),
        },
        kinds: RowKinds::Each(kinds.collect()),
        columns: vec![
            field(
                11,
                DataType::Float64,
                Arc::new(Float64Array::from_iter_values((0..rows).map(|row| row as f64 / 10.0))),
            ),
            field(12, DataType::Float64, Arc::new(Float64Array::from_iter_values((0..rows).map(noise)))),
            field(13, DataType::UInt32, Arc::new(UInt32Array::from_iter_values(0..rows as u32))),
            field(14, DataType::Boolean, Arc::new(BooleanArray::from(vec![true; rows]))),
            notes,
            field(
                16,
                DataType::Decimal { precision: 10, scale: 2 },
                Arc::new(prices.with_precision_and_scale(10, 2).unwrap()),
            ),
            field(
                17,
                DataType::LocalDateTime(TimeUnit::Nanosecond),
                Arc::new(arrow::array::TimestampNanosecondArray::from_iter_values(0..rows as i64)),
            ),
        ],
    };
    let written = Written::new(&table, &segment);
    assert!(!written.entry.all_replace);
    let parquet = SerializedFileReader::new(bytes::Bytes::from(written.bytes())).unwrap();
    let file = parquet.metadata().file_metadata();
    let pairs: BTreeMap<_, _> = file
        .key_value_metadata()
        .unwrap()
        .iter()
        .map(|pair| (pair.key.trim_start_matches("chronoglot."), pair.value.clone().unwrap()))
        .collect();
    assert_eq!(pairs["format"], "1");
    assert_eq!(pairs["segment"], "5");
    assert_eq!(pairs["table"], "7");
    assert_eq!(pairs["schema_version"], "3");
    assert_eq!(pairs["partition"], "864000");
    assert_eq!(pairs["sequences"], "100 200");
    assert_eq!(pairs["all_replace"], "false");
    assert_eq!(pairs["extra"], "kind, absent");
    assert!(pairs["columns"].starts_with("key 19 text, time 10 instant(6), field 11 float64, "), "{pairs:?}");
    assert!(!pairs.contains_key("ARROW:schema"));

    let timestamp = |utc: bool, unit: parquet::basic::TimeUnit| LogicalType::timestamp(utc, unit);
    let text = Some(LogicalType::String);
    let expected: [Expected; 11] = [
        ("meter", Some(19), Physical::BYTE_ARRAY, text.clone(), Encoding::RLE_DICTIONARY),
        (
            "ts",
            Some(10),
            Physical::INT64,
            Some(timestamp(true, parquet::basic::TimeUnit::MICROS)),
            Encoding::DELTA_BINARY_PACKED,
        ),
        ("Odd.Name", Some(11), Physical::INT64, Some(LogicalType::decimal(1, 18)), Encoding::DELTA_BINARY_PACKED),
        ("noise", Some(12), Physical::DOUBLE, None, Encoding::BYTE_STREAM_SPLIT),
        ("count", Some(13), Physical::INT32, Some(LogicalType::integer(32, false)), Encoding::DELTA_BINARY_PACKED),
        ("on", Some(14), Physical::BOOLEAN, None, Encoding::RLE),
        ("note", Some(15), Physical::BYTE_ARRAY, text, Encoding::RLE_DICTIONARY),
        ("price", Some(16), Physical::INT64, Some(LogicalType::decimal(2, 10)), Encoding::DELTA_BINARY_PACKED),
        (
            "local",
            Some(17),
            Physical::INT64,
            Some(timestamp(false, parquet::basic::TimeUnit::NANOS)),
            Encoding::DELTA_BINARY_PACKED,
        ),
        ("_kind", None, Physical::INT32, Some(LogicalType::integer(8, false)), Encoding::DELTA_BINARY_PACKED),
        ("_absent", None, Physical::BYTE_ARRAY, None, Encoding::RLE_DICTIONARY),
    ];
    let schema = file.schema_descr();
    assert_eq!(schema.num_columns(), expected.len());
    let group = parquet.metadata().row_group(0);
    for (leaf, (name, id, physical, logical, encoding)) in expected.into_iter().enumerate() {
        let column = schema.column(leaf);
        let info = column.self_type().get_basic_info();
        assert_eq!(column.name(), name);
        assert_eq!(info.has_id().then(|| info.id()), id, "{name}");
        assert_eq!(column.physical_type(), physical, "{name}");
        assert_eq!(column.logical_type_ref(), logical.as_ref(), "{name}");
        let chunk = group.column(leaf);
        assert!(matches!(chunk.compression(), Compression::ZSTD(_)), "{name}");
        let data_encodings: Vec<_> =
            chunk.encodings().filter(|e| *e != Encoding::RLE || encoding == Encoding::RLE).collect();
        assert!(data_encodings.contains(&encoding), "{name}: {data_encodings:?}");
        if encoding != Encoding::RLE_DICTIONARY {
            assert_eq!(data_encodings, [encoding], "{name}");
        }
        assert!(chunk.column_index_offset().is_some() && chunk.offset_index_offset().is_some(), "{name}");
    }
    let sorted: Vec<_> = group.sorting_columns().unwrap().iter().map(|column| column.column_idx).collect();
    assert_eq!(sorted, [0, 1]);
    let indexed = written.open();
    assert_eq!(indexed.runs().len(), 2);
    let options = parquet::file::serialized_reader::ReadOptionsBuilder::new().with_page_index().build();
    let parquet = SerializedFileReader::new_with_options(bytes::Bytes::from(written.bytes()), options).unwrap();
    for column in &parquet.metadata().offset_index().unwrap()[0] {
        let firsts: Vec<_> = column.page_locations().iter().map(|page| page.first_row_index).collect();
        assert_eq!(firsts, [0, 8_192, 16_384, 24_576]);
    }
}

#[test]
fn a_day_of_meters_takes_the_room_that_was_measured() {
    let written = Written::new(&meter_table(), &meter_rows(20, 8_640));
    let parquet = SerializedFileReader::new(bytes::Bytes::from(written.bytes())).unwrap();
    let group = parquet.metadata().row_group(0);
    let bytes_a_value = |leaf: usize| group.column(leaf).compressed_size() as f64 / (20.0 * 8_640.0);
    let names: Vec<_> = group.columns().iter().map(|column| column.column_descr().name().to_owned()).collect();
    assert_eq!(names, ["meter", "k_timestamp", "volt", "walk"]);
    assert!(bytes_a_value(0) < 0.01, "keys take {}", bytes_a_value(0));
    assert!(bytes_a_value(1) < 0.05, "times take {}", bytes_a_value(1));
    assert!(bytes_a_value(2) < 1.3, "volts take {}", bytes_a_value(2));
    assert!(bytes_a_value(3) < 0.45, "walks take {}", bytes_a_value(3));
}

#[test]
fn a_scan_reads_the_pages_that_it_needs() {
    let per_meter = 30_000;
    let written = Written::new(&meter_table(), &meter_rows(5, per_meter));
    let segment = Source::Segment(written.open());
    let whole = written.entry.bytes;
    let read = || written.bytes_read.swap(0, Ordering::Relaxed);

    let (all, counts) =
        scan_meters(&written, vec![segment.clone()], &[0, 1, 2, 3, 4], vec![VOLT, WALK], TimeBounds::ALL);
    assert_eq!((all.len(), counts.rows_merged), (5 * per_meter, 0));
    // Neither twice, nor the key column.
    let bytes = read();
    assert!(bytes < whole + whole / 2, "read {bytes} of {whole}");

    let time = TimeBounds { first: 12_345_000, last: 12_347_500 };
    let (few, _) = scan_meters(&written, vec![segment.clone()], &[3], vec![VOLT], time);
    let expected: Vec<_> = all
        .iter()
        .filter(|(series, at, _)| *series == SeriesId(3) && time.contains(*at))
        .map(|(series, at, values)| (*series, *at, values[..1].to_vec()))
        .collect();
    assert_eq!(few.len(), 3);
    assert_eq!(few, expected);
    let bytes = read();
    assert!(bytes < whole / 5, "read {bytes} of {whole} for one page of two columns");

    let (none, counts) = scan_meters(&written, vec![segment.clone()], &[77], vec![VOLT], TimeBounds::ALL);
    assert_eq!((none.len(), counts.segments_pruned, read()), (0, 1, 0));

    // A write over a part of it, and one after it.
    let chunk = |sequence: u64, times: std::ops::Range<i64>| {
        let rows = times.clone().count();
        let volts: ArrayRef = Arc::new(Float64Array::from(vec![sequence as f64; rows]));
        let identity = Identity::Series { series: vec![SeriesId(3); rows], times: times.map(|t| t * 1_000).collect() };
        let columns = vec![field(11, DataType::Float64, volts)];
        let chunk = Chunk::new(Sequence(sequence), identity, RowKinds::All(RowKind::Merge), columns).unwrap();
        Source::Chunk(Arc::new(chunk.fold().unwrap()))
    };
    let sources = vec![segment, chunk(201, 20_000..21_000), chunk(202, 29_990..30_010)];
    let (merged, counts) = scan_meters(&written, sources, &[2, 3], vec![WALK, VOLT], TimeBounds::ALL);
    assert_eq!(merged.len(), 2 * per_meter + 10);
    assert!(merged.is_sorted_by_key(|(series, at, _)| (*series, *at)));
    let at = |time: i64| merged.iter().find(|row| row.0 == SeriesId(3) && row.1 == time * 1_000).unwrap().2.clone();
    let walk = |time: usize| all[3 * per_meter + time].2[1].clone();
    assert_eq!(at(20_500), [walk(20_500), "201".into()]);
    assert_eq!(at(29_995), [walk(29_995), "202".into()]);
    assert_eq!(at(21_000)[1], all[3 * per_meter + 21_000].2[0]);
    assert_eq!(merged.last().unwrap().1, 30_009_000);
    assert_eq!(counts.rows_merged, 2 * 1_010, "{counts:?}");
}

#[test]
fn damage_in_a_column_that_nobody_asks_for_is_found_by_the_checksum() {
    let written = Written::new(&meter_table(), &meter_rows(10, 8_640));
    let middle_of_volts = written.entry.bytes / 2;
    written.disk.flip_bit(Path::new(PATH), middle_of_volts * 8).unwrap();
    let segment = written.open();
    let (read, _) = scan_meters(&written, vec![Source::Segment(segment.clone())], &[1], Vec::new(), TimeBounds::ALL);
    assert_eq!(read.len(), 8_640);
    assert_eq!(segment.verify_checksum().unwrap_err().code(), Code::Corrupt);
}

#[test]
fn many_rows_make_several_row_groups_and_a_key_finds_its_page() {
    let table = table(
        TableKind::Keyed,
        &[("id", ColumnRole::Key, DataType::Int64), ("twice", ColumnRole::Field, DataType::Int64)],
    );
    let rows = (1 << 20) + 20_000;
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
    let twice: ArrayRef = Arc::new(Int64Array::from_iter_values((0..rows).map(|id| id * 2)));
    let keys = encode_keys(std::slice::from_ref(&ids), ids.len()).unwrap();
    let segment = SegmentRows {
        sequences: (Sequence(100), Sequence(200)),
        identity: SegmentIdentity::Keyed { keys: keys.clone() },
        kinds: RowKinds::All(RowKind::Replace),
        columns: vec![field(10, DataType::Int64, ids), field(11, DataType::Int64, twice)],
    };
    let written = Written::new(&table, &segment);
    let parquet = SerializedFileReader::new(bytes::Bytes::from(written.bytes())).unwrap();
    assert_eq!(parquet.metadata().num_row_groups(), 2);
    let source = Source::Segment(written.open());
    let scan = |ranges: Option<Vec<(Bound<KeyBytes>, Bound<KeyBytes>)>>, columns: &[u32]| {
        let scan = KeyedScan::new(KeyedScanRequest {
            table: Arc::clone(&table),
            sources: vec![source.clone()],
            tombstones: Arc::new([]),
            ranges,
            columns: columns.iter().map(|id| ColumnId(*id)).collect(),
            batch_rows: 50_000,
            spellings: Arc::new(PlainSpellings),
        });
        scan.unwrap().map(Result::unwrap).collect::<Vec<_>>()
    };
    let count = |batches: &[arrow::record_batch::RecordBatch]| batches.iter().map(|b| b.num_rows() as i64).sum::<i64>();
    assert_eq!(count(&scan(None, &[11])), rows);
    let without_columns = scan(None, &[]);
    assert_eq!(count(&without_columns), rows);
    written.bytes_read.store(0, Ordering::Relaxed);
    for id in [0, 8_191, 8_192, (1 << 20) - 1, 1 << 20, rows - 1] {
        let key = keys[usize::try_from(id).unwrap()].clone();
        let found = scan(Some(vec![(Bound::Included(key.clone()), Bound::Included(key))]), &[11]);
        assert_eq!(count(&found), 1);
        assert_eq!(found[0].column(0).as_primitive::<Int64Type>().value(0), id * 2);
    }
    let bytes = written.bytes_read.load(Ordering::Relaxed);
    assert!(bytes < 6 * 150_000, "read {bytes} of {}", written.entry.bytes);
    // From the first row group into the second.
    let around = (1_usize << 20) - 10..(1 << 20) + 10;
    let range = (Bound::Included(keys[around.start].clone()), Bound::Excluded(keys[around.end].clone()));
    assert_eq!(count(&scan(Some(vec![range]), &[10])), 20);
}

#[test]
fn a_key_that_is_not_there_costs_no_read() {
    let table = table(TableKind::Keyed, &[("id", ColumnRole::Key, DataType::Int64)]);
    // Even ones alone.
    let rows = 100_000;
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values((0..rows).map(|row| row * 2)));
    let keys = encode_keys(std::slice::from_ref(&ids), ids.len()).unwrap();
    let segment = SegmentRows {
        sequences: (Sequence(100), Sequence(200)),
        identity: SegmentIdentity::Keyed { keys },
        kinds: RowKinds::All(RowKind::Replace),
        columns: vec![field(10, DataType::Int64, ids)],
    };
    let written = Written::new(&table, &segment);
    let scan = |source: &Source, ids: &[i64]| {
        let ids: ArrayRef = Arc::new(Int64Array::from(ids.to_vec()));
        let keys = encode_keys(std::slice::from_ref(&ids), ids.len()).unwrap();
        let mut scan = KeyedScan::new(KeyedScanRequest {
            table: Arc::clone(&table),
            sources: vec![source.clone()],
            tombstones: Arc::new([]),
            ranges: Some(keys.into_iter().map(|key| (Bound::Included(key.clone()), Bound::Included(key))).collect()),
            columns: Vec::new(),
            batch_rows: 50_000,
            spellings: Arc::new(PlainSpellings),
        })
        .unwrap();
        let found: usize = scan.by_ref().map(|batch| batch.unwrap().num_rows()).sum();
        (found, scan.counts())
    };
    let source = Source::Segment(written.open());
    let mut filtered = 0;
    for id in (1..2_000).step_by(2) {
        let (found, counts) = scan(&source, &[id]);
        assert_eq!((found, counts.segments_pruned), (0, 0));
        filtered += counts.segments_filtered;
    }
    // One in a hundred may be wrong.
    assert!(filtered > 960, "{filtered} of 1000");
    let (found, counts) = scan(&source, &[-7]);
    assert_eq!((found, counts.segments_pruned, counts.segments_filtered), (0, 1, 0), "below all keys");
    for ids in [vec![0], vec![199_998], (0..500).collect::<Vec<_>>(), (100_000..100_100).collect()] {
        let (found, counts) = scan(&source, &ids);
        let even = ids.iter().filter(|id| **id % 2 == 0).count();
        assert_eq!((found, counts.segments_filtered, counts.segments_read), (even, 0, 1));
    }
    // Lost, it is made anew with the directory.
    written.disk.remove(Path::new(&format!("{PATH}.runs"))).unwrap();
    let source = Source::Segment(written.open());
    let counts = (1..200).step_by(2).map(|id| scan(&source, &[id]).1.segments_filtered).sum::<u64>();
    assert!(counts > 90, "{counts} of 100");
}

#[test]
fn a_lost_side_file_comes_back_as_it_was() {
    // More rows than are read at once, so that series go on from one part to the next.
    let written = Written::new(&meter_table(), &meter_rows(5, 30_000));
    let path = format!("{PATH}.runs");
    let side = || {
        let file = written.disk.open(Path::new(&path)).unwrap();
        let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
        file.read_at(0, &mut bytes).unwrap();
        bytes
    };
    let before = side();
    let with_runs_alone = 5 * 60 + written.entry.bytes.div_ceil(16 << 10) * 9 + 100;
    assert!(before.len() as u64 > with_runs_alone, "{} bytes hold no aggregates", before.len());
    assert!((before.len() as u64) < written.entry.bytes / 50, "{} of {}", before.len(), written.entry.bytes);
    written.disk.remove(Path::new(&path)).unwrap();
    written.open();
    assert_eq!(side(), before);
}
