//! GRANT and REVOKE, of privileges and of roles.

use crate::context::Context;
use crate::error::{Failure, Result, worded};
use crate::names;
use crate::sql::statement::{Grant, GrantTarget, GrantWord, Grantee};
use crate::statements::database::existing;
use catalog::Catalog;
use engine::ROOT_USER;
use model::{Error, ErrorKind, Privilege, Privileges, Scope, UserId};

/// The words of the system, and those of databases and tables, in the order in which LIST
/// PRIVILEGES prints them.
const WORDS: [GrantWord; 8] = [
    GrantWord::System,
    GrantWord::Security,
    GrantWord::Create,
    GrantWord::Drop,
    GrantWord::Alter,
    GrantWord::Select,
    GrantWord::Insert,
    GrantWord::Delete,
];

/// The fewest words that cover a set.
pub(crate) fn words_of(privileges: Privileges) -> Vec<&'static str> {
    let holds = |word: &GrantWord| word.privileges().iter().any(|privilege| privileges.contains(*privilege));
    WORDS.iter().filter(|word| holds(word)).map(|word| word.word()).collect()
}

fn grantee(catalog: &Catalog, Grantee { is_role, name }: &Grantee) -> Result<UserId> {
    let user = catalog.user_named(name).filter(|user| user.is_role == *is_role);
    match (user, is_role) {
        (Some(user), _) => Ok(user.id),
        (None, true) => Err(Failure::new(808, format!("Role {name} does not exist"))),
        (None, false) => Err(Failure::new(804, format!("User {name} does not exist"))),
    }
}

/// What a statement gives or takes, scope by scope, with the object's name for errors.
struct Share {
    scope: Scope,
    object: String,
    privileges: Privileges,
    words: Vec<GrantWord>,
}

fn shares(context: &Context, catalog: &Catalog, grant: &Grant) -> Result<Vec<Share>> {
    if let Some(word) = grant.words.iter().find(|word| word.privileges().is_empty()) {
        let word = word.word();
        return Err(worded(format!("Privilege type {word} is deprecated, use SECURITY to instead it")));
    }
    let set = |words: &[GrantWord]| words.iter().flat_map(|word| word.privileges().iter().copied()).collect();
    let (scope, object) = match &grant.target {
        GrantTarget::System if grant.words == [GrantWord::All] => {
            let all = Privileges::all().without(Privilege::Grant.into_set());
            let share = Share { scope: Scope::All, object: String::new(), privileges: all, words: grant.words.clone() };
            return Ok(vec![share]);
        }
        GrantTarget::System => (Scope::All, String::new()),
        GrantTarget::Any => (Scope::All, "*.*".to_owned()),
        GrantTarget::Database(name) => (Scope::Database(existing(catalog, name)?.id), format!("{name}.*")),
        GrantTarget::Table(name) => {
            let database = match &name.database {
                Some(database) => database.as_str(),
                None => context.database().ok_or_else(|| worded("Database is not set yet."))?,
            };
            let object = format!("{database}.{}", name.table);
            let home = existing(catalog, database)?;
            let table = names::table(catalog, &home, &name.table)?;
            let missing = || Failure::new(550, format!("Table '{object}' does not exist."));
            (Scope::Table(table.ok_or_else(missing)?.id), object.clone())
        }
    };
    Ok(vec![Share { scope, object, privileges: set(&grant.words), words: grant.words.clone() }])
}

/// One privilege as a set.
trait IntoSet {
    fn into_set(self) -> Privileges;
}

impl IntoSet for Privilege {
    fn into_set(self) -> Privileges {
        std::iter::once(self).collect()
    }
}

/// Fails with the vendor's words when the caller may not pass these on.
fn refused(share: &Share, error: Error) -> Failure {
    if !matches!(*error.kind, ErrorKind::PermissionDenied { .. }) {
        return error.into();
    }
    let word = share.words.first().map_or("", |word| word.word());
    let on = if share.object.is_empty() { String::new() } else { format!(" ON {}", share.object) };
    Failure::new(
        803,
        format!("Access Denied: No permissions for this operation, please add grant option to privilege {word}{on}"),
    )
}

fn refuse_root(grant: &Grant) -> Result<()> {
    if !grant.grantee.is_role && grant.grantee.name == ROOT_USER {
        return Err(Failure::new(803, "Access Denied: Cannot grant/revoke privileges of admin user"));
    }
    Ok(())
}

/// GRANT of privileges.
pub(crate) async fn grant(context: &Context, grant: &Grant) -> Result<()> {
    let catalog = context.catalog();
    let user = grantee(&catalog, &grant.grantee)?;
    refuse_root(grant)?;
    for share in shares(context, &catalog, grant)? {
        let grantable = if grant.option { share.privileges } else { Privileges::NONE };
        let given = model::Grant { grantee: user, scope: share.scope, privileges: share.privileges, grantable };
        let done = context.engine().grant(context.caller(), given).await;
        done.map_err(|error| refused(&share, error))?;
    }
    Ok(())
}

/// REVOKE of privileges. What was given with GRANT OPTION goes whole: the option alone cannot be
/// taken.
pub(crate) async fn revoke(context: &Context, grant: &Grant) -> Result<()> {
    if grant.option {
        return Err(Error::unsupported("REVOKE GRANT OPTION FOR").into());
    }
    let catalog = context.catalog();
    let user = grantee(&catalog, &grant.grantee)?;
    refuse_root(grant)?;
    let everything = grant.words == [GrantWord::All] && grant.target == GrantTarget::System;
    let shares = if everything {
        let of = |given: &model::Grant| Share {
            scope: given.scope,
            object: String::new(),
            privileges: given.privileges,
            words: grant.words.clone(),
        };
        catalog.grants_of(user).map(of).collect()
    } else {
        shares(context, &catalog, grant)?
    };
    for share in shares {
        let done = context.engine().revoke(context.caller(), user, share.scope, share.privileges).await;
        done.map_err(|error| refused(&share, error))?;
    }
    Ok(())
}

fn role_and_user(catalog: &Catalog, role: &str, user: &str) -> Result<(UserId, UserId)> {
    let Some(role) = catalog.user_named(role).filter(|found| found.is_role) else {
        return Err(Failure::new(808, format!("No such role : {role}")));
    };
    Ok((role.id, grantee(catalog, &Grantee { is_role: false, name: user.to_owned() })?))
}

/// GRANT ROLE
pub(crate) async fn grant_role(context: &Context, role: &str, user: &str) -> Result<()> {
    context.require_security()?;
    let (role, user) = role_and_user(&context.catalog(), role, user)?;
    Ok(context.engine().grant_role(context.caller(), role, user, false).await?)
}

/// REVOKE ROLE
pub(crate) async fn revoke_role(context: &Context, role: &str, user: &str) -> Result<()> {
    context.require_security()?;
    let (role, user) = role_and_user(&context.catalog(), role, user)?;
    Ok(context.engine().revoke_role(context.caller(), role, user, false).await?)
}

#[cfg(test)]
mod tests {
    use super::words_of;
    use crate::sql::statement::GrantWord;
    use model::Privileges;

    #[test]
    fn sets_come_back_as_words() {
        for word in super::WORDS {
            let set: Privileges = word.privileges().iter().copied().collect();
            assert_eq!(words_of(set), [word.word()]);
        }
        let all: Privileges = GrantWord::All.privileges().iter().copied().collect();
        assert_eq!(words_of(all), ["CREATE", "DROP", "ALTER", "SELECT", "INSERT", "DELETE"]);
    }
}
