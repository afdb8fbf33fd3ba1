//! From a view to the description of a scan of it, and the memory of views that were described.

use super::{DescribedKeys, ScanDescription, SourceDescription};
use crate::memtable::MemoryView;
use crate::series_index::SeriesSnapshot;
use crate::{ScanKeys, TableView};
use model::{ColumnId, Error, Result, Sequence, Table, TableKind, TimeBounds};
use parking_lot::Mutex;
use std::sync::{Arc, Weak};

/// What a described view holds; it lives as long as the view and its clones.
#[derive(Debug)]
pub(crate) struct DescribedView {
    pub(crate) table: Arc<Table>,
    pub(crate) sequence: Sequence,
    pub(crate) memory: MemoryView,
    pub(crate) series: Arc<SeriesSnapshot>,
}

/// The described views of one table that still live. What flushing, merging and dropping take out
/// of the table is found here.
#[derive(Debug, Default)]
pub(crate) struct DescribedViews(Mutex<Vec<Weak<DescribedView>>>);

impl DescribedViews {
    fn add(&self, view: &Arc<DescribedView>) {
        let mut views = self.0.lock();
        views.retain(|view| view.strong_count() > 0);
        views.push(Arc::downgrade(view));
    }

    pub(super) fn living(&self) -> Vec<Arc<DescribedView>> {
        self.0.lock().iter().filter_map(Weak::upgrade).collect()
    }
}

impl TableView {
    /// Describes a scan of this view. Until the view and its clones are dropped, the description
    /// can be opened on the store of the view.
    ///
    /// # Errors
    /// [`model::ErrorKind::Internal`] when the table is not read by such keys.
    pub fn describe(&self, columns: &[ColumnId], time: TimeBounds, keys: &ScanKeys) -> Result<ScanDescription> {
        let held = self.described().get_or_init(|| {
            let view = Arc::new(DescribedView {
                table: self.table().clone(),
                sequence: self.sequence(),
                memory: self.memory().clone(),
                series: self.snapshot().clone(),
            });
            self.described_views().add(&view);
            view
        });
        let memory = &held.memory;
        let shown = time.intersect(&self.kept());
        // Keyed tables have no times to go by.
        let has_times = self.table().kind == TableKind::Series;
        let segments = memory.segments.iter().filter(|s| !has_times || s.entry.time.overlaps(&shown));
        let mut sources: Vec<_> = segments.map(|s| SourceDescription::Segment(s.entry.clone())).collect();
        if !memory.chunks.is_empty() {
            let (after, up_to) = (memory.flushed, self.sequence());
            sources.push(SourceDescription::Unflushed { writer: self.writer(), after, up_to });
        }
        Ok(ScanDescription {
            table: self.table().id,
            schema_version: self.table().schema_version,
            writer: self.writer(),
            sequence: self.sequence(),
            kept: self.kept(),
            tombstones: memory.tombstones.to_vec(),
            sources,
            columns: columns.to_vec(),
            time,
            keys: self.describe_keys(keys)?,
        })
    }

    fn describe_keys(&self, keys: &ScanKeys) -> Result<DescribedKeys> {
        Ok(match (keys, self.table().kind) {
            (ScanKeys::All, _) => DescribedKeys::All,
            (ScanKeys::Series(ids), TableKind::Series) => {
                let listed = self.in_key_order(ids);
                let index = self.series_index().read();
                DescribedKeys::Series(listed.into_iter().filter_map(|id| index.hash_of(id)).collect())
            }
            (ScanKeys::Ranges(ranges), TableKind::Keyed) => DescribedKeys::Ranges(ranges.clone()),
            (ScanKeys::Series(_), TableKind::Keyed) => return Err(Error::internal("a keyed table has no series")),
            (ScanKeys::Ranges(_), TableKind::Series) => {
                return Err(Error::internal("a series table is read by series, not by key ranges"));
            }
        })
    }
}
