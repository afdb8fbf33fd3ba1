//! The rest of a division, refused by name where the divisor is zero.

use super::zoned::refused;
use arrow::array::{Array, ArrayRef, Scalar};
use arrow::compute::kernels::cmp::eq;
use arrow::compute::kernels::numeric::rem;
use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::binary::BinaryTypeCoercer;
use datafusion::logical_expr::{
    ColumnarValue, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// Its name: nothing that a user can write.
const NAME: &str = "modulo";

#[derive(Debug, PartialEq, Eq, Hash)]
struct Modulo {
    signature: Signature,
}

/// The function over two numbers of one kind.
pub(super) fn modulo() -> ScalarUDF {
    ScalarUDF::new_from_impl(Modulo { signature: Signature::any(2, Volatility::Immutable) })
}

/// Whether a row that has both sides divides by zero.
fn divides_by_zero(left: &ArrayRef, right: &ArrayRef) -> Result<bool> {
    let zero = ScalarValue::new_zero(right.data_type())?.to_array()?;
    let zeros = eq(right, &Scalar::new(zero))?;
    Ok((0..zeros.len()).any(|row| zeros.is_valid(row) && zeros.value(row) && left.is_valid(row)))
}

impl ScalarUDFImpl for Modulo {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [left, right] => BinaryTypeCoercer::new(left, &Operator::Modulo, right).get_result_type(),
            _ => Err(DataFusionError::Internal(format!("{NAME} takes two arguments"))),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [left, right] = arrays.as_slice() else {
            return Err(DataFusionError::Internal(format!("{NAME} takes two arguments")));
        };
        if divides_by_zero(left, right)? {
            return Err(refused("zero modulus"));
        }
        Ok(ColumnarValue::Array(rem(left, right)?))
    }
}
