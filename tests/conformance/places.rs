//! Lines and columns that error texts name. In a renamed request what stood there stands elsewhere:
//! a place is looked up token by token in the text as it was printed and as it was sent.

use super::tokens::tokens;
use regex::{Captures, Regex};
use serde_json::Value;
use std::sync::LazyLock;

static PLACE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\bline (\d+)(?:(?::|, column | column )(\d+))?").unwrap());

/// What stands for a place in a text from which the places are taken.
const TAKEN: &str = "@";

/// A place in a text, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    line: usize,
    column: Option<usize>,
}

/// A text without the places that it names, and those.
pub(crate) fn places(text: &str) -> (String, Vec<Place>) {
    let mut found = Vec::new();
    let rest = PLACE.replace_all(text, |captures: &Captures<'_>| {
        let number = |index: usize| captures.get(index).map(|digits| digits.as_str().parse().unwrap_or(0));
        found.push(Place { line: number(1).unwrap_or(0), column: number(2) });
        TAKEN
    });
    (rest.into_owned(), found)
}

/// The text of a request that places are in, as it was printed and as it was sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moved {
    printed: String,
    sent: String,
}

impl Moved {
    pub(crate) fn new(printed: &[u8], sent: &[u8]) -> Self {
        Self { printed: statement(printed), sent: statement(sent) }
    }

    /// Whether a place of the sent text is where a place of the printed text went.
    pub(crate) fn is_place(&self, printed: Place, sent: Place) -> bool {
        let Some(column) = printed.column else { return printed == sent };
        let Some(at) = offset(&self.printed, printed.line, column) else { return printed == sent };
        let found = sent.column.and_then(|column| offset(&self.sent, sent.line, column));
        found.is_some_and(|found| self.moved(at).contains(&found))
    }

    /// Where a character went: the beginning of a word to its beginning, the end to its end, and
    /// anything between, of which no parser speaks, as far from the beginning.
    fn moved(&self, at: usize) -> Vec<usize> {
        let (mut from, mut to) = (0, 0);
        for (old, new) in tokens(&self.printed).into_iter().zip(tokens(&self.sent)) {
            let (old, new) = (old.text().chars().count(), new.text().chars().count());
            if at < from + old {
                let mut found = vec![to + at - from];
                if at + 1 == from + old {
                    found.push(to + new - 1);
                }
                return found;
            }
            (from, to) = (from + old, to + new);
        }
        vec![to + at - from]
    }
}

/// What a body's places are in: the statement, if it is JSON around one.
fn statement(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body).into_owned();
    let json: Option<Value> = serde_json::from_str(&text).ok();
    let inner = json.as_ref().and_then(|json| ["sql", "query"].iter().find_map(|key| json.get(key)?.as_str()));
    inner.map_or(text, str::to_owned)
}

/// How many characters stand before a place; up to the end of the text counts.
fn offset(text: &str, line: usize, column: usize) -> Option<usize> {
    let before: usize = text.split('\n').take(line.checked_sub(1)?).map(|line| line.chars().count() + 1).sum();
    let at = before + column.checked_sub(1)?;
    (text.split('\n').nth(line - 1).is_some() && at <= text.chars().count()).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::{Moved, Place, places};

    fn place(line: usize, column: usize) -> Place {
        Place { line, column: Some(column) }
    }

    #[test]
    fn places_are_found_in_every_vendors_words() {
        let (rest, found) = places("syntax error (line 1, column 41), line 2:7: x at line 3 column 15 (line 4)");
        assert_eq!(rest, "syntax error (@), @: x at @ (@)");
        assert_eq!(found, [place(1, 41), place(2, 7), place(3, 15), Place { line: 4, column: None }]);
        assert_eq!(places("outline 5").1, []);
    }

    #[test]
    fn a_place_moves_with_its_word() {
        let moved = Moved::new(b"select a\nfrom meters frob", b"select abcq\nfrom wxyzwx frobq");
        assert!(moved.is_place(place(2, 13), place(2, 13)) && !moved.is_place(place(2, 13), place(2, 12)));
        let moved = Moved::new(b"drop b c from t", b"drop bbbb cccc from tttt");
        assert!(moved.is_place(place(1, 8), place(1, 11)) && !moved.is_place(place(1, 8), place(1, 8)));
        assert!(moved.is_place(place(1, 16), place(1, 25)), "the end");
        assert!(!moved.is_place(place(1, 8), Place { line: 1, column: None }));
        let json =
            Moved::new(br#"{"database":"d","sql":"select a b"}"#, br#"{"database":"dddd","sql":"select aaaa bbbb"}"#);
        assert!(json.is_place(place(1, 10), place(1, 13)));
    }
}
