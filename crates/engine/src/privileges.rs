//! Who may do what: one check for every door, on one snapshot of the catalogue; and grants.

use crate::bootstrap::ADMIN_ROLE;
use crate::{Caller, Engine};
use catalog::{Catalog, Change, Membership};
use model::{Error, ErrorKind, Grant, Privilege, Privileges, Result, Scope, UserId};
use std::collections::BTreeSet;

impl Engine {
    /// Whether the caller may do this there, by itself or by a role; members of `admin` may do
    /// everything.
    #[must_use]
    pub fn may(&self, caller: &Caller, privilege: Privilege, scope: Scope) -> bool {
        Rights::of(&self.catalog(), caller.user).allow(privilege, scope)
    }

    /// Fails when the caller may not.
    ///
    /// # Errors
    /// [`ErrorKind::PermissionDenied`] naming the object.
    pub fn require(&self, caller: &Caller, privilege: Privilege, scope: Scope) -> Result<()> {
        require_on(&self.catalog(), caller, privilege, scope)
    }

    /// Whether the caller is a member of the role `admin`, directly or not.
    #[must_use]
    pub fn is_admin(&self, caller: &Caller) -> bool {
        Rights::of(&self.catalog(), caller.user).is_admin
    }

    /// Gives privileges, on top of what the grantee has in that scope.
    ///
    /// # Errors
    /// An unknown grantee or object; a privilege that the caller may not pass on there.
    pub async fn grant(&self, caller: &Caller, grant: Grant) -> Result<()> {
        self.change_catalog(|catalog| {
            require_pass_on(catalog, caller, grant.privileges.union(grant.grantable), grant.scope)?;
            let mut whole = existing_grant(catalog, grant.grantee, grant.scope)?;
            whole.privileges = whole.privileges.union(grant.privileges).union(grant.grantable);
            whole.grantable = whole.grantable.union(grant.grantable);
            Ok((vec![Change::PutGrant(whole)], ()))
        })
        .await
    }

    /// Takes privileges away that were given in exactly that scope.
    ///
    /// # Errors
    /// An unknown grantee or object; a privilege that the caller may not pass on there.
    pub async fn revoke(&self, caller: &Caller, grantee: UserId, scope: Scope, privileges: Privileges) -> Result<()> {
        self.change_catalog(|catalog| {
            require_pass_on(catalog, caller, privileges, scope)?;
            let mut rest = existing_grant(catalog, grantee, scope)?;
            rest.privileges = rest.privileges.without(privileges);
            rest.grantable = rest.grantable.without(privileges);
            let change =
                if rest.privileges.is_empty() { Change::RemoveGrant(grantee, scope) } else { Change::PutGrant(rest) };
            Ok((vec![change], ()))
        })
        .await
    }

    /// Makes a user or role a member of a role; with `admin` it may add others.
    ///
    /// # Errors
    /// Unknown users, a role that would be a member of itself, a caller that may not.
    pub async fn grant_role(&self, caller: &Caller, role: UserId, member: UserId, admin: bool) -> Result<()> {
        self.change_catalog(|catalog| {
            require_role_admin(catalog, caller, role)?;
            user_name(catalog, member)?;
            if roles_of(catalog, role).contains(&member) {
                let (role, member) = (user_name(catalog, role)?, user_name(catalog, member)?);
                let reason = format!("making \"{member}\" a member of \"{role}\" would make a cycle");
                return Err(ErrorKind::InvalidDefinition { reason }.into());
            }
            let admin = admin || membership(catalog, role, member).is_some_and(|m| m.admin);
            Ok((vec![Change::PutMembership(Membership { role, member, admin })], ()))
        })
        .await
    }

    /// Ends a membership, or with `only_admin` just the right to add others.
    ///
    /// # Errors
    /// Unknown users, a caller that may not, `root` leaving `admin`.
    pub async fn revoke_role(&self, caller: &Caller, role: UserId, member: UserId, only_admin: bool) -> Result<()> {
        self.change_catalog(|catalog| {
            require_role_admin(catalog, caller, role)?;
            let name = user_name(catalog, member)?;
            if name == crate::ROOT_USER && user_name(catalog, role)? == ADMIN_ROLE {
                let reason = format!("\"{name}\" stays a member of \"{ADMIN_ROLE}\"");
                return Err(ErrorKind::InvalidDefinition { reason }.into());
            }
            let changes = match membership(catalog, role, member) {
                None => Vec::new(),
                Some(_) if only_admin => vec![Change::PutMembership(Membership { role, member, admin: false })],
                Some(_) => vec![Change::RemoveMembership { role, member }],
            };
            Ok((changes, ()))
        })
        .await
    }
}

/// What one user may do, on one snapshot.
pub(crate) struct Rights<'a> {
    catalog: &'a Catalog,
    /// The user and every role that it is in.
    identities: BTreeSet<UserId>,
    /// Whether it is in `admin`.
    pub(crate) is_admin: bool,
}

impl<'a> Rights<'a> {
    /// The rights of a user; none after it was dropped.
    pub(crate) fn of(catalog: &'a Catalog, user: UserId) -> Self {
        let identities = if catalog.user(user).is_some() { roles_of(catalog, user) } else { BTreeSet::new() };
        let is_admin = catalog.user_named(ADMIN_ROLE).is_some_and(|role| identities.contains(&role.id));
        Self { catalog, identities, is_admin }
    }

    /// Whether this is allowed there.
    pub(crate) fn allow(&self, privilege: Privilege, scope: Scope) -> bool {
        self.is_admin || self.grants_over(scope).any(|grant| grant.privileges.contains(privilege))
    }

    /// Whether this may be passed on there: with `grant` what one has oneself, else what was given
    /// with the grant option.
    fn allow_passing_on(&self, privilege: Privilege, scope: Scope) -> bool {
        self.is_admin
            || self.grants_over(scope).any(|grant| grant.grantable.contains(privilege))
            || (self.allow(Privilege::Grant, scope) && self.allow(privilege, scope))
    }

    /// Grants whose scope holds the given one.
    fn grants_over(&self, scope: Scope) -> impl Iterator<Item = &Grant> {
        let database = match scope {
            Scope::All => None,
            Scope::Database(id) => Some(id),
            Scope::Table(id) => self.catalog.table(id).map(|table| table.database),
        };
        self.identities.iter().flat_map(|identity| self.catalog.grants_of(*identity)).filter(move |grant| {
            match grant.scope {
                Scope::All => true,
                Scope::Database(id) => database == Some(id),
                Scope::Table(_) => grant.scope == scope,
            }
        })
    }
}

/// Fails with [`ErrorKind::PermissionDenied`] unless the caller may do this there.
pub(crate) fn require_on(catalog: &Catalog, caller: &Caller, privilege: Privilege, scope: Scope) -> Result<()> {
    if Rights::of(catalog, caller.user).allow(privilege, scope) {
        return Ok(());
    }
    Err(denied(catalog, caller, privilege, scope))
}

/// Fails unless the caller is allowed something everywhere, or may make users by itself.
pub(crate) fn require_user_management(catalog: &Catalog, caller: &Caller) -> Result<()> {
    if catalog.user(caller.user).is_some_and(|user| user.may_create_roles) {
        return Ok(());
    }
    require_on(catalog, caller, Privilege::ManageUsers, Scope::All)
}

/// The error of a caller that may not.
pub(crate) fn denied(catalog: &Catalog, caller: &Caller, privilege: Privilege, scope: Scope) -> Error {
    let (object_kind, object) = match scope {
        Scope::All => ("server", String::new()),
        // Grants go with what they are on: who held one must not read that he lacks it.
        Scope::Database(id) => match catalog.database(id) {
            Some(database) => ("database", database.name.clone()),
            None => return catalog.no_database(id),
        },
        Scope::Table(id) => match catalog.table(id) {
            Some(table) => ("table", table.name.clone()),
            None => return catalog.no_table(id),
        },
    };
    ErrorKind::PermissionDenied { user: caller.name.clone(), privilege, object_kind, object }.into()
}

/// A user's or role's name.
pub(crate) fn user_name(catalog: &Catalog, id: UserId) -> Result<&str> {
    let user = catalog.user(id).ok_or_else(|| catalog.no_user(id))?;
    Ok(&user.name)
}

/// Every role that a user or role is in, directly or not, and itself.
pub(crate) fn roles_of(catalog: &Catalog, user: UserId) -> BTreeSet<UserId> {
    let mut found = BTreeSet::from([user]);
    let mut open = vec![user];
    while let Some(member) = open.pop() {
        for membership in catalog.memberships().filter(|m| m.member == member) {
            if found.insert(membership.role) {
                open.push(membership.role);
            }
        }
    }
    found
}

fn membership(catalog: &Catalog, role: UserId, member: UserId) -> Option<&Membership> {
    catalog.memberships().find(|m| m.role == role && m.member == member)
}

fn require_pass_on(catalog: &Catalog, caller: &Caller, privileges: Privileges, scope: Scope) -> Result<()> {
    match scope {
        Scope::All => {}
        Scope::Database(id) => {
            catalog.database(id).ok_or_else(|| catalog.no_database(id))?;
        }
        Scope::Table(id) => {
            crate::visible_table(catalog, id)?;
        }
    }
    let rights = Rights::of(catalog, caller.user);
    if privileges.iter().all(|privilege| rights.allow_passing_on(privilege, scope)) {
        return Ok(());
    }
    Err(denied(catalog, caller, Privilege::Grant, scope))
}

/// Members of `admin`, members with the admin option and, for roles that are not in `admin`
/// themselves, whoever manages users.
fn require_role_admin(catalog: &Catalog, caller: &Caller, role: UserId) -> Result<()> {
    user_name(catalog, role)?;
    let rights = Rights::of(catalog, caller.user);
    let by_option = catalog.memberships().any(|m| m.role == role && m.admin && rights.identities.contains(&m.member));
    if rights.is_admin || by_option {
        return Ok(());
    }
    if Rights::of(catalog, role).is_admin {
        return Err(denied(catalog, caller, Privilege::ManageUsers, Scope::All));
    }
    require_user_management(catalog, caller)
}

fn existing_grant(catalog: &Catalog, grantee: UserId, scope: Scope) -> Result<Grant> {
    user_name(catalog, grantee)?;
    let found = catalog.grants_of(grantee).find(|grant| grant.scope == scope);
    Ok(found.copied().unwrap_or(Grant { grantee, scope, privileges: Privileges::NONE, grantable: Privileges::NONE }))
}
