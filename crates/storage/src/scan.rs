//! Scans of a view: chooses sources, lets `segments` fold, and puts key, attribute and time
//! columns beside the fields.

use crate::view::{KeyRange, PartialRequest, ScanKeys, ScanMetrics, ScanRequest, TableView};
use arrow::array::{ArrayRef, RecordBatchOptions, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use model::{
    Column, ColumnId, ColumnRole, DataType, Error, KeyBytes, Result, SeriesId, Table, TableKind, TimeBounds, arrow_type,
};
use segments::{
    KeyedScan, KeyedScanRequest, PartialColumn, PartialScan, PartialScanRequest, ScanCounts, SeriesRows, SeriesScan,
    SeriesScanRequest, WantedSeries,
};
use std::ops::Bound;
use std::sync::Arc;

/// The schema of some columns of a table, in their current types.
pub(crate) fn schema_of(columns: &[&Column]) -> SchemaRef {
    let fields = columns.iter().map(|c| Field::new(&c.name, arrow_type(c.data_type), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// The columns with these ids.
pub(crate) fn columns_of<'a>(table: &'a Table, ids: &[ColumnId]) -> Result<Vec<&'a Column>> {
    ids.iter()
        .map(|id| {
            table.column(*id).ok_or_else(|| Error::internal(format!("table \"{}\" has no column {id}", table.name)))
        })
        .collect()
}

/// A scan at work.
#[derive(Debug)]
pub(crate) enum Rows {
    Series(Box<SeriesRowsScan>),
    Keyed { scan: Box<KeyedScan>, pruned: u64 },
}

impl Rows {
    pub(crate) fn new(view: &TableView, request: ScanRequest) -> Result<Self> {
        match view.table().kind {
            TableKind::Series => SeriesRowsScan::new(view, request, None).map(|scan| Self::Series(Box::new(scan))),
            TableKind::Keyed => keyed(view, request),
        }
    }

    /// What aggregates need of rows.
    pub(crate) fn partial(view: &TableView, request: PartialRequest) -> Result<Self> {
        if view.table().kind != TableKind::Series {
            return Err(Error::internal("a keyed table is not aggregated by series"));
        }
        let PartialRequest { rows, states, buckets } = request;
        let scan = SeriesRowsScan::new(view, rows, Some((states, buckets)))?;
        Ok(Self::Series(Box::new(scan)))
    }

    pub(crate) fn next(&mut self) -> Option<Result<RecordBatch>> {
        match self {
            Self::Series(scan) => scan.next(),
            Self::Keyed { scan, .. } => scan.next(),
        }
    }

    pub(crate) fn metrics(&self) -> ScanMetrics {
        let (counts, pruned): (ScanCounts, u64) = match self {
            Self::Series(scan) => (scan.scan.counts(), scan.pruned),
            Self::Keyed { scan, pruned } => (scan.counts(), *pruned),
        };
        ScanMetrics {
            segments_pruned: pruned + counts.segments_pruned,
            segments_filtered: counts.segments_filtered,
            segments_read: counts.segments_read,
            rows_merged: counts.rows_merged,
            segments_waiting: 0,
            rows_aggregated: counts.rows_aggregated,
            rows_returned: counts.rows_returned,
        }
    }
}

fn keyed(view: &TableView, request: ScanRequest) -> Result<Rows> {
    let ranges = match request.keys {
        ScanKeys::All => None,
        ScanKeys::Ranges(ranges) => Some(ranges),
        ScanKeys::Series(_) => return Err(Error::internal("a keyed table has no series")),
    };
    let may_hold = |(first, last): &(KeyBytes, KeyBytes)| {
        ranges.as_ref().is_none_or(|ranges| ranges.iter().any(|range| overlaps(range, first, last)))
    };
    let (sources, pruned) = view.memory().sources(|s| may_hold(&s.entry.keys), request.time)?;
    let scan = KeyedScan::new(KeyedScanRequest {
        table: view.table().clone(),
        sources,
        tombstones: view.memory().tombstones.clone(),
        ranges: ranges.map(|ranges| ranges.into_iter().map(|r| (r.first, r.last)).collect()),
        columns: request.columns,
        batch_rows: request.batch_rows,
        spellings: view.spellings().clone(),
    })?;
    Ok(Rows::Keyed { scan: Box::new(scan), pruned })
}

fn overlaps(range: &KeyRange, first: &KeyBytes, last: &KeyBytes) -> bool {
    let begins = match &range.first {
        Bound::Included(key) => key <= last,
        Bound::Excluded(key) => key < last,
        Bound::Unbounded => true,
    };
    let ends = match &range.last {
        Bound::Included(key) => key >= first,
        Bound::Excluded(key) => key > first,
        Bound::Unbounded => true,
    };
    begins && ends
}

/// Where a column of the answer comes from.
#[derive(Debug)]
enum Output {
    /// One value for each series wanted.
    Series(ArrayRef),
    Time(DataType),
    /// The next of the fields.
    Field(usize),
}

/// Rows of a series table, or what aggregates need of them in the form of rows.
#[derive(Debug)]
enum Reading {
    Rows(SeriesScan),
    Partial(PartialScan),
}

impl Reading {
    fn next(&mut self) -> Option<Result<SeriesRows>> {
        match self {
            Self::Rows(scan) => scan.next(),
            Self::Partial(scan) => scan.next(),
        }
    }

    fn counts(&self) -> ScanCounts {
        match self {
            Self::Rows(scan) => scan.counts(),
            Self::Partial(scan) => scan.counts(),
        }
    }
}

/// Of which columns a scan returns what aggregates need, and how their rows come together.
type States = (Vec<PartialColumn>, Option<Arc<dyn segments::Buckets>>);

/// What is read of some series with some fields, from the sources that may have rows of them; how
/// many segments may not.
pub(crate) fn series_scan(
    view: &TableView,
    wanted: &Arc<[WantedSeries]>,
    fields: Vec<ColumnId>,
    time: TimeBounds,
    batch_rows: usize,
) -> Result<(SeriesScanRequest, u64)> {
    let bounds = {
        let index = view.series_index().read();
        let key = |wanted: Option<&WantedSeries>| wanted.and_then(|w| index.entry(w.id)).map(|e| Box::from(e.key));
        key(wanted.first()).zip(key(wanted.last()))
    };
    let may_hold = |entry: &catalog::SegmentEntry| {
        let keys = bounds.as_ref().is_some_and(|(first, last)| *first <= entry.keys.1.0 && entry.keys.0.0 <= *last);
        keys && entry.time.overlaps(&time)
    };
    let (sources, pruned) = view.memory().sources(|s| may_hold(&s.entry), time)?;
    let request = SeriesScanRequest {
        table: view.table().clone(),
        sources,
        tombstones: view.memory().tombstones.clone(),
        series: wanted.clone(),
        columns: fields,
        time,
        batch_rows,
        spellings: view.spellings().clone(),
    };
    Ok((request, pruned))
}

/// A scan of a series table.
#[derive(Debug)]
pub(crate) struct SeriesRowsScan {
    scan: Reading,
    pruned: u64,
    wanted: Arc<[WantedSeries]>,
    /// The position in `wanted` of the series that the last batch ended with.
    at: usize,
    outputs: Vec<Output>,
    schema: SchemaRef,
}

impl SeriesRowsScan {
    /// `states`: what aggregates need of those columns comes behind the columns asked for, which
    /// then hold no field.
    fn new(view: &TableView, request: ScanRequest, states: Option<States>) -> Result<Self> {
        let table = view.table();
        let columns = columns_of(table, &request.columns)?;
        let chosen = match &request.keys {
            ScanKeys::All => None,
            ScanKeys::Series(ids) => Some(view.in_key_order(ids)),
            ScanKeys::Ranges(_) => return Err(Error::internal("a series table is read by series, not by key ranges")),
        };
        let wanted = view.wanted(chosen.as_deref());
        let of_series = |column: &&Column| matches!(column.role, ColumnRole::Key | ColumnRole::Attribute);
        let named: Vec<&Column> = columns.iter().copied().filter(of_series).collect();
        let mut named = view.series_columns(&named, chosen.as_deref())?.into_iter();
        let mut outputs = Vec::with_capacity(columns.len());
        let mut fields = Vec::new();
        for column in &columns {
            outputs.push(match column.role {
                ColumnRole::Time => Output::Time(column.data_type),
                ColumnRole::Field => {
                    fields.push(column.id);
                    Output::Field(fields.len() - 1)
                }
                ColumnRole::Key | ColumnRole::Attribute => {
                    Output::Series(named.next().ok_or_else(|| Error::internal("a column is missing"))?)
                }
            });
        }
        if states.is_some() && !fields.is_empty() {
            return Err(Error::internal("a scan for aggregates returns no fields"));
        }
        let (scan, pruned) = series_scan(view, &wanted, fields, request.time, request.batch_rows)?;
        let mut schema = schema_of(&columns);
        let scan = match states {
            None => Reading::Rows(SeriesScan::new(scan)?),
            Some((states, buckets)) => {
                let fields = state_fields(table, &states)?;
                outputs.extend((0..fields.len()).map(Output::Field));
                let named = schema.fields().iter().map(|field| field.as_ref().clone());
                schema = Arc::new(Schema::new(named.chain(fields).collect::<Vec<_>>()));
                Reading::Partial(PartialScan::new(PartialScanRequest { scan, columns: states, buckets })?)
            }
        };
        Ok(Self { scan, pruned, wanted, at: 0, outputs, schema })
    }

    fn next(&mut self) -> Option<Result<RecordBatch>> {
        let rows = self.scan.next()?;
        Some(rows.and_then(|rows| self.attach(&rows)))
    }

    fn attach(&mut self, rows: &SeriesRows) -> Result<RecordBatch> {
        let count = rows.times.len();
        let mut places = None;
        let mut arrays = Vec::with_capacity(self.outputs.len());
        if self.outputs.iter().any(|o| matches!(o, Output::Series(_))) {
            places = Some(self.places(&rows.runs, count)?);
        }
        for output in &self.outputs {
            let array = match (output, &places) {
                (Output::Series(values), Some(places)) => {
                    take(values.as_ref(), places, None).map_err(|e| Error::internal(format!("spreading keys: {e}")))?
                }
                (Output::Time(data_type), _) => rows.time_array(*data_type)?,
                (Output::Field(at), _) => {
                    rows.columns.get(*at).cloned().ok_or_else(|| Error::internal("a scan lacks a column"))?
                }
                (Output::Series(_), None) => return Err(Error::internal("a scan lost its series")),
            };
            arrays.push(array);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options)
            .map_err(|e| Error::internal(format!("making a batch: {e}")))
    }

    /// For each row the position of its series among those wanted.
    fn places(&mut self, runs: &[(SeriesId, usize)], count: usize) -> Result<UInt32Array> {
        let mut places = Vec::with_capacity(count);
        for (id, rows) in runs {
            let ahead = self.wanted.iter().skip(self.at).position(|w| w.id == *id);
            self.at += ahead.ok_or_else(|| Error::internal(format!("series {id} came out of order")))?;
            let place = u32::try_from(self.at).map_err(|_| Error::internal("too many series"))?;
            places.extend(std::iter::repeat_n(place, *rows));
        }
        Ok(UInt32Array::from(places))
    }
}

/// What aggregates need, as fields: how many rows, then for each column the count of its values,
/// the least, the greatest, and the sum if it is asked for.
fn state_fields(table: &Table, states: &[PartialColumn]) -> Result<Vec<Field>> {
    let integer = |name: String| Field::new(name, arrow_type(DataType::Int64), true);
    let mut fields = vec![integer("rows".into())];
    for state in states {
        let [column] = columns_of(table, &[state.id])?[..] else { continue };
        let name = |what: &str| format!("{what} of {}", column.name);
        fields.push(integer(name("count")));
        fields.extend(["least", "greatest"].map(|what| Field::new(name(what), arrow_type(column.data_type), true)));
        if state.with_sum {
            fields.push(integer(name("sum")));
        }
    }
    Ok(fields)
}
