//! `FORMAT`: which format a data directory has. One number and a set of feature names; a server
//! that does not know one of them keeps its hands off.

use crate::backup;
use crate::log::corrupt;
use files::{Files, io_error};
use model::{Error, ErrorKind, Result};
use parking_lot::Mutex;
use std::path::Path;

/// Its name.
pub(crate) const FILE: &str = "FORMAT";
/// The file of the catalogue, which another crate keeps.
pub(crate) const CATALOGUE: &str = "catalog.redb";
const TEMPORARY: &str = "FORMAT.tmp";
/// 3, 5 and 9 are never given: one flipped bit makes them of 1.
const NUMBER: u32 = 1;
/// Parts of tables may lie in packs.
pub(crate) const PACKS: &str = "packs";
/// Records of the log that a later one publishes or drops.
pub(crate) const LABELS: &str = "labels";
/// The features that this version knows, in the order in which they are said.
const FEATURES: &[&str] = &[PACKS, LABELS];

/// Checks what a data directory says of its format, and says it in a new one. Changes nothing
/// else; whoever opens anything in the directory calls it first.
///
/// # Errors
/// [`ErrorKind::FormatTooNew`] naming what was found, [`ErrorKind::Corrupt`], or an I/O error.
pub fn check_format(files: &dyn Files) -> Result<()> {
    is_whole(files)?;
    let path = Path::new(FILE);
    if !files.exists(path).map_err(|e| io_error("look for", path, &e))? {
        // What features it needs would be unknown. The catalogue alone may be there before.
        no_rows(files, path)?;
        return write(files, &NUMBER.to_string()).map_err(|e| io_error("write", path, &e));
    }
    check_words(read_words(files)?.iter().map(String::as_str))?;
    catalogue_is_there(files)
}

/// A backup, or what a restore left half-made, is no data directory.
fn is_whole(files: &dyn Files) -> Result<()> {
    let not_one = [
        (backup::RESTORING, "a restore into this directory did not end: empty it and restore again"),
        (backup::MANIFEST, "this is a backup and no data directory: restore makes one of it"),
    ];
    for (name, reason) in not_one {
        let path = Path::new(name);
        if files.exists(path).map_err(|e| io_error("look for", path, &e))? {
            let operation = "open the data directory".to_owned();
            return Err(Error::new(ErrorKind::Io { operation, reason: reason.to_owned() }));
        }
    }
    Ok(())
}

/// The number and the names of features.
pub(crate) fn read_words(files: &dyn Files) -> Result<Vec<String>> {
    let path = Path::new(FILE);
    let read = || {
        let file = files.open(path)?;
        let mut bytes = vec![0; usize::try_from(file.len()?).unwrap_or(usize::MAX).min(4096)];
        file.read_at(0, &mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(|e| io_error("read", path, &e))?;
    let text = str::from_utf8(&bytes).map_err(|_| corrupt(path, "it is not text"))?;
    Ok(text.split_ascii_whitespace().map(str::to_owned).collect())
}

/// Whether this version knows them.
pub(crate) fn check_words<'a>(mut words: impl Iterator<Item = &'a str>) -> Result<()> {
    let names_none = || corrupt(Path::new(FILE), "it names no format");
    let number: u32 = words.next().and_then(|n| n.parse().ok()).ok_or_else(names_none)?;
    if number == 0 {
        return Err(corrupt(Path::new(FILE), "no version ever had format 0"));
    }
    let unknown: Vec<&str> = words.filter(|feature| !FEATURES.contains(feature)).collect();
    if number > NUMBER || !unknown.is_empty() {
        let found = [vec![number.to_string()], unknown.into_iter().map(str::to_owned).collect()].concat().join(" ");
        return Err(Error::new(ErrorKind::FormatTooNew { found, known: NUMBER.to_string() }));
    }
    Ok(())
}

/// The bit of `FORMAT` that was flipped, where its content is otherwise what this version writes.
pub(crate) fn meant_format(files: &dyn Files) -> Option<u64> {
    let file = files.open(Path::new(FILE)).ok()?;
    let mut bytes = vec![0; usize::try_from(file.len().ok()?).ok()?.min(4096)];
    file.read_at(0, &mut bytes).ok()?;
    (0_u32..1 << FEATURES.len()).find_map(|set| {
        let said = FEATURES.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1).map(|(_, feature)| *feature);
        let meant = format!("{}\n", words(said)).into_bytes();
        if meant.len() != bytes.len() {
            return None;
        }
        let flipped = (0_u64..).zip(bytes.iter().zip(&meant)).map(|(at, (found, meant))| (at, found ^ meant));
        let mut flipped = flipped.filter(|(_, bits)| *bits != 0);
        let (at, bits) = flipped.next().filter(|(_, bits)| bits.is_power_of_two())?;
        flipped.next().is_none().then(|| at * 8 + u64::from(bits.trailing_zeros()))
    })
}

/// What a directory of this version with these features says.
fn words<'a>(features: impl Iterator<Item = &'a str>) -> String {
    std::iter::once(NUMBER.to_string()).chain(features.map(str::to_owned)).collect::<Vec<_>>().join(" ")
}

/// The features of a directory that are said durably by this process or before it began.
#[derive(Debug, Default)]
pub(crate) struct SaidFeatures(Mutex<Vec<String>>);

impl SaidFeatures {
    /// What a directory says whose names are durable.
    pub(crate) fn read(files: &dyn Files) -> Result<Self> {
        Ok(Self(Mutex::new(read_words(files)?)))
    }

    /// Says, durably, that a directory has a feature, if it does not yet; before its first use.
    pub(crate) fn need(&self, files: &dyn Files, feature: &str) -> Result<()> {
        let mut said = self.0.lock();
        if said.iter().any(|word| word == feature) {
            return Ok(());
        }
        let all = FEATURES.iter().copied().filter(|known| *known == feature || said.iter().any(|word| word == known));
        let text = words(all);
        write(files, &text).map_err(|e| io_error("write", Path::new(FILE), &e))?;
        *said = text.split(' ').map(str::to_owned).collect();
        Ok(())
    }
}

/// The error of a file that needs what only a newer version has.
pub(crate) fn too_new(what: &str, file: &Path) -> Error {
    let found = format!("{NUMBER} with {what} in {}", file.display());
    Error::new(ErrorKind::FormatTooNew { found, known: NUMBER.to_string() })
}

/// Rows without a catalogue are rows that nothing names: a start would take them for orphans.
fn catalogue_is_there(files: &dyn Files) -> Result<()> {
    let catalogue = Path::new(CATALOGUE);
    if files.exists(catalogue).map_err(|e| io_error("look for", catalogue, &e))? {
        return Ok(());
    }
    no_rows(files, catalogue)
}

fn no_rows(files: &dyn Files, missing: &Path) -> Result<()> {
    for directory in [crate::segment::DIRECTORY, crate::log::DIRECTORY, files::PACKS] {
        let directory = Path::new(directory);
        let names = files.list(directory).map_err(|e| io_error("list", directory, &e))?;
        if !names.is_empty() {
            let reason = format!("it is missing, though {} holds rows: restore it from a backup", directory.display());
            return Err(corrupt(missing, &reason));
        }
    }
    Ok(())
}

/// Says the format of a directory, durably.
pub(crate) fn write(files: &dyn Files, words: &str) -> std::io::Result<()> {
    let file = files.create(Path::new(TEMPORARY))?;
    file.write_at(0, format!("{words}\n").as_bytes())?;
    file.sync()?;
    files.rename(Path::new(TEMPORARY), Path::new(FILE))?;
    files.sync_directory(Path::new(""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use files::ForgetfulFiles;

    fn with(text: &str) -> ForgetfulFiles {
        let files = ForgetfulFiles::new();
        files.create(Path::new(FILE)).unwrap().write_at(0, text.as_bytes()).unwrap();
        files
    }

    #[test]
    fn a_new_directory_says_its_format_durably() {
        let files = ForgetfulFiles::new();
        check_format(&files).unwrap();
        let files = files.crash(0);
        assert!(files.exists(Path::new(FILE)).unwrap());
        check_format(&files).unwrap();
    }

    #[test]
    fn a_newer_number_or_an_unknown_feature_is_refused_by_name() {
        let error = check_format(&with("2\n")).unwrap_err();
        assert_eq!(*error.kind, ErrorKind::FormatTooNew { found: "2".into(), known: "1".into() });
        let error = check_format(&with("1\ncolumns\n")).unwrap_err();
        assert_eq!(*error.kind, ErrorKind::FormatTooNew { found: "1 columns".into(), known: "1".into() });
        // Names of no feature of this version, and of some that are planned.
        for (text, found) in [("1\nshards\n", "1 shards"), ("1\narrays packs\n", "1 arrays")] {
            let error = check_format(&with(text)).unwrap_err();
            assert_eq!(*error.kind, ErrorKind::FormatTooNew { found: found.into(), known: "1".into() });
        }
        let before = with("2\n");
        let operations = before.operations();
        check_format(&before).unwrap_err();
        assert_eq!(before.operations(), operations, "nothing was touched");
    }

    #[test]
    fn a_feature_is_said_durably_before_it_is_used_and_any_flipped_bit_is_seen() {
        let files = ForgetfulFiles::new();
        check_format(&files).unwrap();
        for (feature, words) in [(LABELS, ["1", "labels"].as_slice()), (PACKS, &["1", "packs", "labels"])] {
            let said = SaidFeatures::read(&files).unwrap();
            // What a failed sync may have lost counts as not said.
            files.fail_next_sync("");
            assert!(said.need(&files, feature).is_err());
            said.need(&files, feature).unwrap();
            let files = files.crash(0);
            assert_eq!(read_words(&files).unwrap(), words);
            check_format(&files).unwrap();
            let operations = files.operations();
            SaidFeatures::read(&files).unwrap().need(&files, feature).unwrap();
            assert_eq!(files.operations(), operations);
            assert_eq!(meant_format(&files), None);
            for bit in 0..(words.join(" ").len() as u64 + 1) * 8 {
                let damaged = files.crash(0);
                damaged.flip_bit(Path::new(FILE), bit).unwrap();
                // White space may stand for other white space.
                let is_seen = check_format(&damaged).is_err();
                assert!(is_seen || read_words(&damaged).unwrap() == words, "bit {bit}");
                assert_eq!(meant_format(&damaged), Some(bit));
            }
        }
    }

    #[test]
    fn rows_without_a_catalogue_are_damage_and_are_left_alone() {
        let files = with("1\n");
        check_format(&files).unwrap();
        files.create_directory(Path::new("segments")).unwrap();
        check_format(&files).unwrap();
        files.create(Path::new("segments/1.parquet")).unwrap();
        let error = check_format(&files).unwrap_err();
        assert!(error.to_string().contains("catalog.redb"), "{error}");
        files.create(Path::new(CATALOGUE)).unwrap();
        check_format(&files).unwrap();
    }

    #[test]
    fn rows_of_unknown_features_are_left_alone() {
        let files = ForgetfulFiles::new();
        files.create_directory(Path::new("log")).unwrap();
        files.create(Path::new(CATALOGUE)).unwrap();
        files.create(Path::new("log/000000000001.log")).unwrap();
        let error = check_format(&files).unwrap_err();
        assert!(matches!(&*error.kind, ErrorKind::Corrupt { file, .. } if file == FILE), "{error}");
        assert!(!files.exists(Path::new(FILE)).unwrap());
    }

    #[test]
    fn what_is_no_number_is_damage() {
        for text in ["one\n", "0\n", ""] {
            let error = check_format(&with(text)).unwrap_err();
            assert!(matches!(*error.kind, ErrorKind::Corrupt { .. }), "{error}");
        }
    }
}
