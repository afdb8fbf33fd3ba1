//! Bytes and UUIDs as text.

use crate::error::worded;
use model::Result;

/// Bytes for an error text: as text where they are, else `\x` and hexadecimal.
pub(crate) fn shown(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("\\x{}", bytes.iter().map(|b| format!("{b:02x}")).collect::<String>()),
    }
}

/// The bytes that a string stands for: `\x6162`, `\x61\x62` (series tables), or its own bytes.
///
/// # Errors
/// What begins with `\x` and is no hexadecimal, in a relational table.
pub(crate) fn parse(text: &str, series: bool) -> Result<Vec<u8>> {
    let Some(digits) = text.strip_prefix("\\x") else { return Ok(text.as_bytes().to_vec()) };
    if let Some(bytes) = hexadecimal(digits) {
        return Ok(bytes);
    }
    if series {
        let escaped =
            digits.split("\\x").map(|pair| hexadecimal(pair).filter(|b| b.len() == 1)).collect::<Option<Vec<_>>>();
        return Ok(escaped.map_or_else(|| text.as_bytes().to_vec(), |bytes| bytes.concat()));
    }
    let wrong = digits.chars().find(|c| !c.is_ascii_hexdigit());
    let reason = match wrong {
        Some(c) => format!("invalid byte: U+{:04X} '{c}'", u32::from(c)),
        None => "odd length hex string".to_owned(),
    };
    Err(worded(format!("could not parse \"{text}\" as type bytes: encoding/hex: {reason}")))
}

fn hexadecimal(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) || !digits.is_ascii() {
        return None;
    }
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()).collect()
}

/// A UUID: 32 hexadecimal digits, with or without dashes and braces.
pub(crate) fn uuid(text: &str) -> Option<[u8; 16]> {
    let text = text.trim();
    let bare = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or(text);
    let bare = bare.strip_prefix("urn:uuid:").unwrap_or(bare);
    let digits: String = bare.chars().filter(|c| *c != '-').collect();
    hexadecimal(&digits)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::{parse, uuid};

    #[test]
    fn bytes_of_text() {
        assert_eq!(parse("ab", true).unwrap(), b"ab");
        assert_eq!(parse("\\x6162", true).unwrap(), b"ab");
        assert_eq!(parse("\\x61\\x62", true).unwrap(), b"ab");
        assert_eq!(parse("\\xzz", true).unwrap(), b"\\xzz");
        let error = parse("\\xe4\\xb8", false).unwrap_err().to_string();
        assert!(error.contains("as type bytes: encoding/hex: invalid byte: U+005C '\\'"), "{error}");
        assert!(parse("\\x616", false).is_err());
        assert!(parse("\\xé", true).is_ok());
    }

    #[test]
    fn uuids() {
        let expected =
            Some([0x12, 0x3e, 0x45, 0x67, 0xe8, 0x9b, 0x12, 0xd3, 0xa4, 0x56, 0x42, 0x66, 0x14, 0x17, 0x40, 0x00]);
        assert_eq!(uuid("123e4567-e89b-12d3-a456-426614174000"), expected);
        assert_eq!(uuid("{123E4567E89B12D3A456426614174000}"), expected);
        assert_eq!(uuid("123"), None);
    }
}
