//! Bits of whole numbers.

use super::scalar::{Call, Given, Returned, Spec, failed};
use crate::types::Type;
use arrow::array::{Array, ArrayRef, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::Result;
use std::sync::Arc;

fn integers(name: &str, count: usize, given: &Given<'_>) -> Result<(), String> {
    let fits = given.kinds().iter().all(|kind| matches!(kind, Some(Type::Int32 | Type::Int64)));
    if fits && given.types.len() == count {
        return Ok(());
    }
    let words = if count == 1 { "one argument and it" } else { "two arguments and they" };
    Err(format!("Scalar function {name} only accepts {words} must be Int32 or Int64 data type."))
}

fn long(name: &str, count: usize, given: &Given<'_>) -> Result<Returned, String> {
    integers(name, count, given).map(|()| DataType::Int64.into())
}

fn same(name: &str, given: &Given<'_>) -> Result<Returned, String> {
    integers(name, 2, given)?;
    Ok(given.types.first().cloned().unwrap_or(DataType::Int64).into())
}

fn pairs(call: &Call<'_>, of: impl Fn(i64, i64) -> Result<i64>) -> Result<ArrayRef> {
    let (left, right) = (call.longs(0)?, call.longs(1)?);
    let computed = left.iter().zip(right.iter()).map(|(left, right)| match (left, right) {
        (Some(left), Some(right)) => of(left, right).map(Some),
        _ => Ok(None),
    });
    let computed = computed.collect::<Result<Int64Array>>()?;
    Ok(cast(&computed, call.returned)?)
}

/// How many bits the first argument's type has.
fn width(call: &Call<'_>) -> Result<i64> {
    Ok(if matches!(call.arg(0)?.data_type(), DataType::Int64) { 64 } else { 32 })
}

pub(super) const SPECS: &[Spec] = &[
    Spec {
        name: "bit_count",
        returns: |given| long("bit_count", 2, given),
        run: |call| {
            pairs(call, |value, bits| {
                if !(2..=64).contains(&bits) {
                    return Err(failed(
                        "Argument exception,the scalar function bit_count num must be in the range of 2 to 64",
                    ));
                }
                let mask = if bits == 64 { -1 } else { (1 << bits) - 1 };
                Ok(i64::from((value & mask).count_ones()))
            })
        },
    },
    Spec {
        name: "bitwise_and",
        returns: |given| long("bitwise_and", 2, given),
        run: |call| pairs(call, |left, right| Ok(left & right)),
    },
    Spec {
        name: "bitwise_or",
        returns: |given| long("bitwise_or", 2, given),
        run: |call| pairs(call, |left, right| Ok(left | right)),
    },
    Spec {
        name: "bitwise_xor",
        returns: |given| long("bitwise_xor", 2, given),
        run: |call| pairs(call, |left, right| Ok(left ^ right)),
    },
    Spec {
        name: "bitwise_not",
        returns: |given| long("bitwise_not", 1, given),
        run: |call| Ok(Arc::new(call.longs(0)?.unary::<_, Int64Type>(|value| !value))),
    },
    Spec {
        name: "bitwise_left_shift",
        returns: |given| same("bitwise_left_shift", given),
        run: |call| {
            let width = width(call)?;
            pairs(call, |value, by| {
                let shifted = if (0..width).contains(&by) { value.wrapping_shl(by as u32) } else { 0 };
                Ok(if width == 32 { i64::from(shifted as i32) } else { shifted })
            })
        },
    },
    Spec {
        name: "bitwise_right_shift",
        returns: |given| same("bitwise_right_shift", given),
        run: |call| {
            let width = width(call)?;
            pairs(call, |value, by| {
                Ok(if (0..width).contains(&by) { logical_right(value, by as u32, width) } else { 0 })
            })
        },
    },
    Spec {
        name: "bitwise_right_shift_arithmetic",
        returns: |given| same("bitwise_right_shift_arithmetic", given),
        run: |call| {
            let width = width(call)?;
            pairs(call, |value, by| {
                let all = if value < 0 { -1 } else { 0 };
                Ok(if (0..width).contains(&by) { value.wrapping_shr(by as u32) } else { all })
            })
        },
    },
];

/// A shift to the right that fills with zeros; as seen, the sign bit of a negative number goes with
/// the bits that a number of six bits more would have.
fn logical_right(value: i64, by: u32, width: i64) -> i64 {
    if width == 64 {
        return (value as u64).wrapping_shr(by) as i64;
    }
    i64::from((value as i32 as u32).wrapping_shr(by) as i32)
}
