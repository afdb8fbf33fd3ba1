//! What is cast to a number, and is no date or time: of those this vendor makes digits such as
//! `20240102030405`, which nothing here does.

use arrow::datatypes::DataType;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ScalarUDF, Signature, Volatility};
use model::Error;
use query::functions::{RowArguments, RowCall, RowFunction};
use std::sync::Arc;

/// Its name: nothing that a user can write.
pub(crate) const NAME: &str = "no time";

/// The function: a value as it is, refused while planning where it is a date or a time.
pub(super) fn no_time() -> ScalarUDF {
    let same = |call: &RowCall<'_>| call.exactly().map(|[value]| Arc::clone(value));
    RowFunction::new(NAME, Signature::any(1, Volatility::Immutable), checked, same).into()
}

fn checked(arguments: &RowArguments<'_>) -> Result<DataType> {
    match arguments.types().as_slice() {
        [time] if time.is_temporal() => {
            let error = Error::unsupported("a cast of a date or time to a number");
            Err(DataFusionError::External(Box::new(error)))
        }
        [other] => Ok(other.clone()),
        _ => Err(arguments.unknown()),
    }
}
