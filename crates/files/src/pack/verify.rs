//! Everything that can be said of a pack without knowing what its members are.

use super::{ALIGNMENT, ENTRY_BYTES, HEAD_BYTES, MAGIC, TAIL_BYTES, numbers_of};
use crate::File;
use std::io;
use std::ops::Range;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

const READ_BYTES: usize = 1 << 20;

/// What does not check out in a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PackFault {
    /// What holds the members together.
    Frame(&'static str),
    /// A part of a member: it is not what was written.
    Part(Range<u64>),
}

/// Reads a pack whole. `known` are parts that somebody names: the directory must have each.
///
/// # Errors
/// Those of the disk.
pub fn verify_pack(file: &dyn File, path: &str, known: &[Range<u64>]) -> io::Result<Vec<PackFault>> {
    let frame = |reason| Ok(vec![PackFault::Frame(reason)]);
    let length = file.len()?;
    let Some(tail_at) = length.checked_sub(TAIL_BYTES).filter(|at| *at >= HEAD_BYTES) else {
        return frame("it is too short");
    };
    let (head, tail) = (bytes(file, 0..HEAD_BYTES)?, bytes(file, tail_at..length)?);
    let (directory_at, count) = (number(&tail, 0), number(&tail, 1));
    let directory_bytes = count.checked_mul(ENTRY_BYTES);
    let end = directory_bytes.and_then(|bytes| directory_at.checked_add(bytes));
    if end != Some(tail_at) || directory_at < HEAD_BYTES || tail.get(24..) != Some(&MAGIC[..]) {
        return frame("its end does not check out");
    }
    let directory = bytes(file, directory_at..tail_at)?;
    let sealed = [head.as_slice(), &directory, tail.get(..16).unwrap_or_default()].concat();
    let named = numbers_of(path).map(|(number, _)| number);
    if xxh3_64(&sealed) != number(&tail, 2) || !head.starts_with(&MAGIC) || named != Some(number(&head, 1)) {
        return frame("its directory does not check out");
    }
    let mut faults = Vec::new();
    let mut at = HEAD_BYTES;
    let mut parts = Vec::new();
    for entry in directory.chunks(32) {
        let (offset, length, checksum) = (number(entry, 1), number(entry, 2), number(entry, 3));
        let part = offset..offset.saturating_add(length);
        if offset != at.next_multiple_of(ALIGNMENT) || part.end > directory_at {
            return frame("its members do not follow each other");
        }
        faults.extend(gap(file, at..offset)?);
        if sum(file, part.clone())? != checksum {
            faults.push(PackFault::Part(part.clone()));
        }
        at = part.end;
        parts.push(part);
    }
    faults.extend(gap(file, at..directory_at)?);
    let at = |start: u64| parts.binary_search_by_key(&start, |part| part.start).ok().and_then(|at| parts.get(at));
    if known.iter().any(|part| at(part.start) != Some(part)) {
        faults.push(PackFault::Frame("its directory does not have every member"));
    }
    Ok(faults)
}

fn number(bytes: &[u8], place: usize) -> u64 {
    let bytes = bytes.get(place * 8..).and_then(|bytes| bytes.first_chunk());
    bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

fn bytes(file: &dyn File, range: Range<u64>) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(range.end - range.start).map_err(io::Error::other)?];
    file.read_at(range.start, &mut bytes)?;
    Ok(bytes)
}

fn gap(file: &dyn File, range: Range<u64>) -> io::Result<Option<PackFault>> {
    if range.end - range.start >= ALIGNMENT {
        return Ok(Some(PackFault::Frame("its members do not follow each other")));
    }
    let is_empty = bytes(file, range)?.iter().all(|byte| *byte == 0);
    Ok((!is_empty).then_some(PackFault::Frame("there is something between its members")))
}

fn sum(file: &dyn File, range: Range<u64>) -> io::Result<u64> {
    let mut hasher = Xxh3::new();
    let mut at = range.start;
    while at < range.end {
        let part = bytes(file, at..range.end.min(at + READ_BYTES as u64))?;
        hasher.update(&part);
        at += part.len() as u64;
    }
    Ok(hasher.digest())
}
