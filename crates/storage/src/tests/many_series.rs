//! What is to be cheap where a table has very many series: nobody waits for a walk over all of them,
//! and none is written or made anew that did not change.

use super::fixture::*;
use crate::{LastOutput, LastRequest, ScanKeys, Storage};
use arrow::array::ArrayRef;
use catalog::{CatalogStore, RedbCatalog};
use files::{Files, ForgetfulFiles};
use model::{AttributePolicy, DataType, Result, Table, TableId, TypeChange, TypeConversion, Value, WriteKind};
use parking_lot::Mutex;
use segments::{PlainSpellings, Spellings};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

const METERS: TableId = TableId(1);
const SERIES_FILE: &str = "segments/1/series/series.parquet";

/// Spells its first values only once it is told to; tells that it began.
#[derive(Debug)]
struct Gate {
    began: Mutex<Option<Sender<()>>>,
    go: Mutex<Receiver<()>>,
    was_told: AtomicBool,
}

impl Spellings for Gate {
    fn spell(&self, _spelling: &str, values: &ArrayRef, from: DataType) -> Result<ArrayRef> {
        if let Some(began) = self.began.lock().take() {
            began.send(()).unwrap();
            // Only who waits for a writer that waits for it comes to the end of this time.
            self.was_told.store(self.go.lock().recv_timeout(Duration::from_secs(60)).is_ok(), Ordering::SeqCst);
        }
        PlainSpellings.spell(PlainSpellings::NAME, values, from)
    }
}

struct Walk {
    fixture: Fixture,
    gate: Arc<Gate>,
    began: Receiver<()>,
    go: Sender<()>,
}

/// The meters with numbers for cities.
fn table() -> Table {
    let mut table = series_table(1);
    table.columns.iter_mut().find(|column| column.id == ATTRIBUTE).unwrap().data_type = DataType::Int64;
    table
}

/// Five meters, whose cities were numbers and are spelled by a gate.
async fn walk() -> Walk {
    let (began, has_begun) = channel();
    let (go, told) = channel();
    let gate =
        Arc::new(Gate { began: Mutex::new(Some(began)), go: Mutex::new(told), was_told: AtomicBool::new(false) });
    let disk = ForgetfulFiles::new();
    let files: Arc<dyn Files> = Arc::new(disk.clone());
    let catalog: Arc<dyn CatalogStore> = Arc::new(RedbCatalog::open(files.clone()).unwrap());
    let storage = Storage::open_with_spellings(files, catalog.clone(), options(), gate.clone()).unwrap();
    let fixture = Fixture { disk, catalog, storage };
    fixture.create(vec![table()]).await.unwrap();
    let row = |n: i64| vec![Some(text(&format!("m{n}"))), Some(at(n)), Some(int(n)), Some(int(n))];
    let rows: Vec<_> = (0..5).map(row).collect();
    fixture.write(batch(&table(), WriteKind::Replace, &[KEY, TIME, ATTRIBUTE, FIELD], &rows)).await.unwrap();
    let retype = |table: &Table, number| {
        let mut table = table.clone();
        table.schema_version += 1;
        let city = table.columns.iter_mut().find(|column| column.id == ATTRIBUTE).unwrap();
        let from = std::mem::replace(&mut city.data_type, DataType::Text(None));
        let conversion = TypeConversion::Text { spelling: "gate".into() };
        city.type_changes.push(TypeChange { at: number, from, conversion });
        Ok((table, Vec::new()))
    };
    fixture.storage.change_table(METERS, retype).await.unwrap();
    Walk { fixture, gate, began: has_begun, go }
}

impl Walk {
    /// While something walks over the series, one is made and one changed; then it may go on.
    async fn write_meanwhile(self) -> Fixture {
        let Self { fixture, began, go, .. } = self;
        tokio::task::spawn_blocking(move || began.recv().unwrap()).await.unwrap();
        let table = fixture.storage.view(METERS).unwrap().table().clone();
        let row = |meter: &str| vec![Some(text(meter)), Some(at(9)), Some(text("Ulm")), Some(int(9))];
        let mut both = batch(&table, WriteKind::Replace, &[KEY, TIME, ATTRIBUTE, FIELD], &[row("m0"), row("new")]);
        both.attributes = AttributePolicy::Set;
        fixture.write(both).await.unwrap();
        // If nobody hears it, it is too late.
        let _ = go.send(());
        fixture
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_write_waits_for_a_walk_over_all_series() {
    let walk = walk().await;
    let gate = walk.gate.clone();
    let view = walk.fixture.storage.view(METERS).unwrap();
    let seen = tokio::task::spawn_blocking(move || series_of(&view));
    let fixture = walk.write_meanwhile().await;
    let seen = seen.await.unwrap();
    assert!(gate.was_told.load(Ordering::SeqCst), "the write ended before the walk");
    let expected: Vec<Vec<Value>> =
        (0..5).map(|n| vec![text(&format!("m{n}")), Value::Null, text(&n.to_string())]).collect();
    assert_eq!(seen, expected, "what the view lists, as it was");
    let now = series_of(&fixture.storage.view(METERS).unwrap());
    assert_eq!(now.len(), 6);
    assert_eq!((&now[0][2], &now[5][2]), (&text("Ulm"), &text("Ulm")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_write_waits_while_series_are_written_to_files() {
    let walk = walk().await;
    let gate = walk.gate.clone();
    let storage = walk.fixture.storage.clone();
    let flushed = tokio::spawn(async move { storage.flush().await });
    let fixture = walk.write_meanwhile().await;
    flushed.await.unwrap().unwrap();
    assert!(gate.was_told.load(Ordering::SeqCst), "the write ended before the flush");
    let now = series_of(&fixture.storage.view(METERS).unwrap());
    assert_eq!(now.len(), 6);
    assert_eq!((&now[0][2], &now[1][2], &now[5][2]), (&text("Ulm"), &text("1"), &text("Ulm")));
    assert_eq!(fixture.rows(METERS).len(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn series_that_did_not_change_are_not_written_again() {
    let fixture = Fixture::with(vec![series_table(1)]).await;
    let table = series_table(1);
    let checkpoints = |fixture: &Fixture| fixture.disk.list(Path::new("series")).unwrap();
    fixture.write(loads(&table, WriteKind::KeepFirst, &[("a", 10, 1), ("b", 500, 1)])).await.unwrap();
    fixture.storage.flush().await.unwrap();
    let first = checkpoints(&fixture);
    fixture.disk.remove(Path::new(SERIES_FILE)).unwrap();

    fixture.write(loads(&table, WriteKind::KeepFirst, &[("a", 900, 2), ("a", 20, 2)])).await.unwrap();
    fixture.storage.flush().await.unwrap();
    assert_eq!(checkpoints(&fixture), first);
    assert!(!fixture.disk.exists(Path::new(SERIES_FILE)).unwrap());

    // What is in segments alone is known to be there all the same.
    let fixture = fixture.crash(0);
    let kept = fixture.write(loads(&table, WriteKind::KeepFirst, &[("a", 900, 3), ("a", 20, 3), ("b", 800, 3)])).await;
    assert_eq!(kept.unwrap().accepted, 1);
    super::last_values::compare(&fixture.storage.view(METERS).unwrap(), i64::MIN).unwrap();
    fixture.storage.flush().await.unwrap();
    assert_eq!(checkpoints(&fixture), first);
    let fixture = fixture.crash(0);
    super::last_values::compare(&fixture.storage.view(METERS).unwrap(), i64::MIN).unwrap();

    fixture.write(loads(&table, WriteKind::KeepFirst, &[("c", 10, 1)])).await.unwrap();
    fixture.storage.flush().await.unwrap();
    assert_ne!(checkpoints(&fixture), first);
    assert!(fixture.disk.exists(Path::new(SERIES_FILE)).unwrap());
    assert_eq!(fixture.crash(0).rows(METERS).len(), 6);
}

/// However many series are looked up, and in whatever order they were made: what is kept of them is
/// put together a few times, not once for so many series.
#[tokio::test]
async fn keeping_last_values_takes_work_by_the_number_of_series() {
    const SERIES: usize = 300;
    let fixture = Fixture::with(vec![series_table(1)]).await;
    let table = series_table(1);
    let names: Vec<String> = (0..SERIES).map(|n| format!("m{:03}", n * 7 % SERIES)).collect();
    let rows: Vec<_> = names.iter().map(|name| (name.as_str(), 1, 1)).collect();
    fixture.write(loads(&table, WriteKind::Replace, &rows)).await.unwrap();
    let view = fixture.storage.view(METERS).unwrap();
    let ask = || {
        let outputs = vec![LastOutput::Series(KEY), LastOutput::Value(FIELD)];
        let request = LastRequest { outputs, since: i64::MIN, keys: ScanKeys::All, batch_rows: 7 };
        let mut scan = view.last(request).unwrap();
        let rows: usize = scan.by_ref().map(|batch| batch.unwrap().num_rows()).sum();
        (rows, scan.metrics().series_searched)
    };
    assert_eq!(ask(), (SERIES, SERIES as u64));
    let made = fixture.storage.threads.store.last_values.pages_made();
    // A page has three series.
    assert!(made <= 6 * SERIES as u64 / 3, "{made} pages were made");
    assert_eq!(ask(), (SERIES, 0));
    assert_eq!(fixture.storage.threads.store.last_values.pages_made(), made);
}
