//! Running a query.

use crate::lookup::StatementTables;
use crate::{Caller, Engine, QueryRequest};
use datafusion::sql::sqlparser::ast;
use model::Result;
use query::{PlanContext, QueryLabel, RowStream, TableLookup};
use std::sync::Arc;
use std::time::Instant;

impl Engine {
    /// Runs a query (or EXPLAIN of one) on one snapshot of the catalogue.
    ///
    /// # Errors
    /// Whatever is wrong with the statement; no `select` on a table that it names; limits.
    pub async fn query(&self, caller: &Caller, request: QueryRequest) -> Result<RowStream> {
        let tables = StatementTables::of(self.catalog(), self.parts.storage.clone(), caller, &request);
        self.run(caller, &request, tables, request.statement.clone()).await
    }

    /// Plans and starts a statement over given tables.
    pub(crate) async fn run(
        &self,
        caller: &Caller,
        request: &QueryRequest,
        tables: impl TableLookup + 'static,
        statement: ast::Statement,
    ) -> Result<RowStream> {
        let (began, timeout) = (Instant::now(), request.timeout);
        let context = self.plan_context(request);
        let plan = self.parts.query.plan(&request.profile, Arc::new(tables), statement, &context, timeout).await?;
        let label = QueryLabel { user: caller.name.clone(), text: request.text.clone(), timeout, began };
        self.parts.query.run(&request.profile, plan, &context, label).await
    }

    /// What a statement that begins now depends on.
    pub(crate) fn plan_context(&self, request: &QueryRequest) -> PlanContext {
        let now_micros = i64::try_from(self.parts.options.clock.now_micros()).unwrap_or(i64::MAX);
        PlanContext { time_zone: request.time_zone.clone(), now_nanos: now_micros.saturating_mul(1_000) }
    }
}
