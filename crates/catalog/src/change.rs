//! What a commit can change.

use crate::{Database, Load, Membership, TableManifest, User};
use model::{DatabaseId, Error, Grant, LoadId, Scope, Sequence, Table, TableId, UserId};
use serde::{Deserialize, Serialize};

/// One change; `Put` replaces what has the same identity.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Change {
    /// Makes or changes a database.
    PutDatabase(Database),
    /// Drops a database with all that is in it, grants included.
    DropDatabase(DatabaseId),
    /// Makes or changes a table.
    PutTable(Box<Table>),
    /// Drops a table with its hidden tables, manifest and grants; its id is remembered as dropped.
    DropTable(TableId),
    /// Forgets dropped ids whose log is trimmed.
    ForgetDropped(Vec<TableId>),
    /// Makes or changes a user or role.
    PutUser(User),
    /// Drops a user with grants and memberships.
    DropUser(UserId),
    /// Sets what a grantee has in a scope; an empty set removes the grant.
    PutGrant(Grant),
    /// Removes what a grantee has in a scope.
    RemoveGrant(UserId, Scope),
    /// Makes a user a member of a role.
    PutMembership(Membership),
    /// Ends a membership.
    RemoveMembership {
        /// The role.
        role: UserId,
        /// The member.
        member: UserId,
    },
    /// Sets a setting by its name; `None` back to the default.
    PutSetting(String, Option<String>),
    /// Replaces a table's list of files.
    PutManifest(TableId, TableManifest),
    /// Records a sequence number that was reached.
    PutSequence(Sequence),
    /// A log file may hold records from now on, and must be there.
    BeginLogFile(u64),
    /// Log files below this one are no longer needed.
    TrimLog(u64),
    /// Opens or settles a load that has a label.
    PutLoad(Load),
    /// Forgets loads that are settled.
    ForgetLoads(Vec<LoadId>),
}

/// Why a commit did not happen.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Another commit came first: look at the new snapshot and try again.
    #[error("the catalogue changed meanwhile")]
    Conflict,
    /// It could not be made durable.
    #[error(transparent)]
    Failed(#[from] Error),
}
