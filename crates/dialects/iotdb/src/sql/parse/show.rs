//! SHOW, DESC and COUNT DEVICES.

use super::{expression_of, names};
use crate::names::TableName;
use crate::sql::ast::Expr;
use crate::sql::statement::Show;
use model::Result;
use sql::Cursor;

/// The whole statement.
pub(super) fn show(cursor: &mut Cursor<'_>) -> Result<Show> {
    cursor.skip();
    if cursor.accept_words(&["create", "table"]) {
        return names::table_name(cursor).map(Show::CreateTable);
    }
    if cursor.accept_word("create") {
        return Err(cursor.error("expected 'TABLE', 'VIEW'"));
    }
    let what = cursor.expect_one_of(&[
        "databases",
        "tables",
        "devices",
        "version",
        "current_user",
        "current_database",
        "current_sql_dialect",
        "current_timestamp",
        "variables",
        "functions",
        "queries",
    ])?;
    Ok(match what {
        "databases" => Show::Databases { details: cursor.accept_word("details") },
        "tables" => {
            let details = cursor.accept_word("details");
            let database = match cursor.accept_one_of(&["from", "in"]) {
                Some(_) => Some(names::name(cursor)?),
                None => None,
            };
            Show::Tables { database, details }
        }
        "devices" => {
            let (table, filter) = devices(cursor)?;
            let (mut offset, mut limit) = (None, None);
            loop {
                match cursor.accept_one_of(&["offset", "limit"]) {
                    Some("offset") => offset = Some(cursor.expect_integer("<integer>")?),
                    Some(_) if cursor.accept_word("all") => {}
                    Some(_) => limit = Some(cursor.expect_integer("'ALL', <integer>")?),
                    None => break,
                }
            }
            Show::Devices { table, filter, offset, limit }
        }
        "version" => Show::Version,
        "current_user" => Show::CurrentUser,
        "current_database" => Show::CurrentDatabase,
        "current_sql_dialect" => Show::CurrentDialect,
        "current_timestamp" => Show::CurrentTimestamp,
        "variables" => Show::Variables,
        "functions" => Show::Functions,
        _ => Show::Queries,
    })
}

/// `FROM t [WHERE ..]`
fn devices(cursor: &mut Cursor<'_>) -> Result<(TableName, Option<Expr>)> {
    cursor.expect_word("from")?;
    let table = names::table_name(cursor)?;
    if !cursor.accept_word("where") {
        return Ok((table, None));
    }
    let tokens = cursor.take_until(|c| c.is_word("offset") || c.is_word("limit"));
    Ok((table, Some(expression_of(tokens)?)))
}

/// DESC and DESCRIBE.
pub(super) fn describe(cursor: &mut Cursor<'_>) -> Result<Show> {
    cursor.skip();
    let table = names::table_name(cursor)?;
    Ok(Show::Describe { table, details: cursor.accept_word("details") })
}

/// COUNT DEVICES.
pub(super) fn count(cursor: &mut Cursor<'_>) -> Result<Show> {
    cursor.skip();
    cursor.expect_word("devices")?;
    let (table, filter) = devices(cursor)?;
    Ok(Show::CountDevices { table, filter })
}
