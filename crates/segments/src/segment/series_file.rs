//! A table's series as a Parquet file beside its segments, for other tools: what a segment repeats
//! of a series is its key, so that attributes are joined to rows from here. The store reads it only
//! to check it, and where a series checkpoint is lost.
//!
//! Its own checksum stands among the key-value pairs of its footer: the XXH3 of the file with zeros
//! in its place, as 16 hexadecimal digits.

use super::checked::corrupt;
use super::encoding::writer_properties;
use super::layout::parquet_field;
use super::physical::{best_physical, from_physical};
use super::sink::Sink;
use super::writer::write_error;
use arrow::array::ArrayRef;
use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use files::{File, Files, io_error};
use model::{Column, ColumnId, Error, Result};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::{ArrowWriter, PARQUET_FIELD_ID_META_KEY};
use parquet::file::metadata::KeyValue;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xxhash_rust::xxh3::Xxh3;

const CHECKSUM: &str = "chronoglot.checksum";
/// In the place of the checksum while it is made.
const NO_CHECKSUM: &str = "0000000000000000";
/// How a footer goes on after that key: the field of the value, and its length.
const VALUE_HEAD: [u8; 2] = [0x18, 0x10];
const READ_BYTES: usize = 1 << 20;

/// What such a file holds.
#[derive(Clone, Debug, Default)]
pub struct SeriesFile {
    /// What was said with it, by key.
    pub said: BTreeMap<String, String>,
    /// The columns with their ids, as they are stored; one row for each series.
    pub columns: Vec<(ColumnId, ArrayRef)>,
    /// How many series.
    pub rows: usize,
}

impl SeriesFile {
    /// The values of a column in the type in which they were written.
    #[must_use]
    pub fn values(&self, id: ColumnId, data_type: model::DataType) -> Option<ArrayRef> {
        let (_, stored) = self.columns.iter().find(|(column, _)| *column == id)?;
        from_physical(stored, data_type)
    }
}

/// Writes key and attribute columns, one row for each series in key order, in the place of the
/// file that was there, with what else is to be said. Durable when it returns; the file's directory
/// is there.
///
/// # Errors
/// [`model::ErrorKind::Internal`] when there is no column, or values do not fit theirs;
/// [`model::ErrorKind::DiskFull`] or [`model::ErrorKind::Io`] from the disk.
pub fn write_series_file(
    files: &dyn Files,
    path: &str,
    columns: &[&Column],
    values: &[ArrayRef],
    said: &[(&str, String)],
) -> Result<()> {
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
    write_file(files, &temporary, columns, &batch, said).inspect_err(|_| {
        // What is left of a failed file is in nobody's way; the error counts, not this.
        let _ = files.remove(&temporary);
    })?;
    let path = Path::new(path);
    files.rename(&temporary, path).map_err(|e| io_error("rename", &temporary, &e))?;
    let parent = path.parent().unwrap_or(Path::new(""));
    files.sync_directory(parent).map_err(|e| io_error("sync", parent, &e))
}

fn write_file(
    files: &dyn Files,
    path: &Path,
    columns: &[&Column],
    batch: &RecordBatch,
    said: &[(&str, String)],
) -> Result<()> {
    let roles: Vec<_> = columns.iter().map(|column| Some(column.role)).collect();
    let pair = |(key, value): (&str, &str)| KeyValue::new(key.to_owned(), value.to_owned());
    let pairs = said.iter().map(|(key, value)| (*key, value.as_str())).chain([(CHECKSUM, NO_CHECKSUM)]);
    let properties = writer_properties(batch.schema_ref(), &roles, false, pairs.map(pair).collect())?;
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let file = files.create(path).map_err(|e| io_error("create", path, &e))?;
    let failed = |e| write_error(path, e);
    let sink = Sink::new(Arc::clone(&file));
    let mut writer = ArrowWriter::try_new_with_options(sink, batch.schema(), options).map_err(failed)?;
    writer.write(batch).map_err(failed)?;
    let sink = writer.into_inner().map_err(failed)?;
    let written = sink.finish().map_err(|e| io_error("write", path, &e))?;
    let at = checksum_at(&*file, written.bytes)
        .map_err(|e| io_error("read", path, &e))?
        .ok_or_else(|| Error::internal("a footer lost its checksum"))?;
    let digits = format!("{:016x}", written.checksum);
    file.write_at(at, digits.as_bytes()).and_then(|()| file.sync()).map_err(|e| io_error("write", path, &e))
}

/// Where the checksum stands in a file of that length.
fn checksum_at(file: &dyn File, bytes: u64) -> std::io::Result<Option<u64>> {
    let pattern: Vec<u8> = CHECKSUM.bytes().chain(VALUE_HEAD).collect();
    let tail = bytes.min(64 << 10);
    let mut end = vec![0; usize::try_from(tail).unwrap_or(0)];
    file.read_at(bytes - tail, &mut end)?;
    let found = end.windows(pattern.len()).rposition(|window| window == pattern);
    let at = found.map(|at| bytes - tail + (at + pattern.len()) as u64);
    Ok(at.filter(|at| at + NO_CHECKSUM.len() as u64 <= bytes))
}

/// Compares the file's checksum, and reads it. `Ok(None)`: an earlier version wrote it, without a
/// checksum, and nothing is known of it.
///
/// # Errors
/// [`model::ErrorKind::Corrupt`] naming the file, [`model::ErrorKind::Io`] from the disk.
pub fn read_series_file(files: &dyn Files, path: &str) -> Result<Option<SeriesFile>> {
    let at = Path::new(path);
    let failed = |e: std::io::Error| io_error("read", at, &e);
    let file = files.open(at).map_err(failed)?;
    let bytes = file.len().map_err(failed)?;
    let mut content = vec![0; usize::try_from(bytes).map_err(|_| corrupt(path, "it is too long"))?];
    for (start, part) in (0..).step_by(READ_BYTES).zip(content.chunks_mut(READ_BYTES)) {
        file.read_at(start, part).map_err(failed)?;
    }
    let Some(checksum_at) = checksum_at(&*file, bytes).map_err(failed)? else {
        let parsed = parse(content.into(), path)?;
        return if parsed.said.is_empty() { Ok(None) } else { Err(corrupt(path, "its checksum is missing")) };
    };
    let place = usize::try_from(checksum_at).unwrap_or(usize::MAX);
    let (start, rest) = content.split_at_checked(place).unwrap_or_default();
    let (digits, end) = rest.split_at_checked(NO_CHECKSUM.len()).unwrap_or_default();
    let mut whole = Xxh3::new();
    [start, NO_CHECKSUM.as_bytes(), end].into_iter().for_each(|part| whole.update(part));
    if digits != format!("{:016x}", whole.digest()).as_bytes() {
        return Err(corrupt(path, "its checksum does not fit"));
    }
    parse(content.into(), path).map(Some)
}

fn parse(content: Bytes, path: &str) -> Result<SeriesFile> {
    let failed = |e: &dyn std::fmt::Display| corrupt(path, e);
    let reader = ParquetRecordBatchReaderBuilder::try_new(content).map_err(|e| failed(&e))?;
    let pairs = reader.metadata().file_metadata().key_value_metadata().cloned().unwrap_or_default();
    let ours = pairs.into_iter().filter(|pair| pair.key.starts_with("chronoglot."));
    let said: BTreeMap<String, String> = ours.filter_map(|pair| Some((pair.key, pair.value?))).collect();
    let schema = Arc::clone(reader.schema());
    let rows = usize::try_from(reader.metadata().file_metadata().num_rows()).unwrap_or_default();
    let batches = reader.with_batch_size(rows.max(1)).build().map_err(|e| failed(&e))?;
    let batches = batches.collect::<Result<Vec<_>, _>>().map_err(|e| failed(&e))?;
    let whole = arrow::compute::concat_batches(&schema, &batches).map_err(|e| failed(&e))?;
    let id = |field: &arrow::datatypes::Field| field.metadata().get(PARQUET_FIELD_ID_META_KEY)?.parse().ok();
    let columns = schema.fields().iter().zip(whole.columns());
    let columns = columns.filter_map(|(field, values)| Some((ColumnId(id(field)?), Arc::clone(values)))).collect();
    Ok(SeriesFile { said, columns, rows })
}
