//! A time as a number: milliseconds since 1970, whatever the unit of its column, so that a cast to
//! an integer and back is the same time.

use super::zoned::nanos_per;
use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable as _, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use std::sync::Arc;

/// Whole milliseconds; what is no time stays as it is. Nothing that a user can write.
pub(crate) const WHOLE: &str = "milliseconds of";
/// Milliseconds with microseconds behind the point.
pub(crate) const FRACTIONAL: &str = "fractional milliseconds of";

#[derive(Debug, PartialEq, Eq, Hash)]
struct Milliseconds {
    name: &'static str,
    signature: Signature,
}

/// The function of that name.
pub(super) fn milliseconds(name: &'static str) -> ScalarUDF {
    ScalarUDF::new_from_impl(Milliseconds { name, signature: Signature::any(1, Volatility::Immutable) })
}

impl ScalarUDFImpl for Milliseconds {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [DataType::Timestamp(..)] if self.name == WHOLE => Ok(DataType::Int64),
            [DataType::Timestamp(..)] => Ok(DataType::Float64),
            [other] => Ok(other.clone()),
            _ => Err(DataFusionError::Internal(format!("{} takes one argument", self.name))),
        }
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        match args.as_slice() {
            [value] if !matches!(value.get_type(info.schema())?, DataType::Timestamp(..)) => {
                Ok(ExprSimplifyResult::Simplified(value.clone()))
            }
            _ => Ok(ExprSimplifyResult::Original(args)),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [values] = arrays.as_slice() else {
            return Err(DataFusionError::Internal(format!("{} takes one argument", self.name)));
        };
        let DataType::Timestamp(unit, _) = values.data_type() else {
            return Ok(ColumnarValue::Array(Arc::clone(values)));
        };
        let per = nanos_per(*unit);
        let counts = cast(values, &DataType::Int64)?;
        let nanos = counts.as_primitive::<Int64Type>().iter().map(|count| count.map(|count| i128::from(count) * per));
        #[expect(clippy::cast_precision_loss, reason = "a float is what was asked for")]
        let array: ArrayRef = if self.name == WHOLE {
            let whole = |nanos: i128| i64::try_from(nanos.div_euclid(1_000_000)).ok();
            Arc::new(nanos.map(|nanos| nanos.and_then(whole)).collect::<Int64Array>())
        } else {
            Arc::new(nanos.map(|n| n.map(|n| n.div_euclid(1_000) as f64 / 1_000.0)).collect::<Float64Array>())
        };
        Ok(ColumnarValue::Array(array))
    }
}
