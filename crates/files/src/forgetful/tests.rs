use super::{ForgetfulFiles, OperationKind};
use crate::Files;
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

fn path(path: &str) -> &Path {
    Path::new(path)
}

/// Makes a file with durable bytes and a durable name.
fn put(files: &ForgetfulFiles, name: &str, bytes: &[u8]) {
    let file = files.create(path(name)).unwrap();
    file.write_at(0, bytes).unwrap();
    file.sync().unwrap();
    files.sync_directory(path(name).parent().unwrap()).unwrap();
}

fn get(files: &ForgetfulFiles, name: &str) -> Option<Vec<u8>> {
    if !files.exists(path(name)).unwrap() {
        return None;
    }
    let file = files.open(path(name)).unwrap();
    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
    file.read_at(0, &mut bytes).unwrap();
    Some(bytes)
}

/// What a file may hold after power cuts with many seeds.
fn outcomes(files: &ForgetfulFiles, name: &str) -> BTreeSet<Option<Vec<u8>>> {
    (1..500).map(|seed| get(&files.crash(seed), name)).collect()
}

#[test]
fn unsynced_bytes_are_forgotten() {
    let files = ForgetfulFiles::new();
    put(&files, "a", b"old");
    let file = files.open(path("a")).unwrap();
    file.write_at(1, b"EWER").unwrap();
    assert_eq!(get(&files, "a").unwrap(), b"oEWER");
    assert_eq!(get(&files.crash(0), "a").unwrap(), b"old");
    assert_eq!(get(&files.crash(u64::MAX), "a").unwrap(), b"oEWER");
    file.sync().unwrap();
    assert_eq!(get(&files.crash(0), "a").unwrap(), b"oEWER");
    file.set_len(2).unwrap();
    assert_eq!(get(&files.crash(0), "a").unwrap(), b"oEWER");
    assert_eq!(get(&files, "a").unwrap(), b"oE");
}

#[test]
fn unsynced_writes_are_kept_in_any_part() {
    let files = ForgetfulFiles::new();
    put(&files, "a", b"____");
    let file = files.open(path("a")).unwrap();
    file.write_at(0, b"1").unwrap();
    file.write_at(1, b"234").unwrap();
    let found = outcomes(&files, "a");
    for expected in [&b"____"[..], b"1___", b"_234", b"1234", b"_2__", b"_23_", b"__34", b"1__4"] {
        assert!(found.contains(&Some(expected.to_vec())), "{expected:?} in {found:?}");
    }
    assert!(!found.contains(&Some(b"__3_".to_vec())), "torn once, not twice");
    assert_eq!(get(&files.crash(7), "a"), get(&files.crash(7), "a"));
}

#[test]
fn a_tail_that_is_kept_without_its_head_follows_zeros() {
    let files = ForgetfulFiles::new();
    put(&files, "a", b"");
    let file = files.open(path("a")).unwrap();
    file.write_at(0, b"head").unwrap();
    file.write_at(4, b"tail").unwrap();
    let found = outcomes(&files, "a");
    assert!(found.contains(&Some(b"\0\0\0\0tail".to_vec())));
    assert!(found.contains(&Some(b"head".to_vec())));
}

#[test]
fn unsynced_names_are_forgotten_with_what_is_below() {
    let files = ForgetfulFiles::new();
    files.create_directory(path("x/y")).unwrap();
    put(&files, "x/y/a", b"1");
    assert_eq!(files.crash(0).list(path("")).unwrap(), Vec::<String>::new());
    files.sync_directory(path("x")).unwrap();
    assert_eq!(get(&files.crash(0), "x/y/a"), None);
    files.sync_directory(path("")).unwrap();
    assert_eq!(get(&files.crash(0), "x/y/a").unwrap(), b"1");
    files.remove(path("x/y/a")).unwrap();
    assert_eq!(get(&files, "x/y/a"), None);
    assert_eq!(get(&files.crash(0), "x/y/a").unwrap(), b"1");
    files.sync_directory(path("x/y")).unwrap();
    assert_eq!(get(&files.crash(0), "x/y/a"), None);
}

#[test]
fn a_name_can_be_durable_before_the_bytes() {
    let files = ForgetfulFiles::new();
    files.create(path("a")).unwrap().write_at(0, b"1").unwrap();
    files.sync_directory(path("")).unwrap();
    assert_eq!(get(&files.crash(0), "a").unwrap(), b"");
    files.create(path("b")).unwrap().sync().unwrap();
    assert_eq!(get(&files.crash(0), "b"), None);
}

#[test]
fn a_rename_is_kept_whole_or_not_at_all() {
    let files = ForgetfulFiles::new();
    for directory in ["x", "y"] {
        files.create_directory(path(directory)).unwrap();
    }
    files.sync_directory(path("")).unwrap();
    put(&files, "x/new", b"new");
    put(&files, "y/a", b"old");
    files.rename(path("x/new"), path("y/a")).unwrap();
    let mut found = BTreeSet::new();
    for seed in 0..100 {
        let after = files.crash(seed);
        found.insert((get(&after, "x/new"), get(&after, "y/a").unwrap()));
    }
    let (kept, lost) = ((None, b"new".to_vec()), (Some(b"new".to_vec()), b"old".to_vec()));
    assert_eq!(found, BTreeSet::from([kept, lost]));
    files.sync_directory(path("y")).unwrap();
    let after = files.crash(0);
    assert_eq!((get(&after, "x/new"), get(&after, "y/a").unwrap()), (None, b"new".to_vec()));
}

#[test]
fn a_new_file_that_was_renamed_stands_in_one_place() {
    let files = ForgetfulFiles::new();
    for directory in ["x", "y"] {
        files.create_directory(path(directory)).unwrap();
    }
    files.sync_directory(path("")).unwrap();
    files.create(path("x/a")).unwrap();
    files.rename(path("x/a"), path("y/a")).unwrap();
    for seed in 0..100 {
        let after = files.crash(seed);
        assert!(get(&after, "x/a").is_none() || get(&after, "y/a").is_none());
    }
    files.sync_directory(path("y")).unwrap();
    files.sync_directory(path("x")).unwrap();
    let after = files.crash(0);
    assert_eq!((get(&after, "x/a"), get(&after, "y/a")), (None, Some(Vec::new())));
}

#[test]
fn a_failed_power_supply_ends_every_change() {
    let files = ForgetfulFiles::new();
    let file = files.create(path("a")).unwrap();
    file.write_at(0, b"1").unwrap();
    assert_eq!(files.operations(), 2);
    files.fail_at(3);
    file.write_at(1, b"2").unwrap();
    assert!(file.write_at(2, b"3").is_err());
    let failures = [
        file.sync(),
        file.set_len(0),
        files.sync_directory(path("")),
        files.rename(path("a"), path("b")),
        files.remove(path("a")),
        files.create_directory(path("x")),
        files.create(path("c")).map(|_| ()),
    ];
    assert!(failures.iter().all(Result::is_err));
    assert_eq!(files.operations(), 4);
    assert_eq!(get(&files.crash(u64::MAX), "a").unwrap(), b"123", "the write that power ended in may be there");
    assert_eq!(get(&files.crash(0), "a"), None);
    let after = files.crash(u64::MAX);
    after.create(path("b")).unwrap();
    assert_eq!(after.operations(), 1);
}

#[test]
fn a_full_disk_takes_what_does_not_grow() {
    let files = ForgetfulFiles::new();
    put(&files, "a", b"123");
    let file = files.open(path("a")).unwrap();
    files.set_full(true);
    file.write_at(0, b"abc").unwrap();
    assert_eq!(file.write_at(1, b"ABCD").unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert_eq!(get(&files, "a").unwrap(), b"aAB", "as much as there was room for");
    assert_eq!(file.set_len(4).unwrap_err().kind(), io::ErrorKind::StorageFull);
    file.set_len(2).unwrap();
    files.set_full(false);
    file.write_at(1, b"xyz").unwrap();
    assert_eq!(get(&files, "a").unwrap(), b"axyz");
}

#[test]
fn whoever_watches_sees_each_operation_and_may_leave_out_a_sync() {
    let files = ForgetfulFiles::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let watched = Arc::clone(&seen);
    files.watch(move |disk, operation| {
        assert_eq!(disk.operations(), operation.number);
        watched.lock().push((operation.kind, operation.path.clone(), get(disk, "a")));
        operation.kind == OperationKind::Sync && operation.path == path("b")
    });
    put(&files, "a", b"1");
    put(&files, "b", b"2");
    files.rename(path("b"), path("c")).unwrap();
    files.remove(path("a")).unwrap();
    use OperationKind::{Create, Remove, Rename, Sync, SyncDirectory, Write};
    let kinds: Vec<_> = seen.lock().iter().map(|(kind, path, _)| (*kind, path.display().to_string())).collect();
    let expected = [(Create, "a"), (Write, "a"), (Sync, "a"), (SyncDirectory, "")];
    let then = [(Create, "b"), (Write, "b"), (Sync, "b"), (SyncDirectory, ""), (Rename, "c"), (Remove, "a")];
    let expected = expected.iter().chain(&then).map(|(kind, path)| (*kind, (*path).to_owned()));
    assert_eq!(kinds, expected.collect::<Vec<_>>());
    assert_eq!(seen.lock()[1].2.as_deref(), Some(&b""[..]), "as it is before the write");
    let after = files.crash(0);
    assert_eq!((get(&after, "a"), get(&after, "b")), (Some(b"1".to_vec()), Some(Vec::new())));
}

#[test]
fn ignored_syncs_make_nothing_durable() {
    let files = ForgetfulFiles::new();
    files.ignore_syncs(true);
    put(&files, "a", b"1");
    assert_eq!(get(&files, "a").unwrap(), b"1");
    assert_eq!(get(&files.crash(0), "a"), None);
}

#[test]
fn what_a_failed_sync_lost_no_later_one_brings_back() {
    let files = ForgetfulFiles::new();
    put(&files, "a", b"12");
    let file = files.open(path("a")).unwrap();
    files.fail_next_sync("b");
    file.sync().unwrap();
    files.fail_next_sync("a");
    file.write_at(0, b"x").unwrap();
    assert!(file.sync().is_err());
    file.write_at(1, b"y").unwrap();
    file.sync().unwrap();
    assert_eq!(get(&files, "a").unwrap(), b"xy");
    assert_eq!(get(&files.crash(0), "a").unwrap(), b"1y");
    assert_eq!(get(&files.crash(u64::MAX), "a").unwrap(), b"1y");
}

#[test]
fn a_flipped_bit_is_there_before_and_after_a_crash() {
    let files = ForgetfulFiles::new();
    put(&files, "a", b"\0\0");
    files.open(path("a")).unwrap().write_at(1, b"\x80").unwrap();
    files.flip_bit(path("a"), 3).unwrap();
    files.flip_bit(path("a"), 15).unwrap();
    assert_eq!(get(&files, "a").unwrap(), b"\x08\0");
    assert_eq!(get(&files.crash(0), "a").unwrap(), b"\x08\x80");
    assert_eq!(get(&files.crash(u64::MAX), "a").unwrap(), b"\x08\0");
    assert!(files.flip_bit(path("a"), 16).is_err());
    assert!(files.flip_bit(path("b"), 0).is_err());
}

#[test]
fn an_open_file_outlives_its_name() {
    let files = ForgetfulFiles::new();
    put(&files, "a", b"1");
    let file = files.open(path("a")).unwrap();
    put(&files, "b", b"2");
    files.rename(path("b"), path("a")).unwrap();
    let mut byte = [0];
    file.read_at(0, &mut byte).unwrap();
    assert_eq!(&byte, b"1");
    assert_eq!(get(&files, "a").unwrap(), b"2");
    assert_eq!(file.read_at(1, &mut byte).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn missing_and_misplaced_names_are_errors() {
    let files = ForgetfulFiles::new();
    put(&files, "a", b"1");
    let kind = |result: io::Result<()>| result.unwrap_err().kind();
    assert_eq!(kind(files.open(path("b")).map(|_| ())), io::ErrorKind::NotFound);
    assert_eq!(kind(files.create(path("x/b")).map(|_| ())), io::ErrorKind::NotFound);
    assert_eq!(kind(files.remove(path("b"))), io::ErrorKind::NotFound);
    assert_eq!(kind(files.create_directory(path("a/b"))), io::ErrorKind::NotADirectory);
    assert_eq!(kind(files.sync_directory(path("x"))), io::ErrorKind::NotFound);
    assert_eq!(files.list(path("x")).unwrap(), Vec::<String>::new());
    assert!(files.create(path("../a")).is_err());
}

#[test]
fn a_held_sync_waits_and_makes_nothing_durable_until_it_passes() {
    let files = ForgetfulFiles::new();
    put(&files, "a", b"1");
    files.sync_directory(path("")).unwrap();
    let file = files.open(path("a")).unwrap();
    file.write_at(0, b"2").unwrap();
    files.hold_syncs(Some("a"));
    std::thread::scope(|scope| {
        let syncs: Vec<_> = (0..2).map(|_| scope.spawn(|| file.sync())).collect();
        while files.held_syncs() < 2 {
            std::thread::yield_now();
        }
        put(&files, "b", b"1");
        assert_eq!(get(&files.crash(0), "a").unwrap(), b"1");
        files.pass_sync();
        while files.held_syncs() > 1 {
            std::thread::yield_now();
        }
        while !syncs.iter().any(std::thread::ScopedJoinHandle::is_finished) {
            std::thread::yield_now();
        }
        assert_eq!(get(&files.crash(0), "a").unwrap(), b"2");
        assert_eq!(files.held_syncs(), 1);
        files.hold_syncs(None);
        for sync in syncs {
            sync.join().unwrap().unwrap();
        }
    });
    file.sync().unwrap();
}
