//! `DELETE`: by time, of a super table by tags and `tbname` too. What other columns hold decides
//! nothing.

use super::query;
use crate::context::Context;
use crate::error::coded;
use crate::names::{Found, missing_table};
use crate::select::{for_read, rewrite_condition};
use crate::sql::statement::ObjectName;
use crate::types::TBNAME;
use ::sql::ast::{BinaryOperator, Expr, Ident, Value, Visit as _, Visitor};
use arrow::array::AsArray as _;
use arrow::datatypes::Int64Type;
use engine::DeleteRequest;
use futures::StreamExt as _;
use model::{ColumnRole, Error, Privilege, Result, Scope};
use std::ops::ControlFlow;

/// `tbname = 'child'`
pub(super) fn is_child(child: &str) -> Expr {
    let name = Expr::Identifier(Ident::with_quote('"', TBNAME));
    let value = Expr::Value(Value::SingleQuotedString(child.to_owned()).with_empty_span());
    Expr::BinaryOp { left: Box::new(name), op: BinaryOperator::Eq, right: Box::new(value) }
}

/// Deletes rows; answers with how many.
///
/// # Errors
/// A condition on other columns than the time (and tags), no privilege.
pub(super) async fn run(context: &Context, name: &ObjectName, filter: Option<Box<Expr>>, text: &str) -> Result<u64> {
    let catalog = context.catalog();
    let found = context.find(&catalog, name).map_err(for_read)?;
    if matches!(found, Found::Keyed(_)) {
        return Err(missing_table());
    }
    let table = found.table();
    context.engine().require(context.caller(), Privilege::Delete, Scope::Table(table.id))?;
    let filter = match filter {
        None => None,
        Some(mut filter) => {
            rewrite_condition(context, &catalog, &found, &mut filter)?;
            check_columns(&filter, &found)?;
            Some(*filter)
        }
    };
    let filter = match (&found, filter) {
        (Found::Child(_, child), None) => Some(is_child(child)),
        (Found::Child(_, child), Some(filter)) => Some(Expr::BinaryOp {
            left: Box::new(is_child(child)),
            op: BinaryOperator::And,
            right: Box::new(Expr::Nested(Box::new(filter))),
        }),
        (_, filter) => filter,
    };
    let around = query::surroundings(context, table, text);
    let database = catalog.database(table.database).map(|database| database.name.clone()).unwrap_or_default();
    let count = count(context, &database, &table.name, filter.clone(), text).await?;
    if count > 0 {
        let request = DeleteRequest { table: table.id, filter, drop_series: false };
        context.engine().delete(context.caller(), &around, request).await?;
    }
    Ok(count)
}

/// Only times decide, and in a super table what is the same in all rows of a child.
fn check_columns(filter: &Expr, found: &Found) -> Result<()> {
    struct Names(Vec<String>);
    impl Visitor for Names {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            if let Expr::Identifier(name) = expr {
                self.0.push(name.value.clone());
            }
            ControlFlow::Continue(())
        }
    }
    let mut names = Names(Vec::new());
    let _: ControlFlow<()> = filter.visit(&mut names);
    let decides = |name: &String| {
        found.table().column_named(name).is_some_and(|column| match column.role {
            ColumnRole::Time => true,
            ColumnRole::Key | ColumnRole::Attribute => matches!(found, Found::Super(_)),
            ColumnRole::Field => false,
        })
    };
    if names.0.iter().all(decides) {
        return Ok(());
    }
    Err(coded(0x2655, "The DELETE statement must only have a definite time window range"))
}

/// How many rows a condition selects.
async fn count(context: &Context, database: &str, table: &str, filter: Option<Expr>, text: &str) -> Result<u64> {
    let quoted = |name: &str| format!("`{}`", name.replace('`', "``"));
    let statement = format!("select count(*) from {}.{}", quoted(database), quoted(table));
    let mut rows = query::counted(context, &statement, filter, text).await?;
    let mut count = 0;
    while let Some(batch) = rows.batches.next().await {
        let batch = batch?;
        if let Some(values) = batch.columns().first() {
            let values =
                values.as_primitive_opt::<Int64Type>().ok_or_else(|| Error::internal("a count is no number"))?;
            count += values.iter().flatten().sum::<i64>();
        }
    }
    Ok(u64::try_from(count).unwrap_or_default())
}
