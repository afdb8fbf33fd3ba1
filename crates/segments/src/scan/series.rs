//! Scans of series tables.

use super::runs::Wanted;
use super::series_segment::SeriesSegmentStream;
use super::source::{Reading, ScanCounts, Source, by_age, masks_above, segments_among};
use crate::Spellings;
use crate::assemble::{Assembler, Below};
use crate::block::Times;
use crate::memory::series_stream;
use crate::merge::{Merge, Stream};
use arrow::array::{Array, ArrayRef, Int64Array, make_array};
use catalog::Tombstone;
use model::{ColumnId, DataType, Error, KeyHash, Result, Sequence, SeriesId, Table, TimeBounds, arrow_type};
use std::collections::HashMap;
use std::sync::Arc;

/// A series that a scan returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WantedSeries {
    /// Its local id, by which chunks know it.
    pub id: SeriesId,
    /// The hash of its key, by which segments and tombstones know it.
    pub key_hash: KeyHash,
}

/// What to read of a series table.
#[derive(Clone, Debug)]
pub struct SeriesScanRequest {
    /// The definition that rows are returned in.
    pub table: Arc<Table>,
    /// Where from; any order, their sequence ranges order them.
    pub sources: Vec<Source>,
    /// Every deletion that may mask something; each masks the sources that lie below it.
    pub tombstones: Arc<[Tombstone]>,
    /// Whose rows, ascending by key bytes, each once.
    pub series: Arc<[WantedSeries]>,
    /// The field columns, in output order; may be empty.
    pub columns: Vec<ColumnId>,
    /// Which times, in the table's unit.
    pub time: TimeBounds,
    /// Rows a batch at most.
    pub batch_rows: usize,
    /// How named conversions spell values.
    pub spellings: Arc<dyn Spellings>,
}

/// Rows of one or more series, ascending by (key bytes, time), whole and folded.
#[derive(Clone, Debug)]
pub struct SeriesRows {
    /// Whose rows: each series with its number of rows, in order.
    pub runs: Vec<(SeriesId, usize)>,
    /// The time of each row, in the table's unit.
    pub times: Int64Array,
    /// The columns asked for, in [`model::arrow_type`] of their current types.
    pub columns: Vec<ArrayRef>,
}

impl SeriesRows {
    /// The times as an array of the time column's type.
    ///
    /// # Errors
    /// [`model::ErrorKind::Internal`] when that is no type of times.
    pub fn time_array(&self, time_type: DataType) -> Result<ArrayRef> {
        time_array(&self.times, time_type)
    }
}

/// Times as an array of a time column's type.
///
/// # Errors
/// [`model::ErrorKind::Internal`] when it is not a time type.
pub fn time_array(times: &Int64Array, time_type: DataType) -> Result<ArrayRef> {
    let data = times.to_data().into_builder().data_type(arrow_type(time_type));
    Ok(make_array(data.build().map_err(Error::internal)?))
}

/// Folded rows of a series table. Work happens in the iterator; it ends after an error.
#[derive(Debug)]
pub struct SeriesScan {
    wanted: Arc<Wanted>,
    reading: Arc<Reading>,
    merge: Merge<Times>,
    output: Assembler<Times>,
    batch_rows: usize,
    ended: bool,
    segments_pruned: u64,
    rows_returned: u64,
}

impl SeriesScan {
    /// Begins to read.
    ///
    /// # Errors
    /// [`model::ErrorKind::Internal`] when a column asked for is not in the table, or an older
    /// type of it is not known.
    pub fn new(request: SeriesScanRequest) -> Result<Self> {
        Self::without(request, &HashMap::new())
    }

    /// The same without some rows, by the ids of the segments that they are in.
    pub(super) fn without(
        request: SeriesScanRequest,
        hidden: &HashMap<u64, Vec<(KeyHash, TimeBounds)>>,
    ) -> Result<Self> {
        let SeriesScanRequest { table, sources, tombstones, series, columns, time, batch_rows, spellings } = request;
        let reading = Arc::new(Reading::new(table, spellings, columns, segments_among(&sources), Sequence::MAX));
        let types = reading.types()?;
        let wanted = Arc::new(Wanted::new(series));
        let hash_of = |rank: u32, _: SeriesId| wanted.get(rank).map(|series| series.key_hash);
        let mut streams: Vec<Box<dyn Stream<Times>>> = Vec::new();
        let mut segments_pruned = 0;
        for source in by_age(sources) {
            let mut masks = masks_above(source.sequences().1, &tombstones);
            if let Source::Segment(segment) = &source {
                let hidden = hidden.get(&segment.entry().id).into_iter().flatten();
                hidden.for_each(|(key, time)| masks.hide(*key, *time));
            }
            match &source {
                Source::Chunk(chunk) => {
                    let chunk = chunk.to_folded()?;
                    let runs = wanted.in_chunk(&chunk).into_iter();
                    let (columns, retyping) = (&reading.columns, reading.retyping());
                    streams.extend(series_stream(&chunk, runs, &hash_of, &masks, time, columns, &retyping)?);
                }
                Source::Segment(segment) => match SeriesSegmentStream::new(segment, &reading, &wanted, masks, time) {
                    Some(stream) => streams.push(Box::new(stream)),
                    None => segments_pruned += 1,
                },
            }
        }
        let output = Assembler::new(Below::Nothing, types, streams.len());
        let batch_rows = batch_rows.max(1);
        let merge = Merge::new(streams);
        Ok(Self { wanted, reading, merge, output, batch_rows, ended: false, segments_pruned, rows_returned: 0 })
    }

    /// What it did so far.
    #[must_use]
    pub fn counts(&self) -> ScanCounts {
        ScanCounts {
            segments_pruned: self.segments_pruned,
            segments_filtered: 0,
            segments_read: self.reading.segments_read(),
            rows_merged: self.merge.rows_merged(),
            rows_aggregated: 0,
            rows_returned: self.rows_returned,
        }
    }

    fn next_rows(&mut self) -> Result<Option<SeriesRows>> {
        self.merge.fill(&mut self.output, self.batch_rows)?;
        if self.output.rows() == 0 {
            return Ok(None);
        }
        let rows = self.output.take()?;
        let series = |(rank, rows): &(u32, usize)| self.wanted.get(*rank).map(|series| (series.id, *rows));
        let times = Int64Array::from(rows.times());
        self.rows_returned += times.len() as u64;
        let runs = rows.ranks.iter().filter_map(series).collect();
        let columns = rows.columns.into_iter().map(|cells| cells.values).collect();
        Ok(Some(SeriesRows { runs, times, columns }))
    }
}

impl Iterator for SeriesScan {
    type Item = Result<SeriesRows>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let rows = self.next_rows().transpose();
        self.ended = !matches!(rows, Some(Ok(_)));
        rows
    }
}
