//! Writing a segment whose rows are all at hand, and removing one.

use super::PAGE_ROWS;
use super::layout::{GivenColumn, Outline};
use super::physical::Form;
use super::rows::{SegmentIdentity, SegmentRows};
use super::side::side_path;
use super::writer::SegmentWriter;
use crate::{RowKind, RowKinds};
use catalog::SegmentEntry;
use files::{Files, io_error};
use model::{Error, Result, Table};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Rows handed to the Parquet writer at once: whole pages.
pub(crate) const BATCH_ROWS: usize = 8 * PAGE_ROWS;

/// Where a segment goes and what it belongs to.
#[derive(Clone, Copy, Debug)]
pub struct SegmentTarget<'a> {
    /// Its id, never used before.
    pub id: u64,
    /// The file, relative to the data directory; its directory is there.
    pub path: &'a str,
    /// The start of its time partition in seconds since 1970; 0 for keyed tables.
    pub partition: i64,
    /// The length of that partition in seconds; 0 for keyed tables.
    pub partition_seconds: u64,
    /// The definition that its column names and roles come from.
    pub table: &'a Table,
}

/// Writes rows as a segment with its run directory. Both are durable when it returns, and nothing
/// names them yet: the entry is for the manifest. Columns that the table no longer has are left
/// out.
///
/// # Errors
/// [`model::ErrorKind::Internal`] when there is no row or a column does not fit the table,
/// [`model::ErrorKind::DiskFull`] or [`model::ErrorKind::Io`] from the disk.
pub fn write_segment(files: &dyn Files, target: &SegmentTarget<'_>, rows: &SegmentRows) -> Result<SegmentEntry> {
    rows.identity.rows()?;
    let columns = rows.columns.iter().filter(|column| target.table.column(column.id).is_some());
    let given = |column: &crate::ChunkColumn| {
        let (id, data_type) = (column.id, column.data_type);
        GivenColumn { id, data_type, form: Form::of(&column.cells.values) }
    };
    let outline = Outline {
        sequences: rows.sequences,
        all_replace: rows.kinds == RowKinds::All(RowKind::Replace),
        has_absent: columns.clone().any(|column| column.cells.absent.is_some()),
        columns: columns.map(given).collect(),
        keys: match &rows.identity {
            SegmentIdentity::Series { keys, .. } => Some(Arc::clone(keys)),
            SegmentIdentity::Keyed { .. } => None,
        },
    };
    let mut writer = SegmentWriter::begin(files, *target, &outline)?;
    match writer.write(rows)? {
        Ok(()) => writer.finish(),
        Err(column) => Err(Error::internal(format!("column {column} does not fit the form chosen for it"))),
    }
}

/// Removes a segment's files; fine if they are not there.
///
/// # Errors
/// [`model::ErrorKind::Io`] from the disk.
pub fn remove_segment(files: &dyn Files, path: &str) -> Result<()> {
    for path in [PathBuf::from(path), side_path(path)] {
        match files.remove(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(io_error("remove", &path, &e)),
            _ => {}
        }
    }
    Ok(())
}

impl SegmentIdentity {
    /// How many rows it identifies, at least one.
    pub(super) fn rows(&self) -> Result<usize> {
        let rows = match self {
            Self::Series { keys, runs, times } => {
                let ascends = runs.is_sorted_by(|a, b| a.0 < b.0);
                if !ascends || runs.last().is_some_and(|(key, _)| *key >= keys.keys.len()) {
                    return Err(Error::internal("the runs of a segment are not in key order"));
                }
                if runs.iter().map(|(_, rows)| rows).sum::<usize>() != times.len() {
                    return Err(Error::internal("the runs of a segment do not cover its rows"));
                }
                times.len()
            }
            Self::Keyed { keys } => {
                if !keys.is_sorted_by(|a, b| a < b) {
                    return Err(Error::internal("the rows of a segment are not in key order"));
                }
                keys.len()
            }
        };
        if rows == 0 { Err(Error::internal("a segment has rows")) } else { Ok(rows) }
    }
}
