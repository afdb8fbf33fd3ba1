//! Decimals as text.

use std::fmt::Display;

/// A decimal with exactly its scale of digits behind the point. The unscaled number is an integer
/// of any width.
#[must_use]
pub fn decimal_text(unscaled: impl Display, scale: i8) -> String {
    let unscaled = unscaled.to_string();
    let (sign, digits) = unscaled.strip_prefix('-').map_or(("", unscaled.as_str()), |digits| ("-", digits));
    let Ok(scale @ 1..) = usize::try_from(scale) else {
        return format!("{sign}{digits}{}", "0".repeat(usize::from(scale.unsigned_abs())));
    };
    let padded = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    format!("{sign}{whole}.{fraction}")
}

#[cfg(test)]
mod tests {
    use super::decimal_text;

    #[test]
    fn decimals_keep_their_zeros() {
        assert_eq!(decimal_text(44_674_407_370_955_161_230_i128, 4), "4467440737095516.1230");
        assert_eq!(decimal_text(-5, 2), "-0.05");
        assert_eq!(decimal_text(7, 0), "7");
        assert_eq!(decimal_text(-7, -2), "-700");
        assert_eq!(decimal_text(i128::MIN, 38), "-1.70141183460469231731687303715884105728");
    }
}
