use super::*;
use model::{TableId, key_hash};

fn add(index: &mut SeriesIndex, key: &[u8], at: u64) -> SeriesId {
    index.add(KeyBytes(key.into()), key_hash(key), Box::default(), Sequence(at))
}

fn keys(index: &mut SeriesIndex, at: u64) -> Vec<Vec<u8>> {
    let snapshot = index.snapshot(Sequence(at));
    let keys: Vec<Vec<u8>> = snapshot.ids().iter().map(|id| index.entry(*id).unwrap().key.to_vec()).collect();
    for (place, id) in (0..).zip(snapshot.ids()) {
        assert_eq!(snapshot.place(*id), Some(place));
    }
    keys
}

#[test]
fn series_are_listed_by_number_and_in_key_order() {
    let mut index = SeriesIndex::default();
    add(&mut index, b"m", 10);
    let c = add(&mut index, b"c", 10);
    add(&mut index, b"x", 20);
    assert!(keys(&mut index, 9).is_empty());
    assert_eq!(keys(&mut index, 10), [b"c", b"m"]);
    index.end(&[c], Sequence(30));
    let again = add(&mut index, b"c", 30);
    assert_ne!(c, again);
    assert_eq!(index.find(b"c", key_hash(b"c")), Some(again));
    assert_eq!(keys(&mut index, 29), [b"c", b"m", b"x"]);
    assert_eq!(index.snapshot(Sequence(29)).ids()[0], c);
    assert_eq!(keys(&mut index, 30), [b"c", b"m", b"x"]);
    assert_eq!(index.snapshot(Sequence(30)).ids()[0], again);
}

#[test]
fn undo_leaves_no_trace() {
    let mut index = SeriesIndex::default();
    let a = add(&mut index, b"a", 1);
    index.end(&[a], Sequence(2));
    add(&mut index, b"a", 2);
    add(&mut index, b"b", 2);
    index.undo(Sequence(2), 2, &[a]);
    assert_eq!(index.find(b"a", key_hash(b"a")), Some(a));
    assert_eq!(index.find(b"b", key_hash(b"b")), None);
    assert_eq!(keys(&mut index, 9), [b"a"]);
    assert_eq!(add(&mut index, b"b", 3), SeriesId(1));
}

/// One request may delete a series twice.
#[test]
fn a_series_that_is_ended_twice_ends_once() {
    let mut index = SeriesIndex::default();
    let a = add(&mut index, b"a", 1);
    index.end(&[a, a], Sequence(2));
    index.undo(Sequence(2), 0, &[a, a]);
    assert_eq!(index.find(b"a", key_hash(b"a")), Some(a));
    index.end(&[a], Sequence(3));
    assert_eq!(index.find(b"a", key_hash(b"a")), None);
    let again = add(&mut index, b"a", 4);
    assert_eq!(index.find(b"a", key_hash(b"a")), Some(again));
    assert_eq!(index.snapshot(Sequence(9)).ids(), [again]);
}

#[test]
fn a_checkpoint_holds_what_its_mark_says() {
    let files = files::ForgetfulFiles::new();
    use files::Files as _;
    files.create_directory(std::path::Path::new(DIRECTORY)).unwrap();
    files.sync_directory(std::path::Path::new("")).unwrap();
    let mut index = SeriesIndex::default();
    let a = add(&mut index, b"a", 1);
    let b = add(&mut index, b"b", 2);
    let c = add(&mut index, b"c", 3);
    index.saw(c, 77);
    index.end(&[a], Sequence(4));
    index.end(&[b], Sequence(6));
    add(&mut index, b"late", 9);
    let table = TableId(5);
    let checkpoints = Checkpoints::new(&files);
    for (mark, ended_after) in [(7, 1), (8, 5)] {
        let listed = index.snapshot(Sequence(mark));
        let write =
            |file: &dyn files::File| index.write(table, Sequence(mark), Sequence(ended_after), listed.ids(), file);
        checkpoints.begin(table, Sequence(mark), write).unwrap().finish().unwrap();
    }
    let there = |files: &files::ForgetfulFiles| files.list(std::path::Path::new(DIRECTORY)).unwrap().len();
    assert_eq!(there(&files), 1, "older ones go");
    let files = files.crash(0);
    assert_eq!(there(&files), 2, "a power cut may bring them back");
    let least = |mark: u64| std::collections::BTreeMap::from([(table, Sequence(mark))]);
    let mut loaded = Checkpoints::new(&files).load(&least(7)).unwrap().remove(&table).unwrap();
    assert_eq!(there(&files), 1, "and they go again");
    assert_eq!(loaded.mark(), Sequence(8));
    assert_eq!(loaded.next_id(), 3);
    assert!(loaded.entry(a).is_none(), "no row in the log can speak of it");
    assert_eq!(loaded.entry(b).unwrap().dropped, Sequence(6));
    assert_eq!(loaded.find(b"b", key_hash(b"b")), None);
    assert_eq!(loaded.entry(c).unwrap().newest, 77);
    assert_eq!(keys(&mut loaded, 8), [b"c"]);
    assert!(!loaded.has_changed());

    let name = files.list(std::path::Path::new(DIRECTORY)).unwrap().remove(0);
    files.flip_bit(&std::path::Path::new(DIRECTORY).join(name), 300).unwrap();
    let error = Checkpoints::new(&files).load(&least(8)).unwrap_err();
    assert!(matches!(*error.kind, model::ErrorKind::Corrupt { .. }), "{error}");
    let error = Checkpoints::new(&files).load(&least(9)).unwrap_err();
    let named = format!("{DIRECTORY}/5-00000000000000000009.series");
    assert!(matches!(&*error.kind, model::ErrorKind::Corrupt { file, .. } if *file == named), "{error}");
}

#[test]
fn a_hundred_thousand_series_stay_small() {
    let mut index = SeriesIndex::default();
    for i in 0..100_000u32 {
        add(&mut index, format!("meter-{i:06}").as_bytes(), 1);
    }
    let started = std::time::Instant::now();
    assert_eq!(index.snapshot(Sequence(1)).ids().len(), 100_000);
    add(&mut index, b"one more", 2);
    assert_eq!(index.snapshot(Sequence(2)).ids().len(), 100_001);
    assert!(started.elapsed().as_secs() < 5);
    assert!(size_of::<Option<SeriesEntry>>() <= 96, "{}", size_of::<Option<SeriesEntry>>());
}
