//! Users, roles and privileges.

use super::names;
use crate::names::TableName;
use crate::sql::statement::{Grant, GrantTarget, GrantWord, Grantee, Show, Statement};
use model::Result;
use sql::Cursor;

/// Behind CREATE USER.
pub(super) fn create_user(cursor: &mut Cursor<'_>) -> Result<Statement> {
    let name = names::exact_name(cursor)?;
    Ok(Statement::CreateUser { name, password: cursor.expect_string("<string>")? })
}

/// Behind ALTER USER.
pub(super) fn alter_user(cursor: &mut Cursor<'_>) -> Result<Statement> {
    let user = names::exact_name(cursor)?;
    if cursor.accept_words(&["set", "password"]) {
        return Ok(Statement::SetPassword { user, password: cursor.expect_string("<string>")? });
    }
    cursor.expect_words(&["rename", "to"])?;
    Ok(Statement::RenameUser { user, name: names::exact_name(cursor)? })
}

/// LIST USER, ROLE and PRIVILEGES.
pub(super) fn list(cursor: &mut Cursor<'_>) -> Result<Show> {
    cursor.skip();
    Ok(match cursor.expect_one_of(&["user", "role", "privileges"])? {
        "user" => {
            let of_role = if cursor.accept_words(&["of", "role"]) { Some(names::exact_name(cursor)?) } else { None };
            Show::Users { of_role }
        }
        "role" => {
            let of_user = if cursor.accept_words(&["of", "user"]) { Some(names::exact_name(cursor)?) } else { None };
            Show::Roles { of_user }
        }
        _ => {
            cursor.expect_word("of")?;
            let Grantee { is_role, name } = grantee(cursor)?;
            Show::Privileges { is_role, name }
        }
    })
}

fn grantee(cursor: &mut Cursor<'_>) -> Result<Grantee> {
    let is_role = cursor.expect_one_of(&["user", "role"])? == "role";
    Ok(Grantee { is_role, name: names::exact_name(cursor)? })
}

const WORDS: &[GrantWord] = &[
    GrantWord::Alter,
    GrantWord::Create,
    GrantWord::Delete,
    GrantWord::Drop,
    GrantWord::Insert,
    GrantWord::ManageRole,
    GrantWord::ManageUser,
    GrantWord::Security,
    GrantWord::Select,
    GrantWord::System,
];

fn words(cursor: &mut Cursor<'_>) -> Result<Vec<GrantWord>> {
    if cursor.accept_word("all") {
        return Ok(vec![GrantWord::All]);
    }
    cursor.comma_separated(|cursor| {
        let found = WORDS.iter().find(|word| cursor.accept_word(word.word()));
        found.copied().ok_or_else(|| {
            cursor.error(
                "expected 'ALL', 'ALTER', 'CREATE', 'DELETE', 'DROP', 'INSERT', 'ROLE', 'SECURITY', 'SELECT', 'SYSTEM'",
            )
        })
    })
}

fn target(cursor: &mut Cursor<'_>, words: &[GrantWord]) -> Result<GrantTarget> {
    let of_system = |word: &GrantWord| {
        matches!(word, GrantWord::System | GrantWord::Security | GrantWord::ManageUser | GrantWord::ManageRole)
    };
    if words.iter().all(of_system) || (words == [GrantWord::All] && !cursor.is_word("on")) {
        return Ok(GrantTarget::System);
    }
    cursor.expect_word("on")?;
    if cursor.accept_word("any") {
        return Ok(GrantTarget::Any);
    }
    if cursor.accept_word("database") {
        return names::name(cursor).map(GrantTarget::Database);
    }
    let with_word = cursor.accept_word("table");
    let table: TableName = names::table_name(cursor)?;
    if table.database.is_none() && !with_word {
        return Err(cursor.error("expected '.'"));
    }
    Ok(GrantTarget::Table(table))
}

/// GRANT of a role or of privileges.
pub(super) fn grant(cursor: &mut Cursor<'_>) -> Result<Statement> {
    cursor.skip();
    if cursor.accept_word("role") {
        let role = names::exact_name(cursor)?;
        cursor.expect_word("to")?;
        return Ok(Statement::GrantRole { role, user: names::exact_name(cursor)? });
    }
    let words = words(cursor)?;
    let target = target(cursor, &words)?;
    cursor.expect_word("to")?;
    let grantee = grantee(cursor)?;
    let option = cursor.accept_words(&["with", "grant", "option"]);
    Ok(Statement::Grant(Grant { words, target, grantee, option }))
}

/// REVOKE of a role or of privileges.
pub(super) fn revoke(cursor: &mut Cursor<'_>) -> Result<Statement> {
    cursor.skip();
    if cursor.accept_word("role") {
        let role = names::exact_name(cursor)?;
        cursor.expect_word("from")?;
        return Ok(Statement::RevokeRole { role, user: names::exact_name(cursor)? });
    }
    let option = cursor.accept_words(&["grant", "option", "for"]);
    let words = words(cursor)?;
    let target = target(cursor, &words)?;
    cursor.expect_word("from")?;
    let grantee = grantee(cursor)?;
    Ok(Statement::Revoke(Grant { words, target, grantee, option }))
}
