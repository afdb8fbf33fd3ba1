//! Who asks.

use model::UserId;

/// A verified user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user.
    pub user: UserId,
    /// Its name, for errors and lists.
    pub name: String,
}
