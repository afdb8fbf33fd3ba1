//! Reads the log front to back at start, and cuts a torn tail off its last file.

use super::file_format::{self, DIRECTORY, FRAME_BYTES, FRAME_MAGIC, Frame, HEADER_BYTES, Header};
use files::{File, Files, io_error};
use model::{Error, ErrorKind, Result, Sequence};
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
pub(crate) struct LogFiles {
    /// Files with records, oldest first.
    pub(crate) files: Vec<LogFile>,
    /// The number for the next file.
    pub(crate) next_number: u64,
}

/// The error that a file does not check out.
pub(crate) fn corrupt(path: &Path, reason: impl Into<String>) -> Error {
    Error::new(ErrorKind::Corrupt { file: path.display().to_string(), reason: reason.into() })
}

/// Reads every record, oldest first. A tail that was never acknowledged is cut off durably.
pub(crate) fn read_log(
    files: &dyn Files,
    mut each: impl FnMut(&Path, Sequence, &[u8]) -> Result<()>,
) -> Result<LogFiles> {
    let directory = Path::new(DIRECTORY);
    let names = files.list(directory).map_err(|e| io_error("list", directory, &e))?;
    let mut numbers: Vec<u64> = names.iter().filter_map(|name| file_format::number(name)).collect();
    if let Some(last) = numbers.last().copied()
        && !is_begun(files, last)?
    {
        // Its creation was not finished: nothing in it was ever acknowledged.
        let path = file_format::path(last);
        files
            .remove(&path)
            .and_then(|()| files.sync_directory(directory))
            .map_err(|e| io_error("remove", &path, &e))?;
        numbers.pop();
    }
    let mut found = LogFiles { files: Vec::new(), next_number: numbers.last().map_or(1, |n| n + 1) };
    for (i, number) in numbers.iter().copied().enumerate() {
        let path = file_format::path(number);
        if i > 0 && number != numbers[i - 1] + 1 {
            return Err(corrupt(&file_format::path(number - 1), "the file is missing"));
        }
        let (file, len) = open(files, &path)?;
        let header = read_header(file.as_ref(), len, &path)?.map_err(|reason| corrupt(&path, reason))?;
        if header.number != number {
            return Err(corrupt(&path, format!("it says that it is file {}", header.number)));
        }
        if let Some(previous) = found.files.last()
            && previous.last != header.previous
        {
            return Err(corrupt(&path, format!("it does not follow the record {}", previous.last)));
        }
        let reader = FileReader { file: file.as_ref(), path: &path, len, last: header.previous };
        let last = reader.read(i + 1 == numbers.len(), &mut each)?;
        found.files.push(LogFile { number, previous: header.previous, last, bytes: len });
    }
    Ok(found)
}

fn open(files: &dyn Files, path: &Path) -> Result<(Arc<dyn File>, u64)> {
    let opened = files.open(path).and_then(|file| file.len().map(|len| (file, len)));
    opened.map_err(|e| io_error("open", path, &e))
}

/// Whether a file may hold records: its header was synced before the first one.
fn is_begun(files: &dyn Files, number: u64) -> Result<bool> {
    let path = file_format::path(number);
    let (file, len) = open(files, &path)?;
    Ok(len > HEADER_BYTES as u64 || read_header(file.as_ref(), len, &path)?.is_ok())
}

/// The header, or what does not check out in it.
fn read_header(file: &dyn File, len: u64, path: &Path) -> Result<Result<Header, String>> {
    if len < HEADER_BYTES as u64 {
        return Ok(Err("it ends inside its header".into()));
    }
    let mut bytes = [0; HEADER_BYTES];
    file.read_at(0, &mut bytes).map_err(|e| io_error("read", path, &e))?;
    Ok(Header::decode(&bytes))
}

struct FileReader<'a> {
    file: &'a dyn File,
    path: &'a Path,
    len: u64,
    last: Sequence,
}

impl FileReader<'_> {
    /// Reads the records; the newest number at the end.
    fn read(mut self, is_last: bool, each: &mut impl FnMut(&Path, Sequence, &[u8]) -> Result<()>) -> Result<Sequence> {
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
                None if is_last && !self.acknowledged_after(offset)? => {
                    self.cut(offset)?;
                    break;
                }
                None => return Err(corrupt(self.path, format!("the record at byte {offset} does not check out"))),
            }
        }
        Ok(self.last)
    }

    fn frame_at(&self, offset: u64) -> Result<Option<(Frame, Vec<u8>)>> {
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
