//! A store whose files are in memory, and short ways to its users and rows that pass no dialect.

use arrow::util::display::{ArrayFormatter, FormatOptions};
use catalog::{CatalogStore, RedbCatalog};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use dialect::{DialectContext, Tokens};
use engine::{Caller, Engine, NewUser, QueryRequest, ROOT_USER};
use files::{Files, ForgetfulFiles};
use futures::StreamExt as _;
use model::{AttributePolicy, CellsBuilder, DatabaseId, Table, Value, WriteBatch, WriteKind};
use query::{Profile, QueryEngine, QueryOptions};
use std::sync::Arc;
use std::time::Duration;
use storage::{Storage, StorageOptions};
use tempfile::TempDir;

/// A store in memory. A clone is the same store.
#[derive(Clone, Debug)]
pub struct Store {
    /// What dialects call.
    pub engine: Engine,
    /// Where queries spill; goes with the last clone.
    _spill: Arc<TempDir>,
}

/// Files in memory, for stores that follow one another over them.
pub fn files() -> Arc<dyn Files> {
    Arc::new(ForgetfulFiles::new())
}

impl Store {
    /// An empty store.
    pub async fn new() -> Self {
        Self::over(files()).await
    }

    /// The store that these files hold.
    pub async fn over(files: Arc<dyn Files>) -> Self {
        let catalog: Arc<dyn CatalogStore> = Arc::new(RedbCatalog::open(Arc::clone(&files)).unwrap());
        let options = StorageOptions::within(1 << 30);
        let storage = Storage::open(files, Arc::clone(&catalog), options).unwrap();
        let spill = tempfile::tempdir().unwrap();
        let options = QueryOptions {
            memory_bytes: 64 << 20,
            memory_total_bytes: 256 << 20,
            timeout: Duration::from_secs(60),
            running: 64,
            spill_directory: spill.path().to_owned(),
            threads: 2,
        };
        let engine = Engine::new(catalog, storage, QueryEngine::new(options).unwrap()).await.unwrap();
        Self { engine, _spill: Arc::new(spill) }
    }

    /// What a server without TLS hands to a dialect: bodies and statements of 1 MiB, answers of any
    /// length.
    pub fn context(&self, tokens: Arc<dyn Tokens>) -> DialectContext {
        DialectContext {
            engine: self.engine.clone(),
            tokens,
            insecure: true,
            body_bytes: 1 << 20,
            statement_bytes: 1 << 20,
            result_bytes: None,
        }
    }

    /// The user of an empty store.
    pub fn root(&self) -> Caller {
        self.engine.caller(self.engine.catalog().user_named(ROOT_USER).unwrap().id).unwrap()
    }

    /// A new user without privileges.
    pub async fn user(&self, name: &str, password: &str) -> Caller {
        let new = NewUser::user(name, Some(password));
        let id = self.engine.create_user(&self.root(), new).await.unwrap();
        self.engine.caller(id).unwrap()
    }

    /// A database by its name.
    pub fn database(&self, name: &str) -> DatabaseId {
        self.engine.catalog().database_named(name).unwrap().id
    }

    /// Merges rows of some columns into a table, as another door does.
    pub async fn write(&self, table: &Table, columns: &[&str], rows: &[&[Value]]) {
        let columns = columns.iter().enumerate().map(|(index, name)| {
            let column = table.column_named(name).unwrap();
            let mut cells = CellsBuilder::new(column.data_type).unwrap();
            rows.iter().for_each(|row| cells.push(&row[index]).unwrap());
            (column.id, cells.finish())
        });
        let batch = WriteBatch {
            table: table.id,
            schema_version: table.schema_version,
            kind: WriteKind::Merge,
            attributes: AttributePolicy::OnlyIfNew,
            rows: rows.len(),
            columns: columns.collect(),
        };
        self.engine.write(&self.root(), batch).await.unwrap();
    }

    /// The rows of a query in a database: cells parted by `|`.
    pub async fn rows(&self, database: &str, sql: &str) -> Vec<String> {
        let request = QueryRequest {
            profile: Profile::builder().build(),
            statement: Parser::parse_sql(&GenericDialect {}, sql).unwrap().remove(0),
            database: Some(self.database(database)),
            own_tables: None,
            time_zone: "+00:00".to_owned(),
            text: sql.to_owned(),
            timeout: None,
        };
        let options = FormatOptions::default().with_null("NULL");
        let mut stream = self.engine.query(&self.root(), request).await.unwrap();
        let mut rows = Vec::new();
        while let Some(batch) = stream.batches.next().await {
            let batch = batch.unwrap();
            let columns: Vec<_> =
                batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
            let row = |row| columns.iter().map(|cells| cells.value(row).to_string()).collect::<Vec<_>>().join("|");
            rows.extend((0..batch.num_rows()).map(row));
        }
        rows
    }
}
