//! The rows of a segment of a keyed table as a stream.
//!
//! The directory knows the key at the start of each page, and which keys there may be: only pages
//! that may hold a wanted key are read. Keys of rows are encoded again from the key columns, block by block, and only where
//! somebody compares them.

use super::keyed::{KeyRange, WantedKeys};
use super::source::Reading;
use crate::SegmentReader;
use crate::block::{Block, Keys};
use crate::mask::Masks;
use crate::memory::visible_keys;
use crate::merge::{Piece, Stream};
use crate::segment::{Decoder, KeyMark, Projection};
use model::{KeyBytes, Result, encode_keys};
use std::collections::VecDeque;
use std::ops::{Bound, Range};
use std::sync::Arc;

/// What told that a segment has no row that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Skipped {
    /// The bounds of its keys, or of its pages.
    Bounds,
    /// The filter of its keys.
    Filter,
}

#[derive(Debug)]
pub(crate) struct KeyedSegmentStream {
    segment: Arc<SegmentReader>,
    reading: Arc<Reading>,
    projection: Arc<Projection>,
    masks: Masks,
    wanted: Option<Arc<WantedKeys>>,
    with_keys: bool,
    /// Rows to read, ascending, each part within one row group.
    plan: VecDeque<Range<u64>>,
    decoder: Option<Decoder>,
    /// No later row has a lesser key.
    key_at_least: KeyBytes,
    pieces: VecDeque<Piece<Keys>>,
    has_read: bool,
}

impl KeyedSegmentStream {
    /// Fails when the segment has no row that is wanted. `with_keys`: other streams hold rows too.
    pub(crate) fn new(
        segment: &Arc<SegmentReader>,
        reading: &Arc<Reading>,
        wanted: Option<&Arc<WantedKeys>>,
        masks: Masks,
        with_keys: bool,
    ) -> Result<Self, Skipped> {
        let plan = plan(segment, wanted.map(|wanted| &**wanted))?;
        let with_keys = with_keys || wanted.is_some() || !masks.is_empty();
        Ok(Self {
            segment: Arc::clone(segment),
            reading: Arc::clone(reading),
            projection: Arc::new(Projection::new(segment.file(), &reading.columns, with_keys)),
            masks,
            wanted: wanted.cloned(),
            with_keys,
            plan,
            decoder: None,
            key_at_least: segment.entry().keys.0.clone(),
            pieces: VecDeque::new(),
            has_read: false,
        })
    }

    fn read_block(&mut self) -> Result<()> {
        let Some(next) = self.plan.front_mut() else { return Ok(()) };
        let decoder = match &mut self.decoder {
            Some(decoder) => decoder,
            None => {
                let file = self.segment.file();
                let (group, rows) = file.row_group_of(next.start);
                let inside = |row: u64| usize::try_from(row - rows.start).unwrap_or(usize::MAX);
                let range = std::iter::once(inside(next.start)..inside(next.end));
                if !self.has_read {
                    self.has_read = true;
                    self.reading.count_segment();
                }
                self.decoder.insert(Decoder::new(file, &self.projection, group, range, self.reading.block_rows)?)
            }
        };
        let decoded = decoder.next_block(&self.reading.retyping())?;
        next.start += decoded.rows as u64;
        if next.is_empty() {
            self.plan.pop_front();
            self.decoder = None;
        }
        let mut wanted: Vec<_> = std::iter::once(0..decoded.rows).collect();
        let mut ids = Keys::Unneeded;
        if self.with_keys {
            let keys = encode_keys(&decoded.keys, decoded.rows)?;
            wanted = visible_keys(&keys, self.wanted.as_ref().map(|wanted| &*wanted.ranges), &self.masks);
            if let Some(last) = keys.last() {
                self.key_at_least = last.clone();
            }
            ids = Keys::Encoded(keys);
        }
        let block = Arc::new(Block { ids, kinds: decoded.kinds, columns: decoded.columns });
        self.pieces.extend(wanted.into_iter().map(|rows| Piece { rank: 0, block: Arc::clone(&block), rows }));
        Ok(())
    }
}

/// The rows of pages that may hold keys of the ranges.
fn plan(segment: &SegmentReader, wanted: Option<&WantedKeys>) -> Result<VecDeque<Range<u64>>, Skipped> {
    let rows = segment.entry().rows;
    let directory = segment.directory();
    let marks = directory.marks();
    let mut parts: Vec<Range<u64>> = Vec::new();
    let mut skipped = Skipped::Bounds;
    match wanted {
        None => parts.push(0..rows),
        Some(WantedKeys { ranges, points }) => {
            for (range, point) in ranges.iter().zip(points) {
                if !reaches(range, &segment.entry().keys) {
                    continue;
                }
                if point.is_some_and(|hash| !directory.may_hold(hash)) {
                    skipped = Skipped::Filter;
                    continue;
                }
                let part = pages(marks, range, rows);
                match parts.last_mut() {
                    Some(last) if part.start <= last.end => last.end = last.end.max(part.end),
                    _ => parts.push(part),
                }
            }
        }
    }
    let mut plan = VecDeque::new();
    for mut part in parts {
        while !part.is_empty() {
            let end = part.end.min(segment.file().row_group_of(part.start).1.end);
            plan.push_back(part.start..end);
            part.start = end;
        }
    }
    if plan.is_empty() { Err(skipped) } else { Ok(plan) }
}

/// Whether a range shares a key with a least and a greatest one.
fn reaches((first, last): &KeyRange, (least, greatest): &(KeyBytes, KeyBytes)) -> bool {
    let begins = match first {
        Bound::Unbounded => true,
        Bound::Included(first) => first <= greatest,
        Bound::Excluded(first) => first < greatest,
    };
    let ends = match last {
        Bound::Unbounded => true,
        Bound::Included(last) => last >= least,
        Bound::Excluded(last) => last > least,
    };
    begins && ends
}

fn pages(marks: &[KeyMark], (first, last): &KeyRange, rows: u64) -> Range<u64> {
    let start = match first {
        Bound::Unbounded => 0,
        Bound::Included(first) | Bound::Excluded(first) => {
            marks.partition_point(|mark| mark.key <= *first).saturating_sub(1)
        }
    };
    let end = match last {
        Bound::Unbounded => marks.len(),
        Bound::Included(last) => marks.partition_point(|mark| mark.key <= *last),
        Bound::Excluded(last) => marks.partition_point(|mark| mark.key < *last),
    };
    let row = |mark: usize| marks.get(mark).map_or(rows, |mark| mark.row);
    row(start)..row(end)
}

impl Stream<Keys> for KeyedSegmentStream {
    fn bound(&self) -> Option<(u32, KeyBytes)> {
        if let Some(piece) = self.pieces.front()
            && let Some(key) = piece.block.ids.as_slice().get(piece.rows.start)
        {
            return Some((0, key.clone()));
        }
        (!self.pieces.is_empty() || !self.plan.is_empty()).then(|| (0, self.key_at_least.clone()))
    }

    fn next_piece(&mut self) -> Result<Option<Piece<Keys>>> {
        while self.pieces.is_empty() && !self.plan.is_empty() {
            self.read_block()?;
        }
        Ok(self.pieces.pop_front())
    }
}
