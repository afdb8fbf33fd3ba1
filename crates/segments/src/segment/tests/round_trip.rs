//! What is written comes back, bit for bit, for every type.

use super::{every_type, open, side_path, spellings, table, write};
use crate::segment::directory::Directory;
use crate::segment::side::SideFile;
use crate::segment::{Decoder, Projection};
use crate::{
    ChunkColumn, KeyedScan, KeyedScanRequest, RowKind, RowKinds, SegmentIdentity, SegmentReader, SegmentRows,
    SeriesKeys, SeriesScan, SeriesScanRequest, Source, WantedSeries,
};
use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::compute::concat;
use arrow::datatypes::{Float32Type, Float64Type};
use files::{Files, ForgetfulFiles};
use model::{
    Cells, CellsBuilder, ColumnId, ColumnRole, DataType, Decimal, Interval, Sequence, SeriesId, TableKind, TimeBounds,
    TimeUnit, Value, encode_keys, key_hash,
};
use proptest::prelude::*;
use std::sync::Arc;

fn integers(least: i128, greatest: i128, seed: i64) -> Vec<Value> {
    let some = i128::from(seed).rem_euclid(greatest - least + 1) + least;
    [least, greatest, 0, some].map(Value::Integer).to_vec()
}

/// Values of a type: its extremes, what is special about it, and one from a seed.
fn values(data_type: DataType, seed: i64) -> Vec<Value> {
    let bits = seed.cast_unsigned();
    let mut values = match data_type {
        DataType::Boolean => vec![Value::Boolean(true), Value::Boolean(false)],
        DataType::Int8 => integers(i8::MIN.into(), i8::MAX.into(), seed),
        DataType::Int16 => integers(i16::MIN.into(), i16::MAX.into(), seed),
        DataType::Int32 => integers(i32::MIN.into(), i32::MAX.into(), seed),
        DataType::Int64 => integers(i64::MIN.into(), i64::MAX.into(), seed),
        DataType::UInt8 => integers(0, u8::MAX.into(), seed),
        DataType::UInt16 => integers(0, u16::MAX.into(), seed),
        DataType::UInt32 => integers(0, u32::MAX.into(), seed),
        DataType::UInt64 => integers(0, u64::MAX.into(), seed),
        #[expect(clippy::cast_possible_truncation, reason = "any bits will do")]
        DataType::Float32 => {
            let special =
                [f32::NAN, f32::INFINITY, -0.0, 0.1, f32::MIN, f32::from_bits(1), f32::from_bits(bits as u32)];
            special.map(|float| Value::Float(float.into())).to_vec()
        }
        DataType::Float64 => {
            let special = [f64::NAN, f64::NEG_INFINITY, -0.0, 1e15, 0.1, f64::MAX, 5e-324, f64::from_bits(bits)];
            special.map(Value::Float).to_vec()
        }
        DataType::Decimal { precision, scale } => {
            let greatest = 10_i128.pow(precision.into()) - 1;
            let some = i128::from(seed) % greatest;
            [-greatest, greatest, 0, some].map(|unscaled| Value::Decimal(Decimal { unscaled, scale })).to_vec()
        }
        DataType::Text(_) | DataType::Json | DataType::Inet => {
            ["", "a\0b", "ä€😀", &seed.to_string()].map(|text| Value::Text(text.into())).to_vec()
        }
        DataType::Binary(_) | DataType::Geometry => {
            [vec![], vec![0], vec![255; 20], bits.to_be_bytes().to_vec()].map(Value::Binary).to_vec()
        }
        DataType::Date => [i32::MIN, i32::MAX, 0].map(Value::Date).to_vec(),
        DataType::TimeOfDay => [0, 86_399_999_999_999, 1].map(Value::TimeOfDay).to_vec(),
        DataType::Interval => {
            let least = Interval { months: i32::MIN, days: i32::MIN, nanos: i64::MIN };
            let greatest = Interval { months: i32::MAX, days: i32::MAX, nanos: i64::MAX };
            let some = Interval { months: -1, days: 1, nanos: seed };
            [least, greatest, some, Interval::default()].map(Value::Interval).to_vec()
        }
        DataType::Uuid => [[0; 16], [255; 16], u128::from(bits).to_be_bytes()].map(Value::Uuid).to_vec(),
        DataType::Instant(unit) => [i64::MIN, i64::MAX, 0, seed].map(|at| Value::Instant(at, unit)).to_vec(),
        DataType::LocalDateTime(unit) => [i64::MIN, i64::MAX, seed].map(|at| Value::LocalDateTime(at, unit)).to_vec(),
    };
    values.push(Value::Null);
    values
}

fn array(data_type: DataType, values: &[Value]) -> ArrayRef {
    let mut builder = CellsBuilder::new(data_type).unwrap();
    values.iter().for_each(|value| builder.push(value).unwrap());
    builder.finish().values
}

/// Floats by their bits, since NaN is not equal to itself.
fn assert_same(left: &ArrayRef, right: &ArrayRef) {
    assert_eq!(left.data_type(), right.data_type());
    match left.data_type() {
        arrow::datatypes::DataType::Float64 => {
            let bits = |array: &ArrayRef| -> Vec<_> {
                array.as_primitive::<Float64Type>().iter().map(|float| float.map(f64::to_bits)).collect()
            };
            assert_eq!(bits(left), bits(right));
        }
        arrow::datatypes::DataType::Float32 => {
            let bits = |array: &ArrayRef| -> Vec<_> {
                array.as_primitive::<Float32Type>().iter().map(|float| float.map(f32::to_bits)).collect()
            };
            assert_eq!(bits(left), bits(right));
        }
        _ => assert_eq!(left, right),
    }
}

fn keyed_rows(numbers: &ArrayRef, field: (DataType, ArrayRef)) -> SegmentRows {
    let column = |id, data_type, values| ChunkColumn { id: ColumnId(id), data_type, cells: Cells::present(values) };
    SegmentRows {
        sequences: (Sequence(1), Sequence(2)),
        identity: SegmentIdentity::Keyed { keys: encode_keys(std::slice::from_ref(numbers), numbers.len()).unwrap() },
        kinds: RowKinds::All(RowKind::Replace),
        columns: vec![column(2, field.0, field.1), column(1, DataType::Int64, Arc::clone(numbers))],
    }
}

fn read_keyed(segment: &Arc<SegmentReader>, table: &model::Table, column: u32) -> ArrayRef {
    let scan = KeyedScan::new(KeyedScanRequest {
        table: Arc::new(table.clone()),
        sources: vec![Source::Segment(Arc::clone(segment))],
        tombstones: Arc::new([]),
        ranges: None,
        columns: vec![ColumnId(column)],
        batch_rows: 1_000,
        spellings: spellings(),
    });
    let batches: Vec<_> = scan.unwrap().map(|batch| batch.unwrap()).collect();
    concat(&batches.iter().map(|batch| batch.column(0).as_ref()).collect::<Vec<_>>()).unwrap()
}

fn field_comes_back(data_type: DataType, values: &ArrayRef) {
    let table = table(TableKind::Keyed, &[(ColumnRole::Key, DataType::Int64), (ColumnRole::Field, data_type)]);
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..values.len() as i64));
    let files = ForgetfulFiles::new();
    let entry = write(&files, &table, &keyed_rows(&numbers, (data_type, Arc::clone(values))));
    let segment = open(&files, &entry, &table).unwrap();
    assert_same(&read_keyed(&segment, &table, 2), values);
    assert_same(&read_keyed(&segment, &table, 1), &numbers);
}

fn key_comes_back(data_type: DataType, values: &ArrayRef) {
    // Ascending, each once: as the keys of series are.
    let keys = encode_keys(std::slice::from_ref(values), values.len()).unwrap();
    let mut order: Vec<u32> = (0..values.len() as u32).collect();
    order.sort_by(|a, b| keys[*a as usize].cmp(&keys[*b as usize]));
    order.dedup_by(|a, b| keys[*a as usize] == keys[*b as usize]);
    let indices = arrow::array::UInt32Array::from(order.clone());
    let values = arrow::compute::take(values, &indices, None).unwrap();
    let keys: Vec<_> = order.iter().map(|row| keys[*row as usize].clone()).collect();

    let time = DataType::LocalDateTime(TimeUnit::Microsecond);
    let table = table(TableKind::Series, &[(ColumnRole::Key, data_type), (ColumnRole::Time, time)]);
    let rows = SegmentRows {
        sequences: (Sequence(1), Sequence(1)),
        identity: SegmentIdentity::Series {
            keys: Arc::new(SeriesKeys {
                ids: vec![SeriesId(0); keys.len()],
                keys: keys.clone(),
                columns: vec![Arc::clone(&values)],
            }),
            runs: (0..keys.len()).map(|key| (key, 1)).collect(),
            times: vec![i64::MIN; keys.len()],
        },
        kinds: RowKinds::All(RowKind::Replace),
        columns: Vec::new(),
    };
    let files = ForgetfulFiles::new();
    let entry = write(&files, &table, &rows);
    let segment = open(&files, &entry, &table).unwrap();
    let hashes: Vec<_> = segment.runs().iter().map(|run| run.key_hash).collect();
    assert_eq!(hashes, keys.iter().map(|key| key_hash(&key.0)).collect::<Vec<_>>());

    // The key columns hold the values, and say the same directory again.
    let file = segment.file();
    let projection = Arc::new(Projection::new(file, &[], true));
    let retyping = crate::retype::Retyping { table: &table, spellings: &crate::PlainSpellings, until: Sequence::MAX };
    let mut blocks = Vec::new();
    let mut row = 0;
    while row < entry.rows {
        let (group, rows) = file.row_group_of(row);
        let length = usize::try_from(rows.end - rows.start).unwrap();
        let block = Decoder::new(file, &projection, group, std::iter::once(0..length), 1_000).unwrap();
        blocks.push({ block }.next_block(&retyping).unwrap().keys.remove(0));
        row = rows.end;
    }
    assert_same(&concat(&blocks.iter().map(AsRef::as_ref).collect::<Vec<_>>()).unwrap(), &values);
    files.remove(side_path()).unwrap();
    assert_eq!(open(&files, &entry, &table).unwrap().runs(), segment.runs());
}

#[test]
fn every_type_comes_back() {
    for data_type in every_type() {
        let values = values(data_type, 123_456_789);
        field_comes_back(data_type, &array(data_type, &values));
        // No value at all.
        field_comes_back(data_type, &array(data_type, &[Value::Null, Value::Null]));
        // A key's zero and NaN have one form each.
        let canonical = |value: &Value| !matches!(value, Value::Float(f) if f.is_sign_negative() && *f == 0.0);
        let keys: Vec<_> = values.into_iter().filter(canonical).collect();
        key_comes_back(data_type, &array(data_type, &keys));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_mix_of_values_comes_back(
        data_type in prop::sample::select(every_type()),
        picks in prop::collection::vec((any::<i64>(), 0..9_usize), 1..40),
    ) {
        let pick = |(seed, which): &(i64, usize)| {
            let mut values = values(data_type, *seed);
            values.swap_remove(which % values.len())
        };
        field_comes_back(data_type, &array(data_type, &picks.iter().map(pick).collect::<Vec<_>>()));
    }

    /// Short decimals, and some that nearly are.
    #[test]
    fn decimals_come_back(
        unscaled in prop::collection::vec(prop::option::of(-99_999_999..99_999_999_i64), 1..30),
        scale in 0..6_i32,
        odd_one in prop::option::weighted(0.5, (any::<prop::sample::Index>(), -2..3_i64)),
    ) {
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let mut doubles: Vec<Option<f64>> =
            unscaled.iter().map(|unscaled| unscaled.map(|unscaled| unscaled as f64 / 10_f64.powi(scale))).collect();
        if let Some((index, nudge)) = odd_one {
            let at = index.index(doubles.len());
            doubles[at] = doubles[at].map(|double| f64::from_bits(double.to_bits().wrapping_add_signed(nudge)));
        }
        let values: ArrayRef = Arc::new(arrow::array::Float64Array::from(doubles.clone()));
        field_comes_back(DataType::Float64, &values);
        #[expect(clippy::cast_possible_truncation, reason = "rounds")]
        let floats = doubles.into_iter().map(|double| double.map(|double| double as f32));
        let values: ArrayRef = Arc::new(floats.collect::<arrow::array::Float32Array>());
        field_comes_back(DataType::Float32, &values);
    }
}

#[test]
fn times_of_every_unit_come_back() {
    for data_type in every_type() {
        if !matches!(data_type, DataType::Instant(_) | DataType::LocalDateTime(_)) {
            continue;
        }
        let table = table(TableKind::Series, &[(ColumnRole::Time, data_type)]);
        let times = vec![i64::MIN, -1, 0, 1, i64::MAX - 1, i64::MAX];
        let rows = SegmentRows {
            sequences: (Sequence(1), Sequence(1)),
            identity: SegmentIdentity::Series {
                keys: Arc::new(SeriesKeys {
                    ids: vec![SeriesId(0)],
                    keys: vec![Default::default()],
                    columns: Vec::new(),
                }),
                runs: vec![(0, times.len())],
                times: times.clone(),
            },
            kinds: RowKinds::All(RowKind::Merge),
            columns: Vec::new(),
        };
        let files = ForgetfulFiles::new();
        let entry = write(&files, &table, &rows);
        assert_eq!(entry.time, TimeBounds::ALL);
        let segment = open(&files, &entry, &table).unwrap();
        let scan = SeriesScan::new(SeriesScanRequest {
            table: Arc::new(table),
            sources: vec![Source::Segment(segment)],
            tombstones: Arc::new([]),
            series: Arc::new([WantedSeries { id: SeriesId(0), key_hash: key_hash(&[]) }]),
            columns: Vec::new(),
            time: TimeBounds { first: -1, last: i64::MAX - 1 },
            batch_rows: 100,
            spellings: spellings(),
        });
        let rows: Vec<_> = scan.unwrap().map(|rows| rows.unwrap()).collect();
        let read: Vec<i64> = rows.iter().flat_map(|rows| rows.times.values().to_vec()).collect();
        assert_eq!(read, times[1..5]);
        assert_eq!(*rows[0].time_array(data_type).unwrap().data_type(), model::arrow_type(data_type));
    }
}

#[test]
fn a_side_file_without_a_filter_of_keys_is_as_good() {
    let table = table(TableKind::Keyed, &[(ColumnRole::Key, DataType::Int64), (ColumnRole::Field, DataType::Int64)]);
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values((0..50).map(|number| number * 2)));
    let files = ForgetfulFiles::new();
    let entry = write(&files, &table, &keyed_rows(&numbers, (DataType::Int64, Arc::clone(&numbers))));
    let side = SideFile::read(&files, &entry).unwrap();
    let marks = side.directory.marks().to_vec();
    SideFile { directory: Directory::Keyed(marks.clone()), ..side }.write(&files, &entry.path).unwrap();
    let segment = open(&files, &entry, &table).unwrap();
    assert_eq!(*segment.directory(), Directory::Keyed(marks));
    assert_same(&read_keyed(&segment, &table, 2), &numbers);
}
