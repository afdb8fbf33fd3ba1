//! Scans for aggregates: instead of rows, what aggregates need of them, where a cell of a segment
//! may stand for many rows. A row that is read stands for itself.
//!
//! They come as rows do, ascending by (key bytes, time), a cell at the time of its first row: so
//! whoever adds them up meets values in the order in which rows have them.

use super::cells::{Buckets, Cells, Span};
use super::runs::Wanted;
use super::series::{SeriesRows, SeriesScan, SeriesScanRequest};
use super::source::ScanCounts;
use crate::segment::{Aggregates, Statistic, corrupt};
use arrow::array::{Array, ArrayRef, Int64Array};
use arrow::compute::{cast, interleave};
use arrow::datatypes::DataType as Arrow;
use model::{ColumnId, DataType, Error, Result, SeriesId};
use std::collections::VecDeque;
use std::sync::Arc;

/// What aggregates ask of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartialColumn {
    /// The column, of numbers.
    pub id: ColumnId,
    /// Whether its sums are needed; columns of integers alone have them.
    pub with_sum: bool,
}

/// What to read for aggregates.
#[derive(Clone, Debug)]
pub struct PartialScanRequest {
    /// The rows; its columns are not looked at.
    pub scan: SeriesScanRequest,
    /// What is asked of them. Answered are how many rows there are, then of each column the count
    /// of its values that are not NULL, the least, the greatest, and the sum if it is needed.
    pub columns: Vec<PartialColumn>,
    /// How rows come together by their times; `None`: no cell stands for rows.
    pub buckets: Option<Arc<dyn Buckets>>,
}

/// Partial aggregates of a series table, in the form of rows. Work happens in the iterator; it
/// ends after an error.
#[derive(Debug)]
pub struct PartialScan {
    scan: SeriesScan,
    wanted: Arc<Wanted>,
    columns: Vec<(PartialColumn, DataType)>,
    spans: VecDeque<Span>,
    batch_rows: usize,
    /// Rows that were read and not yet answered.
    rows: Option<Partial>,
    /// The rank that the last of them had.
    rank: u32,
    scan_ended: bool,
    ended: bool,
    rows_aggregated: u64,
}

/// Partial aggregates of some places.
#[derive(Clone, Debug)]
struct Partial {
    places: Vec<(u32, i64)>,
    columns: Vec<ArrayRef>,
}

impl Partial {
    fn slice(&self, start: usize, end: usize) -> Self {
        Self {
            places: self.places[start..end].to_vec(),
            columns: self.columns.iter().map(|column| column.slice(start, end - start)).collect(),
        }
    }
}

impl PartialScan {
    /// Begins to read.
    ///
    /// # Errors
    /// As [`SeriesScan::new`], and whatever the buckets say.
    pub fn new(mut request: PartialScanRequest) -> Result<Self> {
        request.scan.columns = request.columns.iter().map(|column| column.id).collect();
        let scan = request.scan;
        let data_type = |column: &PartialColumn| match scan.table.column(column.id) {
            Some(found) => Ok((*column, found.data_type)),
            None => Err(Error::internal(format!("table {} has no column {}", scan.table.id, column.id))),
        };
        let columns = request.columns.iter().map(data_type).collect::<Result<Vec<_>>>()?;
        let wanted = Arc::new(Wanted::new(Arc::clone(&scan.series)));
        let with_sums: Vec<bool> = request.columns.iter().map(|column| column.with_sum).collect();
        let Cells { spans, hidden } = match &request.buckets {
            Some(buckets) => Cells::plan(&scan, &wanted, &with_sums, &**buckets)?,
            None => Cells::default(),
        };
        let batch_rows = scan.batch_rows.max(1);
        let scan = SeriesScan::without(scan, &hidden)?;
        Ok(Self {
            scan,
            wanted,
            columns,
            spans: spans.into(),
            batch_rows,
            rows: None,
            rank: 0,
            scan_ended: false,
            ended: false,
            rows_aggregated: 0,
        })
    }

    /// What it did so far.
    #[must_use]
    pub fn counts(&self) -> ScanCounts {
        ScanCounts { rows_aggregated: self.rows_aggregated, ..self.scan.counts() }
    }

    fn next_partial(&mut self) -> Result<Option<SeriesRows>> {
        if self.rows.is_none() && !self.scan_ended {
            match self.scan.next() {
                Some(rows) => self.rows = Some(self.of_rows(&rows?)?),
                None => self.scan_ended = true,
            }
        }
        let until = self.rows.as_ref().and_then(|rows| rows.places.last().copied());
        let cells = self.of_cells(until)?;
        // What lies before the next cell may go now.
        let rows = match (self.rows.take(), self.next_cell()) {
            (Some(rows), Some(next)) => {
                let end = rows.places.partition_point(|place| *place < next);
                let now = rows.slice(0, end);
                if end < rows.places.len() {
                    self.rows = Some(rows.slice(end, rows.places.len()));
                }
                Some(now).filter(|now| !now.places.is_empty())
            }
            (rows, _) => rows,
        };
        let answer = match (rows, cells) {
            (None, None) if self.rows.is_some() => return Err(Error::internal("a scan for aggregates stands still")),
            (None, None) => return Ok(None),
            (Some(only), None) | (None, Some(only)) => only,
            (Some(rows), Some(cells)) => merged(&rows, &cells)?,
        };
        self.answer(answer).map(Some)
    }

    fn answer(&self, partial: Partial) -> Result<SeriesRows> {
        let mut runs: Vec<(SeriesId, usize)> = Vec::new();
        for of_series in partial.places.chunk_by(|a, b| a.0 == b.0) {
            let series = of_series.first().and_then(|(rank, _)| self.wanted.get(*rank));
            let series = series.ok_or_else(|| Error::internal("a scan for aggregates lost a series"))?;
            runs.push((series.id, of_series.len()));
        }
        let times = Int64Array::from_iter_values(partial.places.iter().map(|(_, time)| *time));
        Ok(SeriesRows { runs, times, columns: partial.columns })
    }

    /// What rows say of themselves.
    fn of_rows(&mut self, rows: &SeriesRows) -> Result<Partial> {
        let count = rows.times.len();
        let mut places = Vec::with_capacity(count);
        for (series, length) in &rows.runs {
            while self.wanted.get(self.rank).is_some_and(|wanted| wanted.id != *series) {
                self.rank += 1;
            }
            let start = places.len();
            places.extend(rows.times.values().iter().skip(start).take(*length).map(|time| (self.rank, *time)));
        }
        let mut columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(vec![1; count]))];
        for ((column, _), values) in self.columns.iter().zip(&rows.columns) {
            let counted = (0..count).map(|row| i64::from(values.is_valid(row)));
            columns.push(Arc::new(Int64Array::from_iter_values(counted)));
            columns.extend([Arc::clone(values), Arc::clone(values)]);
            if column.with_sum {
                columns.push(cast(values, &Arrow::Int64).map_err(Error::internal)?);
            }
        }
        Ok(Partial { places, columns })
    }

    /// The place of the next cell.
    fn next_cell(&self) -> Option<(u32, i64)> {
        let span = self.spans.front()?;
        Some((span.rank, span.segment.aggregates()?.times(span.cells.start)?.first))
    }

    /// The next cells, at most as many as a batch has rows, up to a place.
    fn of_cells(&mut self, until: Option<(u32, i64)>) -> Result<Option<Partial>> {
        let mut places = Vec::new();
        let mut parts: Vec<Vec<ArrayRef>> = Vec::new();
        while places.len() < self.batch_rows
            && let Some(Span { rank, segment, cells }) = self.spans.front_mut()
        {
            let damaged = || corrupt(&segment.entry().path, "its aggregates are not whole");
            let aggregates = segment.aggregates().ok_or_else(damaged)?;
            let mut end = cells.start;
            while end < cells.end && places.len() < self.batch_rows {
                let place = (*rank, aggregates.times(end).ok_or_else(damaged)?.first);
                if until.is_some_and(|until| place > until) {
                    break;
                }
                places.push(place);
                end += 1;
            }
            if end == cells.start {
                break;
            }
            parts.push(states(aggregates, &self.columns, cells.start..end).ok_or_else(damaged)?);
            for cell in cells.start..end {
                self.rows_aggregated += aggregates.rows(cell).unwrap_or_default().unsigned_abs();
            }
            cells.start = end;
            if cells.start >= cells.end {
                self.spans.pop_front();
            }
        }
        let Some(first) = parts.first() else { return Ok(None) };
        let column = |at: usize| {
            let arrays: Vec<&dyn Array> = parts.iter().filter_map(|part| part.get(at)).map(AsRef::as_ref).collect();
            arrow::compute::concat(&arrays).map_err(Error::internal)
        };
        let columns = (0..first.len()).map(column).collect::<Result<_>>()?;
        Ok(Some(Partial { places, columns }))
    }
}

/// What cells say.
fn states(
    aggregates: &Aggregates,
    columns: &[(PartialColumn, DataType)],
    cells: std::ops::Range<usize>,
) -> Option<Vec<ArrayRef>> {
    let integers = |value: &dyn Fn(usize) -> Option<i64>| -> Option<ArrayRef> {
        Some(Arc::new(Int64Array::from(cells.clone().map(value).collect::<Option<Vec<_>>>()?)))
    };
    let mut states = vec![integers(&|cell| aggregates.rows(cell))?];
    for (column, data_type) in columns {
        let values = |statistic| aggregates.values(column.id, *data_type, statistic, cells.clone());
        states.push(integers(&|cell| aggregates.count(column.id, cell))?);
        states.extend([values(Statistic::Least)?, values(Statistic::Greatest)?]);
        if column.with_sum {
            states.push(values(Statistic::Sum)?);
        }
    }
    Some(states)
}

/// Both, in order.
fn merged(rows: &Partial, cells: &Partial) -> Result<Partial> {
    let mut order = Vec::with_capacity(rows.places.len() + cells.places.len());
    let mut places = Vec::with_capacity(order.capacity());
    let mut cell = 0;
    for (row, place) in rows.places.iter().enumerate() {
        while let Some(before) = cells.places.get(cell).filter(|cell| *cell < place) {
            places.push(*before);
            order.push((1, cell));
            cell += 1;
        }
        places.push(*place);
        order.push((0, row));
    }
    for (cell, place) in cells.places.iter().enumerate().skip(cell) {
        places.push(*place);
        order.push((1, cell));
    }
    let column = |(rows, cells): (&ArrayRef, &ArrayRef)| {
        interleave(&[rows.as_ref(), cells.as_ref()], &order).map_err(Error::internal)
    };
    let columns = rows.columns.iter().zip(&cells.columns).map(column).collect::<Result<_>>()?;
    Ok(Partial { places, columns })
}

impl Iterator for PartialScan {
    type Item = Result<SeriesRows>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let rows = self.next_partial().transpose();
        self.ended = !matches!(rows, Some(Ok(_)));
        rows
    }
}
