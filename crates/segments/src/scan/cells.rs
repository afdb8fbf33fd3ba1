//! Which rows need not be read, because aggregates say all that is asked of them.
//!
//! A cell of a segment stands for its rows where it lies within the times asked for, in one
//! bucket of time, where no deletion and no other source touches it, and where every column asked
//! for has the type in which the segment has it. All other rows are read; all of them are where
//! less than an hour is asked for.

use super::runs::Wanted;
use super::series::SeriesScanRequest;
use super::source::{Source, by_age, masks_above};
use crate::segment::{Aggregates, HOUR_SECONDS};
use crate::{Identity, SegmentReader, type_at};
use model::{KeyHash, Result, TimeBounds};
use std::collections::HashMap;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

/// Runs of all sources that are looked at; with more of them everything is read.
const RUNS_MAX: usize = 1 << 18;
/// Cells whose buckets are asked for at once.
const ASKED_AT_ONCE: usize = 64 << 10;

/// How rows come together by their times.
pub trait Buckets: Debug + Send + Sync {
    /// For each pair of times whether both, and every time between them, are in one bucket.
    ///
    /// # Errors
    /// Whatever goes wrong when buckets are told.
    fn together(&self, firsts: &[i64], lasts: &[i64]) -> Result<Vec<bool>>;
}

/// Cells of one run that follow each other; rows of other sources may lie between two of them.
#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) rank: u32,
    pub(super) segment: Arc<SegmentReader>,
    pub(super) cells: Range<usize>,
}

/// The cells that stand for rows.
#[derive(Debug, Default)]
pub(super) struct Cells {
    /// By rank, then by time.
    pub(super) spans: Vec<Span>,
    /// By segment, the rows that need not be read.
    pub(super) hidden: HashMap<u64, Vec<(KeyHash, TimeBounds)>>,
}

/// A run of some source.
#[derive(Clone, Copy, Debug)]
struct Run {
    rank: u32,
    source: usize,
    position: usize,
    time: TimeBounds,
}

/// A cell that may stand for its rows.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    rank: u32,
    source: usize,
    cell: usize,
    time: TimeBounds,
}

impl Cells {
    /// `with_sums`: of each column whether its sums are asked for.
    pub(super) fn plan(
        request: &SeriesScanRequest,
        wanted: &Wanted,
        with_sums: &[bool],
        buckets: &dyn Buckets,
    ) -> Result<Self> {
        let hour = request.table.time_unit().map_or(i64::MAX, |unit| unit.per_second().saturating_mul(HOUR_SECONDS));
        if request.time.last.saturating_sub(request.time.first) < hour - 1 {
            return Ok(Self::default());
        }
        let sources = by_age(request.sources.clone());
        let aggregates: Vec<Option<&Aggregates>> =
            sources.iter().map(|source| aggregates(source, request, with_sums)).collect();
        if aggregates.iter().all(Option::is_none) {
            return Ok(Self::default());
        }
        let Some(runs) = runs(&sources, wanted)? else { return Ok(Self::default()) };
        let mut cells = Self::default();
        let mut candidates = Vec::new();
        for of_series in runs.chunk_by(|a, b| a.rank == b.rank) {
            let before = candidates.len();
            for run in of_series {
                if let Some(aggregates) = aggregates.get(run.source).copied().flatten() {
                    candidates_of(run, of_series, aggregates, request.time, &mut candidates);
                }
            }
            // Two sources may each have cells here, between which the order is that of times.
            if let Some(added) = candidates.get_mut(before..) {
                added.sort_by_key(|candidate| candidate.time.first);
            }
            if candidates.len() >= ASKED_AT_ONCE {
                cells.choose(&mut candidates, &sources, request, wanted, buckets)?;
            }
        }
        cells.choose(&mut candidates, &sources, request, wanted, buckets)?;
        Ok(cells)
    }

    /// Of the candidates takes those that lie in one bucket and that no deletion touches.
    fn choose(
        &mut self,
        candidates: &mut Vec<Candidate>,
        sources: &[Source],
        request: &SeriesScanRequest,
        wanted: &Wanted,
        buckets: &dyn Buckets,
    ) -> Result<()> {
        let masks: Vec<_> =
            sources.iter().map(|source| masks_above(source.sequences().1, &request.tombstones)).collect();
        let firsts: Vec<i64> = candidates.iter().map(|candidate| candidate.time.first).collect();
        let lasts: Vec<i64> = candidates.iter().map(|candidate| candidate.time.last).collect();
        let together = buckets.together(&firsts, &lasts)?;
        let mut visible = Vec::new();
        // The last one taken.
        let mut last: Option<Candidate> = None;
        for (candidate, together) in candidates.drain(..).zip(together) {
            let (Some(Source::Segment(segment)), Some(masks)) =
                (sources.get(candidate.source), masks.get(candidate.source))
            else {
                continue;
            };
            let Some(series) = wanted.get(candidate.rank).filter(|_| together) else { continue };
            if !masks.is_empty() {
                masks.visible(Some(series.key_hash), candidate.time, &mut visible);
                if visible != [candidate.time] {
                    continue;
                }
            }
            let hidden = self.hidden.entry(segment.entry().id).or_default();
            match (&mut last, self.spans.last_mut()) {
                (Some(before), Some(span))
                    if before.rank == candidate.rank
                        && before.source == candidate.source
                        && before.cell + 1 == candidate.cell =>
                {
                    span.cells.end = candidate.cell + 1;
                    if let Some((_, hidden)) = hidden.last_mut() {
                        hidden.last = candidate.time.last;
                    }
                    *before = candidate;
                }
                _ => {
                    let (rank, segment) = (candidate.rank, Arc::clone(segment));
                    self.spans.push(Span { rank, segment, cells: candidate.cell..candidate.cell + 1 });
                    hidden.push((series.key_hash, candidate.time));
                    last = Some(candidate);
                }
            }
        }
        Ok(())
    }
}

/// The aggregates of a source, where they speak of every column asked for, in its type of now.
fn aggregates<'a>(source: &'a Source, request: &SeriesScanRequest, with_sums: &[bool]) -> Option<&'a Aggregates> {
    let Source::Segment(segment) = source else { return None };
    let entry = segment.entry();
    if !entry.all_replace || !entry.time.overlaps(&request.time) {
        return None;
    }
    let aggregates = segment.aggregates()?;
    let written = entry.sequences.1;
    let speaks_of = |(id, with_sums): (&model::ColumnId, &bool)| {
        let is_unchanged = request.table.column(*id).is_some_and(|column| {
            column.type_changes.iter().all(|change| change.at <= written)
                && type_at(column, written) == column.data_type
        });
        is_unchanged && aggregates.knows(*id, *with_sums)
    };
    request.columns.iter().zip(with_sums).all(speaks_of).then_some(aggregates)
}

/// The runs of all sources, by series; `None` where they are too many.
fn runs(sources: &[Source], wanted: &Wanted) -> Result<Option<Vec<Run>>> {
    let mut all = Vec::new();
    for (source, of_source) in sources.iter().enumerate() {
        match of_source {
            Source::Chunk(chunk) => {
                let chunk = chunk.to_folded()?;
                let Identity::Series { times, .. } = &chunk.identity else { continue };
                for (rank, position) in wanted.in_chunk(&chunk) {
                    let times = chunk.runs().get(position).and_then(|run| times.get(run.rows.clone()));
                    let Some((Some(first), Some(last))) = times.map(|times| (times.first(), times.last())) else {
                        continue;
                    };
                    let time = TimeBounds { first: *first, last: *last };
                    all.push(Run { rank, source, position, time });
                }
            }
            Source::Segment(segment) => {
                let mut runs = wanted.in_segment(segment);
                while let Some((rank, position)) = runs.next(segment, wanted) {
                    let Some(run) = segment.runs().get(position) else { break };
                    all.push(Run { rank, source, position, time: run.time });
                    if all.len() > RUNS_MAX {
                        return Ok(None);
                    }
                }
            }
        }
        if all.len() > RUNS_MAX {
            return Ok(None);
        }
    }
    all.sort_by_key(|run| run.rank);
    Ok(Some(all))
}

/// The cells of a run within the times asked for that no other run of its series touches.
fn candidates_of(
    run: &Run,
    of_series: &[Run],
    aggregates: &Aggregates,
    wanted: TimeBounds,
    candidates: &mut Vec<Candidate>,
) {
    let others = || of_series.iter().filter(|other| other.source != run.source);
    for cell in aggregates.cells_of(run.position).unwrap_or_default() {
        let Some(time) = aggregates.times(cell) else { return };
        let is_alone = !others().any(|other| other.time.overlaps(&time));
        if is_alone && wanted.first <= time.first && time.last <= wanted.last {
            candidates.push(Candidate { rank: run.rank, source: run.source, cell, time });
        }
    }
}
