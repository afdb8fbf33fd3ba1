//! The one plain-data API that dialects call: write, query, administer. Binds catalogue, storage
//! and query; checks every privilege on the snapshot that plans the statement.
//!
//! No SQL text, HTTP, JSON or vendor's word stands here.

mod admin;
mod assignment;
mod attributes;
mod automatic;
mod backup;
mod blocks;
mod bootstrap;
mod caller;
mod commit;
mod databases;
mod delete;
mod key_lookup;
mod lengths;
mod lookup;
mod names_in_flight;
mod options;
mod passwords;
mod privileges;
mod queries;
mod rows;
mod selection;
mod series_names;
mod settings;
mod statement_lock;
mod tables;
mod unique_row_id;
mod update;
mod users;
mod write;

#[cfg(test)]
mod test_store;
#[cfg(test)]
mod tests;

pub use admin::{Alteration, NewColumn, NewDatabase, NewTable, NewUnique, NewUser, UserChange};
pub use automatic::{AutomaticPolicy, AutomaticTable, AutomaticWrite, AutomaticWritten};
pub use bootstrap::{ADMIN_ROLE, BUILT_IN_DATABASES, DEFAULT_DATABASE, RESERVED_DATABASES, ROOT_USER};
pub use caller::Caller;
pub use options::EngineOptions;
pub use settings::RECORD;
pub use storage::{Backup, BackupManifest, BackupOptions, Piece};
pub use write::{PRIMARY_KEY, SeriesWrite};

use catalog::{Catalog, CatalogStore};
use datafusion::sql::sqlparser::ast;
use model::{ColumnId, DatabaseId, DefaultValue, Error, Result, Sequence, Table, TableId};
use names_in_flight::NamesInFlight;
use passwords::Passwords;
use query::{Profile, QueryEngine, TableLookup};
use statement_lock::StatementLocks;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use storage::Storage;
use unique_row_id::UniqueRowIds;

/// One running store with everything that answers from it. Clones are the same store.
#[derive(Clone, Debug)]
pub struct Engine {
    parts: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    catalog: Arc<dyn CatalogStore>,
    storage: Storage,
    query: QueryEngine,
    options: EngineOptions,
    /// Changes of the catalogue take turns, so that they only ever conflict with those of storage.
    catalog_turn: tokio::sync::Mutex<()>,
    /// Writers that miss a table or a column take turns: the first makes it.
    automatic_turn: tokio::sync::Mutex<()>,
    /// Names of tables, and of series that have names, while they are being made.
    names: Arc<NamesInFlight>,
    passwords: Passwords,
    row_ids: UniqueRowIds,
    statement_locks: StatementLocks,
}

/// How one statement is to be understood.
#[derive(Clone)]
pub struct QueryRequest {
    /// The dialect's meaning of SQL.
    pub profile: Profile,
    /// The statement: a query, or EXPLAIN of one, with exact names.
    pub statement: ast::Statement,
    /// The database of unqualified names.
    pub database: Option<DatabaseId>,
    /// Tables of the dialect's own (its information schema, SHOW as a source), looked up first.
    pub own_tables: Option<Arc<dyn TableLookup>>,
    /// The time zone, as DataFusion reads it.
    pub time_zone: String,
    /// The statement's text for the list of running queries, secrets removed.
    pub text: String,
    /// A shorter time limit than the server's.
    pub timeout: Option<Duration>,
}

/// Rows to change in a keyed table: for those that `filter` selects, set columns to expressions.
#[derive(Clone, Debug)]
pub struct UpdateRequest {
    /// The table.
    pub table: TableId,
    /// New values; they see the row before the statement.
    pub assignments: Vec<(ColumnId, ast::Expr)>,
    /// Which rows; `None`: all.
    pub filter: Option<ast::Expr>,
}

/// Attributes to set in a series table: for the series that `filter` selects by key and attribute
/// columns, set attribute columns to expressions over those columns.
#[derive(Clone, Debug)]
pub struct AttributesRequest {
    /// The table.
    pub table: TableId,
    /// New values; they see the attributes before the statement.
    pub assignments: Vec<(ColumnId, ast::Expr)>,
    /// Which series; `None`: all.
    pub filter: Option<ast::Expr>,
}

/// Rows to delete, from a table of either kind.
#[derive(Clone, Debug)]
pub struct DeleteRequest {
    /// The table.
    pub table: TableId,
    /// Which rows; `None`: all.
    pub filter: Option<ast::Expr>,
    /// Series tables: whether the selected series end too, with their attributes. The filter may
    /// then name key and attribute columns only.
    pub drop_series: bool,
}

impl fmt::Debug for QueryRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueryRequest")
            .field("database", &self.database)
            .field("text", &self.text)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Binds the parts with default options. Makes what every store has: the superuser `root`, the
    /// role `admin`, the built-in databases.
    ///
    /// # Errors
    /// When that cannot be made durable, or the system gives no random bytes.
    pub async fn new(catalog: Arc<dyn CatalogStore>, storage: Storage, query: QueryEngine) -> Result<Self> {
        Self::with_options(catalog, storage, query, EngineOptions::default()).await
    }

    /// [`Engine::new`] with options.
    ///
    /// # Errors
    /// As [`Engine::new`].
    pub async fn with_options(
        catalog: Arc<dyn CatalogStore>,
        storage: Storage,
        query: QueryEngine,
        options: EngineOptions,
    ) -> Result<Self> {
        let passwords = Passwords::new(options.password_checks_waiting).await?;
        let row_ids = UniqueRowIds::after(reached(&catalog.snapshot(), &storage)?);
        let parts = Parts {
            catalog,
            storage,
            query,
            options,
            catalog_turn: tokio::sync::Mutex::default(),
            automatic_turn: tokio::sync::Mutex::default(),
            names: Arc::default(),
            passwords,
            row_ids,
            statement_locks: StatementLocks::default(),
        };
        let engine = Self { parts: Arc::new(parts) };
        engine.bootstrap().await?;
        Ok(engine)
    }

    /// What exists now.
    #[must_use]
    pub fn catalog(&self) -> Arc<Catalog> {
        self.parts.catalog.snapshot()
    }

    /// The running queries and their limits.
    #[must_use]
    pub fn queries(&self) -> &QueryEngine {
        &self.parts.query
    }

    /// The store below.
    #[must_use]
    pub fn storage(&self) -> &Storage {
        &self.parts.storage
    }

    /// Ends running queries and writing. What is in memory goes to segments, so that the next
    /// start has no log to replay.
    ///
    /// # Errors
    /// When what is queued cannot be made durable.
    pub async fn close(&self) -> Result<()> {
        for running in self.parts.query.running() {
            self.parts.query.cancel(running.id);
        }
        let flushed = self.parts.storage.flush().await;
        self.parts.storage.close().await?;
        flushed
    }
}

/// A number that every write of a generated row id took at most.
fn reached(catalog: &Catalog, storage: &Storage) -> Result<Sequence> {
    let generated = |table: &&Arc<Table>| {
        let mut defaults = table.columns.iter().filter_map(|column| column.default.as_ref());
        defaults.any(|default| default.value == DefaultValue::UniqueRowId)
    };
    let mut reached = catalog.sequence();
    for table in catalog.tables().filter(generated) {
        reached = reached.max(storage.view(table.id)?.sequence());
    }
    Ok(reached)
}

/// The table with that id, if it is one that users see.
fn visible_table(catalog: &Catalog, id: TableId) -> Result<Arc<Table>> {
    match catalog.table(id) {
        Some(table) if !table.hidden => Ok(Arc::clone(table)),
        _ => Err(catalog.no_table(id)),
    }
}

/// Runs work to its end even when whoever waits for it goes away.
async fn run_to_end<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    tokio::spawn(work).await.unwrap_or_else(|failure| Err(Error::internal(failure)))
}

/// Runs work that reads files or computes for long on a thread of its own.
async fn run_blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|failure| Err(Error::internal(failure)))
}
