//! A store's life from its first start: every kind of work that it does, one after the other.

use super::Judged;
use super::cutter::{Cutter, Part};
use super::state::{Promises, State};
use crate::catalogue_commit::own_runtime;
use crate::compaction::{Done, Job, delete_expired};
use crate::segment::Segment;
use crate::tests::fixture::*;
use crate::tests::naive::Event;
use crate::{BackupOptions, StorageOptions, series_file};
use catalog::Change;
use files::ForgetfulFiles;
use model::{
    AttributePolicy, Column, ColumnId, ColumnRole, DataType, ErrorKind, KeySelection, RangeDelete, Table, TableId,
    TimeBounds, TypeChange, TypeConversion, WriteBatch, WriteKind, WritePart, WriteRequest,
};
use std::sync::Arc;

pub(super) const METERS: TableId = TableId(1);
const SITES: TableId = TableId(2);
pub(super) const OTHER_SITES: TableId = TableId(3);
/// A table whose oldest partition expires.
const EXPIRING: TableId = TableId(4);
/// A table whose series have no rows.
const NAMED: TableId = TableId(5);
/// Milliseconds of a partition.
const PARTITION: i64 = 1_000_000;

/// A log file for each record.
pub(super) fn small() -> StorageOptions {
    StorageOptions { log_file_bytes: 1, ..options() }
}

/// A store that is cut off at each operation, and what it has promised.
pub(super) struct Life<'a> {
    cutter: &'a Cutter,
    pub(super) promises: Promises,
    pub(super) fixture: Fixture,
}

impl<'a> Life<'a> {
    /// Opens a disk, watched from before the first operation on.
    pub(super) fn open(
        cutter: &'a Cutter,
        disk: &ForgetfulFiles,
        promises: &Promises,
        phase: &'static str,
        options: StorageOptions,
    ) -> Judged<Self> {
        promises.phase(phase);
        cutter.watch(Part::Life, disk, promises, Arc::new(super::shows_what_was_promised));
        let fixture = Fixture::open(disk, options).map_err(|error| format!("{phase}: {error}"))?;
        Ok(Self { cutter, promises: promises.clone(), fixture })
    }

    fn table(&self, id: TableId) -> Table {
        Table::clone(self.fixture.catalog.snapshot().table(id).unwrap())
    }

    /// Waits until the log has gone over to its next file.
    async fn settle(&self, phase: &'static str) -> Judged {
        self.promises.phase(phase);
        let barrier = self.fixture.storage.threads.store.log.queue.push_barrier(false).map_err(|e| e.to_string())?;
        barrier.await.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
        self.goes_on()
    }

    /// An error once something is known to be wrong: nothing more needs to be done.
    fn goes_on(&self) -> Judged {
        if self.cutter.has_problem() { Err("a cut before".to_owned()) } else { Ok(()) }
    }

    async fn request(&self, parts: Vec<WritePart>) -> Judged {
        let request = WriteRequest { parts };
        self.promises.ask(|state| state.apply(&Event::Write(request.clone())));
        self.promises.phase("write");
        self.fixture.storage.write(request).await.map_err(|error| format!("a write: {error}"))?;
        self.promises.acknowledged();
        self.settle("rotate the log").await
    }

    /// One request of rows in two tables, which is acknowledged later.
    pub(super) async fn write_unsynced(&self, number: i64) -> Judged {
        let rows = [vec![Some(text("late")), Some(at(number))]];
        let series = batch(&self.table(METERS), WriteKind::Replace, &[KEY, TIME], &rows);
        let keyed = sites(&self.table(OTHER_SITES), WriteKind::Replace, &[(number, number)]);
        let request = WriteRequest { parts: vec![WritePart::Rows(series), WritePart::Rows(keyed)] };
        self.promises.ask(|state| state.apply(&Event::Write(request.clone())));
        self.fixture.storage.write(request).await.map(drop).map_err(|error| format!("a write: {error}"))
    }

    pub(super) async fn write(&self, batch: WriteBatch) -> Judged {
        self.request(vec![WritePart::Rows(batch)]).await
    }

    pub(super) async fn loads(&self, table: TableId, kind: WriteKind, rows: &[(&str, i64, i64)]) -> Judged {
        self.write(loads(&self.table(table), kind, rows)).await
    }

    pub(super) async fn sites(&self, table: TableId, kind: WriteKind, rows: &[(i64, i64)]) -> Judged {
        self.write(sites(&self.table(table), kind, rows)).await
    }

    /// Moves everything to files, and makes those files of series for other tools.
    async fn flush(&self, listed: &[TableId]) -> Judged {
        self.promises.phase("flush");
        self.fixture.storage.flush().await.map_err(|error| format!("a flush: {error}"))?;
        listed.iter().for_each(|table| self.promises.keep_file(&series_file::path(*table)));
        self.goes_on()
    }

    /// Merges all segments of the table's first partition.
    async fn compact(&self, table: TableId) -> Judged {
        self.promises.phase("compact");
        let store = self.fixture.storage.threads.store.clone();
        let state = store.table(table).map_err(|e| e.to_string())?;
        let work = move || {
            let memory = state.seen().1;
            let partition = |segment: &Arc<Segment>| (segment.entry.partition, segment.entry.partition_seconds);
            let first = memory.segments.first().map(partition);
            let inputs: Vec<Arc<Segment>> =
                memory.segments.iter().filter(|s| Some(partition(s)) == first).cloned().collect();
            assert!(inputs.len() >= 2, "{} segments", inputs.len());
            let job = Job::new(&memory, inputs).unwrap();
            drop(memory);
            job.run(&store, &state, &own_runtime()?, &mut || Ok(()))
        };
        let done = tokio::task::spawn_blocking(work).await.unwrap();
        assert_eq!(done.map_err(|error| format!("a compaction: {error}"))?, Done::Merged);
        self.goes_on()
    }

    async fn expire(&self, table: TableId) -> Judged {
        let time = TimeBounds { first: 0, last: PARTITION - 1 };
        let delete = RangeDelete { table, keys: KeySelection::All, time, drop_series: false };
        let expired = Event::Write(WriteRequest { parts: vec![WritePart::Delete(delete)] });
        self.promises.ask(|state| state.apply(&expired));
        self.promises.phase("expire");
        let store = self.fixture.storage.threads.store.clone();
        let work = move || delete_expired(&store, &own_runtime()?, table, 5_000 * 1_000_000);
        let deleted = tokio::task::spawn_blocking(work).await.unwrap();
        assert!(deleted.map_err(|error| format!("an expiry: {error}"))?);
        self.promises.acknowledged();
        self.goes_on()
    }

    async fn alter(&self, id: TableId, change: impl Fn(&mut Table, model::Sequence) + Send + Sync) -> Judged {
        self.promises.phase("alter");
        let make = |table: &Table, number| {
            let mut table = table.clone();
            table.schema_version += 1;
            change(&mut table, number);
            self.promises.ask(|state| state.apply(&Event::Change(table.clone())));
            Ok((table, Vec::new()))
        };
        self.fixture.storage.change_table(id, make).await.map_err(|error| format!("a change: {error}"))?;
        self.promises.acknowledged();
        self.goes_on()
    }

    async fn drop_and_create(&self, old: TableId, new: Table) -> Judged {
        self.promises.ask(|state| {
            state.drop_table(old);
            state.create(new.clone());
        });
        self.promises.phase("drop");
        let version = self.fixture.catalog.snapshot().version;
        let changes = vec![Change::DropTable(old), Change::PutTable(Box::new(new))];
        let changed = self.fixture.storage.change_schema(version, changes).await;
        changed.map_err(|error| format!("a drop: {error:?}"))?;
        self.promises.acknowledged();
        self.fixture.storage.forget_table(old).await.map_err(|error| format!("a drop: {error}"))?;
        // The background forgets a table before it flushes.
        self.fixture.storage.flush().await.map_err(|error| format!("a flush: {error}"))?;
        self.goes_on()
    }

    /// Requests that a full disk refuses, several in one group.
    async fn fill_the_disk(&self, table: TableId) -> Judged {
        let batch = sites(&self.table(table), WriteKind::Replace, &[(777, 7)]);
        let request = WriteRequest { parts: vec![WritePart::Rows(batch)] };
        self.promises.ask(|state| state.apply(&Event::Write(request.clone())));
        self.promises.phase("fill the disk");
        self.fixture.disk.set_full(true);
        let writes: Vec<_> = (0..6)
            .map(|_| {
                let (storage, request) = (self.fixture.storage.clone(), request.clone());
                tokio::spawn(async move { storage.write(request).await })
            })
            .collect();
        for write in writes {
            let refused = write.await.unwrap().unwrap_err();
            assert_eq!(*refused.kind, ErrorKind::DiskFull {}, "{refused}");
        }
        self.promises.refused();
        self.fixture.disk.set_full(false);
        self.goes_on()
    }

    pub(super) async fn close(self) -> Judged<(ForgetfulFiles, Promises)> {
        let Self { promises, fixture, .. } = self;
        fixture.storage.close().await.map_err(|error| format!("closing: {error}"))?;
        Ok((fixture.disk.clone(), promises))
    }
}

/// Everything; the disk that is left, after a clean end.
pub(super) async fn live(cutter: &Cutter) -> Judged<(ForgetfulFiles, Promises)> {
    let promises = Promises::default();
    let life = Life::open(cutter, &ForgetfulFiles::new(), &promises, "open", small())?;
    let expiring = Table { retention_seconds: Some(1_500), ..series_table(EXPIRING.0) };
    let tables = vec![series_table(METERS.0), keyed_table(SITES.0), expiring, series_table(NAMED.0)];
    promises.ask(|state| tables.iter().for_each(|table| State::create(state, table.clone())));
    promises.phase("create tables");
    life.fixture.create(tables).await.map_err(|error| format!("new tables: {error}"))?;
    promises.acknowledged();

    use WriteKind::{KeepFirst, Merge, Replace};
    life.loads(METERS, Replace, &[("a", 1, 1), ("b", 2, 2), ("c", 5 * PARTITION, 3)]).await?;
    life.sites(SITES, Replace, &[(1, 1), (2, 2), (3, 3)]).await?;
    life.loads(EXPIRING, Replace, &[("x", 10_000, 1), ("x", 4 * PARTITION, 2)]).await?;
    life.flush(&[METERS, EXPIRING]).await?;

    life.loads(METERS, Merge, &[("a", 1, 10), ("new", 7, 4)]).await?;
    let mut moved = batch(&life.table(METERS), Replace, &[KEY, ATTRIBUTE], &[vec![Some(text("b")), Some(text("Ulm"))]]);
    moved.attributes = AttributePolicy::Set;
    life.write(moved).await?;
    let time = TimeBounds { first: 2, last: 2 };
    let delete = RangeDelete { table: METERS, keys: KeySelection::All, time, drop_series: false };
    let erased = sites(&life.table(SITES), WriteKind::Erase, &[(2, 0)]);
    life.request(vec![
        WritePart::Delete(delete),
        WritePart::Rows(WriteBatch { columns: erased.columns[..1].to_vec(), ..erased }),
    ])
    .await?;
    life.flush(&[METERS]).await?;
    life.compact(METERS).await?;
    life.compact(SITES).await?;
    life.expire(EXPIRING).await?;

    life.alter(METERS, |table, _| {
        let id = table.next_column;
        table.columns.push(Column::new(id, "added", ColumnRole::Field, DataType::Int64));
        table.next_column = ColumnId(id.0 + 1);
    })
    .await?;
    // A new series: the next flush, which is that of a drop, puts its checkpoint in the place of an older one.
    life.loads(METERS, Replace, &[("a", 9, 9), ("later", 9, 9)]).await?;
    life.alter(METERS, |table, at| {
        let load = table.columns.iter_mut().find(|column| column.id == FIELD).unwrap();
        load.data_type = DataType::Text(None);
        load.type_changes.push(TypeChange { at, from: DataType::Int64, conversion: TypeConversion::Plain });
    })
    .await?;
    life.sites(SITES, Merge, &[(1, 11), (4, 4)]).await?;
    life.fill_the_disk(SITES).await?;
    life.settle("fill the disk").await?;
    life.drop_and_create(SITES, Table { name: "sites2".into(), ..keyed_table(OTHER_SITES.0) }).await?;
    life.sites(OTHER_SITES, KeepFirst, &[(1, 100)]).await?;
    // Alone: no other table's first files make the directory of this one durable.
    life.flush(&[]).await?;
    // A series without rows.
    let named = vec![Some(text("only named")), Some(text("Ulm"))];
    life.write(batch(&series_table(NAMED.0), Replace, &[KEY, ATTRIBUTE], &[named])).await?;
    life.flush(&[NAMED]).await?;
    life.sites(OTHER_SITES, Replace, &[(5, 5)]).await?;

    promises.phase("cut a backup");
    let backup =
        life.fixture.storage.backup(BackupOptions::default()).await.map_err(|error| format!("a backup: {error}"))?;
    super::keeping::back_up_and_restore(cutter, &promises, &backup)?;
    drop(backup);
    promises.phase("rotate the log");
    life.close().await
}
