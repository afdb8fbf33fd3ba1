//! `timezone(zone, ts)`, which `ts AT TIME ZONE zone` stands for: a point in time becomes what
//! clocks of that zone show, a wall clock of that zone becomes the point in time.

use super::zoned::{Moment, instant_type, moments, refused, session_zone, timestamps};
use crate::timezone::{self, Zone};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ScalarUDF, Signature, Volatility};
use query::functions::{RowArguments, RowCall, RowFunction};

/// Its name.
pub(crate) const NAME: &str = "timezone";

/// The function.
pub(super) fn timezone() -> ScalarUDF {
    RowFunction::new(NAME, Signature::any(2, Volatility::Stable), returns, run).into()
}

/// Which argument is the zone; the time may stand before it.
fn zone_is_first(first: &DataType, second: &DataType) -> Result<bool> {
    let is_time = |data_type: &DataType| matches!(data_type, DataType::Timestamp(..) | DataType::Date32);
    match (first, second) {
        (zone, time) if zone.is_string() && (is_time(time) || time.is_string() || time.is_null()) => Ok(true),
        (time, zone) if zone.is_string() && is_time(time) => Ok(false),
        _ => Err(refused(format!("unknown signature: timezone({first}, {second})"))),
    }
}

/// The type of the result: a text and a date count as points in time.
fn shifted(time: &DataType) -> (DataType, TimeUnit) {
    match time {
        DataType::Timestamp(unit, None) => (instant_type(*unit), *unit),
        DataType::Timestamp(unit, Some(_)) => (DataType::Timestamp(*unit, None), *unit),
        DataType::Date32 => (DataType::Timestamp(TimeUnit::Microsecond, None), TimeUnit::Microsecond),
        _ => (DataType::Timestamp(TimeUnit::Nanosecond, None), TimeUnit::Nanosecond),
    }
}

fn returns(arguments: &RowArguments<'_>) -> Result<DataType> {
    match arguments.types().as_slice() {
        [first, second] => Ok(shifted(if zone_is_first(first, second)? { second } else { first }).0),
        _ => Err(arguments.unknown()),
    }
}

fn run(call: &RowCall<'_>) -> Result<ArrayRef> {
    let [first, second] = call.exactly()?;
    let (zones, times) =
        if zone_is_first(first.data_type(), second.data_type())? { (first, second) } else { (second, first) };
    shift(zones, times, &session_zone(call.options))
}

fn shift(zones: &ArrayRef, times: &ArrayRef, session: &Zone) -> Result<ArrayRef> {
    let (to, unit) = shifted(times.data_type());
    let is_wall = matches!(times.data_type(), DataType::Timestamp(_, None));
    let zones = cast(zones, &DataType::Utf8)?;
    let zones = zones.as_string::<i32>();
    let mut current: Option<(String, Zone)> = None;
    let mut nanos = Vec::with_capacity(times.len());
    for (row, moment) in moments(times, session)?.into_iter().enumerate() {
        let Some(moment) = moment.filter(|_| !zones.is_null(row)) else {
            nanos.push(None);
            continue;
        };
        let name = zones.value(row);
        if current.as_ref().is_none_or(|(known, _)| known != name) {
            let zone = timezone::parse(name).map_err(|error| DataFusionError::External(Box::new(error)))?;
            current = Some((name.to_owned(), zone));
        }
        let zone = current.as_ref().map_or(session, |(_, zone)| zone);
        nanos.push(Some(match moment {
            Moment::Wall(wall) if is_wall => zone.instant_of(wall),
            other => zone.wall_of(other.instant(session)),
        }));
    }
    timestamps(nanos.into_iter(), unit, &to)
}
