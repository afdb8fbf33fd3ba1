//! COMMENT ON.

use super::index::table_and_index;
use super::names::{dotted, name, table_name, table_of};
use crate::sql::statement::{CommentOn, CommentTarget};
use model::Result;
use sql::Cursor;

/// The whole statement.
pub(super) fn comment_on(cursor: &mut Cursor<'_>) -> Result<CommentOn> {
    cursor.expect_words(&["comment", "on"])?;
    let target = match cursor.expect_one_of(&["database", "table", "column", "index"])? {
        "database" => CommentTarget::Database(name(cursor)?),
        "table" => CommentTarget::Table(table_name(cursor)?),
        "column" => {
            let mut parts = dotted(cursor, 4)?;
            match parts.pop() {
                Some(column) if !parts.is_empty() => CommentTarget::Column { table: table_of(parts, cursor)?, column },
                _ => return Err(cursor.error("expected the name of a column behind its table and a dot")),
            }
        }
        _ => {
            let (table, index) = table_and_index(cursor)?;
            CommentTarget::Index { table, index }
        }
    };
    cursor.expect_word("is")?;
    let comment =
        if cursor.accept_word("null") { None } else { Some(cursor.expect_string("the text of the comment")?) };
    Ok(CommentOn { target, comment })
}
