//! Segments: Parquet files of sorted, folded rows of one time partition.
//!
//! The file is open: any Parquet reader sees real key, time and field columns. Beside it lies a
//! side file (`<segment>.runs`) with the run directory and the checksums of the file's blocks; it
//! can be rebuilt from the segment. No byte reaches a decoder before its checksum was compared.

mod aggregates;
mod checked;
mod decimal;
mod decode;
mod directory;
mod encoding;
mod file;
mod footer;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod key_filter;
mod layout;
mod narrow;
mod physical;
mod read;
mod rows;
mod series_file;
mod side;
mod sink;
mod type_name;
mod values;
mod verify;
mod write;
mod writer;

pub use directory::SegmentRun;
pub use read::{Magnitudes, SegmentReader};
pub use rows::{SegmentIdentity, SegmentRows, SeriesKeys};
pub use series_file::{SeriesFile, read_series_file, write_series_file};
pub use verify::{SideFault, each_series, flipped_bit, verify_segment};
pub use write::{SegmentTarget, remove_segment, write_segment};

pub(crate) use aggregates::{Aggregates, HOUR_SECONDS, Statistic};
pub(crate) use checked::corrupt;
pub(crate) use decode::{Decoder, Projection};
pub(crate) use directory::KeyMark;
pub(crate) use key_filter::filter_hash;
pub(crate) use layout::{GivenColumn, Outline};
pub(crate) use physical::Form;
pub(crate) use write::BATCH_ROWS;
pub(crate) use writer::SegmentWriter;

// Tests take tiny ones, so that few rows cross every border.

/// Rows of a page of each column.
const PAGE_ROWS: usize = if cfg!(test) { 4 } else { 8_192 };
/// Rows of a row group at most.
const ROW_GROUP_ROWS: usize = if cfg!(test) { 12 } else { 1 << 20 };

#[cfg(test)]
pub(crate) mod tests;
