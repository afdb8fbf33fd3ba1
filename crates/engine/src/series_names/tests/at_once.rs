//! Two at once: each test holds one of them at a point of its way and lets the other go on.

use super::*;
use futures::poll;
use model::{ErrorKind, KeySelection, RangeDelete, TimeBounds, WritePart, WriteRequest, key_hash};
use std::sync::Arc;
use tokio::task::{JoinHandle, yield_now};

/// The path of the log's files, and of the catalogue's.
const LOG: &str = "log/";
const CATALOG: &str = "catalog.redb";
/// So often a task is let run that waits for nothing but its turn to run.
const TURNS: usize = 200;

type Outcome = JoinHandle<Result<()>>;

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        yield_now().await;
    }
}

/// Lets the tasks of this thread go on until each of them waits for another thread.
async fn let_go_on() {
    for _ in 0..TURNS {
        yield_now().await;
    }
}

fn spawn_write(store: &TestStore, batch: WriteBatch) -> Outcome {
    let (engine, root) = (store.engine.clone(), store.root.clone());
    tokio::spawn(async move { engine.write(&root, batch).await.map(drop) })
}

fn spawn_create(store: &TestStore, name: &str) -> Outcome {
    let (engine, root) = (store.engine.clone(), store.root.clone());
    let new = NewTable { database: store.database(), ..series(name) };
    tokio::spawn(async move { engine.create_table(&root, new).await.map(drop) })
}

fn spawn_rename(store: &TestStore, table: &Table, name: &str) -> Outcome {
    let (engine, root, id) = (store.engine.clone(), store.root.clone(), table.id);
    let rename = Alteration::Rename(name.to_owned());
    tokio::spawn(async move { engine.alter_table(&root, id, rename).await.map(drop) })
}

async fn code(outcome: Outcome) -> Code {
    outcome.await.unwrap().unwrap_err().code()
}

async fn two_tables() -> (Arc<TestStore>, Arc<Table>, Arc<Table>) {
    let store = TestStore::new().await;
    let (one, two) = (store.create(of_names("one")).await, store.create(of_names("two")).await);
    (Arc::new(store), one, two)
}

/// What a DELETE that ends a series hands over, which holds the table's statement lock.
fn end_of(table: &Table, name: &str) -> WriteRequest {
    let key = encode_key(&[(Value::Text(name.to_owned()), DataType::Text(None))]).unwrap();
    let keys = KeySelection::Hashes([key_hash(&key.0)].into());
    let delete = RangeDelete { table: table.id, keys, time: TimeBounds::ALL, drop_series: true };
    WriteRequest { parts: vec![WritePart::Delete(delete)] }
}

#[tokio::test]
async fn makers_of_different_names_share_a_sync() {
    let (store, one, two) = two_tables().await;
    store.files.hold_syncs(Some(LOG));
    let first = spawn_write(&store, row(&one, "first"));
    until(|| store.files.held_syncs() == 1).await;
    let makers = [spawn_write(&store, row(&one, "a")), spawn_write(&store, row(&two, "b"))];
    let_go_on().await;
    assert_eq!((store.parts.names.held(), store.parts.names.waiting()), (3, 0), "both are on their way");
    store.files.pass_sync();
    first.await.unwrap().unwrap();
    store.files.pass_sync();
    for maker in makers {
        // Both are in the group of that sync: another one would be held.
        until(|| maker.is_finished() || store.files.held_syncs() > 0).await;
        assert_eq!(store.files.held_syncs(), 0, "each has a sync of its own");
        maker.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn of_makers_of_one_name_those_of_one_table_share_a_sync_and_others_are_refused() {
    let (store, one, two) = two_tables().await;
    store.files.hold_syncs(Some(LOG));
    let first = spawn_write(&store, row(&one, "child"));
    until(|| store.files.held_syncs() == 1).await;
    let second = spawn_write(&store, row(&two, "child"));
    let_go_on().await;
    assert_eq!(store.parts.names.waiting(), 1);
    let third = spawn_write(&store, row(&one, "child"));
    let_go_on().await;
    assert_eq!(store.parts.names.waiting(), 1, "the same series is made once");
    assert!(!second.is_finished(), "what it waits for may yet fail");
    store.files.hold_syncs(None);
    first.await.unwrap().unwrap();
    third.await.unwrap().unwrap();
    let error = second.await.unwrap().unwrap_err();
    assert_eq!(*error.kind, ErrorKind::TableExists { table: "child".to_owned() });
    assert_eq!(owners(&store, "child"), ["one"]);
    assert_eq!(store.parts.names.held(), 0);
}

#[tokio::test]
async fn a_name_whose_maker_fails_is_free_for_the_next() {
    let (store, one, two) = two_tables().await;
    store.files.hold_syncs(Some(LOG));
    let first = spawn_write(&store, row(&one, "first"));
    until(|| store.files.held_syncs() == 1).await;
    let makers = [spawn_write(&store, row(&one, "child")), spawn_write(&store, row(&two, "child"))];
    let_go_on().await;
    assert_eq!(store.parts.names.waiting(), 1);
    store.files.set_full(true);
    store.files.hold_syncs(None);
    first.await.unwrap().unwrap();
    let [failing, waiting] = makers;
    assert_eq!(code(failing).await, Code::DiskFull);
    // Whether there is room yet when its turn comes is open.
    store.files.set_full(false);
    match waiting.await.unwrap() {
        Ok(()) => assert_eq!(owners(&store, "child"), ["two"]),
        Err(error) => assert_eq!((error.code(), owners(&store, "child").len()), (Code::DiskFull, 0)),
    }
    store.write(&store.root, row(&two, "child")).await.unwrap();
    assert_eq!(owners(&store, "child"), ["two"]);
    assert_eq!(store.parts.names.held(), 0);
}

#[tokio::test]
async fn a_series_that_was_dropped_before_its_row_came_is_made_only_if_its_name_is_free() {
    let (store, one, two) = two_tables().await;
    let existing = std::collections::HashSet::from(["child".to_owned()]);
    let must_exist =
        |table: &Table| vec![crate::SeriesWrite { batch: row(table, "child"), existing: existing.clone() }];
    for made_again in [true, false] {
        store.write(&store.root, row(&one, "child")).await.unwrap();
        let held = store.parts.statement_locks.alone(one.id).await;
        // Both have looked at everything that is looked at without the lock.
        let mut late = Box::pin(store.write(&store.root, row(&one, "child")));
        let mut late_existing = Box::pin(store.write_all(&store.root, must_exist(&one)));
        assert!(poll!(late.as_mut()).is_pending() && poll!(late_existing.as_mut()).is_pending());
        store.hand_over(held, end_of(&one, "child")).await.unwrap();
        if made_again {
            store.write(&store.root, row(&two, "child")).await.unwrap();
        }
        let missing = ErrorKind::TableNotFound { table: "child".to_owned() };
        assert_eq!(*late_existing.await.unwrap_err().kind, missing);
        let late = late.await;
        if made_again {
            assert_eq!(*late.unwrap_err().kind, ErrorKind::TableExists { table: "child".to_owned() });
            assert_eq!(owners(&store, "child"), ["two"]);
            drop_series(&store, &two, "child").await.unwrap();
        } else {
            late.unwrap();
            assert_eq!(owners(&store, "child"), ["one"]);
        }
    }
}

#[tokio::test]
async fn a_definition_waits_for_a_series_of_its_name_and_is_refused() {
    let (store, one, two) = two_tables().await;
    store.files.hold_syncs(Some(LOG));
    let maker = spawn_write(&store, rows(&one, &["a", "b"]));
    until(|| store.files.held_syncs() == 1).await;
    let definitions = [spawn_create(&store, "a"), spawn_rename(&store, &two, "b")];
    until(|| store.parts.names.waiting() == 2 || definitions.iter().any(JoinHandle::is_finished)).await;
    store.create(series("c")).await;
    store.files.hold_syncs(None);
    maker.await.unwrap().unwrap();
    for definition in definitions {
        assert_eq!(code(definition).await, Code::TableExists);
    }
    assert_eq!((owners(&store, "a"), owners(&store, "b")), (vec!["one".to_owned()], vec!["one".to_owned()]));
}

#[tokio::test]
async fn a_series_waits_for_a_definition_of_its_name_and_is_refused() {
    // Whoever asked for the table may be gone before it is known whether it was made.
    for (renames, leaves) in [(false, false), (false, true), (true, false), (true, true)] {
        let (store, one, two) = two_tables().await;
        let turn = store.parts.catalog_turn.lock().await;
        let definition = if renames { spawn_rename(&store, &two, "x") } else { spawn_create(&store, "x") };
        until(|| store.parts.names.held() == 1 || definition.is_finished()).await;
        store.files.hold_syncs(Some(CATALOG));
        drop(turn);
        until(|| store.files.held_syncs() == 1).await;
        if leaves {
            definition.abort();
        }
        let maker = spawn_write(&store, row(&one, "x"));
        until(|| store.parts.names.waiting() == 1 || maker.is_finished()).await;
        store.files.hold_syncs(None);
        assert_eq!(code(maker).await, Code::TableExists, "renames: {renames}, leaves: {leaves}");
        assert_eq!(definition.await.is_ok(), !leaves);
        assert_eq!(owners(&store, "x"), ["table"], "renames: {renames}, leaves: {leaves}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_takes_the_name_of_a_dropped_series_once_no_crash_can_give_it_back() {
    for renames in [false, true] {
        let (store, one, two) = two_tables().await;
        store.write(&store.root, row(&one, "child")).await.unwrap();
        store.files.hold_syncs(Some(LOG));
        let dropping = {
            let (store, one) = (Arc::clone(&store), Arc::clone(&one));
            tokio::spawn(async move { drop_series(&store, &one, "child").await })
        };
        // Ended in memory, and not yet on disk.
        until(|| !has(&store, &one, "child")).await;
        let definition = if renames { spawn_rename(&store, &two, "child") } else { spawn_create(&store, "child") };
        until(|| store.parts.names.held() == 1 || definition.is_finished()).await;
        for n in 0..20 {
            // Others change the catalogue meanwhile.
            store.set_setting(&store.root, "key", Some(n.to_string())).await.unwrap();
        }
        assert!(!definition.is_finished());
        for seed in [0, 1, 2, u64::MAX] {
            let after = store.if_power_was_cut(seed).await;
            let owners = owners(&after, "child");
            assert!(owners.is_empty() || owners == ["one"], "seed {seed}: {owners:?}");
        }
        store.files.hold_syncs(None);
        dropping.await.unwrap().unwrap();
        definition.await.unwrap().unwrap();
        for seed in [0, u64::MAX] {
            assert_eq!(owners(&store.if_power_was_cut(seed).await, "child"), ["table"]);
        }
    }
}
