use super::*;
use model::{TableId, Value, key_hash};
use proptest::prelude::*;

fn add(index: &mut SeriesIndex, key: &[u8], at: u64) -> SeriesId {
    index.add(&KeyBytes(key.into()), key_hash(key), &[], Sequence(at))
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
        let write = |file: &dyn files::File| {
            index.freeze().write(table, Sequence(mark), Sequence(ended_after), listed.ids(), file)
        };
        checkpoints.begin(table, Sequence(mark), write).unwrap().finish().unwrap();
    }
    let there = |files: &files::ForgetfulFiles| files.list(std::path::Path::new(DIRECTORY)).unwrap().len();
    assert_eq!(there(&files), 1, "older ones go");
    let files = files.crash(0);
    assert_eq!(there(&files), 2, "a power cut may bring them back");
    let least = |mark: u64| {
        let expected = checkpoint::Expected { least: Sequence(mark), packed: None };
        std::collections::BTreeMap::from([(table, expected)])
    };
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

/// Three tags: one is the key, the others have few values.
#[test]
fn a_hundred_thousand_series_stay_small() {
    let mut index = SeriesIndex { pages: Pages::long(), ..SeriesIndex::default() };
    let mut raw = 0;
    for i in 0..100_000_u32 {
        let text = |column: u32, text: String| AttributeValue {
            column: ColumnId(column),
            generation: 0,
            value: Value::Text(text),
        };
        let (model, site) = (text(7, format!("model-{}", i % 11)), text(8, format!("site-{}", i % 40)));
        let attributes = Attributes::encode(vec![model, site]);
        let key = KeyBytes(format!("\x01meter-{i:07}\0\0").as_bytes().into());
        raw += key.0.len() + attributes.len();
        index.add(&key, key_hash(&key.0), &attributes, Sequence(u64::from(i / 1_000 + 1)));
    }
    assert_eq!(index.snapshot(Sequence(1_000)).ids().len(), 100_000);
    let each = index.bytes() / 100_000;
    assert!(each <= 75, "{each} bytes a series, of which {} were given", raw / 100_000);
    let attribute = index.attribute(SeriesId(99_999), ColumnId(8)).map(<[u8]>::to_vec);
    // One more is put where it belongs; of the others only those in its way are looked at.
    let before = index.snapshot(Sequence(1_000));
    add(&mut index, b"\x01meter-0050000\0\0b", 2_000);
    let after = index.snapshot(Sequence(2_000));
    assert_eq!(after.ids()[..50_001], before.ids()[..50_001]);
    assert_eq!(after.ids()[50_001], SeriesId(100_000));
    assert_eq!(after.ids()[50_002..], before.ids()[50_001..]);
    assert_eq!(attribute, index.attribute(SeriesId(99_999), ColumnId(8)).map(<[u8]>::to_vec));
}

#[derive(Clone, Debug)]
enum Step {
    Make(u8, u8),
    End(usize),
    Change(Vec<(usize, u8)>),
    Undo,
    /// What is visible comes up to the newest number.
    Publish,
    Saw(usize, i64),
    Skip,
    Look,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (any::<u8>(), any::<u8>()).prop_map(|(key, city)| Step::Make(key % 40, city % 5)),
        2 => any::<usize>().prop_map(Step::End),
        2 => proptest::collection::vec((any::<usize>(), any::<u8>()), 1..6).prop_map(Step::Change),
        1 => Just(Step::Undo),
        3 => Just(Step::Publish),
        2 => (any::<usize>(), any::<i64>()).prop_map(|(series, time)| Step::Saw(series, time)),
        1 => Just(Step::Skip),
        2 => Just(Step::Look),
    ]
}

/// One series as the index should have it.
#[derive(Clone, Debug)]
struct Naive {
    key: Vec<u8>,
    city: u8,
    created: u64,
    dropped: u64,
    newest: i64,
}

fn city(city: u8) -> Box<[u8]> {
    let value = Value::Text(format!("city {city}"));
    Attributes::encode(vec![AttributeValue { column: ColumnId(4), generation: 0, value }])
}

fn listed(naive: &[Option<Naive>], at: u64) -> Vec<u32> {
    let living = (0..).zip(naive).filter_map(|(id, series)| Some((series.as_ref()?, id)));
    let mut listed: Vec<(&[u8], u32)> = living
        .filter(|(series, _)| series.created <= at && at < series.dropped)
        .map(|(series, id)| (series.key.as_slice(), id))
        .collect();
    listed.sort_unstable();
    listed.into_iter().map(|(_, id)| id).collect()
}

proptest! {
    #[test]
    fn it_has_what_a_naive_list_has(steps in proptest::collection::vec(step(), 1..80)) {
        let mut index = SeriesIndex::default();
        let mut naive: Vec<Option<Naive>> = Vec::new();
        let (mut number, mut visible) = (1_u64, 0_u64);
        // What the newest number did: how many it made, which it ended.
        let mut newest: Option<(usize, Vec<SeriesId>)> = None;
        for step in steps {
            let living: Vec<u32> = listed(&naive, u64::MAX - 1);
            let some = |at: usize| (!living.is_empty()).then(|| living[at % living.len()]);
            match step {
                Step::Make(key, at) => {
                    let key = format!("key {key}").into_bytes();
                    if living.iter().any(|id| naive[*id as usize].as_ref().unwrap().key == key) {
                        continue;
                    }
                    number += 1;
                    index.add(&KeyBytes(key.clone().into()), key_hash(&key), &city(at), Sequence(number));
                    naive.push(Some(Naive { key, city: at, created: number, dropped: u64::MAX, newest: i64::MIN }));
                    newest = Some((1, Vec::new()));
                }
                Step::End(at) => {
                    let Some(id) = some(at) else { continue };
                    number += 1;
                    index.end(&[SeriesId(id), SeriesId(id)], Sequence(number));
                    naive[id as usize].as_mut().unwrap().dropped = number;
                    newest = Some((0, vec![SeriesId(id)]));
                }
                Step::Change(changes) => {
                    let changes: Vec<(u32, u8)> =
                        changes.into_iter().filter_map(|(at, city)| Some((some(at)?, city))).collect();
                    let change = |(id, at): &(u32, u8)| (SeriesId(*id), city(*at));
                    index.publish_attributes(Sequence(visible), &changes.iter().map(change).collect::<Vec<_>>());
                    changes.iter().for_each(|(id, at)| naive[*id as usize].as_mut().unwrap().city = *at);
                }
                Step::Undo => {
                    let Some((made, ended)) = newest.take().filter(|_| number > visible) else { continue };
                    index.undo(Sequence(number), made, &ended);
                    naive.truncate(naive.len() - made);
                    ended.iter().for_each(|id| naive[id.0 as usize].as_mut().unwrap().dropped = u64::MAX);
                }
                Step::Publish => visible = number,
                Step::Saw(at, time) => {
                    let Some(id) = some(at) else { continue };
                    index.saw(SeriesId(id), time);
                    let series = naive[id as usize].as_mut().unwrap();
                    series.newest = time.max(series.newest);
                }
                // Only a replay skips ids, and nothing is taken back there.
                Step::Skip => {
                    (newest, visible) = (None, number);
                    naive.extend([None, None, None]);
                    index.skip_to(SeriesId(u32::try_from(naive.len()).unwrap()));
                }
                Step::Look => {
                    let long = index.long_listing(Sequence(visible)).map(|(l, texts)| (l.make(&texts), l));
                    if let Some((snapshot, listing)) = long {
                        index.list(&listing, snapshot);
                    }
                    let snapshot = index.snapshot(Sequence(visible));
                    let expected: Vec<SeriesId> = listed(&naive, visible).into_iter().map(SeriesId).collect();
                    prop_assert_eq!(snapshot.ids(), &expected[..]);
                    prop_assert_eq!(snapshot.in_key_order(&expected, &index), expected.clone());
                    prop_assert!(expected.iter().all(|id| snapshot.lists(*id, &index)));
                    let before = visible.saturating_sub(2);
                    let expected: Vec<SeriesId> = listed(&naive, before).into_iter().map(SeriesId).collect();
                    let behind = index.snapshot_at(Sequence(before));
                    prop_assert_eq!(behind.ids(), &expected[..]);
                }
            }
            prop_assert_eq!(index.next_id() as usize, naive.len());
            prop_assert_eq!(index.living(), listed(&naive, u64::MAX - 1).len());
            let texts = index.texts();
            for (id, series) in (0..).map(SeriesId).zip(&naive) {
                let Some(series) = series else {
                    prop_assert!(index.entry(id).is_none());
                    continue;
                };
                let entry = index.entry(id).unwrap();
                prop_assert_eq!((entry.key, entry.dropped.0, entry.newest), (&*series.key, series.dropped, series.newest));
                prop_assert_eq!(&*index.attributes(id), &*city(series.city));
                prop_assert_eq!(texts.attribute(id, ColumnId(4)), Some(&*city(series.city)));
                prop_assert_eq!((texts.key(id), texts.hash(id)), (&*series.key, Some(key_hash(&series.key))));
                let found = index.find(&series.key, key_hash(&series.key));
                prop_assert_eq!(found == Some(id), series.dropped == u64::MAX);
            }
        }
    }
}
