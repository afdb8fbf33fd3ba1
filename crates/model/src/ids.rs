//! Identities that are issued once and never reused, and the sequence.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $inner:ty) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A database; never reused, so that DROP and CREATE of one name are two databases.
    DatabaseId,
    u64
);
id!(
    /// A table, visible or hidden; unique in the whole store and never reused.
    TableId,
    u64
);
id!(
    /// A column; unique within its table and never reused there. It is the Parquet `field_id`.
    ColumnId,
    u32
);
id!(
    /// A user or a role.
    UserId,
    u64
);
id!(
    /// A series within one data directory: memory and log use it, segments never do.
    SeriesId,
    u32
);
id!(
    /// A load of several blocks that one record publishes together; never reused.
    LoadId,
    u64
);
id!(
    /// A position in the one order of all writes, deletes and schema changes. A hybrid clock:
    /// the greater of the last number plus one and the current time in microseconds.
    Sequence,
    u64
);

impl Sequence {
    /// Lies before every number that is ever issued.
    pub const ZERO: Self = Self(0);
    /// Lies after every number that is ever issued.
    pub const MAX: Self = Self(u64::MAX);
}
