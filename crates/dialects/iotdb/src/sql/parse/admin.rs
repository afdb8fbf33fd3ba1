//! Statements about the running server.

use super::names;
use crate::sql::statement::Statement;
use model::Result;
use sql::{Cursor, TokenKind};

/// FLUSH, CLEAR CACHE, KILL QUERY, SET SQL_DIALECT, SET CONFIGURATION.
pub(super) fn statement(cursor: &mut Cursor<'_>) -> Result<Statement> {
    match cursor.expect_one_of(&["flush", "clear", "kill", "set"])? {
        "flush" => {
            if cursor.is_kind(TokenKind::Word) && !cursor.is_word("on") && !cursor.is_word("true") {
                cursor.comma_separated(names::name)?;
            }
            cursor.accept_one_of(&["true", "false"]);
            on_place(cursor)?;
            Ok(Statement::Flush)
        }
        "clear" => {
            cursor.accept_one_of(&["attribute", "query", "all", "auth"]);
            cursor.expect_word("cache")?;
            on_place(cursor)?;
            Ok(Statement::ClearCache)
        }
        "kill" if cursor.accept_words(&["all", "queries"]) => Ok(Statement::KillAllQueries),
        "kill" => {
            cursor.expect_word("query")?;
            Ok(Statement::KillQuery(cursor.expect_string("<string>")?))
        }
        _ if cursor.accept_word("configuration") => {
            let keys = cursor.comma_separated(|cursor| {
                let key = names::exact_name(cursor)?;
                cursor.expect_symbol("=")?;
                cursor.expect_string("<string>")?;
                Ok(key)
            })?;
            if cursor.accept_word("on") {
                cursor.expect_integer("<integer>")?;
            }
            Ok(Statement::SetConfiguration(keys))
        }
        _ => {
            cursor.expect_word("sql_dialect")?;
            cursor.expect_symbol("=")?;
            cursor.expect_one_of(&["table", "tree"])?;
            Ok(Statement::SetDialect)
        }
    }
}

fn on_place(cursor: &mut Cursor<'_>) -> Result<()> {
    if cursor.accept_word("on") {
        cursor.expect_one_of(&["local", "cluster"])?;
    }
    Ok(())
}
