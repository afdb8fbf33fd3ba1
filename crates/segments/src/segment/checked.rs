//! Positional reads of a file whose blocks have checksums: no byte is handed out before the
//! checksum of its block was compared.

use bytes::{Buf, Bytes, buf::Reader};
use catalog::SegmentEntry;
use files::{File, io_error};
use model::{Error, ErrorKind, Result};
use parking_lot::Mutex;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};
use std::path::Path;
use std::sync::Arc;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// Bytes that have one checksum.
pub(super) const BLOCK_BYTES: u64 = 16 << 10;
/// Bytes read beyond what was asked for, once reads follow each other.
const READ_AHEAD_BYTES: u64 = 8 * BLOCK_BYTES;
/// Bytes read at once where the whole file is read.
const WHOLE_READ_BYTES: u64 = 64 * BLOCK_BYTES;

/// The error of a file that does not hold what was written.
pub(crate) fn corrupt(path: &str, reason: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Corrupt { file: path.into(), reason: reason.to_string() })
}

/// An open file and the checksums of its blocks.
#[derive(Debug)]
pub(super) struct CheckedFile {
    file: Arc<dyn File>,
    path: String,
    bytes: u64,
    block_checksums: Vec<u64>,
}

impl CheckedFile {
    pub(super) fn new(file: Arc<dyn File>, entry: &SegmentEntry, block_checksums: Vec<u64>) -> Self {
        Self { file, path: entry.path.clone(), bytes: entry.bytes, block_checksums }
    }

    pub(super) fn file(&self) -> &dyn File {
        &*self.file
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.block_checksums.len() * size_of::<u64>()
    }

    /// The blocks that hold a range of bytes, and where they begin.
    fn blocks(&self, start: u64, end: u64) -> Result<(u64, Bytes)> {
        let first = start / BLOCK_BYTES;
        let end = end.div_ceil(BLOCK_BYTES).saturating_mul(BLOCK_BYTES).min(self.bytes);
        let start = first * BLOCK_BYTES;
        let bytes = read(&*self.file, &self.path, start, end)?;
        for (block, bytes) in (first..).zip(bytes.chunks(BLOCK_BYTES as usize)) {
            let expected = usize::try_from(block).ok().and_then(|block| self.block_checksums.get(block));
            if expected != Some(&xxh3_64(bytes)) {
                return Err(corrupt(&self.path, format!("the checksum of block {block} does not fit")));
            }
        }
        Ok((start, bytes.into()))
    }
}

/// Reads a part of a file.
pub(super) fn read(file: &dyn File, path: &str, start: u64, end: u64) -> Result<Vec<u8>> {
    let length = usize::try_from(end.saturating_sub(start)).map_err(|_| corrupt(path, "a part is too long to read"))?;
    let mut bytes = vec![0; length];
    match file.read_at(start, &mut bytes) {
        Ok(()) => Ok(bytes),
        Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Err(corrupt(path, "it is cut short")),
        Err(e) => Err(io_error("read", Path::new(path), &e)),
    }
}

/// Reads a whole file of that length: its checksum, and those of its blocks.
pub(super) fn sum(file: &dyn File, path: &str, bytes: u64) -> Result<(u64, Vec<u64>)> {
    let mut whole = Xxh3::new();
    let mut block_checksums = Vec::new();
    let mut start = 0;
    while start < bytes {
        let end = bytes.min(start + WHOLE_READ_BYTES);
        let part = read(file, path, start, end)?;
        whole.update(&part);
        block_checksums.extend(part.chunks(BLOCK_BYTES as usize).map(xxh3_64));
        start = end;
    }
    Ok((whole.digest(), block_checksums))
}

/// One reader's view of a file. Remembers the last parts of it, since the pages of a column follow
/// each other and share blocks; and the error that made a read fail, which Parquet's own errors
/// do not carry through.
#[derive(Clone, Debug)]
pub(super) struct CheckedReader {
    file: Arc<CheckedFile>,
    state: Arc<Mutex<ReaderState>>,
    windows_max: usize,
}

#[derive(Debug, Default)]
struct ReaderState {
    /// The newest last.
    windows: Vec<Window>,
    fault: Option<Error>,
}

/// A part of the file.
#[derive(Debug)]
struct Window {
    start: u64,
    bytes: Bytes,
    /// Where the last read in it ended: a read that begins there follows it.
    read_to: u64,
}

impl Window {
    fn holds(&self, start: u64, end: u64) -> bool {
        self.start <= start && end <= self.start + self.bytes.len() as u64
    }

    fn read(&mut self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let offset = usize::try_from(start - self.start)?;
        self.read_to = start + length as u64;
        Ok(self.bytes.slice(offset..offset + length))
    }
}

impl CheckedReader {
    /// A reader of that many columns.
    pub(super) fn new(file: &Arc<CheckedFile>, columns: usize) -> Self {
        Self { file: Arc::clone(file), state: Arc::default(), windows_max: columns + 1 }
    }

    /// The error behind a failed read: of the disk if it was that, else the file is damaged.
    pub(super) fn fault(&self, error: impl std::fmt::Display) -> Error {
        self.state.lock().fault.take().unwrap_or_else(|| corrupt(&self.file.path, error))
    }

    fn read(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let end = start.saturating_add(length as u64);
        if end > self.file.bytes {
            return Err(ParquetError::EOF(format!("bytes {start} to {end} of {}", self.file.bytes)));
        }
        let mut state = self.state.lock();
        if let Some(window) = state.windows.iter_mut().rev().find(|window| window.holds(start, end)) {
            return window.read(start, length);
        }
        let before = state.windows.iter().position(|window| window.read_to == start);
        let ahead = if before.is_some() { READ_AHEAD_BYTES } else { 0 };
        match self.file.blocks(start, end.saturating_add(ahead)) {
            Ok((window_start, bytes)) => {
                match before {
                    Some(before) => drop(state.windows.remove(before)),
                    None if state.windows.len() >= self.windows_max => drop(state.windows.remove(0)),
                    None => {}
                }
                let mut window = Window { start: window_start, bytes, read_to: end };
                let read = window.read(start, length);
                state.windows.push(window);
                read
            }
            Err(error) => {
                let text = error.to_string();
                state.fault.get_or_insert(error);
                Err(ParquetError::General(text))
            }
        }
    }
}

impl Length for CheckedReader {
    fn len(&self) -> u64 {
        self.file.bytes
    }
}

impl ChunkReader for CheckedReader {
    type T = Reader<Bytes>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        let length = self.file.bytes.saturating_sub(start).min(BLOCK_BYTES);
        Ok(self.read(start, usize::try_from(length)?)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        self.read(start, length)
    }
}
