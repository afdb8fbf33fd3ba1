//! Quoted text to what it means: doubled quotes and backslash escapes resolved.

use std::borrow::Cow;

/// What a backslash inside a string does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Escapes {
    /// It is a character like any other.
    None,
    /// `\n`, `\r` and `\t` only; `\%` and `\_` keep it for patterns, anything else loses it.
    Few,
    /// Those of C, with digits too.
    All,
}

/// Takes the quotes off and resolves doubled quotes, and escapes if the string has them. `None` for
/// an escape without its digits, or one that makes no UTF-8.
pub(crate) fn cook_string(quoted: &str, escapes: Escapes) -> Option<Cow<'_, str>> {
    let (quote, inner) = strip(quoted)?;
    let has_quote = inner.as_bytes().contains(&quote);
    let has_escape = escapes != Escapes::None && inner.as_bytes().contains(&b'\\');
    if !has_quote && !has_escape {
        return Some(Cow::Borrowed(inner));
    }
    let bytes = unescape(inner, quote, escapes)?;
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// Bytes with escapes: `'\xaa\n'`.
pub(crate) fn cook_bytes(quoted: &str) -> Option<Vec<u8>> {
    let (quote, inner) = strip(quoted)?;
    unescape(inner, quote, Escapes::All)
}

/// Bytes as pairs of hexadecimal digits.
pub(crate) fn cook_hexadecimal(quoted: &str) -> Option<Vec<u8>> {
    let (_, inner) = strip(quoted)?;
    if !inner.len().is_multiple_of(2) || !inner.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    inner.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

fn strip(quoted: &str) -> Option<(u8, &str)> {
    let quote = *quoted.as_bytes().first()?;
    let inner = quoted.get(1..quoted.len().checked_sub(1)?)?;
    Some((quote, inner))
}

fn unescape(inner: &str, quote: u8, escapes: Escapes) -> Option<Vec<u8>> {
    let bytes = inner.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        if byte == quote {
            // The tokenizer lets a quote inside only when it is doubled.
            at += 1;
            out.push(quote);
        } else if byte == b'\\' && escapes == Escapes::All {
            at = escape(inner, at, &mut out)?;
        } else if byte == b'\\' && escapes == Escapes::Few {
            let escaped = *bytes.get(at)?;
            at += 1;
            match escaped {
                b'n' => out.push(b'\n'),
                b'r' => out.push(b'\r'),
                b't' => out.push(b'\t'),
                b'%' | b'_' => out.extend([b'\\', escaped]),
                other => out.push(other),
            }
        } else {
            out.push(byte);
        }
    }
    Some(out)
}

/// Resolves the escape whose first byte behind the backslash is at `at`; where the text goes on.
fn escape(inner: &str, at: usize, out: &mut Vec<u8>) -> Option<usize> {
    let digits = |from: usize, count: usize, radix: u32| -> Option<u32> {
        let text = inner.get(from..from + count)?;
        text.bytes().all(|b| char::from(b).is_digit(radix)).then(|| u32::from_str_radix(text, radix).ok())?
    };
    let byte = *inner.as_bytes().get(at)?;
    let simple = match byte {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b'x' | b'X' => {
            out.push(u8::try_from(digits(at + 1, 2, 16)?).ok()?);
            return Some(at + 3);
        }
        b'u' | b'U' => {
            let count = if byte == b'u' { 4 } else { 8 };
            let character = char::from_u32(digits(at + 1, count, 16)?)?;
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            return Some(at + 1 + count);
        }
        b'0'..=b'7' if digits(at, 3, 8).is_some() => {
            out.push(u8::try_from(digits(at, 3, 8)?).ok()?);
            return Some(at + 3);
        }
        // A backslash before anything else says nothing and is dropped.
        _ => byte,
    };
    out.push(simple);
    Some(at + 1)
}

#[cfg(test)]
mod tests {
    use super::{Escapes, cook_bytes, cook_hexadecimal, cook_string};

    #[test]
    fn quotes_and_escapes_are_resolved() {
        assert_eq!(cook_string("'it''s'", Escapes::None).as_deref(), Some("it's"));
        assert_eq!(cook_string(r"'a\n'", Escapes::None).as_deref(), Some(r"a\n"));
        assert_eq!(cook_string(r"'a\n\x41\101\u4e2d'", Escapes::All).as_deref(), Some("a\nAA中"));
        assert_eq!(cook_string(r"'\q\'\0'", Escapes::All).as_deref(), Some("q'0"));
        assert_eq!(cook_string(r"'\xq0'", Escapes::All), None);
        assert_eq!(cook_string(r"'\xff'", Escapes::All), None);
        assert_eq!(cook_string(r"'a\n\x4\q\%\'\\'", Escapes::Few).as_deref(), Some("a\nx4q\\%'\\"));
        assert_eq!(cook_bytes(r"'\xff\0012'"), Some(vec![0xff, 1, b'2']));
        assert_eq!(cook_hexadecimal("'0aFF'"), Some(vec![10, 255]));
        assert_eq!(cook_hexadecimal("'0aF'"), None);
    }
}
