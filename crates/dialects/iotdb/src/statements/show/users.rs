//! LIST USER, LIST ROLE and LIST PRIVILEGES.

use super::{answer, booleans, longs, texts};
use crate::context::Context;
use crate::error::{Failure, Result};
use crate::statements::grant::words_of;
use ::query::RowStream;
use catalog::{Catalog, User};
use engine::{ADMIN_ROLE, ROOT_USER};
use model::{Grant, Scope};
use std::sync::Arc;

/// A user or a role by its name.
///
/// # Errors
/// The vendor's 804 or 808.
fn found<'a>(catalog: &'a Catalog, name: &str, is_role: bool) -> Result<&'a Arc<User>> {
    let user = catalog.user_named(name).filter(|user| user.is_role == is_role && name != ADMIN_ROLE);
    user.ok_or_else(|| match is_role {
        true => Failure::new(808, format!("No such role : {name}")),
        false => Failure::new(804, format!("No such user : {name}")),
    })
}

/// LIST USER
pub(super) fn users(context: &Context, of_role: Option<&str>) -> Result<RowStream> {
    let catalog = context.catalog();
    let role = match of_role {
        Some(role) => {
            context.require_security()?;
            Some(found(&catalog, role, true)?.id)
        }
        None => None,
    };
    let all = context.manages_users();
    let mut users: Vec<_> = catalog
        .users()
        .filter(|user| !user.is_role && (all || user.id == context.caller().user))
        .filter(|user| role.is_none_or(|role| catalog.membership(role, user.id).is_some()))
        .collect();
    users.sort_by_key(|user| user.id);
    let number = |user: &Arc<User>| match user.name.as_str() {
        ROOT_USER => 0,
        _ => i64::try_from(user.id.0).unwrap_or(i64::MAX),
    };
    answer(vec![
        longs("UserId", users.iter().map(|user| Some(number(user)))),
        texts("User", users.iter().map(|user| Some(user.name.clone()))),
    ])
}

/// LIST ROLE
pub(super) fn roles(context: &Context, of_user: Option<&str>) -> Result<RowStream> {
    let catalog = context.catalog();
    let user = match of_user {
        Some(name) => {
            if name != context.caller().name {
                context.require_security()?;
            }
            Some(found(&catalog, name, false)?.id)
        }
        None => None,
    };
    let sees_all = context.manages_users();
    let member = user.or((!sees_all).then_some(context.caller().user));
    let mut roles: Vec<_> = catalog
        .users()
        .filter(|role| role.is_role && role.name != ADMIN_ROLE)
        .filter(|role| member.is_none_or(|member| catalog.membership(role.id, member).is_some()))
        .map(|role| role.name.clone())
        .collect();
    roles.sort();
    answer(vec![texts("Role", roles.into_iter().map(Some))])
}

struct Row {
    role: String,
    scope: String,
    word: &'static str,
    option: bool,
}

/// LIST PRIVILEGES
pub(super) fn privileges(context: &Context, is_role: bool, name: &str) -> Result<RowStream> {
    if is_role || name != context.caller().name {
        context.require_security()?;
    }
    let catalog = context.catalog();
    let user = found(&catalog, name, is_role)?;
    let mut rows = Vec::new();
    if name == ROOT_USER && !is_role {
        for word in ["SYSTEM", "SECURITY"] {
            rows.push(Row { role: String::new(), scope: String::new(), word, option: true });
        }
        for word in ["CREATE", "DROP", "ALTER", "SELECT", "INSERT", "DELETE"] {
            rows.push(Row { role: String::new(), scope: "*.*".to_owned(), word, option: true });
        }
    } else {
        let role = if is_role { name } else { "" };
        collect(&catalog, user, role, &mut rows);
        for membership in catalog.memberships().filter(|membership| membership.member == user.id) {
            if let Some(role) = catalog.user(membership.role).filter(|role| role.name != ADMIN_ROLE) {
                collect(&catalog, role, &role.name, &mut rows);
            }
        }
    }
    let all = || rows.iter();
    answer(vec![
        texts("Role", all().map(|row| Some(row.role.clone()))),
        texts("Scope", all().map(|row| Some(row.scope.clone()))),
        texts("Privileges", all().map(|row| Some(row.word.to_owned()))),
        booleans("GrantOption", all().map(|row| Some(row.option))),
    ])
}

fn collect(catalog: &Catalog, user: &User, role: &str, rows: &mut Vec<Row>) {
    let mut grants: Vec<&Grant> = catalog.grants_of(user.id).collect();
    grants.sort_by_key(|grant| grant.scope);
    for grant in grants {
        for word in words_of(grant.privileges) {
            let scope = match grant.scope {
                Scope::All if matches!(word, "SYSTEM" | "SECURITY") => String::new(),
                Scope::All => "*.*".to_owned(),
                Scope::Database(id) => match catalog.database(id) {
                    Some(database) => format!("{}.*", database.name),
                    None => continue,
                },
                Scope::Table(id) => match catalog.table(id).and_then(|t| Some((t, catalog.database(t.database)?))) {
                    Some((table, database)) => format!("{}.{}", database.name, table.name),
                    None => continue,
                },
            };
            let option = words_of(grant.grantable).contains(&word);
            rows.push(Row { role: role.to_owned(), scope, word, option });
        }
    }
}
