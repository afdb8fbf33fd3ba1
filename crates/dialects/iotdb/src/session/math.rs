//! Numbers: functions of one number, rounding, the greatest and the least.

use super::scalar::{Call, Given, Returned, Spec};
use crate::types::Type;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array};
use arrow::compute::{cast, kernels::cmp, kernels::zip::zip};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int64Type};
use arrow::error::ArrowError;
use datafusion::common::internal_err;
use datafusion::error::Result;
use std::sync::Arc;

fn one_number(name: &str, given: &Given<'_>) -> Result<Type, String> {
    given.only().filter(|kind| kind.is_number()).ok_or_else(|| {
        format!(
            "Scalar function {name} only accepts one argument and it must be Double, Float, Int32 or Int64 data type."
        )
    })
}

macro_rules! of_doubles {
    ($($name:literal => $compute:expr;)*) => {
        &[$(Spec {
            name: $name,
            returns: |given| one_number($name, given).map(|_| DataType::Float64.into()),
            run: |call| {
                let compute: fn(f64) -> f64 = $compute;
                Ok(Arc::new(call.doubles(0)?.unary::<_, Float64Type>(compute)))
            },
        },)* ABS, SIGN, ROUND, PI, E, GREATEST, LEAST]
    };
}

pub(super) const SPECS: &[Spec] = of_doubles! {
    "sin" => f64::sin;
    "cos" => f64::cos;
    "tan" => f64::tan;
    "asin" => f64::asin;
    "acos" => f64::acos;
    "atan" => f64::atan;
    "sinh" => f64::sinh;
    "cosh" => f64::cosh;
    "tanh" => f64::tanh;
    "degrees" => f64::to_degrees;
    "radians" => f64::to_radians;
    "ceil" => f64::ceil;
    "floor" => f64::floor;
    "exp" => f64::exp;
    "ln" => f64::ln;
    "log10" => f64::log10;
    "sqrt" => f64::sqrt;
};

const ABS: Spec = Spec {
    name: "abs",
    returns: |given| one_number("abs", given).map(|_| own_type(given)),
    run: |call| {
        let array = call.arg(0)?;
        Ok(match array.data_type() {
            DataType::Float32 => Arc::new(array.as_primitive::<Float32Type>().unary::<_, Float32Type>(f32::abs)),
            DataType::Float64 => Arc::new(array.as_primitive::<Float64Type>().unary::<_, Float64Type>(f64::abs)),
            other => {
                let whole = call.longs(0)?.unary::<_, Int64Type>(i64::wrapping_abs);
                cast(&whole, other)?
            }
        })
    },
};

const SIGN: Spec = Spec {
    name: "sign",
    returns: |given| one_number("sign", given).map(|_| own_type(given)),
    run: |call| {
        let sign = |value: f64| if value == 0.0 || value.is_nan() { value } else { value.signum() };
        let array = call.arg(0)?;
        if matches!(array.data_type(), DataType::Float32 | DataType::Float64) {
            let signs = call.doubles(0)?.unary::<_, Float64Type>(sign);
            return Ok(cast(&signs, array.data_type())?);
        }
        Ok(cast(&call.longs(0)?.unary::<_, Int64Type>(i64::signum), array.data_type())?)
    },
};

fn own_type(given: &Given<'_>) -> Returned {
    given.types.first().cloned().unwrap_or(DataType::Null).into()
}

const ROUND: Spec = Spec {
    name: "round",
    returns: |given| match given.kinds().as_slice() {
        [Some(value)] if value.is_number() => Ok(DataType::Float64.into()),
        [Some(value), Some(Type::Int32 | Type::Int64)] if value.is_number() => Ok(DataType::Float64.into()),
        _ => Err("Scalar function round only accepts one or two arguments and they must be Double, Float, Int32 or \
                  Int64 data type."
            .to_owned()),
    },
    run: |call| {
        let values = call.doubles(0)?;
        let places = if call.args.len() > 1 { Some(call.longs(1)?) } else { None };
        let rounded = values.iter().enumerate().map(|(row, value)| {
            let places = match &places {
                Some(places) if places.is_null(row) => return None,
                Some(places) => places.value(row),
                None => 0,
            };
            let factor = 10_f64.powi(i32::try_from(places.clamp(-400, 400)).unwrap_or(0));
            Some((value? * factor).round_ties_even() / factor)
        });
        Ok(Arc::new(rounded.collect::<Float64Array>()))
    },
};

const PI: Spec =
    Spec { name: "pi", returns: |given| none("pi", given), run: |call| Ok(constant(call, std::f64::consts::PI)) };
const E: Spec =
    Spec { name: "e", returns: |given| none("e", given), run: |call| Ok(constant(call, std::f64::consts::E)) };

fn none(name: &str, given: &Given<'_>) -> Result<Returned, String> {
    if given.types.is_empty() {
        return Ok(DataType::Float64.into());
    }
    Err(format!("Scalar function {name} accepts no argument."))
}

fn constant(call: &Call<'_>, value: f64) -> ArrayRef {
    Arc::new(Float64Array::from(vec![value; call.rows]))
}

const GREATEST: Spec = Spec {
    name: "greatest",
    returns: |given| same_types("greatest", given),
    run: |call| best(call, |left, right| cmp::gt(&left, &right)),
};

const LEAST: Spec = Spec {
    name: "least",
    returns: |given| same_types("least", given),
    run: |call| best(call, |left, right| cmp::lt(&left, &right)),
};

fn same_types(name: &str, given: &Given<'_>) -> Result<Returned, String> {
    let first = given.types.first();
    if given.types.len() >= 2 && given.types.iter().all(|of| Some(of) == first) {
        return Ok(own_type(given));
    }
    Err(format!("Scalar function {name} must have at least two arguments, and all type must be the same."))
}

/// The best of the values that are not NULL.
fn best(call: &Call<'_>, better: fn(ArrayRef, ArrayRef) -> Result<BooleanArray, ArrowError>) -> Result<ArrayRef> {
    let Some((first, rest)) = call.args.split_first() else { return internal_err!("no arguments") };
    let mut best = Arc::clone(first);
    for other in rest {
        let wins = better(Arc::clone(other), Arc::clone(&best))?;
        let choose: BooleanArray = (0..best.len())
            .map(|row| Some(!other.is_null(row) && (best.is_null(row) || (wins.is_valid(row) && wins.value(row)))))
            .collect();
        best = zip(&choose, other, &best)?;
    }
    Ok(best)
}
