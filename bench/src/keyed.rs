//! `bench keyed`: one relational table at size, inside this process: rows one by one and in bulk,
//! looked up by key, scanned, and changed by statements of very many rows while another table is
//! written.

use crate::memory::megabytes;
use crate::say;
use crate::store::cost::Cost;
use crate::store::rows::column;
use crate::store::{Result, Store, bytes, on_empty, text};
use arrow::array::{ArrayRef, Float64Array, Int32Array, Int64Array, StringArray};
use clap::Args;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use engine::{DeleteRequest, NewTable, UpdateRequest};
use model::{AttributePolicy, Cells, ColumnRole, DataType, Table, TableKind, WriteBatch, WriteKind};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The rows, and where they go.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where the data goes; emptied first
    #[arg(long, default_value = "target/bench-data")]
    data_dir: PathBuf,
    /// Rows that are loaded in bulk
    #[arg(long, default_value_t = 10_000_000)]
    rows: u64,
    /// Rows in one write of the bulk load
    #[arg(long, default_value_t = 10_000)]
    rows_a_write: u64,
    /// Single-row INSERTs of each number of clients
    #[arg(long, default_value_t = 20_000)]
    requests: u64,
    /// Rows that the large UPDATE and DELETE change
    #[arg(long, default_value_t = 1_000_000)]
    statement_rows: u64,
    /// Bytes of memory that storage and queries share
    #[arg(long, default_value_t = 4 << 30)]
    memory: u64,
}

/// How many keys are looked up.
const LOOK_UPS: u64 = 2_000;
/// How long the other table is written before the large statements.
const AT_REST: Duration = Duration::from_secs(3);

/// Prints the figures.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    on_empty(&arguments.data_dir, measure(arguments))
}

async fn measure(arguments: &Arguments) -> Result<()> {
    let Arguments { data_dir, rows, rows_a_write, requests, statement_rows, memory } = arguments;
    let (rows, requests, statement_rows) = (*rows, *requests, (*statement_rows).min(*rows));
    let store = Arc::new(Store::open(data_dir, *memory).await?);
    let orders = Arc::new(Orders::create(&store, "orders").await?);
    let events = Arc::new(Orders::create(&store, "events").await?);

    let cost = Cost::begin()?;
    for first in (0..rows).step_by(usize::try_from(*rows_a_write).map_err(text)?.max(1)) {
        orders.insert(&store, first, (rows - first).min(*rows_a_write)).await?;
    }
    say(&format!("| {rows} rows, {rows_a_write} a write | {} |", cost.of(rows)?));
    store.engine.storage().flush().await.map_err(text)?;
    store.engine.storage().compact().await.map_err(text)?;
    say(&format!("| until all are in segments and compaction has caught up | {} |", cost.of(rows)?));
    say(&format!("| on disk | {:.1} bytes a row |", bytes(data_dir)? as f64 / rows as f64));

    let next = Arc::new(AtomicU64::new(rows));
    for clients in [1, 16] {
        let seconds = singles(&store, &orders, &next, clients, requests).await?;
        say(&format!("| INSERT, 1 row a statement, {clients} clients | {:.0} rows/s |", requests as f64 / seconds));
    }
    for (title, shift) in [("that is there", 0), ("that is not there", rows * 10)] {
        let mut times = Vec::new();
        for n in 0..LOOK_UPS {
            let key = shift + n * 7_919 % rows;
            let started = Instant::now();
            store.ask(&format!("select * from orders where id = {key}")).await?;
            times.push(started.elapsed());
        }
        say(&format!("| SELECT of a key {title} | {} |", shown(&mut times)));
    }
    for (title, query) in [
        ("select count(*)", "select count(*) from orders"),
        ("average of one column, all rows", "select avg(amount) from orders"),
        ("average by another column, all rows", "select state, avg(amount) from orders group by state"),
    ] {
        let milliseconds = store.median_milliseconds(query, 5).await?;
        let rate = rows as f64 / milliseconds / 1e3;
        say(&format!("| {title} | {milliseconds:.1} ms, {rate:.1} M rows/s |"));
    }

    let mut rest = beside(&store, &events, tokio::time::sleep(AT_REST)).await?.1;
    say(&format!("| INSERT into another table at rest | {} |", shown(&mut rest)));
    let filter = format!("id < {statement_rows}");
    let update = orders.update(&store, "amount + 1", &filter);
    large(&store, &events, "UPDATE of a column", statement_rows, update).await?;
    let count = large(&store, &events, "DELETE", statement_rows, orders.delete(&store, &filter)).await?;
    if count != statement_rows {
        return Err(format!("{count} rows were deleted in place of {statement_rows}"));
    }
    say(&format!(
        "| memory | {:.0} MB, {:.0} MB at most |",
        megabytes(std::process::id(), "VmRSS:")?,
        megabytes(std::process::id(), "VmHWM:")?
    ));
    store.engine.close().await.map_err(text)?;
    drop(store);
    let started = Instant::now();
    let store = Store::open(data_dir, *memory).await?;
    store.ask(&format!("select * from orders where id = {}", rows - 1)).await?;
    say(&format!("| opened anew, until the first key | {:.0} ms |", started.elapsed().as_secs_f64() * 1e3));
    store.engine.close().await.map_err(text)
}

/// Seconds that some clients take for single-row INSERTs.
async fn singles(
    store: &Arc<Store>,
    orders: &Arc<Orders>,
    next: &Arc<AtomicU64>,
    clients: u64,
    requests: u64,
) -> Result<f64> {
    let started = Instant::now();
    let mut writing = tokio::task::JoinSet::new();
    for client in 0..clients {
        let (store, orders, next) = (Arc::clone(store), Arc::clone(orders), Arc::clone(next));
        let share = requests / clients + u64::from(client < requests % clients);
        writing.spawn(async move {
            for _ in 0..share {
                orders.insert(&store, next.fetch_add(1, Ordering::Relaxed), 1).await?;
            }
            Ok::<_, String>(())
        });
    }
    while let Some(done) = writing.join_next().await {
        done.map_err(text)??;
    }
    Ok(started.elapsed().as_secs_f64())
}

/// Runs a large statement beside writes to another table.
async fn large(
    store: &Arc<Store>,
    events: &Arc<Orders>,
    title: &str,
    rows: u64,
    statement: impl Future<Output = Result<u64>>,
) -> Result<u64> {
    let started = Instant::now();
    let (count, mut times) = beside(store, events, statement).await?;
    let seconds = started.elapsed().as_secs_f64();
    say(&format!("| {title}, {rows} rows in one statement | {seconds:.2} s, {:.0} rows/s |", rows as f64 / seconds));
    say(&format!("| INSERT into another table meanwhile | {} |", shown(&mut times)));
    count
}

/// What work comes to, and how long each write to another table took meanwhile.
async fn beside<T>(
    store: &Arc<Store>,
    events: &Arc<Orders>,
    work: impl Future<Output = T>,
) -> Result<(T, Vec<Duration>)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let ended = Arc::new(AtomicBool::new(false));
    let writing = {
        let (store, events, ended) = (Arc::clone(store), Arc::clone(events), Arc::clone(&ended));
        tokio::spawn(async move {
            let mut times = Vec::new();
            while !ended.load(Ordering::Relaxed) {
                let started = Instant::now();
                events.insert(&store, NEXT.fetch_add(1, Ordering::Relaxed), 1).await?;
                times.push(started.elapsed());
            }
            Ok::<_, String>(times)
        })
    };
    let done = work.await;
    ended.store(true, Ordering::Relaxed);
    Ok((done, writing.await.map_err(text)??))
}

/// Median, 99th percentile and maximum.
fn shown(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |percent: usize| {
        let place = (times.len() * percent / 100).min(times.len().saturating_sub(1));
        times.get(place).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    };
    format!("median {:.2} ms, p99 {:.2} ms, at most {:.2} ms, {} of them", at(50), at(99), at(100), times.len())
}

/// A table with a key and four columns.
#[derive(Debug)]
struct Orders {
    table: Arc<Table>,
}

impl Orders {
    async fn create(store: &Store, name: &str) -> Result<Self> {
        let new = NewTable {
            database: store.database,
            name: name.to_owned(),
            kind: TableKind::Keyed,
            columns: vec![
                column("id", ColumnRole::Key, DataType::Int64),
                column("customer", ColumnRole::Field, DataType::Int32),
                column("state", ColumnRole::Field, DataType::Int32),
                column("amount", ColumnRole::Field, DataType::Float64),
                column("note", ColumnRole::Field, DataType::Text(None)),
            ],
            key: vec!["id".to_owned()],
            unique: Vec::new(),
            partition_seconds: None,
            retention_seconds: None,
            comment: None,
            properties: BTreeMap::new(),
        };
        let table = store.engine.create_table(&store.root, new).await.map_err(text)?;
        Ok(Self { table })
    }

    /// Rows whose keys are `first` and those after it.
    async fn insert(&self, store: &Store, first: u64, count: u64) -> Result<()> {
        let keys = || (first..first + count).map(u64::cast_signed);
        let small = |n: i64, below: i64| i32::try_from(n * 7_919 % below).unwrap_or(0);
        let arrays: [ArrayRef; 5] = [
            Arc::new(Int64Array::from_iter_values(keys())),
            Arc::new(keys().map(|n| Some(small(n, 100_000))).collect::<Int32Array>()),
            Arc::new(keys().map(|n| Some(small(n, 7))).collect::<Int32Array>()),
            Arc::new(keys().map(|n| Some(f64::from(small(n, 1_000_000)) / 100.0)).collect::<Float64Array>()),
            Arc::new(StringArray::from_iter_values(keys().map(|n| format!("order {}", n % 1_000)))),
        ];
        let batch = WriteBatch {
            table: self.table.id,
            schema_version: self.table.schema_version,
            kind: WriteKind::FailOnDuplicate,
            attributes: AttributePolicy::OnlyIfNew,
            rows: usize::try_from(count).map_err(text)?,
            columns: self.table.columns.iter().map(|c| c.id).zip(arrays.map(Cells::present)).collect(),
        };
        store.engine.write(&store.root, batch).await.map(drop).map_err(text)
    }

    async fn update(&self, store: &Store, amount: &str, filter: &str) -> Result<u64> {
        let column = self.table.column_named("amount").ok_or("no column")?.id;
        let update = UpdateRequest {
            table: self.table.id,
            assignments: vec![(column, expression(amount)?)],
            filter: Some(expression(filter)?),
        };
        store.engine.update(&store.root, &store.request("select 1")?, update).await.map_err(text)
    }

    async fn delete(&self, store: &Store, filter: &str) -> Result<u64> {
        let delete = DeleteRequest { table: self.table.id, filter: Some(expression(filter)?), drop_series: false };
        store.engine.delete(&store.root, &store.request("select 1")?, delete).await.map_err(text)
    }
}

fn expression(sql: &str) -> Result<datafusion::sql::sqlparser::ast::Expr> {
    Parser::new(&GenericDialect {}).try_with_sql(sql).map_err(text)?.parse_expr().map_err(text)
}
