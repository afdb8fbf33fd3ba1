//! `CREATE`, `ALTER` and `DROP USER`.

use crate::context::Context;
use crate::error::coded;
use crate::sql::statement::UserOptions;
use catalog::{Catalog, User};
use engine::{NewUser, UserChange};
use model::{Error, ErrorKind, Grant, Privilege, Privileges, Result, Scope};
use std::sync::Arc;

const PASSWORD_MIN: usize = 8;
const PASSWORD_MAX: usize = 255;
const USER_MAX: usize = 23;

/// A user by name.
///
/// # Errors
/// [`ErrorKind::UserNotFound`].
pub(super) fn find<'a>(catalog: &'a Catalog, name: &str) -> Result<&'a Arc<User>> {
    catalog.user_named(name).ok_or_else(|| Error::new(ErrorKind::UserNotFound { user: name.to_owned() }))
}

/// The vendor's policy: length, at least three kinds of characters, none that needs quoting.
fn check_password(password: &str) -> Result<()> {
    if password.len() < PASSWORD_MIN {
        return Err(coded(0x2611, "Password too short or empty"));
    }
    if password.len() > PASSWORD_MAX {
        return Err(coded(0x2610, "Name or password too long"));
    }
    if password.contains([' ', '\'', '"', '`', '\\']) {
        return Err(coded(0x2648, "Invalid password"));
    }
    let has = |kind: fn(char) -> bool| usize::from(password.chars().any(kind));
    let kinds = has(|c| c.is_ascii_uppercase())
        + has(|c| c.is_ascii_lowercase())
        + has(|c| c.is_ascii_digit())
        + has(|c| !c.is_ascii_alphanumeric());
    if kinds < 3 && password != "taosdata" {
        return Err(coded(0x0353, "Invalid password format"));
    }
    Ok(())
}

/// Makes a user.
///
/// # Errors
/// A name that is taken or too long, a weak password, no privilege.
pub(super) async fn create(context: &Context, name: String, options: UserOptions) -> Result<()> {
    if name.len() > USER_MAX {
        return Err(coded(0x0207, "Invalid user name"));
    }
    let password = options.password.unwrap_or_default();
    check_password(&password)?;
    let new = NewUser {
        name,
        is_role: false,
        may_log_in: true,
        password: Some(password),
        valid_until_ms: None,
        may_create_roles: false,
    };
    let user = context.engine().create_user(context.caller(), new).await?;
    if options.create_database == Some(true) {
        grant_create(context, user).await?;
    }
    Ok(())
}

async fn grant_create(context: &Context, grantee: model::UserId) -> Result<()> {
    let privileges: Privileges = [Privilege::Create].into_iter().collect();
    let grant = Grant { grantee, scope: Scope::All, privileges, grantable: Privileges::NONE };
    context.engine().grant(context.caller(), grant).await
}

/// Changes a user.
///
/// # Errors
/// A missing user, a weak password, no privilege.
pub(super) async fn alter(context: &Context, name: &str, options: UserOptions) -> Result<()> {
    let user = find(&context.catalog(), name)?.id;
    if let Some(password) = &options.password {
        check_password(password)?;
    }
    if options.password.is_some() || options.enable.is_some() {
        let change =
            UserChange { password: options.password.map(Some), may_log_in: options.enable, ..UserChange::default() };
        context.engine().alter_user(context.caller(), user, change).await?;
    }
    match options.create_database {
        Some(true) => grant_create(context, user).await,
        Some(false) => {
            let privileges: Privileges = [Privilege::Create].into_iter().collect();
            context.engine().revoke(context.caller(), user, Scope::All, privileges).await
        }
        None => Ok(()),
    }
}

/// Drops a user with its grants.
///
/// # Errors
/// A missing user, `root`, no privilege.
pub(super) async fn drop(context: &Context, name: &str) -> Result<()> {
    let user = find(&context.catalog(), name)?.id;
    context.engine().drop_user(context.caller(), user).await
}

#[cfg(test)]
mod tests {
    use super::check_password;
    use crate::error::skin;

    #[test]
    fn passwords_follow_the_policy() {
        let code = |password: &str| check_password(password).map_err(|error| skin(&error.kind).code).err();
        assert_eq!(code("abc"), Some(0x2611));
        assert_eq!(code("abcdefgh"), Some(0x0353));
        assert_eq!(code("Abc 12345"), Some(0x2648));
        assert_eq!(code(&"Aa1".repeat(90)), Some(0x2610));
        assert_eq!(code("Abc12345"), None);
        assert_eq!(code("taosdata"), None);
    }
}
