//! The same cases with every name, text, time and number replaced by others, in whatever grammar
//! they are written. What must stay is listed with its reason: see `fixed`.
//!
//! New words sort as the old ones do, and so do new numbers; times move by whole weeks, so that
//! windows keep their edges. Upper and lower case are kept letter by letter.

use super::case::Case;
use super::fixed::Fixed;
use super::request::map_request;
use super::tokens::{Token, tokens};
use jiff::civil::Date;
use jiff::{Span, ToSpan};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// One way to rename the cases of a suite.
#[derive(Debug)]
pub(crate) struct Renaming {
    fixed: Fixed,
    words: BTreeMap<String, String>,
    /// The numbers that the requests hold, in their shortest form.
    numbers: HashSet<String>,
    /// What is added to every number.
    shift: u64,
    /// How many days times move.
    days: i64,
}

impl Renaming {
    pub(crate) fn new(seed: u64, cases: &[Case], fixed: &Fixed) -> Self {
        let mut random = Random(seed.wrapping_mul(0x2545_F491_4F6C_DD1D) ^ 0x5851_F42D);
        let (words, numbers) = found_in(cases, fixed);
        Self {
            words: replacements(&words, fixed, &mut random),
            numbers,
            shift: 1 + random.below(9),
            days: 7 * (1 + i64::try_from(random.below(150)).unwrap()),
            fixed: fixed.clone(),
        }
    }

    /// The case under other names; its expectation stays as written, for [`super::judge`].
    ///
    /// # Panics
    /// If anything stayed that is not listed.
    pub(crate) fn apply(&self, case: &Case) -> Case {
        map_request(case, &self.fixed, &mut |text| {
            let renamed = self.text(text);
            self.assert_changed(text, &renamed, &case.name);
            renamed
        })
    }

    /// Whether a text of an answer is what a text of the expectation becomes, or begins so.
    pub(crate) fn is_text(&self, expected: &str, found: &str, is_prefix: bool) -> bool {
        let (expected, found) = (tokens(expected), tokens(found));
        let enough = if is_prefix { expected.len() <= found.len() } else { expected.len() == found.len() };
        let same = |(expected, found): (&Token<'_>, &Token<'_>)| match (expected, found) {
            (Token::Number(expected), Token::Number(found)) => self.is_number_in_text(expected, found),
            _ => self.token(*expected) == found.text(),
        };
        enough && expected.iter().zip(&found).all(same)
    }

    /// Whether a number of an answer is what a number of the expectation becomes. A number that no
    /// request holds was worked out, and may be any; a count stays what it is.
    pub(crate) fn is_number(&self, expected: &str, found: &str, key: &str) -> bool {
        let is_count = self.fixed.counts.contains(&key.to_lowercase());
        let (unsigned, sign) = expected.strip_prefix('-').map_or((expected, ""), |rest| (rest, "-"));
        let is_data = self.numbers.contains(&shortest(unsigned));
        (is_data || epoch_unit(unsigned).is_some()) && same_number(&format!("{sign}{}", self.number(unsigned)), found)
            || is_count && same_number(expected, found)
            || !is_count && !is_data && epoch_unit(unsigned).is_none()
    }

    /// The same of a number inside a text: there nothing is worked out from other numbers.
    fn is_number_in_text(&self, expected: &str, found: &str) -> bool {
        if self.numbers.contains(&shortest(expected)) || epoch_unit(expected).is_some() {
            return same_number(&self.number(expected), found);
        }
        expected == found
    }

    fn text(&self, text: &str) -> String {
        tokens(text).into_iter().map(|token| self.token(token)).collect()
    }

    fn token(&self, token: Token<'_>) -> String {
        match token {
            Token::Word(word) => match self.words.get(&word.to_lowercase()) {
                Some(renamed) => in_case_of(word, renamed),
                None => word.to_owned(),
            },
            Token::Number(number) => self.number(number),
            Token::Moment(moment) => {
                let moved = moment[..10].parse::<Date>().ok().and_then(|date| date.checked_add(self.span()).ok());
                moved.map_or_else(|| moment.to_owned(), |date| format!("{date}{}", &moment[10..]))
            }
            Token::Address(address) => {
                let (network, host) = address.rsplit_once('.').unwrap();
                let host = host.parse::<u64>().unwrap_or(0);
                format!("{network}.{}", (host + self.shift) % 256)
            }
            Token::Other(text) => text.to_owned(),
        }
    }

    fn span(&self) -> Span {
        self.days.days()
    }

    /// A number by its place in time, if it looks like one, else a little greater.
    fn number(&self, number: &str) -> String {
        if self.fixed.numbers.contains(number) {
            return number.to_owned();
        }
        if let Some(unit) = epoch_unit(number) {
            let moved = number.parse::<i128>().unwrap() + i128::from(self.days) * 86_400 * unit;
            return moved.to_string();
        }
        let whole = number.find(['.', 'e', 'E']).unwrap_or(number.len());
        match number[..whole].parse::<u64>().ok().and_then(|value| value.checked_add(self.shift)) {
            Some(shifted) => format!("{shifted:0whole$}{}", &number[whole..]),
            None => number.to_owned(),
        }
    }

    /// Fails if a piece of a request stayed as it was and is not listed.
    fn assert_changed(&self, before: &str, after: &str, case: &str) {
        let (before, after) = (tokens(before), tokens(after));
        assert_eq!(before.len(), after.len(), "{case}: a new name is not one word");
        for (old, new) in before.iter().zip(&after) {
            let may_stay = match old {
                Token::Word(word) => self.fixed.words.contains(&word.to_lowercase()),
                Token::Number(number) => self.fixed.numbers.contains(*number),
                Token::Moment(_) | Token::Address(_) => false,
                Token::Other(_) => true,
            };
            assert!(may_stay || old != new, "{case}: {:?} stayed and is in no fixed-words.txt", old.text());
        }
    }
}

/// The words and numbers of all requests that do not stay.
fn found_in(cases: &[Case], fixed: &Fixed) -> (BTreeSet<String>, HashSet<String>) {
    let (words, numbers) = (RefCell::new(BTreeSet::new()), RefCell::new(HashSet::new()));
    for case in cases {
        map_request(case, fixed, &mut |text| {
            for token in tokens(text) {
                match token {
                    Token::Word(word) if !fixed.words.contains(&word.to_lowercase()) => {
                        words.borrow_mut().insert(word.to_lowercase());
                    }
                    Token::Number(number) if !fixed.numbers.contains(number) => {
                        numbers.borrow_mut().insert(shortest(number));
                    }
                    _ => {}
                }
            }
            text.to_owned()
        });
    }
    (words.into_inner(), numbers.into_inner())
}

/// A new word for each, in the same order. Four letters of which the last is no English word's end
/// keep them apart from every grammar's words; more letters where the old word was longer.
fn replacements(words: &BTreeSet<String>, fixed: &Fixed, random: &mut Random) -> BTreeMap<String, String> {
    const LETTERS: u64 = 26 * 26 * 26;
    let room = LETTERS / (words.len() as u64 + 1);
    assert!(room >= 2, "too many words to rename in order");
    let mut renamed = BTreeMap::new();
    for (index, word) in words.iter().enumerate() {
        let rank = index as u64 * room + random.below(room);
        let letter = |power: u32| char::from(b'a' + u8::try_from(rank / 26_u64.pow(power) % 26).unwrap());
        let mut new: String = [letter(2), letter(1), letter(0), 'q'].into_iter().collect();
        while new.len() < word.len() {
            new.push(char::from(b'a' + u8::try_from(random.below(26)).unwrap()));
        }
        if word.starts_with('_') {
            new.insert(0, '_');
        }
        if !word.is_ascii() {
            new.push('数');
        }
        assert!(!fixed.words.contains(&new) && !words.contains(&new), "{new} is taken: choose another seed");
        renamed.insert(word.clone(), new);
    }
    renamed
}

/// A new word in the letters' case of the old one.
fn in_case_of(old: &str, new: &str) -> String {
    let upper: Vec<bool> = old.chars().map(char::is_uppercase).collect();
    let is_upper = |index: usize| upper.get(index).or(upper.last()).copied().unwrap_or(false);
    new.chars().enumerate().map(|(index, c)| if is_upper(index) { c.to_ascii_uppercase() } else { c }).collect()
}

/// How many of its unit a second has, for a whole number that looks like a time since 1970.
fn epoch_unit(number: &str) -> Option<i128> {
    let unit = match number.len() {
        10 => 1,
        13 => 1_000,
        16 => 1_000_000,
        19 => 1_000_000_000,
        _ => return None,
    };
    let seconds = number.parse::<i128>().ok()? / unit;
    (1_000_000_000..2_000_000_000).contains(&seconds).then_some(unit)
}

fn same_number(one: &str, other: &str) -> bool {
    shortest(one) == shortest(other)
}

/// A number without what does not change its value.
fn shortest(number: &str) -> String {
    if number.contains(['e', 'E']) {
        return number.parse::<f64>().map_or_else(|_| number.to_owned(), |value| shortest(&value.to_string()));
    }
    match number.split_once('.') {
        Some((whole, fraction)) if fraction.trim_end_matches('0').is_empty() => whole.to_owned(),
        Some((whole, fraction)) => format!("{whole}.{}", fraction.trim_end_matches('0')),
        None => number.to_owned(),
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(head: &str, body: &str) -> Case {
        Case { name: "c".to_owned(), head: head.to_owned(), body: body.as_bytes().to_vec(), ..Case::empty() }
    }

    fn fixed() -> Fixed {
        let words = ["insert", "into", "values", "rest", "sql", "root", "pass", "host", "v"];
        Fixed {
            words: words.into_iter().map(str::to_owned).collect(),
            numbers: ["65535".to_owned()].into(),
            parameters: ["tz".to_owned()].into(),
            counts: ["rows".to_owned()].into(),
        }
    }

    #[test]
    fn everything_but_the_listed_changes_wherever_it_stands() {
        let cases = [case(
            "POST /rest/sql/my%20db?tz=8&db=Meters HTTP/1.1\r\nAuthorization: Basic cm9vdDpwYXNz\r\nX-Own: 7",
            "insert into meters values('2023-07-30T06:44:40.32Z', 17, 0.31, 65535, 1704067200000, \"a b\")",
        )];
        for seed in 0..20 {
            let renaming = Renaming::new(seed, &cases, &fixed());
            let renamed = renaming.apply(&cases[0]);
            let body = String::from_utf8(renamed.body).unwrap();
            for gone in ["meters", "2023-07-30T06:44:40.32Z", "17", "0.31", "1704067200000", "a", "b"] {
                assert!(!tokens(&body).iter().any(|token| token.text() == gone), "{gone} in {body}");
            }
            assert!(body.starts_with("insert into ") && body.contains(", 65535, "), "{body}");
            let head = renamed.head;
            assert!(head.starts_with("POST /rest/sql/") && head.contains("tz=8&db="), "{head}");
            assert!(!head.contains("my%20db") && !head.contains("Meters") && head.contains("cm9vdDpwYXNz"), "{head}");
            assert!(head.ends_with("X-Own: 7"), "headers are the protocol's");
        }
    }

    #[test]
    fn answers_are_looked_up() {
        let cases = [case("POST /rest/sql HTTP/1.1", "insert into meters values(17, 2, '2023-07-30', 'Beijing')")];
        let renaming = Renaming::new(3, &cases, &fixed());
        let new = renaming.text("relation \"METERS\" at 2023-07-30T01:00:00Z: 17");
        assert!(renaming.is_text("relation \"METERS\" at 2023-07-30T01:00:00Z: 17", &new, false));
        assert!(!renaming.is_text("relation \"meters\"", "relation \"meters\"", false));
        assert!(!renaming.is_number("17", "17", "value") && renaming.is_number("2", "2", "rows"));
        assert!(!renaming.is_number("3", "4", "rows"), "a count that no request holds stays");
        assert!(renaming.is_number("9.5", "12.25", "value"), "worked out from what changed");
    }

    #[test]
    fn order_is_kept() {
        let words: BTreeSet<String> =
            ["b", "abc", "zebra", "m_1", "d1001", "d1002", "表"].iter().map(|w| (*w).to_owned()).collect();
        let renamed = replacements(&words, &fixed(), &mut Random(1));
        let new: Vec<&String> = renamed.values().collect();
        assert!(new.is_sorted(), "{new:?}");
    }
}
