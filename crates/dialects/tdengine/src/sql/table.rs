//! `CREATE`, `ALTER` and `DROP` of super tables, tables and child tables.

use super::duration::keep_seconds;
use super::names::{name, object_name, written_type};
use super::parse::constant;
use super::statement::{Alteration, ColumnDefinition, NewChild, NewTable, Statement, TableOptions, Using};
use crate::error::coded;
use model::{Error, Result};
use sql::{Cursor, TokenKind};

fn if_not_exists(cursor: &mut Cursor<'_>) -> bool {
    cursor.accept_words(&["if", "not", "exists"])
}

/// `CREATE STABLE ..` and `CREATE TABLE ..`
pub(super) fn create(cursor: &mut Cursor<'_>) -> Result<Statement> {
    let stable = cursor.expect_one_of(&["stable", "table"])? == "stable";
    let quiet = if_not_exists(cursor);
    if !stable && cursor.is_word("using") {
        return Err(Error::unsupported("CREATE TABLE .. USING .. FILE"));
    }
    let table = object_name(cursor)?;
    if !stable && cursor.is_word("using") {
        return children(cursor, quiet, table);
    }
    let columns = definitions(cursor)?;
    let tags = if cursor.accept_word("tags") { Some(definitions(cursor)?) } else { None };
    if stable && tags.is_none() {
        return Err(cursor.error("expected TAGS"));
    }
    let options = options(cursor)?;
    Ok(Statement::CreateTable(Box::new(NewTable { if_not_exists: quiet, name: table, columns, tags, options })))
}

fn children(cursor: &mut Cursor<'_>, quiet: bool, first: super::statement::ObjectName) -> Result<Statement> {
    let mut children = vec![NewChild { if_not_exists: quiet, name: first, using: using(cursor)? }];
    while !cursor.is_at_end() {
        let quiet = if_not_exists(cursor);
        let name = object_name(cursor)?;
        children.push(NewChild { if_not_exists: quiet, name, using: using(cursor)? });
    }
    Ok(Statement::CreateChildren(children))
}

fn using(cursor: &mut Cursor<'_>) -> Result<Using> {
    cursor.expect_word("using")?;
    let stable = object_name(cursor)?;
    let tags = if cursor.is_kind(TokenKind::OpenParenthesis) {
        let mut inside = Cursor::new(cursor.expect_group("tags")?);
        let names = inside.comma_separated(|c| name(c, "the name of a tag"))?;
        inside.expect_end()?;
        Some(names)
    } else {
        None
    };
    cursor.expect_word("tags")?;
    let mut inside = Cursor::new(cursor.expect_group("values in parentheses")?);
    let values = inside.comma_separated(constant)?;
    inside.expect_end()?;
    let options = options(cursor)?;
    if options.comment.is_some() || options.keep_seconds.is_some() || !options.recorded.is_empty() {
        return Err(Error::unsupported("options of a child table"));
    }
    Ok(Using { stable, tags, values })
}

fn definitions(cursor: &mut Cursor<'_>) -> Result<Vec<ColumnDefinition>> {
    let mut inside = Cursor::new(cursor.expect_group("columns in parentheses")?);
    let columns = inside.comma_separated(definition)?;
    inside.expect_end()?;
    Ok(columns)
}

fn definition(cursor: &mut Cursor<'_>) -> Result<ColumnDefinition> {
    let name = name(cursor, "the name of a column")?;
    let data_type = written_type(cursor)?;
    let mut storage = Vec::new();
    loop {
        if cursor.is_word("primary") || cursor.is_word("composite") {
            return Err(Error::unsupported("a second key column (PRIMARY KEY, COMPOSITE KEY)"));
        }
        let Some(word) = cursor.accept_one_of(&["encode", "compress", "level"]) else { break };
        storage.push((word, cursor.expect_string("a value")?));
    }
    Ok(ColumnDefinition { name, data_type, storage })
}

/// Options behind a table's definition.
fn options(cursor: &mut Cursor<'_>) -> Result<TableOptions> {
    let mut options = TableOptions::default();
    loop {
        if cursor.accept_word("comment") {
            options.comment = Some(cursor.expect_string("a comment")?);
        } else if cursor.accept_word("keep") {
            options.keep_seconds = Some(keep_seconds(cursor)?);
        } else if cursor.accept_word("ttl") {
            match cursor.expect_integer("a number of days")? {
                0 => options.recorded.push(("ttl", "0".to_owned())),
                _ => return Err(Error::unsupported("TTL")),
            }
        } else if cursor.accept_word("sma") {
            let mut inside = Cursor::new(cursor.expect_group("columns")?);
            let names = inside.comma_separated(|c| name(c, "the name of a column"))?;
            inside.expect_end()?;
            options.recorded.push(("sma", names.join(",")));
        } else if let Some(word) =
            ["watermark", "max_delay", "rollup", "delete_mark", "virtual"].iter().find(|word| cursor.is_word(word))
        {
            return Err(Error::unsupported(format!("the option {}", word.to_ascii_uppercase())));
        } else {
            return Ok(options);
        }
    }
}

/// `DROP TABLE [IF EXISTS] a, b` and `DROP STABLE [IF EXISTS] st`
pub(super) fn drop(cursor: &mut Cursor<'_>) -> Result<Statement> {
    let stable = cursor.expect_one_of(&["stable", "table"])? == "stable";
    if cursor.is_word("with") {
        return Err(Error::unsupported("DROP TABLE WITH"));
    }
    let mut if_exists = cursor.accept_words(&["if", "exists"]);
    let mut names = Vec::new();
    loop {
        names.push((if_exists, object_name(cursor)?));
        if stable || !cursor.accept_kind(TokenKind::Comma) {
            break;
        }
        if_exists |= cursor.accept_words(&["if", "exists"]);
    }
    Ok(Statement::DropTables { stable, names })
}

/// `ALTER TABLE ..` and `ALTER STABLE ..`
pub(super) fn alter(cursor: &mut Cursor<'_>) -> Result<Statement> {
    cursor.expect_one_of(&["stable", "table"])?;
    let table = object_name(cursor)?;
    let at = *cursor;
    let column = |c: &mut Cursor<'_>| name(c, "the name of a column");
    let alteration = if cursor.accept_words(&["add", "column"]) {
        Alteration::AddColumn(definition(cursor)?)
    } else if cursor.accept_words(&["add", "tag"]) {
        Alteration::AddTag(definition(cursor)?)
    } else if cursor.accept_words(&["drop", "column"]) {
        Alteration::DropColumn(column(cursor)?)
    } else if cursor.accept_words(&["drop", "tag"]) {
        Alteration::DropTag(column(cursor)?)
    } else if cursor.accept_words(&["modify", "column"]) {
        if ["encode", "compress", "level"].iter().any(|word| cursor.is_word_ahead(1, word)) {
            return Err(Error::unsupported("ALTER TABLE .. MODIFY COLUMN .. ENCODE, COMPRESS, LEVEL"));
        }
        Alteration::ModifyColumn(definition(cursor)?)
    } else if cursor.accept_words(&["modify", "tag"]) {
        Alteration::ModifyTag(definition(cursor)?)
    } else if cursor.accept_words(&["rename", "column"]) {
        Alteration::RenameColumn(column(cursor)?, column(cursor)?)
    } else if cursor.accept_words(&["rename", "tag"]) {
        Alteration::RenameTag(column(cursor)?, column(cursor)?)
    } else if cursor.accept_words(&["set", "tag"]) {
        Alteration::SetTags(cursor.comma_separated(|c| {
            let name = name(c, "the name of a tag")?;
            c.expect_symbol("=")?;
            Ok((name, constant(c)?))
        })?)
    } else {
        let options = options(cursor)?;
        if cursor.index() == at.index() {
            return Err(at.error("this is no change of a table"));
        }
        Alteration::Options(options)
    };
    if matches!(&alteration, Alteration::SetTags(tags) if tags.is_empty()) {
        return Err(coded(0x2649, "Invalid alter table statement"));
    }
    Ok(Statement::AlterTable { name: table, alteration })
}
