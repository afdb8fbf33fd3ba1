//! A catalogue as one file of a backup: every part of it as it is stored, but in a form that knows
//! nothing of redb, with a format number and a checksum. And the way back.

use super::FILE_NAME;
use super::disk::{self, Disk};
use super::encoding::{self, NEXT_ID_KEY, SEQUENCE_KEY, Stored, VERSION_KEY, encode};
use crate::{Catalog, LogFiles};
use files::Files;
use model::{Error, ErrorKind, Result, Sequence};
use redb::TableHandle;
use std::fmt;
use std::path::Path;
use xxhash_rust::xxh3::xxh3_64;

const MAGIC: &[u8; 8] = b"\x89CGCAT\r\n";
const FORMAT: u32 = 1;
const CHECKSUM_BYTES: usize = 8;

/// A catalogue on its way into a backup.
#[derive(Clone, Copy, Debug)]
pub struct Export<'a> {
    /// The version.
    pub catalog: &'a Catalog,
    /// The number that the backup reaches, at least that of the catalogue.
    pub sequence: Sequence,
    /// The log files of the backup.
    pub log_files: Option<LogFiles>,
    /// No id from here on was issued to anything in the backup.
    pub next_id: u64,
    /// Whether the hashes of passwords go with it.
    pub with_secrets: bool,
}

impl Export<'_> {
    /// The bytes of the file: magic and format, the version, then the parts, each as the name of its
    /// table, key and value, all with their lengths; XXH3 over everything before it.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] for what cannot be encoded.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let whole = self.catalog.at(self.sequence, self.log_files);
        let catalog = if self.with_secrets { whole } else { whole.without_passwords() };
        let mut out = MAGIC.to_vec();
        out.extend(FORMAT.to_le_bytes());
        for part in catalog.parts() {
            if let Some(value) = part.value(&catalog)? {
                put_row(part.stored_in(), &part.key(), &value, &mut out)?;
            }
        }
        put_row(encoding::META, VERSION_KEY, &encode(&catalog.version)?, &mut out)?;
        put_row(encoding::META, NEXT_ID_KEY, &encode(&self.next_id)?, &mut out)?;
        out.extend(xxh3_64(&out).to_le_bytes());
        Ok(out)
    }
}

fn put_row(table: Stored, key: &[u8], value: &[u8], out: &mut Vec<u8>) -> Result<()> {
    for bytes in [table.name().as_bytes(), key, value] {
        let length = u32::try_from(bytes.len()).map_err(Error::internal)?;
        out.extend(length.to_le_bytes());
        out.extend(bytes);
    }
    Ok(())
}

/// What a file of [`Export::encode`] holds.
pub struct ImportedCatalog<'a> {
    rows: Vec<(Stored, &'a [u8], &'a [u8])>,
}

impl fmt::Debug for ImportedCatalog<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportedCatalog").field("parts", &self.rows.len()).finish_non_exhaustive()
    }
}

impl<'a> ImportedCatalog<'a> {
    /// Reads the file, whose path errors name.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] naming the file, or [`ErrorKind::FormatTooNew`].
    pub fn decode(bytes: &'a [u8], path: &str) -> Result<Self> {
        let corrupt =
            |reason: &str| Error::new(ErrorKind::Corrupt { file: path.to_owned(), reason: reason.to_owned() });
        let too_new = |found: String| Error::new(ErrorKind::FormatTooNew { found, known: FORMAT.to_string() });
        let (content, checksum) =
            bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or_else(|| corrupt("it ends too early"))?;
        let rest = content.strip_prefix(MAGIC).ok_or_else(|| corrupt("it is no export of a catalogue"))?;
        if xxh3_64(content) != u64::from_le_bytes(*checksum) {
            return Err(corrupt("its checksum does not fit"));
        }
        let (format, mut rest) = rest.split_first_chunk::<4>().ok_or_else(|| corrupt("it ends too early"))?;
        let format = u32::from_le_bytes(*format);
        if format > FORMAT {
            return Err(too_new(format!("{format} in {path}")));
        }
        let mut rows = Vec::new();
        while !rest.is_empty() {
            let mut next = || take(&mut rest).ok_or_else(|| corrupt("it ends inside a part"));
            let (name, key, value) = (next()?, next()?, next()?);
            let table = encoding::ALL.into_iter().find(|table| table.name().as_bytes() == name);
            let table =
                table.ok_or_else(|| too_new(format!("{FORMAT} with {} in {path}", String::from_utf8_lossy(name))))?;
            rows.push((table, key, value));
        }
        for needed in [VERSION_KEY, SEQUENCE_KEY, NEXT_ID_KEY] {
            if !rows.iter().any(|(table, key, _)| table.name() == encoding::META.name() && *key == needed) {
                return Err(corrupt("it has no version, sequence number or next id"));
            }
        }
        Ok(Self { rows })
    }

    /// Makes the catalogue of a data directory that has none: whole or not at all.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] when its parts do not fit each other, or an I/O error.
    pub fn write(&self, files: &dyn Files) -> Result<Catalog> {
        let path = Path::new(FILE_NAME);
        if files.exists(path).map_err(|error| files::io_error("look for", path, &error))? {
            return Err(Error::internal(format!("there is a {FILE_NAME} already")));
        }
        let mut contents = None;
        disk::make_file(files, |disk: &Disk| {
            disk.put_rows(&self.rows)?;
            contents = Some(disk.load()?);
            Ok(())
        })?;
        disk::settle_file(files)?;
        contents.map(|contents| contents.catalog).ok_or_else(|| Error::internal("no catalogue was made"))
    }
}

#[cfg(test)]
impl ImportedCatalog<'_> {
    /// Without its first part, which others need.
    pub(crate) fn drop_first_row(&mut self) {
        self.rows.remove(0);
    }
}

/// The next bytes with their length before them.
fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (bytes, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(bytes)
}
