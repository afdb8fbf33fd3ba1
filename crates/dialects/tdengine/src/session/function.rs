//! One shape for the scalar functions of this dialect: a name, what arguments become, what comes
//! back, and a body over whole arrays.

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ScalarUDF, Signature, Volatility};
use model::Error;
use query::DECLARED_LENGTH;
use query::functions::{RowCall, RowFunction};

/// What a body works with beside its arguments.
pub(super) struct Call<'a> {
    /// The session's zone, as the request named it.
    pub(super) zone: &'a str,
    pub(super) rows: usize,
    pub(super) result: &'a DataType,
}

/// The types that arguments are converted to, or why they cannot be.
pub(super) type Coerce = fn(&str, &[DataType]) -> Result<Vec<DataType>>;
/// The field of the result; constants among the arguments are known.
pub(super) type Returns = fn(&[FieldRef], &[Option<&ScalarValue>]) -> Result<Field>;
/// The values of the result.
pub(super) type Body = fn(&[ArrayRef], &Call<'_>) -> Result<ArrayRef>;

/// A scalar function.
#[derive(Clone)]
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) coerce: Coerce,
    pub(super) returns: Returns,
    pub(super) body: Body,
    pub(super) volatility: Volatility,
}

impl Function {
    /// A function whose result depends on its arguments alone.
    pub(super) fn scalar(name: &'static str, coerce: Coerce, returns: Returns, body: Body) -> ScalarUDF {
        Self { name, coerce, returns, body, volatility: Volatility::Immutable }.udf()
    }

    /// The function for DataFusion.
    pub(super) fn udf(self) -> ScalarUDF {
        let Self { name, coerce, returns, body, volatility } = self;
        let run = move |call: &RowCall<'_>| {
            let zone = call.options.execution.time_zone.as_deref().unwrap_or("UTC");
            body(call.arguments, &Call { zone, rows: call.rows, result: call.returned })
        };
        let signature = Signature::user_defined(volatility);
        RowFunction::declaring(name, signature, move |given| returns(given.fields, given.constants), run)
            .coercing(move |types| coerce(name, types))
            .into()
    }
}

/// An error of this house inside a plan.
pub(super) fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// An argument that is not there.
pub(super) fn argument(args: &[ArrayRef], index: usize) -> Result<&ArrayRef> {
    args.get(index).ok_or_else(|| DataFusionError::Internal(format!("argument {index} is missing")))
}

/// Wrong number of arguments, in the vendor's words.
pub(super) fn wrong_count(name: &str) -> DataFusionError {
    external(crate::error::coded(0x2801, format!("Invalid number of parameters : {name}")))
}

/// An argument of a wrong type, in the vendor's words.
pub(super) fn wrong_type(name: &str) -> DataFusionError {
    external(crate::error::coded(0x2802, format!("Invalid parameter data type : {name}")))
}

/// An argument of a wrong value, in the vendor's words.
pub(super) fn wrong_value(name: &str) -> DataFusionError {
    external(crate::error::coded(0x2803, format!("Invalid parameter value : {name}")))
}

/// Whether a type can be computed with.
pub(super) fn is_number(data_type: &DataType) -> bool {
    data_type.is_numeric() || matches!(data_type, DataType::Boolean | DataType::Null)
}

/// Arguments that must be numbers, as floats; least and most of them.
pub(super) fn floats(name: &str, types: &[DataType], least: usize, most: usize) -> Result<Vec<DataType>> {
    if types.len() < least || types.len() > most {
        return Err(wrong_count(name));
    }
    if types.iter().all(is_number) { Ok(vec![DataType::Float64; types.len()]) } else { Err(wrong_type(name)) }
}

/// Arguments that must be texts.
pub(super) fn texts(name: &str, types: &[DataType], least: usize, most: usize) -> Result<Vec<DataType>> {
    if types.len() < least || types.len() > most {
        return Err(wrong_count(name));
    }
    let is_text = |t: &DataType| t.is_string() || t.is_null();
    if types.iter().all(is_text) { Ok(vec![DataType::Utf8; types.len()]) } else { Err(wrong_type(name)) }
}

/// A result of one type.
pub(super) fn of(data_type: DataType) -> Result<Field> {
    Ok(Field::new("", data_type, true))
}

/// A text with a known greatest length.
pub(super) fn text_of_length(length: u32) -> Result<Field> {
    let metadata = [(DECLARED_LENGTH.to_owned(), length.to_string())].into();
    Ok(Field::new("", DataType::Utf8, true).with_metadata(metadata))
}
