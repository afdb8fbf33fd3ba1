use super::*;
use crate::{Files, ForgetfulFiles, HeldFiles};
use std::path::PathBuf;
use std::sync::Arc;

fn written(files: &Arc<dyn Files>) -> (String, Vec<String>) {
    files.create_directory(Path::new(PACKS)).unwrap();
    files.sync_directory(Path::new("")).unwrap();
    let mut writer = PackWriter::begin(files.clone(), 7).unwrap();
    let one = writer.add(1, &[b"segment", b"beside it"], "parquet").unwrap();
    let other = writer.add(2, &[b"12345678"], "series").unwrap();
    let path = writer.finish().unwrap();
    let members = [one, other].map(|name| format!("{path}/{name}"));
    (path, members.into())
}

fn read(files: &dyn Files, path: &str) -> Vec<u8> {
    let file = files.open(Path::new(path)).unwrap();
    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
    file.read_at(0, &mut bytes).unwrap();
    bytes
}

#[test]
fn members_are_read_by_their_names_and_last() {
    let disk = ForgetfulFiles::new();
    let (pack, members) = written(&(Arc::new(disk.clone()) as Arc<dyn Files>));
    assert_eq!(members[0], format!("{pack}/16-7-9.parquet"));
    assert_eq!(members[1], format!("{pack}/40-8.series"));
    let disk = disk.crash(0);
    assert_eq!(disk.list(Path::new(PACKS)).unwrap().len(), 1);
    let files = PackedFiles::new(Arc::new(disk.clone()));
    assert_eq!(read(&files, &members[0]), b"segment");
    assert_eq!(read(&files, &format!("{}.runs", members[0])), b"beside it");
    assert_eq!(read(&files, &members[1]), b"12345678");
    let missing = |path: &str| files.open(Path::new(path)).unwrap_err().kind() == std::io::ErrorKind::NotFound;
    assert!(missing(&format!("{}.runs", members[1])) && missing(&format!("{pack}/x.series")));
    assert!(missing("packs/000000000008-0000000000000000.pack/16-7.series"));
    let file = files.open(Path::new(&members[1])).unwrap();
    assert!(file.read_at(1, &mut [0; 8]).is_err(), "nothing beyond its end");
    assert!(files.create(Path::new(&format!("{}.runs.tmp", members[0]))).is_err());
    // One that is cut off is shorter.
    disk.open(Path::new(&pack)).unwrap().set_len(44).unwrap();
    assert_eq!(files.open(Path::new(&members[1])).unwrap().len().unwrap(), 4);
    let whole = xxhash_rust::xxh3::xxh3_64(&read(&disk.crash(0), &pack));
    assert_eq!(pack_checksum(&pack), Some(whole));
}

#[test]
fn a_pack_goes_with_the_last_member_that_is_named() {
    let disk = ForgetfulFiles::new();
    let (pack, members) = written(&(Arc::new(disk.clone()) as Arc<dyn Files>));
    let files = PackedFiles::new(Arc::new(disk.clone()));
    files.name(members.iter().map(String::as_str));
    assert!(files.remove(Path::new(&format!("{}.runs", members[0]))).is_err(), "it goes with its member");
    files.remove(Path::new(&members[0])).unwrap();
    assert!(files.remove(Path::new(&members[0])).is_err(), "once");
    files.sync_directory(Path::new(&pack)).unwrap();
    assert!(disk.crash(0).exists(Path::new(&pack)).unwrap());
    let sparse = files.sparse().unwrap();
    assert_eq!((sparse.len(), sparse[0].bytes), (1, 8));
    files.remove(Path::new(&members[1])).unwrap();
    files.sync_directory(Path::new(&pack)).unwrap();
    assert!(disk.crash(0).list(Path::new(PACKS)).unwrap().is_empty());
    assert!(!files.exists(Path::new(&members[1])).unwrap());
    assert!(files.sparse().unwrap().is_empty());
}

#[test]
fn a_held_pack_stays() {
    let held = HeldFiles::new(Arc::new(ForgetfulFiles::new()));
    let (pack, members) = written(&(Arc::new(held.clone()) as Arc<dyn Files>));
    let files = PackedFiles::new(Arc::new(held.clone()));
    files.name(members.iter().map(String::as_str));
    let hold = held.hold_all();
    hold.narrow([PathBuf::from(&pack)].into());
    members.iter().for_each(|member| files.remove(Path::new(member)).unwrap());
    assert!(held.exists(Path::new(&pack)).unwrap());
    drop(hold);
    assert!(!held.exists(Path::new(&pack)).unwrap());
}

#[test]
fn every_flipped_bit_is_found_and_told_by_its_part() {
    let disk = ForgetfulFiles::new();
    let (pack, members) = written(&(Arc::new(disk.clone()) as Arc<dyn Files>));
    let known: Vec<_> = members.iter().flat_map(|member| member_ranges(member)).collect();
    assert_eq!(known, [16..23, 24..33, 40..48]);
    let length = disk.open(Path::new(&pack)).unwrap().len().unwrap();
    let verify = |disk: &ForgetfulFiles| {
        let file = disk.open(Path::new(&pack)).unwrap();
        verify_pack(&*file, &pack, &known).unwrap()
    };
    assert!(verify(&disk).is_empty());
    for bit in 0..length * 8 {
        let damaged = disk.crash(0);
        damaged.flip_bit(Path::new(&pack), bit).unwrap();
        let faults = verify(&damaged);
        assert_eq!(faults.len(), 1, "bit {bit}: {faults:?}");
        let part = known.iter().find(|part| part.contains(&(bit / 8)));
        assert_eq!(matches!(&faults[0], PackFault::Part(found) if Some(found) == part), part.is_some(), "bit {bit}");
    }
    for length in 0..length {
        let cut = disk.crash(0);
        cut.open(Path::new(&pack)).unwrap().set_len(length).unwrap();
        assert!(!verify(&cut).is_empty(), "cut at {length}");
    }
}

#[test]
fn one_that_was_not_finished_leaves_nothing() {
    let disk = ForgetfulFiles::new();
    let files: Arc<dyn Files> = Arc::new(disk.clone());
    files.create_directory(Path::new(PACKS)).unwrap();
    drop(PackWriter::begin(files.clone(), 7).unwrap());
    for part in [".tmp", PACKS] {
        let mut writer = PackWriter::begin(files.clone(), 8).unwrap();
        writer.add(1, &[b"x"], "series").unwrap();
        disk.fail_next_sync(part);
        assert!(writer.finish().is_err());
        assert!(disk.list(Path::new(PACKS)).unwrap().is_empty(), "{part}");
    }
}
