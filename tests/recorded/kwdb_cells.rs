//! Values of two sides in a form that can be compared: the recording is the text of the vendor's
//! command line client, the answer is JSON. A cell is read by the type that the answer names.

use super::instants::instant;
use super::kwdb_text::regex;
use super::spelled::{NUMBER, spelled};
use serde_json::Value;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Null,
    Text(String),
    Bytes(Vec<u8>),
    Instant(i128),
    /// Exact.
    Exact(Decimal),
    /// Equal within a tolerance.
    Near(Decimal),
}

/// A number in lowest terms.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
    float: f64,
}

impl Decimal {
    /// Reads a finite number.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let float = text.parse::<f64>().ok().filter(|_| text.contains(|c: char| c.is_ascii_digit()))?;
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let digits = all.trim_start_matches('0').trim_end_matches('0').to_owned();
        let zeros = i64::try_from(all.len() - all.trim_end_matches('0').len()).ok()?;
        let exponent = exponent.parse::<i64>().ok()? - i64::try_from(fraction.len()).ok()? + zeros;
        if digits.is_empty() {
            return Some(Self { negative: false, digits, exponent: 0, float: 0.0 });
        }
        Some(Self { negative, digits, exponent, float })
    }
}

/// A cell of either side.
pub(crate) fn cell(value: &Value, kind: &str, drop_blanks: bool) -> Cell {
    let text = match value {
        Value::Null => return Cell::Null,
        Value::String(text) if text == "NULL" => return Cell::Null,
        Value::String(text) => text.strip_prefix(NUMBER).unwrap_or(text).to_owned(),
        Value::Array(items) => {
            let item = |item: &Value| match item {
                Value::Null => "NULL".to_owned(),
                Value::String(text) => text.strip_prefix(NUMBER).unwrap_or(text).to_owned(),
                other => other.to_string(),
            };
            format!("{{{}}}", items.iter().map(item).collect::<Vec<_>>().join(","))
        }
        other => other.to_string().replace("\"\\u0001", "\""),
    };
    let kind = kind.to_uppercase();
    let begins = |names: &[&str]| names.iter().any(|name| kind.starts_with(name));
    if kind == "BOOL" {
        let low = text.trim().to_lowercase();
        return Cell::Text(match low.as_str() {
            "t" => "true".to_owned(),
            "f" => "false".to_owned(),
            _ => low,
        });
    }
    if kind.contains("[]") || kind.starts_with('_') {
        return Cell::Text(blanks(&text, true).replace(['"', '\''], ""));
    }
    if begins(&["INT", "FLOAT", "DECIMAL", "NUMERIC", "DOUBLE", "REAL", "OID"]) && !kind.starts_with("INTERVAL") {
        return match Decimal::read(&text) {
            Some(number) if begins(&["INT", "OID"]) => Cell::Exact(number),
            Some(number) if begins(&["DECIMAL", "NUMERIC"]) && number.digits.len() <= 16 => Cell::Exact(number),
            Some(number) => Cell::Near(number),
            None => Cell::Text(
                blanks(&text, false)
                    .replace("+Inf", "Infinity")
                    .replace("-Inf", "-Infinity")
                    .replace("Infinityinity", "Infinity"),
            ),
        };
    }
    match kind.as_str() {
        _ if kind.starts_with("TIMESTAMP") => {
            instant(&text).map_or_else(|| Cell::Text(blanks(&text, false)), Cell::Instant)
        }
        "DATE" => Cell::Text(regex(r"[T ]00:00:00.*$").replace(text.trim_matches('\''), "").into_owned()),
        "TIME" | "TIMETZ" => Cell::Text(time_of_day(&text, kind == "TIME")),
        "BYTES" | "VARBYTES" | "BYTEA" | "BLOB" => byte_value(&text).map_or(Cell::Text(text), Cell::Bytes),
        "JSONB" | "JSON" => Cell::Text(spelled(&text).map_or_else(|| text.clone(), |value| sorted(&value))),
        "UNKNOWN" => Cell::Text(blanks(&text, false)),
        _ => Cell::Text(blanks(&client_text(&text), drop_blanks)),
    }
}

/// Whether an answer's cell is the recorded one.
pub(crate) fn same(expected: &Cell, found: &Cell, kind: &str) -> bool {
    if expected == found {
        return true;
    }
    let (Cell::Near(expected), Cell::Near(found) | Cell::Exact(found)) = (expected, found) else { return false };
    let tolerance = if kind.to_uppercase().starts_with("FLOAT4") { 1e-6 } else { 1e-12 };
    (expected.float - found.float).abs() <= tolerance * expected.float.abs().max(found.float.abs())
}

/// What finds the rows that may be the same: numbers with a tolerance count as one.
pub(crate) fn rough(row: &[Cell]) -> String {
    let cells = row.iter().map(|cell| match cell {
        Cell::Near(_) | Cell::Exact(_) => "number".to_owned(),
        other => format!("{other:?}"),
    });
    cells.collect::<Vec<_>>().join("|")
}

/// Runs of blanks as one, or without any.
pub(crate) fn blanks(text: &str, drop: bool) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(if drop { "" } else { " " })
}

fn time_of_day(text: &str, without_zone: bool) -> String {
    let mut bare = regex(r"^0000-01-01[T ]").replace(text.trim_matches('\''), "").into_owned();
    if without_zone {
        bare = regex(r"\s+[+-]\d{4}(\s+\S+)?$|Z$").replace(&bare, "").into_owned();
    }
    bare = regex(r"\+00:00(:00)?$").replace(&bare, "").into_owned();
    if bare.contains('.') {
        bare = regex(r"(\.\d*?)0+$").replace(&bare, "$1").trim_end_matches('.').to_owned();
    }
    bare
}

/// Bytes from hexadecimal or from escapes.
fn byte_value(text: &str) -> Option<Vec<u8>> {
    let pair = |hex: &str| u8::from_str_radix(hex, 16).ok();
    if let Some(hex) =
        text.strip_prefix("\\x").filter(|hex| hex.len() % 2 == 0 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
    {
        return (0..hex.len()).step_by(2).map(|at| pair(&hex[at..at + 2])).collect();
    }
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (value, length) = match regex(r"^(?:\\x([0-9a-fA-F]{2})|\\([0-7]{3})|(\\\\))").captures(rest) {
            Some(found) if found.get(1).is_some() => (vec![pair(&found[1])?], 4),
            Some(found) if found.get(2).is_some() => {
                (vec![u8::try_from(u32::from_str_radix(&found[2], 8).ok()? & 255).ok()?], 4)
            }
            Some(_) => (vec![b'\\'], 2),
            None => (first.to_string().into_bytes(), first.len_utf8()),
        };
        bytes.extend(value);
        rest = &rest[length..];
    }
    Some(bytes)
}

/// A text as the vendor's client prints it: escaped when it holds a character that cannot be shown.
fn client_text(text: &str) -> String {
    let is_shown = |c: char| {
        c == '\t'
            || c == '\n'
            || !(c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200f}' | '\u{feff}'))
    };
    if text.chars().all(is_shown) {
        return text.to_owned();
    }
    let escaped = |c: char| match c {
        '\u{7}' => "\\a".to_owned(),
        '\u{8}' => "\\b".to_owned(),
        '\u{c}' => "\\f".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\u{b}' => "\\v".to_owned(),
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        ' '..='~' => c.to_string(),
        _ => match u32::from(c) {
            code @ 0..0x80 => format!("\\x{code:02x}"),
            code @ 0x80..0x10000 => format!("\\u{code:04x}"),
            code => format!("\\U{code:08x}"),
        },
    };
    text.chars().map(escaped).collect()
}

/// JSON with its keys in order.
fn sorted(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut pairs: Vec<(&String, String)> = fields.iter().map(|(key, value)| (key, sorted(value))).collect();
            pairs.sort();
            format!("{pairs:?}")
        }
        Value::Array(items) => format!("{:?}", items.iter().map(sorted).collect::<Vec<_>>()),
        other => other.to_string(),
    }
}

#[test]
fn values_are_compared_by_what_they_mean() {
    let text = |text: &str| Value::from(text);
    let both = |one: &str, other: &str, kind: &str| {
        same(&cell(&text(one), kind, false), &cell(&text(other), kind, false), kind)
    };
    assert!(both("10.50", "10.5", "DECIMAL") && both("1e2", "100", "INT8") && !both("1", "2", "INT4"));
    assert!(both("0.1", "0.10000000000000001", "FLOAT8") && !both("0.1", "0.1000001", "FLOAT8"));
    assert!(both("t", "true", "BOOL") && both("2024-01-01 08:00:00+08:00", "2024-01-01T00:00:00Z", "TIMESTAMPTZ"));
    assert!(both("\\x6162", "ab", "BYTES") && both("a  b ", "a b", "VARCHAR") && both("NULL", "NULL", "INT4"));
    assert!(both("{\"a\": 1, \"b\": 2}", "{\"b\":2,\"a\":1}", "JSONB"));
}
