//! Plans over a real store: rows in segments and in memory, read by a second session.

use super::{PlanCodec, profile};
use crate::StorageTable;
use crate::scan::memory::{column, definition};
use crate::testing::Bench;
use catalog::{CatalogStore, Change, Database, DatabaseLabel, RedbCatalog};
use files::{Files, ForgetfulFiles};
use model::{
    AttributePolicy, CellsBuilder, ColumnId, ColumnRole, DataType, DatabaseId, KeySelection, RangeDelete, Table,
    TableId, TableKind, TimeBounds, TimeUnit, Value, WriteBatch, WriteKind, WritePart, WriteRequest,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use storage::{Storage, StorageOptions};

async fn write(storage: &Storage, table: &Table, rows: &[Vec<Value>]) {
    let columns = table.columns.iter().enumerate().map(|(i, c)| {
        let mut cells = CellsBuilder::new(c.data_type).unwrap();
        rows.iter().for_each(|row| cells.push(&row[i]).unwrap());
        (c.id, cells.finish())
    });
    let batch = WriteBatch {
        table: table.id,
        schema_version: table.schema_version,
        kind: WriteKind::Replace,
        attributes: AttributePolicy::OnlyIfNew,
        rows: rows.len(),
        columns: columns.collect(),
    };
    storage.write(WriteRequest { parts: vec![WritePart::Rows(batch)] }).await.unwrap();
}

fn tables() -> [Table; 2] {
    let series = vec![
        column(1, "ts", ColumnRole::Time, DataType::Instant(TimeUnit::Millisecond)),
        column(2, "volts", ColumnRole::Field, DataType::Float64),
        column(3, "site", ColumnRole::Key, DataType::Text(None)),
        column(4, "meter", ColumnRole::Key, DataType::Int64),
        column(5, "owner", ColumnRole::Attribute, DataType::Text(None)),
    ];
    let keyed = vec![
        column(1, "owner", ColumnRole::Key, DataType::Text(None)),
        column(2, "rank", ColumnRole::Field, DataType::Int64),
    ];
    let meters = Table { next_column: ColumnId(10), ..definition("meters", TableKind::Series, series) };
    let owners = definition("owners", TableKind::Keyed, keyed);
    [meters, Table { id: TableId(2), next_column: ColumnId(10), ..owners }]
}

fn reading(site: &str, meter: i64, ts: i64, volts: f64) -> Vec<Value> {
    let owner = if meter % 2 == 0 { "ann" } else { "bob" };
    vec![
        Value::Instant(ts, TimeUnit::Millisecond),
        Value::Float(volts),
        Value::Text(site.into()),
        Value::Integer(meter.into()),
        Value::Text(owner.into()),
    ]
}

fn owner(name: &str, rank: i64) -> Vec<Value> {
    vec![Value::Text(name.into()), Value::Integer(rank.into())]
}

async fn store() -> Storage {
    let files: Arc<dyn Files> = Arc::new(ForgetfulFiles::new());
    let catalog: Arc<dyn CatalogStore> = Arc::new(RedbCatalog::open(files.clone()).unwrap());
    let options = StorageOptions { partition_seconds: 1_000, ..StorageOptions::within(1 << 30) };
    let storage = Storage::open(files, catalog.clone(), options).unwrap();
    let database = Database {
        id: DatabaseId(1),
        name: "db".into(),
        label: DatabaseLabel::Any,
        partition_seconds: None,
        retention_seconds: None,
        comment: None,
        properties: BTreeMap::new(),
    };
    let [meters, owners] = tables();
    let puts = [&meters, &owners].map(|t| Change::PutTable(Box::new(t.clone())));
    let changes = std::iter::once(Change::PutDatabase(database)).chain(puts).collect();
    catalog.commit(None, changes).await.unwrap();
    let rows: Vec<_> = (0..200_i32)
        .map(|i| reading(["a", "b", "c"][i as usize % 3], i64::from(i % 4), i64::from(i) * 20_000, f64::from(i)))
        .collect();
    write(&storage, &meters, &rows).await;
    write(&storage, &owners, &[owner("ann", 1), owner("bob", 2), owner("cy", 3)]).await;
    storage.flush().await.unwrap();
    write(&storage, &meters, &[reading("a", 0, 0, -1.0), reading("d", 9, 5_000_000, 9.5)]).await;
    write(&storage, &owners, &[owner("bob", 20)]).await;
    let time = TimeBounds { first: 100_000, last: 200_000 };
    let delete = RangeDelete { table: meters.id, keys: KeySelection::All, time, drop_series: false };
    storage.write(WriteRequest { parts: vec![WritePart::Delete(delete)] }).await.unwrap();
    storage
}

fn bench(storage: &Storage) -> Bench {
    let mut bench = Bench::new().profile(profile());
    for table in tables() {
        let view = storage.view(table.id).unwrap();
        bench.provider(&table.name, Arc::new(StorageTable::new(view)));
    }
    bench
}

const QUERIES: &[&str] = &[
    "SELECT * FROM meters",
    "SELECT count(*) FROM meters",
    "SELECT volts FROM meters WHERE ts >= '1970-01-01 08:30:00' AND ts < '1970-01-01 08:40:00'",
    "SELECT ts, volts FROM meters WHERE site = 'a' AND meter IN (0, 2)",
    "SELECT ts FROM meters WHERE site = 'd' OR owner = 'ann' LIMIT 7",
    "SELECT meter, volts FROM meters WHERE site = 'a' AND meter = 0 ORDER BY ts DESC LIMIT 3",
    "SELECT ts FROM meters WHERE site = 'nowhere'",
    "SELECT rank FROM owners WHERE owner > 'ann'",
    "SELECT rank FROM owners WHERE owner IN ('ann', 'cy', 'dee')",
    "SELECT site, time_bucket(ts, '10m') b, last(volts, ts), sum(volts), avg(meter) FROM meters GROUP BY site, b ORDER BY site, b",
    "SELECT site, meter, last(volts, ts), last_row(volts, ts), max(ts) FROM meters GROUP BY site, meter ORDER BY 1, 2",
    "SELECT owner, last(volts, ts) FROM meters WHERE ts >= '1970-01-01 08:30:00' AND site <> 'b' GROUP BY owner ORDER BY 1",
    "SELECT o.rank, count(*), first_row(m.volts, m.ts) FROM meters m JOIN owners o ON m.owner = o.owner WHERE m.ts > '1970-01-01 08:20:00' GROUP BY o.rank ORDER BY 1",
    "SELECT site || '-' || owner, meter + rank FROM meters NATURAL JOIN owners ORDER BY volts * 2 DESC LIMIT 9",
];

#[tokio::test]
async fn plans_give_the_same_rows_in_another_session_over_the_same_store() {
    let storage = store().await;
    let bench = bench(&storage);
    let other = Bench::new().profile(profile());
    let codec = PlanCodec::new(&bench.profile, storage.clone(), &bench.context);
    let mut written = Vec::new();
    for sql in QUERIES {
        let plan = bench.physical(sql).await;
        let bytes = codec.encode(&plan).unwrap_or_else(|e| panic!("{sql}: {e}"));
        let reading = PlanCodec::new(&other.profile, storage.clone(), &other.context);
        let read = reading.decode(&bytes).unwrap_or_else(|e| panic!("{sql}: {e}"));
        let display = |plan| datafusion::physical_plan::displayable(plan).indent(true).to_string();
        assert_eq!(display(read.as_ref()), display(plan.as_ref()), "{sql}");
        assert_eq!(read.schema(), plan.schema(), "{sql}");
        let rows = bench.collect(Arc::clone(&plan)).await;
        assert_eq!(rows.is_empty(), sql.contains("nowhere"), "{sql}");
        assert_eq!(other.collect(read).await, rows, "{sql}");
        written.push((sql, bytes, plan, rows));
    }
    // Later writes and flushes change nothing while the first session holds its plans.
    let [meters, owners] = tables();
    write(&storage, &meters, &[reading("a", 0, 0, 77.0), reading("e", 1, 1, 1.0)]).await;
    write(&storage, &owners, &[owner("ann", 100), owner("dee", 5)]).await;
    storage.flush().await.unwrap();
    for (sql, bytes, _plan, rows) in &written {
        assert_eq!(other.collect(codec.decode(bytes).unwrap()).await, *rows, "{sql}, after a flush");
    }
}

#[tokio::test]
async fn a_plan_whose_sources_are_gone_says_so() {
    let storage = store().await;
    let held = bench(&storage);
    let codec = PlanCodec::new(&held.profile, storage.clone(), &held.context);
    let bytes = codec.encode(&held.physical("SELECT sum(volts) FROM meters").await).unwrap();
    codec.decode(&bytes).unwrap();
    storage.flush().await.unwrap();
    drop(held);
    let error = codec.decode(&bytes).unwrap_err().to_string();
    assert!(error.contains("unflushed rows of writer") && error.contains("are gone"), "{error}");
    let elsewhere = store().await;
    let profile = profile();
    let error = PlanCodec::new(&profile, elsewhere, &Bench::new().context).decode(&bytes).unwrap_err().to_string();
    assert!(error.contains("is not here"), "{error}");
}
