//! The shape of this dialect's functions over single rows: arguments are checked in the vendor's
//! words, and nothing is converted before the function sees it.

use crate::error::semantic;
use crate::types::{DIALECT, Type};
use crate::zone::{self, Zone};
use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, Float64Array, Int64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type};
use datafusion::common::{ScalarValue, internal_err};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ScalarUDF, Signature, TypeSignature, Volatility};
use query::functions::{RowArguments, RowCall, RowFunction};
use query::{DECLARED_DIALECT, DECLARED_WORD};
use std::collections::HashMap;

/// What a function is given before it runs.
#[derive(Debug)]
pub(super) struct Given<'a> {
    /// The types of its arguments.
    pub(super) types: Vec<DataType>,
    /// Those of its arguments that are constants.
    pub(super) constants: &'a [Option<&'a ScalarValue>],
}

impl Given<'_> {
    /// What the arguments are to this vendor; `None` for NULL alone.
    pub(super) fn kinds(&self) -> Vec<Option<Type>> {
        self.types.iter().map(Type::of_arrow).collect()
    }

    /// The kind of the only argument.
    pub(super) fn only(&self) -> Option<Type> {
        match self.types.as_slice() {
            [only] => Type::of_arrow(only),
            _ => None,
        }
    }

    /// A constant text.
    pub(super) fn text(&self, index: usize) -> Option<&str> {
        match self.constants.get(index)? {
            Some(ScalarValue::Utf8(Some(text))) => Some(text),
            _ => None,
        }
    }
}

/// A function.
#[derive(Debug)]
pub(super) struct Spec {
    pub(super) name: &'static str,
    /// Checks the arguments: the type of the result, or the vendor's text.
    pub(super) returns: fn(&Given<'_>) -> Result<Returned, String>,
    /// Computes.
    pub(super) run: fn(&Call<'_>) -> Result<ArrayRef>,
}

/// The type of a result.
#[derive(Clone, Debug)]
pub(super) struct Returned {
    data_type: DataType,
    word: Option<Type>,
}

impl Returned {
    /// The type of the plan.
    pub(super) fn data_type(self) -> DataType {
        self.data_type
    }
}

impl From<DataType> for Returned {
    fn from(data_type: DataType) -> Self {
        Self { data_type, word: None }
    }
}

impl From<Type> for Returned {
    fn from(of: Type) -> Self {
        Self { data_type: model::arrow_type(of.stored()), word: Some(of) }
    }
}

/// One call.
pub(super) struct Call<'a> {
    pub(super) args: &'a [ArrayRef],
    pub(super) rows: usize,
    pub(super) returned: &'a DataType,
    zone: Option<&'a str>,
}

impl Call<'_> {
    /// An argument.
    pub(super) fn arg(&self, index: usize) -> Result<&ArrayRef> {
        match self.args.get(index) {
            Some(array) => Ok(array),
            None => internal_err!("a function misses argument {index}"),
        }
    }

    /// An argument as numbers.
    pub(super) fn doubles(&self, index: usize) -> Result<Float64Array> {
        Ok(cast(self.arg(index)?, &DataType::Float64)?.as_primitive::<Float64Type>().clone())
    }

    /// An argument as whole numbers.
    pub(super) fn longs(&self, index: usize) -> Result<Int64Array> {
        Ok(cast(self.arg(index)?, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
    }

    /// An argument as texts.
    pub(super) fn texts(&self, index: usize) -> Result<StringArray> {
        Ok(cast(self.arg(index)?, &DataType::Utf8)?.as_string::<i32>().clone())
    }

    /// An argument as bytes; a text's are its UTF-8.
    pub(super) fn bytes(&self, index: usize) -> Result<BinaryArray> {
        Ok(cast(self.arg(index)?, &DataType::Binary)?.as_binary::<i32>().clone())
    }

    /// An argument of points in time in milliseconds; whole numbers are counts of them.
    pub(super) fn times(&self, index: usize) -> Result<Int64Array> {
        let array = self.arg(index)?;
        match array.data_type() {
            DataType::Timestamp(..) => milliseconds(array),
            _ => self.longs(index),
        }
    }

    /// The zone of the session.
    pub(super) fn zone(&self) -> Result<Zone> {
        match self.zone {
            Some(name) => zone::parse(name).map_err(|_| failed(format!("\"{name}\" is no time zone"))),
            None => Ok(Zone::utc()),
        }
    }

    /// Whole numbers as points in time in the type of the result.
    pub(super) fn instants(&self, millis: &Int64Array) -> Result<ArrayRef> {
        to_times(millis, self.returned)
    }
}

/// Points in time of any unit in milliseconds, finer ones floored.
pub(super) fn milliseconds(array: &ArrayRef) -> Result<Int64Array> {
    let DataType::Timestamp(unit, _) = array.data_type() else { return internal_err!("no points in time") };
    let counts = cast(array, &DataType::Int64)?.as_primitive::<Int64Type>().clone();
    use arrow::datatypes::TimeUnit;
    Ok(match unit {
        TimeUnit::Second => counts.unary(|count| count.saturating_mul(1_000)),
        TimeUnit::Millisecond => counts,
        TimeUnit::Microsecond => counts.unary(|count| count.div_euclid(1_000)),
        TimeUnit::Nanosecond => counts.unary(|count| count.div_euclid(1_000_000)),
    })
}

/// Milliseconds as points in time of a type.
pub(super) fn to_times(millis: &Int64Array, data_type: &DataType) -> Result<ArrayRef> {
    let DataType::Timestamp(unit, _) = data_type else { return Ok(cast(millis, data_type)?) };
    use arrow::datatypes::TimeUnit;
    let factor = match unit {
        TimeUnit::Second => return internal_err!("times in seconds"),
        TimeUnit::Millisecond => 1,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1_000_000,
    };
    let counts: Result<Int64Array> = millis
        .iter()
        .map(|millis| match millis {
            Some(millis) => {
                let beyond = || failed(format!("the time {millis} is out of range"));
                millis.checked_mul(factor).map(Some).ok_or_else(beyond)
            }
            None => Ok(None),
        })
        .collect();
    Ok(cast(&counts?, data_type)?)
}

/// A failure while computing, in the vendor's words.
pub(super) fn failed(text: impl Into<String>) -> DataFusionError {
    DataFusionError::External(Box::new(semantic(text)))
}

/// The function of a description.
pub(super) fn function(spec: &'static Spec) -> ScalarUDF {
    let any = vec![TypeSignature::VariadicAny, TypeSignature::Nullary];
    let returns = |arguments: &RowArguments<'_>| {
        let given = Given { types: arguments.types(), constants: arguments.constants };
        let Returned { data_type, word } = (spec.returns)(&given).map_err(failed)?;
        let mut field = Field::new("", data_type, true);
        if let Some(word) = word {
            field.set_metadata(HashMap::from([
                (DECLARED_DIALECT.to_owned(), DIALECT.to_owned()),
                (DECLARED_WORD.to_owned(), word.word().to_owned()),
            ]));
        }
        Ok(field)
    };
    let run = |call: &RowCall<'_>| {
        let zone = call.options.execution.time_zone.as_deref();
        (spec.run)(&Call { args: call.arguments, rows: call.rows, returned: call.returned, zone })
    };
    RowFunction::declaring(spec.name, Signature::one_of(any, Volatility::Immutable), returns, run).into()
}
