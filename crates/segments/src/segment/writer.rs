//! Writing the file of a segment from front to back, whatever there is of rows at a time.
//!
//! What was begun and not finished leaves nothing behind.

use super::aggregates::SegmentAggregates;
use super::checked::corrupt;
use super::directory::DirectoryBuilder;
use super::layout::{Layout, Outline};
use super::rows::{SegmentIdentity, SegmentRows, SeriesKeys};
use super::side::SideFile;
use super::sink::Sink;
use super::values::Values;
use super::write::{BATCH_ROWS, SegmentTarget};
use catalog::SegmentEntry;
use files::{Files, io_error};
use model::{ColumnId, Error, KeyBytes, Result, TimeBounds};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::errors::ParquetError;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A segment in the making.
pub(crate) struct SegmentWriter<'a> {
    target: SegmentTarget<'a>,
    layout: Layout,
    keys: Option<Arc<SeriesKeys>>,
    temporary: Temporary<'a>,
    writer: ArrowWriter<Sink>,
    directory: DirectoryBuilder,
    /// Where all rows are whole.
    aggregates: Option<SegmentAggregates>,
    rows: u64,
    time: Option<TimeBounds>,
    bounds: Option<(KeyBytes, KeyBytes)>,
}

/// A file that goes unless it is renamed.
struct Temporary<'a> {
    files: &'a dyn Files,
    path: PathBuf,
    renamed: bool,
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if !self.renamed {
            // What is left of a failed file is in nobody's way; its error counts, not this.
            let _ = self.files.remove(&self.path);
        }
    }
}

impl<'a> SegmentWriter<'a> {
    /// Begins a file of these columns.
    pub(crate) fn begin(files: &'a dyn Files, target: SegmentTarget<'a>, outline: &Outline) -> Result<Self> {
        let layout = Layout::new(&target, outline)?;
        let path = PathBuf::from(format!("{}.tmp", target.path));
        let options = ArrowWriterOptions::new().with_properties(layout.properties()?).with_skip_arrow_metadata(true);
        let file = files.create(&path).map_err(|e| io_error("create", &path, &e))?;
        let temporary = Temporary { files, path, renamed: false };
        let writer = ArrowWriter::try_new_with_options(Sink::new(file), Arc::clone(&layout.schema), options)
            .map_err(|e| write_error(&temporary.path, e))?;
        let directory = DirectoryBuilder::new(layout.series_table);
        let columns = outline.columns.iter().map(|column| (column.id, column.data_type));
        let aggregates = if outline.all_replace { SegmentAggregates::new(target.table, columns) } else { None };
        let keys = outline.keys.clone();
        Ok(Self { target, layout, keys, temporary, writer, directory, aggregates, rows: 0, time: None, bounds: None })
    }

    /// Writes the next rows, in order after those before. All but the last rows of a file come in
    /// whole batches, so that pages have equal row counts. Where a value does not fit the form
    /// that was chosen for its column, answers that column: the file has to be begun anew.
    pub(crate) fn write(&mut self, rows: &SegmentRows) -> Result<Result<(), ColumnId>> {
        if !self.rows.is_multiple_of(BATCH_ROWS as u64) {
            return Err(Error::internal("rows of a segment come in whole batches"));
        }
        let count = rows.identity.rows()?;
        let mut values = match Values::new(&self.layout, rows)? {
            Ok(values) => values,
            Err(column) => return Ok(Err(column)),
        };
        for start in (0..count).step_by(BATCH_ROWS) {
            let batch = values.batch(start..count.min(start + BATCH_ROWS))?;
            self.writer.write(&batch).map_err(|e| write_error(&self.temporary.path, e))?;
        }
        self.note(&rows.identity)?;
        if let Some(aggregates) = &mut self.aggregates {
            aggregates.add(rows);
        }
        self.rows += count as u64;
        Ok(Ok(()))
    }

    /// Remembers where rows stand.
    fn note(&mut self, identity: &SegmentIdentity) -> Result<()> {
        let bounds = match identity {
            SegmentIdentity::Series { keys, runs, times } => {
                if !self.keys.as_ref().is_some_and(|known| Arc::ptr_eq(known, keys)) {
                    return Err(Error::internal("rows of a segment have other keys than it was begun with"));
                }
                let mut first = 0;
                for (key, count) in runs {
                    self.directory.series(&keys.keys[*key], &times[first..first + count]);
                    first += count;
                }
                let bounds = TimeBounds {
                    first: times.iter().min().copied().unwrap_or(i64::MIN),
                    last: times.iter().max().copied().unwrap_or(i64::MAX),
                };
                self.time = Some(self.time.map_or(bounds, |time| time.union(&bounds)));
                let key = |run: Option<&(usize, usize)>| run.map(|(key, _)| &keys.keys[*key]);
                // A series may go on in the next rows.
                (key(runs.first()), key(runs.last()), true)
            }
            SegmentIdentity::Keyed { keys } => {
                self.directory.keys(keys);
                (keys.first(), keys.last(), false)
            }
        };
        let (Some(first), Some(last), may_equal) = bounds else { return Ok(()) };
        self.bounds = Some(match self.bounds.take() {
            None => (first.clone(), last.clone()),
            Some((least, greatest)) if greatest < *first || (may_equal && greatest == *first) => (least, last.clone()),
            Some(_) => return Err(Error::internal("the rows of a segment are not in key order")),
        });
        Ok(())
    }

    /// Makes the segment durable with its side file; nothing names it yet.
    pub(crate) fn finish(self) -> Result<SegmentEntry> {
        let Self { target, layout, mut temporary, writer, directory, aggregates, rows, time, bounds, .. } = self;
        let Some(keys) = bounds else { return Err(Error::internal("a segment has rows")) };
        let files = temporary.files;
        let sink = writer.into_inner().map_err(|e| write_error(&temporary.path, e))?;
        let written = sink.finish_durably().map_err(|e| io_error("write", &temporary.path, &e))?;
        let path = Path::new(target.path);
        files.rename(&temporary.path, path).map_err(|e| io_error("rename", &temporary.path, &e))?;
        temporary.renamed = true;
        let side = SideFile {
            segment_bytes: written.bytes,
            segment_checksum: written.checksum,
            block_checksums: written.block_checksums,
            directory: directory.finish(),
            aggregates: aggregates.map(SegmentAggregates::finish).transpose()?.flatten(),
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
            rows,
            sequences: layout.footer.sequences,
            time: time.unwrap_or(TimeBounds::ALL),
            keys,
            all_replace: layout.footer.all_replace,
            schema_version: target.table.schema_version,
        })
    }
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
