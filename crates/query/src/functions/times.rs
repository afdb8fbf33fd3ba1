//! Timestamp columns as plain integers, whatever their unit.

use arrow::array::AsArray;
use arrow::array::{Array, ArrayRef, Int64Array};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{DataType, Int64Type, TimeUnit};
use datafusion::common::internal_err;
use datafusion::error::Result;
use std::sync::Arc;

/// Nanoseconds of a unit.
#[must_use]
pub const fn nanos_per(unit: TimeUnit) -> i128 {
    match unit {
        TimeUnit::Second => 1_000_000_000,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1,
    }
}

/// What an Arrow timestamp type means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeType {
    /// Nanoseconds of its unit.
    pub(crate) nanos: i128,
    /// Whether it is a point in time rather than a wall-clock reading.
    pub(crate) zoned: bool,
}

impl TimeType {
    pub(crate) fn of(data_type: &DataType) -> Option<Self> {
        let DataType::Timestamp(unit, zone) = data_type else { return None };
        Some(Self { nanos: nanos_per(*unit), zoned: zone.is_some() })
    }

    /// Times as an array of `data_type`, which must be the Arrow type of this.
    pub(crate) fn array(self, times: Vec<Option<i64>>, data_type: &DataType) -> Result<ArrayRef> {
        let plain = Int64Array::from(times);
        let data = plain.into_data().into_builder().data_type(data_type.clone()).build()?;
        Ok(arrow::array::make_array(data))
    }
}

/// The counts in a timestamp array.
pub(crate) fn times_of(array: &ArrayRef) -> Result<ScalarBuffer<i64>> {
    if TimeType::of(array.data_type()).is_none() {
        return internal_err!("{} is no time", array.data_type());
    }
    let data = array.to_data().into_builder().data_type(DataType::Int64).build()?;
    let plain: ArrayRef = Arc::new(Int64Array::from(data));
    Ok(plain.as_primitive::<Int64Type>().values().clone())
}
