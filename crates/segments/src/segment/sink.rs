//! A file that is written from front to back and summed on the way.

use super::checked::BLOCK_BYTES;
use files::File;
use std::io;
use std::sync::Arc;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// Bytes gathered before they are written; a multiple of the block length.
const BUFFER_BYTES: usize = 64 * BLOCK_BYTES as usize;

/// What was written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) bytes: u64,
    pub(super) checksum: u64,
    pub(super) block_checksums: Vec<u64>,
}

/// Writes a file and sums it up.
pub(super) struct Sink {
    file: Arc<dyn File>,
    buffer: Vec<u8>,
    written: u64,
    whole: Xxh3,
    block_checksums: Vec<u64>,
}

impl Sink {
    pub(super) fn new(file: Arc<dyn File>) -> Self {
        let buffer = Vec::with_capacity(BUFFER_BYTES);
        Self { file, buffer, written: 0, whole: Xxh3::new(), block_checksums: Vec::new() }
    }

    fn write_buffer(&mut self) -> io::Result<()> {
        self.file.write_at(self.written, &self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.whole.update(&self.buffer);
        self.block_checksums.extend(self.buffer.chunks(BLOCK_BYTES as usize).map(xxh3_64));
        self.buffer.clear();
        Ok(())
    }

    /// Writes the rest and makes it durable.
    pub(super) fn finish_durably(self) -> io::Result<Written> {
        let file = Arc::clone(&self.file);
        let written = self.finish()?;
        file.sync()?;
        Ok(written)
    }

    /// Writes the rest; whoever has the file makes it durable.
    pub(super) fn finish(mut self) -> io::Result<Written> {
        self.write_buffer()?;
        Ok(Written { bytes: self.written, checksum: self.whole.digest(), block_checksums: self.block_checksums })
    }
}

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(BUFFER_BYTES - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        if self.buffer.len() == BUFFER_BYTES {
            self.write_buffer()?;
        }
        Ok(taken)
    }

    /// Does nothing: only whole blocks are written before the end.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
