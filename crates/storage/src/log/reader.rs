//! Reads the log front to back at start, and cuts a torn tail off its last file.
//!
//! The catalogue says which files there must be. A file is begun durably, then the catalogue says
//! so, then it gets its first record; the catalogue says that a file is not needed, then it goes.
//! So a crash leaves at most one file more at the end, without records, and old ones at the front.
//! The file before goes on meanwhile: until the first record the header may say an older number.

use super::file_format::{self, DIRECTORY, FRAME_BYTES, FRAME_MAGIC, Frame, HEADER_BYTES, Header};
use super::one_bit::flipped_bit;
use crate::format::CATALOGUE;
use crate::segment;
use catalog::LogFiles;
use files::{File, Files, io_error};
use model::{Error, ErrorKind, Result, Sequence};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// A log file that is there, with the newest number in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogFile {
    pub(crate) number: u64,
    /// The newest number before it.
    pub(crate) previous: Sequence,
    /// The newest number at or before its end.
    pub(crate) last: Sequence,
    /// Its length.
    pub(crate) bytes: u64,
}

/// What was found.
#[derive(Debug)]
pub(crate) struct FoundLog {
    /// Files with records, oldest first.
    pub(crate) files: Vec<LogFile>,
    /// The number for the next file.
    pub(crate) next_number: u64,
}

/// The error that a file does not check out.
pub(crate) fn corrupt(path: &Path, reason: impl Into<String>) -> Error {
    Error::new(ErrorKind::Corrupt { file: path.display().to_string(), reason: reason.into() })
}

/// Reads every record, oldest first. A tail that was never acknowledged is cut off durably, and
/// files that no longer count are removed.
pub(crate) fn read_log(
    files: &dyn Files,
    required: Option<LogFiles>,
    mut each: impl FnMut(&Path, Sequence, &[u8]) -> Result<()>,
) -> Result<FoundLog> {
    let numbers = required_numbers(files, required)?;
    let mut found = FoundLog { files: Vec::new(), next_number: numbers.end };
    for number in numbers.clone() {
        let path = file_format::path(number);
        let (file, len) = open(files, &path)?;
        if number + 1 == numbers.end
            && len == HEADER_BYTES as u64
            && let Some(before) = found.files.last()
        {
            finish_begun(file.as_ref(), &path, Header { number, previous: before.last })?;
        }
        let header = read_header(file.as_ref(), len, &path)?.map_err(|reason| corrupt(&path, reason))?;
        if header.number != number {
            return Err(corrupt(&path, format!("it says that it is file {}", header.number)));
        }
        if let Some(previous) = found.files.last()
            && previous.last != header.previous
        {
            return Err(corrupt(&path, format!("it does not follow the record {}", previous.last)));
        }
        let torn_after = torn_after(files, &numbers, number)?;
        let last =
            FileReader { file: file.as_ref(), path: &path, len, last: header.previous, torn_after }.read(&mut each)?;
        found.files.push(LogFile { number, previous: header.previous, last, bytes: len });
    }
    Ok(found)
}

/// The numbers of the files to read, each of which is there.
fn required_numbers(files: &dyn Files, required: Option<LogFiles>) -> Result<Range<u64>> {
    let directory = Path::new(DIRECTORY);
    let names = files.list(directory).map_err(|e| io_error("list", directory, &e))?;
    let there: Vec<u64> = names.iter().filter_map(|name| file_format::number(name)).collect();
    // Without a word of the catalogue no record was ever acknowledged: whatever was begun counts.
    let begun = || -> Result<LogFiles> {
        let mut begun = there.as_slice();
        while let Some((last, before)) = begun.split_last()
            && !is_begun(files, *last)?
        {
            begun = before;
        }
        Ok(LogFiles { first: begun.first().map_or(1, |n| *n), last: begun.last().map_or(0, |n| *n) })
    };
    let LogFiles { first, last } = required.map_or_else(begun, Ok)?;
    let numbers = first..last.saturating_add(1);
    for number in there.iter().copied().filter(|number| *number >= numbers.end) {
        if number > numbers.end || has_records(files, number)? {
            let path = file_format::path(number);
            let reason = format!("it is older than the log and does not know {}", path.display());
            let what_to_do = "restore catalogue and log from one backup";
            return Err(corrupt(Path::new(CATALOGUE), format!("{reason}: {what_to_do}")));
        }
    }
    if let Some(missing) = numbers.clone().find(|number| there.binary_search(number).is_err()) {
        let reason = "it is missing, and rows that were acknowledged with it: put the file back, or restore the whole \
                      data directory from a backup";
        return Err(corrupt(&file_format::path(missing), reason));
    }
    segment::remove_files(files, directory, |name| file_format::number(name).is_some_and(|n| n < first))?;
    Ok(numbers)
}

/// A file and its length.
pub(super) fn open(files: &dyn Files, path: &Path) -> Result<(Arc<dyn File>, u64)> {
    let opened = files.open(path).and_then(|file| file.len().map(|len| (file, len)));
    opened.map_err(|e| io_error("open", path, &e))
}

/// From which record on a file may end in a torn one: the last file, and the one before it while
/// the last one has no record; `None`: it must be whole.
pub(super) fn torn_after(files: &dyn Files, numbers: &Range<u64>, number: u64) -> Result<Option<Sequence>> {
    if number + 1 == numbers.end {
        return Ok(Some(Sequence::ZERO));
    }
    if number + 2 != numbers.end || has_records(files, number + 1)? {
        return Ok(None);
    }
    let path = file_format::path(number + 1);
    let (file, len) = open(files, &path)?;
    Ok(Some(read_header(file.as_ref(), len, &path)?.map_or(Sequence::ZERO, |header| header.previous)))
}

/// Sets the header of a file right that was begun and got no record.
fn finish_begun(file: &dyn File, path: &Path, header: Header) -> Result<()> {
    let mut bytes = [0; HEADER_BYTES];
    file.read_at(0, &mut bytes).map_err(|e| io_error("read", path, &e))?;
    if Header::is_of_begun(&bytes, header.number, header.previous) {
        file.write_at(0, &header.encode()).and_then(|()| file.sync()).map_err(|e| io_error("begin", path, &e))?;
    }
    Ok(())
}

/// Whether a file may hold records: its header was synced before the first one.
fn is_begun(files: &dyn Files, number: u64) -> Result<bool> {
    let path = file_format::path(number);
    let (file, len) = open(files, &path)?;
    Ok(len > HEADER_BYTES as u64 || read_header(file.as_ref(), len, &path)?.is_ok())
}

/// Whether a file is longer than its header: nothing is appended before the catalogue knows it.
pub(super) fn has_records(files: &dyn Files, number: u64) -> Result<bool> {
    Ok(open(files, &file_format::path(number))?.1 > HEADER_BYTES as u64)
}

/// The header, or what does not check out in it.
pub(super) fn read_header(file: &dyn File, len: u64, path: &Path) -> Result<Result<Header, String>> {
    if len < HEADER_BYTES as u64 {
        return Ok(Err("it ends inside its header".into()));
    }
    let mut bytes = [0; HEADER_BYTES];
    file.read_at(0, &mut bytes).map_err(|e| io_error("read", path, &e))?;
    Ok(Header::decode(&bytes))
}

/// Reads one file.
pub(super) struct FileReader<'a> {
    pub(super) file: &'a dyn File,
    pub(super) path: &'a Path,
    pub(super) len: u64,
    /// The newest record so far.
    pub(super) last: Sequence,
    /// See [`torn_after`].
    pub(super) torn_after: Option<Sequence>,
}

impl FileReader<'_> {
    /// Reads the records; the newest number at the end.
    fn read(mut self, each: &mut impl FnMut(&Path, Sequence, &[u8]) -> Result<()>) -> Result<Sequence> {
        let mut offset = HEADER_BYTES as u64;
        while offset < self.len {
            match self.frame_at(offset)? {
                Some((frame, payload)) => {
                    if frame.sequence <= self.last {
                        let reason = format!("record {} follows record {}", frame.sequence, self.last);
                        return Err(corrupt(self.path, reason));
                    }
                    each(self.path, frame.sequence, &payload)?;
                    self.last = frame.sequence;
                    offset += (FRAME_BYTES + payload.len()) as u64;
                }
                None if self.is_torn(offset)? => {
                    if self.flipped_bit(offset)?.is_some() {
                        let reason = format!("a bit of the record at byte {offset} was flipped after it was written");
                        return Err(corrupt(self.path, reason));
                    }
                    self.cut(offset)?;
                    break;
                }
                None => return Err(corrupt(self.path, format!("the record at byte {offset} does not check out"))),
            }
        }
        Ok(self.last)
    }

    /// Whether what does not check out there may never have been acknowledged.
    pub(super) fn is_torn(&self, offset: u64) -> Result<bool> {
        Ok(self.torn_after.is_some_and(|at| at <= self.last) && !self.acknowledged_after(offset)?)
    }

    /// The one bit that keeps the record there from checking out; with the frame as it was.
    pub(super) fn flipped_bit(&self, offset: u64) -> Result<Option<(usize, Frame)>> {
        let mut tail = vec![0; usize::try_from(self.len - offset).unwrap_or(usize::MAX)];
        self.file.read_at(offset, &mut tail).map_err(|e| io_error("read", self.path, &e))?;
        Ok(flipped_bit(&tail))
    }

    pub(super) fn frame_at(&self, offset: u64) -> Result<Option<(Frame, Vec<u8>)>> {
        let payload_at = offset + FRAME_BYTES as u64;
        if payload_at > self.len {
            return Ok(None);
        }
        let mut head = [0; FRAME_BYTES];
        self.file.read_at(offset, &mut head).map_err(|e| io_error("read", self.path, &e))?;
        let Some(frame) = Frame::decode(&head).filter(|f| f.len as u64 <= self.len - payload_at) else {
            return Ok(None);
        };
        let mut payload = vec![0; frame.len];
        self.file.read_at(payload_at, &mut payload).map_err(|e| io_error("read", self.path, &e))?;
        Ok(frame.checks_out(&head, &payload).then_some((frame, payload)))
    }

    /// Whether some whole record behind a damaged one was written when the damaged one was
    /// already durable.
    fn acknowledged_after(&self, damaged: u64) -> Result<bool> {
        let mut tail = vec![0; usize::try_from(self.len - damaged).unwrap_or(usize::MAX)];
        self.file.read_at(damaged, &mut tail).map_err(|e| io_error("read", self.path, &e))?;
        let starts = tail.windows(FRAME_MAGIC.len()).enumerate().skip(1).filter(|(_, w)| **w == FRAME_MAGIC);
        for (at, _) in starts {
            if let Some((frame, _)) = self.frame_at(damaged + at as u64)?
                && frame.durable > damaged
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn cut(&self, len: u64) -> Result<()> {
        tracing::warn!(file = %self.path.display(), from = len, to = self.len, "cutting a torn tail off the log");
        self.file.set_len(len).and_then(|()| self.file.sync()).map_err(|e| io_error("read", self.path, &e))
    }
}
