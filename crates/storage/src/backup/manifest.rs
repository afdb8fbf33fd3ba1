//! The list of a backup's files: text, a line each, sealed by a checksum over all of it.

use crate::log::corrupt;
use model::{Error, ErrorKind, Result, Sequence};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Component, Path};
use xxhash_rust::xxh3::xxh3_64;

/// The file's name.
pub(crate) const FILE: &str = "BACKUP";
const TITLE: &str = "chronoglot backup ";
/// The format that this version writes.
const NUMBER: u32 = 1;

/// One file of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupFile {
    /// Where it lies in the backup.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// The checksum of the whole file (XXH3, 64 bits: the one that the catalogue keeps of segments,
    /// so that an unchanged segment is known without reading it).
    pub checksum: u64,
}

/// What a backup is, and each of its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupManifest {
    /// The number that it shows.
    pub sequence: Sequence,
    /// When it was begun, in microseconds since 1970.
    pub taken_micros: u64,
    /// Whether keys and the hashes of passwords are in it.
    pub with_secrets: bool,
    /// What `FORMAT` of the data directory said: a number and the names of features.
    pub data_format: String,
    /// The files but this one, by path.
    pub files: BTreeMap<String, BackupFile>,
}

impl BackupManifest {
    /// The text of the file.
    #[must_use]
    pub fn encode(&self) -> String {
        let secrets = if self.with_secrets { "yes" } else { "no" };
        let mut text = format!(
            "{TITLE}{NUMBER}\nsequence {}\ntaken {}\nsecrets {secrets}\ndata-format {}\n",
            self.sequence.0, self.taken_micros, self.data_format
        );
        for BackupFile { path, bytes, checksum } in self.files.values() {
            // Writing to memory cannot fail.
            let _ = writeln!(text, "file {bytes} {checksum:016x} {path}");
        }
        let (count, checksum) = (self.files.len(), xxh3_64(text.as_bytes()));
        let _ = writeln!(text, "end {count} {checksum:016x}");
        text
    }

    /// Reads the text.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] naming `BACKUP`, [`ErrorKind::FormatTooNew`].
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let damaged = |reason: &str| corrupt(Path::new(FILE), reason);
        let text = str::from_utf8(bytes).map_err(|_| damaged("it is not text"))?;
        let title = text.lines().next().and_then(|line| line.strip_prefix(TITLE));
        let title = title.ok_or_else(|| damaged("it does not begin like the list of a backup's files"))?;
        let number: u32 = title.parse().map_err(|_| damaged("it names no format"))?;
        if number > NUMBER {
            let found = format!("{number} in {FILE}");
            return Err(Error::new(ErrorKind::FormatTooNew { found, known: NUMBER.to_string() }));
        }
        let body = text.strip_suffix('\n').and_then(|text| text.rfind('\n')).map_or("", |end| &text[..=end]);
        let (count, checksum) = text[body.len()..]
            .strip_prefix("end ")
            .and_then(|end| end.trim_end_matches('\n').split_once(' '))
            .ok_or_else(|| damaged("its end is missing"))?;
        if checksum != format!("{:016x}", xxh3_64(body.as_bytes())) {
            return Err(damaged("its checksum does not fit"));
        }
        let manifest = Self::read(body).ok_or_else(|| damaged("a line of it cannot be read"))?;
        if count != manifest.files.len().to_string() {
            return Err(damaged("it lists another number of files than it says"));
        }
        Ok(manifest)
    }

    fn read(body: &str) -> Option<Self> {
        let mut lines = body.lines().skip(1);
        let mut value = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let sequence = Sequence(value("sequence")?.parse().ok()?);
        let taken_micros = value("taken")?.parse().ok()?;
        let with_secrets = match value("secrets")? {
            "yes" => true,
            "no" => false,
            _ => return None,
        };
        let data_format = value("data-format")?.to_owned();
        let mut files = BTreeMap::new();
        for line in lines {
            let mut words = line.strip_prefix("file ")?.splitn(3, ' ');
            let (bytes, checksum) = (words.next()?.parse().ok()?, u64::from_str_radix(words.next()?, 16).ok()?);
            let path = words.next()?.to_owned();
            if !is_plain(&path) || files.insert(path.clone(), BackupFile { path, bytes, checksum }).is_some() {
                return None;
            }
        }
        Some(Self { sequence, taken_micros, with_secrets, data_format, files })
    }

    /// The bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.values().map(|file| file.bytes).sum()
    }
}

/// Whether a path stays inside the backup, on one line, and is not the list itself.
pub(super) fn is_plain(path: &str) -> bool {
    // Part by part: as components `a/./b` is `a/b`, and one file would have two names.
    let inside = path.split('/').all(|part| !["", ".", ".."].contains(&part));
    let is_one = Path::new(path).components().all(|component| matches!(component, Component::Normal(_)));
    inside && is_one && path != FILE && !path.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> BackupManifest {
        let file =
            |path: &str, bytes| (path.to_owned(), BackupFile { path: path.to_owned(), bytes, checksum: 7 << bytes });
        BackupManifest {
            sequence: Sequence(77),
            taken_micros: 1_700_000_000_000_000,
            with_secrets: false,
            data_format: "1 labels".to_owned(),
            files: BTreeMap::from([file("log/000000000001.log", 9), file("segments/7/a b.parquet", 0)]),
        }
    }

    /// The text is part of the format of backups.
    #[test]
    fn the_format_stands() {
        let text = "chronoglot backup 1\nsequence 77\ntaken 1700000000000000\nsecrets no\ndata-format 1 labels\n\
                    file 9 0000000000000e00 log/000000000001.log\nfile 0 0000000000000007 segments/7/a b.parquet\n";
        let sealed = format!("{text}end 2 {:016x}\n", xxh3_64(text.as_bytes()));
        assert_eq!(manifest().encode(), sealed);
        assert_eq!(BackupManifest::decode(sealed.as_bytes()).unwrap(), manifest());
    }

    #[test]
    fn any_damage_is_seen() {
        let text = manifest().encode();
        for bit in 0..text.len() * 8 {
            let mut bytes = text.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(BackupManifest::decode(&bytes).is_err(), "bit {bit}");
        }
        for length in 0..text.len() {
            assert!(BackupManifest::decode(&text.as_bytes()[..length]).is_err(), "{length}");
        }
        assert!(BackupManifest::decode(format!("{text}\n").as_bytes()).is_err());
    }

    #[test]
    fn a_newer_list_is_refused_by_its_number() {
        let error = BackupManifest::decode(b"chronoglot backup 2\nwho knows").unwrap_err();
        assert_eq!(*error.kind, ErrorKind::FormatTooNew { found: "2 in BACKUP".into(), known: "1".into() });
    }

    #[test]
    fn no_path_leads_outside() {
        for path in ["../x", "/x", "a/../../x", "", "a\nb", "BACKUP", "a/./../b", "a/./b", "./a", "a//b", "a/"] {
            let mut manifest = manifest();
            let file = BackupFile { path: path.to_owned(), bytes: 1, checksum: 1 };
            manifest.files.insert(path.to_owned(), file);
            assert!(BackupManifest::decode(manifest.encode().as_bytes()).is_err(), "{path}");
        }
    }
}
