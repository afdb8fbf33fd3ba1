use super::*;
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
