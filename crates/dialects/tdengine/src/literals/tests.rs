//! Constants as values of every type.

use super::{Surroundings, convert};
use crate::error::skin;
use crate::sql::RowValue;
use crate::timezone;
use model::{Column, ColumnId, ColumnRole, DataType, Decimal, TextLength, TimeUnit, Value};
use proptest::prelude::*;
use std::borrow::Cow;

fn column(data_type: DataType) -> Column {
    Column::new(ColumnId(1), "c", ColumnRole::Field, data_type)
}

fn read(value: &RowValue<'_>, data_type: DataType) -> Result<Value, String> {
    let zone = timezone::utc();
    let around = Surroundings { zone: &zone, now: 1_704_067_200_000_000_000 };
    convert(value, &column(data_type), around).map_err(|error| {
        let skin = skin(&error.kind);
        format!("{} {}", skin.code, skin.text)
    })
}

fn number(text: &str, data_type: DataType) -> Result<Value, String> {
    match text.strip_prefix('-') {
        Some(text) => read(&RowValue::Number { negative: true, text }, data_type),
        None => read(&RowValue::Number { negative: false, text }, data_type),
    }
}

fn text(text: &str, data_type: DataType) -> Result<Value, String> {
    read(&RowValue::Text(Cow::Borrowed(text), text), data_type)
}

#[test]
fn integers_fit_or_overflow() {
    assert_eq!(number("-128", DataType::Int8), Ok(Value::Integer(-128)));
    assert_eq!(number("0x1F", DataType::Int32), Ok(Value::Integer(31)));
    assert_eq!(number("1.9", DataType::Int32), Ok(Value::Integer(1)));
    assert_eq!(text("12", DataType::Int32), Ok(Value::Integer(12)));
    assert_eq!(number("128", DataType::Int8).unwrap_err(), "534 syntax error near '128' (tinyint data overflow)");
    assert_eq!(
        number("-1", DataType::UInt8).unwrap_err(),
        "534 syntax error near '-1' (unsigned tinyint data overflow)"
    );
    assert_eq!(text("x", DataType::Int32).unwrap_err(), "534 syntax error near 'x' (invalid int data)");
    let huge = "9".repeat(60);
    assert!(number(&huge, DataType::Int64).unwrap_err().contains("bigint data overflow"));
}

#[test]
fn decimals_are_rounded_to_their_scale() {
    let decimal = DataType::Decimal { precision: 6, scale: 2 };
    let exact = |unscaled| Ok(Value::Decimal(Decimal { unscaled, scale: 2 }));
    assert_eq!(number("12.345", decimal), exact(1_235));
    assert_eq!(number("-12.344", decimal), exact(-1_234));
    assert_eq!(number("1e2", decimal), exact(10_000));
    assert_eq!(number("0.001", decimal), exact(0));
    assert!(number("10000", decimal).unwrap_err().contains("overflow"));
    assert!(text("1.2.3", decimal).is_err());
}

#[test]
fn texts_and_bytes_have_their_lengths() {
    let bytes = DataType::Text(Some(TextLength::bytes(3)));
    assert_eq!(text("abc", bytes), Ok(Value::Text("abc".to_owned())));
    assert_eq!(text("中文", bytes).unwrap_err(), "9811 Value too long for column/tag: c");
    assert_eq!(text("中文x", DataType::Text(Some(TextLength::characters(3)))), Ok(Value::Text("中文x".to_owned())));
    assert_eq!(text(r"\x0aFF", DataType::Binary(Some(2))), Ok(Value::Binary(vec![10, 255])));
    assert_eq!(text(r"\x", DataType::Binary(Some(2))), Ok(Value::Binary(Vec::new())));
    assert!(text(r"\x0", DataType::Binary(Some(2))).unwrap_err().starts_with("9834"));
}

#[test]
fn times_are_counted_in_the_unit_of_the_column() {
    let micros = DataType::Instant(TimeUnit::Microsecond);
    let at = |count| Ok(Value::Instant(count, TimeUnit::Microsecond));
    assert_eq!(number("7", micros), at(7));
    assert_eq!(text("1970-01-01T00:00:01.5Z", micros), at(1_500_000));
    let now = RowValue::Moment(crate::sql::statement::Moment::Now, 1_000_000_000);
    assert_eq!(read(&now, micros), at(1_704_067_201_000_000));
    assert!(text("abc", micros).unwrap_err().ends_with("(invalid timestamp)"));
    assert!(number("99999999999999999999", micros).unwrap_err().starts_with("1547"));
}

#[test]
fn json_is_one_flat_object() {
    assert_eq!(text(r#"{"k": 1}"#, DataType::Json), Ok(Value::Text(r#"{"k":1}"#.to_owned())));
    assert_eq!(text("{}", DataType::Json), Ok(Value::Null));
    assert_eq!(text("", DataType::Json), Ok(Value::Null));
    assert!(text("{bad", DataType::Json).unwrap_err().starts_with("545"));
    assert!(text("[1]", DataType::Json).unwrap_err().starts_with("545"));
    assert!(text(r#"{"a":{"b":1}}"#, DataType::Json).unwrap_err().starts_with("546"));
}

#[test]
fn a_float_holds_what_is_finite_after_rounding() {
    let float = DataType::Float32;
    // The shortest digits of the largest one are a little above it.
    assert_eq!(number("3.4028235e38", float), Ok(Value::Float(3.402_823_5e38)));
    assert_eq!(number("-3.4028235e38", float), Ok(Value::Float(-3.402_823_5e38)));
    for beyond in ["3.4028236e38", "-3.4028236e38", "1e39", "1e999"] {
        assert!(number(beyond, float).unwrap_err().contains("illegal float data"), "{beyond}");
    }
    assert_eq!(number("1e39", DataType::Float64), Ok(Value::Float(1e39)));
}

proptest! {
    #[test]
    fn decimals_read_back(unscaled in -99_999_999_999_i128..=99_999_999_999, scale in 0_i8..=8) {
        let written = dialect::decimal_text(unscaled, scale);
        let read = number(&written, DataType::Decimal { precision: 12, scale });
        prop_assert_eq!(read, Ok(Value::Decimal(Decimal { unscaled, scale })));
    }
}
