//! Names and other small parts of statements.

use super::statement::TableName;
use super::tokens::RESERVED;
use model::Result;
use sql::{Cursor, TokenKind};

/// A name: a word that is not reserved, or anything in backticks.
pub(super) fn name(cursor: &mut Cursor<'_>) -> Result<String> {
    let mut ahead = *cursor;
    let (value, quoted) = ahead.expect_name("a name")?;
    if !quoted && RESERVED.contains(&value) {
        return Err(cursor.error("expected a name; this word is reserved"));
    }
    *cursor = ahead;
    Ok(value)
}

/// The part of a name behind a dot, where reserved words are names too.
fn part(cursor: &mut Cursor<'_>) -> Result<String> {
    Ok(cursor.expect_name("a name")?.0)
}

/// `t`, `db.t` or `catalog.db.t`
pub(super) fn table_name(cursor: &mut Cursor<'_>) -> Result<TableName> {
    let mut parts = vec![name(cursor)?];
    while cursor.is_kind(TokenKind::Period) {
        if parts.len() == 3 {
            return Err(cursor.error("the name has too many parts"));
        }
        cursor.skip();
        parts.push(part(cursor)?);
    }
    let table = parts.pop().unwrap_or_default();
    let database = parts.pop();
    Ok(TableName { catalog: parts.pop(), database, table })
}

/// `(a, b)`
pub(super) fn names_in_parentheses(cursor: &mut Cursor<'_>) -> Result<Vec<String>> {
    let mut inside = Cursor::new(cursor.expect_group("names in parentheses")?);
    let names = inside.comma_separated(name)?;
    inside.expect_end()?;
    Ok(names)
}

/// `[FROM name | IN name]`
pub(super) fn from_name(cursor: &mut Cursor<'_>) -> Result<Option<String>> {
    match cursor.accept_one_of(&["from", "in"]) {
        Some(_) => name(cursor).map(Some),
        None => Ok(None),
    }
}

/// `[LIKE 'pattern']`
pub(super) fn like(cursor: &mut Cursor<'_>) -> Result<Option<String>> {
    if cursor.accept_word("like") { cursor.expect_string("a pattern").map(Some) } else { Ok(None) }
}
