//! CREATE, ALTER TABLE and COMMENT ON.

use super::names;
use crate::sql::statement::{AlterTable, Category, ColumnDefinition, CreateTable, Statement};
use model::Result;
use sql::{Cursor, TokenKind};

/// Behind CREATE TABLE.
pub(super) fn create(cursor: &mut Cursor<'_>) -> Result<Statement> {
    let if_not_exists = names::if_not_exists(cursor)?;
    let table = names::table_name(cursor)?;
    let mut inside = Cursor::new(cursor.expect_group("'(', '.'")?);
    let columns = if inside.is_at_end() { Vec::new() } else { inside.comma_separated(column)? };
    if !inside.is_at_end() {
        return Err(inside.error("expected ')', ','"));
    }
    let comment = comment_text(cursor)?;
    let properties = names::with_properties(cursor)?;
    Ok(Statement::CreateTable(Box::new(CreateTable { if_not_exists, table, columns, comment, properties })))
}

fn category(cursor: &mut Cursor<'_>) -> Option<Category> {
    Some(match cursor.accept_one_of(&["tag", "attribute", "time", "field"])? {
        "tag" => Category::Tag,
        "attribute" => Category::Attribute,
        "time" => Category::Time,
        _ => Category::Field,
    })
}

/// `name [type] [category] [COMMENT 'text']`
fn column(cursor: &mut Cursor<'_>) -> Result<ColumnDefinition> {
    let name = names::name(cursor)?;
    // A tag, an attribute and the time may do without a type.
    let start = *cursor;
    let found = category(cursor).filter(|category| *category != Category::Field);
    if let Some(category) = found
        && (cursor.is_at_end() || cursor.is_kind(TokenKind::Comma) || cursor.is_word("comment"))
    {
        return Ok(ColumnDefinition { name, data_type: None, category, comment: comment_text(cursor)? });
    }
    *cursor = start;
    let data_type = type_text(cursor)?;
    let category = category(cursor).unwrap_or(Category::Field);
    Ok(ColumnDefinition { name, data_type: Some(data_type), category, comment: comment_text(cursor)? })
}

/// A type as written, with what stands in parentheses behind it.
fn type_text(cursor: &mut Cursor<'_>) -> Result<String> {
    let (mut word, _) = cursor.expect_name("'ATTRIBUTE', 'TAG', 'TIME', <type>")?;
    if cursor.is_kind(TokenKind::OpenParenthesis) {
        let inside = cursor.expect_group("'('")?;
        let arguments = inside.tokens.iter().filter(|token| token.kind != TokenKind::Comma);
        let arguments: Vec<&str> = arguments.map(|token| inside.text(*token)).collect();
        word.push_str(&format!("({})", arguments.join(", ")));
    }
    Ok(word)
}

fn comment_text(cursor: &mut Cursor<'_>) -> Result<Option<String>> {
    if cursor.accept_word("comment") { cursor.expect_string("<string>").map(Some) } else { Ok(None) }
}

/// Behind ALTER TABLE.
pub(super) fn alter(cursor: &mut Cursor<'_>) -> Result<Statement> {
    let if_exists = names::if_exists(cursor)?;
    let table = names::table_name(cursor)?;
    let action = match cursor.expect_one_of(&["add", "drop", "set", "alter", "rename"])? {
        "add" => {
            cursor.expect_word("column")?;
            let if_not_exists = names::if_not_exists(cursor)?;
            AlterTable::AddColumn { if_not_exists, column: column(cursor)? }
        }
        "drop" => {
            cursor.expect_word("column")?;
            let if_exists = names::if_exists(cursor)?;
            AlterTable::DropColumn { if_exists, column: names::name(cursor)? }
        }
        "set" => {
            cursor.expect_word("properties")?;
            AlterTable::SetProperties(names::properties(cursor)?)
        }
        "alter" => {
            cursor.expect_word("column")?;
            let if_exists = names::if_exists(cursor)?;
            let column = names::name(cursor)?;
            cursor.expect_words(&["set", "data", "type"])?;
            AlterTable::SetType { if_exists, column, data_type: type_text(cursor)? }
        }
        _ if cursor.accept_word("to") => {
            names::name(cursor)?;
            AlterTable::Rename
        }
        _ => {
            cursor.expect_word("column")?;
            names::if_exists(cursor)?;
            names::name(cursor)?;
            cursor.expect_word("to")?;
            names::name(cursor)?;
            AlterTable::RenameColumn
        }
    };
    Ok(Statement::AlterTable { if_exists, table, action })
}

/// COMMENT ON TABLE and COLUMN.
pub(super) fn comment(cursor: &mut Cursor<'_>) -> Result<Statement> {
    cursor.expect_words(&["comment", "on"])?;
    let on_column = cursor.expect_one_of(&["table", "column"])? == "column";
    let mut table = names::table_name(cursor)?;
    let column = table.table.clone();
    if on_column {
        // The last part is the column, the one before it the table.
        let Some(qualifier) = table.database.take() else { return Err(cursor.error("expected '.'")) };
        table = match qualifier.rsplit_once('.') {
            Some((database, name)) => {
                crate::names::TableName { database: Some(database.to_owned()), table: name.to_owned() }
            }
            None => crate::names::TableName { database: None, table: qualifier },
        };
    }
    cursor.expect_word("is")?;
    let comment = if cursor.accept_word("null") { None } else { Some(cursor.expect_string("'NULL', <string>")?) };
    Ok(if on_column {
        Statement::CommentOnColumn { table, column, comment }
    } else {
        Statement::CommentOnTable { table, comment }
    })
}
