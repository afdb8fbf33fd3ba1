use super::*;
use crate::TimeUnit;
use arrow::array::{Float64Array, Int64Array, StringArray};
use proptest::prelude::*;
use std::sync::Arc;

fn keys(texts: &[Option<String>], numbers: &[Option<i64>], floats: &[Option<f64>]) -> Vec<KeyBytes> {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(texts.to_vec())),
        Arc::new(Int64Array::from(numbers.to_vec())),
        Arc::new(Float64Array::from(floats.to_vec())),
    ];
    encode_keys(&columns, texts.len()).unwrap()
}

proptest! {
    #[test]
    fn bytes_sort_as_values(rows in prop::collection::vec(
        (prop::option::of("[\\x00a-c]{0,3}"), prop::option::of(-3i64..3), prop::option::of(-2i32..2)), 2..20,
    )) {
        let texts: Vec<_> = rows.iter().map(|r| r.0.clone()).collect();
        let numbers: Vec<_> = rows.iter().map(|r| r.1).collect();
        let floats: Vec<_> = rows.iter().map(|r| r.2.map(|f| f64::from(f) / 2.0)).collect();
        let encoded = keys(&texts, &numbers, &floats);
        for a in 0..rows.len() {
            for b in 0..rows.len() {
                prop_assert_eq!(encoded[a].cmp(&encoded[b]), rows[a].cmp(&rows[b]), "{:?} {:?}", rows[a], rows[b]);
            }
        }
    }

    #[test]
    fn one_row_and_many_rows_encode_alike(text in prop::option::of(".{0,5}"), number: Option<i64>, float: Option<f64>) {
        let many = keys(std::slice::from_ref(&text), &[number], &[float]);
        let one = encode_key(&[
            (text.map_or(Value::Null, Value::Text), DataType::Text(None)),
            (number.map_or(Value::Null, |n| Value::Integer(n.into())), DataType::Int64),
            (float.map_or(Value::Null, Value::Float), DataType::Float64),
        ]).unwrap();
        prop_assert_eq!(&many[0], &one);
    }
}

#[test]
fn a_missing_tail_equals_nulls() {
    let short = encode_key(&[(Value::Text("a".into()), DataType::Text(None))]).unwrap();
    let long = encode_key(&[(Value::Text("a".into()), DataType::Text(None)), (Value::Null, DataType::Int64)]).unwrap();
    assert_eq!(short, long);
    assert_eq!(encode_key(&[(Value::Null, DataType::Int64)]).unwrap(), KeyBytes::default());
}

/// The key bytes of a value of every type, after the byte that says that there is one.
#[test]
fn the_bytes_of_every_type_stand() {
    let decimal = |unscaled, scale| Value::Decimal(Decimal { unscaled, scale });
    let interval = Value::Interval(Interval { months: -1, days: 2, nanos: i64::MIN });
    let (ms, us, ns) = (TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond);
    let cases: &[(Value, DataType, &str)] = &[
        (Value::Boolean(false), DataType::Boolean, "00"),
        (Value::Boolean(true), DataType::Boolean, "01"),
        (Value::Integer(-2), DataType::Int8, "7e"),
        (Value::Integer(258), DataType::Int16, "8102"),
        (Value::Integer(-2), DataType::Int32, "7ffffffe"),
        (Value::Integer(1), DataType::Int64, "8000000000000001"),
        (Value::Integer(255), DataType::UInt8, "ff"),
        (Value::Integer(258), DataType::UInt16, "0102"),
        (Value::Integer(258), DataType::UInt32, "00000102"),
        (Value::Integer(258), DataType::UInt64, "0000000000000102"),
        (Value::Float(1.0), DataType::Float32, "bf800000"),
        (Value::Float(-1.0), DataType::Float32, "407fffff"),
        (Value::Float(-0.0), DataType::Float32, "80000000"),
        (Value::Float(1.0), DataType::Float64, "bff0000000000000"),
        (Value::Float(-1.0), DataType::Float64, "400fffffffffffff"),
        (Value::Float(-0.0), DataType::Float64, "8000000000000000"),
        (Value::Float(f64::INFINITY), DataType::Float64, "fff0000000000000"),
        (Value::Float(-f64::NAN), DataType::Float64, "fff8000000000000"),
        (decimal(-1, 2), DataType::Decimal { precision: 9, scale: 2 }, "7fffffffffffffffffffffffffffffff"),
        (decimal(258, -1), DataType::Decimal { precision: 9, scale: -1 }, "80000000000000000000000000000102"),
        (Value::Text("a\0é".into()), DataType::Text(None), "6100ffc3a90000"),
        (Value::Text("a".into()), DataType::Text(Some(crate::TextLength::bytes(9))), "610000"),
        (Value::Text("{}".into()), DataType::Json, "7b7d0000"),
        (Value::Text("::1".into()), DataType::Inet, "3a3a310000"),
        (Value::Binary(vec![0, 255, 1]), DataType::Binary(None), "00ffff010000"),
        (Value::Binary(vec![]), DataType::Binary(Some(9)), "0000"),
        (Value::Binary(vec![1]), DataType::Geometry, "010000"),
        (Value::Date(-1), DataType::Date, "7fffffff"),
        (Value::TimeOfDay(258), DataType::TimeOfDay, "8000000000000102"),
        (interval, DataType::Interval, "7fffffff800000020000000000000000"),
        (Value::Uuid([7; 16]), DataType::Uuid, "07070707070707070707070707070707"),
        (Value::Instant(-1, ms), DataType::Instant(ms), "7fffffffffffffff"),
        (Value::Instant(1, us), DataType::Instant(us), "8000000000000001"),
        (Value::LocalDateTime(1, ns), DataType::LocalDateTime(ns), "8000000000000001"),
    ];
    for (value, data_type, expected) in cases {
        let one = encode_key(&[(value.clone(), *data_type)]).unwrap();
        assert_eq!(format!("{one:?}"), format!("01{expected}"), "{value:?} as {data_type:?}");
        // Columns encode as single values do.
        let mut cells = crate::CellsBuilder::new(*data_type).unwrap();
        cells.push(value).unwrap();
        assert_eq!(encode_keys(&[cells.finish().values], 1).unwrap(), [one], "{value:?} as {data_type:?}");
    }
}

/// The bytes and hashes are part of the storage format: they may never change.
#[test]
fn the_format_stands() {
    let key = encode_key(&[
        (Value::Text("a\0".into()), DataType::Text(None)),
        (Value::Null, DataType::Boolean),
        (Value::Integer(-1), DataType::Int16),
    ])
    .unwrap();
    assert_eq!(format!("{key:?}"), "016100ff0000 00 017fff".replace(' ', ""));
    assert_eq!(key_hash(b""), KeyHash(0x99aa06d3014798d86001c324468d497f));
}
