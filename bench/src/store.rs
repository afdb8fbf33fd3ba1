//! `bench store`: the engine on a real disk inside this process. Columns go in, without HTTP and
//! without SQL; queries are answered; the store is opened anew.

pub(crate) mod cost;
mod peers;
mod replay;
pub(crate) mod rows;

use crate::memory::megabytes;
use crate::say;
use catalog::{CatalogStore, RedbCatalog};
use clap::Args;
use cost::Cost;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use engine::{Caller, DEFAULT_DATABASE, Engine, QueryRequest, ROOT_USER};
use files::{DiskFiles, Files};
use futures::StreamExt as _;
use model::DatabaseId;
use query::{Profile, QueryEngine, QueryOptions};
use rows::{FIELDS, Rows, START_MS, Values};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use storage::{Storage, StorageOptions};

/// The rows to write, and where.
#[derive(Clone, Debug, Args)]
pub(crate) struct Arguments {
    /// Where the data goes; emptied first
    #[arg(long, default_value = "target/bench-data")]
    data_dir: PathBuf,
    /// Rows of ten fields
    #[arg(long, default_value_t = 10_000_000)]
    rows: u64,
    /// Series that they are shared out to; each writer has its own
    #[arg(long, default_value_t = 4_000)]
    series: u64,
    /// Writers at once
    #[arg(long, default_value_t = 4)]
    writers: u64,
    /// How many of a hundred rows come an hour late
    #[arg(long, default_value_t = 0)]
    late_percent: u64,
    /// What the fields hold
    #[arg(long, value_enum, default_value = "integers")]
    values: Values,
    /// Rows that are written to a log and read back from it
    #[arg(long, default_value_t = 2_000_000)]
    replayed_rows: u64,
    /// A Python with duckdb and chdb, which are asked the same over the same rows
    #[arg(long)]
    peers: Option<PathBuf>,
    /// Bytes of memory that storage and queries share
    #[arg(long, default_value_t = 4 << 30)]
    memory: u64,
}

/// The beginning of the hour that is asked for.
const HOUR_SECONDS: i64 = START_MS / 1_000 + 3_600;

pub(crate) type Result<T> = std::result::Result<T, String>;

/// Prints the figures.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    on_empty(&arguments.data_dir, measure(arguments))
}

/// Runs work on a directory that is emptied first.
pub(crate) fn on_empty(data_dir: &Path, work: impl Future<Output = Result<()>>) -> Result<()> {
    if data_dir.exists() {
        std::fs::remove_dir_all(data_dir).map_err(text)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(64 << 20).build();
    runtime.map_err(text)?.block_on(work)
}

async fn measure(arguments: &Arguments) -> Result<()> {
    let store = Store::open(&arguments.data_dir, arguments.memory).await?;
    let cost = Cost::begin()?;
    let rows = store.write(arguments).await?;
    say(&format!(
        "| {rows} rows of {FIELDS} fields, {:?}, {} % late, acknowledged | {} |",
        arguments.values,
        arguments.late_percent,
        cost.of(rows)?
    ));
    store.engine.storage().flush().await.map_err(text)?;
    say(&format!("| until all are in segments | {} |", cost.of(rows)?));
    store.engine.storage().compact().await.map_err(text)?;
    say(&format!("| until compaction has caught up | {} |", cost.of(rows)?));
    let values = rows as f64 * FIELDS as f64;
    let (all, segments) = (bytes(&arguments.data_dir)?, bytes(&arguments.data_dir.join("segments"))?);
    say(&format!(
        "| on disk | {:.3} bytes a value, {:.3} of them segments |",
        all as f64 / values,
        segments as f64 / values
    ));
    let mut answered = Vec::new();
    for (title, query) in queries() {
        let milliseconds = store.median_milliseconds(&query, 7).await?;
        say(&format!("| {title} | {milliseconds:.1} ms |"));
        answered.push((title, milliseconds));
    }
    say(&format!("| memory | {:.0} MB |", megabytes(std::process::id(), "VmRSS:")?));
    store.engine.close().await.map_err(text)?;
    drop(store);
    let started = Instant::now();
    let store = Store::open(&arguments.data_dir, arguments.memory).await?;
    store.ask("select count(*) from cpu").await?;
    say(&format!("| opened anew, until the first count | {:.0} ms |", started.elapsed().as_secs_f64() * 1e3));
    store.engine.close().await.map_err(text)?;
    drop(store);
    replay::run(arguments).await?;
    arguments.peers.as_deref().map_or(Ok(()), |python| ask_peers(python, &arguments.data_dir, rows, &answered))
}

/// Says how much longer the peers take for what the store was asked.
fn ask_peers(python: &Path, data: &Path, rows: u64, answered: &[(&str, f64)]) -> Result<()> {
    let peers = peers::ask(python, data, rows, HOUR_SECONDS)?;
    for (title, ours) in answered {
        let theirs = peers.get(*title).ok_or_else(|| format!("the peers were not asked: {title}"))?;
        let theirs: Vec<String> =
            theirs.iter().map(|(peer, ms)| format!("{peer} {ms:.1} ms, {:.2} times ours", ms / ours)).collect();
        say(&format!("| {title} | {ours:.1} ms | {} |", theirs.join(" | ")));
    }
    Ok(())
}

/// What is asked of all rows.
fn queries() -> Vec<(&'static str, String)> {
    let hour = HOUR_SECONDS;
    let all: Vec<String> = (0..FIELDS).map(|field| format!("avg(f{field})")).collect();
    vec![
        ("select count(*)", "select count(*) from cpu".to_owned()),
        ("average of one field, all rows", "select avg(f0) from cpu".to_owned()),
        ("average of every field, all rows", format!("select {} from cpu", all.join(", "))),
        ("average of one field by series", "select host, avg(f0) from cpu group by host".to_owned()),
        (
            "one series, one hour, every field",
            format!(
                "select * from cpu where host = 'host_7' and ts >= to_timestamp({hour}) and ts < to_timestamp({})",
                hour + 3_600
            ),
        ),
        ("last reading of every series", "select host, last_value(f0 order by ts) from cpu group by host".to_owned()),
    ]
}

/// An engine over one directory, as root.
pub(crate) struct Store {
    pub(crate) engine: Engine,
    pub(crate) root: Caller,
    pub(crate) database: DatabaseId,
}

impl Store {
    pub(crate) async fn open(data_dir: &Path, memory: u64) -> Result<Self> {
        let files: Arc<dyn Files> = Arc::new(DiskFiles::open(data_dir).map_err(text)?);
        let catalog: Arc<dyn CatalogStore> = Arc::new(RedbCatalog::open(Arc::clone(&files)).map_err(text)?);
        let options = StorageOptions::within(memory);
        let storage = Storage::open(files, Arc::clone(&catalog), options).map_err(text)?;
        let query = QueryEngine::new(QueryOptions {
            memory_bytes: memory / 2,
            memory_total_bytes: memory / 2,
            timeout: Duration::from_secs(600),
            running: 16,
            spill_directory: data_dir.join("spill"),
            threads: std::thread::available_parallelism().map_or(2, usize::from),
        });
        let engine = Engine::new(catalog, storage, query.map_err(text)?).await.map_err(text)?;
        let now = engine.catalog();
        let root = now.user_named(ROOT_USER).ok_or("no root")?.id;
        let database = now.database_named(DEFAULT_DATABASE).ok_or("no default database")?.id;
        Ok(Self { root: engine.caller(root).map_err(text)?, database, engine })
    }

    /// Every writer sends one tick of its series after the other; how many rows that were.
    async fn write(&self, arguments: &Arguments) -> Result<u64> {
        let new = rows::table(self.database, arguments.values);
        let table = self.engine.create_table(&self.root, new).await.map_err(text)?;
        let share = (arguments.series / arguments.writers).max(1);
        let ticks = (arguments.rows / (share * arguments.writers)).max(1);
        let mut writing = tokio::task::JoinSet::new();
        for writer in 0..arguments.writers {
            let (engine, root) = (self.engine.clone(), self.root.clone());
            let series = writer * share..(writer + 1) * share;
            let mut rows = Rows::new(Arc::clone(&table), arguments.values, arguments.late_percent, series);
            writing.spawn(async move {
                for _ in 0..ticks {
                    engine.write(&root, rows.next_batch()).await.map_err(text)?;
                }
                Ok::<_, String>(ticks * share)
            });
        }
        let mut written = 0;
        while let Some(done) = writing.join_next().await {
            written += done.map_err(text)??;
        }
        Ok(written)
    }

    /// Asks a query; the rows of its answer are read and dropped.
    pub(crate) async fn ask(&self, sql: &str) -> Result<()> {
        let mut stream = self.engine.query(&self.root, self.request(sql)?).await.map_err(text)?;
        while let Some(batch) = stream.batches.next().await {
            batch.map_err(text)?;
        }
        Ok(())
    }

    /// A statement as the engine takes it.
    pub(crate) fn request(&self, sql: &str) -> Result<QueryRequest> {
        let statement = Parser::parse_sql(&GenericDialect {}, sql).map_err(text)?.pop().ok_or("no statement")?;
        Ok(QueryRequest {
            profile: Profile::builder().build(),
            statement,
            database: Some(self.database),
            own_tables: None,
            time_zone: "+00:00".to_owned(),
            text: sql.to_owned(),
            timeout: None,
        })
    }

    /// The median time of a query over some runs, after one that warms up.
    pub(crate) async fn median_milliseconds(&self, sql: &str, runs: usize) -> Result<f64> {
        self.ask(sql).await?;
        let mut times = Vec::with_capacity(runs);
        for _ in 0..runs {
            let started = Instant::now();
            self.ask(sql).await?;
            times.push(started.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        Ok(times[runs / 2])
    }
}

/// The bytes of all files below a directory.
pub(crate) fn bytes(directory: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(directory).map_err(text)? {
        let entry = entry.map_err(text)?;
        let metadata = entry.metadata().map_err(text)?;
        sum += if metadata.is_dir() { bytes(&entry.path())? } else { metadata.len() };
    }
    Ok(sum)
}

pub(crate) fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
