//! What every store has from its first start, and the names that nobody else may take.

use crate::Engine;
use catalog::{Change, Database, DatabaseLabel, Membership, User};
use model::{DatabaseId, Error, Result, UserId};
use std::collections::BTreeMap;

/// The superuser. It has no password until one is set, and is a member of [`ADMIN_ROLE`].
pub const ROOT_USER: &str = "root";
/// The role whose members may do everything.
pub const ADMIN_ROLE: &str = "admin";
/// Where unqualified names of a connection without a database are looked up.
pub const DEFAULT_DATABASE: &str = "defaultdb";
/// Databases that every store has; they cannot be dropped.
pub const BUILT_IN_DATABASES: [(&str, DatabaseLabel); 3] = [
    (DEFAULT_DATABASE, DatabaseLabel::Any),
    ("postgres", DatabaseLabel::Relational),
    ("system", DatabaseLabel::Relational),
];
/// Names of databases that dialects compute and nobody can make.
pub const RESERVED_DATABASES: [&str; 2] = ["information_schema", "performance_schema"];

/// Whether every store has a database of that name.
pub(crate) fn is_built_in(name: &str) -> bool {
    BUILT_IN_DATABASES.iter().any(|(built_in, _)| *built_in == name)
}

impl Engine {
    /// Makes, in one commit, what is missing of the built-in things.
    pub(crate) async fn bootstrap(&self) -> Result<()> {
        let missing = {
            let catalog = self.catalog();
            let users = [ADMIN_ROLE, ROOT_USER].iter().filter(|name| catalog.user_named(name).is_none()).count();
            users + BUILT_IN_DATABASES.iter().filter(|(name, _)| catalog.database_named(name).is_none()).count()
        };
        if missing == 0 {
            return Ok(());
        }
        let ids = self.parts.catalog.take_ids(missing as u64).await?;
        self.change_schema(|catalog| {
            let mut ids = ids.clone();
            let mut next = || ids.next().ok_or_else(|| Error::internal("too few ids for the built-in things"));
            let mut changes = Vec::new();
            let mut members = Vec::new();
            for (name, is_role) in [(ADMIN_ROLE, true), (ROOT_USER, false)] {
                let id = match catalog.user_named(name) {
                    Some(user) => user.id,
                    None => {
                        let id = UserId(next()?);
                        changes.push(Change::PutUser(User {
                            id,
                            name: name.to_owned(),
                            is_role,
                            may_log_in: !is_role,
                            password_hash: None,
                            valid_until_ms: None,
                            may_create_roles: true,
                        }));
                        id
                    }
                };
                members.push(id);
            }
            if let [role, member] = members[..] {
                changes.push(Change::PutMembership(Membership { role, member, admin: true }));
            }
            for (name, label) in BUILT_IN_DATABASES {
                if catalog.database_named(name).is_none() {
                    changes.push(Change::PutDatabase(Database {
                        id: DatabaseId(next()?),
                        name: name.to_owned(),
                        label,
                        partition_seconds: None,
                        retention_seconds: None,
                        comment: None,
                        properties: BTreeMap::new(),
                    }));
                }
            }
            Ok((changes, ()))
        })
        .await
    }
}
