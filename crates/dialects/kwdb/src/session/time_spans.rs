//! A point in time and a span: months and days are counted on the clock of the session's zone, so
//! that a day later is the same time of day; hours and less are counted as they pass.

use super::zoned::{instant_type, moments, refused, session_zone, timestamps};
use crate::timezone::Zone;
use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, IntervalMonthDayNano, IntervalMonthDayNanoType};
use datafusion::common::internal_err;
use datafusion::error::Result;
use datafusion::logical_expr::{ScalarUDF, Signature, Volatility};
use dialect::calendar::Day;
use query::functions::{RowArguments, RowCall, RowFunction};

const DAY: i128 = 86_400_000_000_000;

/// The name is nothing that a user can write.
fn function(name: &'static str, forward: bool) -> ScalarUDF {
    let returns = |arguments: &RowArguments<'_>| match arguments.types().as_slice() {
        [DataType::Timestamp(unit, _), _] => Ok(instant_type(*unit)),
        _ => Err(arguments.unknown()),
    };
    let run = move |call: &RowCall<'_>| moved_times(call, forward);
    RowFunction::new(name, Signature::any(2, Volatility::Stable), returns, run).into()
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

fn moved_times(call: &RowCall<'_>, forward: bool) -> Result<ArrayRef> {
    let zone = session_zone(call.options);
    let ([times, spans], DataType::Timestamp(unit, _)) = (call.exactly()?, call.returned) else {
        return internal_err!("{} takes a time and a span", call.name);
    };
    let spans = spans.as_primitive::<IntervalMonthDayNanoType>();
    let mut nanos = Vec::with_capacity(times.len());
    for (moment, span) in moments(times, &zone)?.into_iter().zip(spans.iter()) {
        nanos.push(match (moment, span) {
            (Some(moment), Some(span)) => Some(
                moved(moment.instant(&zone), span, forward, &zone).ok_or_else(|| refused("timestamp out of range"))?,
            ),
            _ => None,
        });
    }
    timestamps(nanos.into_iter(), *unit, call.returned)
}

#[cfg(test)]
mod tests {
    use super::{DAY, moved, on_calendar};
    use crate::literals::time_text::WallTime;
    use crate::timezone;
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
        let berlin = timezone::parse("Europe/Berlin").unwrap();
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
