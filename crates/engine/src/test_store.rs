//! A store in memory for tests, tables to make in it, and short ways to write and read.

use crate::{
    ADMIN_ROLE, Caller, DEFAULT_DATABASE, Engine, EngineOptions, NewColumn, NewTable, NewUnique, QueryRequest,
    ROOT_USER,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use catalog::RedbCatalog;
use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use files::ForgetfulFiles;
use futures::StreamExt;
use model::{
    AttributePolicy, CellsBuilder, ColumnRole, DataType, DatabaseId, Result, Table, TableKind, TimeUnit, Value,
    WriteBatch, WriteKind,
};
use query::{Profile, QueryEngine, QueryOptions};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use storage::{Clock, Storage, StorageOptions};

/// A clock that goes on by itself by a microsecond and otherwise when told.
#[derive(Debug)]
pub(crate) struct TestClock(AtomicU64);

impl TestClock {
    pub(crate) fn go_on(&self, micros: u64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now_micros(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

/// One store and what it stands on.
pub(crate) struct TestStore {
    pub(crate) engine: Engine,
    pub(crate) root: Caller,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) files: ForgetfulFiles,
    _spill: SpillDirectory,
}

/// Where queries spill; goes with the store.
struct SpillDirectory(PathBuf);

impl Drop for SpillDirectory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Drop for TestStore {
    /// A test that fails must not wait for what it held back.
    fn drop(&mut self) {
        self.files.hold_syncs(None);
    }
}

impl std::ops::Deref for TestStore {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.engine
    }
}

static SPILL_DIRECTORIES: AtomicU64 = AtomicU64::new(0);

impl TestStore {
    /// An empty store.
    pub(crate) async fn new() -> Self {
        Self::open(ForgetfulFiles::new(), EngineOptions::default()).await
    }

    /// An empty store whose statements may read so many bytes of rows.
    pub(crate) async fn with_statement_rows_bytes(statement_rows_bytes: u64) -> Self {
        Self::open(ForgetfulFiles::new(), EngineOptions { statement_rows_bytes, ..EngineOptions::default() }).await
    }

    /// An empty store whose statements are cut into blocks of about so many bytes.
    pub(crate) async fn with_block_bytes(block_bytes: usize) -> Self {
        Self::open(ForgetfulFiles::new(), EngineOptions { block_bytes, ..EngineOptions::default() }).await
    }

    async fn open(files: ForgetfulFiles, options: EngineOptions) -> Self {
        let clock = Arc::new(TestClock(AtomicU64::new(1_700_000_000_000_000)));
        let shared: Arc<dyn files::Files> = Arc::new(files.clone());
        let catalog: Arc<dyn catalog::CatalogStore> = Arc::new(RedbCatalog::open(Arc::clone(&shared)).unwrap());
        let storage_options = StorageOptions { clock: Arc::clone(&clock) as _, ..StorageOptions::within(1 << 30) };
        let storage = Storage::open(shared, Arc::clone(&catalog), storage_options).unwrap();
        let number = SPILL_DIRECTORIES.fetch_add(1, Ordering::SeqCst);
        let name = format!("chronoglot-engine-{}-{number}", std::process::id());
        let spill = SpillDirectory(std::env::temp_dir().join(name));
        let query = QueryEngine::new(QueryOptions {
            memory_bytes: 64 << 20,
            memory_total_bytes: 256 << 20,
            timeout: Duration::from_secs(60),
            running: 64,
            spill_directory: spill.0.clone(),
            threads: 2,
        })
        .unwrap();
        let options = EngineOptions { clock: Arc::clone(&clock) as _, ..options };
        let engine = Engine::with_options(catalog, storage, query, options).await.unwrap();
        let root = engine.catalog().user_named(ROOT_USER).unwrap().id;
        let root = engine.caller(root).unwrap();
        Self { engine, root, clock, files, _spill: spill }
    }

    /// The same data after the process was killed and the machine lost what was not synced.
    pub(crate) async fn after_crash(self, seed: u64) -> Self {
        let files = self.files.crash(seed);
        drop(self);
        Self::open(files, EngineOptions::default()).await
    }

    /// The data as they would be found if the power was cut now, while this store goes on.
    pub(crate) async fn if_power_was_cut(&self, seed: u64) -> Self {
        Self::open(self.files.crash(seed), EngineOptions::default()).await
    }

    /// Whether something was ever written in blocks that are pending at first.
    pub(crate) fn has_loads(&self) -> bool {
        let file = files::Files::open(&self.files, std::path::Path::new("FORMAT")).unwrap();
        let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
        file.read_at(0, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap().split_whitespace().any(|feature| feature == "labels")
    }

    pub(crate) fn database(&self) -> DatabaseId {
        self.catalog().database_named(DEFAULT_DATABASE).unwrap().id
    }

    pub(crate) async fn create(&self, new: NewTable) -> Arc<Table> {
        self.create_table(&self.root, NewTable { database: self.database(), ..new }).await.unwrap()
    }

    pub(crate) fn table(&self, name: &str) -> Arc<Table> {
        Arc::clone(self.catalog().table_named(self.database(), name).unwrap())
    }

    /// A caller with a new user's rights.
    pub(crate) async fn user(&self, name: &str) -> Caller {
        let new = crate::NewUser::user(name, None);
        let id = self.create_user(&self.root, new).await.unwrap();
        self.caller(id).unwrap()
    }

    pub(crate) fn admin_role(&self) -> model::UserId {
        self.catalog().user_named(ADMIN_ROLE).unwrap().id
    }

    pub(crate) fn request(&self, sql: &str) -> QueryRequest {
        let statement = Parser::parse_sql(&GenericDialect {}, sql).unwrap().remove(0);
        QueryRequest {
            profile: Profile::builder().build(),
            statement,
            database: Some(self.database()),
            own_tables: None,
            time_zone: "+00:00".to_owned(),
            text: sql.to_owned(),
            timeout: None,
        }
    }

    /// A query's rows as text: cells parted by `|`.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<String> {
        self.rows_as(&self.root, sql).await.unwrap()
    }

    pub(crate) async fn rows_as(&self, caller: &Caller, sql: &str) -> Result<Vec<String>> {
        let mut stream = self.query(caller, self.request(sql)).await?;
        let mut rows = Vec::new();
        while let Some(batch) = stream.batches.next().await {
            let batch = batch?;
            let options = FormatOptions::default().with_null("NULL");
            let cells: Vec<_> =
                batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
            for row in 0..batch.num_rows() {
                rows.push(cells.iter().map(|cell| cell.value(row).to_string()).collect::<Vec<_>>().join("|"));
            }
        }
        Ok(rows)
    }
}

/// An expression.
pub(crate) fn expression(text: &str) -> ast::Expr {
    Parser::new(&GenericDialect {}).try_with_sql(text).unwrap().parse_expr().unwrap()
}

pub(crate) fn new_column(name: &str, role: ColumnRole, data_type: DataType) -> NewColumn {
    NewColumn {
        name: name.to_owned(),
        role,
        data_type,
        nullable: true,
        default: None,
        declared: None,
        hidden: false,
        comment: None,
        properties: BTreeMap::new(),
    }
}

/// A series table: `ts`, field `v`, key `k`, attribute `a`.
pub(crate) fn series(name: &str) -> NewTable {
    let columns = vec![
        new_column("ts", ColumnRole::Time, DataType::Instant(TimeUnit::Millisecond)),
        new_column("v", ColumnRole::Field, DataType::Float64),
        new_column("k", ColumnRole::Key, DataType::Int32),
        new_column("a", ColumnRole::Attribute, DataType::Text(None)),
    ];
    new_table(name, TableKind::Series, columns, &["k"], &[])
}

/// A keyed table: key `id`, fields `a` and `b`, and unique sets.
pub(crate) fn keyed(name: &str, unique: &[(&str, &[&str])]) -> NewTable {
    let columns = vec![
        new_column("id", ColumnRole::Key, DataType::Int64),
        new_column("a", ColumnRole::Field, DataType::Int32),
        new_column("b", ColumnRole::Field, DataType::Text(None)),
    ];
    new_table(name, TableKind::Keyed, columns, &["id"], unique)
}

fn new_table(
    name: &str,
    kind: TableKind,
    columns: Vec<NewColumn>,
    key: &[&str],
    unique: &[(&str, &[&str])],
) -> NewTable {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    NewTable {
        database: DatabaseId(0),
        name: name.to_owned(),
        kind,
        columns,
        key: owned(key),
        unique: unique.iter().map(|(name, of)| NewUnique { name: (*name).to_owned(), columns: owned(of) }).collect(),
        partition_seconds: None,
        retention_seconds: None,
        comment: None,
        properties: BTreeMap::new(),
    }
}

/// A cell: absent, or a value.
pub(crate) type Cell = Option<Value>;

pub(crate) fn int(value: i128) -> Cell {
    Some(Value::Integer(value))
}

pub(crate) fn float(value: f64) -> Cell {
    Some(Value::Float(value))
}

pub(crate) fn text(value: &str) -> Cell {
    Some(Value::Text(value.to_owned()))
}

pub(crate) fn at_ms(value: i64) -> Cell {
    Some(Value::Instant(value, TimeUnit::Millisecond))
}

pub(crate) const NULL: Cell = Some(Value::Null);
pub(crate) const ABSENT: Cell = None;

/// A batch of rows.
pub(crate) fn batch(table: &Table, kind: WriteKind, columns: &[&str], rows: &[Vec<Cell>]) -> WriteBatch {
    let columns = columns.iter().enumerate().map(|(position, name)| {
        let column = table.column_named(name).unwrap();
        let mut cells = CellsBuilder::new(column.data_type).unwrap();
        for row in rows {
            match &row[position] {
                Some(value) => cells.push(value).unwrap(),
                None => cells.push_absent(),
            }
        }
        (column.id, cells.finish())
    });
    WriteBatch {
        table: table.id,
        schema_version: table.schema_version,
        kind,
        attributes: AttributePolicy::OnlyIfNew,
        rows: rows.len(),
        columns: columns.collect(),
    }
}
