//! UPDATE of attributes.

use super::devices::filter_of;
use super::query::surroundings;
use super::table::of_rows;
use crate::context::Context;
use crate::error::{Result, unresolved, worded};
use crate::names::{self, TableName};
use crate::select::{self, Meaning};
use crate::types::Type;
use ::sql::ast::{Expr, Value};
use engine::AttributesRequest;
use model::{ColumnRole, Privilege};

/// Runs the statement.
///
/// # Errors
/// Columns that are no attributes, values that are no text, no privilege.
pub(crate) async fn run(
    context: &Context,
    name: &TableName,
    assignments: Vec<(String, Expr)>,
    filter: Option<Expr>,
    text: &str,
) -> Result<()> {
    let catalog = context.catalog();
    let (database, table) = of_rows(context, &catalog, name)?;
    context.require_table(Privilege::Update, &database, &table)?;
    let mut columns = Vec::with_capacity(assignments.len());
    for (name, mut value) in assignments {
        let column = names::column(&table, &name);
        let (id, of) = match column.map(|column| (column.role, column)) {
            Some((ColumnRole::Attribute, column)) => (column.id, Type::of_column(column)),
            Some((ColumnRole::Key | ColumnRole::Time, _)) => {
                return Err(worded("Update can only specify attribute columns."));
            }
            Some((ColumnRole::Field, _)) | None => return Err(unresolved(&name)),
        };
        if columns.iter().any(|(other, _)| *other == id) {
            return Err(worded("Update attribute shall specify a attribute only once."));
        }
        // Attributes of other doors have types of their own, and take what those convert.
        if of.is_text() && is_other_literal(&value) {
            return Err(worded("Update's attribute value must be STRING, TEXT or null."));
        }
        select::rewrite_expression(&mut value, &table, &Meaning::new(context, &catalog))?;
        columns.push((id, value));
    }
    let filter = filter_of(context, &table, filter)?;
    let request = AttributesRequest { table: table.id, assignments: columns, filter };
    context.engine().set_attributes(context.caller(), &surroundings(context, &table, text), request).await?;
    Ok(())
}

/// Whether it is a literal that is neither text nor NULL.
fn is_other_literal(value: &Expr) -> bool {
    match value {
        Expr::Nested(inner) => is_other_literal(inner),
        Expr::UnaryOp { .. } => true,
        Expr::Value(value) => match &value.value {
            Value::Null | Value::SingleQuotedString(_) => false,
            Value::Placeholder(text) => !text.starts_with(['U', 'u']),
            _ => true,
        },
        _ => false,
    }
}
