//! Where the rows of each series stand in a folded chunk.

use super::{Chunk, Identity};
use model::SeriesId;
use std::ops::Range;

/// The rows of one series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkRun {
    /// Whose rows.
    pub series: SeriesId,
    /// Which rows, ascending in time.
    pub rows: Range<usize>,
}

pub(super) fn runs_of(chunk: &Chunk) -> Vec<ChunkRun> {
    let mut runs = Vec::new();
    let Identity::Series { series, .. } = &chunk.identity else { return runs };
    if !chunk.folded {
        return runs;
    }
    let mut first = 0;
    for rows in series.chunk_by(|a, b| a == b) {
        let end = first + rows.len();
        if let Some(series) = rows.first() {
            runs.push(ChunkRun { series: *series, rows: first..end });
        }
        first = end;
    }
    runs
}
