//! `INSERT INTO`: tables, column lists and rows. Rows stay ranges of tokens until the columns that
//! they are for are known.

use super::names;
use super::parse::{Origin, constant};
use super::statement::{InsertSource, InsertTable, Statement, Using};
use crate::error::{coded, insert_syntax};
use model::{Error, Result};
use sql::{Cursor, TokenKind};

/// `INSERT INTO t ..` and `IMPORT INTO t ..`
pub(super) fn insert(cursor: &mut Cursor<'_>, origin: Origin<'_>) -> Result<Statement> {
    cursor.skip();
    if !cursor.accept_word("into") {
        return Err(insert_syntax(cursor, "keyword INTO is expected"));
    }
    let mut tables = Vec::new();
    loop {
        tables.push(table(cursor, origin)?);
        if cursor.is_at_end() {
            return Ok(Statement::Insert(tables));
        }
    }
}

fn table(cursor: &mut Cursor<'_>, origin: Origin<'_>) -> Result<InsertTable> {
    let name = names::object_name(cursor).map_err(|_| insert_syntax(cursor, "table name is expected"))?;
    let mut columns = None;
    if cursor.is_kind(TokenKind::OpenParenthesis) && !begins_query(cursor) {
        columns = Some(column_list(cursor)?);
    }
    let using = if cursor.accept_word("using") { Some(using(cursor)?) } else { None };
    if columns.is_none() && cursor.is_kind(TokenKind::OpenParenthesis) && !begins_query(cursor) {
        columns = Some(column_list(cursor)?);
    }
    if cursor.is_word("select") || cursor.is_kind(TokenKind::OpenParenthesis) {
        if using.is_some() {
            return Err(Error::unsupported("INSERT .. USING .. SELECT"));
        }
        let query = Box::new(origin.query(cursor.rest())?);
        cursor.seek(cursor.tokens().len());
        return Ok(InsertTable { name, using, columns, source: InsertSource::Query(query) });
    }
    if cursor.is_word("file") {
        return Err(Error::unsupported("INSERT .. FILE"));
    }
    if cursor.accept_one_of(&["values", "value"]).is_none() {
        return Err(insert_syntax(cursor, "keyword VALUES or FILE is expected"));
    }
    let rows = rows(cursor)?;
    Ok(InsertTable { name, using, columns, source: InsertSource::Values(rows) })
}

fn begins_query(cursor: &Cursor<'_>) -> bool {
    cursor.is_word_ahead(1, "select")
}

fn column_list(cursor: &mut Cursor<'_>) -> Result<Vec<String>> {
    let at = *cursor;
    let group = cursor.expect_group("columns").map_err(|_| insert_syntax(&at, ") expected"))?;
    let mut inside = Cursor::new(group);
    let name = |c: &mut Cursor<'_>| {
        if c.is_word("tbname") {
            c.skip();
            return Ok("tbname".to_owned());
        }
        names::name(c, "the name of a column").map_err(|_| insert_syntax(c, "the name of a column is expected"))
    };
    let names = inside.comma_separated(name)?;
    inside.expect_end().map_err(|_| insert_syntax(&inside, ", or ) is expected"))?;
    Ok(names)
}

fn using(cursor: &mut Cursor<'_>) -> Result<Using> {
    let stable = names::object_name(cursor).map_err(|_| insert_syntax(cursor, "table name is expected"))?;
    let tags = if cursor.is_kind(TokenKind::OpenParenthesis) { Some(column_list(cursor)?) } else { None };
    if !cursor.accept_word("tags") {
        return Err(insert_syntax(cursor, "TAGS is expected"));
    }
    let at = *cursor;
    let group = cursor.expect_group("( after TAGS").map_err(|_| insert_syntax(&at, "( is expected"))?;
    let mut inside = Cursor::new(group);
    let values = inside.comma_separated(constant).map_err(|error| as_insert(&inside, error))?;
    inside.expect_end().map_err(|_| insert_syntax(&inside, ") is expected"))?;
    if cursor.accept_word("ttl") {
        cursor.expect_integer("a number of days")?;
        return Err(Error::unsupported("TTL of a child table"));
    }
    Ok(Using { stable, tags, values })
}

fn as_insert(cursor: &Cursor<'_>, error: Error) -> Error {
    match *error.kind {
        model::ErrorKind::Syntax { ref reason, .. } => insert_syntax(cursor, reason),
        _ => error,
    }
}

fn rows(cursor: &mut Cursor<'_>) -> Result<Vec<(usize, usize)>> {
    let mut rows = Vec::new();
    while cursor.is_kind(TokenKind::OpenParenthesis) {
        let open = cursor.index();
        let Some(close) = cursor.tokens().closing(open) else {
            cursor.seek(cursor.tokens().len());
            return Err(insert_syntax(cursor, ") expected"));
        };
        rows.push((open + 1, close));
        cursor.seek(close + 1);
        if cursor.is_kind(TokenKind::Comma) {
            cursor.skip();
            if !cursor.is_kind(TokenKind::OpenParenthesis) && !cursor.is_at_end() && !cursor.is_kind(TokenKind::Word) {
                return Err(insert_syntax(cursor, "( is expected"));
            }
        }
    }
    if rows.is_empty() {
        return Err(coded(0x0216, "syntax error near 'no any data points'"));
    }
    Ok(rows)
}
