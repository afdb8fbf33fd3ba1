//! The time of day of texts, times and spans, in microseconds, for casts to TIME and `time_to_sec`.

use super::zoned::{is_time_like, moments, refused, session_zone};
use crate::literals::time_text::parse_clock;
use crate::timezone::Zone;
use arrow::array::{ArrayRef, AsArray, Int64Array, Time64NanosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, IntervalMonthDayNanoType, IntervalUnit, TimeUnit};
use datafusion::error::Result;
use datafusion::logical_expr::{ScalarUDF, Signature, Volatility};
use query::functions::{RowArguments, RowCall, RowFunction};
use std::sync::Arc;

/// The cast: nothing that a user can write.
pub(crate) const CLOCK_OF: &str = "clock of";
const TIME_TO_SEC: &str = "time_to_sec";

const DAY: i128 = 86_400_000_000_000;
const SECOND: i128 = 1_000_000_000;
const MICROSECOND: i128 = 1_000;

fn function(name: &'static str) -> ScalarUDF {
    RowFunction::new(name, Signature::any(1, Volatility::Stable), returns, clocks).into()
}

/// The function [`CLOCK_OF`].
pub(super) fn clock_of() -> ScalarUDF {
    function(CLOCK_OF)
}

/// `time_to_sec`
pub(super) fn time_to_sec() -> ScalarUDF {
    function(TIME_TO_SEC)
}

/// Nanoseconds since midnight.
fn nanos(name: &str, values: &ArrayRef, zone: &Zone) -> Result<Vec<Option<i128>>> {
    match values.data_type() {
        text if text.is_string() => {
            let texts = cast(values, &DataType::Utf8)?;
            texts.as_string::<i32>().iter().map(|text| text.map(|text| read(name, text)).transpose()).collect()
        }
        DataType::Time32(_) | DataType::Time64(_) => {
            let counts = cast(&cast(values, &DataType::Time64(TimeUnit::Nanosecond))?, &DataType::Int64)?;
            Ok(counts.as_primitive::<Int64Type>().iter().map(|nanos| nanos.map(i128::from)).collect())
        }
        DataType::Interval(_) => {
            let spans = cast(values, &DataType::Interval(IntervalUnit::MonthDayNano))?;
            let spans = spans.as_primitive::<IntervalMonthDayNanoType>();
            Ok(spans.iter().map(|span| span.map(|span| i128::from(span.nanoseconds))).collect())
        }
        _ => Ok(moments(values, zone)?.into_iter().map(|at| at.map(|at| at.wall(zone))).collect()),
    }
}

fn read(name: &str, text: &str) -> Result<i128> {
    if let Some((nanos, _, rest)) = parse_clock(text.trim())
        && rest.trim().is_empty()
    {
        return Ok(nanos);
    }
    match crate::literals::time_text::WallTime::parse(text) {
        Some(time) => Ok(time.nanos),
        None if name == TIME_TO_SEC => {
            Err(refused(format!("{TIME_TO_SEC}(): parsing as type timestamp: could not parse \"{text}\"")))
        }
        None => Err(refused(format!("could not parse \"{text}\" as type time"))),
    }
}

fn returns(arguments: &RowArguments<'_>) -> Result<DataType> {
    let casts = arguments.name == CLOCK_OF;
    match arguments.types().as_slice() {
        [from] if (is_time_like(from) && !from.is_integer()) || matches!(from, DataType::Time64(_)) => {}
        [DataType::Interval(_)] if casts => {}
        // The cast says what it cannot read.
        [other] if casts => return Ok(other.clone()),
        _ => return Err(refused(format!("unknown signature: {}", arguments.call_text()))),
    }
    Ok(if casts { DataType::Time64(TimeUnit::Nanosecond) } else { DataType::Int64 })
}

fn clocks(call: &RowCall<'_>) -> Result<ArrayRef> {
    let [values] = call.exactly()?;
    let casts = call.name == CLOCK_OF;
    if casts && values.data_type() == call.returned && !matches!(call.returned, DataType::Time64(_)) {
        return Ok(Arc::clone(values));
    }
    let unit = if casts { 1 } else { SECOND };
    let clock = nanos(call.name, values, &session_zone(call.options))?.into_iter().map(|nanos| {
        let nanos = nanos?.rem_euclid(DAY);
        i64::try_from((nanos - nanos % MICROSECOND) / unit).ok()
    });
    Ok(if casts { Arc::new(clock.collect::<Time64NanosecondArray>()) } else { Arc::new(clock.collect::<Int64Array>()) })
}
