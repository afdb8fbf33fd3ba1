//! Scans for aggregates: whatever stands for rows, what comes out adds up as the rows do.

use super::cells::{Value, value_in};
use super::history::{CHAIN, FIELDS, History, history};
use super::layout::{FIELD_IDS, Layout, lay, layout};
use super::scans::{SERIES, VALUE, chunk, keys, segments, series_table};
use crate::{
    Buckets, Chunk, MergeContext, PartialColumn, PartialScan, PartialScanRequest, PlainSpellings, RowKind, ScanCounts,
    SeriesScan, SeriesScanRequest, Source, WantedSeries,
};
use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use catalog::Tombstone;
use model::{KeySelection, Result, Sequence, SeriesId, TableKind, TimeBounds, key_hash};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Buckets of equal widths.
#[derive(Debug)]
struct Widths(i64);

impl Buckets for Widths {
    fn together(&self, firsts: &[i64], lasts: &[i64]) -> Result<Vec<bool>> {
        let bucket = |time: &i64| time.div_euclid(self.0);
        Ok(firsts.iter().zip(lasts).map(|(first, last)| bucket(first) == bucket(last)).collect())
    }
}

/// What aggregates say of one column.
#[derive(Clone, Debug, Default, PartialEq)]
struct Said {
    count: i64,
    least: Value,
    greatest: Value,
    sum: i64,
}

fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => f64::from_bits(*a).partial_cmp(&f64::from_bits(*b)).unwrap(),
        other => panic!("{other:?}"),
    }
}

impl Said {
    fn add(&mut self, count: i64, least: Value, greatest: Value, sum: i64) {
        if count == 0 {
            return;
        }
        self.count += count;
        self.sum = self.sum.wrapping_add(sum);
        if self.least == Value::Null || order(&least, &self.least).is_lt() {
            self.least = least;
        }
        if self.greatest == Value::Null || order(&greatest, &self.greatest).is_gt() {
            self.greatest = greatest;
        }
    }
}

/// By series and bucket: how many rows, and what is said of each column.
type Answer = BTreeMap<(SeriesId, i64), (i64, Vec<Said>)>;

fn from_partials(request: SeriesScanRequest, columns: &[PartialColumn], width: i64) -> (Answer, ScanCounts) {
    let batch_rows = request.batch_rows;
    let types: Vec<_> = columns.iter().map(|c| request.table.column(c.id).unwrap().data_type).collect();
    let order: Vec<SeriesId> = request.series.iter().map(|series| series.id).collect();
    let buckets: Option<Arc<dyn Buckets>> = Some(Arc::new(Widths(width)));
    let request = PartialScanRequest { scan: request, columns: columns.to_vec(), buckets };
    let mut scan = PartialScan::new(request).unwrap();
    let mut answer = Answer::new();
    let mut places = Vec::new();
    for rows in scan.by_ref() {
        let rows = rows.unwrap();
        assert!((1..=2 * batch_rows).contains(&rows.times.len()), "{} rows", rows.times.len());
        let series = rows.runs.iter().flat_map(|(series, rows)| std::iter::repeat_n(*series, *rows));
        for (row, series) in series.enumerate() {
            let time = rows.times.value(row);
            places.push((order.iter().position(|id| *id == series).unwrap(), time));
            let said = answer.entry((series, time.div_euclid(width))).or_default();
            said.1.resize(columns.len(), Said::default());
            let mut states = rows.columns.iter();
            let mut integer = || states.next().unwrap().as_primitive::<Int64Type>().value(row);
            said.0 += integer();
            let mut states = rows.columns[1..].iter();
            for ((column, data_type), said) in columns.iter().zip(&types).zip(&mut said.1) {
                let count = states.next().unwrap().as_primitive::<Int64Type>().value(row);
                let (least, greatest) = (states.next().unwrap(), states.next().unwrap());
                assert_eq!(*least.data_type(), model::arrow_type(*data_type));
                let sum = if column.with_sum {
                    states.next().unwrap().as_primitive::<Int64Type>()
                } else {
                    &arrow::array::Int64Array::from(vec![0; row + 1])
                };
                assert_eq!((count == 0, count == 0), (least.is_null(row), greatest.is_null(row)));
                assert!(count == 0 || sum.is_valid(row));
                said.add(count, value_in(least, row), value_in(greatest, row), sum.value(row));
            }
        }
    }
    assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
    (answer, scan.counts())
}

fn from_rows(mut request: SeriesScanRequest, columns: &[PartialColumn], width: i64) -> Answer {
    request.columns = columns.iter().map(|column| column.id).collect();
    let mut answer = Answer::new();
    for rows in SeriesScan::new(request).unwrap() {
        let rows = rows.unwrap();
        let series = rows.runs.iter().flat_map(|(series, rows)| std::iter::repeat_n(*series, *rows));
        for (row, series) in series.enumerate() {
            let said = answer.entry((series, rows.times.value(row).div_euclid(width))).or_default();
            said.1.resize(columns.len(), Said::default());
            said.0 += 1;
            for ((values, column), said) in rows.columns.iter().zip(columns).zip(&mut said.1) {
                let value = value_in(values, row);
                let sum = match &value {
                    Value::Integer(integer) if column.with_sum => *integer,
                    _ => 0,
                };
                said.add(i64::from(values.is_valid(row)), value.clone(), value, sum);
            }
        }
    }
    answer
}

#[derive(Clone, Debug)]
struct Question {
    fields: Vec<usize>,
    with_sums: bool,
    keys: Vec<bool>,
    time: TimeBounds,
    batch_rows: usize,
    width: i64,
}

fn question() -> impl Strategy<Value = Question> {
    let fields = prop::sample::subsequence(vec![0, FIELDS - 1], 0..=2);
    let keys = prop::collection::vec(prop::bool::weighted(0.8), 6);
    let time = prop::option::of((-9_000..12_000_i64, 0..25_000_i64));
    let width = prop::sample::select(vec![1_000, 3_000, 6_000, 24_000, 1 << 40]);
    (fields, any::<bool>(), keys, time, 1..20_usize, width).prop_map(
        |(fields, with_sums, keys, time, batch_rows, width)| {
            let time = time.map_or(TimeBounds::ALL, |(first, length)| TimeBounds { first, last: first + length });
            Question { fields, with_sums, keys, time, batch_rows, width }
        },
    )
}

fn both(history: &History, layout: &Layout, question: &Question) -> (Answer, Answer, u64) {
    let laid = lay(history, layout, TableKind::Series);
    // While it is one of numbers.
    let numbers =
        |field: &&usize| **field != 0 || CHAIN[..2].contains(&laid.table.column(FIELD_IDS[0]).unwrap().data_type);
    let columns = question
        .fields
        .iter()
        .filter(numbers)
        .map(|field| PartialColumn { id: FIELD_IDS[*field], with_sum: question.with_sums && *field == 0 });
    let columns: Vec<_> = columns.collect();
    let request = SeriesScanRequest {
        table: laid.table,
        sources: laid.sources,
        tombstones: laid.tombstones,
        series: laid.keys.wanted(|key| question.keys[key]),
        columns: Vec::new(),
        time: question.time,
        batch_rows: question.batch_rows,
        spellings: Arc::new(PlainSpellings),
    };
    let expected = from_rows(request.clone(), &columns, question.width);
    let (answer, counts) = from_partials(request, &columns, question.width);
    (answer, expected, counts.rows_aggregated)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn partial_aggregates_add_up_as_the_rows_do(history in history(), layout in layout(), question in question()) {
        let (answer, expected, _) = both(&history, &layout, &question);
        prop_assert_eq!(answer, expected);
    }
}

#[test]
fn cells_do_stand_for_rows_in_random_histories() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut with_cells = 0;
    for _ in 0..300 {
        let tree = (history(), layout(), question()).new_tree(&mut runner).unwrap();
        let (history, layout, question) = tree.current();
        with_cells += u32::from(both(&history, &layout, &question).2 > 0);
    }
    assert!(with_cells > 15, "cells stood for rows in {with_cells} of 300 cases");
}

fn request(sources: Vec<Source>, tombstones: Vec<Tombstone>, time: TimeBounds) -> SeriesScanRequest {
    let keys = keys();
    let series = keys.ids.iter().zip(&keys.keys).map(|(id, key)| WantedSeries { id: *id, key_hash: key_hash(&key.0) });
    SeriesScanRequest {
        table: series_table(),
        sources,
        tombstones: tombstones.into(),
        series: series.collect(),
        columns: Vec::new(),
        time,
        batch_rows: 64,
        spellings: Arc::new(PlainSpellings),
    }
}

#[test]
fn whole_hours_that_nothing_touches_are_not_read() {
    let columns = [PartialColumn { id: VALUE, with_sum: true }];
    let sources = segments(&series_table(), chunk(1, RowKind::Replace, 0..4_000), 2);
    let series = u64::from(SERIES);
    let check = |request: SeriesScanRequest, width: i64, aggregated: u64, case: &str| {
        let (answer, counts) = from_partials(request.clone(), &columns, width);
        assert_eq!(answer, from_rows(request, &columns, width), "{case}");
        assert_eq!(counts.rows_aggregated, aggregated, "{case}");
        counts
    };
    let all = || request(sources.clone(), Vec::new(), TimeBounds::ALL);
    assert_eq!(check(all(), 1_000, series * 4_000, "hours").segments_read, 0);
    assert_eq!(check(all(), 1 << 40, series * 4_000, "everything").segments_read, 0);
    check(all(), 500, 0, "half hours");
    check(all(), 1_500, series * 3_000, "hours and a half, of which every third hour is cut");
    let edges = request(sources.clone(), Vec::new(), TimeBounds { first: 500, last: 3_998 });
    check(edges, 1_000, series * 2_000, "edges are read");
    let late = Source::Chunk(Arc::new(chunk(9, RowKind::Merge, 2_400..2_402).fold().unwrap()));
    let with_late = [sources.clone(), vec![late]].concat();
    check(request(with_late, Vec::new(), TimeBounds::ALL), 1_000, series * 3_000, "late rows");
    let keys = keys();
    let of_one = KeySelection::Hashes([key_hash(&keys.keys[1].0)].into());
    let delete = |sequence, time| Tombstone { sequence: Sequence(sequence), keys: of_one.clone(), time };
    let last = TimeBounds { first: 3_999, last: 9_000 };
    check(
        request(sources.clone(), vec![delete(5, last)], TimeBounds::ALL),
        1_000,
        series * 4_000 - 1_000,
        "a deletion",
    );
    check(request(sources.clone(), vec![delete(1, last)], TimeBounds::ALL), 1_000, series * 4_000, "an older deletion");
    // A segment of rows that write into older ones says nothing.
    let merging = segments(&series_table(), chunk(1, RowKind::Merge, 0..4_000), 2);
    check(request(merging, Vec::new(), TimeBounds::ALL), 1_000, 0, "rows that are not whole");
}

#[test]
fn rows_between_two_cells_come_between_them() {
    let table = series_table();
    let whole = [chunk(1, RowKind::Replace, 0..1_000), chunk(2, RowKind::Replace, 2_000..3_000)];
    let whole = whole.map(|chunk| Arc::new(chunk.fold().unwrap()));
    let context = MergeContext { table: &table, tombstones: &[], key_hash: &|_| None, spellings: &PlainSpellings };
    let mut sources = segments(&table, Chunk::merge(&whole, &context).unwrap(), 10);
    sources.push(Source::Chunk(Arc::new(chunk(9, RowKind::Replace, 1_500..1_503).fold().unwrap())));
    let columns = [PartialColumn { id: VALUE, with_sum: true }];
    // The order of what comes is asked for where answers are added up.
    let (answer, counts) = from_partials(request(sources.clone(), Vec::new(), TimeBounds::ALL), &columns, 1_000);
    assert_eq!(answer, from_rows(request(sources, Vec::new(), TimeBounds::ALL), &columns, 1_000));
    assert_eq!(counts.rows_aggregated, u64::from(SERIES) * 2_000);
}
