//! Keyed tables.

use super::cells::{Value, value_in};
use super::history::{FIELDS, History, KEYS, history};
use super::layout::{FIELD_IDS, KEY_IDS, Keys, Laid, lay, layout};
use super::naive::rows_after;
use crate::{KeyRange, KeyedScan, KeyedScanRequest, PlainSpellings, ScanCounts, Source};
use arrow::array::{Array, AsArray};
use model::TableKind;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

#[derive(Clone, Debug)]
struct Question {
    fields: Vec<usize>,
    /// Which of the sorted keys lie in a range; `None`: no ranges.
    keys: Option<Vec<bool>>,
    excluding: bool,
    batch_rows: usize,
}

fn question() -> impl Strategy<Value = Question> {
    let fields = prop::sample::subsequence((0..FIELDS).collect::<Vec<_>>(), 0..=FIELDS).prop_shuffle();
    let keys = prop::option::of(prop::collection::vec(any::<bool>(), KEYS));
    (fields, keys, any::<bool>(), 1..10_usize).prop_map(|(fields, keys, excluding, batch_rows)| Question {
        fields,
        keys,
        excluding,
        batch_rows,
    })
}

/// Ranges that hold just these of the sorted keys; bounded by the neighbours that they exclude,
/// or by their own ends.
fn ranges(wanted: &[bool], keys: &Keys, excluding: bool) -> Vec<KeyRange> {
    let key = |position: usize| keys.bytes[keys.sorted[position]].clone();
    let mut ranges = Vec::new();
    let mut first = 0;
    for run in wanted.chunk_by(|a, b| a == b) {
        let last = first + run.len() - 1;
        if run[0] {
            ranges.push(if excluding {
                let before = first.checked_sub(1).map_or(Bound::Unbounded, |before| Bound::Excluded(key(before)));
                let after = if last + 1 < KEYS { Bound::Excluded(key(last + 1)) } else { Bound::Unbounded };
                (before, after)
            } else {
                (Bound::Included(key(first)), Bound::Included(key(last)))
            });
        }
        first = last + 1;
    }
    ranges
}

type Answer = Vec<(String, Vec<Value>)>;

fn name(keys: &Keys, key: usize) -> String {
    let name = keys.columns[0].as_string::<i32>();
    let number = keys.columns[1].as_primitive::<arrow::datatypes::Int32Type>();
    format!("{:?} {:?}", name.is_valid(key).then(|| name.value(key)), number.is_valid(key).then(|| number.value(key)))
}

fn answer(laid: &Laid, sources: Vec<Source>, question: &Question) -> (Answer, ScanCounts) {
    let fields = question.fields.iter().map(|field| FIELD_IDS[*field]);
    let ranges = question.keys.as_ref().map(|wanted| ranges(wanted, &laid.keys, question.excluding));
    let mut scan = KeyedScan::new(KeyedScanRequest {
        table: laid.table.clone(),
        sources,
        tombstones: laid.tombstones.clone(),
        ranges,
        columns: KEY_IDS.into_iter().chain(fields).collect(),
        batch_rows: question.batch_rows,
        spellings: Arc::new(PlainSpellings),
    })
    .unwrap();
    let mut answer = Vec::new();
    for batch in scan.by_ref() {
        let batch = batch.unwrap();
        assert!((1..=question.batch_rows).contains(&batch.num_rows()));
        let returned = Keys { bytes: Vec::new(), columns: batch.columns()[..2].to_vec(), sorted: Vec::new() };
        for row in 0..batch.num_rows() {
            let values = batch.columns()[2..].iter().map(|column| value_in(column, row)).collect();
            answer.push((name(&returned, row), values));
        }
    }
    assert_eq!(scan.counts().rows_returned, answer.len() as u64);
    (answer, scan.counts())
}

fn expected(history: &History, laid: &Laid, question: &Question) -> Answer {
    let rows = rows_after(history, true);
    let mut expected = Vec::new();
    for (position, key) in laid.keys.sorted.iter().enumerate() {
        let wanted = question.keys.as_ref().is_none_or(|wanted| wanted[position]);
        if let Some(values) = rows.get(&(*key, 0)).filter(|_| wanted) {
            let values = question.fields.iter().map(|field| values[*field].clone()).collect();
            expected.push((name(&laid.keys, *key), values));
        }
    }
    expected
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_layout_a_scan_returns_what_the_rules_say(
        history in history(), layout in layout(), question in question(),
    ) {
        let laid = lay(&history, &layout, TableKind::Keyed);
        let (answer, _) = answer(&laid, laid.sources.clone(), &question);
        prop_assert_eq!(answer, expected(&history, &laid, &question));
    }

    #[test]
    fn the_rows_that_count_as_merged_are_those_that_several_sources_hold(
        history in history(), layout in layout(), question in question(),
    ) {
        // An erasure is a row that no scan of its source alone shows.
        let laid = lay(&history.without_erasures(), &layout, TableKind::Keyed);
        let mut holders = BTreeMap::new();
        for source in &laid.sources {
            for (key, _) in answer(&laid, vec![source.clone()], &question).0 {
                *holders.entry(key).or_insert(0) += 1;
            }
        }
        let (_, counts) = answer(&laid, laid.sources.clone(), &question);
        prop_assert_eq!(counts.rows_merged, holders.into_values().filter(|count| *count > 1).sum::<u64>());
    }
}
