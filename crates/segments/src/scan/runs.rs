//! Which runs of a source are wanted, in order of rank: the position of their series in the list
//! of wanted series.

use super::series::WantedSeries;
use crate::{Chunk, SegmentReader};
use model::{KeyHash, SeriesId};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// Up to so many times fewer wanted series than runs, each is searched for; else runs are walked.
const SEARCH_FACTOR: usize = if cfg!(test) { 2 } else { 16 };

/// The wanted series, with what finds their ranks, made when first needed.
#[derive(Debug)]
pub(crate) struct Wanted {
    series: Arc<[WantedSeries]>,
    by_id: OnceLock<HashMap<SeriesId, u32>>,
    by_hash: OnceLock<HashMap<KeyHash, u32>>,
}

impl Wanted {
    pub(crate) fn new(series: Arc<[WantedSeries]>) -> Self {
        Self { series, by_id: OnceLock::new(), by_hash: OnceLock::new() }
    }

    pub(super) fn get(&self, rank: u32) -> Option<&WantedSeries> {
        self.series.get(rank as usize)
    }

    fn ranked(&self) -> impl Iterator<Item = (u32, &WantedSeries)> {
        (0..).zip(self.series.iter())
    }

    fn rank_of_id(&self, id: SeriesId) -> Option<u32> {
        let by_id = self.by_id.get_or_init(|| self.ranked().map(|(rank, series)| (series.id, rank)).collect());
        by_id.get(&id).copied()
    }

    fn rank_of_hash(&self, hash: KeyHash) -> Option<u32> {
        let by_hash =
            self.by_hash.get_or_init(|| self.ranked().map(|(rank, series)| (series.key_hash, rank)).collect());
        by_hash.get(&hash).copied()
    }

    fn is_few_for(&self, runs: usize) -> bool {
        self.series.len().saturating_mul(SEARCH_FACTOR) < runs
    }

    /// The wanted runs of a chunk.
    pub(super) fn in_chunk(&self, chunk: &Chunk) -> Vec<(u32, usize)> {
        let runs = chunk.runs();
        if self.is_few_for(runs.len()) {
            let find = |(rank, series): (u32, &WantedSeries)| {
                runs.binary_search_by_key(&series.id, |run| run.series).ok().map(|run| (rank, run))
            };
            return self.ranked().filter_map(find).collect();
        }
        let rank =
            |(position, run): (usize, &crate::ChunkRun)| self.rank_of_id(run.series).map(|rank| (rank, position));
        let mut ranked: Vec<_> = runs.iter().enumerate().filter_map(rank).collect();
        ranked.sort_unstable();
        ranked
    }

    /// The wanted runs of a segment.
    pub(super) fn in_segment(&self, segment: &SegmentReader) -> RankedRuns {
        if !self.is_few_for(segment.runs().len()) {
            return RankedRuns::Walk { next: 0 };
        }
        let find = |(rank, series): (u32, &WantedSeries)| segment.run_position(series.key_hash).map(|run| (rank, run));
        RankedRuns::Found(self.ranked().filter_map(find).collect::<Vec<_>>().into_iter())
    }
}

/// The wanted runs of a segment. Runs stand in key order, as ranks do.
#[derive(Debug)]
pub(super) enum RankedRuns {
    /// Few series were searched for.
    Found(std::vec::IntoIter<(u32, usize)>),
    /// All runs are looked at, and nothing is remembered of them.
    Walk {
        /// The run to look at next.
        next: usize,
    },
}

impl RankedRuns {
    /// The next wanted run: the rank of its series, and its position.
    pub(super) fn next(&mut self, segment: &SegmentReader, wanted: &Wanted) -> Option<(u32, usize)> {
        match self {
            Self::Found(found) => found.next(),
            Self::Walk { next } => loop {
                let position = *next;
                let run = segment.runs().get(position)?;
                *next += 1;
                if let Some(rank) = wanted.rank_of_hash(run.key_hash) {
                    return Some((rank, position));
                }
            },
        }
    }
}
