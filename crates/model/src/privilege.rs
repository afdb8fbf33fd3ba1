//! Who may do what where.

use crate::{DatabaseId, TableId, UserId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One thing that a user may be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Privilege {
    /// Read rows.
    Select,
    /// Write new rows.
    Insert,
    /// Change rows and attributes.
    Update,
    /// Delete rows.
    Delete,
    /// Make databases or tables.
    Create,
    /// Drop databases or tables.
    Drop,
    /// Change the shape of tables and databases.
    Alter,
    /// Pass privileges on.
    Grant,
    /// Make, change and drop users and roles.
    ManageUsers,
    /// Change the server's settings.
    Settings,
    /// See and end other users' sessions and queries.
    SeeSessions,
}

impl Privilege {
    /// Every privilege.
    pub const ALL: [Self; 11] = [
        Self::Select,
        Self::Insert,
        Self::Update,
        Self::Delete,
        Self::Create,
        Self::Drop,
        Self::Alter,
        Self::Grant,
        Self::ManageUsers,
        Self::Settings,
        Self::SeeSessions,
    ];
}

impl fmt::Display for Privilege {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Create => "CREATE",
            Self::Drop => "DROP",
            Self::Alter => "ALTER",
            Self::Grant => "GRANT",
            Self::ManageUsers => "MANAGE USERS",
            Self::Settings => "SETTINGS",
            Self::SeeSessions => "SEE SESSIONS",
        })
    }
}

/// A set of privileges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Privileges(u16);

impl Privileges {
    /// No privilege.
    pub const NONE: Self = Self(0);

    /// Every privilege.
    #[must_use]
    pub fn all() -> Self {
        Privilege::ALL.into_iter().collect()
    }

    /// Whether it holds one.
    #[must_use]
    pub const fn contains(self, privilege: Privilege) -> bool {
        self.0 & (1 << privilege as u16) != 0
    }

    /// Whether it holds all of another set.
    #[must_use]
    pub const fn contains_all(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This set without another.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its members, in the order of [`Privilege::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Privilege> {
        Privilege::ALL.into_iter().filter(move |p| self.contains(*p))
    }
}

impl FromIterator<Privilege> for Privileges {
    fn from_iter<I: IntoIterator<Item = Privilege>>(iter: I) -> Self {
        Self(iter.into_iter().fold(0, |set, p| set | 1 << p as u16))
    }
}

/// Where a privilege holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// Everywhere.
    All,
    /// In one database and all of its tables.
    Database(DatabaseId),
    /// On one table.
    Table(TableId),
}

/// Privileges given to one user or role in one scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Who has them.
    pub grantee: UserId,
    /// Where they hold.
    pub scope: Scope,
    /// What they are.
    pub privileges: Privileges,
    /// Those of them that the grantee may pass on.
    pub grantable: Privileges,
}
