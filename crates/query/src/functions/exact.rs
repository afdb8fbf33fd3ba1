//! `sum` and `avg` that neither wrap nor round behind the user's back.
//!
//! Integers and decimals are added as 128-bit decimals, checked; floats as 64-bit floats.

mod distinct;
mod totals;

use arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef, Float64Type, i256};
use datafusion::common::{internal_err, plan_err};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, Signature, Volatility};
use distinct::Distinct;
use model::ErrorKind;
use std::sync::Arc;
use totals::{GroupTotals, Total};

/// Digits of the widest decimal.
const DIGITS: u8 = 38;

/// `sum`: decimal for integers and decimals, 64-bit float for floats.
#[must_use]
pub fn sum_exact(name: &str) -> AggregateUDF {
    function(name, Kind::Sum)
}

/// `avg`: decimal with at least `scale` digits after the point for integers and decimals, rounded
/// half away from zero; 64-bit float for floats.
#[must_use]
pub fn avg_exact(name: &str, scale: u8) -> AggregateUDF {
    function(name, Kind::Average { scale: scale.min(DIGITS) })
}

/// Whether it is [`sum_exact`], under whatever name.
pub(crate) fn is_exact_sum(function: &AggregateUDF) -> bool {
    function.inner().downcast_ref::<Exact>().is_some_and(|exact| exact.kind == Kind::Sum)
}

fn function(name: &str, kind: Kind) -> AggregateUDF {
    let signature = Signature::user_defined(Volatility::Immutable);
    AggregateUDF::new_from_impl(Exact { name: name.to_owned(), kind, signature })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Sum,
    Average { scale: u8 },
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Exact {
    name: String,
    kind: Kind,
    signature: Signature,
}

/// How one call adds and answers.
#[derive(Clone, Debug)]
pub(super) struct Calculation {
    name: String,
    kind: Kind,
    /// The type that values are added in.
    addend: DataType,
    answer: DataType,
}

impl Calculation {
    fn overflow(&self) -> DataFusionError {
        crate::error::external(ErrorKind::NumericOverflow { what: format!("the result of {}", self.name) }.into())
    }

    fn decimal(&self, sum: i128, count: i64) -> Result<i128> {
        let value = match self.kind {
            Kind::Sum => sum,
            Kind::Average { .. } => {
                let up = i32::from(scale_of(&self.answer)) - i32::from(scale_of(&self.addend));
                average(sum, count, u32::try_from(up).unwrap_or(0)).ok_or_else(|| self.overflow())?
            }
        };
        // Both signs: the least i128 has no absolute value.
        if value.unsigned_abs() < 10u128.pow(u32::from(DIGITS)) { Ok(value) } else { Err(self.overflow()) }
    }

    #[expect(clippy::cast_precision_loss, reason = "an average of more than 2^53 floats is no more exact than that")]
    fn float(&self, sum: f64, count: i64) -> f64 {
        match self.kind {
            Kind::Sum => sum,
            Kind::Average { .. } => sum / count as f64,
        }
    }
}

/// A sum divided by a count, `up` more digits kept, half rounded away from zero.
fn average(sum: i128, count: i64, up: u32) -> Option<i128> {
    let count = i256::from_i128(count.into());
    let scaled = i256::from_i128(sum).checked_mul(i256::from_i128(10i128.checked_pow(up)?))?;
    let quotient = scaled.checked_div(count)?;
    let rest = scaled.checked_rem(count)?.checked_abs()?;
    let half_up = rest.checked_mul(i256::from_i128(2))? >= count;
    let step = i256::from_i128(if !half_up {
        0
    } else if sum < 0 {
        -1
    } else {
        1
    });
    quotient.checked_add(step)?.to_i128()
}

fn scale_of(data_type: &DataType) -> i8 {
    match data_type {
        DataType::Decimal128(_, scale) => *scale,
        _ => 0,
    }
}

impl Exact {
    fn calculation(&self, args: &AccumulatorArgs) -> Result<Calculation> {
        let Some(input) = args.expr_fields.first() else { return internal_err!("{} takes one value", self.name) };
        let addend = self.addend(input.data_type())?;
        Ok(Calculation { name: self.name.clone(), kind: self.kind, answer: args.return_type().clone(), addend })
    }

    fn addend(&self, input: &DataType) -> Result<DataType> {
        match input {
            integer if integer.is_integer() => Ok(DataType::Decimal128(DIGITS, 0)),
            DataType::Decimal128(_, scale) => Ok(DataType::Decimal128(DIGITS, *scale)),
            DataType::Float64 => Ok(DataType::Float64),
            other => plan_err!("{} takes numbers, not {other}", self.name),
        }
    }
}

impl AggregateUDFImpl for Exact {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        let [input] = arg_types else { return plan_err!("{} takes one value", self.name) };
        Ok(vec![match input {
            integer if integer.is_integer() => integer.clone(),
            DataType::Decimal32(p, s) | DataType::Decimal64(p, s) | DataType::Decimal128(p, s) => {
                DataType::Decimal128(*p, *s)
            }
            float if float.is_floating() => DataType::Float64,
            DataType::Null => DataType::Int64,
            other => return plan_err!("{} takes numbers, not {other}", self.name),
        }])
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        let Some(input) = arg_types.first() else { return plan_err!("{} takes one value", self.name) };
        Ok(match (self.addend(input)?, self.kind) {
            (DataType::Decimal128(digits, scale), Kind::Average { scale: least }) => {
                DataType::Decimal128(digits, scale.max(i8::try_from(least).unwrap_or(i8::MAX)))
            }
            (other, _) => other,
        })
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let Some(input) = args.input_fields.first() else { return internal_err!("{} takes one value", self.name) };
        let addend = self.addend(input.data_type())?;
        let field = |suffix: &str, data_type| Arc::new(Field::new(format!("{}[{suffix}]", args.name), data_type, true));
        Ok(if args.is_distinct {
            vec![field("values", DataType::new_list(addend, true))]
        } else {
            vec![field("sum", addend), field("count", DataType::Int64)]
        })
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let calculation = self.calculation(&args)?;
        Ok(match (&calculation.addend, args.is_distinct) {
            (DataType::Float64, false) => Box::new(Total::<Float64Type>::new(calculation)),
            (DataType::Float64, true) => Box::new(Distinct::<Float64Type>::new(calculation)),
            (_, false) => Box::new(Total::<Decimal128Type>::new(calculation)),
            (_, true) => Box::new(Distinct::<Decimal128Type>::new(calculation)),
        })
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        !args.is_distinct
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        let calculation = self.calculation(&args)?;
        Ok(match calculation.addend {
            DataType::Float64 => Box::new(GroupTotals::<Float64Type>::new(calculation)),
            _ => Box::new(GroupTotals::<Decimal128Type>::new(calculation)),
        })
    }
}

#[cfg(test)]
mod tests;
