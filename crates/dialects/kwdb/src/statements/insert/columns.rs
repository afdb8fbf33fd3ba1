//! Computed values become values of a column: texts and integers by the rules of literals,
//! everything else by a cast that loses nothing.

use crate::error::worded;
use crate::literals::{Literal, Target};
use crate::timezone::Zone;
use crate::types::arrow_word;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::compute::kernels::cmp::not_distinct;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType as ArrowType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int64Type,
    IntervalMonthDayNanoType, Time64NanosecondType, TimeUnit as ArrowUnit,
};
use model::{CellsBuilder, DataType, Decimal, Error, Interval, Result, Value, arrow_type};
use std::sync::Arc;

fn cast(values: &ArrayRef, to: &ArrowType) -> Result<ArrayRef, arrow::error::ArrowError> {
    cast_with_options(values, to, &CastOptions { safe: false, ..CastOptions::default() })
}

/// An array in the column's type.
pub(super) fn converted(values: &ArrayRef, target: &Target, zone: &Zone) -> Result<ArrayRef> {
    let to = arrow_type(target.data_type);
    let same = *values.data_type() == to && !has_length(target.data_type);
    if same {
        return Ok(Arc::clone(values));
    }
    let mut cells = CellsBuilder::new(target.data_type)?;
    for row in 0..values.len() {
        cells.push(&value_at(values, row, target, zone)?)?;
    }
    Ok(cells.finish().values)
}

const fn has_length(data_type: DataType) -> bool {
    matches!(data_type, DataType::Text(Some(_)) | DataType::Binary(Some(_)))
}

/// One value of an array in the column's type.
pub(super) fn value_at(values: &ArrayRef, row: usize, target: &Target, zone: &Zone) -> Result<Value> {
    if values.is_null(row) {
        return Ok(Value::Null);
    }
    let one = values.slice(row, 1);
    match one.data_type() {
        ArrowType::Utf8 | ArrowType::LargeUtf8 | ArrowType::Utf8View => {
            let text = cast(&one, &ArrowType::Utf8).map_err(Error::internal)?;
            target.convert(Literal::Text(text.as_string::<i32>().value(0)), zone)
        }
        ArrowType::Binary | ArrowType::LargeBinary | ArrowType::BinaryView => {
            let bytes = cast(&one, &ArrowType::Binary).map_err(Error::internal)?;
            target.convert(Literal::Bytes(bytes.as_binary::<i32>().value(0)), zone)
        }
        ArrowType::Boolean => target.convert(Literal::Boolean(one.as_boolean().value(0)), zone),
        integer if integer.is_integer() => {
            let digits = cast(&one, &ArrowType::Utf8).map_err(Error::internal)?;
            target.convert(Literal::Integer(digits.as_string::<i32>().value(0)), zone)
        }
        ArrowType::Timestamp(unit, source) => {
            if let Some(value) = time(&one, *unit, source.is_some(), target, zone) {
                return value;
            }
            by_cast(&one, target)
        }
        _ => by_cast(&one, target),
    }
}

fn primitive<T: ArrowPrimitiveType>(one: &ArrayRef) -> T::Native {
    one.as_primitive::<T>().value(0)
}

/// A time in a time column, through the request's zone where one of both is a wall clock.
fn time(one: &ArrayRef, unit: ArrowUnit, zoned: bool, target: &Target, zone: &Zone) -> Option<Result<Value>> {
    let counts = cast(one, &ArrowType::Int64).ok()?;
    let nanos = i128::from(primitive::<Int64Type>(&counts)) * query::functions::nanos_per(unit);
    let instant = if zoned { nanos } else { zone.instant_of(nanos) };
    let wall = if zoned { zone.wall_of(nanos) } else { nanos };
    let made = match target.data_type {
        DataType::Instant(unit) => unit.floor_from_nanos(instant).map(|t| Value::Instant(t, unit)),
        DataType::LocalDateTime(unit) => unit.floor_from_nanos(wall).map(|t| Value::LocalDateTime(t, unit)),
        DataType::Date => i32::try_from(wall.div_euclid(86_400_000_000_000)).ok().map(Value::Date),
        _ => return None,
    };
    let out_of_range = || worded(format!("timestamp out of range (column \"{}\")", target.name));
    Some(made.ok_or_else(out_of_range))
}

fn by_cast(one: &ArrayRef, target: &Target) -> Result<Value> {
    let to = arrow_type(target.data_type);
    let mismatch = || {
        let (from, to) = (arrow_word(one.data_type()), arrow_word(&to));
        worded(format!(
            "value type {} doesn't match type {} of column \"{}\"",
            from.canonical().to_ascii_lowercase(),
            to.canonical().to_ascii_lowercase(),
            target.name
        ))
    };
    let texts = matches!(target.data_type, DataType::Text(_) | DataType::Binary(_) | DataType::Boolean);
    if texts || one.data_type().is_numeric() != to.is_numeric() {
        return Err(mismatch());
    }
    let out_of_range = || {
        let word = arrow_word(&to).canonical().to_ascii_lowercase();
        worded(format!("value out of range for type {word} (column \"{}\")", target.name))
    };
    let cast_value = cast(one, &to).map_err(|_| out_of_range())?;
    if target.data_type.is_integer() {
        let back = cast(&cast_value, one.data_type()).map_err(|_| out_of_range())?;
        let equal: BooleanArray = not_distinct(one, &back).map_err(Error::internal)?;
        if !equal.value(0) {
            return Err(mismatch());
        }
    }
    Ok(plain_value(&cast_value, target.data_type))
}

/// The value of an array that is of the column's type already.
fn plain_value(one: &ArrayRef, data_type: DataType) -> Value {
    match data_type {
        integer if integer.is_integer() => match cast(one, &ArrowType::Decimal128(38, 0)) {
            Ok(decimal) => Value::Integer(primitive::<Decimal128Type>(&decimal)),
            Err(_) => Value::Null,
        },
        DataType::Float32 => Value::Float(f64::from(primitive::<Float32Type>(one))),
        DataType::Float64 => Value::Float(primitive::<Float64Type>(one)),
        DataType::Decimal { scale, .. } => {
            Value::Decimal(Decimal { unscaled: primitive::<Decimal128Type>(one), scale })
        }
        DataType::Date => Value::Date(primitive::<Date32Type>(one)),
        DataType::TimeOfDay => Value::TimeOfDay(primitive::<Time64NanosecondType>(one)),
        DataType::Interval => {
            let value = primitive::<IntervalMonthDayNanoType>(one);
            Value::Interval(Interval { months: value.months, days: value.days, nanos: value.nanoseconds })
        }
        DataType::Uuid => one
            .as_fixed_size_binary_opt()
            .and_then(|uuid| uuid.value(0).try_into().ok())
            .map_or(Value::Null, Value::Uuid),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::{converted, value_at};
    use crate::literals::Target;
    use crate::timezone::{self, Zone};
    use arrow::array::{ArrayRef, Decimal128Array, Float64Array, Int64Array, StringArray, TimestampMillisecondArray};
    use model::{Column, ColumnId, ColumnRole, DataType, TimeUnit, Value};
    use std::sync::Arc;

    fn target(data_type: DataType) -> Target {
        Target::new(&Column::new(ColumnId(1), "c", ColumnRole::Field, data_type), false)
    }

    fn value(array: ArrayRef, data_type: DataType) -> Result<Value, String> {
        value_at(&array, 0, &target(data_type), &timezone::parse("8").unwrap()).map_err(|e| e.to_string())
    }

    #[test]
    fn numbers_lose_nothing() {
        let float = |v: f64| Arc::new(Float64Array::from(vec![v])) as ArrayRef;
        assert_eq!(value(float(2.0), DataType::Int32), Ok(Value::Integer(2)));
        assert!(value(float(2.5), DataType::Int32).is_err());
        assert!(value(float(1e10), DataType::Int32).is_err());
        let decimal = Decimal128Array::from(vec![200]).with_precision_and_scale(38, 2).unwrap();
        assert_eq!(value(Arc::new(decimal), DataType::Int16), Ok(Value::Integer(2)));
        assert!(value(Arc::new(Int64Array::from(vec![40_000])), DataType::Int16).is_err());
        assert_eq!(value(Arc::new(Int64Array::from(vec![4])), DataType::Float64), Ok(Value::Float(4.0)));
    }

    #[test]
    fn wall_clocks_become_instants_in_the_zone() {
        let wall: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![28_800_000]));
        assert_eq!(value(wall, DataType::Instant(TimeUnit::Millisecond)), Ok(Value::Instant(0, TimeUnit::Millisecond)));
        let text: ArrayRef = Arc::new(StringArray::from(vec!["1970-01-01 08:00:00"]));
        assert_eq!(value(text, DataType::Instant(TimeUnit::Microsecond)), Ok(Value::Instant(0, TimeUnit::Microsecond)));
    }

    #[test]
    fn an_array_of_the_right_type_is_taken_as_it_is() {
        let array: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
        let same = converted(&array, &target(DataType::Int64), &Zone::utc()).unwrap();
        assert_eq!(&same, &array);
    }
}
