//! Immutable rows: chunks in memory, segments on disk, and the folding of both into one version
//! per row.
//!
//! A [`Chunk`] is what one write, or a merge of neighbouring writes, left in memory. A segment is
//! a Parquet file of sorted, folded rows of one time partition. [`SeriesScan`] and [`KeyedScan`]
//! read any number of both as one ordered, folded stream. Nothing here takes a lock, numbers a
//! write, or knows which files are current: that is `storage`.

mod assemble;
mod block;
mod chunk;
mod compact;
mod flush;
mod fold;
mod mask;
mod memory;
mod merge;
mod order;
mod retype;
mod scan;
mod segment;
#[cfg(test)]
mod tests;

pub use chunk::{Chunk, ChunkColumn, ChunkRun, Identity, MergeContext, RowKind, RowKinds};
pub use compact::Compaction;
pub use flush::{PartitionRows, Partitioning, keyed_rows, partition_rows};
pub use retype::{PlainSpellings, Spellings, can_convert, to_current_type, to_type_at, type_at};
pub use scan::{
    Buckets, KeyRange, KeyedScan, KeyedScanRequest, PartialColumn, PartialScan, PartialScanRequest, ScanCounts,
    SeriesRows, SeriesScan, SeriesScanRequest, Source, WantedSeries, time_array,
};
#[cfg(any(test, fuzzing))]
pub use segment::fuzzing;
pub use segment::{
    Magnitudes, SegmentIdentity, SegmentReader, SegmentRows, SegmentRun, SegmentTarget, SeriesFile, SeriesKeys,
    SideFault, each_series, flipped_bit, read_series_file, remove_segment, verify_segment, write_segment,
    write_series_file,
};
