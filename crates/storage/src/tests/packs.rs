//! Packs: many small tables cost a flush a few files and syncs, in one commit; what goes from them
//! gives its space back; tables grow out of them; and power may end at any operation.

use super::fixture::*;
use super::watched::Watched;
use crate::{Storage, StorageOptions};
use catalog::{CatalogStore, Change, RedbCatalog};
use files::{Files, ForgetfulFiles, OperationKind, pack_of};
use model::{Result, Table, TableId, Value, WriteKind, WritePart, WriteRequest};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

fn packed() -> StorageOptions {
    StorageOptions { pack_bytes: 1 << 20, ..options() }
}

/// What was done to a disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    made: u64,
    opened: u64,
    synced: u64,
}

struct Many {
    files: Arc<Watched>,
    /// Files that were made, and syncs.
    operations: Arc<[AtomicU64; 2]>,
    catalog: Arc<RedbCatalog>,
    storage: Storage,
    tables: Vec<Table>,
}

impl Many {
    fn open(disk: &ForgetfulFiles, count: u64) -> Self {
        let operations: Arc<[AtomicU64; 2]> = Arc::default();
        let counted = operations.clone();
        disk.watch(move |_, operation| {
            match operation.kind {
                OperationKind::Create => drop(counted[0].fetch_add(1, Ordering::Relaxed)),
                OperationKind::Sync | OperationKind::SyncDirectory => {
                    counted[1].fetch_add(1, Ordering::Relaxed);
                }
                _ => {}
            }
            false
        });
        let files = Arc::new(Watched::new(disk));
        let catalog = Arc::new(RedbCatalog::open(files.clone()).unwrap());
        let storage = Storage::open(files.clone(), catalog.clone(), packed()).unwrap();
        // Every tenth has no series.
        let tables = (0..count).map(|at| if at % 10 == 9 { keyed_table(100 + at) } else { series_table(100 + at) });
        Self { files, operations, catalog, storage, tables: tables.collect() }
    }

    /// What was done since it was opened.
    fn counts(&self) -> Counts {
        let [made, synced] = [0, 1].map(|at: usize| self.operations[at].load(Ordering::Relaxed));
        Counts { made, opened: self.files.opened.load(Ordering::Relaxed), synced }
    }

    async fn create(&self) {
        let fixture =
            Fixture { disk: self.files.disk.clone(), catalog: self.catalog.clone(), storage: self.storage.clone() };
        fixture.create(self.tables.clone()).await.unwrap();
    }

    /// A row of each of some series of every table.
    async fn write(&self, series: usize, time: i64) {
        for tables in self.tables.chunks(100) {
            let part = |table: &Table| {
                let names: Vec<String> = (0..series).map(|at| format!("host{at}")).collect();
                let rows: Vec<_> = names.iter().map(|name| (name.as_str(), time, time)).collect();
                let keyed: Vec<_> = (0..series as i64).map(|at| (at + 1_000 * time, time)).collect();
                WritePart::Rows(match table.time_column() {
                    Some(_) => loads(table, WriteKind::Replace, &rows),
                    None => sites(table, WriteKind::Replace, &keyed),
                })
            };
            self.storage.write(WriteRequest { parts: tables.iter().map(part).collect() }).await.unwrap();
        }
    }

    /// Flushes; what it took, with the catalogue's commits.
    async fn flush(&self) -> (Counts, u64) {
        let (before, commits) = (self.counts(), self.catalog.snapshot().version);
        self.storage.flush().await.unwrap();
        let now = self.counts();
        let counts = Counts {
            made: now.made - before.made,
            opened: now.opened - before.opened,
            synced: now.synced - before.synced,
        };
        (counts, self.catalog.snapshot().version - commits)
    }
}

fn packs(disk: &ForgetfulFiles) -> Vec<String> {
    disk.list(Path::new(files::PACKS)).unwrap()
}

fn pack_bytes(disk: &ForgetfulFiles) -> u64 {
    let length = |name: &String| disk.open(&Path::new(files::PACKS).join(name)).unwrap().len().unwrap();
    packs(disk).iter().map(length).sum()
}

/// Bytes of packs that manifests name.
fn named_bytes(catalog: &dyn CatalogStore) -> u64 {
    let snapshot = catalog.snapshot();
    let named = snapshot.manifests().flat_map(|(_, manifest)| manifest.files());
    named.flat_map(files::member_ranges).map(|part| part.end - part.start).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_tables_cost_a_flush_a_few_files_syncs_and_commits() {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    // To see more of them: their bytes then ask for more than one pack.
    let (tables, series) = (number("PACKED_TABLES").unwrap_or(1_000), number("PACKED_SERIES").unwrap_or(3) as usize);
    let disk = ForgetfulFiles::new();
    let many = Many::open(&disk, tables);
    many.create().await;
    for round in 1..=3 {
        many.write(series, round).await;
        let begun = Instant::now();
        let (counts, commits) = many.flush().await;
        let (took, bytes) = (begun.elapsed(), pack_bytes(&disk));
        println!("flush {round}: {counts:?}, {commits} commits, {took:?}, {bytes} bytes in packs");
        if tables * series as u64 > 10_000 {
            continue;
        }
        // The pack; with the first one also FORMAT. A log file may be begun.
        assert!(counts.made <= 4, "{counts:?}");
        // Pack, its name, FORMAT and its name, and twice two phases of each commit of the catalogue.
        assert!(counts.synced <= 24, "{counts:?}");
        assert!(counts.opened <= 8, "{counts:?}");
        assert!(commits <= 3, "{commits}");
        assert_eq!(packs(&disk).len() as i64, round);
    }
    for directory in ["segments", "series"] {
        assert!(disk.list(Path::new(directory)).unwrap().is_empty(), "{directory}");
    }
    // A start reads each pack that holds series; and so does whoever asks then.
    many.storage.close().await.unwrap();
    drop(many);
    let disk = disk.crash(0);
    let begun = Instant::now();
    let many = Many::open(&disk, tables);
    let opened = many.counts();
    println!("start: {opened:?}, {:?}", begun.elapsed());
    assert!(opened.opened <= 20 && opened.made <= 2, "{opened:?}");
    let fixture =
        Fixture { disk: many.files.disk.clone(), catalog: many.catalog.clone(), storage: many.storage.clone() };
    for table in many.tables.iter().step_by(7) {
        assert_eq!(fixture.rows(table.id).len(), 3 * series, "{}", table.name);
    }
    let opened = many.counts();
    assert!(opened.opened <= 30, "{opened:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn merges_of_many_tables_share_a_pack_and_little_of_packs_is_dead() {
    const TABLES: u64 = 60;
    let disk = ForgetfulFiles::new();
    let many = Many::open(&disk, TABLES);
    many.create().await;
    for round in 1..=16 {
        many.write(2, round).await;
        many.storage.flush().await.unwrap();
        let before = many.catalog.snapshot().version;
        many.storage.compact().await.unwrap();
        let commits = many.catalog.snapshot().version - before;
        assert!(commits <= 3, "{commits} commits in round {round}");
        let (all, named) = (pack_bytes(&disk), named_bytes(many.catalog.as_ref()));
        assert!(all <= 2 * named + 100 * TABLES, "{all} bytes of packs, {named} are named");
    }
    assert!(packs(&disk).len() <= 9, "{:?}", packs(&disk));
    let segments: usize = many.catalog.snapshot().manifests().map(|(_, manifest)| manifest.segments.len()).sum();
    assert!(segments <= 8 * many.tables.len(), "{segments}");
    assert!(disk.list(Path::new("segments")).unwrap().is_empty());
    let many = Many::open(&disk.crash(0), TABLES);
    let fixture =
        Fixture { disk: many.files.disk.clone(), catalog: many.catalog.clone(), storage: many.storage.clone() };
    many.tables.iter().for_each(|table| assert_eq!(fixture.rows(table.id).len(), 32));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dropped_gives_its_space_back() {
    let disk = ForgetfulFiles::new();
    let many = Many::open(&disk, 20);
    many.create().await;
    many.write(3, 1).await;
    many.storage.flush().await.unwrap();
    let whole = pack_bytes(&disk);
    let drop_tables = async |ids: Vec<TableId>| {
        let version = many.catalog.snapshot().version;
        let changes = ids.iter().map(|id| Change::DropTable(*id)).collect();
        many.storage.change_schema(version, changes).await.unwrap();
        for id in &ids {
            many.storage.forget_table(*id).await.unwrap();
        }
        // The background has forgotten them once it has flushed.
        many.storage.flush().await.unwrap();
        many.storage.compact().await.unwrap();
    };
    let fixture = Fixture { disk: disk.clone(), catalog: many.catalog.clone(), storage: many.storage.clone() };
    let ids: Vec<TableId> = many.tables.iter().map(|table| table.id).collect();
    // A view keeps what it reads.
    let view = many.storage.view(ids[1]).unwrap();
    drop_tables(ids[..18].to_vec()).await;
    assert_eq!(rows_of(&view).len(), 3);
    drop(view);
    let left = pack_bytes(&disk);
    assert!(left < whole / 4, "{left} of {whole}");
    assert_eq!(packs(&disk).len(), 1);
    ids[18..].iter().for_each(|id| assert_eq!(fixture.rows(*id).len(), 3));
    let again = Fixture::open(&disk.crash(0), packed()).unwrap();
    ids[18..].iter().for_each(|id| assert_eq!(again.rows(*id).len(), 3));
    assert_eq!(series_of(&again.storage.view(ids[18]).unwrap()).len(), 3);
    drop_tables(ids[18..].to_vec()).await;
    assert!(packs(&disk).is_empty(), "{:?}", packs(&disk));
}

/// A table has files of its own as soon as one part of it is large: then its series have one, too.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_grows_out_of_packs_and_other_tools_find_its_series() {
    let disk = ForgetfulFiles::new();
    let fixture = Fixture::open(&disk, packed()).unwrap();
    let meters = series_table(1);
    fixture.create(vec![meters.clone(), keyed_table(2)]).await.unwrap();
    let manifest = |fixture: &Fixture| fixture.catalog.snapshot().manifest(TableId(1));
    let is_packed =
        |fixture: &Fixture| manifest(fixture).segments.iter().map(|s| pack_of(&s.path).is_some()).collect::<Vec<_>>();
    fixture.write(loads(&meters, WriteKind::Replace, &[("a", 1, 1)])).await.unwrap();
    fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(1, 1)])).await.unwrap();
    fixture.storage.flush().await.unwrap();
    assert_eq!(is_packed(&fixture), [true]);
    assert!(manifest(&fixture).packed_series.is_some());
    assert!(!disk.exists(Path::new("segments/1")).unwrap());
    // Less is small now.
    fixture.storage.close().await.unwrap();
    drop(fixture);
    let less = StorageOptions { pack_bytes: 5_000, ..packed() };
    let fixture = Fixture::open(&disk, less).unwrap();
    let many: Vec<(String, i64, i64)> = (0..2_000).map(|i| (format!("m{}", i % 50), 2_000_000 + i, i * i)).collect();
    let rows: Vec<(&str, i64, i64)> = many.iter().map(|(name, time, load)| (name.as_str(), *time, *load)).collect();
    fixture.write(loads(&meters, WriteKind::Replace, &rows)).await.unwrap();
    fixture.write(loads(&meters, WriteKind::Replace, &[("a", 5, 1)])).await.unwrap();
    fixture.storage.flush().await.unwrap();
    assert_eq!(is_packed(&fixture), [true, true, false], "a small part still goes to a pack");
    assert!(manifest(&fixture).packed_series.is_none());
    assert!(disk.exists(Path::new("segments/1/series/series.parquet")).unwrap());
    assert_eq!(disk.list(Path::new("series")).unwrap().len(), 1);
    let fixture = fixture.crash(0);
    assert_eq!(fixture.rows(TableId(1)).len(), 2_002);
    // Back into packs, with what other tools need nowhere else.
    drop(fixture);
    let fixture = Fixture::open(&disk.crash(0), packed()).unwrap();
    let everything = model::RangeDelete {
        table: TableId(1),
        keys: model::KeySelection::All,
        time: model::TimeBounds { first: 2_000_000, last: i64::MAX },
        drop_series: false,
    };
    fixture.storage.write(WriteRequest { parts: vec![WritePart::Delete(everything)] }).await.unwrap();
    fixture.storage.flush().await.unwrap();
    fixture.storage.compact().await.unwrap();
    assert!(is_packed(&fixture).iter().all(|packed| *packed));
    fixture.write(loads(&meters, WriteKind::Replace, &[("a", 6, 1)])).await.unwrap();
    fixture.storage.flush().await.unwrap();
    assert!(manifest(&fixture).packed_series.is_some());
    assert!(fixture.disk.list(Path::new("series")).unwrap().is_empty());
    assert!(fixture.disk.list(Path::new("segments/1/series")).unwrap().is_empty());
    let fixture = fixture.crash(0);
    assert_eq!(fixture.rows(TableId(1)).len(), 3);
    assert_eq!(series_of(&fixture.storage.view(TableId(1)).unwrap()).len(), 51);
}

/// Where nothing is to lie in packs any more, segments go to files of their own, in the background.
#[tokio::test(flavor = "multi_thread")]
async fn without_packs_every_table_gets_files_of_its_own() {
    let disk = ForgetfulFiles::new();
    let many = Many::open(&disk, 10);
    many.create().await;
    for round in 1..=2 {
        many.write(2, round).await;
        many.storage.flush().await.unwrap();
    }
    let ids: Vec<TableId> = many.tables.iter().map(|table| table.id).collect();
    many.storage.close().await.unwrap();
    drop(many);
    let fixture = Fixture::open(&disk.crash(0), options()).unwrap();
    let view = fixture.storage.view(ids[0]).unwrap();
    fixture.storage.compact().await.unwrap();
    let snapshot = fixture.catalog.snapshot();
    assert!(snapshot.manifests().flat_map(|(_, manifest)| &manifest.segments).all(|s| pack_of(&s.path).is_none()));
    assert_eq!(rows_of(&view).len(), 4, "a view goes on with what it has");
    drop((view, snapshot));
    for id in &ids {
        assert_eq!(fixture.disk.list(Path::new(&format!("segments/{id}"))).unwrap().len(), 4, "two, and beside them");
        assert_eq!(fixture.rows(*id).len(), 4);
    }
    // Series lie in a pack until they are written again.
    fixture.write(loads(&series_table(ids[0].0), WriteKind::Replace, &[("new", 1, 1)])).await.unwrap();
    fixture.storage.flush().await.unwrap();
    assert!(fixture.disk.exists(Path::new(&format!("segments/{}/series/series.parquet", ids[0]))).unwrap());
    let (files, fixture) = (Arc::new(fixture.disk.clone()) as Arc<dyn Files>, fixture.crash(0));
    ids.iter().skip(1).for_each(|id| assert_eq!(fixture.rows(*id).len(), 4));
    drop(fixture);
    let report = crate::check(&files, &mut |_| {}).unwrap();
    assert!(report.is_sound(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_directory_says_that_it_has_packs_before_it_has_one() {
    let fixture = Fixture::open(&ForgetfulFiles::new(), packed()).unwrap();
    fixture.create(vec![keyed_table(2)]).await.unwrap();
    let words = |disk: &ForgetfulFiles| crate::format::read_words(disk).unwrap().join(" ");
    fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(1, 1)])).await.unwrap();
    assert_eq!(words(&fixture.disk), "1");
    // Where that fails there is none, and it is said at the next time.
    fixture.disk.fail_next_sync("FORMAT");
    assert!(fixture.storage.flush().await.is_err());
    assert!(packs(&fixture.disk).is_empty());
    let begun = fixture.disk.operations();
    fixture.storage.flush().await.unwrap();
    let end = fixture.disk.operations();
    assert_eq!(words(&fixture.disk.crash(0)), "1 packs");
    assert!(end > begun);
    // Without syncs nothing of it may count.
    let fixture = fixture.crash(0);
    assert_eq!(fixture.rows(TableId(2)).len(), 1);
}

/// Failed syncs of pack and directory lose nothing and leave nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_pack_that_cannot_be_made_durable_is_not_named() {
    for part in ["packs/", "packs"] {
        let fixture = Fixture::open(&ForgetfulFiles::new(), packed()).unwrap();
        fixture.create(vec![series_table(1), keyed_table(2)]).await.unwrap();
        fixture.write(loads(&series_table(1), WriteKind::Replace, &[("a", 1, 1)])).await.unwrap();
        fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(1, 1)])).await.unwrap();
        fixture.disk.fail_next_sync(part);
        assert!(fixture.storage.flush().await.is_err());
        assert!(packs(&fixture.disk).is_empty(), "{part}");
        assert_eq!(fixture.rows(TableId(1)).len(), 1);
        fixture.storage.flush().await.unwrap();
        assert_eq!(packs(&fixture.disk).len(), 1);
        let fixture = fixture.crash(0);
        assert_eq!((fixture.rows(TableId(1)).len(), fixture.rows(TableId(2)).len()), (1, 1));
    }
}

/// The rows of each table, and its series.
type Shown = BTreeMap<TableId, (Vec<Vec<Value>>, usize)>;

fn shown(fixture: &Fixture) -> Shown {
    let snapshot = fixture.catalog.snapshot();
    let tables = snapshot.tables().map(|table| {
        let view = fixture.storage.view(table.id).unwrap();
        let series = if table.time_column().is_some() { series_of(&view).len() } else { 0 };
        (table.id, (rows_of(&view), series))
    });
    tables.collect()
}

/// Flushes, merges, a drop and a rewriting of packs; power ends at each operation.
#[tokio::test(flavor = "multi_thread")]
async fn power_may_end_at_any_operation_of_packs() {
    /// `acknowledged` is called after each request.
    async fn play(fixture: &Fixture, mut acknowledged: impl FnMut()) -> Result<()> {
        for round in 1..=8 {
            for id in 1..=3 {
                fixture.write(loads(&series_table(id), WriteKind::Replace, &[("a", round, 1), ("b", 5, 2)])).await?;
                acknowledged();
            }
            fixture.storage.flush().await?;
        }
        // A merge in the first two; the third one is dropped, and the fourth never changed.
        fixture.storage.compact().await?;
        let version = fixture.catalog.snapshot().version;
        let dropped = fixture.storage.change_schema(version, vec![Change::DropTable(TableId(3))]).await;
        dropped.map_err(model::Error::internal)?;
        acknowledged();
        fixture.storage.forget_table(TableId(3)).await?;
        fixture.storage.flush().await?;
        fixture.storage.compact().await
    }
    async fn begun() -> Fixture {
        let fixture = Fixture::open(&ForgetfulFiles::new(), packed()).unwrap();
        let mut tables: Vec<Table> = (1..=3).map(series_table).collect();
        tables.push(keyed_table(4));
        fixture.create(tables).await.unwrap();
        fixture.write(sites(&keyed_table(4), WriteKind::Replace, &[(1, 1), (2, 2)])).await.unwrap();
        fixture
    }
    let fixture = begun().await;
    let start = fixture.disk.operations();
    let mut states = vec![shown(&fixture)];
    play(&fixture, || states.push(shown(&fixture))).await.unwrap();
    let operations = fixture.disk.operations() - start;
    let expected = shown(&fixture);
    assert_eq!((expected[&TableId(1)].0.len(), expected[&TableId(1)].1), (9, 2));
    assert_eq!(states.last(), Some(&expected));
    assert!(operations > 150, "{operations}");
    println!("{operations} operations");
    for point in (0..operations).step_by(3) {
        let fixture = begun().await;
        fixture.disk.fail_at(fixture.disk.operations() + point);
        let mut count = 0;
        let result = play(&fixture, || count += 1).await;
        for seed in [0, u64::MAX, point + 1] {
            let after = Fixture::open(&fixture.disk.crash(seed), packed())
                .unwrap_or_else(|error| panic!("point {point}, seed {seed}: {error}"));
            let found = shown(&after);
            // All that was acknowledged, or that and the request that was under way.
            let may_be = states.iter().skip(count).take(2).any(|state| *state == found);
            assert!(may_be, "point {point}, seed {seed}, after {count}: {found:?}");
            if result.is_ok() {
                assert_eq!(found, expected, "point {point}, seed {seed}");
            }
            let again: Arc<dyn Files> = Arc::new(after.disk.clone());
            after.storage.flush().await.unwrap();
            after.storage.compact().await.unwrap();
            assert_eq!(shown(&after), found, "point {point}, seed {seed}");
            drop(after);
            let report = crate::check(&again, &mut |_| {}).unwrap();
            assert!(report.is_sound(), "point {point}, seed {seed}: {report:?}");
        }
    }
}

/// What nothing names is removed at a start.
#[tokio::test(flavor = "multi_thread")]
async fn packs_that_nothing_names_go_at_the_next_start() {
    let fixture = Fixture::open(&ForgetfulFiles::new(), packed()).unwrap();
    fixture.create(vec![keyed_table(2)]).await.unwrap();
    fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(1, 1)])).await.unwrap();
    fixture.storage.flush().await.unwrap();
    let disk = fixture.disk.crash(0);
    drop(fixture);
    let known: BTreeSet<String> = packs(&disk).into_iter().collect();
    for name in ["000000000999-0123456789abcdef.pack", "000000000998.tmp"] {
        disk.create(&Path::new(files::PACKS).join(name)).unwrap();
    }
    let fixture = Fixture::open(&disk, packed()).unwrap();
    assert_eq!(packs(&disk).into_iter().collect::<BTreeSet<_>>(), known);
    assert_eq!(fixture.rows(TableId(2)).len(), 1);
}
