//! A time in another unit, floored or raised to it, and between point in time and wall clock.
//!
//! Stands in plans that compare two times of different types; it cannot overflow when it goes to
//! a coarser unit, as those comparisons do.

use super::times::{TimeType, times_of};
use crate::time_text;
use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{ScalarValue, exec_datafusion_err, internal_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use std::sync::Arc;

/// Where a time between two units goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Rounding {
    Floor,
    Ceiling,
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct ConvertTime {
    pub(crate) target: DataType,
    pub(crate) rounding: Rounding,
    /// The zone of wall clocks.
    pub(crate) zone: String,
    signature: Signature,
}

/// The function that makes times of any type into times of `target`.
pub(crate) fn convert_time(target: DataType, rounding: Rounding, zone: String) -> Arc<ScalarUDF> {
    let signature = Signature::any(1, Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(ConvertTime { target, rounding, zone, signature }))
}

impl ScalarUDFImpl for ConvertTime {
    fn name(&self) -> &str {
        match self.rounding {
            Rounding::Floor => "time_floor",
            Rounding::Ceiling => "time_ceiling",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(self.target.clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let nullable = args.arg_fields.iter().any(|f| f.is_nullable());
        Ok(Arc::new(Field::new(self.name(), self.target.clone(), nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.as_slice() {
            [ColumnarValue::Array(array)] => Ok(ColumnarValue::Array(self.convert(array)?)),
            [ColumnarValue::Scalar(scalar)] => {
                let one = self.convert(&scalar.to_array()?)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&one, 0)?))
            }
            _ => internal_err!("{} takes one argument", self.name()),
        }
    }
}

impl ConvertTime {
    fn convert(&self, array: &ArrayRef) -> Result<ArrayRef> {
        let (Some(from), Some(to)) = (TimeType::of(array.data_type()), TimeType::of(&self.target)) else {
            return internal_err!("{} takes times, not {}", self.name(), array.data_type());
        };
        let zone = time_text::zone(&self.zone).map_err(crate::error::external)?;
        let values = times_of(array)?;
        let converted = (0..values.len()).map(|row| {
            if array.is_null(row) {
                return Ok(None);
            }
            let nanos = i128::from(values[row]) * from.nanos;
            let nanos = match (from.zoned, to.zoned) {
                (false, true) => time_text::local_to_instant(nanos, &zone),
                (true, false) => time_text::instant_to_local(nanos, &zone),
                _ => Some(nanos),
            };
            let units = nanos.map(|n| match self.rounding {
                Rounding::Floor => n.div_euclid(to.nanos),
                Rounding::Ceiling => -(-n).div_euclid(to.nanos),
            });
            let unit = units.and_then(|u| i64::try_from(u).ok());
            unit.map(Some).ok_or_else(|| exec_datafusion_err!("time overflow: {} {}", values[row], array.data_type()))
        });
        to.array(converted.collect::<Result<Vec<_>>>()?, &self.target)
    }
}

#[cfg(test)]
mod tests;
