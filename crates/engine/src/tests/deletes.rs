//! DELETE: every shape of condition, on both kinds of table.

use crate::DeleteRequest;
use crate::test_store::{TestStore, at_ms, batch, expression, float, int, keyed, series, text};
use model::{Code, ColumnRole, Result, WriteKind};

async fn delete_from(store: &TestStore, table: &str, filter: Option<&str>, drop_series: bool) -> Result<u64> {
    let request = DeleteRequest { table: store.table(table).id, filter: filter.map(expression), drop_series };
    store.delete(&store.root, &store.request("SELECT 1"), request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_keyed_table_go_with_their_entries() {
    let store = TestStore::new().await;
    let table = store.create(keyed("t", &[("u", &["a"])])).await;
    let insert = async |ids: std::ops::Range<i128>| {
        let rows: Vec<_> = ids.map(|n| vec![int(n), int(n * 10), text("x")]).collect();
        store.write(&store.root, batch(&table, WriteKind::FailOnDuplicate, &["id", "a", "b"], &rows)).await
    };
    insert(0..10).await.unwrap();
    assert_eq!(delete_from(&store, "t", Some("a >= 70 AND b = 'x'"), false).await.unwrap(), 3);
    assert_eq!(delete_from(&store, "t", Some("a >= 70"), false).await.unwrap(), 0);
    assert_eq!(delete_from(&store, "t", Some("id IN (SELECT id + 1 FROM t WHERE id < 2)"), false).await.unwrap(), 2);
    assert_eq!(store.rows("SELECT id FROM t ORDER BY id").await, ["0", "3", "4", "5", "6"]);
    assert_eq!(insert(3..4).await.unwrap_err().code(), Code::DuplicateKey);
    insert(7..10).await.unwrap();
    assert_eq!(delete_from(&store, "t", None, false).await.unwrap(), 8);
    assert_eq!(store.rows("SELECT count(*) FROM t").await, ["0"]);
    insert(0..10).await.unwrap();
    assert_eq!(delete_from(&store, "t", Some("nope = 1"), false).await.unwrap_err().code(), Code::ColumnNotFound);
}

/// Series 1 to 3 with rows at 1000, 2000, .. 9000 ms, `v` = seconds, `a` = "even" or "odd"; series
/// 4 without rows.
async fn measured() -> TestStore {
    let store = TestStore::new().await;
    let table = store.create(series("t")).await;
    let mut rows = Vec::new();
    for k in 1..=3_i32 {
        let a = if k % 2 == 0 { "even" } else { "odd" };
        rows.extend((1..10).map(|s| vec![at_ms(s * 1_000), float(s as f64), int(k.into()), text(a)]));
    }
    store.write(&store.root, batch(&table, WriteKind::Replace, &["ts", "v", "k", "a"], &rows)).await.unwrap();
    let registered = batch(&table, WriteKind::Replace, &["k", "a"], &[vec![int(4), text("even")]]);
    store.write(&store.root, registered).await.unwrap();
    store
}

fn series_left(store: &TestStore) -> usize {
    store.storage().view(store.table("t").id).unwrap().series(&[]).unwrap().ids.len()
}

fn ms(seconds: i64) -> String {
    format!("arrow_cast({}, 'Timestamp(Millisecond, Some(\"UTC\"))')", seconds * 1_000)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_shape_of_condition_deletes_what_a_select_finds() {
    let by_range = [
        format!("ts < {}", ms(3)),
        format!("ts >= {} AND ts <= {}", ms(3), ms(5)),
        format!("ts BETWEEN {} AND {}", ms(3), ms(5)),
        format!("ts = {}", ms(4)),
        format!("{} < ts", ms(7)),
        format!("k = 2 AND ts > {}", ms(4)),
        format!("a = 'odd' AND ts > {}", ms(4)),
        format!("(k = 1 OR k = 2) AND ts > {}", ms(4)),
        "k = 3".to_owned(),
        "a LIKE 'e%'".to_owned(),
        "k > 99".to_owned(),
        "1 = 1".to_owned(),
        "1 = 0".to_owned(),
        format!("ts > {} AND ts < {}", ms(5), ms(5)),
    ];
    let by_row = [
        "v > 4".to_owned(),
        format!("ts <> {}", ms(4)),
        format!("ts = {} OR ts = {}", ms(2), ms(8)),
        format!("ts IN ({}, {})", ms(2), ms(8)),
        format!("k = 1 OR ts < {}", ms(3)),
        format!("v < 5 AND k = 2 AND ts > {}", ms(1)),
        "k = (SELECT max(k) FROM t)".to_owned(),
    ];
    for (filters, counted) in [(&by_range[..], false), (&by_row[..], true)] {
        for filter in filters {
            let store = measured().await;
            let selected = store.rows(&format!("SELECT k, ts FROM t WHERE {filter}")).await.len();
            let expected =
                store.rows(&format!("SELECT k, ts FROM t WHERE ({filter}) IS NOT TRUE ORDER BY k, ts")).await;
            let count = delete_from(&store, "t", Some(filter), false).await.unwrap();
            assert_eq!(store.rows("SELECT k, ts FROM t ORDER BY k, ts").await, expected, "{filter}");
            assert_eq!(count, if counted { selected as u64 } else { 0 }, "{filter}");
            assert_eq!(series_left(&store), 4, "series stay: {filter}");
            // What is written afterwards is there.
            let row = batch(
                &store.table("t"),
                WriteKind::Replace,
                &["ts", "v", "k"],
                &[vec![at_ms(4_000), float(44.0), int(2)]],
            );
            store.write(&store.root, row).await.unwrap();
            assert_eq!(store.rows("SELECT k FROM t WHERE v = 44").await, ["2"], "{filter}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn series_end_when_the_statement_says_so() {
    let store = measured().await;
    delete_from(&store, "t", Some("k = 99"), true).await.unwrap();
    assert_eq!(series_left(&store), 4);
    delete_from(&store, "t", Some("a = 'even' AND k > 2"), true).await.unwrap();
    assert_eq!(series_left(&store), 3, "one that had no rows");
    delete_from(&store, "t", Some("k = 2"), true).await.unwrap();
    assert_eq!(series_left(&store), 2);
    assert_eq!(store.rows("SELECT DISTINCT k FROM t ORDER BY k").await, ["1", "3"]);
    let by_row = delete_from(&store, "t", Some("v = 1"), true).await;
    assert_eq!(by_row.unwrap_err().code(), Code::ColumnNotFound);
    delete_from(&store, "t", None, false).await.unwrap();
    assert_eq!(store.rows("SELECT * FROM t").await, Vec::<String>::new());
    assert_eq!(series_left(&store), 2);
    delete_from(&store, "t", None, true).await.unwrap();
    assert_eq!(series_left(&store), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_key_columns_is_one_series() {
    let store = TestStore::new().await;
    let mut new = series("t");
    new.columns.retain(|column| !matches!(column.role, ColumnRole::Key | ColumnRole::Attribute));
    new.key.clear();
    let table = store.create(new).await;
    let rows: Vec<_> = (1..10).map(|s| vec![at_ms(s * 1_000), float(s as f64)]).collect();
    store.write(&store.root, batch(&table, WriteKind::Replace, &["ts", "v"], &rows)).await.unwrap();
    delete_from(&store, "t", Some(&format!("ts < {}", ms(3))), false).await.unwrap();
    assert_eq!(delete_from(&store, "t", Some("v > 6"), false).await.unwrap(), 3);
    assert_eq!(store.rows("SELECT v FROM t ORDER BY ts").await, ["3.0", "4.0", "5.0", "6.0"]);
}
