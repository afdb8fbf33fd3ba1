//! Names and values in the text of an error, cut where they are long: whoever sends a name of a
//! megabyte does not get a megabyte back.

use std::borrow::Cow;

/// The most characters of one quoted name or value.
const QUOTED_MAX: usize = 200;
/// The most characters of a whole text.
const TEXT_MAX: usize = 2_000;
const ELLIPSIS: char = '…';

/// A text with every long name or value in quotes cut, and its own end too where it is still long.
#[must_use]
pub fn shortened(text: &str) -> Cow<'_, str> {
    if text.len() <= QUOTED_MAX {
        return Cow::Borrowed(text);
    }
    let mut short = String::with_capacity(TEXT_MAX);
    let mut rest = text;
    // Quotes within a long value only make its pieces: the end of the text bounds them all.
    while let Some((before, quote, behind)) = opened(rest) {
        short.push_str(before);
        short.push(quote);
        let (inside, closed) = match behind.split_once(quote) {
            Some((inside, behind)) => {
                rest = behind;
                (inside, true)
            }
            None => {
                rest = "";
                (behind, false)
            }
        };
        push_cut(&mut short, inside, QUOTED_MAX);
        if closed {
            short.push(quote);
        }
    }
    short.push_str(rest);
    let mut whole = String::with_capacity(short.len().min(TEXT_MAX));
    push_cut(&mut whole, &short, TEXT_MAX);
    Cow::Owned(whole)
}

fn push_cut(out: &mut String, text: &str, most: usize) {
    match text.char_indices().nth(most) {
        Some((end, _)) => {
            out.push_str(text.get(..end).unwrap_or_default());
            out.push(ELLIPSIS);
        }
        None => out.push_str(text),
    }
}

/// What stands before the next quote that opens, that quote, and what stands behind it. An
/// apostrophe inside a word opens nothing.
fn opened(text: &str) -> Option<(&str, char, &str)> {
    let mut previous = ' ';
    for (index, quote) in text.char_indices() {
        if matches!(quote, '"' | '\'') && !previous.is_alphanumeric() {
            return Some((text.get(..index)?, quote, text.get(index + 1..)?));
        }
        previous = quote;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn short_texts_stay() {
        for text in ["", "it doesn't exist: \"a\"", "value 'x' too long"] {
            assert_eq!(shortened(text), text);
        }
    }

    #[test]
    fn names_are_cut_and_what_stands_around_them_stays() {
        let name = "é".repeat(1_000_000);
        let text = format!("relation \"{name}\" doesn't exist in '{name}' (column c)");
        let cut = "é".repeat(200);
        assert_eq!(shortened(&text), format!("relation \"{cut}…\" doesn't exist in '{cut}…' (column c)"));
    }

    #[test]
    fn what_holds_quotes_or_none_is_bounded_too() {
        for text in ["a".repeat(1_000_000), "\"".repeat(1_000_000), format!("'{}", "x' '".repeat(500_000))] {
            assert!(shortened(&text).chars().count() <= 2_001);
        }
    }
}
