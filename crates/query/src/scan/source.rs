//! What a scan needs of a table view; a trait so that tests can stand in for storage.

use arrow::record_batch::RecordBatch;
use model::{ColumnId, KeyBytes, Result, Table, TimeBounds};
use std::fmt::Debug;
use std::sync::Arc;
use storage::{
    LastMetrics, LastRequest, LastScan, OpenedScan, PartialRequest, Scan, ScanDescription, ScanKeys, ScanMetrics,
    ScanRequest, SeriesBatch, Storage, TableView,
};

/// A table at one number.
pub(crate) trait ScanSource: Debug + Send + Sync {
    fn table(&self) -> &Arc<Table>;
    fn series(&self, columns: &[ColumnId]) -> Result<SeriesBatch>;
    /// Of the series that have some keys, and how many there are in all; `None` where only a look at
    /// all of them tells.
    fn series_with_keys(&self, keys: &[KeyBytes], columns: &[ColumnId]) -> Result<Option<(SeriesBatch, usize)>>;
    fn scan(&self, request: ScanRequest) -> Result<Box<dyn SourceScan>>;
    /// What aggregates need of rows.
    fn scan_partial(&self, request: PartialRequest) -> Result<Box<dyn SourceScan>>;
    fn last(&self, request: LastRequest) -> Result<Box<dyn SourceLast>>;
    fn rows_at_most(&self) -> u64;
    /// Whether sums of a column of integers are the same in floats, in whatever order.
    fn sums_fit_floats(&self, id: ColumnId) -> bool;
    /// Whether rows are in segments, which may have aggregates beside them.
    fn has_segments(&self) -> bool;
    /// What [`OpenScan`] opens again.
    fn describe(&self, columns: &[ColumnId], time: TimeBounds, keys: &ScanKeys) -> Result<ScanDescription>;
}

/// Where described scans are opened; a trait for the same reason.
pub(crate) trait OpenScan: Debug + Send + Sync {
    /// The table, and the keys as a scan of it wants them.
    fn open(&self, description: &ScanDescription) -> Result<(Arc<dyn ScanSource>, ScanKeys)>;
}

impl OpenScan for Storage {
    fn open(&self, description: &ScanDescription) -> Result<(Arc<dyn ScanSource>, ScanKeys)> {
        let OpenedScan { view, keys } = self.open_scan(description)?;
        Ok((Arc::new(view), keys))
    }
}

/// Rows as they are read.
pub(crate) trait SourceScan: Iterator<Item = Result<RecordBatch>> + Send {
    fn metrics(&self) -> ScanMetrics;
}

/// Last values as they are read.
pub(crate) trait SourceLast: Iterator<Item = Result<RecordBatch>> + Send {
    fn metrics(&self) -> LastMetrics;
}

impl SourceLast for LastScan {
    fn metrics(&self) -> LastMetrics {
        LastScan::metrics(self)
    }
}

impl ScanSource for TableView {
    fn table(&self) -> &Arc<Table> {
        TableView::table(self)
    }

    fn series(&self, columns: &[ColumnId]) -> Result<SeriesBatch> {
        TableView::series(self, columns)
    }

    fn series_with_keys(&self, keys: &[KeyBytes], columns: &[ColumnId]) -> Result<Option<(SeriesBatch, usize)>> {
        TableView::series_with_keys(self, keys, columns)
    }

    fn scan(&self, request: ScanRequest) -> Result<Box<dyn SourceScan>> {
        Ok(Box::new(TableView::scan(self, request)?))
    }

    fn scan_partial(&self, request: PartialRequest) -> Result<Box<dyn SourceScan>> {
        Ok(Box::new(TableView::scan_partial(self, request)?))
    }

    fn last(&self, request: LastRequest) -> Result<Box<dyn SourceLast>> {
        Ok(Box::new(TableView::last(self, request)?))
    }

    fn rows_at_most(&self) -> u64 {
        TableView::rows_at_most(self)
    }

    fn sums_fit_floats(&self, id: ColumnId) -> bool {
        TableView::sums_fit_floats(self, id)
    }

    fn has_segments(&self) -> bool {
        TableView::has_segments(self)
    }

    fn describe(&self, columns: &[ColumnId], time: TimeBounds, keys: &ScanKeys) -> Result<ScanDescription> {
        TableView::describe(self, columns, time, keys)
    }
}

impl SourceScan for Scan {
    fn metrics(&self) -> ScanMetrics {
        Scan::metrics(self)
    }
}
