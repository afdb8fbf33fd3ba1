//! Casts between points in time and wall clocks, and of texts and integers to either: all in the
//! session's zone.

use super::zoned::{Moment, instant_type, is_time_like, moments, nanos_per, session_zone, timestamps};
use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable as _, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use std::sync::Arc;

/// `wall clock of(x, digits)`: nothing that a user can write. Without digits only points in time
/// are turned, everything else stays as it is.
pub(crate) const WALL_CLOCK_OF: &str = "wall clock of";
/// `instant of(x, digits)`.
pub(crate) const INSTANT_OF: &str = "instant of";

#[derive(Debug, PartialEq, Eq, Hash)]
struct TimeCast {
    to_instant: bool,
    signature: Signature,
}

fn function(to_instant: bool) -> ScalarUDF {
    ScalarUDF::new_from_impl(TimeCast { to_instant, signature: Signature::any(2, Volatility::Stable) })
}

/// The function [`WALL_CLOCK_OF`].
pub(super) fn wall_clock_of() -> ScalarUDF {
    function(false)
}

/// The function [`INSTANT_OF`].
pub(super) fn instant_of() -> ScalarUDF {
    function(true)
}

fn digits_of(value: Option<&ScalarValue>) -> Result<Option<u8>> {
    match value {
        Some(ScalarValue::Int64(digits)) => Ok(digits.and_then(|digits| u8::try_from(digits).ok())),
        Some(ScalarValue::Null) => Ok(None),
        _ => Err(DataFusionError::Internal("the digits of a time cast are a constant".to_owned())),
    }
}

impl TimeCast {
    /// The type of the result, with its unit if it is a time.
    fn target(&self, from: &DataType, digits: Option<u8>) -> (DataType, Option<TimeUnit>) {
        let unit = match (digits, from) {
            (None, DataType::Timestamp(unit, Some(_))) => *unit,
            (Some(digits), from) if is_time_like(from) => match digits {
                0..=3 => TimeUnit::Millisecond,
                4..=6 => TimeUnit::Microsecond,
                _ => TimeUnit::Nanosecond,
            },
            _ => return (from.clone(), None),
        };
        let to = if self.to_instant { instant_type(unit) } else { DataType::Timestamp(unit, None) };
        (to, Some(unit))
    }
}

impl ScalarUDFImpl for TimeCast {
    fn name(&self) -> &str {
        if self.to_instant { INSTANT_OF } else { WALL_CLOCK_OF }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Err(DataFusionError::Internal(format!("the type of {} depends on its digits", self.name())))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let ([value, _], [_, digits]) = (args.arg_fields, args.scalar_arguments) else {
            return Err(DataFusionError::Internal(format!("{} takes two arguments", self.name())));
        };
        let (to, _) = self.target(value.data_type(), digits_of(*digits)?);
        Ok(Arc::new(Field::new(self.name(), to, true)))
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        if let [value, Expr::Literal(digits, _)] = args.as_slice() {
            let from = value.get_type(info.schema())?;
            if self.target(&from, digits_of(Some(digits))?).0 == from {
                return Ok(ExprSimplifyResult::Simplified(value.clone()));
            }
        }
        Ok(ExprSimplifyResult::Original(args))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let zone = session_zone(&args.config_options);
        let to = args.return_field.data_type();
        let values = match args.args.first() {
            Some(ColumnarValue::Array(array)) => Arc::clone(array),
            Some(ColumnarValue::Scalar(value)) => value.to_array_of_size(args.number_rows)?,
            None => return Err(DataFusionError::Internal(format!("{} takes two arguments", self.name()))),
        };
        let DataType::Timestamp(unit, _) = to else { return Ok(ColumnarValue::Array(values)) };
        if values.data_type() == to {
            return Ok(ColumnarValue::Array(values));
        }
        let turn = |moment: Moment| if self.to_instant { moment.instant(&zone) } else { moment.wall(&zone) };
        // Half a unit more and floored is rounded.
        let half = nanos_per(*unit) / 2;
        let nanos = moments(&values, &zone)?;
        let array = timestamps(nanos.into_iter().map(|moment| moment.map(|at| turn(at) + half)), *unit, to)?;
        Ok(ColumnarValue::Array(array))
    }
}
