//! UPDATE of keyed tables and of attributes.

use crate::test_store::{TestStore, at_ms, batch, expression, float, int, keyed, series, text};
use crate::{AttributesRequest, UpdateRequest};
use model::{AttributePolicy, Code, ErrorKind, Result, WriteKind};
use std::sync::Arc;

async fn update(store: &TestStore, set: &[(&str, &str)], filter: Option<&str>) -> Result<u64> {
    let table = store.table("t");
    let assignments = set.iter().map(|(name, value)| (table.column_named(name).unwrap().id, expression(value)));
    let request = UpdateRequest { table: table.id, assignments: assignments.collect(), filter: filter.map(expression) };
    store.update(&store.root, &store.request("SELECT 1"), request).await
}

async fn filled(unique: &[(&str, &[&str])], rows: i128) -> TestStore {
    let store = TestStore::new().await;
    let table = store.create(keyed("t", unique)).await;
    let rows: Vec<_> = (1..=rows).map(|n| vec![int(n), int(n * 10), text("x")]).collect();
    store.write(&store.root, batch(&table, WriteKind::FailOnDuplicate, &["id", "a", "b"], &rows)).await.unwrap();
    store
}

#[tokio::test(flavor = "multi_thread")]
async fn new_values_see_the_row_before_the_statement() {
    let store = filled(&[], 3).await;
    assert_eq!(update(&store, &[("a", "id"), ("b", "b || a")], Some("t.id < 3")).await.unwrap(), 2);
    assert_eq!(store.rows("SELECT * FROM t ORDER BY id").await, ["1|1|x10", "2|2|x20", "3|30|x"]);
    assert_eq!(update(&store, &[("a", "NULL")], Some("id = 99")).await.unwrap(), 0);
    assert_eq!(update(&store, &[("a", "NULL")], None).await.unwrap(), 3);
    assert_eq!(store.rows("SELECT count(a) FROM t").await, ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn uniqueness_is_judged_on_the_state_after_the_statement() {
    let store = filled(&[("u", &["a"])], 3).await;
    assert_eq!(update(&store, &[("id", "id + 1")], None).await.unwrap(), 3);
    assert_eq!(store.rows("SELECT id, a FROM t ORDER BY id").await, ["2|10", "3|20", "4|30"]);
    assert_eq!(update(&store, &[("a", "40 - a")], None).await.unwrap(), 3, "values trade places");
    assert_eq!(store.rows("SELECT id, a FROM t ORDER BY id").await, ["2|30", "3|20", "4|10"]);
    assert_eq!(update(&store, &[("id", "6 - id"), ("a", "a + 1")], None).await.unwrap(), 3);

    for (set, filter, constraint) in [
        (("id", "7"), None, "primary"),
        (("id", "2"), Some("id = 3"), "primary"),
        (("a", "1"), None, "u"),
        (("a", "31"), Some("id = 3"), "u"),
    ] {
        let error = update(&store, &[set], filter).await.unwrap_err();
        let ErrorKind::DuplicateKey { constraint: found, .. } = *error.kind else { panic!("{error}") };
        assert_eq!(found, constraint, "{set:?}");
    }
    assert_eq!(store.rows("SELECT id, a FROM t ORDER BY id").await, ["2|11", "3|21", "4|31"]);
    // What the old values held is free, what the new ones hold is not.
    let table = store.table("t");
    let insert = async |a| {
        let rows = batch(&table, WriteKind::FailOnDuplicate, &["id", "a"], &[vec![int(100 + a), int(a)]]);
        store.write(&store.root, rows).await.map_err(|error| error.code())
    };
    for free in [10, 20, 30] {
        insert(free).await.unwrap();
    }
    for taken in [11, 21, 31] {
        assert_eq!(insert(taken).await, Err(Code::DuplicateKey));
    }
    // Sets of NULLs are no entries.
    assert_eq!(update(&store, &[("a", "NULL")], None).await.unwrap(), 6);
    insert(11).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_do_not_fit_change_nothing() {
    let store = filled(&[], 3).await;
    for (set, code) in [
        (("a", "a * 1000000000"), Code::ValueOutOfRange),
        (("a", "a + 0.5"), Code::ValueOutOfRange),
        (("a", "'abc'"), Code::ValueInvalid),
        (("id", "NULL"), Code::NullValue),
        (("a", "nope"), Code::ColumnNotFound),
        (("a", "1 / (a - 20)"), Code::DivisionByZero),
    ] {
        assert_eq!(update(&store, &[set], None).await.unwrap_err().code(), code, "{set:?}");
    }
    let twice = update(&store, &[("a", "1"), ("a", "2")], None).await;
    assert_eq!(twice.unwrap_err().code(), Code::DuplicateAssignment);
    assert_eq!(store.rows("SELECT id, a FROM t ORDER BY id").await, ["1|10", "2|20", "3|30"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_increment_is_lost() {
    let store = Arc::new(filled(&[("u", &["b"])], 1).await);
    let writers: Vec<_> = (0..8)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for round in 0..10 {
                    assert_eq!(update(&store, &[("a", "a + 1")], Some("id = 1")).await.unwrap(), 1);
                    let row = vec![int(100 + n * 100 + round), int(0), text(&format!("{n} {round}"))];
                    let rows = batch(&store.table("t"), WriteKind::FailOnDuplicate, &["id", "a", "b"], &[row]);
                    store.write(&store.root, rows).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(store.rows("SELECT a FROM t WHERE id = 1").await, ["90"]);
    assert_eq!(store.rows("SELECT count(*) FROM t").await, ["81"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_update_that_nobody_waits_for_is_whole_or_not_there() {
    let store = Arc::new(filled(&[("u", &["a"])], 20).await);
    for delay in 0..20 {
        let running = {
            let store = Arc::clone(&store);
            tokio::spawn(async move { update(&store, &[("id", "id + 1"), ("a", "a + 1")], None).await })
        };
        tokio::time::sleep(std::time::Duration::from_micros(delay * 300)).await;
        running.abort();
        let _ = running.await;
        // The next statement waits until the abandoned one is durable or gone.
        assert_eq!(update(&store, &[("b", "'y'")], None).await.unwrap(), 20);
        let shape = store.rows("SELECT count(*), max(id) - min(id), max(a) - min(a), min(a) - min(id) FROM t").await;
        assert_eq!(shape, ["20|19|190|9"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_over_its_limit_is_refused() {
    let store = TestStore::with_statement_rows_bytes(64 << 10).await;
    let table = store.create(keyed("t", &[])).await;
    let rows: Vec<_> = (0..20_000).map(|n| vec![int(n)]).collect();
    store.write(&store.root, batch(&table, WriteKind::FailOnDuplicate, &["id"], &rows)).await.unwrap();
    let error = update(&store, &[("a", "1")], None).await.unwrap_err();
    assert_eq!(*error.kind, ErrorKind::WriteMemoryExceeded { limit: 64 << 10 });
    assert_eq!(update(&store, &[("a", "1")], Some("id < 5")).await.unwrap(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes_are_set_for_series_with_and_without_rows() {
    let store = TestStore::new().await;
    let table = store.create(series("t")).await;
    let rows = [vec![at_ms(1), float(1.0), int(1), text("one")], vec![at_ms(2), float(2.0), int(2), text("two")]];
    store.write(&store.root, batch(&table, WriteKind::Replace, &["ts", "v", "k", "a"], &rows)).await.unwrap();
    let registered = batch(&table, WriteKind::Replace, &["k", "a"], &[vec![int(3), text("three")]]);
    store.write(&store.root, registered).await.unwrap();

    let set = async |value: &str, filter: Option<&str>| {
        let assignments = vec![(table.column_named("a").unwrap().id, expression(value))];
        let request = AttributesRequest { table: table.id, assignments, filter: filter.map(expression) };
        store.set_attributes(&store.root, &store.request("SELECT 1"), request).await
    };
    assert_eq!(set("a || '!'", Some("k >= 2")).await.unwrap(), 2);
    assert_eq!(store.rows("SELECT k, a FROM t ORDER BY k").await, ["1|one", "2|two!"]);
    assert_eq!(set("'x'", Some("a = 'three!'")).await.unwrap(), 1, "without rows");
    assert_eq!(set("NULL", Some("k = 1")).await.unwrap(), 1);
    assert_eq!(store.rows("SELECT k, a FROM t ORDER BY k").await, ["1|NULL", "2|two!"]);
    assert_eq!(set("'x'", Some("k = 99")).await.unwrap(), 0);
    assert_eq!(set("'x'", Some("v = 1")).await.unwrap_err().code(), Code::ColumnNotFound);

    let context = store.request("SELECT 1");
    let of = |name: &str| vec![(table.column_named(name).unwrap().id, expression("1"))];
    let request = AttributesRequest { table: table.id, assignments: of("v"), filter: None };
    let error = store.set_attributes(&store.root, &context, request).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidStatement);
    let request = UpdateRequest { table: table.id, assignments: of("v"), filter: None };
    assert_eq!(store.update(&store.root, &context, request).await.unwrap_err().code(), Code::Unsupported);
    // What a write sets is seen too, and the last word counts.
    let mut rows = batch(&table, WriteKind::Replace, &["k", "a"], &[vec![int(2), text("again")]]);
    rows.attributes = AttributePolicy::Set;
    store.write(&store.root, rows).await.unwrap();
    assert_eq!(store.rows("SELECT a FROM t WHERE k = 2").await, ["again"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_in_segments_change_like_rows_in_memory() {
    let store = filled(&[("u", &["a"])], 3).await;
    store.storage().flush().await.unwrap();
    assert_eq!(update(&store, &[("id", "id + 1"), ("a", "a + 10")], None).await.unwrap(), 3);
    store.storage().flush().await.unwrap();
    assert_eq!(store.rows("SELECT id, a FROM t ORDER BY id").await, ["2|20", "3|30", "4|40"]);
    assert_eq!(update(&store, &[("a", "40")], Some("id = 2")).await.unwrap_err().code(), Code::DuplicateKey);
    let table = store.table("t");
    let insert = async |kind, id, a| {
        let rows = batch(&table, kind, &["id", "a"], &[vec![int(id), int(a)]]);
        store.write(&store.root, rows).await.map(|outcome| outcome.accepted).map_err(|error| error.code())
    };
    assert_eq!(insert(WriteKind::FailOnDuplicate, 5, 30).await, Err(Code::DuplicateKey));
    assert_eq!(insert(WriteKind::FailOnDuplicate, 2, 1).await, Err(Code::DuplicateKey));
    assert_eq!(insert(WriteKind::KeepFirst, 5, 30).await, Ok(0));
    assert_eq!(insert(WriteKind::FailOnDuplicate, 1, 10).await, Ok(1));
    assert_eq!(insert(WriteKind::Replace, 3, 33).await, Ok(1));
    assert_eq!(insert(WriteKind::FailOnDuplicate, 5, 30).await, Ok(1));
    let store = store.after_crash(0).await;
    assert_eq!(store.rows("SELECT id, a FROM t ORDER BY id").await, ["1|10", "2|20", "3|33", "4|40", "5|30"]);
}
