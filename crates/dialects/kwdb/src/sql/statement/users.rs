//! Users, roles, privileges.

use super::{Name, TableName};

/// `CREATE USER|ROLE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateUser {
    /// Whether the word was ROLE: no LOGIN unless asked for.
    pub role: bool,
    /// Whether an existing one is no error.
    pub if_not_exists: bool,
    /// Its name.
    pub name: Name,
    /// Its options.
    pub options: UserOptions,
}

/// `ALTER USER|ROLE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlterUser {
    /// Whether the word was ROLE.
    pub role: bool,
    /// Whether a missing one is no error.
    pub if_exists: bool,
    /// Which one.
    pub name: Name,
    /// What to change.
    pub options: UserOptions,
}

/// The options of a user; what is not given stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserOptions {
    /// `PASSWORD ..`
    pub password: Option<PasswordChange>,
    /// `LOGIN` or `NOLOGIN`
    pub login: Option<bool>,
    /// `CREATEROLE` or `NOCREATEROLE`
    pub create_role: Option<bool>,
    /// `VALID UNTIL ..`: inner `None` for NULL, which ends the limit.
    pub valid_until: Option<Option<String>>,
}

/// What happens to a password.
#[derive(Clone, PartialEq, Eq)]
pub enum PasswordChange {
    /// It becomes this text.
    Set(String),
    /// `PASSWORD NULL`: none, so no login by password.
    Remove,
}

impl std::fmt::Debug for PasswordChange {
    /// Never shows the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Set(_) => "Set(..)",
            Self::Remove => "Remove",
        })
    }
}

/// `GRANT` or `REVOKE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// Privileges on databases or tables.
    Privileges(GrantPrivileges),
    /// Membership in roles.
    Roles(GrantRoles),
}

/// Privileges on databases or tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantPrivileges {
    /// Which.
    pub privileges: Vec<PrivilegeWord>,
    /// On what.
    pub target: GrantTarget,
    /// To or from whom.
    pub grantees: Vec<Name>,
    /// `WITH GRANT OPTION`, or `GRANT OPTION FOR`
    pub grant_option: bool,
}

/// A privilege as KWDB names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PrivilegeWord {
    /// `ALL [PRIVILEGES]`
    All,
    /// `CREATE`
    Create,
    /// `DROP`
    Drop,
    /// `GRANT`
    Grant,
    /// `SELECT`
    Select,
    /// `INSERT`
    Insert,
    /// `DELETE`
    Delete,
    /// `UPDATE`
    Update,
    /// `ZONECONFIG`
    ZoneConfig,
}

/// What privileges are on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantTarget {
    /// `DATABASE a, b`
    Databases(Vec<Name>),
    /// `[TABLE] a, b.c`
    Tables(Vec<TableName>),
    /// `[TABLE] *` or `d.*`: every table of a database, of the current one where missing
    AllTables(Option<Name>),
}

/// Membership in roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRoles {
    /// Which roles.
    pub roles: Vec<Name>,
    /// To or from whom.
    pub members: Vec<Name>,
    /// `WITH ADMIN OPTION`, or `ADMIN OPTION FOR`
    pub admin_option: bool,
}
