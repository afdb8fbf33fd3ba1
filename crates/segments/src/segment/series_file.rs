//! A table's series as a Parquet file beside its segments, for other tools: what a segment repeats
//! of a series is its key, so that attributes are joined to rows from here. Nothing here reads it.

use super::encoding::writer_properties;
use super::layout::parquet_field;
use super::physical::best_physical;
use super::sink::Sink;
use super::writer::write_error;
use arrow::array::ArrayRef;
use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;
use files::{Files, io_error};
use model::{Column, Error, Result};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Writes key and attribute columns, one row for each series in key order, in the place of the
/// file that was there. Durable when it returns; the file's directory is there.
///
/// # Errors
/// [`model::ErrorKind::Internal`] when there is no column, or values do not fit theirs;
/// [`model::ErrorKind::DiskFull`] or [`model::ErrorKind::Io`] from the disk.
pub fn write_series_file(files: &dyn Files, path: &str, columns: &[&Column], values: &[ArrayRef]) -> Result<()> {
    let physical: Vec<ArrayRef> = columns
        .iter()
        .zip(values)
        .map(|(column, values)| best_physical(values, column.data_type))
        .collect::<Result<_>>()?;
    let fields: Vec<_> =
        columns.iter().zip(&physical).map(|(column, values)| parquet_field(column, values.data_type())).collect();
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(Arc::clone(&schema), physical).map_err(Error::internal)?;
    let temporary = PathBuf::from(format!("{path}.tmp"));
    write_file(files, &temporary, columns, &batch).inspect_err(|_| {
        // What is left of a failed file is in nobody's way; the error counts, not this.
        let _ = files.remove(&temporary);
    })?;
    let path = Path::new(path);
    files.rename(&temporary, path).map_err(|e| io_error("rename", &temporary, &e))?;
    let parent = path.parent().unwrap_or(Path::new(""));
    files.sync_directory(parent).map_err(|e| io_error("sync", parent, &e))
}

fn write_file(files: &dyn Files, path: &Path, columns: &[&Column], batch: &RecordBatch) -> Result<()> {
    let roles: Vec<_> = columns.iter().map(|column| Some(column.role)).collect();
    let properties = writer_properties(batch.schema_ref(), &roles, false, Vec::new())?;
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let file = files.create(path).map_err(|e| io_error("create", path, &e))?;
    let failed = |e| write_error(path, e);
    let mut writer = ArrowWriter::try_new_with_options(Sink::new(file), batch.schema(), options).map_err(failed)?;
    writer.write(batch).map_err(failed)?;
    let sink = writer.into_inner().map_err(failed)?;
    sink.finish().map(drop).map_err(|e| io_error("write", path, &e))
}
