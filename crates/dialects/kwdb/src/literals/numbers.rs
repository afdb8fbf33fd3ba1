//! Numbers and booleans as text.

use model::{DataType, Decimal};

/// An integer within 64 bits.
pub(crate) fn integer(text: &str) -> Option<i128> {
    text.parse::<i64>().ok().map(i128::from)
}

/// The digits before the point of a number whose fraction is zero.
pub(crate) fn whole(text: &str) -> Option<&str> {
    let (whole, fraction) = text.split_once('.')?;
    (!whole.is_empty() && fraction.bytes().all(|b| b == b'0')).then_some(whole)
}

/// The least and greatest value of an integer type, as far as 64 bits hold them.
pub(crate) const fn bounds(data_type: DataType) -> (i128, i128) {
    match data_type {
        DataType::Int8 => (i8::MIN as i128, i8::MAX as i128),
        DataType::Int16 => (i16::MIN as i128, i16::MAX as i128),
        DataType::Int32 => (i32::MIN as i128, i32::MAX as i128),
        DataType::UInt8 => (0, u8::MAX as i128),
        DataType::UInt16 => (0, u16::MAX as i128),
        DataType::UInt32 => (0, u32::MAX as i128),
        DataType::UInt64 => (0, u64::MAX as i128),
        _ => (i64::MIN as i128, i64::MAX as i128),
    }
}

/// A float: a number, `NaN`, or an infinity.
pub(crate) fn float(text: &str) -> Option<f64> {
    // The common case makes no copy of the text.
    if text.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return text.parse().ok();
    }
    match text.to_ascii_lowercase().as_str() {
        "nan" => Some(f64::NAN),
        "inf" | "+inf" | "infinity" | "+infinity" => Some(f64::INFINITY),
        "-inf" | "-infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// A boolean in any spelling that SQL knows.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "on" | "1" => Some(true),
        "false" | "f" | "no" | "n" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// A decimal, rounded half away from zero to `scale` digits. The outer `None`: no number; the
/// inner one: too large for 128 bits.
pub(crate) fn decimal(text: &str, scale: i8) -> Option<Option<Decimal>> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    // How many of all digits stand before the scaled point.
    let kept = i32::try_from(whole.len()).ok()?.checked_add(exponent)?.checked_add(i32::from(scale))?;
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|b| b - b'0').collect();
    let significant = digits.iter().position(|d| *d != 0).unwrap_or(digits.len());
    if significant == digits.len() {
        return Some(Some(Decimal { unscaled: 0, scale }));
    }
    if kept > 60 {
        return Some(None);
    }
    let mut unscaled: i128 = 0;
    for place in 0..kept.max(0) {
        let digit = usize::try_from(place).ok().and_then(|place| digits.get(place)).copied().unwrap_or(0);
        let Some(next) = unscaled.checked_mul(10).and_then(|u| u.checked_add(i128::from(digit))) else {
            return Some(None);
        };
        unscaled = next;
    }
    let next_digit = usize::try_from(kept).ok().and_then(|place| digits.get(place)).copied().unwrap_or(0);
    if next_digit >= 5 {
        unscaled += 1;
    }
    Some(Some(Decimal { unscaled: if negative { -unscaled } else { unscaled }, scale }))
}

/// Whether a decimal has at most so many digits.
pub(crate) fn fits(decimal: Decimal, precision: u8) -> bool {
    10_u128.checked_pow(u32::from(precision)).is_none_or(|limit| decimal.unscaled.unsigned_abs() < limit)
}

#[cfg(test)]
mod tests {
    use super::{decimal, fits, float, integer, whole};
    use proptest::prelude::*;

    fn unscaled(text: &str, scale: i8) -> Option<i128> {
        decimal(text, scale).flatten().map(|d| d.unscaled)
    }

    #[test]
    fn decimals_round_half_away_from_zero() {
        for (text, scale, expected) in [
            ("1.25", 2, Some(125)),
            ("1.255", 2, Some(126)),
            ("-1.255", 2, Some(-126)),
            ("1.254999", 2, Some(125)),
            ("0.005", 2, Some(1)),
            ("0.0049", 2, Some(0)),
            (".5", 0, Some(1)),
            ("5.", 1, Some(50)),
            ("12e3", 1, Some(120_000)),
            ("1.5e-1", 2, Some(15)),
            ("99999e-9", 2, Some(0)),
            ("0e999", 2, Some(0)),
            ("1e99", 2, None),
            ("170141183460469231731687303715884105728", 0, None),
            ("x", 2, None),
            ("", 2, None),
            (".", 2, None),
            ("1.2.3", 2, None),
        ] {
            assert_eq!(unscaled(text, scale), expected, "{text:?}");
        }
        assert!(fits(decimal("99.99", 2).flatten().unwrap(), 4));
        assert!(!fits(decimal("99.995", 2).flatten().unwrap(), 4));
    }

    #[test]
    fn numbers_and_what_looks_like_them() {
        assert_eq!(integer("-9223372036854775808"), Some(i128::from(i64::MIN)));
        assert_eq!(integer("9223372036854775808"), None);
        assert_eq!(whole("12.00"), Some("12"));
        assert_eq!(whole("12.01"), None);
        assert_eq!(float("1e3"), Some(1000.0));
        assert_eq!(float("abc"), None);
        assert!(float("NaN").unwrap().is_nan());
    }

    proptest! {
        #[test]
        fn a_decimal_with_all_its_digits_is_exact(value in any::<i64>(), scale in 0_i8..10) {
            let digits = format!("{:0>width$}", value.unsigned_abs(), width = usize::try_from(scale).unwrap() + 1);
            let (whole, fraction) = digits.split_at(digits.len() - usize::try_from(scale).unwrap());
            let sign = if value < 0 { "-" } else { "" };
            let text = format!("{sign}{whole}.{fraction}");
            prop_assert_eq!(unscaled(&text, scale), Some(i128::from(value)));
        }
    }
}
