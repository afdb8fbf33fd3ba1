use super::*;
use arrow::array::Array;
use model::{CellsBuilder, Decimal, Interval, Value};
use proptest::prelude::*;

fn values_of(data_type: DataType) -> BoxedStrategy<Value> {
    match data_type {
        DataType::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        DataType::Int8 => any::<i8>().prop_map(|v| Value::Integer(v.into())).boxed(),
        DataType::UInt64 => any::<u64>().prop_map(|v| Value::Integer(v.into())).boxed(),
        DataType::Int64 => any::<i64>().prop_map(|v| Value::Integer(v.into())).boxed(),
        DataType::Float32 => any::<f32>().prop_map(|v| Value::Float(v.into())).boxed(),
        DataType::Decimal { scale, .. } => {
            any::<i64>().prop_map(move |v| Value::Decimal(Decimal { unscaled: v.into(), scale })).boxed()
        }
        DataType::Text(_) => ".{0,8}".prop_map(Value::Text).boxed(),
        DataType::Binary(_) => prop::collection::vec(any::<u8>(), 0..9).prop_map(Value::Binary).boxed(),
        DataType::Interval => any::<(i32, i32, i64)>()
            .prop_map(|(months, days, nanos)| Value::Interval(Interval { months, days, nanos }))
            .boxed(),
        DataType::Uuid => any::<[u8; 16]>().prop_map(Value::Uuid).boxed(),
        DataType::Instant(unit) => any::<i64>().prop_map(move |v| Value::Instant(v, unit)).boxed(),
        other => panic!("{other:?} is not tested here"),
    }
}

fn data_types() -> impl Strategy<Value = DataType> {
    prop::sample::select(vec![
        DataType::Boolean,
        DataType::Int8,
        DataType::UInt64,
        DataType::Int64,
        DataType::Float32,
        DataType::Decimal { precision: 20, scale: 3 },
        DataType::Text(Some(TextLength::characters(8))),
        DataType::Binary(None),
        DataType::Interval,
        DataType::Uuid,
        DataType::Instant(TimeUnit::Microsecond),
    ])
}

/// `None`: absent; `Some(None)`: NULL.
fn column(rows: usize) -> impl Strategy<Value = (DataType, Vec<Option<Option<Value>>>)> {
    data_types().prop_flat_map(move |data_type| {
        let cell = prop::option::weighted(0.8, prop::option::weighted(0.8, values_of(data_type)));
        (Just(data_type), prop::collection::vec(cell, rows))
    })
}

fn cells(data_type: DataType, values: &[Option<Option<Value>>]) -> Cells {
    let mut builder = CellsBuilder::new(data_type).unwrap();
    for value in values {
        match value {
            None => builder.push_absent(),
            Some(value) => builder.push(value.as_ref().unwrap_or(&Value::Null)).unwrap(),
        }
    }
    builder.finish()
}

proptest! {
    #[test]
    fn columns_come_back_sliced_or_not(
        (columns, times) in (1usize..40).prop_flat_map(|rows| {
            (prop::collection::vec(column(rows), 0..6), prop::collection::vec(any::<i64>(), rows))
        }),
        cut in any::<prop::sample::Index>(),
    ) {
        let from = cut.index(times.len());
        let rows = times.len() - from;
        let columns: Vec<ChunkColumn> = (0u32..).zip(&columns).map(|(id, (data_type, values))| {
            let whole = cells(*data_type, values);
            let sliced = Cells {
                values: whole.values.slice(from, rows),
                absent: whole.absent.map(|a| a.slice(from, rows)),
            };
            ChunkColumn { id: ColumnId(id), data_type: *data_type, cells: sliced }
        }).collect();
        let block = encode_block(Some(&times[from..]), &columns).unwrap();
        let (times_back, back) = decode_block(&block, rows, true).unwrap();
        prop_assert_eq!(&times_back[..], &times[from..]);
        prop_assert_eq!(back.len(), columns.len());
        for (old, new) in columns.iter().zip(&back) {
            prop_assert_eq!(old.id, new.id);
            prop_assert_eq!(old.data_type, new.data_type);
            prop_assert_eq!(&old.cells.values.to_data(), &new.cells.values.to_data());
            for row in 0..rows {
                prop_assert_eq!(old.cells.is_absent(row), new.cells.is_absent(row));
            }
        }
    }

    #[test]
    fn damaged_blocks_are_refused_or_read_but_never_panic(
        block in prop::collection::vec(any::<u8>(), 0..64), rows in 0usize..10,
    ) {
        let _ = decode_block(&block, rows, true);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The layout of cells is part of the storage format.
#[test]
fn the_format_stands() {
    let text = |t: &str| Some(Some(Value::Text(t.into())));
    let columns: Vec<ChunkColumn> = [
        (1, DataType::Boolean, vec![Some(Some(Value::Boolean(true))), Some(None), None]),
        (2, DataType::Int16, vec![Some(Some(Value::Integer(258))); 3]),
        (300, DataType::Text(Some(TextLength::bytes(200))), vec![text("ab"), text(""), Some(None)]),
    ]
    .map(|(id, data_type, values)| ChunkColumn { id: ColumnId(id), data_type, cells: cells(data_type, &values) })
    .into();
    let block = encode_block(Some(&[1, -1, 258]), &columns).unwrap();
    let expected = [
        // Not compressed, the times, three columns.
        "00",
        "0100000000000000",
        "ffffffffffffffff",
        "0201000000000000",
        "03",
        // Id, type, whether there are NULLs and absent cells, both as bits, the values.
        "01",
        "00",
        "03",
        "01",
        "04",
        "01",
        "02",
        "02",
        "00",
        "020102010201",
        "ac02",
        "0dc801",
        "01",
        "03",
        "020000000200000002000000",
        "6162",
    ]
    .concat();
    assert_eq!(hex(&block), expected);
    let mut types = DataType::PRIMITIVES.to_vec();
    types.extend([
        DataType::Decimal { precision: 20, scale: -3 },
        DataType::Text(None),
        DataType::Text(Some(TextLength::bytes(200))),
        DataType::Text(Some(TextLength::characters(3))),
        DataType::Binary(None),
        DataType::Binary(Some(200)),
        DataType::Json,
        DataType::Geometry,
        DataType::Date,
        DataType::TimeOfDay,
        DataType::Interval,
        DataType::Uuid,
        DataType::Inet,
        DataType::Instant(TimeUnit::Millisecond),
        DataType::LocalDateTime(TimeUnit::Nanosecond),
    ]);
    let mut tags = Vec::new();
    types.iter().for_each(|data_type| put_data_type(*data_type, &mut tags));
    assert_eq!(hex(&tags), "000102030405060708090a0b14fd0c0dc8010e030f10c801111213141516171803 1909".replace(' ', ""));
    let mut cursor = Cursor::new(&tags);
    types.iter().for_each(|data_type| assert_eq!(read_data_type(&mut cursor).unwrap(), *data_type));
    // The tag that is kept for arrays, and the first that is free.
    for tag in [26, 27] {
        assert!(read_data_type(&mut Cursor::new(&[tag, 4])).is_err());
    }
}

#[test]
fn large_blocks_are_compressed() {
    let times: Vec<i64> = (0..10_000).collect();
    let block = encode_block(Some(&times), &[]).unwrap();
    assert!(block.len() < 40_000, "{} bytes", block.len());
    assert_eq!(decode_block(&block, times.len(), true).unwrap().0, times);
}
