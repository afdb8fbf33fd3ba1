//! A point in time and a span: months and days are counted on the clock of the session's zone, so
//! that a day later is the same time of day; hours and less are counted as they pass.

use super::zoned::{instant_type, moments, refused, session_zone, timestamps};
use crate::calendar::Day;
use crate::timezone::Zone;
use arrow::array::AsArray;
use arrow::datatypes::{DataType, IntervalMonthDayNano, IntervalMonthDayNanoType};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

const DAY: i128 = 86_400_000_000_000;

#[derive(Debug, PartialEq, Eq, Hash)]
struct Moved {
    /// Nothing that a user can write.
    name: &'static str,
    forward: bool,
    signature: Signature,
}

fn function(name: &'static str, forward: bool) -> ScalarUDF {
    ScalarUDF::new_from_impl(Moved { name, forward, signature: Signature::any(2, Volatility::Stable) })
}

/// `later(ts, span)`
pub(super) fn later() -> ScalarUDF {
    function("time plus span", true)
}

/// `earlier(ts, span)`
pub(super) fn earlier() -> ScalarUDF {
    function("time minus span", false)
}

/// A wall-clock reading some months and days later; a day that a month lacks is its last one.
fn on_calendar(wall: i128, months: i64, days: i64) -> Option<i128> {
    let date = Day::of(i64::try_from(wall.div_euclid(DAY)).ok()?);
    let month = date.year.checked_mul(12)?.checked_add(date.month - 1)?.checked_add(months)?;
    let mut date = Day { year: month.div_euclid(12), month: month.rem_euclid(12) + 1, day: date.day };
    while !date.exists() {
        date.day -= 1;
    }
    Some(i128::from(date.days().checked_add(days)?) * DAY + wall.rem_euclid(DAY))
}

fn moved(instant: i128, span: IntervalMonthDayNano, forward: bool, zone: &Zone) -> Option<i128> {
    let sign = if forward { 1 } else { -1 };
    let nanos = i128::from(span.nanoseconds) * i128::from(sign);
    if span.months == 0 && span.days == 0 {
        return Some(instant + nanos);
    }
    let wall = on_calendar(zone.wall_of(instant), sign * i64::from(span.months), sign * i64::from(span.days))?;
    Some(zone.instant_of(wall) + nanos)
}

impl ScalarUDFImpl for Moved {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [DataType::Timestamp(unit, _), _] => Ok(instant_type(*unit)),
            _ => Err(DataFusionError::Internal(format!("{} takes a time and a span", self.name))),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let zone = session_zone(&args.config_options);
        let to = args.return_field.data_type();
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let ([times, spans], DataType::Timestamp(unit, _)) = (arrays.as_slice(), to) else {
            return Err(DataFusionError::Internal(format!("{} takes a time and a span", self.name)));
        };
        let spans = spans.as_primitive::<IntervalMonthDayNanoType>();
        let mut nanos = Vec::with_capacity(times.len());
        for (moment, span) in moments(times, &zone)?.into_iter().zip(spans.iter()) {
            nanos.push(match (moment, span) {
                (Some(moment), Some(span)) => Some(
                    moved(moment.instant(&zone), span, self.forward, &zone)
                        .ok_or_else(|| refused("timestamp out of range"))?,
                ),
                _ => None,
            });
        }
        Ok(ColumnarValue::Array(timestamps(nanos.into_iter(), *unit, to)?))
    }
}

#[cfg(test)]
mod tests {
    use super::{DAY, moved, on_calendar};
    use crate::literals::time_text::WallTime;
    use crate::timezone::Zone;
    use arrow::datatypes::IntervalMonthDayNano;

    fn nanos(text: &str) -> i128 {
        WallTime::parse(text).unwrap().nanos
    }

    #[test]
    fn months_end_where_they_end() {
        for (from, months, days, to) in [
            ("2024-01-31", 1, 0, "2024-02-29"),
            ("2024-03-31", -1, 0, "2024-02-29"),
            ("2023-12-31", 2, 1, "2024-03-01"),
            ("2024-02-29", 12, 0, "2025-02-28"),
        ] {
            assert_eq!(on_calendar(nanos(from) + 5, months, days), Some(nanos(to) + 5), "{from}");
        }
    }

    #[test]
    fn days_keep_the_time_of_day_and_hours_pass() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        // The night of 2024-03-31 has no hour from 2 to 3.
        let noon = berlin.instant_of(nanos("2024-03-30 12:00:00"));
        let next = berlin.instant_of(nanos("2024-03-31 12:00:00"));
        let day = IntervalMonthDayNano::new(0, 1, 0);
        assert_eq!(moved(noon, day, true, &berlin), Some(next));
        assert_eq!(next - noon, DAY - DAY / 24);
        assert_eq!(moved(next, day, false, &berlin), Some(noon));
        let hours = IntervalMonthDayNano::new(0, 0, i64::try_from(DAY).unwrap());
        assert_eq!(moved(noon, hours, true, &berlin), Some(next + DAY / 24));
    }
}
