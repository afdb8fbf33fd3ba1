//! Power cuts, failed syncs, a full disk, and damage.

use super::{commit, now, open, script, states};
use crate::sample::{database, manifest, put, table};
use crate::{Catalog, CatalogStore, Change, CommitError, TableManifest};
use files::{Files, ForgetfulFiles};
use model::{Code, Error, ErrorKind, Sequence, TableId};
use std::path::Path;

/// Runs the script until it fails: how many commits were acknowledged, and the end of the ids that
/// were handed out.
fn run(files: &ForgetfulFiles) -> (usize, u64) {
    let (mut acknowledged, mut ids_end) = (0, 0);
    let Ok(store) = open(files) else { return (acknowledged, ids_end) };
    for (number, changes) in script().into_iter().enumerate() {
        if number % 4 == 0 {
            match now(store.take_ids(700)) {
                Ok(ids) => {
                    assert!(ids.start >= ids_end);
                    ids_end = ids.end;
                }
                Err(_) => break,
            }
        }
        if commit(&store, changes).is_err() {
            break;
        }
        acknowledged += 1;
    }
    (acknowledged, ids_end)
}

#[test]
fn every_crash_leaves_all_that_was_acknowledged() {
    let states = states();
    let whole = ForgetfulFiles::new();
    assert_eq!(run(&whole).0, script().len());
    for point in 0..=whole.operations() {
        let files = ForgetfulFiles::new();
        files.fail_at(point);
        let (acknowledged, ids_end) = run(&files);
        let possible = &states[acknowledged..states.len().min(acknowledged + 2)];
        for seed in [0, u64::MAX].into_iter().chain(point * 8 + 1..point * 8 + 9) {
            let place = format!("power cut at operation {point}, seed {seed}, {acknowledged} commits acknowledged");
            let after = files.crash(seed);
            let store = open(&after).unwrap_or_else(|error| panic!("{place}: {error}"));
            let found = store.snapshot();
            assert!(possible.contains(&found), "{place}: version {}", found.version);
            assert!(now(store.take_ids(1)).unwrap().start >= ids_end, "{place}");
            commit(&store, vec![Change::PutSequence(Sequence(99))]).unwrap();
            assert_eq!(open(&after.crash(0)).unwrap().snapshot().sequence(), Sequence(99), "{place}");
        }
    }
}

#[test]
fn a_crash_during_repair_loses_nothing() {
    let files = ForgetfulFiles::new();
    let (acknowledged, _) = run(&files);
    let expected = &states()[acknowledged];
    let torn = files.crash(0);
    let whole = torn.crash(0);
    drop(open(&whole).unwrap());
    for point in 0..whole.operations() {
        let again = torn.crash(0);
        again.fail_at(point);
        let _ = open(&again);
        for seed in [0, point, u64::MAX] {
            assert_eq!(*open(&again.crash(seed)).unwrap().snapshot(), *expected, "point {point}, seed {seed}");
        }
    }
}

#[test]
fn without_syncs_a_crash_would_lose_commits() {
    let files = ForgetfulFiles::new();
    files.ignore_syncs(true);
    assert_eq!(run(&files).0, script().len());
    assert_eq!(*open(&files.crash(0)).unwrap().snapshot(), Catalog::default());
}

fn failed(result: Result<u64, CommitError>) -> Error {
    match result {
        Err(CommitError::Failed(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn after_a_failed_sync_nothing_more_is_written() {
    let files = ForgetfulFiles::new();
    let store = open(&files).unwrap();
    commit(&store, script().remove(0)).unwrap();
    files.fail_next_sync("catalog.redb");
    let error = failed(commit(&store, vec![Change::PutDatabase(database(3, "three"))]));
    assert!(error.to_string().starts_with("sync catalog.redb: "), "{error}");
    assert_eq!(*store.snapshot(), states()[1]);
    let before = files.operations();
    let refusal = failed(commit(&store, vec![Change::PutDatabase(database(3, "three"))]));
    assert_eq!(*refusal.kind, ErrorKind::ReadOnly { reason: error.to_string() });
    assert_eq!(now(store.take_ids(1)).unwrap_err().code(), Code::ReadOnly);
    assert_eq!(files.operations(), before);
    for seed in 0..20 {
        assert_eq!(*open(&files.crash(seed)).unwrap().snapshot(), states()[1]);
    }
}

#[test]
fn a_full_disk_is_tried_again() {
    let files = ForgetfulFiles::new();
    let store = open(&files).unwrap();
    let large = TableManifest { segments: vec![manifest(1).segments[0].clone(); 20_000], ..TableManifest::default() };
    let changes = || vec![Change::PutManifest(TableId(11), large.clone())];
    commit(&store, vec![Change::PutDatabase(database(1, "one")), put(table(11, 1, "a"))]).unwrap();
    let before = store.snapshot();
    files.set_full(true);
    for _ in 0..3 {
        assert_eq!(failed(commit(&store, changes())).code(), Code::DiskFull);
        assert_eq!(*store.snapshot(), *before);
    }
    assert_eq!(*open(&files.crash(0)).unwrap().snapshot(), *before);
    files.set_full(false);
    assert_eq!(commit(&store, changes()).unwrap(), 2);
    assert_eq!(open(&files.crash(0)).unwrap().snapshot().manifest(TableId(11)).segments.len(), 20_000);
}

/// Flips bits of the header, all of them where it has no checksum, and of the pages.
fn damage(disk: &ForgetfulFiles, what: &str, expected: &Catalog) {
    let path = Path::new("catalog.redb");
    let file = disk.open(path).unwrap();
    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
    file.read_at(0, &mut bytes).unwrap();
    let used: Vec<u64> = (0..).zip(&bytes).filter(|(_, byte)| **byte != 0).map(|(at, _)| at).collect();
    let header = (0..64 * 8).chain((64..320).map(|byte| byte * 8 + byte % 8));
    let pages = used.iter().skip(320).step_by((used.len() / 300).max(1)).map(|byte| byte * 8 + byte % 8);
    let mut refused = 0;
    for bit in header.chain(pages) {
        let damaged = disk.crash(0);
        damaged.flip_bit(path, bit).unwrap();
        match open(&damaged) {
            Ok(store) => {
                let found = store.snapshot();
                assert_eq!(found.version, expected.version, "{what}: bit {bit} undoes a commit");
                assert_eq!(*found, *expected, "{what}: bit {bit}");
            }
            Err(error) => {
                assert_eq!(error.code(), Code::Corrupt, "{what}: bit {bit}: {error}");
                assert!(error.to_string().starts_with("catalog.redb is damaged"), "{what}: bit {bit}: {error}");
                refused += 1;
            }
        }
    }
    assert!(refused > 200, "{what}: {refused}");
}

#[test]
fn damage_is_an_error_or_nothing_is_lost() {
    let files = ForgetfulFiles::new();
    let store = open(&files).unwrap();
    for changes in script() {
        commit(&store, changes).unwrap();
    }
    damage(&files.crash(0), "after a power cut", &states()[script().len()]);
    drop(store);
    damage(&files.crash(0), "after it was closed", &states()[script().len()]);
    // A manifest that was committed last: one sync, and yet nothing is lost of a closed file.
    let store = open(&files).unwrap();
    commit(&store, vec![Change::PutManifest(TableId(21), manifest(7)), Change::PutSequence(Sequence(70))]).unwrap();
    let expected = store.snapshot();
    drop(store);
    damage(&files.crash(0), "closed after a manifest", &expected);
}
