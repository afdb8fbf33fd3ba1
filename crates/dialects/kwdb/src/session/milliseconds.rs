//! A time as a number: milliseconds since 1970, whatever the unit of its column, so that a cast to
//! an integer and back is the same time; seconds since 1970 as a DECIMAL. A date is days, a span is
//! seconds.

use arrow::array::{ArrayRef, AsArray, Decimal128Array, Float64Array, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit};
use datafusion::error::Result;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{Expr, ExprSchemable as _, ScalarUDF, Signature, Volatility};
use query::functions::{RowArguments, RowCall, RowFunction, nanos_per};
use std::sync::Arc;

/// Whole milliseconds; what is no time stays as it is. Nothing that a user can write.
pub(crate) const WHOLE: &str = "milliseconds of";
/// Milliseconds with microseconds behind the point.
pub(crate) const FRACTIONAL: &str = "fractional milliseconds of";
/// Seconds with microseconds behind the point.
pub(crate) const SECONDS: &str = "seconds of";

/// Digits of seconds as a DECIMAL.
const SECONDS_TYPE: DataType = DataType::Decimal128(29, 9);

/// The function of that name.
pub(super) fn milliseconds(name: &'static str) -> ScalarUDF {
    RowFunction::new(name, Signature::any(1, Volatility::Immutable), returns, counted).simplified(unless_counted).into()
}

/// Whether values of a type are counted; everything else stays as it is.
fn is_counted(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(..) | DataType::Date32 | DataType::Interval(_))
}

/// A span in nanoseconds: a month of 30 days, a year of 365.25.
fn span_nanos(span: IntervalMonthDayNano) -> i128 {
    let (years, months) = (span.months / 12, span.months % 12);
    let seconds = i128::from(years) * 31_557_600 + i128::from(months) * 2_592_000 + i128::from(span.days) * 86_400;
    seconds * 1_000_000_000 + i128::from(span.nanoseconds)
}

fn returns(arguments: &RowArguments<'_>) -> Result<DataType> {
    match arguments.types().as_slice() {
        [DataType::Date32] if arguments.name == WHOLE => Ok(DataType::Int32),
        [from] if is_counted(from) => Ok(match arguments.name {
            WHOLE => DataType::Int64,
            FRACTIONAL => DataType::Float64,
            _ => SECONDS_TYPE,
        }),
        [other] => Ok(other.clone()),
        _ => Err(arguments.unknown()),
    }
}

fn unless_counted(args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
    match args.as_slice() {
        [value] if !is_counted(&value.get_type(info.schema())?) => Ok(ExprSimplifyResult::Simplified(value.clone())),
        _ => Ok(ExprSimplifyResult::Original(args)),
    }
}

fn counted(call: &RowCall<'_>) -> Result<ArrayRef> {
    let [values] = call.exactly()?;
    let counts = || -> Result<Vec<Option<i128>>> {
        let counts = cast(values, &DataType::Int64)?;
        Ok(counts.as_primitive::<Int64Type>().iter().map(|count| count.map(i128::from)).collect())
    };
    // Nanoseconds of a time or a span, and what one is counted in.
    let (nanos, unit): (Vec<Option<i128>>, i128) = match values.data_type() {
        DataType::Timestamp(unit, _) => {
            let per = nanos_per(*unit);
            let whole = |n: i128| (n * per).div_euclid(1_000) * 1_000;
            let unit = if call.name == SECONDS { 1_000_000_000 } else { 1_000_000 };
            (counts()?.into_iter().map(|n| n.map(whole)).collect(), unit)
        }
        DataType::Date32 => {
            let days = cast(values, &DataType::Int32)?;
            let days = cast(&days, &DataType::Int64)?;
            let days = days.as_primitive::<Int64Type>().iter();
            (days.map(|n| n.map(|n| i128::from(n) * 1_000_000_000)).collect(), 1_000_000_000)
        }
        DataType::Interval(_) => {
            let spans = cast(values, &DataType::Interval(IntervalUnit::MonthDayNano))?;
            let spans = spans.as_primitive::<IntervalMonthDayNanoType>().iter();
            (spans.map(|span| span.map(span_nanos)).collect(), 1_000_000_000)
        }
        _ => return Ok(Arc::clone(values)),
    };
    #[expect(clippy::cast_precision_loss, reason = "a float is what was asked for")]
    let float = |n: i128| (n / unit) as f64 + (n % unit) as f64 / unit as f64;
    Ok(match call.returned {
        DataType::Int32 => cast(values, &DataType::Int32)?,
        DataType::Int64 => {
            let whole = |n: i128| i64::try_from(n.div_euclid(unit)).ok();
            Arc::new(nanos.into_iter().map(|n| n.and_then(whole)).collect::<Int64Array>())
        }
        DataType::Float64 => Arc::new(nanos.into_iter().map(|n| n.map(float)).collect::<Float64Array>()),
        to => Arc::new(nanos.into_iter().collect::<Decimal128Array>().with_data_type(to.clone())),
    })
}
