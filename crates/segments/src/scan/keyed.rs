//! Scans of keyed tables.

use super::keyed_segment::{KeyedSegmentStream, Skipped};
use super::source::{Reading, ScanCounts, Source, by_age, masks_above, segments_among};
use crate::Spellings;
use crate::assemble::{Assembler, Below};
use crate::block::Keys;
use crate::memory::keyed_stream;
use crate::merge::{Merge, Stream};
use crate::segment::filter_hash;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use catalog::Tombstone;
use model::{ColumnId, Error, KeyBytes, Result, Sequence, Table};
use std::ops::Bound;
use std::sync::Arc;

/// A range of key bytes: where it begins and where it ends.
pub type KeyRange = (Bound<KeyBytes>, Bound<KeyBytes>);

/// The ranges that a scan reads.
#[derive(Debug)]
pub(crate) struct WantedKeys {
    pub(super) ranges: Box<[KeyRange]>,
    /// Of each range that is a single key, the hash that filters know it by.
    pub(super) points: Box<[Option<u64>]>,
}

impl WantedKeys {
    fn new(ranges: Vec<KeyRange>) -> Arc<Self> {
        let point = |range: &KeyRange| match range {
            (Bound::Included(first), Bound::Included(last)) if first == last => Some(filter_hash(first)),
            _ => None,
        };
        Arc::new(Self { points: ranges.iter().map(point).collect(), ranges: ranges.into() })
    }
}

/// What to read of a keyed table.
#[derive(Clone, Debug)]
pub struct KeyedScanRequest {
    /// The definition that rows are returned in.
    pub table: Arc<Table>,
    /// Where from; any order, their sequence ranges order them.
    pub sources: Vec<Source>,
    /// Every deletion that may mask something; each masks the sources that lie below it.
    pub tombstones: Arc<[Tombstone]>,
    /// Which keys: ascending, disjoint ranges; `None`: all.
    pub ranges: Option<Vec<KeyRange>>,
    /// The columns, in output order; may be empty.
    pub columns: Vec<ColumnId>,
    /// Rows a batch at most.
    pub batch_rows: usize,
    /// How named conversions spell values.
    pub spellings: Arc<dyn Spellings>,
}

/// Folded rows of a keyed table, ascending by key, as batches of the columns asked for, named as
/// the table names them, in [`model::arrow_type`] of their current types. Work happens in the
/// iterator; it ends after an error.
#[derive(Debug)]
pub struct KeyedScan {
    reading: Arc<Reading>,
    schema: SchemaRef,
    merge: Merge<Keys>,
    output: Assembler<Keys>,
    batch_rows: usize,
    ended: bool,
    segments_pruned: u64,
    segments_filtered: u64,
    rows_returned: u64,
}

impl KeyedScan {
    /// Begins to read.
    ///
    /// # Errors
    /// [`model::ErrorKind::Internal`] when a column asked for is not in the table, or an older
    /// type of it is not known.
    pub fn new(request: KeyedScanRequest) -> Result<Self> {
        let KeyedScanRequest { table, sources, tombstones, ranges, columns, batch_rows, spellings } = request;
        let reading = Arc::new(Reading::new(table, spellings, columns, segments_among(&sources), Sequence::MAX));
        let types = reading.types()?;
        let schema = schema(&reading, &types);
        let wanted = ranges.map(WantedKeys::new);
        let several = sources.len() > 1;
        let mut streams: Vec<Box<dyn Stream<Keys>>> = Vec::new();
        let (mut segments_pruned, mut segments_filtered) = (0, 0);
        for source in by_age(sources) {
            let masks = masks_above(source.sequences().1, &tombstones);
            match &source {
                Source::Segment(segment) => {
                    let stream = match masks.hide_all() {
                        true => Err(Skipped::Bounds),
                        false => KeyedSegmentStream::new(segment, &reading, wanted.as_ref(), masks, several),
                    };
                    match stream {
                        Ok(stream) => streams.push(Box::new(stream)),
                        Err(Skipped::Bounds) => segments_pruned += 1,
                        Err(Skipped::Filter) => segments_filtered += 1,
                    }
                }
                Source::Chunk(chunk) => {
                    let chunk = chunk.to_folded()?;
                    let (columns, retyping) = (&reading.columns, reading.retyping());
                    let ranges = wanted.as_ref().map(|wanted| &*wanted.ranges);
                    streams.extend(keyed_stream(&chunk, ranges, &masks, columns, &retyping)?);
                }
            }
        }
        let output = Assembler::new(Below::Nothing, types, streams.len());
        let batch_rows = batch_rows.max(1);
        let merge = Merge::new(streams);
        Ok(Self {
            reading,
            schema,
            merge,
            output,
            batch_rows,
            ended: false,
            segments_pruned,
            segments_filtered,
            rows_returned: 0,
        })
    }

    /// The columns of each batch.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// What it did so far.
    #[must_use]
    pub fn counts(&self) -> ScanCounts {
        ScanCounts {
            segments_pruned: self.segments_pruned,
            segments_filtered: self.segments_filtered,
            segments_read: self.reading.segments_read(),
            rows_merged: self.merge.rows_merged(),
            rows_aggregated: 0,
            rows_returned: self.rows_returned,
        }
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        self.merge.fill(&mut self.output, self.batch_rows)?;
        let rows = self.output.rows();
        if rows == 0 {
            return Ok(None);
        }
        self.rows_returned += rows as u64;
        let columns = self.output.take()?.columns.into_iter().map(|cells| cells.values).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options);
        batch.map(Some).map_err(Error::internal)
    }
}

fn schema(reading: &Reading, types: &[DataType]) -> SchemaRef {
    let named = reading.columns.iter().zip(types).filter_map(|(id, data_type)| {
        let column = reading.table.column(*id)?;
        Some(Field::new(&column.name, data_type.clone(), true))
    });
    Arc::new(Schema::new(named.collect::<Vec<_>>()))
}

impl Iterator for KeyedScan {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let batch = self.next_batch().transpose();
        self.ended = !matches!(batch, Some(Ok(_)));
        batch
    }
}
