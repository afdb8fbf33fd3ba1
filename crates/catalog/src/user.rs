//! Users and roles: one directory for every dialect.

use model::UserId;
use serde::{Deserialize, Serialize};

/// A user, or a role that other users are members of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// Its identity.
    pub id: UserId,
    /// Its name, exactly as created.
    pub name: String,
    /// Whether it was made as a role.
    pub is_role: bool,
    /// Whether it may log in.
    pub may_log_in: bool,
    /// The argon2id hash of its password as a PHC string; `None`: it cannot log in by password.
    pub password_hash: Option<String>,
    /// The last moment at which the password counts, in milliseconds since 1970.
    pub valid_until_ms: Option<i64>,
    /// Whether it may make other users and roles.
    pub may_create_roles: bool,
}

/// A member of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Membership {
    /// The role.
    pub role: UserId,
    /// The user or role that has everything the role has.
    pub member: UserId,
    /// Whether the member may add others.
    pub admin: bool,
}
