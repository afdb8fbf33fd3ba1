//! What tests of planning and running share: an engine, tables by name, answers as text.

use crate::plan::statement_state;
use crate::scan::memory::{MemoryTable, MemoryTables};
use crate::{
    PlanCodec, PlanContext, Profile, QueryEngine, QueryLabel, QueryOptions, RowStream, StorageTable, TableLookup,
};
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::catalog::TableProvider;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::sql::sqlparser::{dialect::GenericDialect, parser::Parser};
use futures::{StreamExt, TryStreamExt};
use model::{ErrorKind, Result};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// 2024-03-01T00:00:00Z in nanoseconds.
pub(crate) const NOW: i64 = 1_709_251_200_000_000_000;

#[derive(Default)]
struct Tables(HashMap<Vec<String>, Arc<dyn TableProvider>>);

impl TableLookup for Tables {
    fn table(&self, name: &[String]) -> Result<Arc<dyn TableProvider>> {
        self.0.get(name).cloned().ok_or_else(|| ErrorKind::TableNotFound { table: name.join(".") }.into())
    }
}

/// An engine with tables, in a zone.
pub(crate) struct Bench {
    pub(crate) engine: QueryEngine,
    pub(crate) profile: Profile,
    pub(crate) context: PlanContext,
    pub(crate) directory: PathBuf,
    tables: Tables,
    pub(crate) in_memory: MemoryTables,
}

pub(crate) fn options(directory: &std::path::Path) -> QueryOptions {
    QueryOptions {
        memory_bytes: 64 << 20,
        memory_total_bytes: 256 << 20,
        timeout: Duration::from_secs(60),
        running: 4,
        spill_directory: directory.to_owned(),
        threads: 2,
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(|_| ())
    }

    pub(crate) fn with(change: impl FnOnce(&mut QueryOptions)) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("chronoglot-query-{}-{number}", std::process::id()));
        let mut options = options(&directory);
        change(&mut options);
        Self {
            engine: QueryEngine::new(options).unwrap(),
            profile: Profile::builder().build(),
            context: PlanContext { time_zone: "+08:00".into(), now_nanos: NOW },
            directory,
            tables: Tables::default(),
            in_memory: MemoryTables::default(),
        }
    }

    pub(crate) fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    pub(crate) fn zone(mut self, zone: &str) -> Self {
        self.context.time_zone = zone.into();
        self
    }

    pub(crate) fn table(&mut self, table: MemoryTable) -> Arc<MemoryTable> {
        let table = Arc::new(table);
        self.in_memory.0.push(Arc::clone(&table));
        let name = crate::scan::ScanSource::table(table.as_ref()).name.clone();
        self.provider(&name, Arc::new(StorageTable::over(Arc::clone(&table) as Arc<_>)));
        table
    }

    pub(crate) fn provider(&mut self, name: &str, provider: Arc<dyn TableProvider>) {
        self.tables.0.insert(vec![name.to_owned()], Arc::clone(&provider));
        self.tables.0.insert(vec!["db".to_owned(), name.to_owned()], provider);
    }

    pub(crate) async fn plan(&self, sql: &str) -> Result<LogicalPlan> {
        let mut statements = Parser::parse_sql(&GenericDialect {}, sql).unwrap();
        let tables = Arc::new(Tables(self.tables.0.clone()));
        self.engine.plan(&self.profile, tables, statements.remove(0), &self.context, None).await
    }

    pub(crate) async fn start_labelled(&self, sql: &str, label: QueryLabel) -> Result<RowStream> {
        let plan = self.plan(sql).await?;
        self.engine.run(&self.profile, plan, &self.context, label).await
    }

    pub(crate) async fn start(&self, sql: &str) -> Result<RowStream> {
        self.start_labelled(sql, label()).await
    }

    pub(crate) async fn batches(&self, sql: &str) -> Result<Vec<RecordBatch>> {
        self.start(sql).await?.batches.try_collect().await
    }

    /// The answer's rows, values joined by `|`. The plan is run once more after it was written as
    /// bytes and read.
    pub(crate) async fn rows(&self, sql: &str) -> Result<Vec<String>> {
        let rows = self.rows_here(sql).await?;
        if !sql.starts_with("EXPLAIN") {
            self.travel(sql, &rows).await;
        }
        Ok(rows)
    }

    /// The same for a plan that cannot travel: DataFusion has no bytes for recursion.
    pub(crate) async fn rows_here(&self, sql: &str) -> Result<Vec<String>> {
        Ok(self.batches(sql).await?.iter().flat_map(text_rows).collect())
    }

    /// The physical plan, as it is before it is made interruptible.
    pub(crate) async fn physical(&self, sql: &str) -> Arc<dyn ExecutionPlan> {
        let plan = self.plan(sql).await.unwrap();
        let state = statement_state(&self.engine.inner, &self.profile, &self.context).unwrap();
        state.create_physical_plan(&plan).await.unwrap()
    }

    pub(crate) fn codec(&self) -> PlanCodec {
        PlanCodec::over(&self.profile, Arc::new(self.in_memory.clone()), &self.context.time_zone)
    }

    /// The rows of a physical plan.
    pub(crate) async fn collect(&self, plan: Arc<dyn ExecutionPlan>) -> Vec<String> {
        let state = statement_state(&self.engine.inner, &self.profile, &self.context).unwrap();
        let batches = datafusion::physical_plan::collect(plan, state.task_ctx()).await.unwrap();
        batches.iter().flat_map(text_rows).collect()
    }

    async fn travel(&self, sql: &str, rows: &[String]) {
        let plan = self.physical(sql).await;
        let bytes = self.codec().encode(&plan).unwrap_or_else(|e| panic!("{sql}: {e}"));
        let read = self.codec().decode(&bytes).unwrap_or_else(|e| panic!("{sql}: {e}"));
        assert_eq!(read.schema().fields().len(), plan.schema().fields().len(), "{sql}");
        assert_eq!(self.collect(read).await, rows, "{sql}, after it was written and read");
    }

    pub(crate) async fn error(&self, sql: &str) -> ErrorKind {
        match self.start(sql).await {
            Err(e) => *e.kind,
            Ok(mut stream) => loop {
                match stream.batches.next().await {
                    Some(Ok(_)) => {}
                    Some(Err(e)) => return *e.kind,
                    None => panic!("{sql} succeeded"),
                }
            },
        }
    }

    /// The plan that EXPLAIN prints, logical and physical.
    pub(crate) async fn explain(&self, sql: &str) -> String {
        self.rows(&format!("EXPLAIN {sql}")).await.unwrap().join("\n")
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

pub(crate) fn label() -> QueryLabel {
    QueryLabel { user: "root".into(), text: "select".into(), timeout: None, began: Instant::now() }
}

fn text_rows(batch: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::default().with_null("NULL");
    let columns: Vec<_> =
        batch.columns().iter().map(|c| ArrayFormatter::try_new(c.as_ref(), &options).unwrap()).collect();
    (0..batch.num_rows())
        .map(|row| columns.iter().map(|c| c.value(row).to_string()).collect::<Vec<_>>().join("|"))
        .collect()
}
