//! What every source file must have, and words that must not stand in some.

use crate::disk;
use crate::edges::BELOW_DIALECTS;
use std::fs;
use std::path::{Path, PathBuf};

/// Vendors and their products, lower case, as whole words.
const VENDOR_WORDS: &[&str] = &[
    "kwdb",
    "kaiwudb",
    "kwbase",
    "tdengine",
    "taos",
    "iotdb",
    "starrocks",
    "influx",
    "influxdb",
    "opentsdb",
    "telegraf",
    "emqx",
];

/// Crates beside those below the dialects that name no vendor either: what plugs dialects in knows
/// none of them.
const NEUTRAL: &[&str] = &["server", "dialects/dialect", "ingest"];

/// Formats that a crate reads and that are known by a vendor's name alone.
const FORMATS: &[(&str, &[&str])] = &[("ingest", &["opentsdb", "influx", "influxdb", "telegraf"])];

/// Marks of unfinished work.
const UNFINISHED: &[&str] = &["todo!(", "unimplemented!(", "FIXME", "TODO", "#[ignore"];

/// Every fault in a source file, as lines for people.
pub(crate) fn check(root: &Path) -> Result<Vec<String>, String> {
    let mut files = Vec::new();
    for folder in ["crates", "tests", "bench"] {
        collect(&root.join(folder), &mut files)?;
    }
    let mut faults = Vec::new();
    let mut disk = disk::Watch::default();
    for file in files {
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let shown = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        if !text.starts_with("//!") && !is_test_module(&file) {
            faults.push(format!("{shown}: begins without a //! header that says what lives here"));
        }
        for mark in UNFINISHED.iter().filter(|mark| text.contains(*mark)) {
            faults.push(format!("{shown}: has {mark}"));
        }
        let inside = |name: &&str| shown.starts_with(&format!("crates/{name}/"));
        if BELOW_DIALECTS.iter().chain(NEUTRAL).any(inside) {
            let formats: Vec<&str> =
                FORMATS.iter().filter(|(name, _)| inside(name)).flat_map(|(_, words)| *words).copied().collect();
            let words = vendor_words(&text).filter(|(_, word)| !formats.contains(&word.as_str()));
            faults.extend(words.map(|(line, word)| format!("{shown}:{line}: names the vendor \"{word}\"")));
        }
        disk.look(&shown, &text, &mut faults);
    }
    faults.extend(disk.stale());
    Ok(faults)
}

/// `foo/tests.rs` and what lies in a `tests` folder need no header: their names say it.
fn is_test_module(file: &Path) -> bool {
    file.file_stem().is_some_and(|stem| stem == "tests") || file.components().any(|part| part.as_os_str() == "tests")
}

fn vendor_words(text: &str) -> impl Iterator<Item = (usize, String)> + '_ {
    text.lines().enumerate().flat_map(|(index, line)| {
        line.split(|c: char| !c.is_ascii_alphanumeric())
            .map(str::to_ascii_lowercase)
            .filter(|word| VENDOR_WORDS.contains(&word.as_str()))
            .map(move |word| (index + 1, word))
            .collect::<Vec<_>>()
    })
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry.map_err(|error| format!("{}: {error}", folder.display()))?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(())
}
