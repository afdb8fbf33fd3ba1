//! What was written after the number of a [`super::LastValues`], up to the number of a view.

use super::fold::{Fate, newest_row, newest_value};
use super::newest::Newest;
use super::working::Working;
use crate::memtable::{MemoryChunk, MemoryView};
use crate::series_index::SeriesIndex;
use catalog::Tombstone;
use model::{Cells, ColumnId, KeyHash, KeySelection, Result, Sequence, SeriesId, Table, TimeBounds};
use parking_lot::RwLock;
use segments::{Chunk, ChunkRun, Identity, Spellings, to_current_type};
use std::collections::HashSet;
use std::sync::Arc;

/// Chunks and deletions in the order of their numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Overlay {
    events: Vec<Event>,
}

#[derive(Clone, Debug)]
enum Event {
    Rows(Arc<MemoryChunk>),
    Deletion(Tombstone),
}

impl Event {
    fn sequence(&self) -> Sequence {
        match self {
            Self::Rows(chunk) => chunk.chunk.sequences.1,
            Self::Deletion(tombstone) => tombstone.sequence,
        }
    }
}

impl Overlay {
    /// What a view has above a number; its segments have nothing there.
    pub(super) fn above(after: Sequence, memory: &MemoryView) -> Self {
        let chunks = memory.chunks.iter().map(|chunk| Event::Rows(chunk.clone()));
        let tombstones = memory.tombstones.iter().map(|tombstone| Event::Deletion(tombstone.clone()));
        let mut events: Vec<Event> = chunks.chain(tombstones).filter(|event| event.sequence() > after).collect();
        // Of one number, deletions come first.
        events.sort_by_key(|event| (event.sequence(), matches!(event, Event::Rows(_))));
        Self { events }
    }

    /// What it costs to apply it: the series that its chunks speak of, each once for each chunk, and
    /// so much for each chunk or deletion.
    pub(super) fn work(&self, event: usize) -> usize {
        let runs = |event: &Event| if let Event::Rows(chunk) = event { chunk.chunk.runs().len() } else { 0 };
        self.events.iter().map(|e| runs(e) + event).sum()
    }

    /// Makes it ready to be applied to some columns, in their types of now.
    pub(super) fn prepare(&self, table: &Table, columns: &[ColumnId], spellings: &dyn Spellings) -> Result<Prepared> {
        let steps = self.events.iter().map(|event| {
            Ok(match event {
                Event::Rows(chunk) => {
                    let cells = columns.iter().map(|id| Ok((*id, cells_of(&chunk.chunk, *id, table, spellings)?)));
                    Step::Rows { chunk: chunk.clone(), cells: cells.collect::<Result<_>>()? }
                }
                Event::Deletion(tombstone) => {
                    let hashes = match &tombstone.keys {
                        KeySelection::Hashes(hashes) => Some(hashes.iter().copied().collect()),
                        _ => None,
                    };
                    Step::Deletion { time: tombstone.time, hashes }
                }
            })
        });
        Ok(Prepared { steps: steps.collect::<Result<_>>()? })
    }
}

fn cells_of(chunk: &Chunk, id: ColumnId, table: &Table, spellings: &dyn Spellings) -> Result<Option<Cells>> {
    let Some(column) = chunk.columns.iter().find(|column| column.id == id) else { return Ok(None) };
    let values = to_current_type(table, id, &column.cells.values, chunk.sequences.1, spellings)?;
    Ok(Some(Cells { values, absent: column.cells.absent.clone() }))
}

#[derive(Debug)]
enum Step {
    Rows {
        chunk: Arc<MemoryChunk>,
        cells: Vec<(ColumnId, Option<Cells>)>,
    },
    /// Of all series where there are no hashes.
    Deletion {
        time: TimeBounds,
        hashes: Option<HashSet<KeyHash>>,
    },
}

/// An overlay for some columns.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    steps: Vec<Step>,
}

impl Prepared {
    /// Whether it may say something of one of some series, ascending by id.
    pub(super) fn touches(&self, ids: impl Iterator<Item = SeriesId> + Clone) -> bool {
        self.steps.iter().any(|step| match step {
            Step::Rows { chunk, .. } => {
                let mut runs = 0;
                ids.clone().any(|id| advance(chunk.chunk.runs(), &mut runs, id).is_some())
            }
            Step::Deletion { .. } => true,
        })
    }

    /// Puts it on top of what is known. Columns that it was not made for must not be there.
    pub(super) fn apply(&self, series: &RwLock<SeriesIndex>, working: &mut Working) {
        for step in &self.steps {
            match step {
                Step::Rows { chunk, cells } => apply_rows(&chunk.chunk, cells, working),
                Step::Deletion { time, hashes } => apply_deletion(*time, hashes.as_ref(), series, working),
            }
        }
    }
}

fn apply_deletion(
    time: TimeBounds,
    hashes: Option<&HashSet<KeyHash>>,
    series: &RwLock<SeriesIndex>,
    working: &mut Working,
) {
    let index = series.read();
    let is_hit =
        |id: &SeriesId| hashes.is_none_or(|hashes| index.hash_of(*id).is_some_and(|hash| hashes.contains(&hash)));
    let hit: Vec<usize> = working.ids.iter().enumerate().filter(|(_, id)| is_hit(id)).map(|(at, _)| at).collect();
    drop(index);
    for at in hit {
        if let Some(row) = working.rows.get_mut(at) {
            *row = row.after_delete(time);
        }
        for column in &mut working.columns {
            let before = column.newest(at);
            let after = before.after_delete(time);
            if before != after {
                column.clear(at, after);
            }
        }
    }
}

fn apply_rows(chunk: &Chunk, cells: &[(ColumnId, Option<Cells>)], working: &mut Working) {
    let Identity::Series { times, .. } = &chunk.identity else { return };
    let mut from = 0;
    let met: Vec<(usize, &ChunkRun)> = (working.ids.iter().enumerate())
        .filter_map(|(at, id)| Some((at, advance(chunk.runs(), &mut from, *id)?)))
        .collect();
    if met.is_empty() {
        return;
    }
    for (at, run) in &met {
        if let Some(row) = working.rows.get_mut(*at) {
            *row = newest_row(*row, times, &chunk.kinds, run.rows.clone());
        }
    }
    for column in &mut working.columns {
        let cells = cells.iter().find(|(id, _)| *id == column.id).and_then(|(_, cells)| cells.as_ref());
        let array = cells.map_or(0, |cells| column.add(cells.values.clone()));
        for (at, run) in &met {
            match newest_value(column.newest(*at), times, &chunk.kinds, cells, run.rows.clone()) {
                Fate::Stays => {}
                Fate::In { row, time } => column.set(*at, time, array, row),
                Fate::Gone(time) => column.clear(*at, Newest::NotSince(time)),
            }
        }
    }
}

/// The run of a series, looked for from a place on, which moves there. Both ascend by id.
fn advance<'a>(runs: &'a [ChunkRun], from: &mut usize, id: SeriesId) -> Option<&'a ChunkRun> {
    let mut reach = 1;
    while runs.get(*from + reach - 1).is_some_and(|run| run.series < id) {
        reach *= 2;
    }
    let known = *from + reach / 2;
    let end = runs.len().min(*from + reach);
    *from = known + runs.get(known..end).unwrap_or_default().partition_point(|run| run.series < id);
    runs.get(*from).filter(|run| run.series == id)
}
