//! Casts between points in time and wall clocks, and of texts and integers to either: all in the
//! session's zone.

use super::zoned::{Moment, instant_type, is_time_like, moments, session_zone, timestamps};
use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{Expr, ExprSchemable as _, ScalarUDF, Signature, Volatility};
use query::functions::{RowArguments, RowCall, RowFunction, nanos_per};
use std::sync::Arc;

/// `wall clock of(x, digits)`: nothing that a user can write. Without digits only points in time
/// are turned, everything else stays as it is.
pub(crate) const WALL_CLOCK_OF: &str = "wall clock of";
/// `instant of(x, digits)`.
pub(crate) const INSTANT_OF: &str = "instant of";

fn function(to_instant: bool) -> ScalarUDF {
    let name = if to_instant { INSTANT_OF } else { WALL_CLOCK_OF };
    let returns = move |arguments: &RowArguments<'_>| match (arguments.fields, arguments.constants) {
        ([value, _], [_, digits]) => Ok(target(to_instant, value.data_type(), digits_of(*digits)?)),
        _ => Err(arguments.unknown()),
    };
    RowFunction::new(name, Signature::any(2, Volatility::Stable), returns, move |call| turned(call, to_instant))
        .simplified(move |args, info| unless_turned(args, info, to_instant))
        .into()
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

/// The type of the result.
fn target(to_instant: bool, from: &DataType, digits: Option<u8>) -> DataType {
    let unit = match (digits, from) {
        (None, DataType::Timestamp(unit, Some(_))) => *unit,
        (Some(digits), from) if is_time_like(from) => match digits {
            0..=3 => TimeUnit::Millisecond,
            4..=6 => TimeUnit::Microsecond,
            _ => TimeUnit::Nanosecond,
        },
        _ => return from.clone(),
    };
    if to_instant { instant_type(unit) } else { DataType::Timestamp(unit, None) }
}

fn unless_turned(args: Vec<Expr>, info: &SimplifyContext, to_instant: bool) -> Result<ExprSimplifyResult> {
    if let [value, Expr::Literal(digits, _)] = args.as_slice() {
        let from = value.get_type(info.schema())?;
        if target(to_instant, &from, digits_of(Some(digits))?) == from {
            return Ok(ExprSimplifyResult::Simplified(value.clone()));
        }
    }
    Ok(ExprSimplifyResult::Original(args))
}

fn turned(call: &RowCall<'_>, to_instant: bool) -> Result<ArrayRef> {
    let [values, _] = call.exactly()?;
    let DataType::Timestamp(unit, _) = call.returned else { return Ok(Arc::clone(values)) };
    if values.data_type() == call.returned {
        return Ok(Arc::clone(values));
    }
    let zone = session_zone(call.options);
    let turn = |moment: Moment| if to_instant { moment.instant(&zone) } else { moment.wall(&zone) };
    // Half a unit more and floored is rounded.
    let half = nanos_per(*unit) / 2;
    let nanos = moments(values, &zone)?.into_iter().map(|moment| moment.map(|at| turn(at) + half));
    timestamps(nanos, *unit, call.returned)
}
