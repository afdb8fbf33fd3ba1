//! SHOW.

use super::names::{from_name, like, table_name};
use super::parse::database_name;
use super::statement::Show;
use model::Result;
use sql::Cursor;

/// The whole statement.
pub(super) fn show(cursor: &mut Cursor<'_>) -> Result<Show> {
    cursor.expect_word("show")?;
    if cursor.accept_word("catalogs") {
        return Ok(Show::Catalogs { like: like(cursor)? });
    }
    if cursor.accept_one_of(&["databases", "schemas"]).is_some() {
        return Ok(Show::Databases { catalog: from_name(cursor)?, like: like(cursor)? });
    }
    if cursor.accept_words(&["create", "table"]) {
        return table_name(cursor).map(Show::CreateTable);
    }
    if cursor.accept_words(&["create", "database"]) {
        return database_name(cursor).map(Show::CreateDatabase);
    }
    if cursor.accept_one_of(&["session", "global"]).is_some() && !cursor.is_word("variables") {
        return Err(cursor.error("expected VARIABLES"));
    }
    if cursor.accept_word("variables") {
        return Ok(Show::Variables { like: like(cursor)? });
    }
    let full = cursor.accept_word("full");
    if cursor.accept_word("tables") {
        return Ok(Show::Tables { full, database: from_name(cursor)?, like: like(cursor)? });
    }
    if cursor.accept_one_of(&["columns", "fields"]).is_some() {
        cursor.expect_one_of(&["from", "in"])?;
        let mut table = table_name(cursor)?;
        if let Some(database) = from_name(cursor)? {
            table.database = Some(database);
        }
        return Ok(Show::Columns { table, full });
    }
    if cursor.accept_word("processlist") {
        return Ok(Show::ProcessList);
    }
    let start = cursor.index();
    let words: Vec<&str> = (start..cursor.tokens().len().min(start + 2))
        .filter_map(|index| cursor.tokens().tokens.get(index).map(|token| cursor.tokens().text(*token)))
        .collect();
    if words.is_empty() {
        return Err(cursor.error("expected what to show"));
    }
    cursor.seek(cursor.tokens().len());
    Ok(Show::Unhandled(words.join(" ").to_uppercase()))
}
