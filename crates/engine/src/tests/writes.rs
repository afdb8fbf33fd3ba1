//! Writing: defaults, NOT NULL, keys, unique sets, and many writers at once.

use crate::test_store::{ABSENT, NULL, TestStore, at_ms, batch, float, int, keyed, new_column, series, text};
use crate::{NewColumn, NewTable, PRIMARY_KEY};
use model::{
    AttributePolicy, Code, ColumnDefault, ColumnRole, DataType, DefaultValue, Error, ErrorKind, TextLength, TimeUnit,
    Value, WriteKind, WriteOutcome,
};
use std::collections::BTreeSet;
use std::sync::Arc;

fn with_default(name: &str, data_type: DataType, value: DefaultValue) -> NewColumn {
    let default = Some(ColumnDefault { value, text: String::new() });
    NewColumn { default, ..new_column(name, ColumnRole::Field, data_type) }
}

fn never_null(column: &mut NewColumn) {
    column.nullable = false;
}

fn duplicate(error: Error) -> (String, Vec<String>, Vec<String>) {
    match *error.kind {
        ErrorKind::DuplicateKey { constraint, columns, values } => (constraint, columns, values),
        other => panic!("{other:?}"),
    }
}

fn named(constraint: &str, columns: &[&str], values: &[&str]) -> (String, Vec<String>, Vec<String>) {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    (constraint.to_owned(), owned(columns), owned(values))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_batch_leaves_out_is_filled() {
    let store = TestStore::new().await;
    let mut new = keyed("t", &[]);
    new.key.clear();
    new.columns.remove(0);
    new.columns.extend([
        with_default("n", DataType::Int16, DefaultValue::Constant(Value::Integer(7))),
        with_default("at", DataType::Instant(TimeUnit::Millisecond), DefaultValue::Now),
        with_default("day", DataType::Date, DefaultValue::Now),
        with_default("u", DataType::Uuid, DefaultValue::RandomUuid),
    ]);
    let table = store.create(new).await;
    let rows = vec![vec![int(1), ABSENT], vec![int(2), NULL], vec![int(3), int(9)]];
    let outcome = store.write(&store.root, batch(&table, WriteKind::FailOnDuplicate, &["a", "n"], &rows)).await;
    assert_eq!(outcome.unwrap(), WriteOutcome { accepted: 3, discarded: 0 });
    assert_eq!(store.rows("SELECT a, b, n FROM t ORDER BY a").await, ["1|NULL|7", "2|NULL|NULL", "3|NULL|9"]);
    let when = store.rows("SELECT DISTINCT at, day FROM t").await;
    let [when] = &when[..] else { panic!("one statement, one time: {when:?}") };
    assert!(when.starts_with("2023-11-14T22:13:20") && when.ends_with("|2023-11-14"), "{when}");
    assert_eq!(store.rows("SELECT count(DISTINCT u), count(DISTINCT rowid) FROM t").await, ["3|3"]);
    assert_eq!(store.rows("SELECT * FROM t LIMIT 1").await[0].matches('|').count(), 5, "* leaves rowid out");
    for uuid in store.rows("SELECT u FROM t").await {
        assert_eq!((uuid.len(), &uuid[12..13]), (32, "4"), "{uuid}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merging_write_leaves_absent_cells_alone() {
    let store = TestStore::new().await;
    let mut new = series("t");
    new.columns.push(with_default("d", DataType::Int32, DefaultValue::Constant(Value::Integer(5))));
    let table = store.create(new).await;
    let write = async |kind, columns: &[&str], row| {
        store.write(&store.root, batch(&table, kind, columns, &[row])).await.unwrap();
    };
    write(WriteKind::Replace, &["ts", "k", "v"], vec![at_ms(1), int(1), float(1.0)]).await;
    assert_eq!(store.rows("SELECT v, d FROM t").await, ["1.0|5"]);
    write(WriteKind::Merge, &["ts", "k", "d"], vec![at_ms(1), int(1), int(6)]).await;
    write(WriteKind::Merge, &["ts", "k", "v", "d"], vec![at_ms(1), int(1), float(2.0), ABSENT]).await;
    assert_eq!(store.rows("SELECT v, d FROM t").await, ["2.0|6"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_null_is_never_null() {
    let store = TestStore::new().await;
    let mut new = series("s");
    new.columns.iter_mut().for_each(never_null);
    let series = store.create(new).await;
    let mut new = keyed("t", &[]);
    new.columns.iter_mut().for_each(never_null);
    let keyed = store.create(new).await;
    let null_of = |column: &str| ErrorKind::NullValue { column: column.to_owned() };
    let no_key = ErrorKind::KeyMissing { columns: vec!["k".to_owned()] };
    let cases = vec![
        (&series, vec!["ts", "v"], vec![at_ms(1), float(1.0)], no_key),
        (&series, vec!["ts", "v", "k"], vec![at_ms(1), float(1.0), NULL], null_of("k")),
        (&series, vec!["ts", "v", "k"], vec![NULL, float(1.0), int(1)], null_of("ts")),
        (&series, vec!["v", "k"], vec![float(1.0), int(1)], null_of("ts")),
        (&series, vec!["ts", "k"], vec![at_ms(1), int(1)], null_of("v")),
        (&series, vec!["ts", "v", "k"], vec![at_ms(1), ABSENT, int(1)], null_of("v")),
        (&series, vec!["ts", "v", "k", "a"], vec![at_ms(1), float(1.0), int(1), NULL], null_of("a")),
        (&series, vec!["k"], vec![int(1)], null_of("a")),
        (&keyed, vec!["a", "b"], vec![int(1), text("x")], null_of("id")),
        (&keyed, vec!["id", "a"], vec![int(1), int(1)], null_of("b")),
        (&keyed, vec!["id", "a", "b"], vec![int(1), NULL, text("x")], null_of("a")),
    ];
    for (table, columns, row, expected) in cases {
        let rows = batch(table, WriteKind::KeepFirst, &columns, &[row]);
        let error = store.write(&store.root, rows).await.unwrap_err();
        assert_eq!(*error.kind, expected, "{columns:?}");
    }
    // A row of a series that names no attribute says nothing about them.
    let row = batch(&series, WriteKind::Replace, &["ts", "v", "k"], &[vec![at_ms(1), float(1.0), int(1)]]);
    store.write(&store.root, row).await.unwrap();
    assert_eq!(store.rows("SELECT count(*) FROM s").await, ["1"]);
    assert_eq!(store.rows("SELECT count(*) FROM t").await, ["0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_are_named_by_rule_columns_and_values() {
    let store = TestStore::new().await;
    let table = store.create(keyed("t", &[("t_a_b_key", &["a", "b"])])).await;
    let insert =
        async |kind, rows: &[Vec<_>]| store.write(&store.root, batch(&table, kind, &["id", "a", "b"], rows)).await;
    let fail = WriteKind::FailOnDuplicate;
    insert(fail, &[vec![int(1), int(10), text("x")], vec![int(2), int(10), NULL]]).await.unwrap();
    let error = insert(fail, &[vec![int(5), int(5), NULL], vec![int(1), int(6), NULL]]).await.unwrap_err();
    assert_eq!(duplicate(error), named(PRIMARY_KEY, &["id"], &["1"]));
    let error = insert(fail, &[vec![int(5), int(10), text("x")]]).await.unwrap_err();
    assert_eq!(duplicate(error), named("t_a_b_key", &["a", "b"], &["10", "x"]));
    let error = insert(fail, &[vec![int(5), int(5), text("y")], vec![int(6), int(5), text("y")]]).await.unwrap_err();
    assert_eq!(duplicate(error), named("t_a_b_key", &["a", "b"], &["5", "y"]));
    // NULL is equal to nothing, and a refused statement wrote nothing.
    insert(fail, &[vec![int(3), int(10), NULL]]).await.unwrap();
    assert_eq!(store.rows("SELECT id FROM t ORDER BY id").await, ["1", "2", "3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_first_and_replace_know_unique_sets() {
    let store = TestStore::new().await;
    let table = store.create(keyed("t", &[("u", &["a"])])).await;
    let insert =
        async |kind, rows: &[Vec<_>]| store.write(&store.root, batch(&table, kind, &["id", "a", "b"], rows)).await;
    insert(WriteKind::FailOnDuplicate, &[vec![int(1), int(10), text("first")]]).await.unwrap();
    let rows = [
        vec![int(1), int(11), text("same key")],
        vec![int(2), int(10), text("same a")],
        vec![int(3), int(30), text("new")],
        vec![int(4), int(30), text("a as before it")],
        vec![int(5), NULL, text("no a")],
    ];
    let outcome = insert(WriteKind::KeepFirst, &rows).await.unwrap();
    assert_eq!(outcome, WriteOutcome { accepted: 2, discarded: 3 });
    assert_eq!(store.rows("SELECT * FROM t ORDER BY id").await, ["1|10|first", "3|30|new", "5|NULL|no a"]);

    // Replacing frees what the older row had, and takes the last of several.
    let rows = [vec![int(1), int(12), text("lost")], vec![int(1), int(11), text("second")]];
    insert(WriteKind::Replace, &rows).await.unwrap();
    insert(WriteKind::FailOnDuplicate, &[vec![int(6), int(10), NULL], vec![int(7), int(12), NULL]]).await.unwrap();
    let error = insert(WriteKind::FailOnDuplicate, &[vec![int(8), int(11), NULL]]).await.unwrap_err();
    assert_eq!(duplicate(error), named("u", &["a"], &["11"]));
    let error = insert(WriteKind::Replace, &[vec![int(1), int(30), NULL]]).await.unwrap_err();
    assert_eq!(duplicate(error), named("u", &["a"], &["30"]));

    let erase = batch(&table, WriteKind::Erase, &["id"], &[vec![int(1)], vec![int(99)]]);
    store.write(&store.root, erase).await.unwrap();
    insert(WriteKind::FailOnDuplicate, &[vec![int(9), int(11), NULL]]).await.unwrap();
    assert_eq!(store.rows("SELECT id, a FROM t ORDER BY id").await, ["3|30", "5|NULL", "6|10", "7|12", "9|11"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_that_insert_one_key_exactly_one_wins() {
    let store = Arc::new(TestStore::new().await);
    let table = store.create(keyed("t", &[("u", &["a"])])).await;
    for round in 0..5 {
        let writers: Vec<_> = (0..16)
            .map(|n| {
                let (store, table) = (Arc::clone(&store), Arc::clone(&table));
                tokio::spawn(async move {
                    // Even ones want one key, odd ones one value of the unique set.
                    let id = if n % 2 == 0 { round * 100 } else { round * 100 + n };
                    let a = if n % 2 == 0 { round * 100 + n } else { round * 100 };
                    let kind = if n % 4 < 2 { WriteKind::FailOnDuplicate } else { WriteKind::KeepFirst };
                    store.write(&store.root, batch(&table, kind, &["id", "a"], &[vec![int(id), int(a)]])).await
                })
            })
            .collect();
        let mut accepted = 0;
        for writer in writers {
            match writer.await.unwrap() {
                Ok(outcome) => accepted += outcome.accepted,
                Err(error) => assert_eq!(error.code(), Code::DuplicateKey),
            }
        }
        let stored = store.rows(&format!("SELECT id, a FROM t WHERE id >= {}", round * 100)).await;
        assert_eq!(stored.len() as u64, accepted);
        let distinct = |at: usize| stored.iter().map(|row| row.split('|').nth(at).unwrap()).collect::<BTreeSet<_>>();
        assert_eq!((distinct(0).len(), distinct(1).len()), (stored.len(), stored.len()), "{stored:?}");
        assert!((1..=2).contains(&accepted), "one row has the key, one the value, or one both: {stored:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn generated_row_ids_never_meet() {
    let store = Arc::new(TestStore::new().await);
    let mut new = keyed("t", &[]);
    new.key.clear();
    new.columns.remove(0);
    let table = store.create(new).await;
    let writers: Vec<_> = (0..8)
        .map(|_| {
            let (store, table) = (Arc::clone(&store), Arc::clone(&table));
            tokio::spawn(async move {
                for _ in 0..10 {
                    let rows = vec![vec![int(1)]; 50];
                    store.write(&store.root, batch(&table, WriteKind::FailOnDuplicate, &["a"], &rows)).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(store.rows("SELECT count(*), count(DISTINCT rowid) FROM t").await, ["4000|4000"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_another_shape_is_refused() {
    let store = TestStore::new().await;
    let table = store.create(keyed("t", &[])).await;
    let good = batch(&table, WriteKind::FailOnDuplicate, &["id", "a"], &[vec![int(1), int(1)]]);
    let mut twice = good.clone();
    twice.columns.push(twice.columns[1].clone());
    assert_eq!(store.write(&store.root, twice).await.unwrap_err().code(), Code::DuplicateAssignment);
    let mut other_type = good.clone();
    other_type.columns[1].1 = good.columns[0].1.clone();
    assert_eq!(store.write(&store.root, other_type).await.unwrap_err().code(), Code::Internal);
    let mut more_rows = good.clone();
    more_rows.rows = 2;
    assert_eq!(store.write(&store.root, more_rows).await.unwrap_err().code(), Code::Internal);
    let none = batch(&table, WriteKind::FailOnDuplicate, &["a"], &[]);
    assert_eq!(store.write(&store.root, none).await.unwrap(), WriteOutcome::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_found_by_their_exact_names() {
    let store = TestStore::new().await;
    let table = store.create(NewTable { name: "Odd.Name".to_owned(), ..series("x") }).await;
    let mut rows =
        batch(&table, WriteKind::Replace, &["ts", "k", "v", "a"], &[vec![at_ms(1), int(1), float(1.0), text("x")]]);
    rows.attributes = AttributePolicy::Set;
    store.write(&store.root, rows).await.unwrap();
    assert_eq!(store.rows("SELECT a FROM \"Odd.Name\"").await, ["x"]);
    assert_eq!(store.rows("SELECT x.a FROM defaultdb.\"Odd.Name\" x").await, ["x"]);
    for (sql, code, text) in [
        ("SELECT * FROM \"odd.name\"", Code::TableNotFound, "table \"odd.name\" does not exist"),
        ("SELECT * FROM defaultdb.x", Code::TableNotFound, "table \"defaultdb.x\" does not exist"),
        ("SELECT * FROM nodb.x", Code::DatabaseNotFound, "database \"nodb\" does not exist"),
    ] {
        let error = store.rows_as(&store.root, sql).await.unwrap_err();
        assert_eq!(error.code(), code, "{sql}");
        assert!(error.to_string().starts_with(text), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_value_is_longer_than_its_column_declares() {
    let store = TestStore::new().await;
    let mut new = series("t");
    new.columns.extend([
        new_column("b", ColumnRole::Field, DataType::Text(Some(TextLength::bytes(5)))),
        new_column("c", ColumnRole::Attribute, DataType::Text(Some(TextLength::characters(3)))),
        new_column("d", ColumnRole::Field, DataType::Binary(Some(4))),
        new_column("l", ColumnRole::Key, DataType::Text(Some(TextLength::bytes(2)))),
    ]);
    new.key.push("l".to_owned());
    let table = store.create(new).await;
    let columns = ["ts", "k", "l", "b", "c", "d"];
    let row = |l: &str, b: &str, c: &str, d: &[u8]| {
        vec![at_ms(1), int(1), text(l), text(b), text(c), Some(Value::Binary(d.to_vec()))]
    };
    let fits = row("ab", "abcde", "äöü", b"1234");
    for (long, column) in [
        (row("abc", "", "", b""), "l"),
        (row("", "äöü", "", b""), "b"),
        (row("", "", "abcd", b""), "c"),
        (row("", "", "", b"12345"), "d"),
    ] {
        for kind in [WriteKind::Replace, WriteKind::Merge, WriteKind::KeepFirst] {
            let rows = [fits.clone(), long.clone()];
            let error = store.write(&store.root, batch(&table, kind, &columns, &rows)).await.unwrap_err();
            let ErrorKind::ValueTooLong { place: Some(place), .. } = *error.kind else { panic!("{column}: {error}") };
            assert_eq!((place.column.as_str(), place.row), (column, Some(2)));
        }
    }
    assert!(store.rows("SELECT * FROM t").await.is_empty());
    store.write(&store.root, batch(&table, WriteKind::Merge, &columns, &[fits])).await.unwrap();
    assert_eq!(store.rows("SELECT b, c FROM t").await, ["abcde|äöü"]);
    let erase = batch(&table, WriteKind::Erase, &["ts", "k", "l"], &[vec![at_ms(1), int(1), text("too long")]]);
    store.write(&store.root, erase).await.unwrap();
}
