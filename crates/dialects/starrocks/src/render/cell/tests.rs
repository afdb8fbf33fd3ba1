use super::Column;
use crate::zone::{self, Zone};
use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int8Array,
    ListArray, StringArray, TimestampMillisecondArray, TimestampNanosecondArray, UInt64Array,
};
use arrow::datatypes::{Field, Int64Type};
use model::{Column as ModelColumn, ColumnId, ColumnRole, DataType, TimeUnit};
use query::column_field;
use std::sync::Arc;

/// The values of a computed column, one after another.
fn computed(values: impl arrow::array::Array + 'static) -> String {
    let field = Field::new("c", values.data_type().clone(), true);
    printed(&field, Arc::new(values), &Zone::utc())
}

fn printed(field: &Field, values: ArrayRef, zone: &Zone) -> String {
    let column = Column::new(&values, field).unwrap();
    let mut out = Vec::new();
    for row in 0..values.len() {
        column.push(&mut out, row, zone).unwrap();
        out.push(b' ');
    }
    String::from_utf8(out).unwrap().trim_end().to_owned()
}

/// The values of a stored column.
fn stored(data_type: DataType, values: impl arrow::array::Array + 'static, zone: &Zone) -> String {
    let field = column_field(&ModelColumn::new(ColumnId(1), "c", ColumnRole::Field, data_type));
    assert_eq!(field.data_type(), values.data_type());
    printed(&field, Arc::new(values), zone)
}

#[test]
fn numbers() {
    assert_eq!(computed(BooleanArray::from(vec![Some(true), Some(false), None])), "1 0 null");
    assert_eq!(computed(Int8Array::from(vec![-128, 127])), "-128 127");
    assert_eq!(
        computed(Float64Array::from(vec![1.0, 0.1, -2.5, 1e300, f64::NAN, f64::INFINITY])),
        "1 0.1 -2.5 1e+300 null null"
    );
    assert_eq!(computed(Float32Array::from(vec![3273.8])), "3273.8");
    let decimals = Decimal128Array::from(vec![29_628, -5]).with_precision_and_scale(10, 3).unwrap();
    assert_eq!(computed(decimals), "\"29.628\" \"-0.005\"");
    assert_eq!(computed(UInt64Array::from(vec![7])), "7");
    let zone = Zone::utc();
    assert_eq!(stored(DataType::UInt64, UInt64Array::from(vec![u64::MAX]), &zone), "\"18446744073709551615\"");
}

#[test]
fn times_are_in_the_statements_zone_and_cut_to_six_digits() {
    let zone = zone::parse("+08:00").unwrap();
    let instants = TimestampNanosecondArray::from(vec![1_999_999_999]).with_timezone("UTC");
    assert_eq!(stored(DataType::Instant(TimeUnit::Nanosecond), instants, &zone), "\"1970-01-01 08:00:01.999999\"");
    let local = TimestampMillisecondArray::from(vec![500]);
    assert_eq!(stored(DataType::LocalDateTime(TimeUnit::Millisecond), local, &zone), "\"1970-01-01 00:00:00.500000\"");
    assert_eq!(computed(Date32Array::from(vec![18_286])), "\"2020-01-25\"");
}

#[test]
fn json_is_embedded_and_bytes_are_base64() {
    let zone = Zone::utc();
    let texts = StringArray::from(vec!["{\"a\": 1}", "not json", "[\n1]"]);
    assert_eq!(stored(DataType::Json, texts, &zone), "{\"a\": 1} \"not json\" [1]");
    assert_eq!(stored(DataType::Binary(None), BinaryArray::from(vec![b"\x00\xff".as_slice()]), &zone), "\"AP8=\"");
    let list = ListArray::from_iter_primitive::<Int64Type, _, _>([Some([Some(1), Some(2), None])]);
    assert_eq!(computed(list), "[1, 2, null]");
}
