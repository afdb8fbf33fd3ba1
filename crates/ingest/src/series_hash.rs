//! The value that stands for a set of tags where a table's key is one text: the SHA-256 of the
//! tags' texts, sorted bytewise and joined without anything between, in 64 lower-case digits.
//!
//! How one tag is spelled in it is the door's law, and stored in every row: it never changes.

use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fmt::Write;

/// The hash of tags that are spelled already.
#[must_use]
pub fn series_hash(mut tags: Vec<Cow<'_, str>>) -> String {
    tags.sort_unstable();
    let mut hash = Sha256::new();
    for tag in &tags {
        hash.update(tag.as_bytes());
    }
    hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// `name=value` with the escapes that line protocol needs and no others, so that tags written with
/// idle escapes are the same tags.
#[must_use]
pub fn escaped_tag(name: &str, value: &str) -> String {
    let mut text = String::with_capacity(name.len() + value.len() + 1);
    push_escaped(&mut text, name);
    text.push('=');
    push_escaped(&mut text, value);
    text
}

fn push_escaped(text: &mut String, part: &str) {
    for character in part.chars() {
        if matches!(character, ',' | '=' | ' ') {
            text.push('\\');
        }
        text.push(character);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(tags: &[&str]) -> String {
        series_hash(tags.iter().map(|tag| Cow::Borrowed(*tag)).collect())
    }

    #[test]
    fn known_values() {
        for (tags, expected) in [
            (&["tag1=iotpc01"][..], "7ec78703182df4f0a72fa3b8d1abaae021ff1ff8a66f8fadf0534f09099739cf"),
            (&[], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (&["tag2=value2", "tag1=value1"], "87b04542a0fa1ed4e02fbce680173adbbd81678e2e400dbeb04c8dc5ae5f3d13"),
            (&["location=Beijing"], "63b57ced95fbb517002b8e2a80b4500ea2679fa06dcb859a80a2593562994475"),
            (&["groupid='3'"], "32137862b4162d271e2cd50990d4e1f4dd61444264fc49dc9567f62a3b5d746c"),
            (&["host='kaiwudb01'"], "e5d90e9d5a35edf70b4edf0ce0d4c16c44448e74466644086fc6f94e6c421b9f"),
            (&["host=15"], "3acc4dcaa49696f23c82892b5fc9191e76d355136c48fe5fabe34ee80c564988"),
        ] {
            assert_eq!(hash(tags), expected, "{tags:?}");
        }
    }

    #[test]
    fn a_tag_is_spelled_with_the_escapes_that_it_needs() {
        assert_eq!(escaped_tag("a b", "c,d=e"), r"a\ b=c\,d\=e");
        assert_eq!(escaped_tag("plain", r"back\slash"), r"plain=back\slash");
    }
}
