//! What was acknowledged is there after a crash that loses all that was not synced.

use crate::test_store::{TestStore, at_ms, batch, expression, float, int, keyed, series, text};
use crate::{Alteration, DeleteRequest, NewUser, UpdateRequest};
use model::{Code, Grant, Privilege, Privileges, Scope, WriteKind};

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_keeps_everything() {
    let store = TestStore::new().await;
    let version = store.catalog().version;
    let meters = store.create(series("meters")).await;
    let people = store.create(keyed("people", &[("u", &["a"])])).await;
    let mut new = keyed("notes", &[]);
    new.key.clear();
    new.columns.remove(0);
    let notes = store.create(new).await;

    let rows: Vec<_> = (1..100).map(|n| vec![at_ms(n), float(n as f64), int(n as i128 % 5), text("x")]).collect();
    store.write(&store.root, batch(&meters, WriteKind::Replace, &["ts", "v", "k", "a"], &rows)).await.unwrap();
    let rows: Vec<_> = (1..=10).map(|n| vec![int(n), int(n * 10)]).collect();
    store.write(&store.root, batch(&people, WriteKind::FailOnDuplicate, &["id", "a"], &rows)).await.unwrap();
    let note = |text_of: &str| batch(&notes, WriteKind::FailOnDuplicate, &["b"], &[vec![text(text_of)]]);
    store.write(&store.root, note("before")).await.unwrap();
    let context = store.request("SELECT 1");
    let assignments = vec![(people.key[0], expression("id + 1"))];
    let update = UpdateRequest { table: people.id, assignments, filter: None };
    assert_eq!(store.update(&store.root, &context, update).await.unwrap(), 10);
    let delete = DeleteRequest { table: meters.id, filter: Some(expression("k = 0")), drop_series: true };
    store.delete(&store.root, &context, delete).await.unwrap();
    store.alter_table(&store.root, meters.id, Alteration::Rename("readings".to_owned())).await.unwrap();
    let user = NewUser::user("u", Some("secret"));
    let user = store.create_user(&store.root, user).await.unwrap();
    let privileges = [Privilege::Select].into_iter().collect();
    let grant = Grant { grantee: user, scope: Scope::Table(people.id), privileges, grantable: Privileges::NONE };
    store.grant(&store.root, grant).await.unwrap();
    store.set_setting(&store.root, "key", Some("value".to_owned())).await.unwrap();

    let questions = [
        "SELECT k, count(*), sum(v), min(a) FROM readings GROUP BY k ORDER BY k",
        "SELECT id, a FROM people ORDER BY id",
        "SELECT rowid, b FROM notes",
    ];
    let mut before = Vec::new();
    for question in questions {
        before.push(store.rows(question).await);
    }
    assert_eq!(before[0].len(), 4);
    assert_eq!(before[1][0], "2|10");

    let ids = (store.root.user, store.admin_role(), store.database());
    let mut store = store;
    for seed in 0..3 {
        store = store.after_crash(seed).await;
        assert_eq!((store.root.user, store.admin_role(), store.database()), ids, "made once");
        assert!(store.catalog().version > version);
        for (question, before) in questions.iter().zip(&before) {
            assert_eq!(store.rows(question).await, *before, "{question}");
        }
        let caller = store.log_in("u", "secret").await.unwrap();
        store.rows_as(&caller, "SELECT * FROM people").await.unwrap();
        assert_eq!(store.rows_as(&caller, "SELECT * FROM notes").await.unwrap_err().code(), Code::PermissionDenied);
        assert_eq!(store.catalog().setting("key"), Some("value"));
        let taken = batch(&people, WriteKind::FailOnDuplicate, &["id", "a"], &[vec![int(99), int(10)]]);
        assert_eq!(store.write(&store.root, taken).await.unwrap_err().code(), Code::DuplicateKey);
    }
    // The test's clock began anew, and generated ids still lie above those of before.
    store.write(&store.root, note("after")).await.unwrap();
    assert_eq!(store.rows("SELECT b FROM notes ORDER BY rowid").await, ["before", "after"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn generated_ids_ascend_over_a_restart_with_a_clock_that_went_back() {
    let store = TestStore::new().await;
    let mut new = keyed("notes", &[]);
    new.key.clear();
    new.columns.remove(0);
    let notes = store.create(new).await;
    let note = |text_of: &str| batch(&notes, WriteKind::FailOnDuplicate, &["b"], &[vec![text(text_of)]]);
    store.clock.go_on(3_600_000_000);
    store.write(&store.root, note("before")).await.unwrap();
    let store = store.after_crash(0).await;
    store.write(&store.root, note("after")).await.unwrap();
    assert_eq!(store.rows("SELECT b FROM notes ORDER BY rowid").await, ["before", "after"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_store_refuses_writes() {
    let store = TestStore::new().await;
    let table = store.create(keyed("t", &[])).await;
    let row = |id| batch(&table, WriteKind::FailOnDuplicate, &["id"], &[vec![int(id)]]);
    store.write(&store.root, row(1)).await.unwrap();
    store.close().await.unwrap();
    let error = store.write(&store.root, row(2)).await.unwrap_err();
    assert_eq!(error.code(), Code::ShuttingDown);
    let store = store.after_crash(0).await;
    assert_eq!(store.rows("SELECT id FROM t").await, ["1"]);
}
