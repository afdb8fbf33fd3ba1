//! Several batches as one write: all of it is there or nothing, also after a crash.

use super::*;
use crate::SeriesWrite;
use crate::test_store::keyed;
use std::collections::HashSet;

fn parts(batches: Vec<WriteBatch>) -> Vec<SeriesWrite> {
    batches.into_iter().map(|batch| SeriesWrite { batch, existing: HashSet::new() }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn series_of_several_tables_are_made_together_or_not_at_all() {
    let store = TestStore::new().await;
    let (one, two) = (store.create(of_names("one")).await, store.create(of_names("two")).await);
    store.write(&store.root, rows(&one, &["old"])).await.unwrap();
    let new = WriteKind::FailOnDuplicate;
    for (of_one, of_two, code) in [
        (registration(&one, new, &["a"]), registration(&two, new, &["b", "old"]), Code::TableExists),
        (registration(&one, new, &["a"]), registration(&two, new, &["a"]), Code::TableExists),
        (registration(&one, new, &["a", "old"]), registration(&two, new, &["b"]), Code::DuplicateKey),
        (registration(&one, new, &["a"]), registration(&two, new, &["b", ""]), Code::InvalidName),
        (row(&one, "a"), row(&two, "one"), Code::TableExists),
    ] {
        for batches in [vec![of_one.clone(), of_two.clone()], vec![of_two, of_one]] {
            let error = store.write_all(&store.root, parts(batches)).await.unwrap_err();
            assert_eq!(error.code(), code);
            assert!(owners(&store, "a").is_empty() && owners(&store, "b").is_empty());
        }
    }
    let batches = vec![
        registration(&one, new, &["a"]),
        registration(&one, WriteKind::KeepFirst, &["old", "a2"]),
        registration(&two, new, &["b"]),
    ];
    store.write_all(&store.root, parts(batches)).await.unwrap();
    for (name, owner) in [("a", "one"), ("a2", "one"), ("old", "one"), ("b", "two")] {
        assert_eq!(owners(&store, name), [owner], "{name}");
    }
    assert_eq!(store.write_all(&store.root, Vec::new()).await.unwrap(), model::WriteOutcome::default());
    let keyed = store.create(keyed("rows", &[])).await;
    let of_key = batch(&keyed, WriteKind::FailOnDuplicate, &["id"], &[vec![crate::test_store::int(1)]]);
    let error = store.write_all(&store.root, parts(vec![row(&one, "c"), of_key])).await.unwrap_err();
    assert_eq!((error.code(), owners(&store, "c").len()), (Code::Unsupported, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_leaves_all_of_a_write_or_nothing() {
    let mut partly = 0;
    for operation in 0.. {
        let store = TestStore::new().await;
        let (one, two) = (store.create(of_names("one")).await, store.create(of_names("two")).await);
        store.files.fail_at(store.files.operations() + operation);
        let batches = vec![rows(&one, &["a", "b"]), registration(&two, WriteKind::FailOnDuplicate, &["c"])];
        let done = store.write_all(&store.root, parts(batches)).await.is_ok();
        for seed in [0, 1, 2, 3, u64::MAX] {
            let after = store.if_power_was_cut(seed).await;
            let made = ["a", "b", "c"].map(|name| owners(&after, name).len());
            let rows = after.rows("SELECT count(*) FROM one").await;
            let all = made == [1; 3] && rows == ["2"];
            assert!(all || (!done && made == [0; 3] && rows == ["0"]), "{operation}, {seed}: {made:?} {rows:?}");
            partly += usize::from(!done && all);
        }
        if done {
            assert!(operation > 1 && partly > 0, "power ended on the way, too");
            return;
        }
    }
}
