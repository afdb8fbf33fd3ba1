//! `GRANT` and `REVOKE`: this vendor's words for privileges, and memberships in roles.
//!
//! CREATE covers making and changing; ALL covers every word on databases and tables.

use super::user;
use crate::context::Context;
use crate::names;
use crate::sql::statement::{GrantPrivileges, GrantRoles, GrantTarget, Name, PrivilegeWord};
use catalog::Catalog;
use model::{Error, ErrorKind, Grant, Privilege, Privileges, Result, Scope, UserId};

/// Every word on databases and tables with what it stands for, in the order in which they are
/// listed.
pub(crate) const WORDS: [(&str, &[Privilege]); 7] = [
    ("CREATE", &[Privilege::Create, Privilege::Alter]),
    ("DROP", &[Privilege::Drop]),
    ("GRANT", &[Privilege::Grant]),
    ("SELECT", &[Privilege::Select]),
    ("INSERT", &[Privilege::Insert]),
    ("DELETE", &[Privilege::Delete]),
    ("UPDATE", &[Privilege::Update]),
];

fn set_of(word: PrivilegeWord) -> Result<Privileges> {
    let text = match word {
        PrivilegeWord::All => return Ok(WORDS.iter().flat_map(|(_, set)| set.iter().copied()).collect()),
        PrivilegeWord::Create => "CREATE",
        PrivilegeWord::Drop => "DROP",
        PrivilegeWord::Grant => "GRANT",
        PrivilegeWord::Select => "SELECT",
        PrivilegeWord::Insert => "INSERT",
        PrivilegeWord::Delete => "DELETE",
        PrivilegeWord::Update => "UPDATE",
        PrivilegeWord::ZoneConfig => return Err(Error::unsupported("the privilege ZONECONFIG")),
    };
    let found = WORDS.iter().find(|(name, _)| *name == text).map(|(_, set)| set.iter().copied().collect());
    found.ok_or_else(|| Error::internal("a privilege without a meaning"))
}

/// The fewest words that cover a set, as SHOW GRANTS lists them.
pub(crate) fn words_of(privileges: Privileges) -> Vec<&'static str> {
    let words: Vec<&'static str> = WORDS
        .iter()
        .filter(|(_, set)| set.iter().any(|privilege| privileges.contains(*privilege)))
        .map(|(word, _)| *word)
        .collect();
    if words.len() == WORDS.len() { vec!["ALL"] } else { words }
}

fn scopes(context: &Context, catalog: &Catalog, target: &GrantTarget) -> Result<Vec<Scope>> {
    match target {
        GrantTarget::Databases(names) => names
            .iter()
            .map(|name| names::database(catalog, &name.value).map(|database| Scope::Database(database.id)))
            .collect(),
        GrantTarget::Tables(tables) => {
            tables.iter().map(|name| context.table(catalog, name).map(|table| Scope::Table(table.id))).collect()
        }
        GrantTarget::AllTables(database) => {
            let database = match database {
                Some(name) => names::database(catalog, &name.value)?,
                None => context.current_database(catalog)?,
            };
            Ok(catalog.tables_in(database.id).map(|table| Scope::Table(table.id)).collect())
        }
    }
}

/// Users and roles by name, all of which must exist.
fn grantees(catalog: &Catalog, names: &[Name]) -> Result<Vec<UserId>> {
    names
        .iter()
        .map(|name| {
            let found = user::find(catalog, name).map(|user| user.id);
            found.map_err(|error| match *error.kind {
                ErrorKind::UserNotFound { user } => crate::error::worded(format!("user or role {user} does not exist")),
                _ => error,
            })
        })
        .collect()
}

fn privileges_of(words: &[PrivilegeWord]) -> Result<Privileges> {
    words.iter().try_fold(Privileges::NONE, |set, word| Ok(set.union(set_of(*word)?)))
}

/// Gives privileges.
///
/// # Errors
/// Unknown names, no privilege.
pub(crate) async fn grant(context: &Context, grant: GrantPrivileges) -> Result<()> {
    let catalog = context.catalog();
    let privileges = privileges_of(&grant.privileges)?;
    let grantable = if grant.grant_option { privileges } else { Privileges::NONE };
    let scopes = scopes(context, &catalog, &grant.target)?;
    for grantee in grantees(&catalog, &grant.grantees)? {
        for scope in &scopes {
            let grant = Grant { grantee, scope: *scope, privileges, grantable };
            context.engine().grant(context.caller(), grant).await?;
        }
    }
    Ok(())
}

/// Takes privileges away.
///
/// # Errors
/// Unknown names, no privilege.
pub(crate) async fn revoke(context: &Context, grant: GrantPrivileges) -> Result<()> {
    if grant.grant_option {
        return Err(Error::unsupported("REVOKE GRANT OPTION FOR"));
    }
    let catalog = context.catalog();
    let privileges = privileges_of(&grant.privileges)?;
    let scopes = scopes(context, &catalog, &grant.target)?;
    for grantee in grantees(&catalog, &grant.grantees)? {
        for scope in &scopes {
            context.engine().revoke(context.caller(), grantee, *scope, privileges).await?;
        }
    }
    Ok(())
}

/// Makes users members of roles.
///
/// # Errors
/// Unknown names, cycles, no privilege.
pub(crate) async fn grant_roles(context: &Context, roles: GrantRoles) -> Result<()> {
    let catalog = context.catalog();
    let members = grantees(&catalog, &roles.members)?;
    for role in grantees(&catalog, &roles.roles)? {
        for member in &members {
            context.engine().grant_role(context.caller(), role, *member, roles.admin_option).await?;
        }
    }
    Ok(())
}

/// Ends memberships, or with ADMIN OPTION FOR just the right to add others.
///
/// # Errors
/// Unknown names, no privilege.
pub(crate) async fn revoke_roles(context: &Context, roles: GrantRoles) -> Result<()> {
    let catalog = context.catalog();
    let members = grantees(&catalog, &roles.members)?;
    for role in grantees(&catalog, &roles.roles)? {
        for member in &members {
            context.engine().revoke_role(context.caller(), role, *member, roles.admin_option).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{privileges_of, words_of};
    use crate::sql::statement::PrivilegeWord as W;
    use model::Privilege;

    #[test]
    fn create_covers_alter_and_all_is_one_word() {
        let set = privileges_of(&[W::Create, W::Select]).unwrap();
        assert!(set.contains(Privilege::Alter) && !set.contains(Privilege::Drop));
        assert_eq!(words_of(set), ["CREATE", "SELECT"]);
        assert_eq!(words_of(privileges_of(&[W::All]).unwrap()), ["ALL"]);
        assert!(privileges_of(&[W::ZoneConfig]).is_err());
    }
}
