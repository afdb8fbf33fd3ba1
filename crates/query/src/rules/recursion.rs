//! Recursive queries over stored columns.
//!
//! Stored columns carry their declaration as metadata, computed values carry none, and DataFusion
//! wants that of both terms of a recursive query to be equal. Where it differs, both give it up.

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::config::ConfigOptions;
use datafusion::common::internal_err;
use datafusion::common::tree_node::Transformed;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, LogicalPlanBuilder, RecursiveQuery, ReturnFieldArgs, ScalarFunctionArgs,
    ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::optimizer::AnalyzerRule;
use std::sync::{Arc, LazyLock};

/// Makes the columns of both terms of a recursive query alike; runs behind type coercion.
#[derive(Debug)]
pub(crate) struct RecursiveTerms;

impl AnalyzerRule for RecursiveTerms {
    fn name(&self) -> &str {
        "recursive_terms"
    }

    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        let rewritten = plan.transform_up_with_subqueries(|plan| match plan {
            LogicalPlan::RecursiveQuery(query) => alike(query),
            other => Ok(Transformed::no(other)),
        })?;
        Ok(rewritten.data)
    }
}

fn alike(query: RecursiveQuery) -> Result<Transformed<LogicalPlan>> {
    let fields = query.static_term.schema().fields().iter().zip(query.recursive_term.schema().fields());
    let differs: Vec<bool> = fields.map(|(one, other)| one.metadata() != other.metadata()).collect();
    if !differs.contains(&true) {
        return Ok(Transformed::no(LogicalPlan::RecursiveQuery(query)));
    }
    let RecursiveQuery { name, static_term, recursive_term, is_distinct, .. } = query;
    let [first, next] = [static_term, recursive_term].map(|term| undeclared_columns(term, &differs));
    let query = RecursiveQuery::try_new(name, Arc::new(first?), Arc::new(next?), is_distinct)?;
    Ok(Transformed::yes(LogicalPlan::RecursiveQuery(query)))
}

/// A plan with some columns without their declaration.
fn undeclared_columns(term: Arc<LogicalPlan>, which: &[bool]) -> Result<LogicalPlan> {
    let columns = term.schema().iter().zip(which).map(|((qualifier, field), undeclare)| {
        let column = Expr::from((qualifier, field));
        if *undeclare {
            undeclared().call(vec![column]).alias_qualified(qualifier.cloned(), field.name())
        } else {
            column
        }
    });
    let columns: Vec<Expr> = columns.collect();
    LogicalPlanBuilder::new_from_arc(term).project(columns)?.build()
}

/// The function that gives a value without its declaration.
pub(crate) fn undeclared() -> Arc<ScalarUDF> {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
        Arc::new(ScalarUDF::new_from_impl(Undeclared { signature: Signature::any(1, Volatility::Immutable) }))
    });
    Arc::clone(&FUNCTION)
}

/// Its argument.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Undeclared {
    signature: Signature,
}

impl ScalarUDFImpl for Undeclared {
    fn name(&self) -> &str {
        "undeclared"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        internal_err!("a value without its declaration has a field")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let [value] = args.arg_fields else { return internal_err!("one value has one declaration") };
        Ok(Arc::new(Field::new(self.name(), value.data_type().clone(), value.is_nullable())))
    }

    fn invoke_with_args(&self, mut args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.pop() {
            Some(value) => Ok(value),
            None => internal_err!("one value has one declaration"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::scan::memory::meters;
    use crate::testing::Bench;

    #[tokio::test]
    async fn computed_and_stored_columns_follow_each_other() {
        let mut bench = Bench::new();
        let row = |meter, next| ("a", meter, "ann", 1_000, Some(0.5), next);
        bench.table(meters(&[row(1, Some(2)), row(2, Some(4)), row(3, None), row(4, None)]));
        for (sql, expected) in [
            (
                "WITH RECURSIVE way AS (SELECT meter FROM meters WHERE meter = 1 UNION ALL \
                 SELECT \"Pulses\" FROM way JOIN meters ON meters.meter = way.meter WHERE \"Pulses\" IS NOT NULL) \
                 SELECT meter FROM way ORDER BY meter",
                "1,2,4",
            ),
            (
                "WITH RECURSIVE count AS (SELECT meter AS n, owner, 0 AS depth FROM meters WHERE meter = 1 UNION ALL \
                 SELECT n + 1, owner, depth + 1 FROM count WHERE n < 4) SELECT n, owner, depth FROM count ORDER BY n",
                "1|ann|0,2|ann|1,3|ann|2,4|ann|3",
            ),
            (
                "WITH RECURSIVE both AS (SELECT 1 AS n UNION SELECT meter FROM both JOIN meters ON meter >= n) \
                 SELECT sum(n) FROM both",
                "10",
            ),
        ] {
            assert_eq!(bench.rows_here(sql).await.unwrap().join(","), expected, "{sql}");
        }
    }
}
