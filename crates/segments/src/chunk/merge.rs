//! Neighbouring chunks become one.

use super::{Chunk, ChunkColumn, Identity};
use crate::assemble::{Assembled, Assembler, Below};
use crate::block::Ids;
use crate::mask::Masks;
use crate::memory::{keyed_stream, series_stream};
use crate::merge::{Merge, Stream};
use crate::retype::{Retyping, type_at};
use crate::{RowKinds, Spellings};
use catalog::Tombstone;
use model::{Cells, ColumnId, Error, KeyHash, Result, Sequence, SeriesId, Table, TableKind, TimeBounds, arrow_type};
use std::sync::Arc;

/// What a merge of chunks needs to know.
#[derive(Clone, Copy)]
pub struct MergeContext<'a> {
    /// The newest definition.
    pub table: &'a Table,
    /// The table's deletions; those that lie between the chunks are applied, later ones are not.
    pub tombstones: &'a [Tombstone],
    /// The key hash of a series, asked only where a deletion names series.
    pub key_hash: &'a dyn Fn(SeriesId) -> Option<KeyHash>,
    /// How named conversions spell values.
    pub spellings: &'a dyn Spellings,
}

impl std::fmt::Debug for MergeContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MergeContext").field("table", &self.table.id).finish_non_exhaustive()
    }
}

pub(super) fn merge(chunks: &[Arc<Chunk>], context: &MergeContext<'_>) -> Result<Chunk> {
    let (Some(oldest), Some(newest)) = (chunks.first(), chunks.last()) else {
        return Err(Error::internal("there is no chunk to merge"));
    };
    let sequences = (oldest.sequences.0, newest.sequences.1);
    // The blocks of a load have one number, and are in their order.
    if let Some([a, b]) = chunks.array_windows::<2>().find(|[a, b]| a.sequences.1 > b.sequences.0) {
        let (a, b) = (a.sequences, b.sequences);
        return Err(Error::internal(format!("chunks {a:?} and {b:?} do not follow each other")));
    }
    let columns = columns_of(chunks, context.table);
    let retyping = Retyping { table: context.table, spellings: context.spellings, until: sequences.1 };
    let types: Vec<_> =
        columns.iter().filter_map(|id| context.table.column(*id)).map(|column| type_at(column, sequences.1)).collect();
    let arrow_types = types.iter().map(|data_type| arrow_type(*data_type)).collect();
    let folded = chunks.iter().map(|chunk| chunk.to_folded()).collect::<Result<Vec<_>>>()?;
    let masks = |chunk: &Chunk| {
        let between = |number: Sequence| chunk.sequences.1 < number && number <= sequences.1;
        Masks::new(context.tombstones.iter().filter(|tombstone| between(tombstone.sequence)))
    };
    let (identity, kinds, cells) = match context.table.kind {
        TableKind::Series => {
            let hash_of = |_: u32, series: SeriesId| (context.key_hash)(series);
            let mut streams = Vec::new();
            for chunk in &folded {
                let runs = chunk.runs().iter().enumerate().map(|(i, run)| (run.series.0, i));
                let masks = masks(chunk);
                streams.extend(series_stream(chunk, runs, &hash_of, &masks, TimeBounds::ALL, &columns, &retyping)?);
            }
            let merged = run(streams, arrow_types)?;
            let series = merged.ranks.iter().flat_map(|(rank, rows)| std::iter::repeat_n(SeriesId(*rank), *rows));
            (Identity::Series { series: series.collect(), times: merged.times() }, merged.kinds, merged.columns)
        }
        TableKind::Keyed => {
            let mut streams = Vec::new();
            for chunk in &folded {
                streams.extend(keyed_stream(chunk, None, &masks(chunk), &columns, &retyping)?);
            }
            let merged = run(streams, arrow_types)?;
            (Identity::Keyed { keys: merged.keys() }, merged.kinds, merged.columns)
        }
    };
    let columns = columns.into_iter().zip(types).zip(cells);
    let columns = columns.map(|((id, data_type), cells)| ChunkColumn { id, data_type, cells }).collect();
    Ok(Chunk::folded(sequences, identity, kinds, columns))
}

/// The columns that some chunk has and the table still has, in the table's order.
fn columns_of(chunks: &[Arc<Chunk>], table: &Table) -> Vec<ColumnId> {
    let mut present: Vec<ColumnId> = chunks.iter().flat_map(|chunk| &chunk.columns).map(|column| column.id).collect();
    present.sort_unstable();
    present.dedup();
    table.columns.iter().map(|column| column.id).filter(|id| present.binary_search(id).is_ok()).collect()
}

fn run<I: Ids>(streams: Vec<Box<dyn Stream<I>>>, types: Arc<[arrow::datatypes::DataType]>) -> Result<Assembled<I>> {
    let mut output = Assembler::new(Below::Unknown, types, streams.len());
    Merge::new(streams).fill(&mut output, usize::MAX)?;
    output.take()
}

impl Chunk {
    /// Folded rows.
    pub(crate) fn folded(
        sequences: (Sequence, Sequence),
        identity: Identity,
        kinds: RowKinds,
        columns: Vec<ChunkColumn>,
    ) -> Self {
        Self { sequences, folded: true, identity, kinds, columns, runs: std::sync::OnceLock::new() }
    }

    /// Itself if it is folded, else a folded copy.
    pub(crate) fn to_folded(self: &Arc<Self>) -> Result<Arc<Self>> {
        if self.folded { Ok(Arc::clone(self)) } else { Self::clone(self).fold().map(Arc::new) }
    }

    /// The cells of a column, if it has it.
    #[must_use]
    pub fn column(&self, id: ColumnId) -> Option<&Cells> {
        self.columns.iter().find(|column| column.id == id).map(|column| &column.cells)
    }
}
