//! The recorded files as they lie in the repository: compressed.

use serde_json::Value;
use std::io::Read;
use std::path::{Path, PathBuf};

/// One recorded file.
#[derive(Debug)]
pub(crate) struct Archive {
    /// Its name without endings.
    pub(crate) name: String,
    pub(crate) text: String,
}

impl Archive {
    /// Its lines as JSON, with their numbers from 1.
    pub(crate) fn lines(&self) -> Vec<(usize, Value)> {
        let lines = self.text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        lines.map(|(index, line)| (index + 1, serde_json::from_str(line).unwrap())).collect()
    }
}

/// The folder of a suite.
pub(crate) fn folder(suite: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/recorded")).join(suite)
}

/// The files of a suite, in order of name.
pub(crate) fn archives(suite: &str) -> Vec<Archive> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder(suite)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "gz"));
    paths.sort();
    assert!(!paths.is_empty(), "{suite} has no files");
    let read = |path: PathBuf| {
        let mut text = String::new();
        flate2::read::GzDecoder::new(std::fs::File::open(&path).unwrap()).read_to_string(&mut text).unwrap();
        Archive { name: path.file_name().unwrap().to_str().unwrap().split('.').next().unwrap().to_owned(), text }
    };
    paths.into_iter().map(read).collect()
}
