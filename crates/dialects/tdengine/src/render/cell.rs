//! One value as JSON: numbers as numbers, times as RFC 3339 with all digits of their unit, decimals
//! and bytes as strings, JSON as it is; NULL and what is no number is null.

use crate::timezone::{self, Zone};
use crate::types::{digits, is_json};
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Decimal128Array, Float32Array, Float64Array, Int64Array,
    StringArray, UInt64Array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Field, Float32Type, Float64Type, Int64Type, UInt64Type};
use dialect::calendar::Day;
use dialect::decimal_text;
use dialect::json::push_string;
use model::{Error, Result};
use query::functions::nanos_per;
use std::fmt::Write as _;

/// The values of one column, ready to be printed.
pub(crate) struct Column {
    values: ArrayRef,
    kind: Kind,
}

enum Kind {
    Null,
    Boolean(BooleanArray),
    Signed(Int64Array),
    Unsigned(UInt64Array),
    Float32(Float32Array),
    Float64(Float64Array),
    Decimal(Decimal128Array, i8),
    Text(StringArray),
    Json(StringArray),
    Binary(BinaryArray),
    Time { values: Int64Array, nanos_per: i128, digits: usize },
}

fn to(values: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    cast(values, data_type).map_err(Error::internal)
}

impl Column {
    /// The column of a batch.
    ///
    /// # Errors
    /// A type that cannot be printed.
    pub(crate) fn new(values: &ArrayRef, field: &Field) -> Result<Self> {
        let kind = match values.data_type() {
            DataType::Null => Kind::Null,
            DataType::Boolean => Kind::Boolean(values.as_boolean().clone()),
            DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => {
                Kind::Signed(to(values, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
            }
            DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => {
                Kind::Unsigned(to(values, &DataType::UInt64)?.as_primitive::<UInt64Type>().clone())
            }
            DataType::Float16 | DataType::Float32 => {
                Kind::Float32(to(values, &DataType::Float32)?.as_primitive::<Float32Type>().clone())
            }
            DataType::Float64 => Kind::Float64(values.as_primitive::<Float64Type>().clone()),
            DataType::Decimal32(_, scale)
            | DataType::Decimal64(_, scale)
            | DataType::Decimal128(_, scale)
            | DataType::Decimal256(_, scale) => {
                let wide = to(values, &DataType::Decimal128(38, *scale))?;
                Kind::Decimal(wide.as_primitive::<Decimal128Type>().clone(), *scale)
            }
            DataType::Timestamp(unit, _) => Kind::Time {
                values: to(values, &DataType::Int64)?.as_primitive::<Int64Type>().clone(),
                nanos_per: nanos_per(*unit),
                digits: digits(*unit),
            },
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
                Kind::Binary(to(values, &DataType::Binary)?.as_binary::<i32>().clone())
            }
            _ => {
                let texts = to(values, &DataType::Utf8)?.as_string::<i32>().clone();
                if is_json(field) { Kind::Json(texts) } else { Kind::Text(texts) }
            }
        };
        Ok(Self { values: values.clone(), kind })
    }

    /// Appends the value of a row as JSON.
    pub(crate) fn push(&self, out: &mut Vec<u8>, row: usize, zone: &Zone) {
        if self.values.is_null(row) {
            out.extend_from_slice(b"null");
            return;
        }
        match &self.kind {
            Kind::Null => out.extend_from_slice(b"null"),
            Kind::Boolean(values) => out.extend_from_slice(if values.value(row) { b"true" } else { b"false" }),
            Kind::Signed(values) => out.extend_from_slice(itoa::Buffer::new().format(values.value(row)).as_bytes()),
            Kind::Unsigned(values) => out.extend_from_slice(itoa::Buffer::new().format(values.value(row)).as_bytes()),
            Kind::Float32(values) => push_float(out, values.value(row)),
            Kind::Float64(values) => push_float(out, values.value(row)),
            Kind::Decimal(values, scale) => {
                out.push(b'"');
                out.extend_from_slice(decimal_text(values.value(row), *scale).as_bytes());
                out.push(b'"');
            }
            Kind::Text(values) => push_string(out, values.value(row)),
            Kind::Json(values) => out.extend_from_slice(values.value(row).as_bytes()),
            Kind::Binary(values) => {
                out.push(b'"');
                for byte in values.value(row) {
                    out.extend_from_slice(format!("{byte:02x}").as_bytes());
                }
                out.push(b'"');
            }
            Kind::Time { values, nanos_per, digits } => {
                out.push(b'"');
                out.extend_from_slice(time_text(i128::from(values.value(row)) * nanos_per, *digits, zone).as_bytes());
                out.push(b'"');
            }
        }
    }
}

/// Appends a float; what is no number is null.
fn push_float<F: zmij::Float + Into<f64> + Copy>(out: &mut Vec<u8>, value: F) {
    if value.into().is_finite() {
        out.extend_from_slice(float_text(zmij::Buffer::new().format_finite(value)).as_bytes());
    } else {
        out.extend_from_slice(b"null");
    }
}

/// A finite float from its shortest digits: without an exponent from 1e-6 up to below 1e21, with one
/// of two digits at least elsewhere.
fn float_text(shortest: &str) -> String {
    let (sign, rest) = match shortest.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", shortest),
    };
    let (mantissa, exponent) = match rest.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().unwrap_or(0)),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let leading = all.len() - all.trim_start_matches('0').len();
    let digits = all.trim_matches('0');
    if digits.is_empty() {
        return format!("{sign}0");
    }
    // The value is 0.digits times ten to the power of `point`.
    let leading = i32::try_from(leading).unwrap_or(0);
    let point = i32::try_from(whole.len()).unwrap_or(0) - leading + exponent;
    let count = i32::try_from(digits.len()).unwrap_or(0);
    if !(-5..=21).contains(&point) {
        let (first, others) = digits.split_at(1);
        let exponent = point - 1;
        let mut text = format!("{sign}{first}");
        if !others.is_empty() {
            let _ = write!(text, ".{others}");
        }
        let _ = write!(text, "e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs());
        return text;
    }
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    if point <= 0 {
        format!("{sign}0.{}{digits}", zeros(-point))
    } else if point >= count {
        format!("{sign}{digits}{}", zeros(point - count))
    } else {
        let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
        format!("{sign}{whole}.{fraction}")
    }
}

/// RFC 3339 in a zone with that many digits after the second.
pub(crate) fn time_text(nanos: i128, digits: usize, zone: &Zone) -> String {
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).unwrap_or_default();
    let offset = timezone::offset_seconds(zone, seconds);
    // RFC 3339 has no seconds of an offset, as local mean times have them.
    let offset = if offset % 60 == 0 { offset } else { 0 };
    let local = seconds.saturating_add(i64::from(offset));
    let (days, second) = (local.div_euclid(86_400), local.rem_euclid(86_400));
    let Day { year, month, day } = Day::of(days);
    let fraction = format!("{:09}", nanos.rem_euclid(1_000_000_000));
    let fraction = fraction.get(..digits).unwrap_or_default();
    let mut text = format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{fraction}",
        second / 3_600,
        second / 60 % 60,
        second % 60
    );
    if offset == 0 {
        text.push('Z');
    } else {
        let (sign, offset) = if offset < 0 { ('-', -offset) } else { ('+', offset) };
        let _ = write!(text, "{sign}{:02}:{:02}", offset / 3_600, offset / 60 % 60);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{float_text, time_text};
    use crate::timezone;
    use proptest::prelude::*;

    fn double(value: f64) -> String {
        float_text(zmij::Buffer::new().format_finite(value))
    }

    #[test]
    fn floats_as_the_vendor_spells_them() {
        for (value, text) in [
            (10.0, "10"),
            (0.1, "0.1"),
            (11.123, "11.123"),
            (-0.0, "-0"),
            (0.0, "0"),
            (1e-7, "1e-07"),
            (0.000_001, "0.000001"),
            (1.5e21, "1.5e+21"),
            (1e20, "100000000000000000000"),
            (123_456_789_012_345_680.0, "123456789012345680"),
            (1e300, "1e+300"),
            (5e-324, "5e-324"),
        ] {
            assert_eq!(double(value), text);
        }
        assert_eq!(float_text(zmij::Buffer::new().format_finite(0.31_f32)), "0.31");
        assert_eq!(float_text(zmij::Buffer::new().format_finite(219.0_f32)), "219");
    }

    #[test]
    fn times_have_all_digits_of_their_unit() {
        let utc = timezone::utc();
        assert_eq!(time_text(0, 3, &utc), "1970-01-01T00:00:00.000Z");
        assert_eq!(time_text(1_704_067_200_123_456_789, 9, &utc), "2024-01-01T00:00:00.123456789Z");
        assert_eq!(time_text(-1_000_000, 3, &utc), "1969-12-31T23:59:59.999Z");
        let shanghai = timezone::parse("Asia/Shanghai").unwrap();
        assert_eq!(time_text(1_704_067_200_000_000_000, 6, &shanghai), "2024-01-01T08:00:00.000000+08:00");
        let new_york = timezone::parse("America/New_York").unwrap();
        assert_eq!(time_text(1_720_000_000_000_000_000, 3, &new_york), "2024-07-03T05:46:40.000-04:00");
    }

    proptest! {
        #[test]
        fn every_float_reads_back(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            if value.is_finite() {
                prop_assert_eq!(double(value).parse::<f64>().unwrap().to_bits(), bits);
            }
        }

        #[test]
        fn dates_are_those_of_the_calendar(seconds in -62_135_596_800_i64..253_402_300_799) {
            let expected = jiff::Timestamp::from_second(seconds).unwrap().to_string();
            let text = time_text(i128::from(seconds) * 1_000_000_000, 3, &timezone::utc());
            prop_assert_eq!(text.replace(".000Z", "Z"), expected);
        }
    }
}
