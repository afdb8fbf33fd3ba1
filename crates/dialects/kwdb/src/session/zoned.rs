//! Times of any type as wall-clock readings in the session's zone and back, for the functions of
//! this dialect that look at a clock.

use crate::error::worded;
use crate::literals::time_text::WallTime;
use crate::timezone::{self, Zone};
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, make_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit};
use datafusion::config::ConfigOptions;
use datafusion::error::{DataFusionError, Result};
use query::functions::nanos_per;

/// What one unit of an integer time counts here.
const INTEGER_UNIT: TimeUnit = TimeUnit::Millisecond;

/// The zone in which a session reads and writes times.
pub(super) fn session_zone(options: &ConfigOptions) -> Zone {
    options.execution.time_zone.as_deref().and_then(timezone::of_offset_or_name).unwrap_or_else(Zone::utc)
}

/// An error in this vendor's words.
pub(super) fn refused(text: impl Into<String>) -> DataFusionError {
    DataFusionError::External(Box::new(worded(text)))
}

/// The type of points in time.
pub(super) fn instant_type(unit: TimeUnit) -> DataType {
    DataType::Timestamp(unit, Some("UTC".into()))
}

/// A time in nanoseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) enum Moment {
    Instant(i128),
    Wall(i128),
    /// A text names both; with a zone of its own the wall clock is that of UTC.
    Text {
        wall: i128,
        instant: i128,
    },
}

impl Moment {
    pub(super) fn wall(self, zone: &Zone) -> i128 {
        match self {
            Self::Instant(nanos) => zone.wall_of(nanos),
            Self::Wall(wall) | Self::Text { wall, .. } => wall,
        }
    }

    pub(super) fn instant(self, zone: &Zone) -> i128 {
        match self {
            Self::Instant(instant) | Self::Text { instant, .. } => instant,
            Self::Wall(nanos) => zone.instant_of(nanos),
        }
    }
}

/// Whether [`moments`] can read a type.
pub(super) fn is_time_like(data_type: &DataType) -> bool {
    data_type.is_string()
        || data_type.is_null()
        || data_type.is_integer()
        || matches!(data_type, DataType::Timestamp(..) | DataType::Date32)
}

/// The times in an array: timestamps, dates, integers in milliseconds, texts.
///
/// # Errors
/// A text that is no time, in the vendor's words.
pub(super) fn moments(values: &ArrayRef, zone: &Zone) -> Result<Vec<Option<Moment>>> {
    let counts = |per: i128, moment: fn(i128) -> Moment| -> Result<Vec<Option<Moment>>> {
        let counts = cast(values, &DataType::Int64)?;
        Ok(counts.as_primitive::<Int64Type>().iter().map(|v| v.map(|v| moment(i128::from(v) * per))).collect())
    };
    match values.data_type() {
        DataType::Timestamp(unit, Some(_)) => counts(nanos_per(*unit), Moment::Instant),
        DataType::Timestamp(unit, None) => counts(nanos_per(*unit), Moment::Wall),
        DataType::Date32 => {
            let days = cast(values, &DataType::Int32)?;
            let days = cast(&days, &DataType::Int64)?;
            let days = days.as_primitive::<Int64Type>();
            Ok(days.iter().map(|v| v.map(|v| Moment::Wall(i128::from(v) * 86_400_000_000_000))).collect())
        }
        DataType::Null => Ok(vec![None; values.len()]),
        other if other.is_integer() => counts(nanos_per(INTEGER_UNIT), Moment::Instant),
        other if other.is_string() => {
            let texts = cast(values, &DataType::Utf8)?;
            let read = |text: &str| {
                let time = WallTime::parse(text)
                    .ok_or_else(|| refused(format!("could not parse \"{text}\" as type timestamp: no such time")))?;
                let instant = time.instant_nanos(zone);
                let wall = if time.zone.is_some() { instant } else { time.nanos };
                Ok(Moment::Text { wall, instant })
            };
            texts.as_string::<i32>().iter().map(|text| text.map(read).transpose()).collect()
        }
        other => Err(DataFusionError::Internal(format!("{other} is no time"))),
    }
}

/// Times as an array of a timestamp type, floored to its unit.
///
/// # Errors
/// A time that the type does not reach.
pub(super) fn timestamps(
    nanos: impl Iterator<Item = Option<i128>>,
    unit: TimeUnit,
    data_type: &DataType,
) -> Result<ArrayRef> {
    let per = nanos_per(unit);
    let counts = nanos
        .map(|nanos| {
            let count =
                |nanos: i128| i64::try_from(nanos.div_euclid(per)).map_err(|_| refused("timestamp out of range"));
            nanos.map(count).transpose()
        })
        .collect::<Result<Int64Array>>()?;
    Ok(make_array(counts.into_data().into_builder().data_type(data_type.clone()).build()?))
}
