//! Keeps DataFusion from merging IN lists of one value as if it were never NULL.
//!
//! Its simplifier turns `v NOT IN (1, 2) OR v NOT IN (3, 4)` into TRUE, `v IN (1) AND v IN (2)`
//! into FALSE, and forgets a NULL in a list that it subtracts, where the answer is NULL. It merges
//! lists whose tested values are equal as expressions, so here each of several lists of one value
//! tests a value with a number of its own, which is the value itself when it is computed.

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::config::ConfigOptions;
use datafusion::common::internal_err;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::{conjunction, split_conjunction, split_conjunction_owned};
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, LogicalPlan, Operator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility, lit,
};
use datafusion::optimizer::AnalyzerRule;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

/// Tells apart the values that several lists test; runs behind type coercion.
#[derive(Debug)]
pub(crate) struct ListPairs;

impl AnalyzerRule for ListPairs {
    fn name(&self) -> &str {
        "list_pairs"
    }

    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        let rewritten = plan.transform_up_with_subqueries(|plan| {
            let is_filter = matches!(plan, LogicalPlan::Filter(_));
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expr| {
                if is_filter {
                    return filter(expr);
                }
                let name = names.save(&expr);
                Ok(told_apart(expr)?.update_data(|e| name.restore(e)))
            })?
            .map_data(LogicalPlan::recompute_schema)
        })?;
        Ok(rewritten.data)
    }
}

/// A condition lets FALSE and NULL through alike, so that the terms that it joins by AND may be
/// merged with each other, unless a list has what may be NULL.
fn filter(predicate: Expr) -> Result<Transformed<Expr>> {
    let terms = split_conjunction(&predicate);
    if terms.iter().any(|term| matches!(term, Expr::InList(list) if list.negated && !list.list.iter().all(is_value))) {
        return told_apart(predicate);
    }
    let mut changed = false;
    let mut rewritten = Vec::new();
    for term in split_conjunction_owned(predicate) {
        let term = told_apart(term)?;
        changed |= term.transformed;
        rewritten.push(term.data);
    }
    let predicate = conjunction(rewritten).unwrap_or_else(|| lit(true));
    Ok(if changed { Transformed::yes(predicate) } else { Transformed::no(predicate) })
}

fn is_value(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(value, _) if !value.is_null())
}

/// Equations of one value count too: DataFusion makes lists of those that OR joins.
fn told_apart(expr: Expr) -> Result<Transformed<Expr>> {
    let mut tested: HashMap<Expr, usize> = HashMap::new();
    let mut merges_wrongly = false;
    expr.apply(|e| {
        if let Some(value) = tested_value(e) {
            *tested.entry(value.clone()).or_default() += 1;
        }
        merges_wrongly |= match e {
            Expr::InList(list) => list.negated,
            Expr::BinaryExpr(binary) => binary.op == Operator::And,
            Expr::Not(_) => true,
            _ => false,
        };
        Ok(TreeNodeRecursion::Continue)
    })?;
    tested.retain(|_, lists| *lists > 1);
    if tested.is_empty() || !merges_wrongly {
        return Ok(Transformed::no(expr));
    }
    let mut number = 0_i64;
    expr.transform_up(|e| {
        if tested_value(&e).is_none_or(|value| !tested.contains_key(value)) {
            return Ok(Transformed::no(e));
        }
        number += 1;
        let numbered = |value: Expr| {
            Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(&NUMBERED), vec![value, lit(number)]))
        };
        Ok(Transformed::yes(match e {
            Expr::InList(mut list) => {
                *list.expr = numbered(std::mem::take(&mut *list.expr));
                Expr::InList(list)
            }
            Expr::BinaryExpr(mut binary) => {
                let side = if matches!(*binary.left, Expr::Column(_)) { &mut binary.left } else { &mut binary.right };
                **side = numbered(std::mem::take(&mut **side));
                Expr::BinaryExpr(binary)
            }
            other => other,
        }))
    })
}

/// What a list, or a comparison that may become one, tests.
fn tested_value(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::InList(list) => Some(&list.expr),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq | Operator::NotEq, right }) => match (&**left, &**right) {
            (column @ Expr::Column(_), Expr::Literal(..)) | (Expr::Literal(..), column @ Expr::Column(_)) => {
                Some(column)
            }
            _ => None,
        },
        _ => None,
    }
}

/// The function that gives a value its number.
pub(crate) fn numbered() -> Arc<ScalarUDF> {
    Arc::clone(&NUMBERED)
}

static NUMBERED: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
    Arc::new(ScalarUDF::new_from_impl(Numbered { signature: Signature::any(2, Volatility::Immutable) }))
});

/// Its first argument.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Numbered {
    signature: Signature,
}

impl ScalarUDFImpl for Numbered {
    fn name(&self) -> &str {
        "numbered"
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        match args {
            [value, _] => Ok(value.schema_name().to_string()),
            _ => internal_err!("a numbered value has two arguments"),
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        match arg_types {
            [value, _] => Ok(value.clone()),
            _ => internal_err!("a numbered value has two arguments"),
        }
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        match args.arg_fields {
            [value, _] => Ok(Arc::clone(value)),
            _ => internal_err!("a numbered value has two arguments"),
        }
    }

    fn invoke_with_args(&self, mut args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        if args.args.is_empty() {
            return internal_err!("a numbered value has two arguments");
        }
        Ok(args.args.swap_remove(0))
    }
}

#[cfg(test)]
mod tests;
