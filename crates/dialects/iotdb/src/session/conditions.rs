//! CASE and COALESCE over the types that this vendor takes: checked before types are coerced, since
//! nothing later remembers what was written.

use super::scalar::{Given, Returned, Spec};
use super::{COMPARABLE, CONDITION};
use crate::error::semantic;
use crate::types::{Type, arrow_word};
use arrow::array::{ArrayRef, BooleanArray};
use arrow::compute::{cast, is_not_null, kernels::zip::zip};
use arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::expr::{Case, Cast};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable as _, LogicalPlan};
use datafusion::optimizer::AnalyzerRule;

pub(super) const SPECS: &[Spec] = &[CONDITION_SPEC, COALESCE_SPEC];

const CONDITION_SPEC: Spec = Spec {
    name: CONDITION,
    returns: |given| match given.only() {
        Some(Type::Boolean) => Ok(DataType::Boolean.into()),
        _ => Err("Aggregate functions [count_if] should only have one boolean expression as argument".to_owned()),
    },
    run: |call| Ok(ArrayRef::clone(call.arg(0)?)),
};

const COALESCE_SPEC: Spec = Spec {
    name: COMPARABLE,
    returns: |given| coalesced(given),
    run: |call| {
        let Some((first, rest)) = call.args.split_first() else {
            return datafusion::common::internal_err!("COALESCE of nothing");
        };
        let mut value: ArrayRef = cast(first, call.returned)?;
        for other in rest {
            let given: BooleanArray = is_not_null(&value)?;
            value = zip(&given, &value, &cast(other, call.returned)?)?;
        }
        Ok(value)
    },
};

fn coalesced(given: &Given<'_>) -> Result<Returned, String> {
    one_type("COALESCE operands", &given.types)
}

/// The type that values of several types have in common.
fn one_type(what: &str, types: &[DataType]) -> Result<Returned, String> {
    let mut known: Vec<Type> = Vec::new();
    for kind in types.iter().filter_map(Type::of_arrow) {
        if !known.contains(&kind) {
            known.push(kind);
        }
    }
    let Some(first) = known.first().copied() else { return Ok(DataType::Null.into()) };
    let mut common = first;
    for kind in known.iter().skip(1) {
        common = match (common, *kind) {
            (left, right) if left == right => left,
            (left, right) if left.is_text() && right.is_text() => Type::String,
            (left, right) if left.is_number() && right.is_number() => wider(left, right),
            (left, right) => {
                let words: Vec<_> = known.iter().map(|kind| kind.word()).collect();
                return Err(format!(
                    "All {what} must be the same type or coercible to a common type. Cannot find common type between \
                     {} and {}, all types (without duplicates): [{}]",
                    left.word(),
                    right.word(),
                    words.join(", ")
                ));
            }
        };
    }
    // What is one type in the plan stays it: finer times and narrower numbers of other doors too.
    let plan = types.iter().find(|of| Type::of_arrow(of).is_some());
    match plan {
        Some(plan) if types.iter().all(|of| of == plan || Type::of_arrow(of).is_none()) => Ok(plan.clone().into()),
        _ => Ok(common.into()),
    }
}

fn wider(left: Type, right: Type) -> Type {
    let order = [Type::Int32, Type::Int64, Type::Float, Type::Double];
    let rank = |of: Type| order.iter().position(|other| *other == of).unwrap_or(0);
    if rank(left) >= rank(right) { left } else { right }
}

/// Checks every CASE of a plan.
#[derive(Debug)]
pub(super) struct Conditions;

impl AnalyzerRule for Conditions {
    fn name(&self) -> &str {
        "iotdb_conditions"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let rewritten = plan.transform_up_with_subqueries(|plan| {
            check_inputs(&plan)?;
            let schema = merge_schema(&plan.inputs());
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expr| {
                let name = names.save(&expr);
                let rewritten = expr.transform_up(|expr| checked(expr, &schema))?;
                Ok(rewritten.update_data(|expr| name.restore(expr)))
            })?
            .map_data(LogicalPlan::recompute_schema)
        })?;
        Ok(rewritten.data)
    }
}

/// The inputs of a set operation have columns of one kind each.
fn check_inputs(plan: &LogicalPlan) -> Result<()> {
    let LogicalPlan::Union(union) = plan else { return Ok(()) };
    let Some((first, rest)) = union.inputs.split_first() else { return Ok(()) };
    for other in rest {
        for (index, (left, right)) in first.schema().fields().iter().zip(other.schema().fields().iter()).enumerate() {
            let types = [left.data_type().clone(), right.data_type().clone()];
            if one_type("", &types).is_err() {
                let (left, right) = (arrow_word(left.data_type()), arrow_word(right.data_type()));
                return Err(external(format!(
                    "column {} in UNION query has incompatible types: {left}, {right}",
                    index + 1
                )));
            }
        }
    }
    Ok(())
}

fn external(text: String) -> DataFusionError {
    DataFusionError::External(Box::new(semantic(text)))
}

fn checked(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let type_of = |expr: &Expr| expr.get_type(schema);
    if let Expr::InSubquery(within) = &expr {
        let of = within.subquery.subquery.schema();
        if let [field] = of.fields().iter().collect::<Vec<_>>().as_slice() {
            let (left, right) = (type_of(&within.expr)?, field.data_type().clone());
            if one_type("", &[left.clone(), right.clone()]).is_err() {
                let (left, right) = (arrow_word(&left), arrow_word(&right));
                return Err(external(format!(
                    "Join key type mismatch. Left join key type: {left}, right join key type: {right}"
                )));
            }
        }
    }
    let Expr::Case(case) = expr else { return Ok(Transformed::no(expr)) };
    for (when, _) in &case.when_then_expr {
        let when = type_of(when)?;
        match &case.expr {
            None if !matches!(when, DataType::Boolean | DataType::Null) => {
                let actual = arrow_word(&when);
                return Err(external(format!("CASE WHEN clause must evaluate to a BOOLEAN (actual: {actual})")));
            }
            None => {}
            Some(operand) => {
                let operand = type_of(operand)?;
                if one_type("", &[operand.clone(), when.clone()]).is_err() {
                    return Err(external(format!(
                        "CASE operand type does not match WHEN clause operand type: {} vs {}",
                        arrow_word(&operand),
                        arrow_word(&when)
                    )));
                }
            }
        }
    }
    if let Some(default) = &case.else_expr {
        let thens = case.when_then_expr.iter().map(|(_, then)| type_of(then)).collect::<Result<Vec<_>>>()?;
        let (default, then) = (type_of(default)?, one_type("CASE results", &thens).map_err(external)?.data_type());
        let (one, other) = (Type::of_arrow(&default), Type::of_arrow(&then));
        if let (Some(one), Some(other)) = (one, other)
            && one != other
            && one.is_number()
            && other.is_number()
        {
            let (one, other) = (one.word(), other.word());
            return Err(external(format!(
                "Default result type must be the same as WHEN result types: {one} vs {other}"
            )));
        }
    }
    let results = case.when_then_expr.iter().map(|(_, then)| then.as_ref()).chain(case.else_expr.as_deref());
    let types = results.map(type_of).collect::<Result<Vec<_>>>()?;
    let to = one_type("CASE results", &types).map_err(external)?.data_type();
    let as_common = |expr: Box<Expr>| -> Result<Box<Expr>> {
        Ok(if type_of(&expr)? == to { expr } else { Box::new(Expr::Cast(Cast::new(expr, to.clone()))) })
    };
    let when_then_expr =
        case.when_then_expr.into_iter().map(|(when, then)| Ok((when, as_common(then)?))).collect::<Result<Vec<_>>>()?;
    let else_expr = case.else_expr.map(as_common).transpose()?;
    Ok(Transformed::yes(Expr::Case(Case { expr: case.expr, when_then_expr, else_expr })))
}
