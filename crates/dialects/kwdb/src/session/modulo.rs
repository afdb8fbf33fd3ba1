//! The rest of a division, refused by name where the divisor is zero.

use super::zoned::refused;
use arrow::array::{Array, ArrayRef, Scalar};
use arrow::compute::kernels::cmp::eq;
use arrow::compute::kernels::numeric::rem;
use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::binary::BinaryTypeCoercer;
use datafusion::logical_expr::{Operator, ScalarUDF, Signature, Volatility};
use query::functions::{RowArguments, RowCall, RowFunction};

/// Its name: nothing that a user can write.
const NAME: &str = "modulo";

/// The function over two numbers of one kind.
pub(super) fn modulo() -> ScalarUDF {
    RowFunction::new(NAME, Signature::any(2, Volatility::Immutable), common_type, rest).into()
}

/// Whether a row that has both sides divides by zero.
fn divides_by_zero(left: &ArrayRef, right: &ArrayRef) -> Result<bool> {
    let zero = ScalarValue::new_zero(right.data_type())?.to_array()?;
    let zeros = eq(right, &Scalar::new(zero))?;
    Ok((0..zeros.len()).any(|row| zeros.is_valid(row) && zeros.value(row) && left.is_valid(row)))
}

fn common_type(arguments: &RowArguments<'_>) -> Result<DataType> {
    match arguments.types().as_slice() {
        [left, right] => BinaryTypeCoercer::new(left, &Operator::Modulo, right).get_result_type(),
        _ => Err(arguments.unknown()),
    }
}

fn rest(call: &RowCall<'_>) -> Result<ArrayRef> {
    let [left, right] = call.exactly()?;
    if divides_by_zero(left, right)? {
        return Err(refused("zero modulus"));
    }
    Ok(rem(left, right)?)
}
