//! The time of day of texts, times and spans, in microseconds, for casts to TIME and `time_to_sec`.

use super::zoned::{is_time_like, moments, refused, session_zone};
use crate::literals::time_text::parse_clock;
use crate::timezone::Zone;
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, Time64NanosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, IntervalMonthDayNanoType, IntervalUnit, TimeUnit};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use std::sync::Arc;

/// The cast: nothing that a user can write.
pub(crate) const CLOCK_OF: &str = "clock of";
const TIME_TO_SEC: &str = "time_to_sec";

const DAY: i128 = 86_400_000_000_000;
const SECOND: i128 = 1_000_000_000;
const MICROSECOND: i128 = 1_000;

#[derive(Debug, PartialEq, Eq, Hash)]
struct ClockOf {
    name: &'static str,
    signature: Signature,
}

fn function(name: &'static str) -> ScalarUDF {
    ScalarUDF::new_from_impl(ClockOf { name, signature: Signature::any(1, Volatility::Stable) })
}

/// The function [`CLOCK_OF`].
pub(super) fn clock_of() -> ScalarUDF {
    function(CLOCK_OF)
}

/// `time_to_sec`
pub(super) fn time_to_sec() -> ScalarUDF {
    function(TIME_TO_SEC)
}

impl ClockOf {
    /// Nanoseconds since midnight.
    fn nanos(&self, values: &ArrayRef, zone: &Zone) -> Result<Vec<Option<i128>>> {
        match values.data_type() {
            text if text.is_string() => {
                let texts = cast(values, &DataType::Utf8)?;
                texts.as_string::<i32>().iter().map(|text| text.map(|text| self.read(text)).transpose()).collect()
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

    fn read(&self, text: &str) -> Result<i128> {
        if let Some((nanos, _, rest)) = parse_clock(text.trim())
            && rest.trim().is_empty()
        {
            return Ok(nanos);
        }
        match crate::literals::time_text::WallTime::parse(text) {
            Some(time) => Ok(time.nanos),
            None if self.name == TIME_TO_SEC => {
                Err(refused(format!("{TIME_TO_SEC}(): parsing as type timestamp: could not parse \"{text}\"")))
            }
            None => Err(refused(format!("could not parse \"{text}\" as type time"))),
        }
    }
}

impl ScalarUDFImpl for ClockOf {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [from] if (is_time_like(from) && !from.is_integer()) || matches!(from, DataType::Time64(_)) => {}
            [DataType::Interval(_)] if self.name == CLOCK_OF => {}
            // The cast says what it cannot read.
            [other] if self.name == CLOCK_OF => return Ok(other.clone()),
            types => {
                let types: Vec<String> = types.iter().map(ToString::to_string).collect();
                return Err(refused(format!("unknown signature: {}({})", self.name, types.join(", "))));
            }
        }
        Ok(if self.name == CLOCK_OF { DataType::Time64(TimeUnit::Nanosecond) } else { DataType::Int64 })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let zone = session_zone(&args.config_options);
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [values] = arrays.as_slice() else {
            return Err(DataFusionError::Internal(format!("{} takes one argument", self.name)));
        };
        let to = args.return_field.data_type();
        if values.data_type() == to && self.name == CLOCK_OF && !matches!(to, DataType::Time64(_)) {
            return Ok(ColumnarValue::Array(Arc::clone(values)));
        }
        let unit = if self.name == CLOCK_OF { 1 } else { SECOND };
        let clock = self.nanos(values, &zone)?.into_iter().map(|nanos| {
            let nanos = nanos?.rem_euclid(DAY);
            i64::try_from((nanos - nanos % MICROSECOND) / unit).ok()
        });
        let array: ArrayRef = if self.name == CLOCK_OF {
            Arc::new(clock.collect::<Time64NanosecondArray>())
        } else {
            Arc::new(clock.collect::<Int64Array>())
        };
        Ok(ColumnarValue::Array(array))
    }
}
