//! Values as this vendor's server, a Java program, spells them: floats, lists, maps.

use serde_json::Value;
use std::fmt::Write as _;

/// Digits and exponent of Rust's shortest spelling as Java spells a float: plain between 10^-3 and
/// 10^7, else with `E`; always a digit behind the point.
fn java(shortest: &str) -> String {
    let Some((mantissa, exponent)) = shortest.split_once('e') else { return shortest.to_owned() };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    if digits.bytes().all(|digit| digit == b'0') {
        return format!("{sign}0.0");
    }
    if !(-3..7).contains(&exponent) {
        let (first, rest) = digits.split_at_checked(1).unwrap_or((&digits, ""));
        let rest = if rest.is_empty() { "0" } else { rest };
        return format!("{sign}{first}.{rest}E{exponent}");
    }
    let mut text = sign.to_owned();
    if exponent < 0 {
        text.push_str("0.");
        text.extend(std::iter::repeat_n('0', exponent.unsigned_abs() as usize - 1));
        text.push_str(&digits);
        return text;
    }
    let whole = exponent.unsigned_abs() as usize + 1;
    let padded = format!("{digits:0<whole$}");
    let (before, behind) = padded.split_at_checked(whole).unwrap_or((&padded, ""));
    let behind = if behind.is_empty() { "0" } else { behind };
    let _ = write!(text, "{before}.{behind}");
    text
}

/// A DOUBLE: `NaN`, `Infinity` and `-Infinity` are words.
pub(crate) fn double(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    // Java gives the least number two digits.
    if value.abs() == f64::from_bits(1) {
        return if value > 0.0 { "4.9E-324" } else { "-4.9E-324" }.to_owned();
    }
    java(&format!("{value:e}"))
}

/// A FLOAT.
pub(crate) fn float(value: f32) -> String {
    if !value.is_finite() {
        return double(f64::from(value));
    }
    if value.abs() == f32::from_bits(1) {
        return if value > 0.0 { "1.4E-45" } else { "-1.4E-45" }.to_owned();
    }
    java(&format!("{value:e}"))
}

/// A JSON value as a text cell holds it: lists and maps in Java's form.
pub(crate) fn of_json(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) if number.is_f64() => double(number.as_f64().unwrap_or(f64::NAN)),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(values) => format!("[{}]", values.iter().map(of_json).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| format!("{key}={}", of_json(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
    }
}

/// A text as a number: what Java's parser takes, blanks around it too.
pub(crate) fn parse_double(text: &str) -> Option<f64> {
    let text = text.trim();
    match text {
        "NaN" | "+NaN" | "-NaN" => return Some(f64::NAN),
        "Infinity" | "+Infinity" => return Some(f64::INFINITY),
        "-Infinity" => return Some(f64::NEG_INFINITY),
        _ => {}
    }
    let digits = text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text);
    let is_plain = digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
    if is_plain { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::{double, float, of_json, parse_double};

    #[test]
    fn floats_are_spelled_as_java_spells_them() {
        for (value, text) in [
            (22.0, "22.0"),
            (1.1, "1.1"),
            (1.0e10, "1.0E10"),
            (9_999_999.0, "9999999.0"),
            (1.0e7, "1.0E7"),
            (0.001, "0.001"),
            (9.0e-4, "9.0E-4"),
            (-0.0, "-0.0"),
            (123_456.789, "123456.789"),
            (1_200.0, "1200.0"),
            (f64::MAX, "1.7976931348623157E308"),
            (5.0e-324, "4.9E-324"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(double(value), text);
        }
        assert_eq!(float(16_777_217.0), "1.6777216E7");
        assert_eq!(float(1.0e-45), "1.4E-45");
        assert_eq!(float(0.1), "0.1");
    }

    #[test]
    fn json_becomes_text() {
        let value = serde_json::json!([1, "a", {"k": "v", "l": null}, 1.5, true]);
        assert_eq!(of_json(&value), "[1, a, {k=v, l=null}, 1.5, true]");
    }

    #[test]
    fn numbers_in_text() {
        assert_eq!(parse_double(" 7.5 "), Some(7.5));
        assert_eq!(parse_double("1e3"), Some(1000.0));
        assert_eq!(parse_double("1.5f"), Some(1.5));
        for text in ["", "abc", "true", "inf", "0x"] {
            assert_eq!(parse_double(text), None, "{text}");
        }
    }
}
