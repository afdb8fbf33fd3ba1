//! The log of a backup: its files from the first that the catalogue asks for, byte for byte, up to
//! the backup's last record. Every record is checked on the way.

use super::manifest::BackupFile;
use super::piece::{PIECE_BYTES, Piece};
use crate::log::{FRAME_BYTES, Frame, HEADER_BYTES, Header, corrupt, log_path};
use catalog::LogFiles;
use files::{File, Files, io_error};
use model::{Result, Sequence};
use std::path::Path;
use xxhash_rust::xxh3::Xxh3;

type Take<'a> = dyn FnMut(Piece<'_>) -> Result<()> + 'a;

/// Sends the files; which they are.
pub(super) fn send(files: &dyn Files, first: u64, last_record: Sequence, take: &mut Take<'_>) -> Result<LogFiles> {
    let mut number = first;
    loop {
        let path = log_path(number);
        if !files.exists(&path).map_err(|e| io_error("look for", &path, &e))? {
            return Err(corrupt(&path, format!("it is missing, though record {last_record} is not in an older file")));
        }
        let file = files.open(&path).map_err(|e| io_error("open", &path, &e))?;
        let mut copy =
            Copy { file: file.as_ref(), path: &path, buffer: Vec::new(), sent: 0, hasher: Xxh3::new(), take };
        copy.begin(number)?;
        let is_last = copy.records(last_record)?;
        copy.end()?;
        if is_last {
            return Ok(LogFiles { first, last: number });
        }
        number += 1;
    }
}

struct Copy<'a, 'b> {
    file: &'a dyn File,
    path: &'a Path,
    /// Checked, and not handed over yet.
    buffer: Vec<u8>,
    sent: u64,
    hasher: Xxh3,
    take: &'a mut Take<'b>,
}

impl Copy<'_, '_> {
    fn begin(&mut self, number: u64) -> Result<()> {
        (self.take)(Piece::Begin(&self.path.to_string_lossy()))?;
        let mut header = [0; HEADER_BYTES];
        self.read(0, &mut header)?;
        let read = Header::decode(&header).map_err(|reason| corrupt(self.path, reason))?;
        if read.number != number {
            return Err(corrupt(self.path, format!("it says that it is file {}", read.number)));
        }
        self.send(&header)
    }

    /// Sends the records up to the last one; whether that is among them.
    fn records(&mut self, last_record: Sequence) -> Result<bool> {
        let length = self.file.len().map_err(|e| io_error("read", self.path, &e))?;
        while self.sent < length {
            let offset = self.sent;
            let damaged = || corrupt(self.path, format!("the record at byte {offset} does not check out"));
            let mut head = [0; FRAME_BYTES];
            self.read(offset, &mut head)?;
            let payload_at = offset + FRAME_BYTES as u64;
            let room = length.saturating_sub(payload_at);
            let frame = Frame::decode(&head).filter(|frame| frame.len as u64 <= room).ok_or_else(damaged)?;
            let mut payload = vec![0; frame.len];
            self.read(payload_at, &mut payload)?;
            if !frame.checks_out(&head, &payload) {
                return Err(damaged());
            }
            if frame.sequence > last_record {
                return Err(corrupt(self.path, format!("record {last_record} is missing before {}", frame.sequence)));
            }
            self.send(&head)?;
            self.send(&payload)?;
            if frame.sequence == last_record {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn end(mut self) -> Result<()> {
        self.hand_over()?;
        let path = self.path.to_string_lossy().into_owned();
        (self.take)(Piece::End(BackupFile { path, bytes: self.sent, checksum: self.hasher.digest() }))
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.file.read_at(offset, buffer).map_err(|e| match e.kind() {
            std::io::ErrorKind::UnexpectedEof => corrupt(self.path, "it ends inside a record"),
            _ => io_error("read", self.path, &e),
        })
    }

    fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.hasher.update(bytes);
        self.sent += bytes.len() as u64;
        self.buffer.extend(bytes);
        if self.buffer.len() < PIECE_BYTES {
            return Ok(());
        }
        self.hand_over()
    }

    fn hand_over(&mut self) -> Result<()> {
        (self.take)(Piece::Bytes(&self.buffer))?;
        self.buffer.clear();
        Ok(())
    }
}
