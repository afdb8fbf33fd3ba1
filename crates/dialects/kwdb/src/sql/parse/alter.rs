//! ALTER TABLE.

use super::names::{column_type, drop_behavior, expression, if_exists, if_not_exists, name, table_name, time_span};
use super::table::{column, compression, constraint, tag};
use crate::sql::statement::{AlterTable, AlterTableAction, ColumnCompression, ColumnOrTag};
use model::Result;
use sql::{Cursor, TokenKind};

/// Behind ALTER TABLE.
pub(super) fn alter_table(cursor: &mut Cursor<'_>) -> Result<AlterTable> {
    let if_exists = if_exists(cursor);
    let name = table_name(cursor)?;
    let actions = cursor.comma_separated(action)?;
    Ok(AlterTable { if_exists, name, actions })
}

fn accept_tag(cursor: &mut Cursor<'_>) -> bool {
    cursor.accept_one_of(&["tag", "attribute"]).is_some()
}

/// `[COLUMN | TAG]`. A word is the name itself where nothing but an action follows it.
fn column_or_tag(cursor: &mut Cursor<'_>) -> ColumnOrTag {
    let name_itself = ["set", "drop", "type", "to"].iter().any(|word| cursor.is_word_ahead(1, word))
        && !["set", "drop", "type", "to"].iter().any(|word| cursor.is_word_ahead(2, word));
    if name_itself {
        return ColumnOrTag::Column;
    }
    if accept_tag(cursor) {
        return ColumnOrTag::Tag;
    }
    cursor.accept_word("column");
    ColumnOrTag::Column
}

fn action(cursor: &mut Cursor<'_>) -> Result<AlterTableAction> {
    match cursor.expect_one_of(&[
        "add",
        "drop",
        "alter",
        "rename",
        "set",
        "inject",
        "validate",
        "configure",
        "partition",
    ])? {
        "add" => add(cursor),
        "drop" => drop(cursor),
        "alter" => alter(cursor),
        "rename" => rename(cursor),
        "set" => set(cursor),
        "inject" => unread(cursor, "INJECT STATISTICS"),
        "validate" => unread(cursor, "VALIDATE CONSTRAINT"),
        "configure" => unread(cursor, "CONFIGURE ZONE"),
        _ => unread(cursor, "PARTITION BY"),
    }
}

fn unread(cursor: &mut Cursor<'_>, words: &'static str) -> Result<AlterTableAction> {
    cursor.seek(cursor.tokens().len());
    Ok(AlterTableAction::Unhandled(words))
}

fn add(cursor: &mut Cursor<'_>) -> Result<AlterTableAction> {
    // A column may be called tag: ADD tag INT
    let two_names = cursor.tokens().get(cursor.index() + 2).is_some_and(|t| t.kind == TokenKind::Word);
    if two_names && accept_tag(cursor) {
        return tag(cursor).map(AlterTableAction::AddTag);
    }
    if let Some(constraint) = constraint(cursor)? {
        return Ok(AlterTableAction::AddConstraint(constraint));
    }
    cursor.accept_word("column");
    let if_not_exists = if_not_exists(cursor);
    Ok(AlterTableAction::AddColumn { if_not_exists, column: Box::new(column(cursor)?) })
}

fn drop(cursor: &mut Cursor<'_>) -> Result<AlterTableAction> {
    if cursor.accept_word("constraint") {
        return Ok(AlterTableAction::DropConstraint {
            if_exists: if_exists(cursor),
            name: name(cursor)?,
            behavior: drop_behavior(cursor),
        });
    }
    let name_follows = cursor.index() + 1 < cursor.tokens().len();
    if name_follows && accept_tag(cursor) {
        return name(cursor).map(AlterTableAction::DropTag);
    }
    cursor.accept_word("column");
    Ok(AlterTableAction::DropColumn {
        if_exists: if_exists(cursor),
        name: name(cursor)?,
        behavior: drop_behavior(cursor),
    })
}

fn alter(cursor: &mut Cursor<'_>) -> Result<AlterTableAction> {
    let what = column_or_tag(cursor);
    let name = name(cursor)?;
    if cursor.accept_word("type") || cursor.accept_words(&["set", "data", "type"]) {
        return Ok(AlterTableAction::SetType { what, name, data_type: column_type(cursor)? });
    }
    let verb = cursor.expect_one_of(&["set", "drop"])?;
    if cursor.accept_words(&["not", "null"]) {
        return Ok(AlterTableAction::SetNullable { what, name, nullable: verb == "drop" });
    }
    if verb == "drop" {
        if cursor.accept_word("stored") {
            return Ok(AlterTableAction::Unhandled("ALTER COLUMN DROP STORED"));
        }
        cursor.expect_word("default")?;
        return Ok(AlterTableAction::SetDefault { what, name, default: None });
    }
    if cursor.accept_word("default") {
        let tokens = cursor.take_until(|c| c.is_kind(TokenKind::Comma));
        return Ok(AlterTableAction::SetDefault { what, name, default: Some(expression(tokens)?) });
    }
    let mut how = ColumnCompression::default();
    while compression(cursor, &mut how)? {}
    if how == ColumnCompression::default() {
        return Err(cursor.error("expected DEFAULT, NOT NULL, DATA TYPE, ENCODE, COMPRESS or LEVEL"));
    }
    Ok(AlterTableAction::SetCompression { name, compression: how })
}

fn rename(cursor: &mut Cursor<'_>) -> Result<AlterTableAction> {
    if cursor.accept_word("to") {
        return table_name(cursor).map(AlterTableAction::RenameTable);
    }
    if cursor.accept_word("constraint") {
        return unread(cursor, "RENAME CONSTRAINT");
    }
    let what = column_or_tag(cursor);
    let from = name(cursor)?;
    cursor.expect_word("to")?;
    Ok(AlterTableAction::RenameColumn { what, from, to: name(cursor)? })
}

fn set(cursor: &mut Cursor<'_>) -> Result<AlterTableAction> {
    let what = cursor.expect_one_of(&["retentions", "activetime", "partition"])?;
    if what == "partition" {
        cursor.expect_word("interval")?;
    }
    cursor.expect_symbol("=")?;
    let span = time_span(cursor)?;
    Ok(match what {
        "retentions" => AlterTableAction::SetRetentions(span),
        "activetime" => AlterTableAction::SetActiveTime(span),
        _ => AlterTableAction::SetPartitionInterval(span),
    })
}
