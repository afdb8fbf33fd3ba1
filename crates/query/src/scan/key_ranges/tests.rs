use super::*;
use datafusion::prelude::{ident, lit};
use model::{ColumnId, ColumnRole};
use proptest::prelude::*;

fn key() -> [Column; 2] {
    [
        Column::new(ColumnId(1), "a", ColumnRole::Key, DataType::Int32),
        Column::new(ColumnId(2), "B", ColumnRole::Key, DataType::Text(None)),
    ]
}

fn contains(ranges: &KeyRanges, row: &(Option<i32>, Option<String>)) -> bool {
    let value = |v: Option<Value>| v.unwrap_or(Value::Null);
    let bytes = encode_key(&[
        (value(row.0.map(|i| Value::Integer(i.into()))), DataType::Int32),
        (value(row.1.clone().map(Value::Text)), DataType::Text(None)),
    ])
    .unwrap();
    let Some(ranges) = &ranges.ranges else { return true };
    let inside = |r: &&KeyRange| {
        let first = matches!(&r.first, Bound::Included(first) if *first <= bytes);
        let last = match &r.last {
            Bound::Excluded(last) => bytes < *last,
            Bound::Included(last) => bytes <= *last,
            Bound::Unbounded => false,
        };
        first && last
    };
    let hits = ranges.iter().filter(inside).count();
    assert!(hits <= 1, "ranges overlap");
    hits == 1
}

/// A predicate and the same as a closure.
type Case = (Expr, Box<dyn Fn(&(Option<i32>, Option<String>)) -> bool>);

fn predicate() -> impl Strategy<Value = (u8, i32, String, i32)> {
    (0u8..12, -2i32..3, "[\u{0}ab]{0,2}", -2i32..3)
}

fn build((kind, number, text, other): (u8, i32, String, i32)) -> Case {
    let (a, b) = (ident("a"), ident("B"));
    let word = text.clone();
    match kind {
        0 => (a.eq(lit(number)), Box::new(move |r| r.0 == Some(number))),
        1 => (a.lt(lit(number)), Box::new(move |r| r.0.is_some_and(|v| v < number))),
        2 => (a.lt_eq(lit(number)), Box::new(move |r| r.0.is_some_and(|v| v <= number))),
        3 => (lit(number).lt(a), Box::new(move |r| r.0.is_some_and(|v| v > number))),
        4 => (a.gt_eq(lit(number)), Box::new(move |r| r.0.is_some_and(|v| v >= number))),
        5 => (
            a.in_list(vec![lit(number), lit(other)], false),
            Box::new(move |r| r.0 == Some(number) || r.0 == Some(other)),
        ),
        6 => (
            a.clone().eq(lit(number)).or(a.gt(lit(other))),
            Box::new(move |r| r.0.is_some_and(|v| v == number || v > other)),
        ),
        7 => (a.between(lit(number), lit(other)), Box::new(move |r| r.0.is_some_and(|v| number <= v && v <= other))),
        8 => (b.eq(lit(text)), Box::new(move |r| r.1.as_ref() == Some(&word))),
        9 => (b.gt(lit(text)), Box::new(move |r| r.1.as_ref().is_some_and(|v| *v > word))),
        10 => (b.lt_eq(lit(text)), Box::new(move |r| r.1.as_ref().is_some_and(|v| *v <= word))),
        _ => (a.not_eq(lit(number)), Box::new(move |r| r.0.is_some_and(|v| v != number))),
    }
}

proptest! {
    #[test]
    fn ranges_hold_what_the_predicates_accept(
        predicates in prop::collection::vec(predicate(), 1..4),
        rows in prop::collection::vec((prop::option::of(-3i32..4), prop::option::of("[\u{0}ab]{0,3}")), 1..30),
    ) {
        let key = key();
        let key: Vec<&Column> = key.iter().collect();
        let cases: Vec<Case> = predicates.into_iter().map(build).collect();
        let exprs: Vec<&Expr> = cases.iter().map(|c| &c.0).collect();
        let ranges = key_ranges(&key, &exprs);
        for row in &rows {
            let inside = contains(&ranges, row);
            let all = cases.iter().all(|c| (c.1)(row));
            prop_assert!(inside || !all, "{:?} is lost", row);
            let exact = cases.iter().zip(&ranges.exact).filter(|(_, exact)| **exact).all(|(c, _)| (c.1)(row));
            prop_assert!(exact || !inside, "{:?} should be ruled out", row);
        }
    }
}

#[test]
fn leading_columns_narrow_and_others_do_not() {
    let key = key();
    let key: Vec<&Column> = key.iter().collect();
    let (first, second) = (ident("a").eq(lit(1)), ident("B").eq(lit("x")));
    let both = key_ranges(&key, &[&second, &first]);
    assert_eq!((both.exact, both.pinned, both.ranges.map(|r| r.len())), (vec![true, true], 2, Some(1)));
    let point = key_ranges(&key, &[&second, &first]).ranges.unwrap().remove(0);
    assert!(matches!((&point.first, &point.last), (Bound::Included(a), Bound::Included(b)) if a == b), "{point:?}");
    let head = key_ranges(&key, &[&first]).ranges.unwrap().remove(0);
    assert!(matches!(head.last, Bound::Excluded(_)), "{head:?}");
    let tail = key_ranges(&key, &[&second]);
    assert_eq!((tail.exact, tail.pinned), (vec![false], 0));
    assert!(tail.ranges.is_none());
    let wide = key_ranges(&key, &[&ident("a").eq(lit(1i64))]);
    assert!(wide.ranges.is_none(), "a literal of another type is not read");
}
