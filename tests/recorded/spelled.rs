//! JSON whose numbers keep their spelling: 22.0 is not 22, and no digit is lost.

use serde_json::Value;

/// Stands before a number's text, so that it is equal to no JSON text.
pub(crate) const NUMBER: char = '\u{1}';

/// Reads JSON; each number becomes a text that begins with [`NUMBER`].
pub(crate) fn spelled(text: &str) -> Option<Value> {
    serde_json::from_str::<serde::de::IgnoredAny>(text).ok()?;
    let mut marked = String::with_capacity(text.len());
    let (mut in_text, mut in_number, mut escaped) = (false, false, false);
    for c in text.chars() {
        if in_number && !(c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-')) {
            marked.push('"');
            in_number = false;
        }
        if !in_text && !in_number && (c.is_ascii_digit() || c == '-') {
            marked.push_str("\"\\u0001");
            in_number = true;
        }
        if c == '"' && !escaped {
            in_text = !in_text;
        }
        escaped = in_text && c == '\\' && !escaped;
        marked.push(c);
    }
    if in_number {
        marked.push('"');
    }
    serde_json::from_str(&marked).ok()
}

/// A number's text.
pub(crate) fn number(value: &Value) -> Option<&str> {
    value.as_str()?.strip_prefix(NUMBER)
}

#[test]
fn numbers_keep_their_spelling_and_texts_stay() {
    let read = spelled(r#"{"a":[22.0,-1e3,"7 \" 8\\"],"b":22,"c":null}"#).unwrap();
    assert_eq!(number(&read["a"][0]), Some("22.0"));
    assert_eq!(number(&read["a"][1]), Some("-1e3"));
    assert_eq!(read["a"][2], "7 \" 8\\");
    assert_ne!(read["b"], read["a"][0]);
    assert!(spelled("{").is_none() && number(&spelled("5").unwrap()) == Some("5"));
}
