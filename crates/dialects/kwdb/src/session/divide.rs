//! Division of floats that refuses a divisor of zero instead of answering infinity.

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use model::{Error, ErrorKind};
use std::sync::Arc;

/// Its name: nothing that a user can write.
pub(crate) const NAME: &str = "float division";

#[derive(Debug, PartialEq, Eq, Hash)]
struct FloatDivide {
    signature: Signature,
}

/// The function.
pub(crate) fn float_divide() -> ScalarUDF {
    let signature = Signature::exact(vec![DataType::Float64, DataType::Float64], Volatility::Immutable);
    ScalarUDF::new_from_impl(FloatDivide { signature })
}

impl ScalarUDFImpl for FloatDivide {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [left, right] = arrays.as_slice() else {
            return Err(DataFusionError::Internal(format!("{NAME} takes two arguments")));
        };
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
        let array: ArrayRef = Arc::new(Float64Array::from(quotients));
        Ok(ColumnarValue::Array(array))
    }
}
