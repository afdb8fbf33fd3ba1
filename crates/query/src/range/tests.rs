use crate::StorageTable;
use crate::scan::memory::meters;
use crate::testing::Bench;
use model::{SeriesId, TimeBounds};
use std::sync::Arc;
use storage::ScanKeys;

#[tokio::test]
async fn only_series_and_times_are_a_range() {
    let table = Arc::new(meters(&[
        ("a", 1, "ann", 1_000, Some(1.0), Some(1)),
        ("a", 2, "bob", 1_500, Some(3.0), Some(3)),
        ("b", 1, "ann", 500, Some(4.0), Some(4)),
    ]));
    let provider = Arc::new(StorageTable::over(table as _));
    let mut bench = Bench::new();
    bench.provider("meters", Arc::clone(&provider) as _);
    for (condition, expected) in [
        ("site = 'a'", Some((Some(vec![10, 11]), TimeBounds::ALL))),
        (
            "owner = 'ann' AND site = 'b' AND ts < '1970-01-01 08:00:01'",
            Some((Some(vec![12]), TimeBounds { first: i64::MIN, last: 999 })),
        ),
        ("ts >= '1970-01-01 08:00:01'", Some((None, TimeBounds { first: 1_000, last: i64::MAX }))),
        ("true", Some((None, TimeBounds::ALL))),
        ("site = 'z'", Some((Some(vec![]), TimeBounds::ALL))),
        ("volts > 1", None),
        ("site = 'a' AND volts > 1", None),
        ("site = 'a' OR ts < '1970-01-01 08:00:01'", None),
        ("ts IN ('1970-01-01 08:00:00.5', '1970-01-01 08:00:01')", None),
        ("ts = (SELECT max(ts) FROM meters)", None),
        ("meter IN (SELECT meter FROM meters WHERE volts > 1)", None),
        ("random() < 2", None),
    ] {
        let plan = bench.plan(&format!("SELECT site, meter, ts FROM meters WHERE {condition}")).await.unwrap();
        let range = bench.engine.selected_range(&bench.profile, &plan, &bench.context, &provider).unwrap();
        let found = range.map(|r| match r.keys {
            ScanKeys::Series(ids) => (Some(ids.into_iter().map(|SeriesId(id)| id).collect::<Vec<_>>()), r.time),
            ScanKeys::All => (None, r.time),
            ScanKeys::Ranges(_) => panic!("{condition}: ranges of a series table"),
        });
        assert_eq!(found, expected, "{condition}");
    }
}
