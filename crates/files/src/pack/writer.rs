//! Writing a pack from front to back.

use super::{ALIGNMENT, HEAD_BYTES, MAGIC, PACKS, pack_path};
use crate::{File, Files};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 1 << 20;

/// A pack in the making: what is not finished leaves nothing behind.
pub struct PackWriter {
    files: Arc<dyn Files>,
    number: u64,
    temporary: PathBuf,
    file: Arc<dyn File>,
    /// Added, and not written yet.
    buffer: Vec<u8>,
    written: u64,
    whole: Xxh3,
    head: Vec<u8>,
    directory: Vec<u8>,
    is_finished: bool,
}

impl std::fmt::Debug for PackWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PackWriter")
            .field("path", &self.temporary)
            .field("bytes", &self.bytes())
            .finish_non_exhaustive()
    }
}

impl PackWriter {
    /// Begins one with a number that no pack ever had. The directory of packs is there.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn begin(files: Arc<dyn Files>, number: u64) -> io::Result<Self> {
        let temporary = Path::new(PACKS).join(format!("{number:012}.tmp"));
        let file = files.create(&temporary)?;
        let mut head = MAGIC.to_vec();
        head.extend(number.to_le_bytes());
        let (whole, directory, buffer) = (Xxh3::new(), Vec::new(), head.clone());
        Ok(Self { files, number, temporary, file, buffer, written: 0, whole, head, directory, is_finished: false })
    }

    /// How long it is by now.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Adds a member of one part or two; its name in the pack. After an error it may be there.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn add(&mut self, owner: u64, parts: &[&[u8]], ending: &str) -> io::Result<String> {
        let mut name = String::new();
        for part in parts {
            self.align();
            let (offset, length) = (self.bytes(), part.len() as u64);
            if name.is_empty() {
                name = offset.to_string();
            }
            name = format!("{name}-{length}");
            self.buffer.extend_from_slice(part);
            for number in [owner, offset, length, xxh3_64(part)] {
                self.directory.extend(number.to_le_bytes());
            }
        }
        if self.buffer.len() >= BUFFER_BYTES {
            self.write_buffer()?;
        }
        Ok(format!("{name}.{ending}"))
    }

    fn align(&mut self) {
        let padding = self.bytes().next_multiple_of(ALIGNMENT) - self.bytes();
        self.buffer.extend((0..padding).map(|_| 0));
    }

    fn write_buffer(&mut self) -> io::Result<()> {
        self.file.write_at(self.written, &self.buffer)?;
        self.whole.update(&self.buffer);
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Makes it durable under its name; which is its path.
    ///
    /// # Errors
    /// Those of the disk; then it is not there.
    pub fn finish(mut self) -> io::Result<String> {
        self.align();
        let directory_at = self.bytes();
        let count = self.directory.len() as u64 / super::ENTRY_BYTES;
        let mut tail = Vec::new();
        tail.extend(directory_at.to_le_bytes());
        tail.extend(count.to_le_bytes());
        let sealed = xxh3_64(&[self.head.as_slice(), &self.directory, &tail].concat());
        tail.extend(sealed.to_le_bytes());
        tail.extend(MAGIC);
        debug_assert!(directory_at >= HEAD_BYTES && tail.len() as u64 == super::TAIL_BYTES);
        self.buffer.extend_from_slice(&self.directory);
        self.buffer.extend(tail);
        self.write_buffer()?;
        self.file.sync()?;
        let path = pack_path(self.number, self.whole.digest());
        self.files.rename(&self.temporary, Path::new(&path))?;
        self.is_finished = true;
        self.files.sync_directory(Path::new(PACKS)).inspect_err(|_| {
            // Nothing names it; its error counts, not this one's.
            let _ = self.files.remove(Path::new(&path));
        })?;
        Ok(path)
    }
}

impl Drop for PackWriter {
    fn drop(&mut self) {
        if !self.is_finished {
            // What is left of a failed file goes at the next start.
            let _ = self.files.remove(&self.temporary);
        }
    }
}
