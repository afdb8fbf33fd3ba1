//! The same cases with every name, text, time, width and number replaced by others.

use super::case::Case;
use std::collections::HashMap;

/// Words of the cases that stand for something a user chooses, with what they may become.
const NAMES: [&str; 16] = [
    "meters",
    "wind",
    "ts_table",
    "zoned",
    "db1",
    "t1",
    "rest_user",
    "ts",
    "power",
    "speed",
    "location",
    "id",
    "electricity",
    "a",
    "b",
    "x",
];
const TEXTS: [&str; 2] = ["beijing", "user123456"];
const INTEGERS: [&str; 5] = ["198352498", "198352495", "234758890", "17", "29"];
const WIDTHS: [&str; 3] = ["128", "15", "10"];

pub(crate) struct Renaming {
    words: HashMap<String, String>,
    /// Replaced as they stand, longest first.
    pieces: Vec<(String, String)>,
}

impl Renaming {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let mut words = HashMap::new();
        for (index, name) in NAMES.iter().enumerate() {
            words.insert((*name).to_owned(), format!("n{}_{index}", random.letters(5)));
        }
        for text in TEXTS {
            words.insert(text.to_owned(), format!("{}{}", random.letters(4), random.below(1_000)));
        }
        // Ascending, as the printed ones are where rows are sorted by them.
        let mut integers: Vec<u64> = (0..INTEGERS.len()).map(|_| 100 + random.below(200_000_000)).collect();
        integers[3..].sort_unstable();
        integers.dedup();
        for (printed, value) in INTEGERS.iter().zip(&integers) {
            words.insert((*printed).to_owned(), value.to_string());
        }
        for width in WIDTHS {
            words.insert(width.to_owned(), (20 + random.below(100)).to_string());
        }
        let (year, month, day) = (1971 + random.below(60), 1 + random.below(12), 2 + random.below(27));
        let minute = random.below(58);
        let fraction = format!("{}{}", random.below(10), 1 + random.below(9));
        let (second, next_second) = (random.below(58), 59);
        let pieces = vec![
            ("2023-07-30".to_owned(), format!("{year:04}-{month:02}-{day:02}")),
            ("2023-07-29".to_owned(), format!("{year:04}-{month:02}-{:02}", day - 1)),
            (":44:40.32".to_owned(), format!(":{minute:02}:{second:02}.{fraction}")),
            (":45:40.32".to_owned(), format!(":{:02}:{second:02}.{fraction}", minute + 1)),
            (":44:41.32".to_owned(), format!(":{minute:02}:{next_second:02}.{fraction}")),
            ("0.31".to_owned(), format!("{}.{}", random.below(1_000), 1 + 2 * random.below(4))),
            ("0.33".to_owned(), format!("-{}.{}5", random.below(1_000), random.below(10))),
        ];
        Self { words, pieces }
    }

    /// The case under other names. Paths and credentials stay; the database in the URL changes.
    pub(crate) fn apply(&self, case: &Case) -> Case {
        let (head, body) = case.parts();
        let (target, rest) = head.split_once("\r\n").unwrap();
        let target = match target.split_once("?db=") {
            Some((path, database)) => format!("{path}?db={}", self.text(database)),
            None => target.to_owned(),
        };
        let mut expected = case.expected.clone();
        let body_expected = self.text(&case.expected["body"].to_string());
        expected["body"] = serde_json::from_str(&body_expected).unwrap();
        Case { name: case.name.clone(), request: format!("{target}\r\n{rest}\r\n\r\n{}", self.text(body)), expected }
    }

    fn text(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if let Some((printed, replacement)) = self.pieces.iter().find(|(printed, _)| rest.starts_with(printed)) {
                out.push_str(replacement);
                rest = &rest[printed.len()..];
                continue;
            }
            let word: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if word.is_empty() {
                out.push(first);
                rest = &rest[first.len_utf8()..];
            } else {
                out.push_str(self.words.get(&word).unwrap_or(&word));
                rest = &rest[word.len()..];
            }
        }
        out
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

    fn letters(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'a' + self.below(26) as u8)).collect()
    }
}
