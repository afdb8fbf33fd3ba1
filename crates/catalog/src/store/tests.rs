use super::RedbCatalog;
use crate::sample::{database, grant, hidden, manifest, membership, put, table, user, with_unique};
use crate::{Catalog, CatalogStore, Change, CommitError, TableManifest};
use files::ForgetfulFiles;
use model::{DatabaseId, ErrorKind, Result, Scope, Sequence, TableId, UserId};
use proptest::prelude::*;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

mod crash;
mod export;
mod format;

fn open(files: &ForgetfulFiles) -> Result<RedbCatalog> {
    RedbCatalog::open(Arc::new(files.clone()))
}

/// Runs what does not wait: outside a runtime a free writer works at once.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

fn commit(store: &RedbCatalog, changes: Vec<Change>) -> Result<u64, CommitError> {
    now(store.commit(None, changes))
}

/// Commits that between them make every kind of change.
fn script() -> Vec<Vec<Change>> {
    vec![
        vec![Change::PutDatabase(database(1, "one")), Change::PutDatabase(database(2, "two"))],
        vec![put(table(11, 1, "a")), put(hidden(table(13, 1, "b"))), put(with_unique(table(12, 1, "b"), 13))],
        vec![Change::PutUser(user(31, "ann")), Change::PutUser(user(32, "bob")), Change::PutUser(user(33, "all"))],
        vec![
            Change::PutGrant(grant(31, Scope::All)),
            Change::PutGrant(grant(32, Scope::Database(DatabaseId(1)))),
            Change::PutGrant(grant(32, Scope::Table(TableId(11)))),
            Change::PutMembership(membership(33, 31)),
            Change::PutMembership(membership(33, 32)),
        ],
        vec![Change::PutManifest(TableId(11), manifest(5)), Change::PutSequence(Sequence(5))],
        vec![
            Change::PutSetting("wal.sync".to_owned(), Some("always".to_owned())),
            Change::PutSetting("other".to_owned(), Some(String::new())),
        ],
        vec![put(table(21, 2, "a")), Change::PutDatabase(database(2, "second")), put(table(11, 1, "renamed"))],
        vec![Change::RemoveGrant(UserId(31), Scope::All), Change::PutSetting("other".to_owned(), None)],
        vec![Change::RemoveMembership { role: UserId(33), member: UserId(31) }, Change::DropUser(UserId(31))],
        vec![Change::DropTable(TableId(12)), Change::PutManifest(TableId(21), TableManifest::default())],
        vec![Change::ForgetDropped(vec![TableId(13)]), Change::PutSequence(Sequence(9))],
        vec![Change::BeginLogFile(7), Change::BeginLogFile(8)],
        vec![Change::TrimLog(8), Change::ForgetDropped(vec![TableId(12)])],
        vec![Change::DropDatabase(DatabaseId(1))],
    ]
}

/// The catalogue after none of the commits, after the first, and so on.
pub(super) fn states() -> Vec<Catalog> {
    let mut states = vec![Catalog::default()];
    for changes in script() {
        states.push(states[states.len() - 1].with(changes).unwrap());
    }
    states
}

#[test]
fn every_kind_of_change_is_found_again() {
    let files = ForgetfulFiles::new();
    assert_eq!(*open(&files).unwrap().snapshot(), Catalog::default());
    for (changes, expected) in script().into_iter().zip(&states()[1..]) {
        let store = open(&files).unwrap();
        assert_eq!(commit(&store, changes).unwrap(), expected.version);
        assert_eq!(*store.snapshot(), *expected);
        drop(store);
        assert_eq!(*open(&files).unwrap().snapshot(), *expected);
    }
}

#[test]
fn an_older_version_is_a_conflict() {
    let store = open(&ForgetfulFiles::new()).unwrap();
    assert_eq!(now(store.commit(Some(0), script().remove(0))).unwrap(), 1);
    let late = now(store.commit(Some(0), vec![Change::PutDatabase(database(3, "three"))]));
    assert!(matches!(late, Err(CommitError::Conflict)));
    assert!(store.snapshot().database_named("three").is_none());
    assert_eq!(now(store.commit(Some(1), vec![Change::PutDatabase(database(3, "three"))])).unwrap(), 2);
    assert_eq!(commit(&store, vec![Change::DropDatabase(DatabaseId(3))]).unwrap(), 3);
}

#[test]
fn a_refused_change_takes_the_whole_commit_with_it() {
    let files = ForgetfulFiles::new();
    let store = open(&files).unwrap();
    commit(&store, script().remove(0)).unwrap();
    let before = files.operations();
    let refused =
        commit(&store, vec![Change::PutDatabase(database(3, "three")), Change::PutDatabase(database(4, "one"))]);
    let Err(CommitError::Failed(error)) = refused else { panic!("{refused:?}") };
    assert_eq!(*error.kind, ErrorKind::DatabaseExists { database: "one".to_owned() });
    assert_eq!((store.snapshot().version, files.operations()), (1, before));
    assert_eq!(commit(&store, vec![Change::PutDatabase(database(3, "three"))]).unwrap(), 2);
}

#[test]
fn ids_are_taken_once() {
    let files = ForgetfulFiles::new();
    let store = open(&files).unwrap();
    let first = now(store.take_ids(3)).unwrap();
    let before = files.operations();
    let second = now(store.take_ids(900)).unwrap();
    assert_eq!(files.operations(), before, "from the block in memory");
    let third = now(store.take_ids(5_000)).unwrap();
    assert_eq!((first.end - first.start, second.end - second.start, third.end - third.start), (3, 900, 5_000));
    assert_eq!((first.end, second.end), (second.start, third.start));
    assert!(now(store.take_ids(0)).unwrap().is_empty());
    assert!(now(store.take_ids(u64::MAX)).is_err());
    assert_eq!(store.snapshot().version, 0);
    let after = open(&files.crash(0)).unwrap();
    assert!(now(after.take_ids(1)).unwrap().start >= third.end);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_of_many_tasks_come_one_after_the_other() {
    let files = ForgetfulFiles::new();
    let store = Arc::new(open(&files).unwrap());
    let tasks: Vec<_> = (0..20_u64)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let id = store.take_ids(1).await.unwrap().start;
                let name = format!("database {number}");
                store.commit(None, vec![Change::PutDatabase(database(id, &name))]).await.unwrap()
            })
        })
        .collect();
    let mut versions = Vec::new();
    for task in tasks {
        versions.push(task.await.unwrap());
    }
    versions.sort_unstable();
    assert_eq!(versions, (1..=20).collect::<Vec<_>>());
    assert_eq!(store.snapshot().databases().count(), 20);
    assert_eq!(*open(&files.crash(0)).unwrap().snapshot(), *store.snapshot());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_future_is_dropped_runs_to_its_end() {
    let files = ForgetfulFiles::new();
    let store = open(&files).unwrap();
    for number in 1..=20 {
        // Its turn comes at once: one that still waits for its turn has not begun.
        store.take_ids(0).await.unwrap();
        let begun = store.commit(None, vec![Change::PutDatabase(database(number, &number.to_string()))]);
        tokio::select! {
            biased;
            _ = begun => {}
            () = std::future::ready(()) => {}
        }
    }
    store.commit(None, vec![Change::PutSequence(Sequence(1))]).await.unwrap();
    assert_eq!(store.snapshot().version, 21);
    assert_eq!(store.snapshot().databases().count(), 20);
    assert_eq!(*open(&files.crash(0)).unwrap().snapshot(), *store.snapshot());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn disk_and_memory_are_equal(
        commits in prop::collection::vec(prop::collection::vec(crate::snapshot::any_change(), 1..4), 1..40),
    ) {
        let files = ForgetfulFiles::new();
        let store = open(&files).unwrap();
        for changes in commits {
            let before = store.snapshot();
            match before.with(changes.clone()) {
                Ok(expected) => {
                    commit(&store, changes).unwrap();
                    prop_assert_eq!(&*store.snapshot(), &expected);
                }
                Err(_) => prop_assert!(commit(&store, changes).is_err()),
            }
        }
        prop_assert_eq!(&*open(&files.crash(0)).unwrap().snapshot(), &*store.snapshot());
    }
}
