//! Division of floats that refuses a divisor of zero instead of answering infinity.

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ScalarUDF, Signature, Volatility};
use model::{Error, ErrorKind};
use query::functions::{RowCall, RowFunction};
use std::sync::Arc;

/// Its name: nothing that a user can write.
pub(crate) const NAME: &str = "float division";

/// The function.
pub(crate) fn float_divide() -> ScalarUDF {
    let signature = Signature::exact(vec![DataType::Float64, DataType::Float64], Volatility::Immutable);
    RowFunction::new(NAME, signature, |_| Ok(DataType::Float64), quotients).into()
}

fn quotients(call: &RowCall<'_>) -> Result<ArrayRef> {
    let [left, right] = call.exactly()?;
    let (left, right) = (left.as_primitive::<Float64Type>(), right.as_primitive::<Float64Type>());
    let mut quotients = Vec::with_capacity(left.len());
    for (left, right) in left.iter().zip(right.iter()) {
        quotients.push(match (left, right) {
            (Some(_), Some(0.0)) => {
                let error = Error::new(ErrorKind::DivisionByZero {});
                return Err(DataFusionError::External(Box::new(error)));
            }
            (Some(left), Some(right)) => Some(left / right),
            _ => None,
        });
    }
    Ok(Arc::new(Float64Array::from(quotients)))
}
