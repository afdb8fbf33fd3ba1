//! Many at once make, drop and rename what a few names stand for. Whenever the power is cut, and at
//! the end, each name stands for one thing at most.

use super::*;
use crate::SeriesWrite;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const TASKS: u64 = 6;
const STEPS: u64 = 40;

/// Chance from a seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % n as u64).unwrap()
    }

    fn name(&mut self) -> &'static str {
        NAMES[self.below(NAMES.len())]
    }

    fn table(&mut self, store: &TestStore) -> Arc<Table> {
        let catalog = store.catalog();
        let tables: Vec<_> =
            catalog.tables_in(store.database()).filter(|table| table.series_name_column().is_some()).collect();
        Arc::clone(tables[self.below(tables.len())])
    }
}

async fn step(store: &TestStore, dice: &mut Dice) -> Result<()> {
    let root = &store.root;
    let name = dice.name();
    match dice.below(9) {
        0 | 1 => store.write(root, rows(&dice.table(store), &[name, dice.name()])).await.map(drop),
        2 | 3 => {
            let (one, two) = (dice.table(store), dice.table(store));
            let existing = if dice.below(2) == 0 { HashSet::new() } else { HashSet::from([name.to_owned()]) };
            let kind = if dice.below(2) == 0 { WriteKind::KeepFirst } else { WriteKind::FailOnDuplicate };
            let writes = vec![
                SeriesWrite { batch: row(&one, name), existing },
                SeriesWrite { batch: registration(&two, kind, &[dice.name()]), existing: HashSet::new() },
            ];
            store.write_all(root, writes).await.map(drop)
        }
        4 | 5 => drop_series(store, &dice.table(store), name).await,
        6 => {
            let new = if dice.below(2) == 0 { series(name) } else { of_names(name) };
            store.create_table(root, NewTable { database: store.database(), ..new }).await.map(drop)
        }
        kind => {
            // The two that were there first keep their names, so that there is always one to write to.
            let Some(table) = store.catalog().table_named(store.database(), name).map(|table| table.id) else {
                return Ok(());
            };
            if kind == 7 {
                return store.drop_table(root, table).await;
            }
            store.alter_table(root, table, Alteration::Rename(dice.name().to_owned())).await.map(drop)
        }
    }
}

fn check(store: &TestStore, seed: u64, when: &str) {
    for name in NAMES {
        let owners = owners(store, name);
        assert!(owners.len() < 2, "seed {seed}, {when}: \"{name}\" is {owners:?}");
    }
}

async fn play(seed: u64) -> usize {
    let store = Arc::new(TestStore::new().await);
    for name in ["first", "second"] {
        store.create(of_names(name)).await;
    }
    let done = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (store, done) = (Arc::clone(&store), Arc::clone(&done));
            let mut dice = Dice(seed * TASKS + task);
            tokio::spawn(async move {
                for _ in 0..STEPS {
                    match step(&store, &mut dice).await {
                        Ok(()) => drop(done.fetch_add(1, Ordering::SeqCst)),
                        Err(error) => {
                            let expected =
                                [Code::TableExists, Code::TableNotFound, Code::DuplicateKey, Code::SchemaChanged];
                            assert!(expected.contains(&error.code()), "{error}");
                        }
                    }
                }
            })
        })
        .collect();
    for (cut, at) in (1..=4_usize).map(|cut| (cut as u64, cut * 20)) {
        while done.load(Ordering::SeqCst) < at && tasks.iter().any(|task| !task.is_finished()) {
            tokio::task::yield_now().await;
        }
        check(&store.if_power_was_cut(seed * 10 + cut).await, seed, "after a cut");
    }
    for task in tasks {
        task.await.unwrap();
    }
    check(&store, seed, "at the end");
    check(&store.if_power_was_cut(u64::MAX).await, seed, "after the end");
    done.load(Ordering::SeqCst)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_name_stands_for_one_thing_whatever_comes_between() {
    let mut done = 0;
    for seed in 0..6 {
        done += play(seed).await;
    }
    assert!(done > 100, "only {done} steps were done");
}
