//! What is cast to a number, and is no date or time: of those this vendor makes digits such as
//! `20240102030405`, which nothing here does.

use arrow::datatypes::DataType;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use model::Error;

/// Its name: nothing that a user can write.
pub(crate) const NAME: &str = "no time";

#[derive(Debug, PartialEq, Eq, Hash)]
struct NoTime {
    signature: Signature,
}

/// The function: a value as it is, refused while planning where it is a date or a time.
pub(super) fn no_time() -> ScalarUDF {
    ScalarUDF::new_from_impl(NoTime { signature: Signature::any(1, Volatility::Immutable) })
}

impl ScalarUDFImpl for NoTime {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [time] if time.is_temporal() => {
                let error = Error::unsupported("a cast of a date or time to a number");
                Err(DataFusionError::External(Box::new(error)))
            }
            [other] => Ok(other.clone()),
            _ => Err(DataFusionError::Plan(format!("{NAME} takes one value"))),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let mut args = args.args.into_iter();
        args.next().ok_or_else(|| DataFusionError::Internal(format!("{NAME} takes one value")))
    }
}
