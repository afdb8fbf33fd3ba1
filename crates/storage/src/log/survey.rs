//! Reads a log file for what is in it, whatever is wrong with it, and changes nothing: which bits
//! were flipped, where it can no longer be read, and which records stand behind that place.

use super::file_format::{self, FRAME_BYTES, FRAME_MAGIC, HEADER_BYTES, Header};
use super::reader::{FileReader, has_records, open, read_header, torn_after};
use files::{Files, io_error};
use model::{Result, Sequence};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What is wrong at some place of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    /// One bit, counted from the lowest of the file's first byte, was flipped.
    Bit(u64),
    /// From that byte on it cannot be read in order.
    From(u64, String),
    /// It ends in a record that was never acknowledged, from that byte on; the next start cuts it off.
    Torn(u64),
}

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// All before it was read.
    InOrder,
    /// Behind something that could not be read.
    BehindDamage,
}

/// What was found in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SurveyedFile {
    pub(crate) bytes: u64,
    pub(crate) records: u64,
    /// The newest record that was read in order, or before the file.
    pub(crate) last: Sequence,
    pub(crate) damage: Vec<Damage>,
}

impl SurveyedFile {
    /// Whether everything after it still follows.
    pub(crate) fn is_readable(&self) -> bool {
        !self.damage.iter().any(|damage| matches!(damage, Damage::From(..)))
    }
}

/// The path of the log file with a number.
pub(crate) fn log_file_path(number: u64) -> PathBuf {
    file_format::path(number)
}

/// The number in a log file's name.
pub(crate) fn log_file_number(name: &str) -> Option<u64> {
    file_format::number(name)
}

/// Reads the file of that number, which is there. `previous` is the newest record of the file
/// before, if it was read. `each` says what is wrong with a record that checks out.
pub(crate) fn survey_file(
    files: &dyn Files,
    numbers: &Range<u64>,
    number: u64,
    previous: Option<Sequence>,
    mut each: impl FnMut(Place, Sequence, &[u8]) -> Result<(), String>,
) -> Result<SurveyedFile> {
    let path = file_format::path(number);
    let (file, len) = open(files, &path)?;
    let mut found = SurveyedFile { bytes: len, last: previous.unwrap_or_default(), ..SurveyedFile::default() };
    let is_last = number + 1 == numbers.end;
    match header(files, &path, number)? {
        Ok((header, bit)) => {
            // A file that was begun and got no record is set right by the next start, but not one that follows
            // a record that is not there.
            let is_older = previous.is_none_or(|previous| header.previous <= previous);
            let begun = is_last && is_older && !has_records(files, number)?;
            // Nor is it damage that its change to follow the newest record was torn one bit behind the older
            // header, or one before the newer one.
            let is_torn = begun && previous.is_some_and(|previous| header.previous < previous);
            if let Some(bit) = bit.filter(|_| !is_torn)
                && !(begun && says_older(files, file.as_ref(), &path, number)?)
            {
                found.damage.push(Damage::Bit(bit));
            }
            if let Some(previous) = previous.filter(|previous| *previous != header.previous && !begun) {
                found.damage.push(Damage::From(0, format!("it does not follow the record {previous}")));
            } else if !begun || previous.is_none() {
                found.last = header.previous;
            }
        }
        // Neither is such a file's header worth a word while it says which file it is.
        Err(_) if is_last && is_begun(file.as_ref(), &path, len, number, found.last)? => {}
        Err(reason) => found.damage.push(Damage::From(0, reason)),
    }
    let next = file_format::path(number + 1);
    let is_next_there = is_last || files.exists(&next).map_err(|e| io_error("look for", &next, &e))?;
    let torn_after = if is_next_there { torn_after(files, numbers, number)? } else { None };
    let mut reader = FileReader { file: file.as_ref(), path: &path, len, last: found.last, torn_after };
    let mut offset = HEADER_BYTES as u64;
    let mut place = if found.is_readable() { Place::InOrder } else { Place::BehindDamage };
    while offset < len {
        let in_order = place == Place::InOrder;
        let (frame, payload) = match reader.frame_at(offset)? {
            Some(whole) => whole,
            None => match if in_order { reader.flipped_bit(offset)? } else { None } {
                Some((bit, frame)) => {
                    found.damage.push(Damage::Bit(offset * 8 + bit as u64));
                    (frame, set_right(&reader, offset, bit, frame.len)?)
                }
                None if in_order && reader.is_torn(offset)? => {
                    found.damage.push(Damage::Torn(offset));
                    break;
                }
                None => {
                    if in_order {
                        let reason = format!("the record at byte {offset} does not check out");
                        found.damage.push(Damage::From(offset, reason));
                        place = Place::BehindDamage;
                    }
                    let Some(next) = next_frame(&reader, offset)? else { break };
                    offset = next;
                    continue;
                }
            },
        };
        if place == Place::InOrder && frame.sequence <= reader.last {
            let reason = format!("record {} follows record {}", frame.sequence, reader.last);
            found.damage.push(Damage::From(offset, reason));
            place = Place::BehindDamage;
        }
        if let Err(reason) = each(place, frame.sequence, &payload)
            && place == Place::InOrder
        {
            found.damage.push(Damage::From(offset, reason));
            place = Place::BehindDamage;
        }
        if place == Place::InOrder {
            found.records += 1;
            reader.last = frame.sequence;
        }
        offset += (FRAME_BYTES + payload.len()) as u64;
    }
    found.last = reader.last;
    Ok(found)
}

/// The header, with the bit of it that was flipped; or what does not check out.
fn header(files: &dyn Files, path: &Path, number: u64) -> Result<Result<(Header, Option<u64>), String>> {
    let (file, len) = open(files, path)?;
    let reason = match read_header(file.as_ref(), len, path)? {
        Ok(header) if header.number == number => return Ok(Ok((header, None))),
        Ok(header) => format!("it says that it is file {}", header.number),
        Err(reason) => reason,
    };
    let mut bytes = [0; HEADER_BYTES];
    if len >= HEADER_BYTES as u64 {
        file.read_at(0, &mut bytes).map_err(|e| io_error("read", path, &e))?;
        for bit in 0..HEADER_BYTES * 8 {
            let mut right = bytes;
            right[bit / 8] ^= 1 << (bit % 8);
            if let Some(header) = Header::decode(&right).ok().filter(|header| header.number == number) {
                return Ok(Ok((header, Some(bit as u64))));
            }
        }
    }
    Ok(Err(reason))
}

/// Whether a header says what it said when its file was begun: the same as that of the file before.
fn says_older(files: &dyn Files, file: &dyn files::File, path: &Path, number: u64) -> Result<bool> {
    let mut said = [0; 8];
    file.read_at(20, &mut said).map_err(|e| io_error("read", path, &e))?;
    let before = file_format::path(number.saturating_sub(1));
    if !files.exists(&before).map_err(|e| io_error("look for", &before, &e))? {
        return Ok(false);
    }
    let (file, len) = open(files, &before)?;
    let before = read_header(file.as_ref(), len, &before)?;
    Ok(before.is_ok_and(|before| before.previous.0 == u64::from_le_bytes(said)))
}

fn is_begun(file: &dyn files::File, path: &Path, len: u64, number: u64, previous: Sequence) -> Result<bool> {
    if len != HEADER_BYTES as u64 {
        return Ok(false);
    }
    let mut bytes = [0; HEADER_BYTES];
    file.read_at(0, &mut bytes).map_err(|e| io_error("read", path, &e))?;
    Ok(Header::is_of_begun(&bytes, number, previous))
}

/// The payload of a record of that length with a bit of the record flipped.
fn set_right(reader: &FileReader<'_>, offset: u64, bit: usize, len: usize) -> Result<Vec<u8>> {
    let mut payload = vec![0; len];
    reader.file.read_at(offset + FRAME_BYTES as u64, &mut payload).map_err(|e| io_error("read", reader.path, &e))?;
    if let Some(byte) = (bit / 8).checked_sub(FRAME_BYTES).and_then(|at| payload.get_mut(at)) {
        *byte ^= 1 << (bit % 8);
    }
    Ok(payload)
}

/// Where the next record begins that checks out.
fn next_frame(reader: &FileReader<'_>, behind: u64) -> Result<Option<u64>> {
    let mut tail = vec![0; usize::try_from(reader.len - behind).unwrap_or(usize::MAX)];
    reader.file.read_at(behind, &mut tail).map_err(|e| io_error("read", reader.path, &e))?;
    let starts = tail.windows(FRAME_MAGIC.len()).enumerate().skip(1).filter(|(_, window)| **window == FRAME_MAGIC);
    for (at, _) in starts {
        if reader.frame_at(behind + at as u64)?.is_some() {
            return Ok(Some(behind + at as u64));
        }
    }
    Ok(None)
}

/// Makes the file of that number one without records, which follows `previous`.
pub(crate) fn begin_empty(files: &dyn Files, number: u64, previous: Sequence) -> Result<()> {
    let path = file_format::path(number);
    let begin = || {
        let file = files.create(&path)?;
        file.write_at(0, &Header { number, previous }.encode())?;
        file.sync()?;
        files.sync_directory(Path::new(file_format::DIRECTORY))
    };
    begin().map_err(|e| io_error("begin", &path, &e))
}
