//! Floats that are decimals: meters and gauges send `21.35`, not noise.
//!
//! A column is stored as integers with a scale when every value is, bit for bit, the float
//! nearest to a decimal of few enough digits that this can be told: 15 for doubles, 6 for floats
//! of 32 bits. Scaling back is one division of two exact floats, so it rounds as parsing does.

use arrow::array::{Array, ArrayRef, AsArray, Decimal64Array, Float32Array, Float64Array, PrimitiveArray};
use arrow::datatypes::{ArrowPrimitiveType, Decimal64Type, Float32Type, Float64Type};
use std::sync::Arc;

/// The precision that the Parquet column declares: the most that a 64-bit decimal has.
pub(super) const PRECISION: u8 = 18;

/// 10^0 to 10^18, all of them exact.
const POWERS: [f64; 19] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18];

trait Float: Copy {
    /// No unscaled value is as great.
    const LIMIT: f64;
    fn widen(self) -> f64;
    fn narrow(wide: f64) -> Self;
    fn same_bits(self, other: Self) -> bool;
}

impl Float for f64 {
    const LIMIT: f64 = 1e15;
    fn widen(self) -> f64 {
        self
    }
    fn narrow(wide: f64) -> Self {
        wide
    }
    fn same_bits(self, other: Self) -> bool {
        self.to_bits() == other.to_bits()
    }
}

impl Float for f32 {
    const LIMIT: f64 = 1e6;
    fn widen(self) -> f64 {
        self.into()
    }
    #[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest")]
    fn narrow(wide: f64) -> Self {
        wide as f32
    }
    fn same_bits(self, other: Self) -> bool {
        self.to_bits() == other.to_bits()
    }
}

/// Scales a value up, if scaling down gives the same bits: not so for -0, which no integer is.
#[expect(clippy::cast_possible_truncation, reason = "below the limit")]
fn unscaled<F: Float>(value: F, power: f64) -> Option<i64> {
    let scaled = (value.widen() * power).round();
    if scaled.abs() >= F::LIMIT || scaled.is_nan() {
        return None;
    }
    let unscaled = scaled as i64;
    scale_down::<F>(unscaled, power).same_bits(value).then_some(unscaled)
}

#[expect(clippy::cast_precision_loss, reason = "below 2^53")]
fn scale_down<F: Float>(unscaled: i64, power: f64) -> F {
    F::narrow(unscaled as f64 / power)
}

fn common_scale<T: ArrowPrimitiveType<Native: Float>>(values: &PrimitiveArray<T>) -> Option<i8> {
    let mut scale = 0;
    let mut any = false;
    for value in values.iter().flatten() {
        any = true;
        while unscaled(value, *POWERS.get(scale)?).is_none() {
            // A value that is too great for this scale is too great for every finer one.
            if value.widen().abs() * POWERS[scale] >= T::Native::LIMIT || value.widen().is_nan() {
                return None;
            }
            scale += 1;
        }
    }
    let power = POWERS[scale];
    // Coarser values may be too great for the scale that a finer one needs.
    if !any || values.iter().flatten().any(|value| unscaled(value, power).is_none()) {
        return None;
    }
    i8::try_from(scale).ok()
}

fn scaled<T: ArrowPrimitiveType<Native: Float>>(values: &PrimitiveArray<T>, scale: i8) -> Option<Decimal64Array> {
    let power = *POWERS.get(usize::try_from(scale).ok()?)?;
    let integers: Decimal64Array = values.unary_opt(|value| unscaled(value, power));
    let all_fit = integers.null_count() == values.null_count();
    all_fit.then_some(integers)?.with_precision_and_scale(PRECISION, scale).ok()
}

/// The least scale at which all values of a float column are decimals; `None` also when there is
/// no value at all.
pub(super) fn scale_of(values: &ArrayRef) -> Option<i8> {
    match values.data_type() {
        arrow::datatypes::DataType::Float64 => common_scale(values.as_primitive::<Float64Type>()),
        arrow::datatypes::DataType::Float32 => common_scale(values.as_primitive::<Float32Type>()),
        _ => None,
    }
}

/// The values of a float column as integers of a scale, if they are all decimals of that scale.
pub(super) fn to_decimals(values: &ArrayRef, scale: i8) -> Option<ArrayRef> {
    let decimals = match values.data_type() {
        arrow::datatypes::DataType::Float64 => scaled(values.as_primitive::<Float64Type>(), scale),
        arrow::datatypes::DataType::Float32 => scaled(values.as_primitive::<Float32Type>(), scale),
        _ => None,
    };
    decimals.map(|decimals| Arc::new(decimals) as ArrayRef)
}

/// Doubles from scaled integers; `None` when the scale is none that is ever written.
pub(super) fn to_f64(values: &PrimitiveArray<Decimal64Type>) -> Option<ArrayRef> {
    let power = power(values)?;
    let doubles: Float64Array = values.unary(|unscaled| scale_down(unscaled, power));
    Some(Arc::new(doubles))
}

/// 32-bit floats from scaled integers.
pub(super) fn to_f32(values: &PrimitiveArray<Decimal64Type>) -> Option<ArrayRef> {
    let power = power(values)?;
    let floats: Float32Array = values.unary(|unscaled| scale_down(unscaled, power));
    Some(Arc::new(floats))
}

fn power(values: &PrimitiveArray<Decimal64Type>) -> Option<f64> {
    POWERS.get(usize::try_from(values.scale()).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scale_of(values: &[f64]) -> Option<i8> {
        let values: ArrayRef = Arc::new(Float64Array::from(values.to_vec()));
        super::scale_of(&values)
    }

    #[test]
    fn only_exact_decimals_qualify() {
        assert_eq!(scale_of(&[21.35, -4.0, 0.0, 1e5]), Some(2));
        assert_eq!(scale_of(&[999_999_999_999_999.0]), Some(0));
        assert_eq!(scale_of(&[1e15]), None);
        assert_eq!(scale_of(&[99_999_999_999_999.9]), Some(1));
        // Each alone would do, together they need more than 15 digits.
        assert_eq!(scale_of(&[999_999_999_999_999.0, 0.5]), None);
        assert_eq!(scale_of(&[-0.0]), None);
        assert_eq!(scale_of(&[f64::NAN]), None);
        assert_eq!(scale_of(&[f64::NEG_INFINITY]), None);
        assert_eq!(scale_of(&[0.1 + 0.2]), None);
        assert_eq!(scale_of(&[1e-18]), Some(18));
        assert_eq!(scale_of(&[1e-19]), None);
        assert_eq!(scale_of(&[]), None);
    }

    #[test]
    fn short_floats_qualify_by_their_own_digits() {
        let floats: ArrayRef = Arc::new(Float32Array::from(vec![Some(0.1), None, Some(-230.4)]));
        let decimals = to_decimals(&floats, super::scale_of(&floats).unwrap()).unwrap();
        assert_eq!(decimals.as_primitive::<Decimal64Type>().scale(), 1);
        assert_eq!(&to_f32(decimals.as_primitive()).unwrap(), &floats);
        let noise: ArrayRef = Arc::new(Float32Array::from(vec![0.123_456_79]));
        assert_eq!(super::scale_of(&noise), None);
        assert!(to_decimals(&noise, 3).is_none());
    }

    proptest! {
        #[test]
        fn doubles_come_back_bit_for_bit(
            unscaled in prop::collection::vec(-999_999_999_999_999_i64..=999_999_999_999_999, 1..20), scale in 0..18_usize,
        ) {
            #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
            let doubles: Vec<f64> = unscaled.iter().map(|u| *u as f64 / POWERS[scale]).collect();
            let array: ArrayRef = Arc::new(Float64Array::from(doubles.clone()));
            let least = super::scale_of(&array).expect("15 digits are few enough");
            // Finer scales do as well, until a value needs too many digits.
            for finer in least..=18 {
                let Some(decimals) = to_decimals(&array, finer) else {
                    prop_assert!(finer > least);
                    break;
                };
                let back = to_f64(decimals.as_primitive()).unwrap();
                for (a, b) in doubles.iter().zip(back.as_primitive::<Float64Type>().values()) {
                    prop_assert_eq!(a.to_bits(), b.to_bits());
                }
            }
        }
    }
}
