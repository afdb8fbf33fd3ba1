//! Building a dialect's meaning of SQL.
//!
//! A profile starts from DataFusion's functions, planners and rules, with names taken as they are
//! written, and adds or replaces by name. Its text functions are kept from building giant values.

use crate::Profile;
use crate::functions;
use crate::rules::{FloatOperands, InterruptibleRule, LargeFetch, LastValues, ListPairs, RecursiveTerms, WholeHours};
use datafusion::catalog::TableFunction;
use datafusion::execution::SessionStateDefaults;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::planner::{ExprPlanner, RelationPlanner, TypePlanner};
use datafusion::logical_expr::{AggregateUDF, ScalarUDF, WindowUDF};
use datafusion::optimizer::{Analyzer, AnalyzerRule, Optimizer, OptimizerRule};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::prelude::SessionConfig;
use std::collections::HashSet;
use std::sync::Arc;

/// Collects what makes a dialect.
#[derive(Debug, Default)]
pub struct ProfileBuilder {
    scalars: Vec<Arc<ScalarUDF>>,
    aggregates: Vec<Arc<AggregateUDF>>,
    windows: Vec<Arc<WindowUDF>>,
    unwritten: Vec<Arc<ScalarUDF>>,
    table_functions: Vec<Arc<TableFunction>>,
    expr_planners: Vec<Arc<dyn ExprPlanner>>,
    relation_planners: Vec<Arc<dyn RelationPlanner>>,
    type_planner: Option<Arc<dyn TypePlanner>>,
    analyzer_rules: Vec<Arc<dyn AnalyzerRule + Send + Sync>>,
    optimizer_rules: Vec<Arc<dyn OptimizerRule + Send + Sync>>,
    physical_rules: Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>>,
    without: HashSet<String>,
    null_ordering: Option<String>,
    wrapping_integers: bool,
    exact_constants: bool,
}

impl Profile {
    /// An empty builder: DataFusion's functions, no other.
    #[must_use]
    pub fn builder() -> ProfileBuilder {
        ProfileBuilder::default()
    }
}

impl ProfileBuilder {
    /// Adds a scalar function; it replaces one of the same name.
    #[must_use]
    pub fn scalar(mut self, function: impl Into<ScalarUDF>) -> Self {
        self.scalars.push(Arc::new(function.into()));
        self
    }

    /// Adds a scalar function that plans of this dialect call, put there by its planners and rules,
    /// and that no statement can name.
    #[must_use]
    pub fn unwritten_scalar(mut self, function: impl Into<ScalarUDF>) -> Self {
        self.unwritten.push(Arc::new(function.into()));
        self
    }

    /// Adds an aggregate function; it replaces one of the same name.
    #[must_use]
    pub fn aggregate(mut self, function: impl Into<AggregateUDF>) -> Self {
        self.aggregates.push(Arc::new(function.into()));
        self
    }

    /// Adds the values of the earliest and the latest row as `first`, `last`, `first_row` and
    /// `last_row`; the first two pass over NULLs.
    #[must_use]
    pub fn values_by_time(self) -> Self {
        self.aggregate(functions::first_by_time("first"))
            .aggregate(functions::last_by_time("last"))
            .aggregate(functions::first_row_by_time("first_row"))
            .aggregate(functions::last_row_by_time("last_row"))
    }

    /// Adds a window function; it replaces one of the same name.
    #[must_use]
    pub fn window(mut self, function: impl Into<WindowUDF>) -> Self {
        self.windows.push(Arc::new(function.into()));
        self
    }

    /// Adds a table function.
    #[must_use]
    pub fn table_function(mut self, function: TableFunction) -> Self {
        self.table_functions.push(Arc::new(function));
        self
    }

    /// Takes away a function of DataFusion's, of whatever kind, by its name or an alias.
    #[must_use]
    pub fn without(mut self, name: impl Into<String>) -> Self {
        self.without.insert(name.into());
        self
    }

    /// Adds a planner of operators and expressions; earlier ones are asked first, all of them
    /// before DataFusion's.
    #[must_use]
    pub fn expr_planner(mut self, planner: Arc<dyn ExprPlanner>) -> Self {
        self.expr_planners.push(planner);
        self
    }

    /// Adds a planner of FROM items; earlier ones are asked first.
    #[must_use]
    pub fn relation_planner(mut self, planner: Arc<dyn RelationPlanner>) -> Self {
        self.relation_planners.push(planner);
        self
    }

    /// Sets the planner of type words.
    #[must_use]
    pub fn type_planner(mut self, planner: Arc<dyn TypePlanner>) -> Self {
        self.type_planner = Some(planner);
        self
    }

    /// Adds an analyzer rule that runs before types are coerced.
    #[must_use]
    pub fn analyzer_rule(mut self, rule: Arc<dyn AnalyzerRule + Send + Sync>) -> Self {
        self.analyzer_rules.push(rule);
        self
    }

    /// Adds a rule behind DataFusion's logical ones.
    #[must_use]
    pub fn optimizer_rule(mut self, rule: Arc<dyn OptimizerRule + Send + Sync>) -> Self {
        self.optimizer_rules.push(rule);
        self
    }

    /// Adds a rule behind DataFusion's physical ones.
    #[must_use]
    pub fn physical_rule(mut self, rule: Arc<dyn PhysicalOptimizerRule + Send + Sync>) -> Self {
        self.physical_rules.push(rule);
        self
    }

    /// Where NULL sorts when ORDER BY does not say: `nulls_max` (as if greatest, the default),
    /// `nulls_min`, `nulls_first` or `nulls_last`.
    #[must_use]
    pub fn null_ordering(mut self, ordering: impl Into<String>) -> Self {
        self.null_ordering = Some(ordering.into());
        self
    }

    /// Lets integer `+`, `-`, `*` and unary minus wrap around instead of failing.
    #[must_use]
    pub fn wrapping_integers(mut self) -> Self {
        self.wrapping_integers = true;
        self
    }

    /// Makes constants with a point decimals; those with an exponent stay floats, and so does
    /// whatever is compared or computed with a float.
    #[must_use]
    pub fn exact_constants(mut self) -> Self {
        self.exact_constants = true;
        self
    }

    /// The profile.
    #[must_use]
    pub fn build(self) -> Profile {
        let mut config = SessionConfig::new().with_target_partitions(1).with_information_schema(false);
        let options = config.options_mut();
        options.sql_parser.enable_ident_normalization = false;
        options.sql_parser.collect_spans = true;
        options.sql_parser.map_string_types_to_utf8view = false;
        // The inputs of a union may carry different metadata of one column: the check sees that too.
        options.execution.skip_physical_aggregate_schema_check = true;
        options.sql_parser.parse_float_as_decimal = self.exact_constants;
        if let Some(ordering) = self.null_ordering {
            options.sql_parser.default_null_ordering = ordering.as_str().into();
        }

        let keep = |name: &str, aliases: &[String]| {
            !self.without.contains(name) && !aliases.iter().any(|a| self.without.contains(a))
        };
        let mut scalars = SessionStateDefaults::default_scalar_functions();
        scalars.retain(|f| keep(f.name(), f.aliases()));
        let mut scalars: Vec<_> = scalars.into_iter().map(functions::bounded).collect();
        scalars.extend(self.scalars);
        let mut aggregates = SessionStateDefaults::default_aggregate_functions();
        aggregates.retain(|f| keep(f.name(), f.aliases()));
        let mut aggregates: Vec<_> = aggregates.into_iter().map(functions::bounded_aggregate).collect();
        aggregates.extend(self.aggregates);
        let mut windows = SessionStateDefaults::default_window_functions();
        windows.retain(|f| keep(f.name(), f.aliases()));
        windows.extend(self.windows);
        let mut expr_planners = self.expr_planners;
        expr_planners.extend(SessionStateDefaults::default_expr_planners());

        let mut analyzer_rules = self.analyzer_rules;
        if self.exact_constants {
            analyzer_rules.push(Arc::new(FloatOperands));
        }
        analyzer_rules.extend(Analyzer::new().rules);
        analyzer_rules.push(Arc::new(ListPairs));
        analyzer_rules.push(Arc::new(functions::BoundedOperator));
        if !self.wrapping_integers {
            // Behind type coercion, when the types of both sides are known and equal.
            analyzer_rules.push(Arc::new(functions::CheckedIntegers));
        }
        analyzer_rules.push(Arc::new(RecursiveTerms));

        let last_values = Arc::new(LastValues) as Arc<dyn OptimizerRule + Send + Sync>;
        let whole_hours = Arc::new(WholeHours) as Arc<dyn OptimizerRule + Send + Sync>;
        let optimizer_rules = Optimizer::new().rules.into_iter().chain([last_values]);
        let optimizer_rules = optimizer_rules.chain(self.optimizer_rules).chain([whole_hours]);
        let interruptible = |rule| Arc::new(InterruptibleRule(rule)) as Arc<dyn OptimizerRule + Send + Sync>;

        let mut builder = SessionStateBuilder::new()
            .with_config(config)
            .with_scalar_functions(scalars)
            .with_aggregate_functions(aggregates)
            .with_window_functions(windows)
            .with_table_functions(self.table_functions.into_iter().map(|f| (f.name().to_owned(), f)).collect())
            .with_expr_planners(expr_planners)
            .with_relation_planners(self.relation_planners)
            .with_analyzer_rules(analyzer_rules)
            .with_optimizer_rules(optimizer_rules.map(interruptible).collect());
        if let Some(planner) = &self.type_planner {
            builder = builder.with_type_planner(Arc::clone(planner));
        }
        for rule in self.physical_rules {
            builder = builder.with_physical_optimizer_rule(rule);
        }
        builder = builder.with_physical_optimizer_rule(Arc::new(LargeFetch));
        let unwritten = self.unwritten.into_iter().map(|f| (f.name().to_owned(), f)).collect();
        Profile { state: Arc::new(builder.build()), type_planner: self.type_planner, unwritten: Arc::new(unwritten) }
    }
}
