//! A store on a forgetful disk, with a series table and keyed tables.

use crate::{Clock, CompactionOptions, ScanKeys, ScanRequest, Storage, StorageOptions, TableView, WalSync};
use arrow::array::{Array, ArrayRef};
use catalog::{CatalogStore, Change, Database, DatabaseLabel, RedbCatalog};
use files::{Files, ForgetfulFiles};
use model::{
    AttributePolicy, Cells, CellsBuilder, Column, ColumnId, ColumnRole, DataType, DatabaseId, Result, Sequence, Table,
    TableId, TableKind, TimeBounds, TimeUnit, Value, WriteBatch, WriteKind, WritePart, WriteRequest,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) const KEY: ColumnId = ColumnId(1);
pub(crate) const KEY_2: ColumnId = ColumnId(2);
pub(crate) const TIME: ColumnId = ColumnId(3);
pub(crate) const ATTRIBUTE: ColumnId = ColumnId(4);
pub(crate) const FIELD: ColumnId = ColumnId(5);
pub(crate) const TEXT: ColumnId = ColumnId(6);

/// A clock that goes on by one microsecond a look.
#[derive(Debug, Default)]
pub(crate) struct TestClock(AtomicU64);

impl Clock for TestClock {
    fn now_micros(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

pub(crate) fn options() -> StorageOptions {
    StorageOptions {
        wal_sync: WalSync::Always,
        flush_bytes: 1 << 30,
        memory_limit_bytes: 1 << 30,
        footer_bytes: 16 << 20,
        last_values_bytes: 1 << 20,
        log_file_bytes: 1 << 20,
        partition_seconds: 1000,
        // Most tests look at the files of one table.
        pack_bytes: 0,
        // Only when a test asks.
        compaction: CompactionOptions { cpu_percent: 0, ..CompactionOptions::default() },
        clock: Arc::new(TestClock::default()),
    }
}

/// A disk with a catalogue and a store on it.
#[derive(Clone, Debug)]
pub(crate) struct Fixture {
    pub(crate) disk: ForgetfulFiles,
    pub(crate) catalog: Arc<dyn CatalogStore>,
    pub(crate) storage: Storage,
}

impl Fixture {
    pub(crate) fn open(disk: &ForgetfulFiles, options: StorageOptions) -> Result<Self> {
        let files: Arc<dyn Files> = Arc::new(disk.clone());
        let catalog: Arc<dyn CatalogStore> = Arc::new(RedbCatalog::open(files.clone())?);
        let storage = Storage::open(files, catalog.clone(), options)?;
        Ok(Self { disk: disk.clone(), catalog, storage })
    }

    /// A new disk with a database and tables.
    pub(crate) async fn with(tables: Vec<Table>) -> Self {
        let fixture = Self::open(&ForgetfulFiles::new(), options()).unwrap();
        fixture.create(tables).await.unwrap();
        fixture
    }

    pub(crate) async fn create(&self, tables: Vec<Table>) -> Result<()> {
        let database = Database {
            id: DatabaseId(1),
            name: "plant".into(),
            label: DatabaseLabel::Any,
            partition_seconds: None,
            retention_seconds: None,
            comment: None,
            properties: BTreeMap::new(),
        };
        let mut changes = vec![Change::PutDatabase(database)];
        changes.extend(tables.into_iter().map(|t| Change::PutTable(Box::new(t))));
        self.catalog.commit(None, changes).await.map_err(model::Error::internal)?;
        Ok(())
    }

    /// The same disk after the power was cut.
    pub(crate) fn crash(self, seed: u64) -> Self {
        let disk = self.disk.crash(seed);
        drop(self);
        Self::open(&disk, options()).unwrap()
    }

    pub(crate) async fn write(&self, part: WriteBatch) -> Result<model::WriteOutcome> {
        self.storage.write(WriteRequest { parts: vec![WritePart::Rows(part)] }).await
    }

    pub(crate) fn rows(&self, table: TableId) -> Vec<Vec<Value>> {
        rows_of(&self.storage.view(table).unwrap())
    }
}

fn table(id: u64, name: &str, kind: TableKind, columns: Vec<Column>, key: Vec<ColumnId>) -> Table {
    Table {
        id: TableId(id),
        database: DatabaseId(1),
        name: name.into(),
        kind,
        columns,
        key,
        unique: Vec::new(),
        schema_version: 1,
        next_column: ColumnId(10),
        partition_seconds: None,
        retention_seconds: None,
        hidden: false,
        comment: None,
        properties: BTreeMap::new(),
    }
}

/// A series table: two key columns, time, an attribute, two fields.
pub(crate) fn series_table(id: u64) -> Table {
    let columns = vec![
        Column::new(TIME, "time", ColumnRole::Time, DataType::Instant(TimeUnit::Millisecond)),
        Column::new(KEY, "meter", ColumnRole::Key, DataType::Text(None)),
        Column::new(KEY_2, "phase", ColumnRole::Key, DataType::Int32),
        Column::new(ATTRIBUTE, "city", ColumnRole::Attribute, DataType::Text(None)),
        Column::new(FIELD, "load", ColumnRole::Field, DataType::Int64),
        Column::new(TEXT, "note", ColumnRole::Field, DataType::Text(None)),
    ];
    table(id, &format!("meters{id}"), TableKind::Series, columns, vec![KEY, KEY_2])
}

/// A keyed table: a key and two fields.
pub(crate) fn keyed_table(id: u64) -> Table {
    let columns = vec![
        Column::new(KEY, "id", ColumnRole::Key, DataType::Int64),
        Column::new(FIELD, "load", ColumnRole::Field, DataType::Int64),
        Column::new(TEXT, "note", ColumnRole::Field, DataType::Text(None)),
    ];
    table(id, &format!("sites{id}"), TableKind::Keyed, columns, vec![KEY])
}

/// Cells; `None` is absent.
pub(crate) fn cells(data_type: DataType, values: impl IntoIterator<Item = Option<Value>>) -> Cells {
    let mut builder = CellsBuilder::new(data_type).unwrap();
    for value in values {
        match value {
            None => builder.push_absent(),
            Some(value) => builder.push(&value).unwrap(),
        }
    }
    builder.finish()
}

pub(crate) fn text(t: &str) -> Value {
    Value::Text(t.to_owned())
}

pub(crate) fn int(i: i64) -> Value {
    Value::Integer(i.into())
}

pub(crate) fn at(millis: i64) -> Value {
    Value::Instant(millis, TimeUnit::Millisecond)
}

/// A batch from cells by column; every row has as many cells as there are columns.
pub(crate) fn batch(table: &Table, kind: WriteKind, columns: &[ColumnId], rows: &[Vec<Option<Value>>]) -> WriteBatch {
    let columns = columns
        .iter()
        .enumerate()
        .map(|(i, id)| (*id, cells(table.column(*id).unwrap().data_type, rows.iter().map(|row| row[i].clone()))))
        .collect();
    WriteBatch {
        table: table.id,
        schema_version: table.schema_version,
        kind,
        attributes: AttributePolicy::OnlyIfNew,
        rows: rows.len(),
        columns,
    }
}

/// Rows of (meter, time, load) for a series table.
pub(crate) fn loads(table: &Table, kind: WriteKind, rows: &[(&str, i64, i64)]) -> WriteBatch {
    let rows: Vec<_> = rows.iter().map(|(m, t, l)| vec![Some(text(m)), Some(at(*t)), Some(int(*l))]).collect();
    batch(table, kind, &[KEY, TIME, FIELD], &rows)
}

/// Rows of (id, load) for a keyed table.
pub(crate) fn sites(table: &Table, kind: WriteKind, rows: &[(i64, i64)]) -> WriteBatch {
    let rows: Vec<_> = rows.iter().map(|(k, l)| vec![Some(int(*k)), Some(int(*l))]).collect();
    batch(table, kind, &[KEY, FIELD], &rows)
}

/// All rows of a view, all columns in table order.
pub(crate) fn rows_of(view: &TableView) -> Vec<Vec<Value>> {
    let columns: Vec<ColumnId> = view.table().columns.iter().map(|c| c.id).collect();
    scan(view, &columns, ScanKeys::All, TimeBounds::ALL)
}

pub(crate) fn scan(view: &TableView, columns: &[ColumnId], keys: ScanKeys, time: TimeBounds) -> Vec<Vec<Value>> {
    let request = ScanRequest { columns: columns.to_vec(), time, keys, batch_rows: 7 };
    let types: Vec<DataType> = columns.iter().map(|id| view.table().column(*id).unwrap().data_type).collect();
    let mut rows = Vec::new();
    for batch in view.scan(request).unwrap() {
        let batch = batch.unwrap();
        for (field, data_type) in batch.schema().fields().iter().zip(&types) {
            assert_eq!(*field.data_type(), model::arrow_type(*data_type));
        }
        rows.extend(values(batch.columns(), &types, batch.num_rows()));
    }
    rows
}

/// The series of a view with their attributes, in key order.
pub(crate) fn series_of(view: &TableView) -> Vec<Vec<Value>> {
    let of_series = |c: &&Column| matches!(c.role, ColumnRole::Key | ColumnRole::Attribute);
    let columns: Vec<&Column> = view.table().columns.iter().filter(of_series).collect();
    let ids: Vec<ColumnId> = columns.iter().map(|c| c.id).collect();
    let types: Vec<DataType> = columns.iter().map(|c| c.data_type).collect();
    let series = view.series(&ids).unwrap();
    values(series.columns.columns(), &types, series.ids.len())
}

fn values(arrays: &[ArrayRef], types: &[DataType], rows: usize) -> Vec<Vec<Value>> {
    arrays.iter().for_each(|a| assert_eq!(a.len(), rows));
    (0..rows)
        .map(|row| arrays.iter().zip(types).map(|(a, t)| crate::cell_value::cell_value(a, row, *t).unwrap()).collect())
        .collect()
}

/// The number that the newest visible write has.
pub(crate) fn sequence(fixture: &Fixture, table: TableId) -> Sequence {
    fixture.storage.view(table).unwrap().sequence()
}
