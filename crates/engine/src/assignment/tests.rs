//! Values into columns: what is taken over, what is refused and with which words.

use super::into_column;
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Decimal128Array, Float64Array, Int64Array, NullArray,
    StringArray, TimestampMicrosecondArray, TimestampSecondArray,
};
use arrow::datatypes as at;
use model::{Code, Column, ColumnId, ColumnRole, DataType, ErrorKind, TextLength, TimeUnit, arrow_type};
use std::sync::Arc;

fn column(data_type: DataType) -> Column {
    Column::new(ColumnId(1), "c", ColumnRole::Field, data_type)
}

fn integers(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

#[test]
fn values_are_cast_to_the_columns_type() {
    let cases: Vec<(ArrayRef, DataType)> = vec![
        (integers(&[-128, 127]), DataType::Int8),
        (integers(&[0, 255]), DataType::UInt8),
        (integers(&[1, 2]), DataType::Float64),
        (Arc::new(Float64Array::from(vec![1.0, -3.0])), DataType::Int32),
        (Arc::new(Float64Array::from(vec![1.5])), DataType::Decimal { precision: 5, scale: 2 }),
        (texts(&["12", "-3"]), DataType::Int16),
        (texts(&["äb"]), DataType::Text(Some(TextLength::characters(2)))),
        (Arc::new(BinaryArray::from_vec(vec![b"ab"])), DataType::Binary(Some(2))),
        (Arc::new(NullArray::new(3)), DataType::Boolean),
        (Arc::new(BooleanArray::from(vec![true])), DataType::Boolean),
    ];
    for (values, data_type) in cases {
        let cast = into_column(&values, &column(data_type)).unwrap();
        assert_eq!(*cast.data_type(), arrow_type(data_type));
        assert_eq!(cast.len(), values.len());
        assert_eq!(cast.null_count(), values.logical_null_count(), "{data_type:?}");
    }
}

#[test]
fn values_that_do_not_fit_are_refused_by_name() {
    let decimals = Decimal128Array::from(vec![150]).with_precision_and_scale(10, 2).unwrap();
    let cases: Vec<(ArrayRef, DataType, Code, &str)> = vec![
        (integers(&[1, 128]), DataType::Int8, Code::ValueOutOfRange, "128"),
        (integers(&[-1]), DataType::UInt64, Code::ValueOutOfRange, "-1"),
        (Arc::new(Float64Array::from(vec![1.0, 1.5])), DataType::Int64, Code::ValueOutOfRange, "1.5"),
        (Arc::new(Float64Array::from(vec![1e30])), DataType::Int64, Code::ValueOutOfRange, "1e30"),
        (Arc::new(decimals), DataType::Int32, Code::ValueOutOfRange, "1.50"),
        (integers(&[100_000]), DataType::Decimal { precision: 5, scale: 2 }, Code::ValueOutOfRange, "100000"),
        (texts(&["1", "abc"]), DataType::Int32, Code::ValueInvalid, "abc"),
        (texts(&["99999999999"]), DataType::Int32, Code::ValueOutOfRange, "99999999999"),
        (texts(&["ab", "abc"]), DataType::Text(Some(TextLength::bytes(2))), Code::ValueTooLong, "abc"),
        (texts(&["äb"]), DataType::Text(Some(TextLength::bytes(2))), Code::ValueTooLong, "äb"),
        (Arc::new(BinaryArray::from_vec(vec![b"abc"])), DataType::Binary(Some(2)), Code::ValueTooLong, "616263"),
        (texts(&["never"]), DataType::Instant(TimeUnit::Millisecond), Code::ValueInvalid, "never"),
        (integers(&[1]), DataType::Uuid, Code::ValueInvalid, "1"),
    ];
    for (values, data_type, code, text) in cases {
        let error = into_column(&values, &column(data_type)).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        let (value, place) = match *error.kind {
            ErrorKind::ValueInvalid { value, place, .. }
            | ErrorKind::ValueOutOfRange { value, place, .. }
            | ErrorKind::ValueTooLong { value, place, .. } => (value, place),
            other => panic!("{other:?}"),
        };
        assert_eq!(value, text);
        assert_eq!(place.unwrap().column, "c");
    }
}

#[test]
fn null_is_refused_where_the_column_says_so() {
    let values: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
    assert_eq!(into_column(&values, &column(DataType::Int64)).unwrap().null_count(), 1);
    let never = Column { nullable: false, ..column(DataType::Int64) };
    assert_eq!(into_column(&values, &never).unwrap_err().code(), Code::NullValue);
    let nulls: ArrayRef = Arc::new(NullArray::new(1));
    assert_eq!(into_column(&nulls, &never).unwrap_err().code(), Code::NullValue);
}

#[test]
fn instants_are_floored_and_never_wrap() {
    let values: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![Some(-1), None, Some(1_999)]));
    let cast = into_column(&values, &column(DataType::Instant(TimeUnit::Millisecond))).unwrap();
    assert_eq!(*cast.data_type(), arrow_type(DataType::Instant(TimeUnit::Millisecond)));
    let cast = cast.as_primitive::<at::TimestampMillisecondType>();
    assert_eq!(cast.iter().collect::<Vec<_>>(), [Some(-1), None, Some(1)]);
    let late: ArrayRef = Arc::new(TimestampSecondArray::from(vec![31_556_889_864]));
    let error = into_column(&late, &column(DataType::Instant(TimeUnit::Nanosecond))).unwrap_err();
    assert_eq!(error.code(), Code::ValueOutOfRange);
}
