//! CREATE, ALTER and DROP DATABASE.

use super::names::{drop_behavior, if_exists, if_not_exists, name, text_after_equals, time_span};
use crate::sql::statement::{
    AlterDatabase, AlterDatabaseAction, CreateDatabase, DropDatabase, Statement, TsDatabaseOptions,
};
use model::Result;
use sql::Cursor;

/// Behind CREATE.
pub(super) fn create(cursor: &mut Cursor<'_>) -> Result<CreateDatabase> {
    let series = cursor.accept_word("ts");
    cursor.expect_word("database")?;
    let if_not_exists = if_not_exists(cursor);
    let name = name(cursor)?;
    let mut database = CreateDatabase { if_not_exists, name, series: None, encoding: None, comment: None };
    if series {
        let mut options = TsDatabaseOptions::default();
        if cursor.accept_word("retentions") {
            options.retentions = Some(time_span(cursor)?);
        }
        if cursor.accept_words(&["partition", "interval"]) {
            options.partition_interval = Some(time_span(cursor)?);
        }
        database.series = Some(options);
    } else {
        let with = cursor.accept_word("with");
        if with || cursor.is_word("encoding") {
            cursor.expect_word("encoding")?;
            database.encoding = Some(text_after_equals(cursor, "the name of an encoding")?);
        }
    }
    if cursor.accept_word("comment") {
        database.comment = Some(text_after_equals(cursor, "the text of the comment")?);
    }
    Ok(database)
}

/// Behind DROP DATABASE.
pub(super) fn drop(cursor: &mut Cursor<'_>) -> Result<DropDatabase> {
    Ok(DropDatabase { if_exists: if_exists(cursor), name: name(cursor)?, behavior: drop_behavior(cursor) })
}

/// Behind ALTER.
pub(super) fn alter(cursor: &mut Cursor<'_>) -> Result<Statement> {
    let series = cursor.accept_word("ts");
    cursor.expect_word("database")?;
    let name_ = name(cursor)?;
    let action = if cursor.accept_words(&["rename", "to"]) {
        AlterDatabaseAction::Rename(name(cursor)?)
    } else if cursor.accept_words(&["configure", "zone"]) {
        cursor.seek(cursor.tokens().len());
        return Ok(Statement::Unhandled("ALTER DATABASE CONFIGURE ZONE"));
    } else {
        cursor.expect_word("set")?;
        let what = cursor.expect_one_of(&["retentions", "partition"])?;
        if what == "partition" {
            cursor.expect_word("interval")?;
        }
        cursor.expect_symbol("=")?;
        let span = time_span(cursor)?;
        if what == "partition" {
            AlterDatabaseAction::SetPartitionInterval(span)
        } else {
            AlterDatabaseAction::SetRetentions(span)
        }
    };
    Ok(Statement::AlterDatabase(AlterDatabase { series, name: name_, action }))
}
