//! Writing a segment.

use super::aggregates::SegmentAggregates;
use super::directory::DirectoryBuilder;
use super::encoding::writer_properties;
use super::footer::{ExtraColumn, Footer, StoredColumn};
use super::physical::to_physical;
use super::rows::{SegmentIdentity, SegmentRows};
use super::side::{SideFile, side_path};
use super::sink::{Sink, Written};
use super::{PAGE_ROWS, checked::corrupt};
use crate::{ChunkColumn, RowKind, RowKinds};
use arrow::array::{Array, ArrayRef, BinaryBuilder, PrimitiveArray, UInt8Array, UInt32Array, make_array};
use arrow::compute::take;
use arrow::datatypes::{DataType as Arrow, Field, Int64Type, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use catalog::SegmentEntry;
use files::{Files, io_error};
use model::{Cells, Column, ColumnRole, Error, KeyBytes, Result, Table, TableKind, TimeBounds, arrow_type};
use parquet::arrow::ArrowWriter;
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::errors::ParquetError;
use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows handed to the Parquet writer at once: whole pages.
const BATCH_ROWS: usize = 8 * PAGE_ROWS;

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
    let layout = Layout::new(target, rows)?;
    let temporary = PathBuf::from(format!("{}.tmp", target.path));
    let written = layout.write_file(files, &temporary, rows).inspect_err(|_| {
        // What is left of a failed file is in nobody's way; the error counts, not this.
        let _ = files.remove(&temporary);
    })?;
    let path = Path::new(target.path);
    files.rename(&temporary, path).map_err(|e| io_error("rename", &temporary, &e))?;

    let mut directory = DirectoryBuilder::new(target.table.kind == TableKind::Series);
    let (time, keys) = match &rows.identity {
        SegmentIdentity::Series { keys, runs, times } => {
            let mut first = 0;
            for (key, count) in runs {
                directory.series(&keys.keys[*key], &times[first..first + count]);
                first += count;
            }
            let key = |run: Option<&(usize, usize)>| run.map(|(key, _)| keys.keys[*key].clone()).unwrap_or_default();
            let first = times.iter().min().copied().unwrap_or(i64::MIN);
            let last = times.iter().max().copied().unwrap_or(i64::MAX);
            (TimeBounds { first, last }, (key(runs.first()), key(runs.last())))
        }
        SegmentIdentity::Keyed { keys } => {
            directory.keys(keys);
            let key = |key: Option<&KeyBytes>| key.cloned().unwrap_or_default();
            (TimeBounds::ALL, (key(keys.first()), key(keys.last())))
        }
    };
    let columns = rows.columns.iter().map(|column| (column.id, column.data_type));
    let mut aggregates = SegmentAggregates::new(target.table, columns);
    if let Some(aggregates) = &mut aggregates {
        aggregates.add(rows);
    }
    let aggregates = aggregates.map(SegmentAggregates::finish).transpose()?.flatten();
    let side = SideFile {
        segment_bytes: written.bytes,
        segment_checksum: written.checksum,
        block_checksums: written.block_checksums,
        directory: directory.finish(),
        aggregates,
    };
    side.write(files, target.path)?;
    let parent = path.parent().unwrap_or(Path::new(""));
    files.sync_directory(parent).map_err(|e| io_error("sync", parent, &e))?;
    Ok(SegmentEntry {
        id: target.id,
        path: target.path.into(),
        bytes: written.bytes,
        checksum: written.checksum,
        partition: target.partition,
        partition_seconds: target.partition_seconds,
        rows: layout.rows as u64,
        sequences: rows.sequences,
        time,
        keys,
        all_replace: layout.footer.all_replace,
        schema_version: target.table.schema_version,
    })
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

/// The columns of a file, ready to be cut into batches.
struct Layout<'a> {
    rows: usize,
    schema: SchemaRef,
    footer: Footer,
    series_table: bool,
    /// The physical values of a series table's key columns, one for each series.
    keys: Vec<ArrayRef>,
    /// The physical values of the columns that are given for each row: time and fields, or all.
    values: Vec<ArrayRef>,
    /// Of the field columns, in file order, for the bitmap of absent cells.
    fields: Vec<&'a Cells>,
}

impl<'a> Layout<'a> {
    fn new(target: &SegmentTarget<'_>, rows: &'a SegmentRows) -> Result<Self> {
        let table = target.table;
        let count = rows.identity.rows()?;
        let mut layout = Self {
            rows: count,
            schema: Arc::new(Schema::empty()),
            footer: Footer {
                segment: target.id,
                table: table.id,
                schema_version: table.schema_version,
                partition: target.partition,
                sequences: rows.sequences,
                all_replace: rows.kinds == RowKinds::All(RowKind::Replace),
                columns: Vec::new(),
                extra: Vec::new(),
            },
            series_table: table.kind == TableKind::Series,
            keys: Vec::new(),
            values: Vec::new(),
            fields: Vec::new(),
        };
        let mut parquet_fields = Vec::new();
        let mut by_id: HashMap<_, _> = rows.columns.iter().map(|column| (column.id, column)).collect();
        match &rows.identity {
            SegmentIdentity::Series { keys, times, .. } if layout.series_table => {
                for (column, values) in table.key_columns().zip(&keys.columns) {
                    if values.len() != keys.keys.len() {
                        return Err(misfit(column, values.as_ref()));
                    }
                    let values = to_physical(values, column.data_type)?;
                    parquet_fields.push(layout.column(column, column.data_type, &values));
                    layout.keys.push(values);
                }
                let time = table.time_column().ok_or_else(|| Error::internal("a series table has a time column"))?;
                let times = times_as(times, time)?;
                parquet_fields.push(layout.column(time, time.data_type, &times).with_nullable(false));
                layout.values = vec![times];
            }
            SegmentIdentity::Keyed { .. } if !layout.series_table => {
                for column in table.key_columns() {
                    let given = by_id.remove(&column.id);
                    let given = given.ok_or_else(|| Error::internal(format!("key column {} is missing", column.id)))?;
                    parquet_fields.push(layout.given(column, given, count)?);
                }
            }
            _ => return Err(Error::internal(format!("rows of another kind than table {}", table.id))),
        }
        for column in table.columns_with(ColumnRole::Field) {
            if let Some(given) = by_id.remove(&column.id) {
                parquet_fields.push(layout.given(column, given, count)?);
                layout.fields.push(&given.cells);
            }
        }
        let unused = |base: &str| {
            let mut name = base.to_owned();
            while table.column_named(&name).is_some() {
                name.insert(0, '_');
            }
            name
        };
        if !layout.footer.all_replace {
            layout.footer.extra.push(ExtraColumn::Kind);
            parquet_fields.push(Field::new(unused("_kind"), Arrow::UInt8, false));
        }
        if layout.fields.iter().any(|cells| cells.absent.is_some()) {
            layout.footer.extra.push(ExtraColumn::Absent);
            parquet_fields.push(Field::new(unused("_absent"), Arrow::Binary, true));
        }
        layout.schema = Arc::new(Schema::new(parquet_fields));
        Ok(layout)
    }

    /// A column that is given for each row.
    fn given(&mut self, column: &Column, given: &ChunkColumn, rows: usize) -> Result<Field> {
        if given.cells.values.len() != rows {
            return Err(misfit(column, given.cells.values.as_ref()));
        }
        let values = to_physical(&given.cells.values, given.data_type)?;
        let field = self.column(column, given.data_type, &values);
        self.values.push(values);
        Ok(field)
    }

    fn column(&mut self, column: &Column, data_type: model::DataType, physical: &ArrayRef) -> Field {
        self.footer.columns.push(StoredColumn { role: column.role, id: column.id, data_type });
        parquet_field(column, physical)
    }

    fn write_file(&self, files: &dyn Files, path: &Path, rows: &SegmentRows) -> Result<Written> {
        let roles: Vec<_> = self
            .footer
            .columns
            .iter()
            .map(|column| Some(column.role))
            .chain(self.footer.extra.iter().map(|_| None))
            .collect();
        let footer = self.footer.to_key_values();
        let properties = writer_properties(&self.schema, &roles, self.series_table, footer)?;
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        let file = files.create(path).map_err(|e| io_error("create", path, &e))?;
        let failed = |e| write_error(path, e);
        let mut writer =
            ArrowWriter::try_new_with_options(Sink::new(file), Arc::clone(&self.schema), options).map_err(failed)?;
        let mut keys = KeyRows::new(&self.keys, &rows.identity);
        for start in (0..self.rows).step_by(BATCH_ROWS) {
            let batch = start..self.rows.min(start + BATCH_ROWS);
            let columns = self.batch(&mut keys, &rows.kinds, batch)?;
            let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(Error::internal)?;
            writer.write(&batch).map_err(failed)?;
        }
        let sink = writer.into_inner().map_err(failed)?;
        sink.finish().map_err(|e| io_error("write", path, &e))
    }

    /// The columns of some rows, in file order.
    fn batch(&self, keys: &mut KeyRows<'_>, kinds: &RowKinds, rows: Range<usize>) -> Result<Vec<ArrayRef>> {
        let mut columns = keys.take(rows.len())?;
        columns.extend(self.values.iter().map(|values| values.slice(rows.start, rows.len())));
        for extra in &self.footer.extra {
            columns.push(match extra {
                ExtraColumn::Kind => Arc::new(rows.clone().map(|row| kinds.get(row) as u8).collect::<UInt8Array>()),
                ExtraColumn::Absent => self.absent(rows.clone()),
            });
        }
        Ok(columns)
    }

    /// One bit for each field column, in file order, the first the lowest; NULL where all are
    /// present.
    fn absent(&self, rows: Range<usize>) -> ArrayRef {
        let mut bitmaps = BinaryBuilder::new();
        let mut bits = vec![0_u8; self.fields.len().div_ceil(8)];
        for row in rows {
            bits.fill(0);
            let mut any = false;
            for (field, cells) in self.fields.iter().enumerate() {
                if cells.is_absent(row) {
                    bits[field / 8] |= 1 << (field % 8);
                    any = true;
                }
            }
            bitmaps.append_option(any.then_some(&bits));
        }
        Arc::new(bitmaps.finish())
    }
}

impl SegmentIdentity {
    /// How many rows it identifies, at least one.
    fn rows(&self) -> Result<usize> {
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

/// The key columns of a series table, row by row.
struct KeyRows<'a> {
    columns: &'a [ArrayRef],
    /// What is left of the runs.
    runs: Vec<(usize, usize)>,
}

impl<'a> KeyRows<'a> {
    fn new(columns: &'a [ArrayRef], identity: &SegmentIdentity) -> Self {
        let runs = match identity {
            SegmentIdentity::Series { runs, .. } => runs.iter().rev().copied().collect(),
            SegmentIdentity::Keyed { .. } => Vec::new(),
        };
        Self { columns, runs }
    }

    fn take(&mut self, rows: usize) -> Result<Vec<ArrayRef>> {
        let mut indices = Vec::with_capacity(if self.columns.is_empty() { 0 } else { rows });
        while indices.len() < rows
            && let Some((key, count)) = self.runs.last_mut()
        {
            let taken = (*count).min(rows - indices.len());
            let key = u32::try_from(*key).map_err(Error::internal)?;
            indices.extend(std::iter::repeat_n(key, taken));
            *count -= taken;
            if *count == 0 {
                self.runs.pop();
            }
        }
        let indices = UInt32Array::from(indices);
        self.columns.iter().map(|column| take(column, &indices, None).map_err(Error::internal)).collect()
    }
}

fn times_as(times: &[i64], column: &Column) -> Result<ArrayRef> {
    let times = PrimitiveArray::<Int64Type>::from_iter_values(times.iter().copied());
    let data = times.to_data().into_builder().data_type(arrow_type(column.data_type));
    Ok(make_array(data.build().map_err(Error::internal)?))
}

fn misfit(column: &Column, values: &dyn Array) -> Error {
    let (found, rows) = (values.data_type(), values.len());
    Error::internal(format!("{rows} values of {found} do not fit column {} of a segment", column.id))
}

/// A column of a file, with the column's id as the id of the field.
pub(super) fn parquet_field(column: &Column, physical: &ArrayRef) -> Field {
    let metadata = HashMap::from([(PARQUET_FIELD_ID_META_KEY.to_owned(), column.id.to_string())]);
    Field::new(&column.name, physical.data_type().clone(), true).with_metadata(metadata)
}

pub(super) fn write_error(path: &Path, error: ParquetError) -> Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(inner) => io_error("write", path, &inner),
            Err(inner) => corrupt(&path.to_string_lossy(), inner),
        },
        other => Error::internal(other),
    }
}
