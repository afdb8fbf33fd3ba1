//! Users, roles, GRANT and REVOKE.

use super::names::{if_exists, if_not_exists, table_of};
use crate::sql::statement::{
    AlterUser, CreateUser, Grant, GrantPrivileges, GrantRoles, GrantTarget, Name, PasswordChange, PrivilegeWord,
    Statement, UserOptions,
};
use model::Result;
use sql::{Cursor, TokenKind};

/// The name of a user: a word, quoted or not, or a string. It folds to lower case in any form.
pub(super) fn name(cursor: &mut Cursor<'_>) -> Result<Name> {
    if cursor.is_kind(TokenKind::String) {
        return Ok(Name { value: cursor.expect_string("a name")?.to_lowercase(), quoted: true });
    }
    let name = super::names::name(cursor)?;
    Ok(Name { value: name.value.to_lowercase(), quoted: name.quoted })
}

/// Behind CREATE.
pub(super) fn create(cursor: &mut Cursor<'_>) -> Result<CreateUser> {
    let role = cursor.expect_one_of(&["user", "role"])? == "role";
    Ok(CreateUser { role, if_not_exists: if_not_exists(cursor), name: name(cursor)?, options: options(cursor)? })
}

/// Behind ALTER.
pub(super) fn alter(cursor: &mut Cursor<'_>) -> Result<AlterUser> {
    let role = cursor.expect_one_of(&["user", "role"])? == "role";
    Ok(AlterUser { role, if_exists: if_exists(cursor), name: name(cursor)?, options: options(cursor)? })
}

fn options(cursor: &mut Cursor<'_>) -> Result<UserOptions> {
    let mut options = UserOptions::default();
    let with = cursor.accept_word("with");
    let mut given = false;
    loop {
        if cursor.accept_word("password") {
            let password = if cursor.accept_word("null") {
                PasswordChange::Remove
            } else {
                PasswordChange::Set(cursor.expect_string("a password in quotes")?)
            };
            set_once(cursor, &mut options.password, password)?;
        } else if cursor.accept_words(&["valid", "until"]) {
            let until = if cursor.accept_word("null") { None } else { Some(cursor.expect_string("a time in quotes")?) };
            set_once(cursor, &mut options.valid_until, until)?;
        } else if let Some(word) = cursor.accept_one_of(&["login", "nologin"]) {
            set_once(cursor, &mut options.login, word == "login")?;
        } else if let Some(word) = cursor.accept_one_of(&["createrole", "nocreaterole"]) {
            set_once(cursor, &mut options.create_role, word == "createrole")?;
        } else if with && !given {
            return Err(cursor.error("expected PASSWORD, VALID UNTIL, LOGIN, NOLOGIN, CREATEROLE or NOCREATEROLE"));
        } else {
            return Ok(options);
        }
        given = true;
    }
}

fn set_once<T>(cursor: &Cursor<'_>, option: &mut Option<T>, value: T) -> Result<()> {
    match option.replace(value) {
        None => Ok(()),
        Some(_) => Err(cursor.error("the option is given twice")),
    }
}

/// The whole statement.
pub(super) fn grant_or_revoke(cursor: &mut Cursor<'_>) -> Result<Statement> {
    let granting = cursor.expect_one_of(&["grant", "revoke"])? == "grant";
    let grant_option = !granting && cursor.accept_words(&["grant", "option", "for"]);
    let admin_option = !granting && cursor.accept_words(&["admin", "option", "for"]);
    let direction = if granting { "to" } else { "from" };
    let mut ahead = *cursor;
    ahead.take_until(|c| c.is_word("on") || c.is_word(direction));
    let grant = if ahead.is_word("on") && !admin_option {
        let privileges = privileges(cursor)?;
        if cursor.index() != ahead.index() {
            return Err(cursor.error("expected a privilege"));
        }
        cursor.expect_word("on")?;
        let target = target(cursor)?;
        cursor.expect_word(direction)?;
        let grantees = cursor.comma_separated(name)?;
        let grant_option = grant_option || (granting && cursor.accept_words(&["with", "grant", "option"]));
        Grant::Privileges(GrantPrivileges { privileges, target, grantees, grant_option })
    } else {
        let roles = cursor.comma_separated(name)?;
        cursor.expect_word(direction)?;
        let members = cursor.comma_separated(name)?;
        let admin_option = admin_option || (granting && cursor.accept_words(&["with", "admin", "option"]));
        Grant::Roles(GrantRoles { roles, members, admin_option })
    };
    Ok(if granting { Statement::Grant(grant) } else { Statement::Revoke(grant) })
}

fn privileges(cursor: &mut Cursor<'_>) -> Result<Vec<PrivilegeWord>> {
    if cursor.accept_word("all") {
        cursor.accept_word("privileges");
        return Ok(vec![PrivilegeWord::All]);
    }
    cursor.comma_separated(|cursor| {
        let words = ["create", "drop", "grant", "select", "insert", "delete", "update", "zoneconfig"];
        Ok(match cursor.expect_one_of(&words)? {
            "create" => PrivilegeWord::Create,
            "drop" => PrivilegeWord::Drop,
            "grant" => PrivilegeWord::Grant,
            "select" => PrivilegeWord::Select,
            "insert" => PrivilegeWord::Insert,
            "delete" => PrivilegeWord::Delete,
            "update" => PrivilegeWord::Update,
            _ => PrivilegeWord::ZoneConfig,
        })
    })
}

/// Behind ON.
pub(super) fn target(cursor: &mut Cursor<'_>) -> Result<GrantTarget> {
    if cursor.accept_word("database") {
        return cursor.comma_separated(super::names::name).map(GrantTarget::Databases);
    }
    cursor.accept_word("table");
    if cursor.accept_symbol("*") {
        return Ok(GrantTarget::AllTables(None));
    }
    let mut all = *cursor;
    let database = super::names::name(&mut all)?;
    if all.accept_kind(TokenKind::Period) && all.accept_symbol("*") {
        *cursor = all;
        return Ok(GrantTarget::AllTables(Some(database)));
    }
    let tables = cursor.comma_separated(|cursor| {
        let parts = super::names::dotted(cursor, 3)?;
        table_of(parts, cursor)
    })?;
    Ok(GrantTarget::Tables(tables))
}
