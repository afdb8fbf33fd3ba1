//! SET and RESET, of cluster settings and session variables.

use super::names::{expression, name};
use crate::sql::statement::Statement;
use model::Result;
use sql::{Cursor, TokenKind, ast};

/// `a.b.c` in lower case.
pub(super) fn setting_name(cursor: &mut Cursor<'_>) -> Result<String> {
    let mut parts = vec![name(cursor)?.value.to_lowercase()];
    while cursor.accept_kind(TokenKind::Period) {
        parts.push(cursor.expect_name("a name")?.0.to_lowercase());
    }
    Ok(parts.join("."))
}

fn expect_equals(cursor: &mut Cursor<'_>) -> Result<()> {
    if cursor.accept_word("to") { Ok(()) } else { cursor.expect_symbol("=") }
}

fn value(cursor: &mut Cursor<'_>) -> Result<ast::Expr> {
    let tokens = cursor.take_until(|c| c.is_kind(TokenKind::Comma));
    // ON is a reserved word everywhere else.
    if tokens.len() == 1 && tokens.is_word(0, "on") {
        return Ok(ast::Expr::Identifier(ast::Ident::new("on")));
    }
    expression(tokens)
}

/// The whole statement.
pub(super) fn set(cursor: &mut Cursor<'_>) -> Result<Statement> {
    cursor.expect_word("set")?;
    if cursor.accept_words(&["cluster", "setting"]) {
        let name = setting_name(cursor)?;
        expect_equals(cursor)?;
        let value = if cursor.accept_word("default") { None } else { Some(value(cursor)?) };
        return Ok(Statement::SetClusterSetting { name, value });
    }
    if cursor.is_symbol("@") {
        return Ok(Statement::Unhandled("SET @"));
    }
    if cursor.is_word("transaction") || cursor.are_words(&["session", "characteristics"]) {
        return Ok(Statement::Unhandled("SET TRANSACTION"));
    }
    let scoped = !cursor.tokens().is_symbol(cursor.index() + 1, "=") && !cursor.is_word_ahead(1, "to");
    if scoped {
        cursor.accept_one_of(&["session", "local"]);
    }
    let name = if cursor.accept_words(&["time", "zone"]) {
        "timezone".to_owned()
    } else {
        let name = setting_name(cursor)?;
        expect_equals(cursor)?;
        name
    };
    let values = if cursor.accept_one_of(&["default", "local"]).is_some() {
        Vec::new()
    } else {
        cursor.comma_separated(value)?
    };
    Ok(Statement::SetVariable { name, values })
}

/// The whole statement.
pub(super) fn reset(cursor: &mut Cursor<'_>) -> Result<Statement> {
    cursor.expect_word("reset")?;
    if cursor.accept_words(&["cluster", "setting"]) {
        return setting_name(cursor).map(Statement::ResetClusterSetting);
    }
    if cursor.index() + 1 < cursor.tokens().len() {
        cursor.accept_word("session");
    }
    if cursor.accept_words(&["time", "zone"]) {
        return Ok(Statement::ResetVariable("timezone".to_owned()));
    }
    setting_name(cursor).map(Statement::ResetVariable)
}
