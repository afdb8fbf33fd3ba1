//! `width_bucket(operand, low, high, count)`: which of `count` buckets of equal width holds a number; 0
//! below them, `count` + 1 above.

use arrow::array::{ArrayRef, AsArray, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::error::Result;
use datafusion::logical_expr::{ScalarUDF, Signature, Volatility};
use query::functions::{RowArguments, RowCall, RowFunction};
use std::sync::Arc;

/// The function.
pub(super) fn width_bucket() -> ScalarUDF {
    RowFunction::new("width_bucket", Signature::any(4, Volatility::Immutable), returns, buckets).into()
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "buckets are counted in floats")]
fn bucket(operand: f64, low: f64, high: f64, count: i64) -> i64 {
    if (low < high && operand > high) || (low > high && operand < high) {
        return count.saturating_add(1);
    }
    if (low < high && operand < low) || (low > high && operand > low) {
        return 0;
    }
    let number = ((operand - low) / ((high - low) / count as f64)).floor() + 1.0;
    // Without a width there is no number: the vendor answers with the least one.
    if number.is_finite() { number as i64 } else { i64::MIN }
}

fn returns(arguments: &RowArguments<'_>) -> Result<DataType> {
    match arguments.types().as_slice() {
        [numbers @ .., count]
            if numbers.iter().all(|t| t.is_numeric() || t.is_null()) && (count.is_integer() || count.is_null()) =>
        {
            Ok(DataType::Int64)
        }
        _ => Err(arguments.unknown()),
    }
}

fn buckets(call: &RowCall<'_>) -> Result<ArrayRef> {
    let [operand, low, high, count] = call.exactly()?;
    let floats = |array: &ArrayRef| cast(array, &DataType::Float64);
    let (operand, low, high) = (floats(operand)?, floats(low)?, floats(high)?);
    let count = cast(count, &DataType::Int64)?;
    let (operand, low) = (operand.as_primitive::<Float64Type>(), low.as_primitive::<Float64Type>());
    let (high, count) = (high.as_primitive::<Float64Type>(), count.as_primitive::<Int64Type>());
    let rows = operand.iter().zip(low.iter()).zip(high.iter()).zip(count.iter());
    let buckets = rows.map(|(((operand, low), high), count)| Some(bucket(operand?, low?, high?, count?)));
    Ok(Arc::new(buckets.collect::<Int64Array>()))
}

#[cfg(test)]
mod tests {
    use super::bucket;

    #[test]
    fn buckets_run_up_and_down() {
        assert_eq!(bucket(5.35, 0.024, 10.06, 5), 3);
        assert_eq!(bucket(5.0, 10.0, 0.0, 5), 3);
        assert_eq!(bucket(11.0, 0.0, 10.0, 5), 6);
        assert_eq!(bucket(-1.0, 0.0, 10.0, 5), 0);
        assert_eq!(bucket(11.0, 10.0, 0.0, 5), 0);
        assert_eq!(bucket(1.0, 1.0, 1.0, 3), i64::MIN);
    }
}
