//! Users, GRANT and REVOKE.

use super::names::name;
use super::statement::{GrantStatement, Statement, UserOptions};
use model::{Error, Result};
use sql::{Cursor, TokenKind};

fn flag(cursor: &mut Cursor<'_>) -> Result<bool> {
    match cursor.expect_integer("0 or 1")? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(cursor.error("expected 0 or 1")),
    }
}

fn options(cursor: &mut Cursor<'_>, altering: bool) -> Result<UserOptions> {
    let mut options = UserOptions::default();
    while !cursor.is_at_end() {
        if cursor.accept_word("pass") {
            options.password = Some(cursor.expect_string("a password")?);
        } else if cursor.accept_word("enable") && altering {
            options.enable = Some(flag(cursor)?);
        } else if cursor.accept_word("createdb") {
            options.create_database = Some(flag(cursor)?);
        } else if cursor.accept_word("sysinfo") {
            if !flag(cursor)? {
                return Err(Error::unsupported("SYSINFO 0"));
            }
        } else if cursor.is_word("host") || cursor.are_words(&["add", "host"]) || cursor.are_words(&["drop", "host"]) {
            return Err(Error::unsupported("HOST of a user"));
        } else {
            return Err(cursor.error("this is no option of a user"));
        }
    }
    Ok(options)
}

/// `CREATE USER name PASS 'p' ..`
pub(super) fn create(cursor: &mut Cursor<'_>) -> Result<Statement> {
    cursor.expect_word("user")?;
    let name = name(cursor, "the name of a user")?;
    if !cursor.is_word("pass") {
        return Err(cursor.error("expected PASS"));
    }
    Ok(Statement::CreateUser { name, options: options(cursor, false)? })
}

/// `ALTER USER name ..`
pub(super) fn alter(cursor: &mut Cursor<'_>) -> Result<Statement> {
    cursor.expect_word("user")?;
    let name = name(cursor, "the name of a user")?;
    if cursor.is_at_end() {
        return Err(cursor.error("expected a change"));
    }
    Ok(Statement::AlterUser { name, options: options(cursor, true)? })
}

/// `privileges ON db.table TO user`, or FROM.
pub(super) fn grant(cursor: &mut Cursor<'_>, towards: &str) -> Result<GrantStatement> {
    let privileges = cursor.comma_separated(|c| {
        let word = c.expect_one_of(&["all", "read", "write", "alter", "subscribe"])?;
        if word == "subscribe" {
            return Err(Error::unsupported("SUBSCRIBE"));
        }
        Ok(word.to_ascii_uppercase())
    })?;
    cursor.expect_word("on")?;
    let part = |c: &mut Cursor<'_>| {
        if c.accept_symbol("*") { Ok(None) } else { name(c, "the name of a database").map(Some) }
    };
    let database = part(cursor)?;
    cursor.expect_kind(TokenKind::Period, "a point")?;
    let table = part(cursor)?;
    if database.is_none() && table.is_some() {
        return Err(cursor.error("a table needs its database"));
    }
    if cursor.is_word("with") {
        return Err(Error::unsupported("GRANT .. WITH a condition on tags"));
    }
    cursor.expect_word(towards)?;
    Ok(GrantStatement { privileges, database, table, user: name(cursor, "the name of a user")? })
}
