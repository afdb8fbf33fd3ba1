//! Points in time as what a clock in the statement's zone shows: what this vendor's functions of dates
//! look at. Anything else stays as it is; a text that is a time becomes one.

use crate::zone::{self, Zone};
use arrow::array::{Array as _, ArrayRef, AsArray, Int64Array, make_array};
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{DataType, Int64Type, TimeUnit};
use datafusion::config::ConfigOptions;
use datafusion::error::Result;
use datafusion::logical_expr::{ScalarUDF, Signature, Volatility};
use query::functions::{RowArguments, RowCall, RowFunction, nanos_per};
use std::sync::Arc;

/// Its name: nothing that a user can write.
pub(crate) const NAME: &str = "wall clock";

/// The function.
pub(super) fn wall_clock() -> ScalarUDF {
    let run = |call: &RowCall<'_>| {
        let [values] = call.exactly()?;
        shown(values, &session_zone(call.options))
    };
    RowFunction::new(NAME, Signature::any(1, Volatility::Stable), returns, run).into()
}

/// The zone of the statement.
pub(super) fn session_zone(options: &ConfigOptions) -> Zone {
    options.execution.time_zone.as_deref().and_then(|name| zone::parse(name).ok()).unwrap_or_else(Zone::utc)
}

/// The type of a text that is read as a time.
const TEXT: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

fn returns(arguments: &RowArguments<'_>) -> Result<DataType> {
    match arguments.types().as_slice() {
        [DataType::Timestamp(unit, Some(_))] => Ok(DataType::Timestamp(*unit, None)),
        [text] if text.is_string() => Ok(TEXT),
        [other] => Ok(other.clone()),
        _ => Err(arguments.unknown()),
    }
}

fn shown(values: &ArrayRef, zone: &Zone) -> Result<ArrayRef> {
    match values.data_type() {
        DataType::Timestamp(unit, Some(_)) => {
            let per = nanos_per(*unit);
            let counts = cast(values, &DataType::Int64)?;
            let counts = counts.as_primitive::<Int64Type>();
            let walls: Int64Array = counts
                .iter()
                .map(|count| count.and_then(|count| i64::try_from(zone.wall_of(i128::from(count) * per) / per).ok()))
                .collect();
            let retyped = walls.into_data().into_builder().data_type(DataType::Timestamp(*unit, None));
            Ok(make_array(retyped.build()?))
        }
        text if text.is_string() => {
            Ok(cast_with_options(values, &TEXT, &CastOptions { safe: true, ..CastOptions::default() })?)
        }
        _ => Ok(Arc::clone(values)),
    }
}
