//! Statements of many blocks: whole or not there, whatever others write meanwhile.

use crate::test_store::{TestStore, at_ms, batch, expression, float, int, keyed, series, text};
use crate::{DeleteRequest, UpdateRequest};
use model::{Code, Result, WriteKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const ROWS: i128 = 20_000;

/// A store whose statements make a block of every few thousand bytes.
async fn store() -> TestStore {
    TestStore::with_block_bytes(20_000).await
}

async fn insert(store: &TestStore, name: &str, kind: WriteKind, ids: std::ops::Range<i128>) -> Result<u64> {
    let rows: Vec<_> = ids.map(|n| vec![int(n), int(n * 10), text("x")]).collect();
    let outcome = store.write(&store.root, batch(&store.table(name), kind, &["id", "a", "b"], &rows)).await;
    outcome.map(|outcome| outcome.accepted)
}

async fn update(store: &TestStore, set: &[(&str, &str)], filter: Option<&str>) -> Result<u64> {
    let table = store.table("t");
    let assignments = set.iter().map(|(name, value)| (table.column_named(name).unwrap().id, expression(value)));
    let request = UpdateRequest { table: table.id, assignments: assignments.collect(), filter: filter.map(expression) };
    store.update(&store.root, &store.request("SELECT 1"), request).await
}

async fn delete(store: &TestStore, filter: &str) -> Result<u64> {
    let request = DeleteRequest { table: store.table("t").id, filter: Some(expression(filter)), drop_series: false };
    store.delete(&store.root, &store.request("SELECT 1"), request).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn large_statements_on_a_keyed_table_are_whole() {
    let store = store().await;
    store.create(keyed("t", &[("u", &["a"])])).await;
    insert(&store, "t", WriteKind::FailOnDuplicate, ROWS - 1..ROWS).await.unwrap();
    let shape = "SELECT count(*), min(id), max(id), sum(a) FROM t";
    // The last row meets one that is there: none is.
    let error = insert(&store, "t", WriteKind::FailOnDuplicate, 0..ROWS).await.unwrap_err();
    assert_eq!(error.code(), Code::DuplicateKey);
    assert_eq!(store.rows(shape).await, ["1|19999|19999|199990"]);
    assert_eq!(insert(&store, "t", WriteKind::FailOnDuplicate, 0..ROWS - 1).await.unwrap(), 19_999);
    assert_eq!(store.rows(shape).await, ["20000|0|19999|1999900000"]);

    assert_eq!(update(&store, &[("b", "'y'")], Some("id < 15000")).await.unwrap(), 15_000);
    assert_eq!(store.rows("SELECT count(*) FROM t WHERE b = 'y'").await, ["15000"]);
    assert_eq!(update(&store, &[("id", "id + 1"), ("a", "a + 10")], None).await.unwrap(), 20_000);
    assert_eq!(store.rows(shape).await, ["20000|1|20000|2000100000"]);
    let error = update(&store, &[("a", "a / 20")], None).await.unwrap_err();
    assert_eq!(error.code(), Code::DuplicateKey);
    let error = update(&store, &[("b", "cast(1 / (id - 19999) as varchar)")], None).await.unwrap_err();
    assert_eq!(error.code(), Code::DivisionByZero);
    assert_eq!(store.rows("SELECT count(*) FROM t WHERE b = 'y'").await, ["15000"]);
    assert_eq!(delete(&store, "id % 2 = 1").await.unwrap(), 10_000);
    // Its entries went, too.
    store.storage().flush().await.unwrap();
    assert_eq!(insert(&store, "t", WriteKind::KeepFirst, 1..ROWS + 1).await.unwrap(), 10_000);
    let store = store.after_crash(0).await;
    assert_eq!(store.rows(shape).await, ["20000|1|20000|2000100000"]);
    assert_eq!(insert(&store, "t", WriteKind::KeepFirst, 1..ROWS + 1).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_large_delete_from_series_is_whole() {
    let store = store().await;
    let table = store.create(series("t")).await;
    let rows: Vec<_> = (0..20_000_i32)
        .map(|n| vec![at_ms(i64::from(n) * 1_000), float(f64::from(n)), int(i128::from(n % 7)), text("a")])
        .collect();
    store.write(&store.root, batch(&table, WriteKind::KeepFirst, &["ts", "v", "k", "a"], &rows)).await.unwrap();
    let shape = "SELECT count(*), count(distinct k), min(v), max(v) FROM t";
    assert_eq!(store.rows(shape).await, ["20000|7|0.0|19999.0"]);
    assert_eq!(delete(&store, "v < 12000").await.unwrap(), 12_000);
    assert_eq!(store.rows(shape).await, ["8000|7|12000.0|19999.0"]);
    let store = store.after_crash(0).await;
    assert_eq!(store.rows(shape).await, ["8000|7|12000.0|19999.0"]);
}

/// Large statements on one table and small ones on it and on another, all at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_change_is_lost_between_large_and_small_statements() {
    let store = Arc::new(store().await);
    store.create(keyed("t", &[("u", &["a"])])).await;
    store.create(keyed("other", &[])).await;
    insert(&store, "t", WriteKind::FailOnDuplicate, 0..2_000).await.unwrap();
    let ended = Arc::new(AtomicBool::new(false));
    let others = {
        let (store, ended) = (Arc::clone(&store), Arc::clone(&ended));
        tokio::spawn(async move {
            let mut written = 0;
            while !ended.load(Ordering::Relaxed) {
                written +=
                    insert(&store, "other", WriteKind::FailOnDuplicate, written..written + 1).await.unwrap() as i128;
            }
            written
        })
    };
    let mut changing = tokio::task::JoinSet::new();
    for who in 0..3 {
        let store = Arc::clone(&store);
        changing.spawn(async move {
            for _ in 0..3 {
                match who {
                    0 => assert_eq!(update(&store, &[("id", "id + 1"), ("a", "a + 10")], None).await.unwrap(), 2_000),
                    1 => assert_eq!(update(&store, &[("b", "b || 'z'")], None).await.unwrap(), 2_000),
                    _ => assert!(update(&store, &[("b", "b || 'w'")], Some("id = 1000")).await.unwrap() == 1),
                }
            }
        });
    }
    while let Some(done) = changing.join_next().await {
        done.unwrap();
    }
    ended.store(true, Ordering::Relaxed);
    let written = others.await.unwrap();
    let count = |text: &str| text.parse::<i128>().unwrap();
    assert_eq!(count(&store.rows("SELECT count(*) FROM other").await[0]), written);
    let shape = "SELECT count(*), min(id), max(id), sum(char_length(replace(replace(b, 'x', ''), 'w', ''))), \
                 sum(char_length(replace(replace(b, 'x', ''), 'z', ''))) FROM t";
    assert_eq!(store.rows(shape).await, ["2000|3|2002|6000|3"]);
}

/// Whatever comes in small statements, large ones that change it are loads.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn updates_and_deletes_of_many_rows_are_loads() {
    for is_update in [true, false] {
        let store = store().await;
        store.create(keyed("t", &[])).await;
        for first in (0..3_000).step_by(100) {
            insert(&store, "t", WriteKind::FailOnDuplicate, first..first + 100).await.unwrap();
        }
        assert!(!store.has_loads());
        match is_update {
            true => assert_eq!(update(&store, &[("b", "'y'")], None).await.unwrap(), 3_000),
            false => assert_eq!(delete(&store, "a >= 0").await.unwrap(), 3_000),
        }
        assert!(store.has_loads(), "update: {is_update}");
    }
}

/// Of several statements that insert one key, small or large, one wins.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_insert_of_a_key_wins() {
    let store = Arc::new(store().await);
    store.create(keyed("t", &[])).await;
    let mut written = 0;
    for round in 0..10_i128 {
        let first = round * 10_000;
        let mut inserting = tokio::task::JoinSet::new();
        for who in 0..6 {
            let store = Arc::clone(&store);
            inserting.spawn(async move {
                let rows = if who % 2 == 0 { first..first + 1 } else { first - 500 * who..first + 1 };
                match insert(&store, "t", WriteKind::FailOnDuplicate, rows).await {
                    Ok(rows) => (1, rows),
                    Err(error) if error.code() == Code::DuplicateKey => (0, 0),
                    Err(error) => panic!("{error}"),
                }
            });
        }
        let mut won = 0;
        while let Some(one) = inserting.join_next().await {
            let (one, rows) = one.unwrap();
            won += one;
            written += rows;
        }
        assert_eq!(won, 1, "round {round}");
        assert_eq!(store.rows("SELECT count(*) FROM t").await, [written.to_string()], "nothing of those that lost");
    }
    assert!(store.has_loads(), "large ones are loads");
}
