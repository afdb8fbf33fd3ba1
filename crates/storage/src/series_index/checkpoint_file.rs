//! The bytes of a series checkpoint, laid out so that a mapped file can be used as it is: any
//! series is found by its hash, its id or its place in key order without reading the others.
//! Everything is little-endian, every section begins at a multiple of eight bytes.
//!
//! The header: magic, format, how many series there are and how many of them live, table, mark,
//! the next id; then offset, length and CRC-32 of each section; then the header's own CRC-32.
//! The sections, in file order:
//!
//! - series, 48 bytes each, by id: id, bytes of key and of attributes, 0, where key and attributes
//!   begin in their heaps, newest time, the number that ended it (0 while it lives);
//! - the hashes of the living, 16 bytes each, ascending;
//! - beside each hash the place of its series in the first section, 4 bytes;
//! - the places of the living in key order, 4 bytes each;
//! - the heap of key bytes, the heap of attributes.

use crate::bytes_codec::{Cursor, Decoded, Malformed};
use bytes::Bytes;
use files::File;
use model::{KeyHash, Sequence, SeriesId, TableId};
use std::borrow::Cow;
use std::io;
use std::ops::Range;

const MAGIC: [u8; 8] = *b"\x89CGSER\r\n";
const FORMAT: u32 = 1;
const SECTIONS: usize = 6;
const SECTION_BYTES: usize = 24;
/// Bytes of the header before the list of sections.
const FIXED_BYTES: usize = 48;
const HEADER_BYTES: usize = FIXED_BYTES + SECTIONS * SECTION_BYTES + 8;
const SERIES_BYTES: usize = 48;
const ALIGNMENT: usize = 8;
/// Bytes written at once.
const BUFFER_BYTES: usize = 1 << 20;

const SERIES: usize = 0;
const HASHES: usize = 1;
const BY_HASH: usize = 2;
const BY_KEY: usize = 3;
const KEYS: usize = 4;
const ATTRIBUTES: usize = 5;

/// One series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoredSeries<'a> {
    pub(super) id: SeriesId,
    pub(super) key: &'a [u8],
    pub(super) attributes: Cow<'a, [u8]>,
    pub(super) newest: i64,
    /// The number that ended it.
    pub(super) ended: Option<Sequence>,
}

/// What a checkpoint says. The series are asked for one by one: together they would take as much
/// memory as the file has bytes.
pub(super) struct Contents<'a> {
    pub(super) table: TableId,
    pub(super) mark: Sequence,
    pub(super) next_id: u32,
    /// How many series there are, by id.
    pub(super) count: u32,
    /// The series at a place.
    pub(super) series: &'a dyn Fn(u32) -> StoredSeries<'a>,
    /// The places of the living by their hashes, which ascend.
    pub(super) by_hash: &'a [u32],
    /// The hash of the series at a place.
    pub(super) hash: &'a dyn Fn(u32) -> KeyHash,
    /// The places of the living in key order.
    pub(super) by_key: &'a [u32],
}

/// Writes a file front to back, a buffer at a time.
struct Output<'a> {
    file: &'a dyn File,
    buffer: Vec<u8>,
    /// Where the buffer begins.
    start: u64,
    crc: crc32fast::Hasher,
}

impl Output<'_> {
    fn at(&self) -> u64 {
        self.start + self.buffer.len() as u64
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.crc.update(bytes);
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_at(self.start, &self.buffer)?;
        self.start = self.at();
        self.buffer.clear();
        Ok(())
    }
}

impl Contents<'_> {
    /// Writes the file.
    pub(super) fn write(&self, file: &dyn File) -> io::Result<()> {
        let (buffer, start) = (Vec::with_capacity(BUFFER_BYTES), HEADER_BYTES as u64);
        let mut output = Output { file, buffer, start, crc: crc32fast::Hasher::new() };
        let mut header = Vec::with_capacity(HEADER_BYTES);
        header.extend(MAGIC);
        header.extend(FORMAT.to_le_bytes());
        header.extend(self.count.to_le_bytes());
        header.extend(length(self.by_hash.len()).to_le_bytes());
        header.extend(self.next_id.to_le_bytes());
        header.extend(self.table.0.to_le_bytes());
        header.extend(self.mark.0.to_le_bytes());
        header.resize(FIXED_BYTES, 0);
        for section in 0..SECTIONS {
            let padding = output.at().next_multiple_of(ALIGNMENT as u64) - output.at();
            (0..padding).try_for_each(|_| output.put(&[0]))?;
            output.crc = crc32fast::Hasher::new();
            let start = output.at();
            self.put_section(section, &mut output)?;
            header.extend(start.to_le_bytes());
            header.extend((output.at() - start).to_le_bytes());
            header.extend(u64::from(output.crc.clone().finalize()).to_le_bytes());
        }
        output.flush()?;
        header.extend(u64::from(crc32fast::hash(&header)).to_le_bytes());
        file.write_at(0, &header)
    }

    fn put_section(&self, section: usize, out: &mut Output<'_>) -> io::Result<()> {
        let mut all = (0..self.count).map(|place| (self.series)(place));
        match section {
            SERIES => self.put_series(out),
            HASHES => self.by_hash.iter().try_for_each(|place| out.put(&(self.hash)(*place).0.to_le_bytes())),
            BY_HASH => self.by_hash.iter().try_for_each(|place| out.put(&place.to_le_bytes())),
            BY_KEY => self.by_key.iter().try_for_each(|place| out.put(&place.to_le_bytes())),
            KEYS => all.try_for_each(|series| out.put(series.key)),
            _ => all.try_for_each(|series| out.put(&series.attributes)),
        }
    }

    fn put_series(&self, out: &mut Output<'_>) -> io::Result<()> {
        let (mut keys, mut attributes) = (0_u64, 0_u64);
        for series in (0..self.count).map(|place| (self.series)(place)) {
            let mut bytes = Vec::with_capacity(SERIES_BYTES);
            bytes.extend(series.id.0.to_le_bytes());
            bytes.extend(length(series.key.len()).to_le_bytes());
            bytes.extend(length(series.attributes.len()).to_le_bytes());
            bytes.extend([0; 4]);
            bytes.extend(keys.to_le_bytes());
            bytes.extend(attributes.to_le_bytes());
            bytes.extend(series.newest.to_le_bytes());
            bytes.extend(series.ended.map_or(0, |ended| ended.0).to_le_bytes());
            out.put(&bytes)?;
            keys += series.key.len() as u64;
            attributes += series.attributes.len() as u64;
        }
        Ok(())
    }
}

/// A number of series or bytes of one series: ids have 32 bits, and requests far fewer bytes.
fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// A checkpoint over the bytes of its file, of which nothing is decoded before it is asked for.
#[derive(Debug)]
pub(super) struct CheckpointFile {
    bytes: Bytes,
    pub(super) table: TableId,
    pub(super) mark: Sequence,
    pub(super) next_id: u32,
    sections: [(Range<usize>, u32); SECTIONS],
}

impl CheckpointFile {
    /// Checks the header alone.
    pub(super) fn new(bytes: Bytes) -> Decoded<Self> {
        let header = bytes.first_chunk::<HEADER_BYTES>().ok_or_else(|| Malformed::new("it ends inside its header"))?;
        let mut cursor = Cursor::new(header);
        if cursor.array::<8>()? != MAGIC {
            return Err(Malformed::new("it does not begin like a series checkpoint"));
        }
        let format = cursor.u32()?;
        if format != FORMAT {
            return Err(Malformed::new(format!("its format is {format}, not {FORMAT}")));
        }
        let (covered, crc) = header.split_at(HEADER_BYTES - 8);
        if *crc != u64::from(crc32fast::hash(covered)).to_le_bytes() {
            return Err(Malformed::new("the checksum of its header is wrong"));
        }
        let (count, living) = (cursor.u32()? as usize, cursor.u32()? as usize);
        let next_id = cursor.u32()?;
        let (table, mark) = (TableId(cursor.u64()?), Sequence(cursor.u64()?));
        let mut sections: [(Range<usize>, u32); SECTIONS] = std::array::from_fn(|_| (0..0, 0));
        let mut cursor = Cursor::new(covered.get(FIXED_BYTES..).unwrap_or_default());
        for (range, crc) in &mut sections {
            let outside = || Malformed::new("a section lies outside of it");
            let start = usize::try_from(cursor.u64()?).map_err(|_| outside())?;
            let length = usize::try_from(cursor.u64()?).map_err(|_| outside())?;
            *range = start..start.checked_add(length).filter(|end| *end <= bytes.len()).ok_or_else(outside)?;
            *crc = u32::try_from(cursor.u64()?).map_err(|_| outside())?;
        }
        let fits = |section: usize, length: usize, of: usize| sections[section].0.len() == length.saturating_mul(of);
        let whole = fits(SERIES, count, SERIES_BYTES) && fits(HASHES, living, 16) && living <= count;
        if !(whole && fits(BY_HASH, living, 4) && fits(BY_KEY, living, 4)) {
            return Err(Malformed::new("its sections do not have as many series as its header says"));
        }
        Ok(Self { bytes, table, mark, next_id, sections })
    }

    /// Compares the checksum of every section; nothing lies between them.
    pub(super) fn verify(&self) -> Decoded<()> {
        let mut end = HEADER_BYTES;
        for (range, _) in &self.sections {
            let between = self.range(&(end..range.start)).unwrap_or_default();
            if range.start != end.next_multiple_of(ALIGNMENT) || between.iter().any(|byte| *byte != 0) {
                return Err(Malformed::new("something lies between its sections"));
            }
            end = range.end;
        }
        if end != self.bytes.len() {
            return Err(Malformed::new("something lies behind its sections"));
        }
        let differs = |(range, crc): &&(Range<usize>, u32)| self.range(range).map(crc32fast::hash) != Some(*crc);
        match self.sections.iter().position(|section| differs(&section)) {
            Some(section) => Err(Malformed::new(format!("the checksum of its section {section} is wrong"))),
            None => Ok(()),
        }
    }

    fn range(&self, range: &Range<usize>) -> Option<&[u8]> {
        self.bytes.get(range.clone())
    }

    fn section(&self, section: usize) -> &[u8] {
        self.range(&self.sections[section].0).unwrap_or_default()
    }

    /// The series at a place.
    pub(super) fn series(&self, place: usize) -> Decoded<StoredSeries<'_>> {
        let all = self.section(SERIES).as_chunks::<SERIES_BYTES>().0;
        let mut cursor = Cursor::new(all.get(place).ok_or_else(|| Malformed::new("a place without a series"))?);
        let id = SeriesId(cursor.u32()?);
        let (key_bytes, attribute_bytes, _) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
        let (key_start, attributes_start) = (cursor.u64()?, cursor.u64()?);
        let (newest, ended) = (cursor.i64()?, cursor.u64()?);
        let heap = |section: usize, start: u64, length: u32| {
            let start = usize::try_from(start).ok();
            let range = start.and_then(|start| Some(start..start.checked_add(length as usize)?));
            range
                .and_then(|range| self.section(section).get(range))
                .ok_or_else(|| Malformed::new("a heap is too short"))
        };
        Ok(StoredSeries {
            id,
            key: heap(KEYS, key_start, key_bytes)?,
            attributes: heap(ATTRIBUTES, attributes_start, attribute_bytes)?.into(),
            newest,
            ended: (ended != 0).then_some(Sequence(ended)),
        })
    }

    /// How many series there are, ended ones too.
    pub(super) fn count(&self) -> usize {
        self.section(SERIES).len() / SERIES_BYTES
    }

    /// The hashes of the living, ascending, with the places of their series.
    pub(super) fn by_hash(&self) -> impl ExactSizeIterator<Item = (KeyHash, usize)> {
        let hashes = self.section(HASHES).as_chunks::<16>().0.iter();
        hashes.map(|hash| KeyHash(u128::from_le_bytes(*hash))).zip(self.places(BY_HASH))
    }

    /// The places of the living in key order.
    pub(super) fn by_key(&self) -> impl ExactSizeIterator<Item = usize> {
        self.places(BY_KEY)
    }

    fn places(&self, section: usize) -> impl ExactSizeIterator<Item = usize> {
        self.section(section).as_chunks::<4>().0.iter().map(|place| u32::from_le_bytes(*place) as usize)
    }
}

/// The same with checksums that fit.
#[cfg(any(test, fuzzing))]
pub(crate) fn sealed(bytes: &[u8]) -> Vec<u8> {
    let mut sealed = bytes.to_vec();
    let number = |at: usize| {
        let bytes = bytes.get(at..)?.first_chunk()?;
        usize::try_from(u64::from_le_bytes(*bytes)).ok()
    };
    let mut put = |at: usize, crc: u32| {
        if let Some(place) = sealed.get_mut(at..at + 8) {
            place.copy_from_slice(&u64::from(crc).to_le_bytes());
        }
        sealed.get(..HEADER_BYTES - 8).map(crc32fast::hash)
    };
    let mut header = None;
    for at in (0..SECTIONS).map(|section| FIXED_BYTES + section * SECTION_BYTES) {
        let range = number(at).zip(number(at + 8)).and_then(|(start, length)| Some(start..start.checked_add(length)?));
        header = put(at + 16, range.and_then(|range| bytes.get(range)).map_or(0, crc32fast::hash));
    }
    put(HEADER_BYTES - 8, header.unwrap_or(0));
    sealed
}

#[cfg(test)]
mod tests;
