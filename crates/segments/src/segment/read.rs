//! Opening a segment.

use super::aggregates::{Aggregates, AggregatesBuilder, is_aggregated};
use super::checked::{CheckedFile, corrupt, sum};
use super::decode::{Decoder, Projection};
use super::directory::{Directory, DirectoryBuilder, SegmentRun};
use super::file::SegmentFile;
use super::side::SideFile;
use crate::PlainSpellings;
use crate::retype::Retyping;
use catalog::SegmentEntry;
use files::{File, Files, io_error};
use model::{ColumnId, ColumnRole, DataType, KeyHash, Result, Table, TableKind, encode_keys};
use parquet::file::statistics::Statistics;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// How far from 0 the values of a segment's columns lie at most.
#[derive(Debug)]
pub struct Magnitudes(Box<[(ColumnId, Option<u64>)]>);

impl Magnitudes {
    /// A number that no value of a column of 64-bit integers lies further from 0 than; `None` where
    /// nothing says so.
    #[must_use]
    pub fn of(&self, id: ColumnId) -> Option<u64> {
        self.0.iter().find(|(column, _)| *column == id).map_or(Some(0), |(_, magnitude)| *magnitude)
    }
}

/// Rows read at once where a directory is made anew.
const REBUILD_ROWS: usize = 64 << 10;

/// An open segment: footer, page index and run directory, loaded once, aggregates unpacked
/// when first asked for. Cheap to share.
#[derive(Debug)]
pub struct SegmentReader {
    file: Arc<SegmentFile>,
    directory: Directory,
    /// The runs in order of their key hashes.
    by_hash: OnceLock<Vec<u32>>,
    packed_aggregates: Option<Vec<u8>>,
    aggregates: OnceLock<Option<Aggregates>>,
}

impl SegmentReader {
    /// Opens a segment that the manifest names. A side file that is missing or damaged is made
    /// anew after the whole segment's checksum was compared.
    ///
    /// # Errors
    /// [`model::ErrorKind::Corrupt`] naming the file when anything does not check out,
    /// [`model::ErrorKind::Io`] from the disk.
    pub fn open(files: &Arc<dyn Files>, entry: &SegmentEntry, table: &Table) -> Result<Arc<Self>> {
        let file = open_entry(&**files, entry)?;
        let (file, directory, packed_aggregates) = match SideFile::read(&**files, entry) {
            Some(side) => {
                let checked = CheckedFile::new(file, entry, side.block_checksums);
                (Arc::new(SegmentFile::load(checked, entry, table.id)?), side.directory, side.aggregates)
            }
            None => {
                let block_checksums = sum_of_entry(&*file, entry)?;
                let checked = CheckedFile::new(file, entry, block_checksums.clone());
                let file = Arc::new(SegmentFile::load(checked, entry, table.id)?);
                let (directory, aggregates) = rebuild(&file, table)?;
                let (segment_bytes, segment_checksum) = (entry.bytes, entry.checksum);
                let side = SideFile { segment_bytes, segment_checksum, block_checksums, directory, aggregates };
                // Only saves the next opening the work: a disk that takes no writes must not stop reads.
                let _ = side.write(&**files, &entry.path);
                (file, side.directory, side.aggregates)
            }
        };
        let (by_hash, aggregates) = (OnceLock::new(), OnceLock::new());
        Ok(Arc::new(Self { file, directory, by_hash, packed_aggregates, aggregates }))
    }

    /// What the manifest says of it.
    #[must_use]
    pub fn entry(&self) -> &SegmentEntry {
        &self.file.entry
    }

    /// The runs of its series, in key order; empty for keyed tables.
    #[must_use]
    pub fn runs(&self) -> &[SegmentRun] {
        match &self.directory {
            Directory::Series(runs) => runs,
            Directory::Keyed(_) | Directory::FilteredKeys(..) => &[],
        }
    }

    /// The position among the runs of that of a series.
    pub(crate) fn run_position(&self, key_hash: KeyHash) -> Option<usize> {
        let runs = self.runs();
        let by_hash = self.by_hash.get_or_init(|| {
            let mut positions: Vec<u32> = (0..).take(runs.len()).collect();
            positions.sort_unstable_by_key(|position| runs[*position as usize].key_hash);
            positions
        });
        let found = by_hash.binary_search_by_key(&key_hash, |position| runs[*position as usize].key_hash);
        Some(by_hash[found.ok()?] as usize)
    }

    /// The run of a series.
    #[must_use]
    pub fn run_of(&self, key_hash: KeyHash) -> Option<&SegmentRun> {
        self.run_position(key_hash).map(|position| &self.runs()[position])
    }

    /// About how many bytes of memory it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        // Made when it is first needed, and counted before.
        let by_hash = self.runs().len() * size_of::<u32>();
        let packed = self.packed_aggregates.as_deref();
        let aggregates = packed.map_or(0, |packed| packed.len() + Aggregates::unpacked_bytes(packed));
        size_of::<Self>() + self.file.memory_bytes() + self.directory.bytes() + by_hash + aggregates
    }

    /// Reads the whole file and compares its checksum with the manifest's.
    ///
    /// # Errors
    /// [`model::ErrorKind::Corrupt`] naming the file, [`model::ErrorKind::Io`] from the disk.
    pub fn verify_checksum(&self) -> Result<()> {
        sum_of_entry(self.file.checked.file(), self.entry()).map(drop)
    }

    /// How far from 0 values of its columns lie.
    #[must_use]
    pub fn magnitudes(&self) -> Magnitudes {
        Magnitudes(self.file.footer.columns.iter().map(|column| (column.id, self.magnitude(column.id))).collect())
    }

    fn magnitude(&self, id: ColumnId) -> Option<u64> {
        let columns = &self.file.footer.columns;
        let leaf = columns.iter().position(|column| column.id == id)?;
        columns.get(leaf).filter(|column| column.data_type == DataType::Int64)?;
        let mut magnitude = 0;
        for group in self.file.metadata.metadata().row_groups() {
            let Statistics::Int64(values) = group.columns().get(leaf)?.statistics()? else { return None };
            let nulls_alone = values.null_count_opt() == Some(u64::try_from(group.num_rows()).ok()?);
            magnitude = match (values.min_opt(), values.max_opt()) {
                (Some(least), Some(greatest)) => magnitude.max(least.unsigned_abs()).max(greatest.unsigned_abs()),
                _ if nulls_alone => magnitude,
                _ => return None,
            };
        }
        Some(magnitude)
    }

    /// What it says of its rows without reading them.
    pub(crate) fn aggregates(&self) -> Option<&Aggregates> {
        let unpack = || Aggregates::from_bytes(self.packed_aggregates.as_deref()?);
        self.aggregates.get_or_init(unpack).as_ref()
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    pub(crate) fn file(&self) -> &Arc<SegmentFile> {
        &self.file
    }
}

/// Opens a segment's file, which is there and as long as the manifest says.
pub(super) fn open_entry(files: &dyn Files, entry: &SegmentEntry) -> Result<Arc<dyn File>> {
    let path = Path::new(&entry.path);
    let file = files.open(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => corrupt(&entry.path, "it is missing"),
        _ => io_error("open", path, &e),
    })?;
    let bytes = file.len().map_err(|e| io_error("measure", path, &e))?;
    if bytes == entry.bytes {
        Ok(file)
    } else {
        Err(corrupt(&entry.path, format!("it has {bytes} bytes instead of {}", entry.bytes)))
    }
}

/// The checksums of the blocks of a segment whose whole checksum is the manifest's.
pub(super) fn sum_of_entry(file: &dyn File, entry: &SegmentEntry) -> Result<Vec<u64>> {
    let (checksum, block_checksums) = sum(file, &entry.path, entry.bytes)?;
    if checksum != entry.checksum {
        return Err(corrupt(&entry.path, "its checksum is not the one in the manifest"));
    }
    Ok(block_checksums)
}

/// Makes the directory from the key and time columns, and aggregates from those of numbers.
fn rebuild(file: &Arc<SegmentFile>, table: &Table) -> Result<(Directory, Option<Vec<u8>>)> {
    let series_table = table.kind == TableKind::Series;
    let stored = file.footer.columns.iter().filter(|c| c.role == ColumnRole::Field && is_aggregated(c.data_type));
    let known = stored.filter(|c| file.footer.all_replace && table.column(c.id).is_some());
    let numbers: Vec<(ColumnId, DataType)> = known.map(|column| (column.id, column.data_type)).collect();
    let mut aggregates = AggregatesBuilder::new(table, numbers.iter().copied()).filter(|_| file.footer.all_replace);
    let ids: Vec<ColumnId> = numbers.iter().map(|(id, _)| *id).collect();
    let projection = Arc::new(Projection::new(file, &ids, true));
    // As they were written.
    let retyping = Retyping { table, spellings: &PlainSpellings, until: file.entry.sequences.1 };
    let mut last_key = None;
    let mut directory = DirectoryBuilder::new(series_table);
    for (row_group, rows) in file.row_groups.iter().enumerate() {
        let mut left = usize::try_from(rows.end - rows.start).unwrap_or(usize::MAX);
        let all = std::iter::once(0..left);
        let mut decoder = Decoder::new(file, &projection, row_group, all, REBUILD_ROWS)?;
        while left > 0 {
            let block = decoder.next_block(&retyping)?;
            left = left.saturating_sub(block.rows);
            let keys = encode_keys(&block.keys, block.rows)?;
            if !series_table {
                directory.keys(&keys);
                continue;
            }
            let runs: Vec<usize> = keys.chunk_by(|a, b| a == b).map(<[_]>::len).collect();
            let values = block.columns.iter().flatten().map(|cells| &cells.values).collect::<Vec<_>>();
            if let Some(aggregates) = &mut aggregates {
                aggregates.add(&runs, last_key.is_some() && last_key.as_ref() == keys.first(), &block.times, &values);
            }
            last_key = keys.last().cloned();
            let mut first = 0;
            for run in keys.chunk_by(|a, b| a == b) {
                if let Some(key) = run.first() {
                    directory.series(key, &block.times[first..first + run.len()]);
                }
                first += run.len();
            }
        }
    }
    let directory = directory.finish();
    if !directory.covers(file.entry.rows) {
        return Err(corrupt(&file.entry.path, "its rows are not in order"));
    }
    let aggregates = aggregates.and_then(AggregatesBuilder::finish);
    Ok((directory, aggregates.map(|aggregates| aggregates.to_bytes()).transpose()?))
}
