//! Asking before series are made, and names that become free for good.

use super::fixture::*;
use crate::{SeriesMaking, SeriesToMake, StorageOptions, WalSync};
use files::ForgetfulFiles;
use model::{
    DataType, Error, ErrorKind, KeyBytes, KeySelection, RangeDelete, Result, Table, TableId, TimeBounds, Value,
    WriteKind, WritePart, WriteRequest, encode_key, key_hash,
};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::thread::yield_now;

const METERS: TableId = TableId(1);
const OTHERS: TableId = TableId(3);

/// What was asked: of each table the names, in the order of the tables.
type Asked = Vec<(u64, Vec<Value>)>;
type Answer<'a> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;

/// Asks about one table or all, remembers what it was asked, and does something meanwhile.
struct Making<'a> {
    only: Option<TableId>,
    asked: Vec<Asked>,
    answer: Box<dyn Fn(usize) -> Answer<'a> + Send + 'a>,
}

impl<'a> Making<'a> {
    fn new(only: Option<TableId>, answer: impl Fn(usize) -> Answer<'a> + Send + 'a) -> Self {
        Self { only, asked: Vec::new(), answer: Box::new(answer) }
    }
}

impl SeriesMaking for Making<'_> {
    fn asks(&self, table: &Table) -> bool {
        self.only.is_none_or(|only| only == table.id)
    }

    async fn may_make(&mut self, series: Vec<SeriesToMake>) -> Result<()> {
        let names = |of: SeriesToMake| (of.table.id.0, of.keys.into_iter().map(|key| key[0].clone()).collect());
        self.asked.push(series.into_iter().map(names).collect());
        (self.answer)(self.asked.len()).await
    }
}

fn yes<'a>(_: usize) -> Answer<'a> {
    Box::pin(async { Ok(()) })
}

fn key(name: &str) -> KeyBytes {
    encode_key(&[(text(name), DataType::Text(None)), (Value::Null, DataType::Int32)]).unwrap()
}

fn end_of(name: &str) -> WriteRequest {
    let keys = KeySelection::Hashes([key_hash(&key(name).0)].into());
    let delete = RangeDelete { table: METERS, keys, time: TimeBounds::ALL, drop_series: true };
    WriteRequest { parts: vec![WritePart::Delete(delete)] }
}

fn request(batches: Vec<model::WriteBatch>) -> WriteRequest {
    WriteRequest { parts: batches.into_iter().map(WritePart::Rows).collect() }
}

fn names(of: &[&str]) -> Vec<Value> {
    of.iter().map(|name| text(name)).collect()
}

/// Holds the log's syncs back; a test that fails must not wait for them.
struct HeldLog(ForgetfulFiles);

impl HeldLog {
    fn of(fixture: &Fixture) -> Self {
        fixture.disk.hold_syncs(Some("log/"));
        Self(fixture.disk.clone())
    }
}

impl Drop for HeldLog {
    fn drop(&mut self) {
        self.0.hold_syncs(None);
    }
}

/// Whether a future ends without waiting.
fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

async fn two_tables() -> (Fixture, Table, Table) {
    let fixture = Fixture::with(vec![series_table(1), series_table(3)]).await;
    (fixture, series_table(1), series_table(3))
}

#[tokio::test(flavor = "multi_thread")]
async fn only_series_that_are_new_are_asked_about() {
    let (fixture, meters, others) = two_tables().await;
    fixture.write(loads(&meters, WriteKind::Merge, &[("old", 1, 1)])).await.unwrap();
    let batches = || {
        vec![
            loads(&others, WriteKind::Merge, &[("c", 1, 1), ("c", 2, 1)]),
            loads(&meters, WriteKind::Merge, &[("b", 1, 1), ("old", 2, 1), ("a", 1, 1), ("b", 2, 1)]),
        ]
    };
    let mut no = Making::new(None, |_| Box::pin(async { Err(Error::internal("no")) }));
    fixture.storage.write_asking(request(batches()), &mut no).await.unwrap_err();
    let both = vec![(1, names(&["b", "a"])), (3, names(&["c"]))];
    assert_eq!(no.asked, std::slice::from_ref(&both));
    assert_eq!((fixture.rows(METERS).len(), fixture.rows(OTHERS).len()), (1, 0), "nothing of it is written");
    let mut making = Making::new(Some(OTHERS), yes);
    fixture.storage.write_asking(request(batches()), &mut making).await.unwrap();
    assert_eq!(making.asked, [vec![(3, names(&["c"]))]], "of the other table nobody asks");
    fixture.storage.write_asking(request(batches()), &mut no).await.unwrap();
    assert_eq!(no.asked.len(), 1, "all of them are there");
    assert_eq!((fixture.rows(METERS).len(), fixture.rows(OTHERS).len()), (5, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_or_goes_while_it_asks_is_decided_anew() {
    let (fixture, meters, _) = two_tables().await;
    fixture.write(loads(&meters, WriteKind::Merge, &[("going", 1, 1)])).await.unwrap();
    let batch = loads(&meters, WriteKind::Merge, &[("coming", 2, 2), ("going", 2, 2), ("new", 2, 2)]);
    let storage = &fixture.storage;
    let meanwhile = |times: usize| -> Answer<'_> {
        let coming = loads(&meters, WriteKind::Merge, &[("coming", 1, 1)]);
        Box::pin(async move {
            if times == 1 {
                storage.write(end_of("going")).await?;
                storage.write(request(vec![coming])).await?;
            }
            Ok(())
        })
    };
    let mut making = Making::new(None, meanwhile);
    storage.write_asking(request(vec![batch]), &mut making).await.unwrap();
    assert_eq!(making.asked, [vec![(1, names(&["coming", "new"]))], vec![(1, names(&["going", "new"]))]]);
    let rows = |fixture: &Fixture| fixture.rows(METERS).iter().map(|row| (row[1].clone(), row[0].clone())).collect();
    let expected: Vec<(Value, Value)> =
        [("coming", 1), ("coming", 2), ("going", 2), ("new", 2)].map(|(name, time)| (text(name), at(time))).into();
    let found: Vec<(Value, Value)> = rows(&fixture);
    assert_eq!(found, expected);
    assert_eq!(rows(&fixture.clone().crash(0)), expected);
}

/// A store with the series `a` and `b`.
async fn with_two_series(options: StorageOptions) -> Fixture {
    let fixture = Fixture::open(&ForgetfulFiles::new(), options).unwrap();
    fixture.create(vec![series_table(1)]).await.unwrap();
    fixture.write(loads(&series_table(1), WriteKind::Merge, &[("a", 1, 1), ("b", 1, 1)])).await.unwrap();
    fixture
}

#[tokio::test(flavor = "multi_thread")]
async fn a_series_is_gone_for_good_once_its_end_is_durable() {
    let fixture = with_two_series(options()).await;
    let keys = [key("a"), key("b")];
    let storage = fixture.storage.clone();
    assert_eq!(storage.has_series_settled(METERS, &keys).await.unwrap(), [true, true]);
    let held = HeldLog::of(&fixture);
    let mut end = Box::pin(storage.write(end_of("a")));
    assert!(poll(end.as_mut()).is_pending());
    assert_eq!(storage.has_series(METERS, &keys).unwrap(), [false, true]);
    let mut gone = Box::pin(storage.has_series_settled(METERS, &keys));
    assert!(poll(gone.as_mut()).is_pending());
    // What is there needs no waiting for.
    let mut there = Box::pin(storage.has_series_settled(METERS, &keys[1..]));
    assert!(matches!(poll(there.as_mut()), Poll::Ready(Ok(there)) if there == [true]));
    assert_eq!(storage.has_series_settled(OTHERS, &keys).await.unwrap(), [false, false]);
    drop(held);
    assert_eq!(gone.await.unwrap(), [false, true]);
    end.await.unwrap();
    let mut again = Box::pin(storage.has_series_settled(METERS, &keys));
    assert!(poll(again.as_mut()).is_ready(), "it waits once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_series_whose_end_finds_the_disk_full_is_not_gone() {
    let fixture = with_two_series(options()).await;
    let keys = [key("a")];
    let storage = fixture.storage.clone();
    let held = HeldLog::of(&fixture);
    let mut first = Box::pin(fixture.write(loads(&series_table(1), WriteKind::Merge, &[("b", 2, 2)])));
    assert!(poll(first.as_mut()).is_pending());
    while fixture.disk.held_syncs() == 0 {
        yield_now();
    }
    let mut end = Box::pin(storage.write(end_of("a")));
    assert!(poll(end.as_mut()).is_pending());
    let mut gone = Box::pin(storage.has_series_settled(METERS, &keys));
    assert!(poll(gone.as_mut()).is_pending());
    fixture.disk.set_full(true);
    drop(held);
    first.await.unwrap();
    assert_eq!(*end.await.unwrap_err().kind, ErrorKind::DiskFull {});
    assert_eq!(*gone.await.unwrap_err().kind, ErrorKind::DiskFull {});
    assert_eq!(storage.has_series_settled(METERS, &keys).await.unwrap(), [true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_lax_syncs_an_end_is_made_durable_for_whoever_builds_on_it() {
    let lax = StorageOptions { wal_sync: WalSync::Off, ..options() };
    let fixture = with_two_series(lax).await;
    let keys = [key("a"), key("b")];
    fixture.storage.write(end_of("a")).await.unwrap();
    let after = |fixture: &Fixture| {
        let after = Fixture::open(&fixture.disk.crash(0), options()).unwrap();
        after.storage.has_series(METERS, &keys).unwrap()
    };
    assert_eq!(after(&fixture), [false, false], "nothing was synced, the series neither");
    fixture.storage.flush().await.unwrap();
    fixture.storage.write(end_of("b")).await.unwrap();
    assert_eq!(after(&fixture), [false, true]);
    assert_eq!(fixture.storage.has_series_settled(METERS, &keys).await.unwrap(), [false, false]);
    assert_eq!(after(&fixture), [false, false]);
}
