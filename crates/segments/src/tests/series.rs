//! Series tables.

use super::cells::{Value, value_in};
use super::history::{FIELDS, History, history};
use super::layout::{FIELD_IDS, Layout, lay, layout};
use super::naive::rows_after;
use crate::{PlainSpellings, SeriesScan, SeriesScanRequest};
use model::{TableKind, TimeBounds};
use proptest::prelude::*;
use std::sync::Arc;

#[derive(Clone, Debug)]
struct Question {
    fields: Vec<usize>,
    keys: Vec<bool>,
    time: TimeBounds,
    batch_rows: usize,
}

fn question() -> impl Strategy<Value = Question> {
    let fields = prop::sample::subsequence((0..FIELDS).collect::<Vec<_>>(), 0..=FIELDS).prop_shuffle();
    let keys = prop::collection::vec(prop::bool::weighted(0.7), 6);
    let time = prop::option::of((-9_000..12_000_i64, 0..15_000_i64));
    (fields, keys, time, 1..20_usize).prop_map(|(fields, keys, time, batch_rows)| {
        let time = time.map_or(TimeBounds::ALL, |(first, length)| TimeBounds { first, last: first + length });
        Question { fields, keys, time, batch_rows }
    })
}

type Answer = Vec<(usize, i64, Vec<Value>)>;

fn answer(history: &History, layout: &Layout, question: &Question) -> Answer {
    let laid = lay(history, layout, TableKind::Series);
    let mut scan = SeriesScan::new(SeriesScanRequest {
        table: laid.table,
        sources: laid.sources,
        tombstones: laid.tombstones,
        series: laid.keys.wanted(|key| question.keys[key]),
        columns: question.fields.iter().map(|field| FIELD_IDS[*field]).collect(),
        time: question.time,
        batch_rows: question.batch_rows,
        spellings: Arc::new(PlainSpellings),
    })
    .unwrap();
    let mut answer = Vec::new();
    for rows in scan.by_ref() {
        let rows = rows.unwrap();
        assert!((1..=question.batch_rows).contains(&rows.times.len()));
        assert!(rows.columns.iter().all(|column| column.len() == rows.times.len()));
        assert_eq!(rows.runs.iter().map(|(_, rows)| rows).sum::<usize>(), rows.times.len());
        let series = rows.runs.iter().flat_map(|(series, rows)| std::iter::repeat_n(*series, *rows));
        for (row, series) in series.enumerate() {
            let values = rows.columns.iter().map(|column| value_in(column, row)).collect();
            answer.push((laid.keys.key_of(series), rows.times.value(row), values));
        }
    }
    assert_eq!(scan.counts().rows_returned, answer.len() as u64);
    answer
}

fn expected(history: &History, question: &Question, sorted: &[usize]) -> Answer {
    let rows = rows_after(history, false);
    let mut answer = Vec::new();
    for key in sorted.iter().filter(|key| question.keys[**key]) {
        for ((_, time), values) in rows.range((*key, i64::MIN)..=(*key, i64::MAX)) {
            if question.time.contains(*time) {
                answer.push((*key, *time, question.fields.iter().map(|field| values[*field].clone()).collect()));
            }
        }
    }
    answer
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_layout_a_scan_returns_what_the_rules_say(
        history in history(), layout in layout(), question in question(),
    ) {
        let sorted = lay(&History(Vec::new()), &layout, TableKind::Series).keys.sorted.clone();
        prop_assert_eq!(answer(&history, &layout, &question), expected(&history, &question, &sorted));
    }
}
