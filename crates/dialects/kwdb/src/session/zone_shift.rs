//! `timezone(zone, ts)`, which `ts AT TIME ZONE zone` stands for: a point in time becomes what
//! clocks of that zone show, a wall clock of that zone becomes the point in time.

use super::zoned::{Moment, instant_type, moments, refused, session_zone, timestamps};
use crate::timezone::Zone;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

/// Its name.
pub(crate) const NAME: &str = "timezone";

#[derive(Debug, PartialEq, Eq, Hash)]
struct ZoneShift {
    signature: Signature,
}

/// The function.
pub(super) fn timezone() -> ScalarUDF {
    ScalarUDF::new_from_impl(ZoneShift { signature: Signature::any(2, Volatility::Stable) })
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

impl ScalarUDFImpl for ZoneShift {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        let [first, second] = types else {
            return Err(DataFusionError::Internal(format!("{NAME} takes two arguments")));
        };
        Ok(shifted(if zone_is_first(first, second)? { second } else { first }).0)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let session = session_zone(&args.config_options);
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [first, second] = arrays.as_slice() else {
            return Err(DataFusionError::Internal(format!("{NAME} takes two arguments")));
        };
        let (zones, times) =
            if zone_is_first(first.data_type(), second.data_type())? { (first, second) } else { (second, first) };
        Ok(ColumnarValue::Array(shift(zones, times, &session)?))
    }
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
            let zone = Zone::parse(name).map_err(|error| DataFusionError::External(Box::new(error)))?;
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
