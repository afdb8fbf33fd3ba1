//! CREATE, DROP and ALTER INDEX.

use super::names::{dotted, drop_behavior, if_exists, if_not_exists, name, table_name, table_of};
use super::table::index_columns;
use crate::sql::statement::{AlterIndex, CreateIndex, DropIndex, IndexDefinition, Name, Statement, TableName};
use model::Result;
use sql::{Cursor, TokenKind};

/// Behind CREATE.
pub(super) fn create(cursor: &mut Cursor<'_>) -> Result<CreateIndex> {
    let unique = cursor.accept_word("unique");
    let inverted = cursor.accept_word("inverted");
    cursor.expect_word("index")?;
    let if_not_exists = if_not_exists(cursor);
    let name = if cursor.is_word("on") { None } else { Some(name(cursor)?) };
    cursor.expect_word("on")?;
    let table = table_name(cursor)?;
    let index = IndexDefinition { name, unique, inverted, columns: Vec::new(), storing: Vec::new() };
    Ok(CreateIndex { if_not_exists, table, index: index_columns(cursor, index)? })
}

/// `[table@]index`; `table.index` names an index too.
pub(super) fn table_and_index(cursor: &mut Cursor<'_>) -> Result<(Option<TableName>, Name)> {
    let mut parts = dotted(cursor, 3)?;
    if cursor.accept_symbol("@") {
        let table = table_of(parts, cursor)?;
        return Ok((Some(table), name(cursor)?));
    }
    let Some(index) = parts.pop() else { return Err(cursor.error("expected the name of an index")) };
    let table = if parts.is_empty() { None } else { Some(table_of(parts, cursor)?) };
    Ok((table, index))
}

/// Behind DROP INDEX.
pub(super) fn drop(cursor: &mut Cursor<'_>) -> Result<DropIndex> {
    cursor.accept_word("concurrently");
    Ok(DropIndex {
        if_exists: if_exists(cursor),
        indexes: cursor.comma_separated(table_and_index)?,
        behavior: drop_behavior(cursor),
    })
}

/// Behind ALTER INDEX.
pub(super) fn alter(cursor: &mut Cursor<'_>) -> Result<Statement> {
    let if_exists = if_exists(cursor);
    let (table, index) = table_and_index(cursor)?;
    if cursor.is_word("configure") || cursor.is_word("split") || cursor.is_word("partition") {
        return Ok(Statement::Unhandled("ALTER INDEX"));
    }
    cursor.expect_words(&["rename", "to"])?;
    let rename_to = name(cursor)?;
    if cursor.is_kind(TokenKind::Period) {
        return Err(cursor.error("the name of an index has one part"));
    }
    Ok(Statement::AlterIndex(AlterIndex { if_exists, table, name: index, rename_to }))
}
