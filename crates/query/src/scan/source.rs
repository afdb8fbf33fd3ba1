//! What a scan needs of a table view; a trait so that tests can stand in for storage.

use arrow::record_batch::RecordBatch;
use model::{ColumnId, Result, Table};
use std::fmt::Debug;
use std::sync::Arc;
use storage::{Scan, ScanMetrics, ScanRequest, SeriesBatch, TableView};

/// A table at one number.
pub(crate) trait ScanSource: Debug + Send + Sync {
    fn table(&self) -> &Arc<Table>;
    fn series(&self, columns: &[ColumnId]) -> Result<SeriesBatch>;
    fn scan(&self, request: ScanRequest) -> Result<Box<dyn SourceScan>>;
    fn rows_at_most(&self) -> u64;
}

/// Rows as they are read.
pub(crate) trait SourceScan: Iterator<Item = Result<RecordBatch>> + Send {
    fn metrics(&self) -> ScanMetrics;
}

impl ScanSource for TableView {
    fn table(&self) -> &Arc<Table> {
        TableView::table(self)
    }

    fn series(&self, columns: &[ColumnId]) -> Result<SeriesBatch> {
        TableView::series(self, columns)
    }

    fn scan(&self, request: ScanRequest) -> Result<Box<dyn SourceScan>> {
        Ok(Box::new(TableView::scan(self, request)?))
    }

    fn rows_at_most(&self) -> u64 {
        TableView::rows_at_most(self)
    }
}

impl SourceScan for Scan {
    fn metrics(&self) -> ScanMetrics {
        Scan::metrics(self)
    }
}
