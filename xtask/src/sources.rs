//! What every source file must have, and words that must not stand in some.

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

/// Marks of unfinished work.
const UNFINISHED: &[&str] = &["todo!(", "unimplemented!(", "FIXME", "TODO", "#[ignore"];

/// Every fault in a source file, as lines for people.
pub(crate) fn check(root: &Path) -> Result<Vec<String>, String> {
    let mut files = Vec::new();
    for folder in ["crates", "tests", "bench"] {
        collect(&root.join(folder), &mut files)?;
    }
    let mut faults = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let shown = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        if !text.starts_with("//!") && !is_test_module(&file) {
            faults.push(format!("{shown}: begins without a //! header that says what lives here"));
        }
        for mark in UNFINISHED.iter().filter(|mark| text.contains(*mark)) {
            faults.push(format!("{shown}: has {mark}"));
        }
        if BELOW_DIALECTS.iter().any(|name| shown.starts_with(&format!("crates/{name}/"))) {
            faults.extend(
                vendor_words(&text)
                    .map(|(line, word)| format!("{shown}:{line}: names the vendor \"{word}\" below the dialects")),
            );
        }
    }
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
