//! Users and roles: make, change, drop, log in.

use crate::bootstrap::{ADMIN_ROLE, ROOT_USER};
use crate::privileges::{Rights, denied, require_user_management, user_name};
use crate::{Caller, Engine, NewUser, UserChange};
use catalog::{Catalog, Change, User};
use model::{ErrorKind, Privilege, Result, Scope, UserId, check_name};

impl Engine {
    /// Makes a user or role.
    ///
    /// # Errors
    /// A name that is taken or no name; a caller that may not make users.
    pub async fn create_user(&self, caller: &Caller, new: NewUser) -> Result<UserId> {
        require_user_management(&self.catalog(), caller)?;
        check_user_name(&new.name)?;
        let password_hash = self.hash_given(new.password.as_deref()).await?;
        let id = UserId(self.parts.catalog.take_ids(1).await?.start);
        self.change_catalog(|catalog| {
            require_user_management(catalog, caller)?;
            if catalog.user_named(&new.name).is_some() {
                return Err(ErrorKind::UserExists { user: new.name.clone() }.into());
            }
            let user = User {
                id,
                name: new.name.clone(),
                is_role: new.is_role,
                may_log_in: new.may_log_in,
                password_hash: password_hash.clone(),
                valid_until_ms: new.valid_until_ms,
                may_create_roles: new.may_create_roles,
            };
            Ok((vec![Change::PutUser(user)], id))
        })
        .await
    }

    /// Changes a user or role. Everyone may change the own password and nothing else of oneself;
    /// a member of `admin` is changed by members of `admin` only.
    ///
    /// # Errors
    /// An unknown user; a caller that may not.
    pub async fn alter_user(&self, caller: &Caller, user: UserId, change: UserChange) -> Result<()> {
        require_may_change(&self.catalog(), caller, user, &change)?;
        let password_hash = match &change.password {
            None => None,
            Some(password) => Some(self.hash_given(password.as_deref()).await?),
        };
        self.change_catalog(|catalog| {
            require_may_change(catalog, caller, user, &change)?;
            let current = catalog.user(user).ok_or_else(|| catalog.no_user(user))?;
            let mut changed = User::clone(current);
            if let Some(hash) = &password_hash {
                changed.password_hash.clone_from(hash);
            }
            changed.may_log_in = change.may_log_in.unwrap_or(changed.may_log_in);
            changed.valid_until_ms = change.valid_until_ms.unwrap_or(changed.valid_until_ms);
            changed.may_create_roles = change.may_create_roles.unwrap_or(changed.may_create_roles);
            Ok((vec![Change::PutUser(changed)], ()))
        })
        .await
    }

    /// Gives a user or role another name; everything granted to it stays.
    ///
    /// # Errors
    /// An unknown user, a name that is taken or no name, `root`, the role `admin`; a caller that may
    /// not.
    pub async fn rename_user(&self, caller: &Caller, user: UserId, name: &str) -> Result<()> {
        check_user_name(name)?;
        self.change_catalog(|catalog| {
            let current = catalog.user(user).ok_or_else(|| catalog.no_user(user))?;
            if user != caller.user {
                require_may_manage(catalog, caller, user)?;
            }
            if current.name == ROOT_USER || current.name == ADMIN_ROLE {
                let reason = format!("\"{}\" is built in and keeps its name", current.name);
                return Err(ErrorKind::InvalidDefinition { reason }.into());
            }
            if catalog.user_named(name).is_some_and(|other| other.id != user) {
                return Err(ErrorKind::UserExists { user: name.to_owned() }.into());
            }
            let mut changed = User::clone(current);
            name.clone_into(&mut changed.name);
            Ok((vec![Change::PutUser(changed)], ()))
        })
        .await
    }

    /// Drops a user or role with its grants and memberships. Whether one that still has grants may
    /// go is the dialect's rule ([`Catalog::grants_of`]).
    ///
    /// # Errors
    /// An unknown user, `root`, the role `admin`; a caller that may not.
    pub async fn drop_user(&self, caller: &Caller, user: UserId) -> Result<()> {
        self.change_catalog(|catalog| {
            let name = user_name(catalog, user)?;
            require_may_manage(catalog, caller, user)?;
            if name == ROOT_USER || name == ADMIN_ROLE {
                let reason = format!("\"{name}\" is built in and cannot be dropped");
                return Err(ErrorKind::InvalidDefinition { reason }.into());
            }
            Ok((vec![Change::DropUser(user)], ()))
        })
        .await
    }

    /// Checks a password. Unknown users cost the same time; recently verified credentials are
    /// cheap.
    ///
    /// # Errors
    /// [`ErrorKind::CredentialsWrong`], [`ErrorKind::PasswordExpired`], and
    /// [`ErrorKind::Overloaded`] when too many checks wait.
    pub async fn log_in(&self, user: &str, password: &str) -> Result<Caller> {
        let found = self.catalog().user_named(user).cloned();
        let hash = found
            .as_ref()
            .filter(|user| user.may_log_in)
            .and_then(|user| user.password_hash.as_ref().map(|hash| (user.id, hash.clone())));
        let right = self.parts.passwords.verify(hash, password).await?;
        // Whoever was changed or dropped while the password was being checked must try again.
        let Some(user) = found.filter(|user| right && self.catalog().user(user.id) == Some(user)) else {
            return Err(ErrorKind::CredentialsWrong {}.into());
        };
        let now_ms = i64::try_from(self.parts.options.clock.now_micros() / 1_000).unwrap_or(i64::MAX);
        if user.valid_until_ms.is_some_and(|last| now_ms > last) {
            return Err(ErrorKind::PasswordExpired {}.into());
        }
        Ok(Caller { user: user.id, name: user.name.clone() })
    }

    /// The caller for a user that was verified before (by token), if it still may log in.
    ///
    /// # Errors
    /// [`ErrorKind::TokenInvalid`] when the user is gone or may not log in any more.
    pub fn caller(&self, user: UserId) -> Result<Caller> {
        match self.catalog().user(user) {
            Some(user) if user.may_log_in => Ok(Caller { user: user.id, name: user.name.clone() }),
            _ => Err(ErrorKind::TokenInvalid {}.into()),
        }
    }

    /// How many passwords were hashed or checked since the start; remembered ones do not count.
    #[must_use]
    pub fn password_checks(&self) -> u64 {
        self.parts.passwords.computed()
    }

    async fn hash_given(&self, password: Option<&str>) -> Result<Option<String>> {
        match password {
            None => Ok(None),
            Some(password) => Ok(Some(self.parts.passwords.hash(password).await?)),
        }
    }
}

/// A colon ends the user's name where name and password come as one text: nobody could log in.
fn check_user_name(name: &str) -> Result<()> {
    check_name(name)?;
    if name.contains(':') {
        let reason = "the name of a user or role holds no colon".to_owned();
        return Err(ErrorKind::InvalidName { name: name.to_owned(), reason }.into());
    }
    Ok(())
}

/// A member of `admin` is managed by members of `admin` only, so that nobody rises by a password.
fn require_may_manage(catalog: &Catalog, caller: &Caller, user: UserId) -> Result<()> {
    user_name(catalog, user)?;
    require_user_management(catalog, caller)?;
    if Rights::of(catalog, user).is_admin && !Rights::of(catalog, caller.user).is_admin {
        return Err(denied(catalog, caller, Privilege::ManageUsers, Scope::All));
    }
    Ok(())
}

fn require_may_change(catalog: &Catalog, caller: &Caller, user: UserId, change: &UserChange) -> Result<()> {
    let only_password = change.may_log_in.is_none()
        && change.valid_until_ms.is_none()
        && change.may_create_roles.is_none()
        && matches!(change.password, Some(Some(_)));
    if user == caller.user && only_password {
        user_name(catalog, user)?;
        return Ok(());
    }
    require_may_manage(catalog, caller, user)
}
