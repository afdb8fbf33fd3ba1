//! Making the aggregates of a segment from its rows, as they come.

use super::super::decimal;
use super::super::narrow::Narrow;
use super::super::rows::{SegmentIdentity, SegmentRows};
use super::{Aggregates, ColumnAggregates, Form, is_aggregated, sorting_integers};
use crate::{RowKind, RowKinds};
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array};
use arrow::datatypes::Decimal64Type;
use model::{ColumnId, ColumnRole, DataType, Result, Table, TableKind, TimeUnit};
use std::ops::Range;
use std::sync::Arc;

/// An hour; tests take a shorter one.
pub(crate) const HOUR_SECONDS: i64 = if cfg!(test) { 1 } else { 3_600 };
/// Rows that cells are to have at least, on an average.
const CELL_ROWS: u64 = if cfg!(test) { 4 } else { 128 };
/// Hours of a cell, the least that has enough rows; the last in any case.
const CELL_HOURS: [i64; 3] = [1, 6, 24];
/// With fewer rows a cell is hardly less than they are: such a series has none.
const CELL_ROWS_MIN: u64 = if cfg!(test) { 2 } else { 16 };
/// Values of all columns of all cells: beyond, a segment has no aggregates.
const VALUES_MAX: usize = 1 << 20;

/// Makes the aggregates of a segment as its rows are written.
#[derive(Debug)]
pub(in super::super) struct SegmentAggregates {
    builder: AggregatesBuilder,
    /// The columns of numbers, in the builder's order.
    columns: Vec<ColumnId>,
    /// The place among the keys of the series that the rows so far end with.
    last_key: Option<usize>,
    /// Whether rows came that are not whole, or lack a column.
    has_other_rows: bool,
}

impl SegmentAggregates {
    /// For rows with these columns, of which those that are no fields of numbers are passed over;
    /// `None` where there is nothing to say.
    pub(in super::super) fn new(table: &Table, columns: impl Iterator<Item = (ColumnId, DataType)>) -> Option<Self> {
        let is_field = |id: ColumnId| table.column(id).is_some_and(|column| column.role == ColumnRole::Field);
        let numbers: Vec<_> = columns.filter(|(id, data_type)| is_aggregated(*data_type) && is_field(*id)).collect();
        let builder = AggregatesBuilder::new(table, numbers.iter().copied())?;
        let columns = numbers.into_iter().map(|(id, _)| id).collect();
        Some(Self { builder, columns, last_key: None, has_other_rows: false })
    }

    /// The next rows, whose keys are those of the rows before.
    pub(in super::super) fn add(&mut self, rows: &SegmentRows) {
        let SegmentIdentity::Series { runs, times, .. } = &rows.identity else { return };
        let column = |id: &ColumnId| rows.columns.iter().find(|c| c.id == *id).map(|column| &column.cells.values);
        let values: Option<Vec<&ArrayRef>> = self.columns.iter().map(column).collect();
        let Some(values) = values.filter(|_| rows.kinds == RowKinds::All(RowKind::Replace)) else {
            self.has_other_rows = true;
            return;
        };
        let lengths: Vec<usize> = runs.iter().map(|(_, rows)| *rows).collect();
        let goes_on = self.last_key.is_some() && self.last_key == runs.first().map(|(key, _)| *key);
        self.builder.add(&lengths, goes_on, times, &values);
        self.last_key = runs.last().map(|(key, _)| *key).or(self.last_key);
    }

    /// What a side file holds of them; `None` where they say nothing.
    pub(in super::super) fn finish(self) -> Result<Option<Vec<u8>>> {
        let made = if self.has_other_rows { None } else { self.builder.finish() };
        made.map(|aggregates| aggregates.to_bytes()).transpose()
    }
}

/// A cell in the making.
#[derive(Clone, Copy, Debug)]
struct Cell {
    /// The number of its hour, or of its first.
    hour: i64,
    rows: u64,
    first: i64,
    last: i64,
}

/// What is known of one column in one cell.
#[derive(Clone, Copy, Debug)]
struct Values {
    count: i64,
    least: i64,
    greatest: i64,
    sum: i128,
    first: i64,
    last: i64,
}

impl Values {
    const NONE: Self = Self { count: 0, least: i64::MAX, greatest: i64::MIN, sum: 0, first: 0, last: 0 };

    fn add(&mut self, value: i64) {
        if self.count == 0 {
            self.first = value;
        }
        self.count += 1;
        self.least = self.least.min(value);
        self.greatest = self.greatest.max(value);
        self.sum += i128::from(value);
        self.last = value;
    }

    /// Those of a later cell.
    fn append(&mut self, later: &Self) {
        if later.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = *later;
            return;
        }
        self.count += later.count;
        self.least = self.least.min(later.least);
        self.greatest = self.greatest.max(later.greatest);
        self.sum += later.sum;
        self.last = later.last;
    }
}

#[derive(Debug)]
struct Column {
    id: ColumnId,
    data_type: DataType,
    /// One for each cell; `None` once a value turned up that aggregates cannot speak of.
    cells: Option<Vec<Values>>,
}

/// Makes aggregates.
#[derive(Debug)]
pub(in super::super) struct AggregatesBuilder {
    hour: i64,
    /// Of all runs that ended, then of the one that goes on.
    cells: Vec<Cell>,
    columns: Vec<Column>,
    /// Where the cells of the run begin that goes on.
    run: usize,
    ends: Vec<i64>,
    has_run: bool,
    is_too_large: bool,
}

impl AggregatesBuilder {
    /// For rows of these columns; `None` where there is nothing to say.
    pub(in super::super) fn new(table: &Table, columns: impl Iterator<Item = (ColumnId, DataType)>) -> Option<Self> {
        if table.kind != TableKind::Series {
            return None;
        }
        let unit: TimeUnit = table.time_unit()?;
        let columns = columns.map(|(id, data_type)| Column { id, data_type, cells: Some(Vec::new()) });
        Some(Self {
            hour: unit.per_second().checked_mul(HOUR_SECONDS)?,
            cells: Vec::new(),
            columns: columns.collect(),
            run: 0,
            ends: Vec::new(),
            has_run: false,
            is_too_large: false,
        })
    }

    /// The next rows: how many each series has, in order; whether the first of them goes on with
    /// the series before. `values`: of the columns, in their order.
    pub(in super::super) fn add(&mut self, runs: &[usize], goes_on: bool, times: &[i64], values: &[&ArrayRef]) {
        let integers: Vec<Option<Int64Array>> = values.iter().map(|values| sorting_integers(values)).collect();
        for (column, integers) in self.columns.iter_mut().zip(&integers) {
            if integers.is_none() {
                column.cells = None;
            }
        }
        let mut first = 0;
        for (place, rows) in runs.iter().enumerate() {
            if self.has_run && !(place == 0 && goes_on) {
                self.end_run();
            }
            self.has_run = true;
            let end = (first + rows).min(times.len());
            self.add_rows(first..end, times, &integers);
            first = end;
        }
    }

    fn add_rows(&mut self, rows: Range<usize>, times: &[i64], integers: &[Option<Int64Array>]) {
        let mut start = rows.start;
        while start < rows.end && !self.is_too_large {
            let hour = times[start].div_euclid(self.hour);
            let end = start + times[start..rows.end].partition_point(|time| time.div_euclid(self.hour) == hour);
            let part = start..end.max(start + 1);
            let is_new = self.cells.len() == self.run || self.cells.last().is_none_or(|cell| cell.hour != hour);
            if is_new {
                self.cells.push(Cell { hour, rows: 0, first: times[start], last: times[start] });
                self.is_too_large = self.cells.len().saturating_mul(self.columns.len().max(1)) > VALUES_MAX;
            }
            if let Some(cell) = self.cells.last_mut() {
                cell.rows += part.len() as u64;
                cell.last = times[part.end - 1];
            }
            for (column, integers) in self.columns.iter_mut().zip(integers) {
                let (Some(cells), Some(integers)) = (&mut column.cells, integers) else { continue };
                if is_new {
                    cells.push(Values::NONE);
                }
                let Some(values) = cells.last_mut() else { continue };
                for row in part.clone().filter(|row| integers.is_valid(*row)) {
                    values.add(integers.value(row));
                }
            }
            start = part.end;
        }
    }

    /// Makes the cells of the run as long as its rows ask for.
    fn end_run(&mut self) {
        let run = self.run..self.cells.len();
        let rows: u64 = self.cells[run.clone()].iter().map(|cell| cell.rows).sum();
        let spans = |hours: i64| {
            let spans = self.cells[run.clone()].chunk_by(|a, b| a.hour.div_euclid(hours) == b.hour.div_euclid(hours));
            spans.map(<[Cell]>::len).collect::<Vec<_>>()
        };
        let enough = |spans: &Vec<usize>| rows >= CELL_ROWS.saturating_mul(spans.len() as u64);
        let [.., longest] = CELL_HOURS;
        let spans = CELL_HOURS.map(&spans).into_iter().find(enough).unwrap_or_else(|| spans(longest));
        let (mut from, mut to) = (run.start, run.start);
        let is_worth = rows >= CELL_ROWS_MIN.saturating_mul(spans.len() as u64);
        for span in spans.into_iter().filter(|_| is_worth) {
            self.cells[to] = self.cells[from];
            for later in from + 1..from + span {
                let Cell { rows, last, .. } = self.cells[later];
                self.cells[to].rows += rows;
                self.cells[to].last = last;
            }
            for cells in self.columns.iter_mut().filter_map(|column| column.cells.as_mut()) {
                let mut values = cells[from];
                cells[from + 1..from + span].iter().for_each(|later| values.append(later));
                cells[to] = values;
            }
            from += span;
            to += 1;
        }
        self.cells.truncate(to);
        self.columns.iter_mut().filter_map(|column| column.cells.as_mut()).for_each(|cells| cells.truncate(to));
        self.run = to;
        self.ends.push(i64::try_from(to).unwrap_or(i64::MAX));
    }

    /// The aggregates; `None` where they say nothing.
    pub(in super::super) fn finish(mut self) -> Option<Aggregates> {
        if self.has_run {
            self.end_run();
        }
        if self.is_too_large || self.cells.is_empty() {
            return None;
        }
        let of_cells = |value: fn(&Cell) -> i64| Narrow::new(&self.cells.iter().map(value).collect::<Vec<_>>());
        let rows = of_cells(|cell| i64::try_from(cell.rows).unwrap_or(i64::MAX))?;
        let (first_times, last_times) = (of_cells(|cell| cell.first)?, of_cells(|cell| cell.last)?);
        let columns = self.columns.iter().filter_map(|column| self.column(column)).collect();
        let ends = Narrow::new(&self.ends)?;
        Some(Aggregates { ends, rows, first_times, last_times, columns })
    }

    fn column(&self, column: &Column) -> Option<ColumnAggregates> {
        let cells = column.cells.as_ref()?;
        let all = cells.iter().zip(&self.cells).all(|(values, cell)| values.count.cast_unsigned() == cell.rows);
        let counts: Vec<i64> = cells.iter().map(|values| values.count).collect();
        // Of a cell without values nothing is asked: whatever is near the others.
        let mut near = 0;
        let mut known = |values: &Values, value: i64| {
            if values.count > 0 {
                near = value;
            }
            near
        };
        let mut of = |value: fn(&Values) -> i64| -> Vec<i64> { cells.iter().map(|v| known(v, value(v))).collect() };
        let mut four = [of(|v| v.least), of(|v| v.greatest), of(|v| v.first), of(|v| v.last)];
        let is_float = column.data_type.is_float();
        let form = if is_float { scaled(&mut four) } else { Form::Integer };
        let sums: Option<Vec<i64>> = cells.iter().map(|values| i64::try_from(values.sum).ok()).collect();
        let sums = match sums.filter(|_| !is_float) {
            Some(sums) => Some(Narrow::new(&sums)?),
            None => None,
        };
        let [least, greatest, first, last] = four;
        Some(ColumnAggregates {
            id: column.id,
            form,
            counts: if all { None } else { Some(Narrow::new(&counts)?) },
            least: Narrow::new(&least)?,
            greatest: Narrow::new(&greatest)?,
            sums,
            first: Narrow::new(&first)?,
            last: Narrow::new(&last)?,
        })
    }
}

/// Floats, by their sorting bits, as scaled integers, if they are all decimals.
fn scaled(four: &mut [Vec<i64>; 4]) -> Form {
    let floats = |bits: &i64| super::float_of_sorting_bits(*bits);
    let all: ArrayRef = Arc::new(Float64Array::from_iter_values(four.iter().flatten().map(floats)));
    let decimals = decimal::scale_of(&all).and_then(|scale| decimal::to_decimals(&all, scale));
    let Some(decimals) = decimals else { return Form::Bits };
    let decimals = decimals.as_primitive::<Decimal64Type>();
    let mut values = decimals.values().iter();
    four.iter_mut().flatten().zip(&mut values).for_each(|(bits, value)| *bits = *value);
    Form::Scaled(decimals.scale())
}
