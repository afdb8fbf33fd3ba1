//! The words of a dialect that are no names.

/// Words that are no name unless they are quoted, in lower case and sorted.
#[derive(Clone, Copy, Debug)]
pub struct ReservedWords(&'static [&'static str]);

impl ReservedWords {
    /// A list in lower case and in order; any other does not compile where it is a constant.
    #[must_use]
    pub const fn new(words: &'static [&'static str]) -> Self {
        let mut at = 1;
        while at < words.len() {
            assert!(is_before(words[at - 1].as_bytes(), words[at].as_bytes()), "reserved words are sorted");
            at += 1;
        }
        Self(words)
    }

    /// Whether a word, in any case, is one of them.
    #[must_use]
    pub fn contains(&self, word: &str) -> bool {
        self.0.binary_search_by(|reserved| reserved.bytes().cmp(word.bytes().map(|b| b.to_ascii_lowercase()))).is_ok()
    }

    /// All of them in order.
    pub fn iter(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().copied()
    }
}

const fn is_before(left: &[u8], right: &[u8]) -> bool {
    let mut at = 0;
    while at < left.len() && at < right.len() {
        if left[at] != right[at] {
            return left[at] < right[at];
        }
        at += 1;
    }
    left.len() < right.len()
}

#[cfg(test)]
mod tests {
    use super::{ReservedWords, is_before};

    const WORDS: ReservedWords = ReservedWords::new(&["as", "asc", "select", "state_window"]);

    #[test]
    fn words_are_found_in_any_case() {
        assert!(["as", "ASC", "Select", "State_Window"].into_iter().all(|word| WORDS.contains(word)));
        assert!(["", "a", "sel", "selected", "sélect"].into_iter().all(|word| !WORDS.contains(word)));
        assert_eq!(WORDS.iter().count(), 4);
    }

    #[test]
    fn the_order_is_that_of_the_search() {
        for (left, right) in [("as", "asc"), ("date", "date_bin"), ("date_bin", "dated"), ("a", "b")] {
            assert!(left < right && is_before(left.as_bytes(), right.as_bytes()), "{left} {right}");
            assert!(!is_before(right.as_bytes(), left.as_bytes()), "{left} {right}");
        }
        assert!(!is_before(b"as", b"as"));
    }

    #[test]
    #[should_panic(expected = "sorted")]
    fn a_list_out_of_order_is_refused() {
        let _ = ReservedWords::new(&["b", "a"]);
    }
}
