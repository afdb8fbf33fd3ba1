//! Everything that can be said of a segment's files by reading them whole: the sums of their bytes,
//! that every column of every row decodes, and that rows, order and bounds are those of the manifest.

use super::checked::{BLOCK_BYTES, CheckedFile, CheckedReader, corrupt, read, sum};
use super::directory::{Directory, DirectoryBuilder};
use super::file::SegmentFile;
use super::footer::ExtraColumn;
use super::physical::from_physical;
use super::read::{open_entry, sum_of_entry};
use super::side::{SideFile, side_path};
use crate::Partitioning;
use crate::segment::decode::{kinds_of, times_of};
use arrow::array::{Array, ArrayRef};
use arrow::record_batch::RecordBatch;
use catalog::SegmentEntry;
use files::{Files, io_error};
use model::{ColumnRole, KeyBytes, Result, Table, TableKind, TimeBounds, encode_keys};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::path::PathBuf;
use xxhash_rust::xxh3::xxh3_64;

/// Rows that are decoded at once.
const VERIFY_ROWS: usize = if cfg!(test) { 5 } else { 8_192 };

/// What is wrong with the side file of a segment that is whole: it is made anew when the segment
/// is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideFault {
    /// The side file.
    pub path: PathBuf,
    /// What is wrong.
    pub reason: &'static str,
}

/// Reads a segment whole, in bounded memory, and changes nothing.
///
/// # Errors
/// [`model::ErrorKind::Corrupt`] naming the segment and what does not check out first,
/// [`model::ErrorKind::Io`] from the disk.
pub fn verify_segment(files: &dyn Files, entry: &SegmentEntry, table: &Table) -> Result<Option<SideFault>> {
    let file = open_entry(files, entry)?;
    let block_checksums = sum_of_entry(&*file, entry)?;
    let file = SegmentFile::load(CheckedFile::new(file, entry, block_checksums.clone()), entry, table.id)?;
    let directory = Verification::new(&file, table).run()?;
    let path = side_path(&entry.path);
    let fault = |reason| Ok(Some(SideFault { path: path.clone(), reason }));
    match SideFile::read(files, entry) {
        Some(side) if side.block_checksums == block_checksums && side.directory == directory => Ok(None),
        Some(_) => fault("it says something else than the segment"),
        None if files.exists(&path).map_err(|e| io_error("look for", &path, &e))? => fault("it is damaged"),
        None => fault("it is missing"),
    }
}

/// The key of every series that a segment has rows of, some of them more than once.
///
/// # Errors
/// See [`verify_segment`].
pub fn each_series(
    files: &dyn Files,
    entry: &SegmentEntry,
    table: &Table,
    each: &mut dyn FnMut(&KeyBytes),
) -> Result<()> {
    let file = open_entry(files, entry)?;
    let block_checksums = sum_of_entry(&*file, entry)?;
    let file = SegmentFile::load(CheckedFile::new(file, entry, block_checksums), entry, table.id)?;
    let mut verification = Verification::new(&file, table);
    verification.each = Some(each);
    verification.run().map(drop)
}

/// The one bit of a segment that was flipped, counted from the lowest of its first byte, where that
/// is all that is wrong and its side file is whole; and then nothing else is.
///
/// # Errors
/// [`model::ErrorKind::Io`] from the disk.
pub fn flipped_bit(files: &dyn Files, entry: &SegmentEntry) -> Result<Option<u64>> {
    let (Ok(file), Some(side)) = (open_entry(files, entry), SideFile::read(files, entry)) else { return Ok(None) };
    let (_, found) = sum(&*file, &entry.path, entry.bytes)?;
    let mut differing =
        (0_u64..).zip(found.iter().zip(&side.block_checksums)).filter(|(_, (found, said))| found != said);
    let (Some((block, (_, said))), None) = (differing.next(), differing.next()) else { return Ok(None) };
    let start = block * BLOCK_BYTES;
    let mut bytes = read(&*file, &entry.path, start, entry.bytes.min(start + BLOCK_BYTES))?;
    for at in 0..bytes.len() {
        for bit in 0..8 {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << bit;
            }
            if xxh3_64(&bytes) == *said {
                return Ok(Some((start + at as u64) * 8 + bit));
            }
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << bit;
            }
        }
    }
    Ok(None)
}

/// The rows of a file so far.
struct Verification<'a> {
    file: &'a SegmentFile,
    table: &'a Table,
    directory: DirectoryBuilder,
    rows: u64,
    first_key: Option<KeyBytes>,
    last: Option<(KeyBytes, Option<i64>)>,
    time: Option<TimeBounds>,
    each: Option<&'a mut dyn FnMut(&KeyBytes)>,
}

impl<'a> Verification<'a> {
    fn new(file: &'a SegmentFile, table: &'a Table) -> Self {
        let directory = DirectoryBuilder::new(table.kind == TableKind::Series);
        Self { file, table, directory, rows: 0, first_key: None, last: None, time: None, each: None }
    }

    fn fault(&self, reason: impl std::fmt::Display) -> model::Error {
        corrupt(&self.file.entry.path, reason)
    }

    fn run(mut self) -> Result<Directory> {
        let leaves = self.file.footer.columns.len() + self.file.footer.extra.len();
        let source = CheckedReader::new(&self.file.checked, leaves);
        let batches = ParquetRecordBatchReaderBuilder::new_with_metadata(source.clone(), self.file.metadata.clone())
            .with_batch_size(VERIFY_ROWS)
            .build()
            .map_err(|e| source.fault(e))?;
        for batch in batches {
            self.rows(&batch.map_err(|e| source.fault(e))?)?;
        }
        self.bounds()?;
        Ok(self.directory.finish())
    }

    /// The next rows: their values are of their types, and they follow the rows before.
    fn rows(&mut self, batch: &RecordBatch) -> Result<()> {
        let footer = &self.file.footer;
        let mut keys: Vec<ArrayRef> = Vec::new();
        let mut times = None;
        for (at, column) in footer.columns.iter().enumerate() {
            let stored = batch.columns().get(at).and_then(|values| from_physical(values, column.data_type));
            let values = stored
                .ok_or_else(|| self.fault(format!("column {} does not hold {:?}", column.id, column.data_type)))?;
            match column.role {
                ColumnRole::Key => keys.push(values),
                ColumnRole::Time if self.table.kind == TableKind::Series => {
                    times = Some(times_of(&values).ok_or_else(|| self.fault("its times are none"))?);
                }
                _ => {}
            }
        }
        for (at, extra) in (footer.columns.len()..).zip(&footer.extra) {
            let known = match extra {
                ExtraColumn::Kind => batch.columns().get(at).and_then(kinds_of).is_some(),
                ExtraColumn::Absent => batch.columns().get(at).is_some_and(|bits| bits.len() == batch.num_rows()),
            };
            if !known {
                return Err(self.fault("what its rows do is not known"));
            }
        }
        let keys = encode_keys(&keys, batch.num_rows())?;
        match times {
            Some(times) => {
                let mut first = 0;
                for run in keys.chunk_by(|a, b| a == b) {
                    let (Some(key), Some(times)) = (run.first(), times.get(first..first + run.len())) else { continue };
                    first += run.len();
                    self.run_of(key, times)?;
                }
            }
            None => {
                for key in &keys {
                    self.follow(key, None)?;
                }
                self.directory.keys(&keys);
            }
        }
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    fn run_of(&mut self, key: &KeyBytes, times: &[i64]) -> Result<()> {
        if !times.is_sorted_by(|a, b| a < b) {
            return Err(self.fault(format!("times of one series do not rise, near row {}", self.rows)));
        }
        if let (Some(first), Some(last)) = (times.first(), times.last()) {
            self.follow(key, Some(*first))?;
            self.last = Some((key.clone(), Some(*last)));
            let here = TimeBounds { first: *first, last: *last };
            self.time = Some(self.time.map_or(here, |time| time.union(&here)));
        }
        if let Some(each) = &mut self.each {
            each(key);
        }
        self.directory.series(key, times);
        Ok(())
    }

    /// A row lies behind the one before.
    fn follow(&mut self, key: &KeyBytes, time: Option<i64>) -> Result<()> {
        let here = (key.clone(), time);
        if self.last.as_ref().is_some_and(|last| *last >= here) {
            return Err(self.fault(format!("its rows are not in order, near row {}", self.rows)));
        }
        self.first_key.get_or_insert_with(|| key.clone());
        self.last = Some(here);
        Ok(())
    }

    fn bounds(&self) -> Result<()> {
        let entry = &self.file.entry;
        if self.rows != entry.rows {
            return Err(self.fault(format!("it has {} rows, the manifest says {}", self.rows, entry.rows)));
        }
        let last_key = self.last.as_ref().map(|(key, _)| key);
        if self.first_key.as_ref() != Some(&entry.keys.0) || last_key != Some(&entry.keys.1) {
            return Err(self.fault("its keys are not those that the manifest says"));
        }
        let Some(time) = self.time else { return Ok(()) };
        if time != entry.time {
            return Err(self.fault("its times are not those that the manifest says"));
        }
        let stored = self.file.footer.columns.iter().find(|column| column.role == ColumnRole::Time);
        let now = self.table.time_column().map(|column| column.data_type);
        if let Some(unit) = self.table.time_unit().filter(|_| stored.map(|column| column.data_type) == now)
            && entry.partition_seconds > 0
        {
            let partitioning = Partitioning { unit, seconds: entry.partition_seconds };
            if [time.first, time.last].iter().any(|time| partitioning.partition_of(*time) != entry.partition) {
                return Err(self.fault("its rows lie outside of its time partition"));
            }
        }
        Ok(())
    }
}
