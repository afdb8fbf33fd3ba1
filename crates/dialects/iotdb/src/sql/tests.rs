//! Any text at all is either a statement or an error with a place; never a panic.

use super::parse;
use proptest::prelude::*;

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,60}") {
        if let Err(failure) = parse(&text, 1 << 20) {
            prop_assert!(failure.code >= 300);
        }
    }

    #[test]
    fn any_words_are_read_or_refused(words in proptest::collection::vec(word(), 0..12)) {
        let _ = parse(&words.join(" "), 1 << 20);
    }
}

fn word() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "select",
        "from",
        "where",
        "insert",
        "into",
        "values",
        "create",
        "table",
        "database",
        "alter",
        "drop",
        "column",
        "tag",
        "time",
        "(",
        ")",
        ",",
        ".",
        "*",
        "=",
        "'x'",
        "1d",
        "2024-01-01",
        "5",
        "date_bin",
        "extract",
        "t",
        "\"q\"",
        "order",
        "by",
        "limit",
        "grant",
        "on",
        "to",
        "user",
        "show",
        "devices",
        "delete",
        "update",
        "set",
        "with",
        "as",
    ])
}
