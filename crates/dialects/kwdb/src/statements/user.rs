//! `CREATE`, `ALTER` and `DROP` of users and roles.

use crate::context::Context;
use crate::error::{definition, worded};
use crate::literals::time_text::WallTime;
use crate::sql::statement::{AlterUser, CreateUser, Name, PasswordChange, UserOptions};
use crate::timezone::Zone;
use catalog::{Catalog, User};
use engine::{NewUser, UserChange};
use model::{Error, ErrorKind, Result, Scope, TimeUnit};
use std::sync::Arc;

/// A user or role by name.
///
/// # Errors
/// [`ErrorKind::UserNotFound`].
pub(crate) fn find<'a>(catalog: &'a Catalog, name: &Name) -> Result<&'a Arc<User>> {
    let folded = name.value.to_lowercase();
    catalog.user_named(&folded).ok_or_else(|| Error::new(ErrorKind::UserNotFound { user: folded }))
}

fn check_name(name: &str) -> Result<()> {
    let first = name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
    let rest = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if first && rest && name.chars().count() <= 63 {
        return Ok(());
    }
    Err(definition(format!(
        "username \"{name}\" invalid; usernames are case insensitive, must start with a letter or underscore, may \
         contain letters, digits, periods, dashes, or underscores, and must not exceed 63 characters"
    )))
}

/// The last moment of a password, in milliseconds since 1970.
fn valid_until(options: &UserOptions, zone: &Zone) -> Result<Option<Option<i64>>> {
    match &options.valid_until {
        None => Ok(None),
        Some(None) => Ok(Some(None)),
        Some(Some(text)) => WallTime::parse(text)
            .and_then(|time| time.instant(zone, TimeUnit::Millisecond))
            .map(|at| Some(Some(at)))
            .ok_or_else(|| worded(format!("could not parse \"{text}\" as type timestamp: no such time"))),
    }
}

/// Makes a user or role.
///
/// # Errors
/// A name that is taken or none, no privilege.
pub(crate) async fn create(context: &Context, create: CreateUser) -> Result<()> {
    let name = create.name.value.to_lowercase();
    check_name(&name)?;
    if create.if_not_exists && context.catalog().user_named(&name).is_some() {
        return Ok(());
    }
    let options = create.options;
    let new = NewUser {
        name,
        is_role: create.role,
        may_log_in: options.login.unwrap_or(!create.role),
        valid_until_ms: valid_until(&options, context.zone())?.flatten(),
        may_create_roles: options.create_role.unwrap_or(false),
        password: match options.password {
            Some(PasswordChange::Set(password)) => Some(checked_password(password)?),
            Some(PasswordChange::Remove) | None => None,
        },
    };
    context.engine().create_user(context.caller(), new).await?;
    Ok(())
}

fn checked_password(password: String) -> Result<String> {
    if password.is_empty() { Err(definition("empty passwords are not permitted")) } else { Ok(password) }
}

/// Changes a user or role.
///
/// # Errors
/// A missing one without IF EXISTS, no privilege.
pub(crate) async fn alter(context: &Context, alter: AlterUser) -> Result<()> {
    let catalog = context.catalog();
    let user = match find(&catalog, &alter.name) {
        Err(_) if alter.if_exists => return Ok(()),
        found => found?,
    };
    let options = alter.options;
    let change = UserChange {
        valid_until_ms: valid_until(&options, context.zone())?,
        may_log_in: options.login,
        may_create_roles: options.create_role,
        password: match options.password {
            Some(PasswordChange::Set(password)) => Some(Some(checked_password(password)?)),
            Some(PasswordChange::Remove) => Some(None),
            None => None,
        },
    };
    context.engine().alter_user(context.caller(), user.id, change).await
}

/// Drops users and roles; all of them must exist, without grants, before the first one goes.
///
/// # Errors
/// A missing one without IF EXISTS, grants that still exist, no privilege.
pub(crate) async fn drop(context: &Context, if_exists: bool, names: Vec<Name>) -> Result<()> {
    let catalog = context.catalog();
    let mut users = Vec::with_capacity(names.len());
    for name in &names {
        let user = match find(&catalog, name) {
            Err(_) if if_exists => continue,
            found => found?,
        };
        let objects: Vec<String> = catalog
            .grants_of(user.id)
            .filter_map(|grant| match grant.scope {
                Scope::All => None,
                Scope::Database(id) => catalog.database(id).map(|database| database.name.clone()),
                Scope::Table(id) => {
                    let table = catalog.table(id)?;
                    let database = catalog.database(table.database)?;
                    Some(format!("{}.public.{}", database.name, table.name))
                }
            })
            .collect();
        if !objects.is_empty() {
            return Err(definition(format!(
                "cannot drop role/user {}: grants still exist on {}",
                user.name,
                objects.join(", ")
            )));
        }
        users.push(user.id);
    }
    for user in users {
        context.engine().drop_user(context.caller(), user).await?;
    }
    Ok(())
}
