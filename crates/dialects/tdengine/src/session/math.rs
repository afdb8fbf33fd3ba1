//! Mathematics: everything in floats, but what keeps the type of its argument.

use super::function::{Call, Function, argument, floats, is_number, of, wrong_count, wrong_type};
use arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use datafusion::error::Result;
use datafusion::logical_expr::{ScalarUDF, Volatility};
use std::sync::Arc;

/// Division, by zero NULL; its name is nothing that a user can write.
pub(super) const DIVIDE: &str = "float division or null";
/// The remainder, by zero NULL.
pub(super) const MODULO: &str = "float remainder or null";

fn unary(args: &[ArrayRef], compute: impl Fn(f64) -> Option<f64>) -> Result<ArrayRef> {
    let values = argument(args, 0)?.as_primitive::<Float64Type>();
    Ok(Arc::new(values.iter().map(|value| compute(value?)).collect::<Float64Array>()))
}

fn binary(args: &[ArrayRef], compute: impl Fn(f64, f64) -> Option<f64>) -> Result<ArrayRef> {
    let left = argument(args, 0)?.as_primitive::<Float64Type>();
    let right = argument(args, 1)?.as_primitive::<Float64Type>();
    let values = left.iter().zip(right.iter()).map(|(left, right)| compute(left?, right?));
    Ok(Arc::new(values.collect::<Float64Array>()))
}

macro_rules! of_one {
    ($($name:literal => $compute:expr;)*) => {
        vec![$(Function::scalar(
            $name,
            |name, types| floats(name, types, 1, 1),
            |_, _| of(DataType::Float64),
            |args, _| unary(args, |x: f64| Some($compute(x))),
        )),*]
    };
}

fn double_functions() -> Vec<ScalarUDF> {
    of_one! {
        "sqrt" => f64::sqrt;
        "exp" => f64::exp;
        "ln" => f64::ln;
        "sin" => f64::sin;
        "cos" => f64::cos;
        "tan" => f64::tan;
        "asin" => f64::asin;
        "acos" => f64::acos;
        "atan" => f64::atan;
        "degrees" => f64::to_degrees;
        "radians" => f64::to_radians;
    }
}

fn remainder(left: f64, right: f64) -> Option<f64> {
    (right != 0.0).then(|| left % right)
}

fn two_doubles(name: &'static str, body: super::function::Body) -> ScalarUDF {
    Function::scalar(name, |name, types| floats(name, types, 2, 2), |_, _| of(DataType::Float64), body)
}

/// Functions that keep the type of their first argument; those of one argument, or of two.
fn keeping(name: &'static str, coerce: super::function::Coerce, body: super::function::Body) -> ScalarUDF {
    Function::scalar(name, coerce, |fields, _| of(kept(fields.first().map(|field| field.data_type()))), body)
}

/// The type that a function of a number keeps.
fn kept(data_type: Option<&DataType>) -> DataType {
    match data_type {
        None | Some(DataType::Null) => DataType::Float64,
        Some(other) => other.clone(),
    }
}

fn one_number(name: &str, types: &[DataType]) -> Result<Vec<DataType>> {
    let [only] = types else { return Err(wrong_count(name)) };
    if is_number(only) { Ok(vec![kept(Some(only))]) } else { Err(wrong_type(name)) }
}

/// A number, and how many digits after the point it keeps.
fn number_and_digits(name: &str, types: &[DataType], least: usize) -> Result<Vec<DataType>> {
    if types.len() < least || types.len() > 2 {
        return Err(wrong_count(name));
    }
    if !types.iter().all(is_number) {
        return Err(wrong_type(name));
    }
    Ok(types.iter().enumerate().map(|(i, t)| if i == 0 { kept(Some(t)) } else { DataType::Float64 }).collect())
}

/// Computes in floats and comes back to the type of the result.
fn in_floats(args: &[ArrayRef], call: &Call<'_>, compute: impl Fn(f64, f64) -> f64) -> Result<ArrayRef> {
    let first = cast(argument(args, 0)?, &DataType::Float64)?;
    let first = first.as_primitive::<Float64Type>();
    let second = args.get(1).map(|digits| cast(digits, &DataType::Float64)).transpose()?;
    let second = second.as_ref().map(|digits| digits.as_primitive::<Float64Type>());
    let value = |row: usize| {
        if first.is_null(row) {
            return None;
        }
        match second {
            Some(digits) if digits.is_null(row) => None,
            Some(digits) => Some(compute(first.value(row), digits.value(row))),
            None => Some(compute(first.value(row), 0.0)),
        }
    };
    let values: ArrayRef = Arc::new((0..first.len()).map(value).collect::<Float64Array>());
    Ok(cast(&values, call.result)?)
}

fn exact(args: &[ArrayRef], call: &Call<'_>) -> Option<ArrayRef> {
    let first = args.first()?;
    (call.result.is_integer() && args.len() == 1).then(|| Arc::clone(first))
}

/// Ten to a number of digits, within what floats hold.
fn power_of_ten(digits: f64) -> f64 {
    10.0_f64.powf(digits.trunc().clamp(-308.0, 308.0))
}

fn rounded(value: f64, digits: f64) -> f64 {
    let factor = power_of_ten(digits);
    let scaled = (value * factor).round() / factor;
    if scaled.is_finite() { scaled } else { value }
}

fn truncated(value: f64, digits: f64) -> f64 {
    let factor = power_of_ten(digits);
    let scaled = (value * factor).trunc() / factor;
    if scaled.is_finite() { scaled } else { value }
}

fn absolute(args: &[ArrayRef], call: &Call<'_>) -> Result<ArrayRef> {
    let first = argument(args, 0)?;
    if call.result.is_unsigned_integer() || *call.result == DataType::Boolean {
        return Ok(Arc::clone(first));
    }
    if call.result.is_integer() {
        let wide = cast(first, &DataType::Int64)?;
        let wide = wide.as_primitive::<arrow::datatypes::Int64Type>();
        let values: ArrayRef = Arc::new(wide.unary::<_, arrow::datatypes::Int64Type>(i64::wrapping_abs));
        return Ok(cast(&values, call.result)?);
    }
    in_floats(args, call, |x, _| x.abs())
}

/// Every function.
pub(super) fn functions() -> Vec<ScalarUDF> {
    let mut all = double_functions();
    all.extend([
        two_doubles("pow", |args, _| binary(args, |x, y| Some(x.powf(y)))),
        two_doubles("mod", |args, _| binary(args, remainder)),
        two_doubles(MODULO, |args, _| binary(args, remainder)),
        two_doubles(DIVIDE, |args, _| binary(args, |x, y| (y != 0.0).then(|| x / y))),
        Function::scalar(
            "log",
            |name, types| floats(name, types, 1, 2),
            |_, _| of(DataType::Float64),
            |args, _| {
                if args.len() == 2 {
                    binary(args, |x, base| Some(x.ln() / base.ln()))
                } else {
                    unary(args, |x| Some(x.ln()))
                }
            },
        ),
        Function::scalar(
            "pi",
            |name, types| floats(name, types, 0, 0),
            |_, _| of(DataType::Float64),
            |_, call| Ok(Arc::new(Float64Array::from(vec![std::f64::consts::PI; call.rows]))),
        ),
        Function {
            name: "rand",
            coerce: |name, types| floats(name, types, 0, 1),
            returns: |_, _| of(DataType::Float64),
            body: random,
            volatility: Volatility::Volatile,
        }
        .udf(),
        keeping("abs", one_number, absolute),
        keeping("ceil", one_number, |args, call| {
            exact(args, call).map_or_else(|| in_floats(args, call, |x, _| x.ceil()), Ok)
        }),
        keeping("floor", one_number, |args, call| {
            exact(args, call).map_or_else(|| in_floats(args, call, |x, _| x.floor()), Ok)
        }),
        keeping("sign", one_number, |args, call| in_floats(args, call, |x, _| if x == 0.0 { 0.0 } else { x.signum() })),
        keeping(
            "round",
            |name, types| number_and_digits(name, types, 1),
            |args, call| exact(args, call).map_or_else(|| in_floats(args, call, rounded), Ok),
        ),
        keeping(
            "truncate",
            |name, types| number_and_digits(name, types, 2),
            |args, call| in_floats(args, call, truncated),
        ),
    ]);
    all
}

/// Numbers from 0 up to below 1; with a seed always the same ones.
fn random(args: &[ArrayRef], call: &Call<'_>) -> Result<ArrayRef> {
    use std::hash::{BuildHasher as _, RandomState};
    let seeds = args.first().map(|seed| seed.as_primitive::<Float64Type>().clone());
    let state = RandomState::new();
    let number = |row: usize| {
        let bits = match &seeds {
            Some(seeds) if seeds.is_null(row) => return None,
            // One step of a known mixing function.
            Some(seeds) => (seeds.value(row).to_bits() ^ row as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15),
            None => state.hash_one(row),
        };
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let unit = (bits >> 11) as f64 / (1_u64 << 53) as f64;
        Some(unit)
    };
    Ok(Arc::new((0..call.rows).map(number).collect::<Float64Array>()))
}
