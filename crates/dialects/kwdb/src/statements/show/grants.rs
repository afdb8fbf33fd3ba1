//! `SHOW USERS`, `SHOW ROLES`, `SHOW GRANTS`.

use super::{Rows, booleans, rows, texts};
use crate::context::Context;
use crate::error::worded;
use crate::names;
use crate::render::cell::time_text;
use crate::sql::statement::{GrantTarget, Name, ShowGrants};
use crate::statements::grant::words_of;
use crate::statements::user;
use catalog::Catalog;
use model::{Result, Scope, UserId};

/// `SHOW USERS` and `SHOW ROLES`: for the vendor a query of its table of users, which is the
/// administrators' to read.
///
/// # Errors
/// In the words of that query for anybody else.
pub(super) fn users(context: &Context) -> Result<Rows> {
    if !context.engine().is_admin(context.caller()) {
        let name = &context.caller().name;
        return Err(worded(format!("user {name} does not have SELECT privilege on relation users")));
    }
    let catalog = context.catalog();
    let mut users: Vec<_> = catalog.users().collect();
    users.sort_by(|a, b| a.name.cmp(&b.name));
    let options = |user: &catalog::User| {
        let mut words = Vec::new();
        if user.may_create_roles {
            words.push("CREATEROLE".to_owned());
        }
        if !user.may_log_in {
            words.push("NOLOGIN".to_owned());
        }
        if let Some(until) = user.valid_until_ms {
            words.push(format!("VALID UNTIL={}", time_text(i128::from(until) * 1_000_000, Some(context.zone()))));
        }
        words.join(", ")
    };
    let member_of = |id: UserId| {
        let mut roles: Vec<String> = catalog
            .memberships()
            .filter(|membership| membership.member == id)
            .filter_map(|membership| catalog.user(membership.role).map(|role| role.name.clone()))
            .collect();
        roles.sort();
        format!("{{{}}}", roles.join(","))
    };
    rows(vec![
        ("username", texts(users.iter().map(|user| Some(user.name.clone())))),
        ("options", texts(users.iter().map(|user| Some(options(user))))),
        ("member_of", texts(users.iter().map(|user| Some(member_of(user.id))))),
    ])
}

/// `SHOW GRANTS`
pub(super) fn grants(context: &Context, show: &ShowGrants) -> Result<Rows> {
    let catalog = context.catalog();
    if let Some(roles) = &show.roles {
        return memberships(&catalog, roles, &show.grantees);
    }
    let scopes = scopes(context, &catalog, show.target.as_ref())?;
    let grantees =
        show.grantees.iter().map(|name| user::find(&catalog, name).map(|user| user.id)).collect::<Result<Vec<_>>>()?;
    let mut found: Vec<[String; 5]> = Vec::new();
    for grant in catalog.grants() {
        let wanted = scopes.as_ref().is_none_or(|scopes| scopes.contains(&grant.scope))
            && (grantees.is_empty() || grantees.contains(&grant.grantee));
        let (Some((database, table)), Some(grantee)) = (names_of(&catalog, grant.scope), catalog.user(grant.grantee))
        else {
            continue;
        };
        if wanted {
            for word in words_of(grant.privileges) {
                let schema = names::PUBLIC.to_owned();
                found.push([database.clone(), schema, table.clone(), grantee.name.clone(), word.to_owned()]);
            }
        }
    }
    found.sort();
    let column = |at: usize| texts(found.iter().map(|row| row.get(at).cloned()));
    let on_databases = matches!(show.target, Some(GrantTarget::Databases(_)));
    let mut columns = vec![("database_name", column(0)), ("schema_name", column(1))];
    if !on_databases {
        columns
            .push(("table_name", texts(found.iter().map(|row| row.get(2).filter(|name| !name.is_empty()).cloned()))));
    }
    columns.extend([("grantee", column(3)), ("privilege_type", column(4))]);
    rows(columns)
}

fn scopes(context: &Context, catalog: &Catalog, target: Option<&GrantTarget>) -> Result<Option<Vec<Scope>>> {
    match target {
        None => Ok(None),
        Some(GrantTarget::Databases(databases)) => databases
            .iter()
            .map(|name| names::database(catalog, &name.value).map(|database| Scope::Database(database.id)))
            .collect::<Result<Vec<_>>>()
            .map(Some),
        Some(GrantTarget::Tables(tables)) => tables
            .iter()
            .map(|name| context.table(catalog, name).map(|table| Scope::Table(table.id)))
            .collect::<Result<Vec<_>>>()
            .map(Some),
        Some(GrantTarget::AllTables(database)) => {
            let database = match database {
                Some(name) => names::database(catalog, &name.value)?,
                None => context.current_database(catalog)?,
            };
            Ok(Some(catalog.tables_in(database.id).map(|table| Scope::Table(table.id)).collect()))
        }
    }
}

/// Database and table of a scope; the table is empty for a whole database.
fn names_of(catalog: &Catalog, scope: Scope) -> Option<(String, String)> {
    match scope {
        Scope::All => None,
        Scope::Database(id) => Some((catalog.database(id)?.name.clone(), String::new())),
        Scope::Table(id) => {
            let table = catalog.table(id)?;
            Some((catalog.database(table.database)?.name.clone(), table.name.clone()))
        }
    }
}

fn memberships(catalog: &Catalog, roles: &[Name], members: &[Name]) -> Result<Rows> {
    let ids = |names: &[Name]| {
        names.iter().map(|name| user::find(catalog, name).map(|user| user.id)).collect::<Result<Vec<_>>>()
    };
    let (roles, members) = (ids(roles)?, ids(members)?);
    let mut found: Vec<(String, String, bool)> = catalog
        .memberships()
        .filter(|membership| roles.is_empty() || roles.contains(&membership.role))
        .filter(|membership| members.is_empty() || members.contains(&membership.member))
        .filter_map(|membership| {
            let (role, member) = (catalog.user(membership.role)?, catalog.user(membership.member)?);
            Some((role.name.clone(), member.name.clone(), membership.admin))
        })
        .collect();
    found.sort();
    rows(vec![
        ("role_name", texts(found.iter().map(|(role, _, _)| Some(role.clone())))),
        ("member", texts(found.iter().map(|(_, member, _)| Some(member.clone())))),
        ("is_admin", booleans(found.iter().map(|(_, _, admin)| *admin))),
    ])
}
