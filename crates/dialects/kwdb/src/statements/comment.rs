//! `COMMENT ON TABLE | COLUMN | DATABASE | INDEX`.

use crate::context::Context;
use crate::names;
use crate::sql::statement::{CommentOn, CommentTarget};
use engine::Alteration;
use model::{Error, ErrorKind, Result};

/// Sets or removes a remark.
///
/// # Errors
/// An unknown object, no privilege; databases and indexes, which keep no remark after they are
/// made.
pub(crate) async fn run(context: &Context, statement: CommentOn) -> Result<()> {
    let catalog = context.catalog();
    let (table, alteration) = match statement.target {
        CommentTarget::Table(name) => (context.table(&catalog, &name)?, Alteration::SetComment(statement.comment)),
        CommentTarget::Column { table, column } => {
            let table = context.table(&catalog, &table)?;
            let column = table.column_named(&column.value).ok_or_else(|| {
                Error::new(ErrorKind::ColumnNotFound { column: column.value.clone(), table: Some(table.name.clone()) })
            })?;
            let alteration = Alteration::SetColumnComment(column.id, statement.comment);
            (table, alteration)
        }
        CommentTarget::Database(name) => {
            names::database(&catalog, &name.value)?;
            return Err(Error::unsupported("COMMENT ON DATABASE (COMMENT in CREATE DATABASE is kept)"));
        }
        CommentTarget::Index { .. } => return Err(Error::unsupported("COMMENT ON INDEX")),
    };
    context.engine().alter_table(context.caller(), table.id, alteration).await?;
    Ok(())
}
