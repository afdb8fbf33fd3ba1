//! Sends a backup: segments and what lies beside them, packs, series checkpoints, the log up to its last
//! record, keys, the catalogue, and then the list of it all.

use super::CATALOGUE;
use super::cut::Backup;
use super::log_part;
use super::manifest::{BackupFile, BackupManifest};
use super::piece::{PIECE_BYTES, Piece};
use super::sums::{check, read_through};
use crate::format::read_words;
use crate::log::corrupt;
use crate::series_index::Checkpoints;
use catalog::{Export, LogFiles, SegmentEntry};
use files::{io_error, pack_checksum, pack_of};
use model::Result;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::xxh3_64;

impl Backup {
    /// Hands every piece over, the list of all files last; blocks while it reads. Segments that the
    /// list of an earlier backup has, too, are named and not read.
    ///
    /// # Errors
    /// Those of `take`; [`model::ErrorKind::Corrupt`] naming a file of the store that is not what
    /// was written; [`model::ErrorKind::Io`].
    pub fn send(
        &self,
        previous: Option<&BackupManifest>,
        take: &mut dyn FnMut(Piece<'_>) -> Result<()>,
    ) -> Result<BackupManifest> {
        let mut files = BTreeMap::new();
        let mut note = |piece: Piece<'_>| {
            if let Piece::End(file) | Piece::Unchanged(file) = &piece {
                files.insert(file.path.clone(), file.clone());
            }
            take(piece)
        };
        self.send_segments(previous, &mut note)?;
        self.send_packs(previous, &mut note)?;
        for (table, found) in &self.checkpoints {
            let path = found.path.to_string_lossy();
            if pack_of(&path).is_none() {
                let bytes = Checkpoints::new(self.files.as_ref()).verified(*table, found)?;
                send_bytes(&path, &bytes, &mut note)?;
            }
        }
        let log_files = self.send_log(&mut note)?;
        if self.options.with_secrets {
            for directory in &self.options.secret_directories {
                self.send_directory(directory, &mut note)?;
            }
        }
        let export = Export {
            catalog: &self.catalog,
            sequence: self.sequence,
            log_files,
            next_id: self.next_id,
            with_secrets: self.options.with_secrets,
        };
        send_bytes(CATALOGUE, &export.encode()?, &mut note)?;
        let manifest = BackupManifest {
            sequence: self.sequence,
            taken_micros: self.taken_micros,
            with_secrets: self.options.with_secrets,
            // After all that may need a feature was read: a name is there before its first use.
            data_format: read_words(self.files.as_ref())?.join(" "),
            files,
        };
        take(Piece::Finished(&manifest.encode()))?;
        Ok(manifest)
    }

    fn send_segments(
        &self,
        previous: Option<&BackupManifest>,
        take: &mut dyn FnMut(Piece<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut tables: Vec<_> = self.catalog.manifests().collect();
        tables.sort_unstable_by_key(|(table, _)| *table);
        for (_, manifest) in tables {
            let mut beside: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
            for segment in manifest.segments.iter().filter(|segment| pack_of(&segment.path).is_none()) {
                let SegmentEntry { path, bytes, checksum, .. } = segment;
                let file = BackupFile { path: path.clone(), bytes: *bytes, checksum: *checksum };
                self.send_summed(file, previous, take)?;
                let Some(directory) = Path::new(&segment.path).parent() else { continue };
                if !beside.contains_key(directory) {
                    let names = self.files.list(directory).map_err(|e| io_error("list", directory, &e))?;
                    beside.insert(directory.to_owned(), names);
                }
                let names = beside.get(directory).into_iter().flatten();
                for name in names.filter(|name| is_beside(name, &segment.path)) {
                    self.send_file(&directory.join(name), true, take)?;
                }
            }
        }
        Ok(())
    }

    /// Packs are sent whole: what of them nobody names any more goes with the rest.
    fn send_packs(
        &self,
        previous: Option<&BackupManifest>,
        take: &mut dyn FnMut(Piece<'_>) -> Result<()>,
    ) -> Result<()> {
        let named = self.catalog.manifests().flat_map(|(_, manifest)| manifest.files());
        for pack in named.filter_map(pack_of).collect::<BTreeSet<_>>() {
            let path = Path::new(pack);
            let failed = |e: std::io::Error| match e.kind() {
                std::io::ErrorKind::NotFound => corrupt(path, "it is missing"),
                _ => io_error("open", path, &e),
            };
            let bytes = self.files.open(path).and_then(|file| file.len()).map_err(failed)?;
            let checksum = pack_checksum(pack).ok_or_else(|| corrupt(path, "its name says no checksum"))?;
            self.send_summed(BackupFile { path: pack.to_owned(), bytes, checksum }, previous, take)?;
        }
        Ok(())
    }

    /// Sends a file of which the checksum is known, unless the earlier backup has it.
    fn send_summed(
        &self,
        file: BackupFile,
        previous: Option<&BackupManifest>,
        take: &mut dyn FnMut(Piece<'_>) -> Result<()>,
    ) -> Result<()> {
        if previous.is_some_and(|previous| previous.files.get(&file.path) == Some(&file)) {
            return take(Piece::Unchanged(file));
        }
        let path = Path::new(&file.path);
        if !self.files.exists(path).map_err(|e| io_error("look for", path, &e))? {
            return Err(corrupt(path, "it is missing"));
        }
        take(Piece::Begin(&file.path))?;
        check(&file, path, read_through(self.files.as_ref(), path, |part| take(Piece::Bytes(part)))?)?;
        take(Piece::End(file))
    }

    fn send_log(&self, take: &mut dyn FnMut(Piece<'_>) -> Result<()>) -> Result<Option<LogFiles>> {
        let (Some(last_record), Some(LogFiles { first, .. })) = (self.last_record, self.catalog.log_files()) else {
            return Ok(None);
        };
        log_part::send(self.files.as_ref(), first, last_record, take).map(Some)
    }

    /// The files of a directory, if it is there.
    fn send_directory(&self, directory: &Path, take: &mut dyn FnMut(Piece<'_>) -> Result<()>) -> Result<()> {
        let names = self.files.list(directory).map_err(|e| io_error("list", directory, &e))?;
        names.iter().try_for_each(|name| self.send_file(&directory.join(name), false, take))
    }

    /// A file as it is; one that may be lost is left out if it is gone by now.
    fn send_file(&self, path: &Path, may_be_lost: bool, take: &mut dyn FnMut(Piece<'_>) -> Result<()>) -> Result<()> {
        if may_be_lost && !self.files.exists(path).map_err(|e| io_error("look for", path, &e))? {
            return Ok(());
        }
        let name = path.to_string_lossy().into_owned();
        take(Piece::Begin(&name))?;
        let (bytes, checksum) = read_through(self.files.as_ref(), path, |part| take(Piece::Bytes(part)))?;
        take(Piece::End(BackupFile { path: name, bytes, checksum }))
    }
}

/// Whether a file holds what a segment lets be rebuilt: its name is the segment's with an ending.
fn is_beside(name: &str, segment: &str) -> bool {
    let own = segment.rsplit('/').next().unwrap_or(segment);
    name.strip_prefix(own).is_some_and(|ending| ending.starts_with('.') && !ending.ends_with(".tmp"))
}

fn send_bytes(path: &str, bytes: &[u8], take: &mut dyn FnMut(Piece<'_>) -> Result<()>) -> Result<()> {
    take(Piece::Begin(path))?;
    bytes.chunks(PIECE_BYTES).try_for_each(|part| take(Piece::Bytes(part)))?;
    take(Piece::End(BackupFile { path: path.to_owned(), bytes: bytes.len() as u64, checksum: xxh3_64(bytes) }))
}
