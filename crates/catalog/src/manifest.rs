//! Which files hold rows: the segments and series checkpoint of a table, and the files of the log.

use model::{KeyBytes, KeySelection, Sequence, TimeBounds};
use serde::{Deserialize, Serialize};

/// One segment: an immutable Parquet file of sorted, folded rows of one time partition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SegmentEntry {
    /// Issued once, never reused; the file's name is made of it.
    pub id: u64,
    /// The file, relative to the data directory; it may be a member of a pack.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// The checksum of the whole file (XXH3, 64 bits).
    pub checksum: u64,
    /// The start of its time partition in seconds since 1970; 0 for keyed tables.
    pub partition: i64,
    /// The length of its time partition in seconds, as it was when the segment was written; 0 for
    /// keyed tables.
    pub partition_seconds: u64,
    /// Its rows.
    pub rows: u64,
    /// The numbers of its oldest and newest row.
    pub sequences: (Sequence, Sequence),
    /// The times of its first and last row, in the table's unit.
    pub time: TimeBounds,
    /// Its least and greatest key.
    pub keys: (KeyBytes, KeyBytes),
    /// Whether every row is a whole row (`replace`), so that nothing below it matters.
    pub all_replace: bool,
    /// The definition it was written with.
    pub schema_version: u32,
}

/// A deletion by key and time that masks every chunk and segment whose whole sequence range lies
/// below it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tombstone {
    /// Its number.
    pub sequence: Sequence,
    /// The keys it covers.
    pub keys: KeySelection,
    /// The time range it covers.
    pub time: TimeBounds,
}

/// A table's files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TableManifest {
    /// Rows and tombstones up to this number are in files or in `tombstones`; the log need not be
    /// read for them.
    pub flushed: Sequence,
    /// The segments, by partition (start, then length), then by sequence.
    pub segments: Vec<SegmentEntry>,
    /// Deletions that still mask something in `segments`.
    pub tombstones: Vec<Tombstone>,
    /// A series checkpoint of at least this mark must be there; 0: none was written yet.
    #[serde(default)]
    pub series: Sequence,
    /// The newest checkpoint that lies in a pack; an own file with a greater mark counts before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packed_series: Option<PackedSeries>,
}

/// A table's series in a pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedSeries {
    /// The checkpoint holds everything up to this number.
    pub mark: Sequence,
    /// The checkpoint, a member of a pack.
    pub checkpoint: String,
    /// The series as a Parquet file, from which a lost checkpoint is made anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series_file: Option<String>,
}

impl TableManifest {
    /// Every file that it names.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        let series = self.packed_series.iter().flat_map(PackedSeries::files);
        self.segments.iter().map(|entry| entry.path.as_str()).chain(series)
    }
}

impl PackedSeries {
    /// Its files.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        [Some(self.checkpoint.as_str()), self.series_file.as_deref()].into_iter().flatten()
    }
}

/// The files of the log, by number: each of them must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFiles {
    /// The oldest that a start reads; what is left of older ones holds nothing that counts.
    pub first: u64,
    /// The newest that may hold a record.
    pub last: u64,
}
