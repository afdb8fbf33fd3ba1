//! Series tables.

use super::cells::{Value, value_in};
use super::history::{FIELDS, History, history};
use super::layout::{FIELD_IDS, Laid, lay, layout};
use super::naive::rows_after;
use crate::{PlainSpellings, ScanCounts, SeriesScan, SeriesScanRequest, Source};
use model::{TableKind, TimeBounds};
use proptest::prelude::*;
use std::collections::BTreeMap;
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

fn answer(laid: &Laid, sources: Vec<Source>, question: &Question) -> (Answer, ScanCounts) {
    let mut scan = SeriesScan::new(SeriesScanRequest {
        table: laid.table.clone(),
        sources,
        tombstones: laid.tombstones.clone(),
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
    (answer, scan.counts())
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
        let laid = lay(&history, &layout, TableKind::Series);
        let (answer, _) = answer(&laid, laid.sources.clone(), &question);
        prop_assert_eq!(answer, expected(&history, &question, &laid.keys.sorted));
    }

    #[test]
    fn the_rows_that_count_as_merged_are_those_that_several_sources_hold(
        history in history(), layout in layout(), question in question(),
    ) {
        // An erasure is a row that no scan of its source alone shows.
        let laid = lay(&history.without_erasures(), &layout, TableKind::Series);
        let mut holders = BTreeMap::new();
        for source in &laid.sources {
            for (key, time, _) in answer(&laid, vec![source.clone()], &question).0 {
                *holders.entry((key, time)).or_insert(0) += 1;
            }
        }
        let (_, counts) = answer(&laid, laid.sources.clone(), &question);
        prop_assert_eq!(counts.rows_merged, holders.into_values().filter(|count| *count > 1).sum::<u64>());
    }
}
