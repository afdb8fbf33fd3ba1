//! CREATE and ALTER DATABASE.

use super::names;
use crate::sql::statement::Statement;
use model::Result;
use sql::Cursor;

/// Behind CREATE DATABASE.
pub(super) fn create(cursor: &mut Cursor<'_>) -> Result<Statement> {
    let if_not_exists = names::if_not_exists(cursor)?;
    let name = names::name(cursor)?;
    Ok(Statement::CreateDatabase { if_not_exists, name, properties: names::with_properties(cursor)? })
}

/// Behind ALTER DATABASE.
pub(super) fn alter(cursor: &mut Cursor<'_>) -> Result<Statement> {
    let if_exists = names::if_exists(cursor)?;
    let name = names::name(cursor)?;
    cursor.expect_words(&["set", "properties"])?;
    Ok(Statement::AlterDatabase { if_exists, name, properties: names::properties(cursor)? })
}
