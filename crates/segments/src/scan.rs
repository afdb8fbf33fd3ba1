//! Reading chunks and segments as one ordered, folded stream.
//!
//! A scan lists its sources by age, turns each into a stream of the rows that bounds and deletions
//! leave of it, merges the streams, and folds to the bottom.

mod cells;
mod keyed;
mod keyed_segment;
mod partial;
mod runs;
mod series;
mod series_segment;
mod source;

pub use cells::Buckets;
pub use keyed::{KeyRange, KeyedScan, KeyedScanRequest};
pub use partial::{PartialColumn, PartialScan, PartialScanRequest};
pub use series::{SeriesRows, SeriesScan, SeriesScanRequest, WantedSeries, time_array};
pub use source::{ScanCounts, Source};

pub(crate) use keyed_segment::KeyedSegmentStream;
pub(crate) use runs::Wanted;
pub(crate) use series_segment::SeriesSegmentStream;
pub(crate) use source::{Reading, masks_above};
