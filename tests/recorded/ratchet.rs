//! What passed before, line by line: it may grow and never shrink. With `CHRONOGLOT_RATCHET=1`, which
//! `cargo xtask recorded` sets, the list is written anew.
//!
//! A row of `passed.txt`: file, passed / total, and the lines that pass as ranges.

use super::Tally;
use super::archive::folder;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

#[derive(Debug)]
pub(crate) struct Ratchet {
    file: PathBuf,
    before: BTreeMap<String, BTreeSet<usize>>,
    /// The rows as they are to be written, by file.
    rows: BTreeMap<String, String>,
    lost: Vec<String>,
}

impl Ratchet {
    pub(crate) fn read(suite: &str) -> Self {
        let file = folder(suite).join("passed.txt");
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let name = |row: &str| row.split(' ').next().unwrap().to_owned();
        let rows: BTreeMap<String, String> = text.lines().map(|row| (name(row), row.to_owned())).collect();
        let passed = |row: &str| lines_of(row.split_once(": ").map_or("", |(_, ranges)| ranges));
        let before = rows.iter().map(|(name, row)| (name.clone(), passed(row))).collect();
        Self { file, before, rows, lost: Vec::new() }
    }

    /// Holds a file's result against the list.
    pub(crate) fn hold(&mut self, name: &str, tally: &Tally) {
        let total = tally.passed.len() + tally.failed.len();
        let passed: BTreeSet<usize> = tally.passed.iter().copied().collect();
        self.rows.insert(name.to_owned(), format!("{name} {} / {total}: {}", passed.len(), ranges(&passed)));
        for line in self.before.get(name).into_iter().flatten().filter(|line| !passed.contains(line)) {
            let fault = tally.failed.iter().find(|(failed, _)| failed == line).map(|(_, fault)| fault.as_str());
            self.lost.push(format!("{name}, line {line}: {}", fault.unwrap_or("it was not sent")));
        }
    }

    /// Fails if a line that passed fails now, or writes down what passes.
    pub(crate) fn finish(self) {
        if std::env::var_os("CHRONOGLOT_RATCHET").is_some() {
            let rows: String = self.rows.values().map(|row| format!("{}\n", row.trim_end())).collect();
            std::fs::write(&self.file, rows).unwrap();
            return;
        }
        assert!(self.lost.is_empty(), "these passed before:\n{}", self.lost.join("\n"));
    }
}

fn lines_of(ranges: &str) -> BTreeSet<usize> {
    let bounds = ranges.split_whitespace().map(|range| range.split_once('-').unwrap_or((range, range)));
    bounds.flat_map(|(first, last)| first.parse::<usize>().unwrap()..=last.parse().unwrap()).collect()
}

fn ranges(lines: &BTreeSet<usize>) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for line in lines.iter().copied() {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == line => *last = line,
            _ => runs.push((line, line)),
        }
    }
    let shown =
        |(first, last): &(usize, usize)| if first == last { first.to_string() } else { format!("{first}-{last}") };
    runs.iter().map(shown).collect::<Vec<_>>().join(" ")
}

#[test]
fn ranges_are_read_as_they_are_written() {
    let lines: BTreeSet<usize> = [1, 2, 3, 7, 9, 10].into();
    assert_eq!(ranges(&lines), "1-3 7 9-10");
    assert_eq!(lines_of("1-3 7 9-10"), lines);
}
