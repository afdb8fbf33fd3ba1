//! JSON strings written straight into a body: rows are too many for a tree of values.

/// Appends a JSON string: quotes, backslashes and control characters are escaped, nothing else.
pub fn push_string(out: &mut Vec<u8>, text: &str) {
    push_escaped(out, text, |_| false, numbered);
}

/// Appends a JSON string in which more is escaped: every character whose first byte is `also`. How
/// these and control characters without a letter of their own are written, `escape` says.
pub fn push_escaped(out: &mut Vec<u8>, text: &str, also: impl Fn(u8) -> bool, escape: impl Fn(char) -> String) {
    out.push(b'"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f) || also(byte)) {
        let Some((plain, tail)) = rest.split_at_checked(at) else { break };
        out.extend_from_slice(plain.as_bytes());
        let mut characters = tail.chars();
        match characters.next() {
            Some('"') => out.extend_from_slice(b"\\\""),
            Some('\\') => out.extend_from_slice(b"\\\\"),
            Some('\n') => out.extend_from_slice(b"\\n"),
            Some('\r') => out.extend_from_slice(b"\\r"),
            Some('\t') => out.extend_from_slice(b"\\t"),
            Some(other) => out.extend_from_slice(escape(other).as_bytes()),
            None => {}
        }
        rest = characters.as_str();
    }
    out.extend_from_slice(rest.as_bytes());
    out.push(b'"');
}

/// `\u` and the character's number in four digits.
#[must_use]
pub fn numbered(character: char) -> String {
    format!("\\u{:04x}", u32::from(character))
}

#[cfg(test)]
mod tests {
    use super::{numbered, push_escaped, push_string};
    use proptest::prelude::*;

    fn written(push: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        push(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_has_to_be_is_escaped_and_no_more() {
        let text = "a\"\\\n\r\t\u{1}\u{7f}é😀/";
        assert_eq!(written(|out| push_string(out, text)), "\"a\\\"\\\\\\n\\r\\t\\u0001\u{7f}é😀/\"");
        let more = written(|out| push_escaped(out, text, |byte| byte == 0x7f, numbered));
        assert_eq!(more, "\"a\\\"\\\\\\n\\r\\t\\u0001\\u007fé😀/\"");
    }

    proptest! {
        #[test]
        fn every_text_reads_back(text in "\\PC*|[\\x00-\\x7f]{0,20}") {
            let plain = written(|out| push_string(out, &text));
            prop_assert_eq!(&serde_json::from_str::<String>(&plain).unwrap(), &text);
            let more = written(|out| push_escaped(out, &text, |byte| byte == 0x7f, numbered));
            prop_assert_eq!(serde_json::from_str::<String>(&more).unwrap(), text);
        }
    }
}
