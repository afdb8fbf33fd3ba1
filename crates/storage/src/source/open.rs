//! From a description to a view: each source is looked for in the table as it is now, then in the
//! described views that still live.

use super::{DescribedKeys, DescribedView, OpenedScan, ScanDescription, SourceDescription, WriterId};
use crate::memtable::{MemoryChunk, MemoryView};
use crate::segment::Segment;
use crate::series_index::{SeriesIndex, SeriesSnapshot};
use crate::store::Store;
use crate::table_state::TableState;
use crate::{ScanKeys, TableView};
use catalog::SegmentEntry;
use model::{Error, ErrorKind, KeyHash, KeySelection, Result, Sequence, SeriesId, Table, TableKind};
use std::collections::HashMap;
use std::sync::Arc;

pub(super) fn open(store: &Store, description: &ScanDescription) -> Result<OpenedScan> {
    let ScanDescription { writer, sequence, .. } = description;
    is_here(store, *writer)?;
    let visible = store.log.visible();
    if *sequence > visible {
        return Err(Error::internal(format!("writer {writer} has written up to {visible}, not up to {sequence}")));
    }
    let state = store.table(description.table)?;
    // Those of the same number: they list the same series and hold the same unflushed rows.
    let living = state.described.living();
    let same: Vec<&DescribedView> = living.iter().map(AsRef::as_ref).filter(|v| v.sequence == *sequence).collect();
    let table = definition(store, description, &living)?;
    let now = state.memory.read().view(Sequence::MAX);
    let mut memory = MemoryView {
        chunks: Vec::new(),
        segments: Arc::default(),
        tombstones: description.tombstones.clone().into(),
        flushed: *sequence,
        // Some sources may have been left out.
        last: None,
        removals: 0,
    };
    let mut segments = Vec::with_capacity(description.sources.len());
    for source in &description.sources {
        match source {
            SourceDescription::Segment(entry) => segments.push(segment(entry, &table, &now, &living)?),
            SourceDescription::Unflushed { writer, after, up_to } => {
                is_here(store, *writer)?;
                memory.chunks.extend(unflushed(&state, *writer, (*after, *up_to), &living)?);
                memory.flushed = *after;
            }
        }
    }
    memory.segments = segments.into();
    let index = state.series.read();
    let series = match (table.kind, same.first()) {
        (TableKind::Keyed, _) => Arc::default(),
        (TableKind::Series, Some(view)) => view.series.clone(),
        (TableKind::Series, None) => index.snapshot_at(*sequence),
    };
    let keys = match &description.keys {
        DescribedKeys::All => ScanKeys::All,
        DescribedKeys::Ranges(ranges) => ScanKeys::Ranges(ranges.clone()),
        DescribedKeys::Series(hashes) => ScanKeys::Series(series_of(hashes, &index, &series, &table)?),
    };
    drop(index);
    let kept = description.kept.intersect(&description.time);
    let view = TableView::opened(store, table, *sequence, state, memory, series, kept);
    Ok(OpenedScan { view, keys })
}

fn is_here(store: &Store, writer: WriterId) -> Result<()> {
    if writer == store.writer {
        return Ok(());
    }
    Err(Error::internal(format!("writer {writer} is not here: this is writer {}", store.writer)))
}

fn definition(store: &Store, description: &ScanDescription, living: &[Arc<DescribedView>]) -> Result<Arc<Table>> {
    let catalog = store.catalog.snapshot();
    let current = catalog.table(description.table).ok_or_else(|| catalog.no_table(description.table))?;
    let mut definitions = std::iter::once(current).chain(living.iter().map(|view| &view.table));
    let found = definitions.find(|table| table.schema_version == description.schema_version);
    found.cloned().ok_or_else(|| Error::new(ErrorKind::SchemaChanged { table: current.name.clone() }))
}

fn segment(
    entry: &SegmentEntry,
    table: &Table,
    now: &MemoryView,
    living: &[Arc<DescribedView>],
) -> Result<Arc<Segment>> {
    let mut all = now.segments.iter().chain(living.iter().flat_map(|view| view.memory.segments.iter()));
    let (path, name) = (&entry.path, &table.name);
    // One that went from pack to pack is what it was, in another place.
    let is_it = |segment: &Segment| SegmentEntry { path: path.clone(), ..segment.entry.clone() } == *entry;
    match all.find(|segment| segment.entry.id == entry.id) {
        Some(segment) if is_it(segment) => Ok(segment.clone()),
        Some(_) => Err(Error::internal(format!("segment {path} of table \"{name}\" is not the one described"))),
        None => Err(Error::internal(format!("segment {path} of table \"{name}\" is gone"))),
    }
}

/// The unflushed rows of this writer with numbers above the first up to the second.
fn unflushed(
    state: &TableState,
    writer: WriterId,
    (after, up_to): (Sequence, Sequence),
    living: &[Arc<DescribedView>],
) -> Result<Vec<Arc<MemoryChunk>>> {
    if let Some(chunks) = state.memory.read().chunks_between(after, up_to) {
        return Ok(chunks);
    }
    let mut same = living.iter().filter(|view| view.sequence == up_to && view.memory.flushed == after);
    match same.find(|view| !view.memory.chunks.is_empty()) {
        Some(view) => Ok(view.memory.chunks.clone()),
        None => Err(Error::internal(format!(
            "the unflushed rows of writer {writer} from {after} up to {up_to} in table {} are gone",
            state.id
        ))),
    }
}

/// The listed series with these key hashes.
fn series_of(hashes: &[KeyHash], index: &SeriesIndex, series: &SeriesSnapshot, table: &Table) -> Result<Vec<SeriesId>> {
    let is_listed = |id: &SeriesId| series.lists(*id, index);
    let mut ended: Option<HashMap<KeyHash, SeriesId>> = None;
    let mut found = Vec::with_capacity(hashes.len());
    for hash in hashes {
        let living = index.select(&KeySelection::Hashes([*hash].into()));
        let id = living.into_iter().find(is_listed).or_else(|| {
            // It ended since: only the entry of its id still knows its hash.
            let ended = ended
                .get_or_insert_with(|| series.ids().iter().filter_map(|id| Some((index.hash_of(*id)?, *id))).collect());
            ended.get(hash).copied()
        });
        let name = &table.name;
        found.push(
            id.ok_or_else(|| Error::internal(format!("table \"{name}\" has no series with key hash {:032x}", hash.0)))?,
        );
    }
    Ok(found)
}
