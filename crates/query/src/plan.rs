//! From a syntax tree to a logical plan.
//!
//! Tables are resolved when the planner meets them, each once per statement, so that every use
//! sees the same rows.

use crate::error::{ErrorContext, external, to_error};
use crate::functions::TextLimit;
use crate::rules::{SubqueryValues, TimeComparisons};
use crate::run::{broken, timeout as timed_out};
use crate::runtime::{Inner, QueryEngine};
use crate::{PlanContext, Profile, TableLookup, constants, hidden, relations, time_text, width};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::{TableFunctionArgs, TableProvider};
use datafusion::common::TableReference;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::config::ConfigOptions;
use datafusion::datasource::cte_worktable::CteWorkTable;
use datafusion::datasource::provider_as_source;
use datafusion::error::Result as DataFusionResult;
use datafusion::execution::SessionState;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::planner::{ContextProvider, ExprPlanner, RelationPlanner, TypePlanner};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{AggregateUDF, Expr, HigherOrderUDF, LogicalPlan, ScalarUDF, TableSource, WindowUDF};
use datafusion::optimizer::simplify_expressions::{ExprSimplifier, SimplifyContext};
use datafusion::sql::planner::SqlToRel;
use datafusion::sql::sqlparser::ast;
use model::{Error, ErrorKind, Result};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Terms that AND may join.
const CONJUNCTION_MAX: usize = 1_000;

impl QueryEngine {
    /// Plans one statement (a query, or EXPLAIN of one), on the query runtime, in at most `timeout`
    /// if that is shorter than [`crate::QueryOptions::timeout`].
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] for another kind of statement, [`ErrorKind::InvalidStatement`]
    /// for one of too many relations or columns, [`ErrorKind::QueryTimeout`], the errors of `tables`, and
    /// whatever is wrong with names, functions and types.
    pub async fn plan(
        &self,
        profile: &Profile,
        tables: Arc<dyn TableLookup>,
        statement: ast::Statement,
        context: &PlanContext,
        timeout: Option<Duration>,
    ) -> Result<LogicalPlan> {
        refuse_other_statements(&statement)?;
        relations::refuse_many(&statement)?;
        width::refuse_wide(&statement)?;
        let (engine, profile, context) = (self.clone(), profile.clone(), context.clone());
        let planning =
            self.inner.handle()?.spawn_blocking(move || engine.plan_here(&profile, tables, statement, &context));
        let limit = self.inner.limit(timeout);
        match tokio::time::timeout(limit, planning).await {
            Ok(planned) => planned.unwrap_or_else(|e| Err(broken(e))),
            Err(_elapsed) => Err(timed_out(limit)),
        }
    }

    fn plan_here(
        &self,
        profile: &Profile,
        tables: Arc<dyn TableLookup>,
        mut statement: ast::Statement,
        context: &PlanContext,
    ) -> Result<LogicalPlan> {
        let state = statement_state(&self.inner, profile, context)?;
        let provider = StatementTables {
            state: &state,
            type_planner: profile.type_planner.clone(),
            tables,
            resolved: Mutex::default(),
        };
        hidden::exclude(&mut statement, |name| Some(provider.table(name).ok()?.schema()));
        let plan = provider.plan(statement, context);
        plan.map_err(|e| {
            let columns = provider.columns();
            to_error(&e, &ErrorContext { columns, ..self.inner.error_context() })
        })
    }
}

fn refuse_other_statements(statement: &ast::Statement) -> Result<()> {
    match statement {
        ast::Statement::Query(_) => Ok(()),
        ast::Statement::Explain { statement, .. } => refuse_other_statements(statement),
        _ => Err(Error::unsupported("a statement other than a query")),
    }
}

/// The optimiser's time grows with the third power of the terms, and nothing interrupts it.
fn refuse_long_conditions(plan: &LogicalPlan) -> DataFusionResult<()> {
    plan.apply_with_subqueries(|plan| {
        let condition = match plan {
            LogicalPlan::Filter(filter) => Some(&filter.predicate),
            LogicalPlan::Join(join) => join.filter.as_ref(),
            _ => None,
        };
        if condition.is_some_and(|c| split_conjunction(c).len() > CONJUNCTION_MAX) {
            let reason = format!("a condition may join at most {CONJUNCTION_MAX} terms by AND");
            return Err(external(ErrorKind::InvalidStatement { reason }.into()));
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(())
}

/// The profile's session at one moment in one zone, within the engine's limits.
pub(crate) fn statement_state(inner: &Inner, profile: &Profile, context: &PlanContext) -> Result<SessionState> {
    time_text::zone(&context.time_zone)?;
    let now = arrow::temporal_conversions::timestamp_ns_to_datetime(context.now_nanos)
        .ok_or_else(|| Error::internal(format!("{} ns is no time", context.now_nanos)))?;
    let mut state = (*profile.state).clone();
    let options = state.config_mut().options_mut();
    options.execution.time_zone = Some(context.time_zone.clone());
    options.extensions.insert(TextLimit::of_memory(inner.memory_bytes()));
    // A sort reserves this before it starts: it must fit beside the sort itself.
    let quarter = inner.memory_bytes() / 4;
    let reservation = &mut options.execution.sort_spill_reservation_bytes;
    *reservation = quarter.min(*reservation);
    let options = Arc::clone(state.config_options());
    let props = state.execution_props_mut();
    props.mark_start_execution(options);
    props.query_execution_start_time = Some(now.and_utc());
    Ok(state)
}

/// The tables and functions that one statement can name.
struct StatementTables<'a> {
    state: &'a SessionState,
    type_planner: Option<Arc<dyn TypePlanner>>,
    tables: Arc<dyn TableLookup>,
    resolved: Mutex<HashMap<Vec<String>, Arc<dyn TableProvider>>>,
}

impl StatementTables<'_> {
    fn table(&self, name: &[String]) -> Result<Arc<dyn TableProvider>> {
        if let Some(table) = self.resolved.lock().get(name) {
            return Ok(Arc::clone(table));
        }
        let table = self.tables.table(name)?;
        self.resolved.lock().insert(name.to_vec(), Arc::clone(&table));
        Ok(table)
    }

    fn plan(&self, mut statement: ast::Statement, context: &PlanContext) -> DataFusionResult<LogicalPlan> {
        let exact_constants = self.options().sql_parser.parse_float_as_decimal;
        if exact_constants {
            constants::mark_floats(&mut statement);
        }
        let mut plan = SqlToRel::new(self).sql_statement_to_plan(statement)?;
        if exact_constants {
            plan = constants::read_floats(plan)?;
        }
        let queries = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        queries.verify_plan(&plan)?;
        refuse_long_conditions(&plan)?;
        let zone = time_text::zone(&context.time_zone).map_err(external)?;
        let plan = SubqueryValues::default().rewrite(plan)?;
        TimeComparisons { zone, state: self.state }.rewrite(plan)
    }

    /// Every column as (table, column).
    fn columns(&self) -> Vec<(String, String)> {
        let resolved = self.resolved.lock();
        let mut columns: Vec<_> = resolved
            .iter()
            .flat_map(|(name, table)| {
                let schema = table.schema();
                let columns: Vec<_> = schema.fields().iter().map(|f| (name.join("."), f.name().clone())).collect();
                columns
            })
            .collect();
        columns.sort();
        columns
    }
}

impl ContextProvider for StatementTables<'_> {
    fn get_table_source(&self, name: TableReference) -> DataFusionResult<Arc<dyn TableSource>> {
        Ok(provider_as_source(self.table(&name.to_vec()).map_err(external)?))
    }

    fn get_table_function_source(&self, name: &str, args: Vec<Expr>) -> DataFusionResult<Arc<dyn TableSource>> {
        let Some(function) = self.state.table_functions().get(name) else {
            return Err(external(ErrorKind::FunctionNotFound { function: name.to_owned() }.into()));
        };
        let simplifier = ExprSimplifier::new(
            SimplifyContext::builder()
                .with_config_options(Arc::clone(self.state.config_options()))
                .with_query_execution_start_time(self.state.execution_props().query_execution_start_time)
                .build(),
        );
        let schema = datafusion::common::DFSchema::empty();
        let args = args
            .into_iter()
            .map(|arg| simplifier.simplify(simplifier.coerce(arg, &schema)?))
            .collect::<DataFusionResult<Vec<_>>>()?;
        let table = function.create_table_provider_with_args(TableFunctionArgs::new(&args, self.state))?;
        Ok(provider_as_source(table))
    }

    fn create_cte_work_table(&self, name: &str, schema: SchemaRef) -> DataFusionResult<Arc<dyn TableSource>> {
        Ok(provider_as_source(Arc::new(CteWorkTable::new(name, schema))))
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        self.state.expr_planners()
    }

    fn get_relation_planners(&self) -> &[Arc<dyn RelationPlanner>] {
        self.state.relation_planners()
    }

    fn get_type_planner(&self) -> Option<Arc<dyn TypePlanner>> {
        self.type_planner.clone()
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        if name == constants::FLOAT_CONSTANT {
            return Some(constants::float_constant());
        }
        let function = self.state.scalar_functions().get(name)?;
        // The type of `now()` and its like depends on the session's zone.
        match function.inner().with_updated_config(self.options()) {
            Some(updated) => Some(Arc::new(updated)),
            None => Some(Arc::clone(function)),
        }
    }

    fn get_higher_order_meta(&self, name: &str) -> Option<Arc<HigherOrderUDF>> {
        self.state.higher_order_functions().get(name).cloned()
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.state.aggregate_functions().get(name).cloned()
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        self.state.window_functions().get(name).cloned()
    }

    fn get_variable_type(&self, _variable_names: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        self.state.config_options()
    }

    fn udf_names(&self) -> Vec<String> {
        self.state.scalar_functions().keys().cloned().collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        self.state.higher_order_functions().keys().cloned().collect()
    }

    fn udaf_names(&self) -> Vec<String> {
        self.state.aggregate_functions().keys().cloned().collect()
    }

    fn udwf_names(&self) -> Vec<String> {
        self.state.window_functions().keys().cloned().collect()
    }
}
