use super::Column;
use crate::timezone::{self, Zone};
use crate::types::{Word, declared};
use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int64Array,
    IntervalMonthDayNanoArray, LargeStringArray, NullArray, StringArray, Time64NanosecondArray,
    TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray, UInt64Array,
};
use arrow::datatypes::{Field, IntervalMonthDayNano};
use model::{Column as TableColumn, ColumnId, ColumnRole, DataType};
use query::column_field;
use std::sync::Arc;

fn printed_in(values: impl Into<ArrayRef>, zone: &str) -> Vec<String> {
    let values = values.into();
    let column = Column::new(&values, &Field::new("c", values.data_type().clone(), true)).unwrap();
    let zone = timezone::parse(zone).unwrap();
    (0..values.len())
        .map(|row| {
            let mut out = Vec::new();
            column.push(&mut out, row, &zone).unwrap();
            String::from_utf8(out).unwrap()
        })
        .collect()
}

fn printed<A: arrow::array::Array + 'static>(values: A) -> Vec<String> {
    printed_in(Arc::new(values) as ArrayRef, "0")
}

#[test]
fn null_booleans_and_integers() {
    assert_eq!(printed(NullArray::new(1)), ["null"]);
    assert_eq!(printed(BooleanArray::from(vec![Some(true), Some(false), None])), ["true", "false", "null"]);
    assert_eq!(
        printed(Int64Array::from(vec![i64::MIN, 0, i64::MAX])),
        ["-9223372036854775808", "0", "9223372036854775807"]
    );
    assert_eq!(printed(UInt64Array::from(vec![u64::MAX])), ["18446744073709551615"]);
}

#[test]
fn floats_are_shortest_and_unbounded_ones_are_strings() {
    assert_eq!(
        printed(Float64Array::from(vec![0.31, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]))[..],
        ["0.31", "\"NaN\"", "\"+Inf\"", "\"-Inf\""]
    );
    let shortest = printed(Float32Array::from(vec![22.22_f32]));
    assert_eq!(shortest, ["22.22"]);
    for text in printed(Float64Array::from(vec![1.0, 1e300, 5e-324, -0.0, 123_456_789.5])) {
        assert!(text.parse::<f64>().is_ok() && serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
    }
}

#[test]
fn decimals_keep_zeros_only_where_declared() {
    let values = Decimal128Array::from(vec![12_300, -5, 0]).with_precision_and_scale(20, 3).unwrap();
    assert_eq!(printed(values.clone()), ["12.3", "-0.005", "0"]);
    let mut column =
        TableColumn::new(ColumnId(1), "d", ColumnRole::Field, DataType::Decimal { precision: 20, scale: 3 });
    column.declared = Some(declared(Word::Decimal));
    let values: ArrayRef = Arc::new(values);
    let column = Column::new(&values, &column_field(&column)).unwrap();
    let mut out = Vec::new();
    column.push(&mut out, 0, &Zone::utc()).unwrap();
    assert_eq!(out, b"12.300");
}

#[test]
fn texts_keep_newlines_and_tabs() {
    assert_eq!(printed(StringArray::from(vec!["a\n\t\"b\"\\ü"])), ["\"a\\n\\t\\\"b\\\"\\\\ü\""]);
    assert_eq!(printed(LargeStringArray::from(vec!["x"])), ["\"x\""]);
}

#[test]
fn bytes_are_hexadecimal() {
    assert_eq!(
        printed(BinaryArray::from(vec![b"a".as_slice(), b"\xff\x00", b""])),
        ["\"\\\\x61\"", "\"\\\\xff00\"", "\"\\\\x\""]
    );
}

#[test]
fn instants_follow_the_zone_and_wall_clocks_do_not() {
    let instants = || TimestampMillisecondArray::from(vec![1_690_699_480_320]).with_timezone("UTC");
    assert_eq!(printed(instants()), ["\"2023-07-30T06:44:40.32Z\""]);
    assert_eq!(printed_in(Arc::new(instants()) as ArrayRef, "8"), ["\"2023-07-30T14:44:40.32+08:00\""]);
    assert_eq!(printed_in(Arc::new(instants()) as ArrayRef, "Asia/Kolkata"), ["\"2023-07-30T12:14:40.32+05:30\""]);
    assert_eq!(printed_in(Arc::new(instants()) as ArrayRef, "-5"), ["\"2023-07-30T01:44:40.32-05:00\""]);
    let wall = TimestampMicrosecondArray::from(vec![1_000_000, -1, -62_167_219_200_000_000]);
    assert_eq!(
        printed_in(Arc::new(wall) as ArrayRef, "8"),
        ["\"1970-01-01T00:00:01Z\"", "\"1969-12-31T23:59:59.999999Z\"", "\"0000-01-01T00:00:00Z\""]
    );
    assert_eq!(printed(TimestampNanosecondArray::from(vec![1])), ["\"1970-01-01T00:00:00.000000001Z\""]);
}

#[test]
fn instants_that_a_zone_cannot_write_stand_in_utc() {
    for (seconds, zone, text) in [
        // Local mean time of -4:56:02 until noon of 1883-11-18.
        (-2_745_532_800, "America/New_York", "\"1882-12-31T00:00:00Z\""),
        (-2_717_650_800, "America/New_York", "\"1883-11-18T12:00:00-05:00\""),
        (-62_167_219_200, "-5", "\"0000-01-01T00:00:00Z\""),
        (-62_167_219_200, "5", "\"0000-01-01T05:00:00+05:00\""),
        (253_402_300_799, "8", "\"9999-12-31T23:59:59Z\""),
        (253_402_300_799, "-8", "\"9999-12-31T15:59:59-08:00\""),
    ] {
        let value = TimestampMillisecondArray::from(vec![seconds * 1_000_i64]).with_timezone("UTC");
        assert_eq!(printed_in(Arc::new(value) as ArrayRef, zone), [text], "{zone}");
    }
}

#[test]
fn dates_clocks_and_intervals() {
    assert_eq!(printed(Date32Array::from(vec![19_723, -1])), ["\"2024-01-01\"", "\"1969-12-31\""]);
    assert_eq!(
        printed(Time64NanosecondArray::from(vec![36_000_000_000_000, 500_000_000])),
        ["\"10:00:00\"", "\"00:00:00.5\""]
    );
    let intervals = [(0, 1, 0), (0, 0, 3_600_000_000_000), (14, -2, -1_500_000_000), (0, 0, 0)];
    let values: IntervalMonthDayNanoArray =
        intervals.iter().map(|(m, d, n)| Some(IntervalMonthDayNano::new(*m, *d, *n))).collect();
    assert_eq!(printed(values), ["\"1 day\"", "\"01:00:00\"", "\"1 year 2 mons -2 days -00:00:01.5\"", "\"00:00:00\""]);
}

#[test]
fn rows_within_rows_are_refused_by_name() {
    let field = Arc::new(Field::new("c0", arrow::datatypes::DataType::Int64, true));
    let inner: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let pair: ArrayRef = Arc::new(arrow::array::StructArray::from(vec![(field, inner)]));
    let refused = Column::new(&pair, &Field::new("c", pair.data_type().clone(), true)).err().unwrap();
    assert!(matches!(*refused.kind, model::ErrorKind::Unsupported { .. }), "{refused:?}");
}
