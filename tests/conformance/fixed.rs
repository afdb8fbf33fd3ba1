//! What a renaming leaves alone, read from `fixed-words.txt`: one list for all dialects and one for
//! each, in groups that begin with a line `# reason` and end with an empty line.
//!
//! A line is words that stay (in any case), or begins with `number`, `parameter` or `answer`: a
//! number that stays, a parameter of the URL whose value stays, a key of answers below which a
//! number means a count, a length or a code.

use std::collections::HashSet;
use std::path::Path;

#[derive(Clone, Debug, Default)]
pub(crate) struct Fixed {
    pub(crate) words: HashSet<String>,
    pub(crate) numbers: HashSet<String>,
    pub(crate) parameters: HashSet<String>,
    pub(crate) counts: HashSet<String>,
}

impl Fixed {
    /// What stays in a dialect's cases.
    pub(crate) fn of(root: &Path, dialect: &str) -> Self {
        let mut fixed = Self::default();
        for file in [root.join("fixed-words.txt"), root.join(dialect).join("fixed-words.txt")] {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            for group in text.split("\n\n").map(str::trim).filter(|group| !group.is_empty()) {
                assert!(group.starts_with("# "), "{}: no reason stands above {group:?}", file.display());
                group.lines().filter(|line| !line.starts_with('#')).for_each(|line| fixed.add(line));
            }
        }
        fixed
    }

    fn add(&mut self, line: &str) {
        let mut words = line.split_whitespace().map(str::to_lowercase);
        match line.split_whitespace().next() {
            Some("number") => self.numbers.extend(words.skip(1)),
            Some("parameter") => self.parameters.extend(words.skip(1)),
            Some("answer") => self.counts.extend(words.skip(1)),
            _ => words.by_ref().for_each(|word| {
                self.words.insert(word);
            }),
        }
    }
}
