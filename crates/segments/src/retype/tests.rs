use super::*;
use arrow::array::{
    AsArray, Date32Array, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray, TimestampMillisecondArray,
};
use arrow::datatypes as at;
use model::{ColumnRole, DatabaseId, LengthUnit, TableId, TableKind, TextLength, TimeUnit, TypeChange, TypeConversion};
use std::collections::BTreeMap;
use std::sync::Arc;

fn table(history: &[(u64, DataType, TypeConversion)], now: DataType) -> Table {
    let mut column = Column::new(ColumnId(1), "v", ColumnRole::Field, now);
    column.type_changes = history
        .iter()
        .map(|(at, from, conversion)| TypeChange { at: Sequence(*at), from: *from, conversion: conversion.clone() })
        .collect();
    Table {
        id: TableId(1),
        database: DatabaseId(1),
        name: "t".into(),
        kind: TableKind::Series,
        columns: vec![column],
        key: Vec::new(),
        unique: Vec::new(),
        schema_version: 1,
        next_column: ColumnId(2),
        partition_seconds: None,
        retention_seconds: None,
        hidden: false,
        comment: None,
        properties: BTreeMap::new(),
    }
}

fn step(from: DataType, to: DataType, values: ArrayRef) -> ArrayRef {
    let table = table(&[(10, from, TypeConversion::Plain)], to);
    let retyping = Retyping { table: &table, spellings: &PlainSpellings, until: Sequence::MAX };
    let converted = retyping.apply(ColumnId(1), from, &values, Sequence(9)).unwrap();
    assert_eq!(*converted.data_type(), arrow_type(to));
    converted
}

#[test]
fn values_go_through_every_type_since_they_were_written() {
    let narrow = DataType::Text(Some(TextLength { max: 2, unit: LengthUnit::Characters }));
    let table = table(
        &[(10, DataType::Int64, TypeConversion::Plain), (20, narrow, TypeConversion::Plain)],
        DataType::Text(None),
    );
    let column = &table.columns[0];
    assert_eq!(type_at(column, Sequence(9)), DataType::Int64);
    assert_eq!(type_at(column, Sequence(10)), narrow);
    assert_eq!(type_at(column, Sequence(20)), DataType::Text(None));
    let retyping = Retyping { table: &table, spellings: &PlainSpellings, until: Sequence::MAX };
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(12), Some(123), None]));
    let texts = retyping.apply(ColumnId(1), DataType::Int64, &numbers, Sequence(5)).unwrap();
    assert_eq!(texts.as_string::<i32>(), &StringArray::from(vec![Some("12"), None, None]));
    // A merge stops at the type of its newest write.
    let retyping = Retyping { until: Sequence(9), ..retyping };
    let same = retyping.apply(ColumnId(1), DataType::Int64, &numbers, Sequence(5)).unwrap();
    assert_eq!(same.as_primitive::<at::Int64Type>(), &Int64Array::from(vec![Some(12), Some(123), None]));
    let wrong = retyping.apply(ColumnId(1), DataType::Text(None), &texts, Sequence(5)).unwrap_err();
    assert_eq!(wrong.code(), model::Code::Internal);
}

#[test]
fn instants_floor_and_what_does_not_fit_is_null() {
    let micros: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![-1, 1_999]).with_timezone("UTC"));
    let to = DataType::Instant(TimeUnit::Millisecond);
    let millis = step(DataType::Instant(TimeUnit::Microsecond), to, micros);
    let expected = TimestampMillisecondArray::from(vec![-1, 1]).with_timezone("UTC");
    assert_eq!(millis.as_primitive::<at::TimestampMillisecondType>(), &expected);
    let far: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![31_556_889_864_403]));
    let from = DataType::LocalDateTime(TimeUnit::Millisecond);
    assert_eq!(step(from, DataType::LocalDateTime(TimeUnit::Nanosecond), far.clone()).null_count(), 1);
    assert_eq!(step(from, DataType::Date, far).null_count(), 0);
    let days: ArrayRef = Arc::new(Date32Array::from(vec![1, i32::MAX]));
    let instants = step(DataType::Date, DataType::Instant(TimeUnit::Nanosecond), days);
    assert_eq!(instants.null_count(), 1);
    assert_eq!(instants.as_primitive::<at::TimestampNanosecondType>().value(0), 86_400_000_000_000);
}

#[test]
fn instants_are_spelled_and_read_with_their_zone() {
    let instant = DataType::Instant(TimeUnit::Millisecond);
    let millis: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![1]).with_timezone("UTC"));
    let texts = step(instant, DataType::Text(None), millis.clone());
    assert_eq!(texts.as_string::<i32>().value(0), "1970-01-01T00:00:00.001Z");
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["1970-01-01T00:00:00.001Z", "soon"]));
    let read = step(DataType::Text(None), instant, texts);
    assert_eq!(read.as_primitive::<at::TimestampMillisecondType>().value(0), 1);
    assert!(read.is_null(1));
}

#[test]
fn narrowing_makes_null_what_does_not_fit() {
    let wide: ArrayRef = Arc::new(Float64Array::from(vec![1.5, 1e300, f64::INFINITY]));
    let narrow = step(DataType::Float64, DataType::Float32, wide);
    let narrow = narrow.as_primitive::<at::Float32Type>();
    assert_eq!((narrow.value(0), narrow.is_null(1), narrow.value(2)), (1.5, true, f32::INFINITY));
    let wide: ArrayRef = Arc::new(Int64Array::from(vec![127, 128]));
    let narrow = step(DataType::Int64, DataType::Int8, wide);
    assert!(narrow.is_valid(0) && narrow.is_null(1));
}

#[test]
fn text_beyond_the_range_of_a_float_is_null() {
    let texts: ArrayRef =
        Arc::new(StringArray::from(vec![Some("3.4e+100"), Some("1e999"), Some("1.5"), Some("inf"), None]));
    let narrow = step(DataType::Text(None), DataType::Float32, texts.clone());
    let narrow: Vec<_> = narrow.as_primitive::<at::Float32Type>().iter().collect();
    assert_eq!(narrow, [None, None, Some(1.5), Some(f32::INFINITY), None]);
    let wide = step(DataType::Text(None), DataType::Float64, texts);
    let wide: Vec<_> = wide.as_primitive::<at::Float64Type>().iter().collect();
    assert_eq!(wide, [Some(3.4e100), None, Some(1.5), Some(f64::INFINITY), None]);
}

#[test]
fn a_spelling_that_nobody_knows_is_an_error() {
    let text = TypeConversion::Text { spelling: "ours".into() };
    let table = table(&[(10, DataType::Float64, text)], DataType::Text(None));
    let retyping = Retyping { table: &table, spellings: &PlainSpellings, until: Sequence::MAX };
    let values: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
    let error = retyping.apply(ColumnId(1), DataType::Float64, &values, Sequence(1)).unwrap_err();
    assert!(error.to_string().contains("\"ours\""), "{error}");
}
