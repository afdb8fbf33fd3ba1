//! Expressions in VALUES: `now()` and casts in time-series tables, anything without names in
//! relational ones.

use super::columns::value_at;
use crate::context::Context;
use crate::error::worded;
use crate::literals::Target;
use crate::statements::default::function_name;
use crate::statements::query;
use crate::timezone::Zone;
use ::sql::ast::{Expr, Ident, SelectItem, SetExpr};
use arrow::array::ArrayRef;
use futures::StreamExt as _;
use model::{Error, ErrorKind, Result, Value};

/// Expressions that are computed in one go at most.
const CHUNK: usize = 256;

/// The time of the statement in nanoseconds since 1970.
pub(super) fn now_nanos() -> i64 {
    i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)
}

/// Whether an expression is one of the names of the current moment.
fn is_now(expr: &Expr) -> bool {
    const NAMES: [&str; 5] =
        ["now", "current_timestamp", "localtimestamp", "transaction_timestamp", "statement_timestamp"];
    function_name(expr).is_some_and(|name| NAMES.contains(&name.as_str()))
}

/// Whether an expression must be computed, rather than be known or refused by its form.
fn is_computed(expr: &Expr, series: bool) -> bool {
    match expr {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => false,
        Expr::Function(_) | Expr::BinaryOp { .. } if series => false,
        _ => !is_now(expr),
    }
}

/// The results of those expressions that must be computed, in order.
pub(super) async fn compute(
    context: &Context,
    written: &[Expr],
    series: bool,
    text: &str,
) -> Result<Vec<Option<ArrayRef>>> {
    let mut results: Vec<Option<ArrayRef>> = vec![None; written.len()];
    let wanted: Vec<usize> =
        written.iter().enumerate().filter(|(_, expr)| is_computed(expr, series)).map(|(index, _)| index).collect();
    for chunk in wanted.chunks(CHUNK) {
        let items: Vec<(usize, &Expr)> =
            chunk.iter().filter_map(|index| Some((*index, written.get(*index)?))).collect();
        for ((index, _), array) in items.iter().zip(one_row(context, &items, text).await?) {
            if let Some(result) = results.get_mut(*index) {
                *result = Some(array);
            }
        }
    }
    Ok(results)
}

async fn one_row(context: &Context, items: &[(usize, &Expr)], text: &str) -> Result<Vec<ArrayRef>> {
    let mut statement = query::parsed("SELECT 1")?;
    if let SetExpr::Select(select) = statement.query.body.as_mut() {
        select.projection = items
            .iter()
            .map(|(index, expr)| SelectItem::ExprWithAlias {
                expr: (*expr).clone(),
                alias: Ident::with_quote('"', format!("value {index}")),
            })
            .collect();
    }
    let mut stream = query::run(context, statement, text).await?;
    while let Some(batch) = stream.batches.next().await {
        let batch = batch?;
        if batch.num_rows() > 0 {
            return Ok(batch.columns().to_vec());
        }
    }
    Err(Error::internal("an expression without a value"))
}

/// The value of an expression in its column.
pub(super) fn value(
    written: &Expr,
    computed: Option<ArrayRef>,
    target: &Target,
    series: bool,
    now: i64,
    zone: &Zone,
) -> Result<Value> {
    if let Some(array) = computed {
        return value_at(&array, 0, target, zone);
    }
    if is_now(written) {
        let name = function_name(written).unwrap_or_default();
        return target.moment(now, zone, &format!("{name}()"));
    }
    let column = &target.name;
    Err(match written {
        Expr::Identifier(name) if series => {
            worded(format!("unsupported input type relation \"{}\" (column {column})", name.value))
        }
        Expr::Identifier(name) => Error::new(ErrorKind::ColumnNotFound { column: name.value.clone(), table: None }),
        Expr::Function(_) => {
            let name = function_name(written).unwrap_or_default();
            worded(format!("unsupported function input \"{name}\" (column {column})"))
        }
        Expr::BinaryOp { .. } => worded(format!("unsupported input type BinaryOperator (column {column})")),
        other => worded(format!("unsupported input type \"{other}\" (column {column})")),
    })
}
