//! A table's rows: chunks in memory in sequence order, visible or not yet; segments; deletions.
//!
//! Lists are replaced, never changed in place, so that a view that holds them keeps what it saw.

use crate::last::LastValues;
use crate::pressure::Charge;
use crate::segment::Segment;
use catalog::Tombstone;
use model::{Result, Sequence, TimeBounds};
use segments::{Chunk, Source};
use std::sync::Arc;

/// So many neighbours of one size class become one chunk.
const MERGE_FAN: usize = 8;
/// A merge makes no chunk of more rows.
const MERGE_ROWS_MAX: usize = 1 << 20;

/// A chunk with what it costs.
#[derive(Debug)]
pub(crate) struct MemoryChunk {
    pub(crate) chunk: Arc<Chunk>,
    /// The times of its rows, where they have one.
    pub(crate) time: Option<TimeBounds>,
    /// Given back when nobody holds the chunk any more.
    _charge: Charge,
}

impl MemoryChunk {
    pub(crate) fn new(chunk: Chunk, charge: Charge) -> Self {
        Self { time: chunk.time_bounds(), chunk: Arc::new(chunk), _charge: charge }
    }

    /// The same with the number that it took.
    pub(crate) fn at(mut self, sequence: Sequence) -> Self {
        let mut chunk = Arc::unwrap_or_clone(self.chunk);
        chunk.sequences = (sequence, sequence);
        self.chunk = Arc::new(chunk);
        self
    }

    fn last(&self) -> Sequence {
        self.chunk.sequences.1
    }

    fn size_class(&self) -> u32 {
        self.chunk.rows().max(1).ilog2() / 3
    }
}

/// What a table has in memory and on disk.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// In sequence order; those above the visible number are not seen yet.
    chunks: Vec<Arc<MemoryChunk>>,
    /// In the order of the manifest.
    segments: Arc<[Arc<Segment>]>,
    /// In sequence order.
    tombstones: Arc<[Tombstone]>,
    /// Rows and deletions up to this number are in the manifest.
    flushed: Sequence,
    /// Grows when segments change.
    generation: u64,
    /// What was known of last values at some number, never one below `flushed`.
    last: Option<Arc<LastValues>>,
    /// How often rows went from segments without a deletion that has a number.
    removals: u64,
}

/// What a reader holds of a table.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryView {
    pub(crate) chunks: Vec<Arc<MemoryChunk>>,
    pub(crate) segments: Arc<[Arc<Segment>]>,
    pub(crate) tombstones: Arc<[Tombstone]>,
    /// Rows up to this number are in the segments.
    pub(crate) flushed: Sequence,
    /// What was known of last values, at `flushed` or later and never later than the view.
    pub(crate) last: Option<Arc<LastValues>>,
    /// What else is known of last values is of the same rows only where this is the same.
    pub(crate) removals: u64,
}

impl MemoryView {
    /// Everything as sources of a scan, segments opened, those that bounds rule out left out.
    pub(crate) fn sources(&self, wanted: impl Fn(&Segment) -> bool, time: TimeBounds) -> Result<(Vec<Source>, u64)> {
        let mut sources = Vec::with_capacity(self.segments.len() + self.chunks.len());
        let mut pruned = 0;
        for segment in self.segments.iter() {
            if wanted(segment) {
                sources.push(Source::Segment(segment.reader()?));
            } else {
                pruned += 1;
            }
        }
        let chunks = self.chunks.iter().filter(|c| c.time.is_none_or(|t| t.overlaps(&time)));
        sources.extend(chunks.map(|c| Source::Chunk(c.chunk.clone())));
        Ok((sources, pruned))
    }
}

impl Memory {
    /// As the manifest has it.
    pub(crate) fn new(segments: Vec<Arc<Segment>>, mut tombstones: Vec<Tombstone>, flushed: Sequence) -> Self {
        tombstones.sort_by_key(|t| t.sequence);
        Self { segments: segments.into(), tombstones: tombstones.into(), flushed, ..Self::default() }
    }

    /// Adds rows with the newest number of all.
    pub(crate) fn push(&mut self, chunk: MemoryChunk) {
        self.chunks.push(Arc::new(chunk));
    }

    /// Adds a deletion with the newest number of all.
    pub(crate) fn delete(&mut self, tombstone: Tombstone) {
        self.tombstones = self.tombstones.iter().cloned().chain([tombstone]).collect();
    }

    /// Takes back what a number did. Nothing newer is there.
    pub(crate) fn undo(&mut self, sequence: Sequence) {
        self.chunks.retain(|c| c.last() != sequence);
        if self.tombstones.last().is_some_and(|t| t.sequence == sequence) {
            self.tombstones = self.tombstones.iter().filter(|t| t.sequence != sequence).cloned().collect();
        }
    }

    /// Everything that has a number up to `visible`.
    pub(crate) fn view(&self, visible: Sequence) -> MemoryView {
        let chunks = self.visible_chunks(visible).to_vec();
        let count = self.tombstones.partition_point(|t| t.sequence <= visible);
        let tombstones = if count == self.tombstones.len() {
            self.tombstones.clone()
        } else {
            self.tombstones.iter().take(count).cloned().collect()
        };
        MemoryView {
            chunks,
            segments: self.segments.clone(),
            tombstones,
            flushed: self.flushed,
            last: self.last.clone().filter(|last| last.at <= visible),
            removals: self.removals,
        }
    }

    pub(crate) fn visible_chunks(&self, visible: Sequence) -> &[Arc<MemoryChunk>] {
        let count = self.chunks.partition_point(|c| c.last() <= visible);
        self.chunks.get(..count).unwrap_or_default()
    }

    /// The chunks of the numbers above `after` up to `up_to`, if all of those are still here and
    /// none was merged with newer ones.
    pub(crate) fn chunks_between(&self, after: Sequence, up_to: Sequence) -> Option<Vec<Arc<MemoryChunk>>> {
        let chunks = self.visible_chunks(up_to);
        let straddles = self.chunks.get(chunks.len()).is_some_and(|c| c.chunk.sequences.0 <= up_to);
        (self.flushed <= after && !straddles).then(|| chunks.iter().filter(|c| c.last() > after).cloned().collect())
    }

    pub(crate) fn chunk_count(&self) -> usize {
        self.chunks.len()
    }

    pub(crate) fn flushed(&self) -> Sequence {
        self.flushed
    }

    pub(crate) fn segments(&self) -> &Arc<[Arc<Segment>]> {
        &self.segments
    }

    pub(crate) fn has_segments(&self) -> bool {
        !self.segments.is_empty()
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// The oldest number of which something is in memory and log alone.
    pub(crate) fn oldest_unflushed(&self) -> Option<Sequence> {
        let tombstone = self.tombstones.iter().map(|t| t.sequence).find(|s| *s > self.flushed);
        self.chunks.first().map(|c| c.chunk.sequences.0).into_iter().chain(tombstone).min()
    }

    /// Neighbours that had better be one chunk: the newest visible ones of like size.
    pub(crate) fn merge_candidates(&self, visible: Sequence) -> Option<Vec<Arc<MemoryChunk>>> {
        let visible = self.visible_chunks(visible);
        let largest = visible.iter().map(|c| c.size_class()).max()?;
        (0..=largest).rev().find_map(|class| {
            let mut rows = 0;
            let run = visible.iter().rev().take_while(|c| {
                rows += c.chunk.rows();
                c.size_class() <= class && rows <= MERGE_ROWS_MAX
            });
            let count = run.count();
            (count >= MERGE_FAN).then(|| visible[visible.len() - count..].to_vec())
        })
    }

    /// Puts one chunk in the place of neighbours; nothing happens when they are gone.
    pub(crate) fn replace(&mut self, old: &[Arc<MemoryChunk>], merged: MemoryChunk) {
        let Some(first) = old.first() else { return };
        let Some(at) = self.chunks.iter().position(|c| Arc::ptr_eq(c, first)) else { return };
        let range = at..at + old.len();
        let same =
            self.chunks.get(range.clone()).is_some_and(|now| now.iter().zip(old).all(|(a, b)| Arc::ptr_eq(a, b)));
        if same {
            self.chunks.splice(range, [Arc::new(merged)]);
        }
    }

    /// After a flush up to `flushed`: chunks up to it go, its segments come, and those deletions
    /// up to it stay that the manifest kept. `last` is what is known of last values there.
    pub(crate) fn flush(
        &mut self,
        flushed: Sequence,
        segments: Vec<Arc<Segment>>,
        kept: &[Tombstone],
        last: Option<Arc<LastValues>>,
    ) {
        if self.last.as_ref().is_some_and(|last| last.at < flushed) {
            self.last = last.filter(|last| last.at >= flushed);
        }
        self.chunks.retain(|c| c.last() > flushed);
        self.segments = segments.into();
        let newer = self.tombstones.iter().filter(|t| t.sequence > flushed);
        self.tombstones = kept.iter().chain(newer).cloned().collect();
        self.flushed = flushed;
        self.generation += 1;
    }

    /// After a compaction: other segments that say the same, and those deletions up to what is flushed that the
    /// manifest kept. False when the inputs are gone, with the table.
    pub(crate) fn compacted(
        &mut self,
        inputs: &[Arc<Segment>],
        segments: Vec<Arc<Segment>>,
        kept: &[Tombstone],
    ) -> bool {
        let is_there = |input: &Arc<Segment>| self.segments.iter().any(|segment| Arc::ptr_eq(segment, input));
        if !inputs.iter().all(is_there) {
            return false;
        }
        self.segments = segments.into();
        let newer = self.tombstones.iter().filter(|t| t.sequence > self.flushed);
        self.tombstones = kept.iter().chain(newer).cloned().collect();
        self.generation += 1;
        true
    }

    /// What is known of last values, if it is no newer than a number, and of rows that `view` has.
    pub(crate) fn last_values(&self, visible: Sequence, view: &MemoryView) -> Option<Arc<LastValues>> {
        self.last.clone().filter(|last| last.at <= visible && self.removals == view.removals)
    }

    /// Keeps what is known of last values in the place of what was known; false when that is not
    /// what is there now, rows since are no longer in memory, or rows of `view` went.
    pub(crate) fn keep_last_values(
        &mut self,
        view: &MemoryView,
        before: Option<&Arc<LastValues>>,
        known: &Arc<LastValues>,
    ) -> bool {
        let replaces = match (&self.last, before) {
            (None, _) => true,
            (Some(now), Some(before)) => Arc::ptr_eq(now, before),
            (Some(now), None) => !now.definition.is(&known.definition),
        };
        let keeps = replaces && known.at >= self.flushed && self.removals == view.removals;
        if keeps {
            self.last = Some(known.clone());
        }
        keeps
    }

    pub(crate) fn removals(&self) -> u64 {
        self.removals
    }

    /// Rows went from segments other than by a deletion that has a number: what is known of last
    /// values is known of them, too, and whoever gets it drops it.
    pub(crate) fn rows_removed(&mut self) -> Option<Arc<LastValues>> {
        self.removals += 1;
        self.forget_last_values()
    }

    /// Forgets what was known of last values; whoever gets it drops it.
    pub(crate) fn forget_last_values(&mut self) -> Option<Arc<LastValues>> {
        self.last.take()
    }

    /// Everything goes, files too once nobody reads them.
    pub(crate) fn drop_all(&mut self) {
        self.segments.iter().for_each(|s| s.doom());
        *self = Self { generation: self.generation + 1, flushed: Sequence::MAX, ..Self::default() };
    }
}
