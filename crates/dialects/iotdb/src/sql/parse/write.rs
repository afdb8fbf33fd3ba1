//! UPDATE, DELETE and DELETE DEVICES.

use super::{expression, expression_of, names};
use crate::sql::statement::Statement;
use model::Result;
use sql::{Cursor, TokenKind};

/// `WHERE ..` up to the end, if it stands there.
fn filter(cursor: &mut Cursor<'_>) -> Result<Option<sql::ast::Expr>> {
    if cursor.accept_word("where") { expression(cursor).map(Some) } else { Ok(None) }
}

/// The whole statement.
pub(super) fn update(cursor: &mut Cursor<'_>) -> Result<Statement> {
    cursor.skip();
    let table = names::table_name(cursor)?;
    cursor.expect_word("set")?;
    let assignments = cursor.comma_separated(|cursor| {
        let column = names::name(cursor)?;
        cursor.expect_symbol("=")?;
        let value = cursor.take_until(|c| c.is_kind(TokenKind::Comma) || c.is_word("where"));
        Ok((column, expression_of(value)?))
    })?;
    Ok(Statement::Update { table, assignments, filter: filter(cursor)? })
}

/// The whole statement.
pub(super) fn delete(cursor: &mut Cursor<'_>) -> Result<Statement> {
    cursor.skip();
    let devices = cursor.accept_word("devices");
    cursor.expect_word("from")?;
    let table = names::table_name(cursor)?;
    let filter = filter(cursor)?;
    Ok(if devices { Statement::DeleteDevices { table, filter } } else { Statement::Delete { table, filter } })
}
