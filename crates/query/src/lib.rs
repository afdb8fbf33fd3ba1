//! Plans on DataFusion: table providers over storage, functions, limits, the running queries.
//!
//! A dialect builds one [`Profile`] (its functions, operators, casts, null order) and hands in
//! plain sqlparser syntax trees; this crate plans them against the tables that the engine resolves,
//! and runs them on its own runtime with a memory limit, a time limit and cancellation by drop.

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::execution::SessionState;
use datafusion::logical_expr::ScalarUDF;
use datafusion::logical_expr::planner::TypePlanner;
use futures::Stream;
use model::Result;
use std::collections::HashMap;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

mod batches;
mod codec;
mod constants;
mod error;
mod field;
pub mod functions;
mod hidden;
mod memory;
mod partial_table;
mod plan;
mod plan_text;
mod profile;
mod range;
mod relations;
mod rules;
mod run;
mod running;
mod runtime;
mod scan;
mod series_table;
mod table;
#[cfg(test)]
mod testing;
mod time_text;
mod width;

pub use codec::PlanCodec;
pub use field::{
    COLUMN_ROLE, DECLARED_DIALECT, DECLARED_LENGTH, DECLARED_WORD, LENGTH_IN_CHARACTERS, VALUE_KIND, column_field,
};
pub use hidden::HIDDEN_FIELD;
pub use profile::ProfileBuilder;
pub use range::SelectedRange;
pub use runtime::QueryEngine;
pub use scan::UniqueLookup;
pub use series_table::SeriesTable;
pub use table::StorageTable;

/// Limits that hold for each query, and where it may spill.
#[derive(Clone, Debug)]
pub struct QueryOptions {
    /// Bytes that one query may hold; sorts and aggregates spill beyond.
    pub memory_bytes: u64,
    /// Bytes that all queries together may hold.
    pub memory_total_bytes: u64,
    /// How long one query may take.
    pub timeout: Duration,
    /// Queries that may run at once; more wait, then are refused.
    pub running: usize,
    /// Where sorts spill; emptied at start.
    pub spill_directory: PathBuf,
    /// Threads of the query runtime.
    pub threads: usize,
}

/// A dialect's meaning of SQL, built once.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The session that plans its statements.
    pub state: Arc<SessionState>,
    /// Its type words, which a session does not give back.
    pub type_planner: Option<Arc<dyn TypePlanner>>,
    /// Functions of its plans that no statement can name, by name.
    pub(crate) unwritten: Arc<HashMap<String, Arc<ScalarUDF>>>,
}

/// Finds tables for one statement; checks privileges on the way.
pub trait TableLookup: Send + Sync {
    /// The table with these exact name parts (`[table]` or `[database, table]`).
    fn table(&self, name: &[String]) -> Result<Arc<dyn TableProvider>>;
}

/// What a statement's meaning depends on beside its text.
#[derive(Clone, Debug)]
pub struct PlanContext {
    /// The time zone, as DataFusion reads it (`+08:00` or an IANA name).
    pub time_zone: String,
    /// What `now()` is, in nanoseconds since 1970; one value for the whole statement.
    pub now_nanos: i64,
}

/// Who runs what, for the list of running queries.
#[derive(Clone, Debug)]
pub struct QueryLabel {
    /// The user's name.
    pub user: String,
    /// The statement's text, secrets removed.
    pub text: String,
    /// A shorter limit than [`QueryOptions::timeout`], if any.
    pub timeout: Option<Duration>,
    /// When its time began to run: before it was planned.
    pub began: Instant,
}

/// A running query.
#[derive(Clone, Debug)]
pub struct RunningQuery {
    /// Its id, unique while the server runs.
    pub id: u64,
    /// Who runs what.
    pub label: QueryLabel,
    /// When it began.
    pub started: std::time::SystemTime,
}

/// A query's answer as it comes. Dropping it ends the query.
pub struct RowStream {
    /// The columns.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: Pin<Box<dyn Stream<Item = Result<RecordBatch>> + Send>>,
}

impl std::fmt::Debug for RowStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowStream").field("schema", &self.schema).finish_non_exhaustive()
    }
}
