//! The `filter` of lists: conditions on names, joined by AND.
//!
//! `name = "cpu*"` (a star stands for anything), `name LIKE "a%"` (with `_` for one character).

use crate::error::{Answer, Failure};

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Condition {
    Equals(String),
    Like(String),
}

/// What names a list holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    conditions: Vec<Condition>,
}

fn bad() -> Failure {
    let message = "a filter is made of name = \"x*\" and name LIKE \"x%\", joined by AND";
    Failure::bad("INVALID_FILTER", message).about("filter", "INVALID")
}

fn keyword<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (head, rest) = (text.get(..word.len())?, text.get(word.len()..)?);
    (head.eq_ignore_ascii_case(word) && !rest.starts_with(|c: char| c.is_alphanumeric())).then(|| rest.trim_start())
}

fn string(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (inner, rest) = text.get(1..)?.split_once(quote)?;
    Some((inner.to_owned(), rest.trim_start()))
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// 400.
    pub(crate) fn parse(text: &str) -> Answer<Self> {
        let mut filter = Self::default();
        let mut rest = text.trim();
        loop {
            let behind = keyword(rest, "name").ok_or_else(bad)?;
            let (condition, behind): (fn(String) -> Condition, &str) = match behind.strip_prefix('=') {
                Some(behind) => (Condition::Equals, behind.trim_start()),
                None => (Condition::Like, keyword(behind, "like").ok_or_else(bad)?),
            };
            let (pattern, behind) = string(behind).ok_or_else(bad)?;
            filter.conditions.push(condition(pattern));
            if behind.is_empty() {
                return Ok(filter);
            }
            rest = keyword(behind, "and").ok_or_else(bad)?;
        }
    }

    /// Whether a name fulfils it.
    pub(crate) fn takes(&self, name: &str) -> bool {
        self.conditions.iter().all(|condition| match condition {
            Condition::Equals(pattern) => matches(pattern, name, '*', None),
            Condition::Like(pattern) => like(pattern, name),
        })
    }
}

/// Whether a name is like a pattern with `%` and `_`.
pub(crate) fn like(pattern: &str, name: &str) -> bool {
    matches(pattern, name, '%', Some('_'))
}

/// Whether a text is a pattern in which one character stands for any text and another for any one
/// character.
fn matches(pattern: &str, text: &str, many: char, one: Option<char>) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last `many` stood, and how much of the text it has taken.
    let mut last: Option<(usize, usize)> = None;
    while let Some(character) = text.get(t) {
        match pattern.get(p) {
            Some(wild) if *wild == many => {
                last = Some((p + 1, t));
                p += 1;
            }
            Some(same) if same == character || Some(*same) == one => {
                p += 1;
                t += 1;
            }
            _ => match last {
                Some((behind, taken)) => {
                    last = Some((behind, taken + 1));
                    (p, t) = (behind, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|rest| *rest == many)
}

#[cfg(test)]
mod tests {
    use super::{Filter, like};

    #[test]
    fn conditions_are_joined_by_and() {
        let filter = Filter::parse("name = \"cpu*\" AND NAME like '%_x'").unwrap();
        for (name, takes) in [("cpu_ax", true), ("cpux", true), ("cpu", false), ("mem_x", false), ("cpu*x", true)] {
            assert_eq!(filter.takes(name), takes, "{name}");
        }
        for bad in ["", "name", "name = cpu", "size > 1", "name = 'a' OR name = 'b'", "name = 'a' AND", "names = 'a'"] {
            assert_eq!(Filter::parse(bad).unwrap_err().reason, "INVALID_FILTER", "{bad}");
        }
    }

    #[test]
    fn wild_characters() {
        for (pattern, name, takes) in [
            ("%", "", true),
            ("a%b%c", "axxbyyc", true),
            ("a%b%c", "axxc", false),
            ("_", "é", true),
            ("a_", "a", false),
        ] {
            assert_eq!(like(pattern, name), takes, "{pattern} {name}");
        }
    }
}
