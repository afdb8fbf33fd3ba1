mod random;

use crate::scan::memory::{MemoryTable, column, definition, meters};
use crate::testing::Bench;
use model::{ColumnRole, DataType, SeriesId, TableKind, TimeBounds, Value};
use std::sync::Arc;
use storage::ScanKeys;

fn bench() -> (Bench, Arc<MemoryTable>) {
    let mut bench = Bench::new();
    let table = bench.table(meters(&[
        ("a", 1, "ann", 1_000, Some(1.0), Some(1)),
        ("a", 1, "ann", 2_000, Some(2.0), Some(2)),
        ("a", 2, "bob", 1_500, Some(3.0), Some(3)),
        ("b", 1, "ann", 500, Some(4.0), Some(4)),
    ]));
    (bench, table)
}

#[tokio::test]
async fn series_are_selected_by_keys_and_attributes() {
    let (bench, table) = bench();
    for (condition, series, rows) in [
        ("site = 'a'", Some(vec![10, 11]), "1,2,3"),
        ("site = 'a' AND meter = 2", Some(vec![11]), "3"),
        ("owner LIKE 'an%'", Some(vec![10, 12]), "1,2,4"),
        ("length(site) + meter = 2", Some(vec![10, 12]), "1,2,4"),
        ("site IN ('b', 'c') OR owner = 'bob'", Some(vec![11, 12]), "3,4"),
        ("owner IS NOT NULL", None, "1,2,3,4"),
        ("meter > volts", None, ""),
    ] {
        let sql = format!("SELECT \"Pulses\" FROM meters WHERE {condition} ORDER BY 1");
        assert_eq!(bench.rows(&sql).await.unwrap().join(","), rows, "{condition}");
        let keys = table.asked.lock().clone().unwrap().keys;
        match (series, keys) {
            (None, ScanKeys::All) => {}
            (Some(expected), ScanKeys::Series(ids)) => {
                assert_eq!(ids, expected.into_iter().map(SeriesId).collect::<Vec<_>>(), "{condition}");
                assert!(!bench.explain(&sql).await.contains("FilterExec"), "{condition}");
            }
            other => panic!("{condition}: {other:?}"),
        }
    }
    assert_eq!(bench.rows("SELECT count(*) FROM meters WHERE site = 'z'").await.unwrap(), ["0"]);
}

#[tokio::test]
async fn explain_shows_what_is_pushed() {
    let (bench, table) = bench();
    let plan = bench
        .explain("SELECT volts FROM meters WHERE site = 'a' AND ts >= '1970-01-01 08:00:01.5' AND volts > 1")
        .await;
    let scan = "ScanExec: table=meters, columns=[volts], time=[1970-01-01T00:00:01.5Z, ], series=2 of 3";
    assert!(plan.contains(scan), "{plan}");
    assert!(plan.contains("FilterExec: volts@0 > 1"), "{plan}");
    bench.rows("SELECT volts FROM meters WHERE ts < '1970-01-01 08:00:02'").await.unwrap();
    assert_eq!(table.asked.lock().clone().unwrap().time, TimeBounds { first: i64::MIN, last: 1_999 });
    let limited = bench.explain("SELECT volts FROM meters WHERE site = 'a' LIMIT 1").await;
    assert!(limited.contains("fetch=1"), "{limited}");
    assert_eq!(bench.rows("SELECT volts FROM meters WHERE site = 'a' LIMIT 1 OFFSET 1").await.unwrap(), ["2.0"]);
}

#[tokio::test]
async fn predicates_folded_after_the_pushdown_still_hold() {
    let (mut bench, _) = bench();
    bench.table(orders());
    for (sql, rows) in [
        ("SELECT site FROM meters WHERE site NOT IN ('z', NULL)", ""),
        ("SELECT site FROM meters WHERE meter NOT IN (5, NULL)", ""),
        ("SELECT site FROM meters WHERE owner NOT IN ('z', NULL, 'y', 'x', 'w')", ""),
        ("SELECT count(*) FROM meters WHERE meter NOT IN (5, NULL) LIMIT 1", "0"),
        (
            "SELECT meters.meter, n FROM meters FULL JOIN orders ON meters.meter = n WHERE meter > 0 AND meter IS NULL",
            "",
        ),
        ("SELECT n FROM orders WHERE customer NOT IN (5, NULL)", ""),
        ("SELECT n FROM orders WHERE customer = 1 AND customer = NULL", ""),
        (
            "SELECT \"Pulses\" FROM meters WHERE ts IN ('1970-01-01 08:00:01', '1970-01-01 08:00:02') ORDER BY 1 LIMIT 5",
            "1,2",
        ),
    ] {
        assert_eq!(bench.rows(sql).await.unwrap().join(","), rows, "{sql}");
    }
    let plan = bench.explain("SELECT site FROM meters WHERE meter NOT IN (5, NULL)").await;
    assert!(plan.contains("series=0 of 3"), "{plan}");
}

#[tokio::test]
async fn a_predicate_on_key_and_time_together_stays_above() {
    let (bench, _) = bench();
    let sql = "SELECT \"Pulses\" FROM meters WHERE site = 'b' OR ts >= '1970-01-01 08:00:02' ORDER BY 1";
    assert_eq!(bench.rows(sql).await.unwrap(), ["2", "4"]);
    assert!(bench.explain(sql).await.contains("FilterExec"));
}

#[tokio::test]
async fn the_declared_order_spares_sorts() {
    let (bench, _) = bench();
    let sorts = async |sql: &str| bench.explain(sql).await.contains("SortExec");
    assert!(!sorts("SELECT * FROM meters ORDER BY site NULLS FIRST, meter NULLS FIRST, ts").await);
    assert!(!sorts("SELECT volts FROM meters WHERE site = 'a' AND meter = 1 ORDER BY ts").await);
    assert!(!sorts("SELECT volts FROM meters WHERE site = 'a' ORDER BY meter NULLS FIRST, ts").await);
    assert!(sorts("SELECT volts FROM meters WHERE site = 'a' ORDER BY ts").await);
    assert!(sorts("SELECT volts FROM meters ORDER BY ts").await);
    assert!(sorts("SELECT volts FROM meters ORDER BY meter NULLS FIRST").await);
    assert!(
        bench
            .explain("SELECT site, meter, max(volts) FROM meters GROUP BY site, meter")
            .await
            .contains("ordering_mode=Sorted")
    );
    assert_eq!(
        bench.rows("SELECT ts, volts FROM meters ORDER BY ts DESC LIMIT 1").await.unwrap(),
        ["1970-01-01T00:00:02Z|2.0"]
    );
}

#[tokio::test]
async fn float_keys_promise_no_order() {
    let table = definition(
        "f",
        TableKind::Keyed,
        vec![column(1, "k", ColumnRole::Key, DataType::Float64), column(2, "v", ColumnRole::Field, DataType::Int64)],
    );
    let rows = [1.5, -2.0, f64::NAN].map(|k| vec![Value::Float(k), Value::Integer(1)]);
    let mut bench = Bench::new();
    bench.table(MemoryTable::new(table, rows.to_vec()));
    assert!(bench.explain("SELECT v FROM f ORDER BY k NULLS FIRST").await.contains("SortExec"));
    assert_eq!(bench.rows("SELECT v FROM f WHERE k = 1.5").await.unwrap(), ["1"]);
}

fn orders() -> MemoryTable {
    let mut hidden = column(4, "rowid", ColumnRole::Field, DataType::Int64);
    hidden.hidden = true;
    let table = definition(
        "orders",
        TableKind::Keyed,
        vec![
            hidden,
            column(1, "customer", ColumnRole::Key, DataType::Int32),
            column(2, "Item", ColumnRole::Key, DataType::Text(None)),
            column(3, "n", ColumnRole::Field, DataType::Int64),
        ],
    );
    let row = |rowid: i128, customer: i128, item: &str, n: i128| {
        vec![Value::Integer(rowid), Value::Integer(customer), Value::Text(item.into()), Value::Integer(n)]
    };
    let rows = vec![row(1, 1, "a", 10), row(2, 1, "b", 20), row(3, 2, "a", 30), row(4, 3, "c", 40)];
    MemoryTable::new(table, rows)
}

fn keyed() -> (Bench, Arc<MemoryTable>) {
    let mut bench = Bench::new();
    let table = bench.table(orders());
    (bench, table)
}

#[tokio::test]
async fn keyed_tables_read_key_ranges() {
    let (bench, table) = keyed();
    for (condition, ranges, rows, filter) in [
        ("customer = 1", Some(1), "10,20", false),
        ("customer = 1 AND \"Item\" = 'b'", Some(1), "20", false),
        ("customer IN (1, 3, 9, 11)", Some(4), "10,20,40", false),
        ("customer > 1 AND customer <= 2", Some(1), "30", false),
        ("customer BETWEEN 2 AND 9 AND \"Item\" = 'c'", Some(1), "40", true),
        ("\"Item\" = 'a'", None, "10,30", true),
        ("customer = 2 AND n > 0", Some(1), "30", true),
    ] {
        let sql = format!("SELECT n FROM orders WHERE {condition} ORDER BY n");
        assert_eq!(bench.rows(&sql).await.unwrap().join(","), rows, "{condition}");
        match (ranges, table.asked.lock().clone().unwrap().keys) {
            (None, ScanKeys::All) => {}
            (Some(expected), ScanKeys::Ranges(found)) => assert_eq!(found.len(), expected, "{condition}"),
            other => panic!("{condition}: {other:?}"),
        }
        let plan = bench.explain(&sql).await;
        assert_eq!(plan.contains("FilterExec"), filter, "{condition}: {plan}");
        if let Some(ranges) = ranges {
            assert!(plan.contains(&format!("keys={ranges} ranges")), "{condition}: {plan}");
        }
    }
}

#[tokio::test]
async fn hidden_columns_show_only_when_named() {
    let (bench, _) = keyed();
    assert_eq!(bench.rows("SELECT * FROM orders LIMIT 1").await.unwrap(), ["1|a|10"]);
    assert_eq!(bench.rows("SELECT rowid, n FROM orders WHERE rowid = 3").await.unwrap(), ["3|30"]);
    assert_eq!(bench.rows("SELECT o.*, o.rowid FROM orders o LIMIT 1").await.unwrap(), ["1|a|10|1"]);
    assert_eq!(
        bench.rows("SELECT * FROM orders a JOIN db.orders b ON a.rowid = b.rowid LIMIT 1").await.unwrap(),
        ["1|a|10|1|a|10"]
    );
    assert_eq!(bench.rows("SELECT * FROM (SELECT rowid FROM orders) s LIMIT 1").await.unwrap(), ["1"]);
    assert_eq!(bench.rows("WITH orders AS (SELECT 7 AS x) SELECT * FROM orders").await.unwrap(), ["7"]);
    assert_eq!(bench.rows("SELECT * EXCLUDE (n) FROM orders LIMIT 1").await.unwrap(), ["1|a"]);
    assert_eq!(bench.rows("SELECT count(*) FROM (SELECT * FROM orders)").await.unwrap(), ["4"]);
}
