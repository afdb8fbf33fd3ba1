//! The rows of a segment of a series table as a stream.
//!
//! Runs are planned ahead, one row group at a time, from directory and page index alone; their
//! rows are then read in blocks that cover many runs, so that small series do not cost a read
//! each. Nothing is read before the merge needs it.

use super::runs::{RankedRuns, Wanted};
use super::source::Reading;
use crate::SegmentReader;
use crate::block::{Block, Times};
use crate::mask::Masks;
use crate::merge::{Piece, Stream};
use crate::segment::{Decoder, Projection, corrupt};
use model::{Result, TimeBounds};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

/// Runs planned ahead at most.
const PLANNED_RUNS_MAX: usize = if cfg!(test) { 3 } else { 16 << 10 };

/// The rows of one run, or a part of it, that are going to be read.
#[derive(Debug)]
struct Planned {
    rank: u32,
    rows: Range<u64>,
    /// No row in `rows` that is wanted is earlier.
    time_at_least: i64,
}

#[derive(Debug)]
pub(crate) struct SeriesSegmentStream {
    segment: Arc<SegmentReader>,
    reading: Arc<Reading>,
    wanted: Arc<Wanted>,
    projection: Arc<Projection>,
    masks: Masks,
    time: TimeBounds,
    runs: RankedRuns,
    /// More parts of the last run, ascending.
    parts: VecDeque<Planned>,
    /// A run, or the rest of one, that did not fit into the plan.
    postponed: Option<Planned>,
    /// Of one row group, ascending; its rows are what the decoder is still going to return.
    plan: VecDeque<Planned>,
    decoder: Option<Decoder>,
    /// The block being used up, and how many of its rows are.
    block: Option<(Arc<Block<Times>>, usize)>,
    pieces: VecDeque<Piece<Times>>,
    visible: Vec<TimeBounds>,
    has_read: bool,
}

impl SeriesSegmentStream {
    /// `None` when the segment has no row that is wanted.
    pub(crate) fn new(
        segment: &Arc<SegmentReader>,
        reading: &Arc<Reading>,
        wanted: &Arc<Wanted>,
        masks: Masks,
        time: TimeBounds,
    ) -> Option<Self> {
        if !segment.entry().time.overlaps(&time) {
            return None;
        }
        let mut stream = Self {
            segment: Arc::clone(segment),
            reading: Arc::clone(reading),
            wanted: Arc::clone(wanted),
            projection: Arc::new(Projection::new(segment.file(), &reading.columns, false)),
            masks,
            time,
            runs: wanted.in_segment(segment),
            parts: VecDeque::new(),
            postponed: None,
            plan: VecDeque::new(),
            decoder: None,
            block: None,
            pieces: VecDeque::new(),
            visible: Vec::new(),
            has_read: false,
        };
        stream.make_plan();
        (!stream.plan.is_empty()).then_some(stream)
    }

    fn find_visible(&mut self, rank: u32) {
        let key_hash = self.wanted.get(rank).map(|series| series.key_hash);
        self.masks.visible(key_hash, self.time, &mut self.visible);
    }

    /// The next run, or part of one, that has rows to read.
    fn next_planned(&mut self) -> Option<Planned> {
        if let Some(planned) = self.postponed.take().or_else(|| self.parts.pop_front()) {
            return Some(planned);
        }
        loop {
            let (rank, position) = self.runs.next(&self.segment, &self.wanted)?;
            let run = *self.segment.runs().get(position)?;
            self.find_visible(rank);
            for part in self.visible.iter().map(|part| part.intersect(&run.time)).filter(|part| !part.is_empty()) {
                let mut rows = run.first_row..run.first_row + run.rows;
                if part != run.time {
                    rows = self.segment.file().narrow(rows, part);
                }
                match self.parts.back_mut() {
                    // Parts that share a page are read together.
                    Some(before) if rows.start <= before.rows.end => before.rows.end = before.rows.end.max(rows.end),
                    _ if rows.is_empty() => {}
                    _ => self.parts.push_back(Planned { rank, rows, time_at_least: part.first }),
                }
            }
            if let Some(first) = self.parts.pop_front() {
                return Some(first);
            }
        }
    }

    /// Plans the next rows, all of one row group.
    fn make_plan(&mut self) {
        self.decoder = None;
        self.block = None;
        let mut group: Option<Range<u64>> = None;
        while self.plan.len() < PLANNED_RUNS_MAX
            && let Some(mut planned) = self.next_planned()
        {
            let group = group.get_or_insert_with(|| self.segment.file().row_group_of(planned.rows.start).1);
            if planned.rows.start >= group.end {
                self.postponed = Some(planned);
                return;
            }
            if planned.rows.end > group.end {
                let rest = Planned { rows: group.end..planned.rows.end, ..planned };
                planned.rows.end = group.end;
                self.postponed = Some(rest);
                self.plan.push_back(planned);
                return;
            }
            self.plan.push_back(planned);
        }
    }

    fn read_block(&mut self) -> Result<Arc<Block<Times>>> {
        let decoder = match &mut self.decoder {
            Some(decoder) => decoder,
            None => {
                let file = self.segment.file();
                let (group, rows) = file.row_group_of(self.plan.front().map_or(0, |planned| planned.rows.start));
                let inside = |row: u64| usize::try_from(row - rows.start).unwrap_or(usize::MAX);
                let ranges = self.plan.iter().map(|planned| inside(planned.rows.start)..inside(planned.rows.end));
                let decoder = Decoder::new(file, &self.projection, group, ranges, self.reading.block_rows)?;
                if !self.has_read {
                    self.has_read = true;
                    self.reading.count_segment();
                }
                self.decoder.insert(decoder)
            }
        };
        let decoded = decoder.next_block(&self.reading.retyping())?;
        if decoded.times.len() != decoded.rows {
            return Err(corrupt(&self.segment.entry().path, "it has no times"));
        }
        Ok(Arc::new(Block { ids: Times::Buffer(decoded.times), kinds: decoded.kinds, columns: decoded.columns }))
    }

    /// Takes the next rows of the plan that lie in one block, and queues what is wanted of them.
    fn take_rows(&mut self) -> Result<()> {
        let (block, used) = match self.block.take() {
            Some(current) => current,
            None => (self.read_block()?, 0),
        };
        let times = block.ids.as_slice();
        let Some(planned) = self.plan.front_mut() else { return Ok(()) };
        let rank = planned.rank;
        let left = usize::try_from(planned.rows.end - planned.rows.start).unwrap_or(usize::MAX);
        let end = used + left.min(times.len() - used);
        planned.rows.start += (end - used) as u64;
        if planned.rows.is_empty() {
            self.plan.pop_front();
        } else {
            planned.time_at_least = times[end - 1].saturating_add(1).max(planned.time_at_least);
        }
        self.find_visible(rank);
        for part in &self.visible {
            let within = &times[used..end];
            let first = used + within.partition_point(|time| *time < part.first);
            let last = used + within.partition_point(|time| *time <= part.last);
            if first < last {
                self.pieces.push_back(Piece { rank, block: Arc::clone(&block), rows: first..last });
            }
        }
        if end < times.len() {
            self.block = Some((block, end));
        }
        if self.plan.is_empty() {
            self.make_plan();
        }
        Ok(())
    }
}

impl Stream<Times> for SeriesSegmentStream {
    fn bound(&self) -> Option<(u32, i64)> {
        if let Some(piece) = self.pieces.front() {
            return Some((piece.rank, piece.block.ids.as_slice()[piece.rows.start]));
        }
        self.plan.front().map(|planned| (planned.rank, planned.time_at_least))
    }

    fn next_piece(&mut self) -> Result<Option<Piece<Times>>> {
        while self.pieces.is_empty() && !self.plan.is_empty() {
            self.take_rows()?;
        }
        Ok(self.pieces.pop_front())
    }
}
