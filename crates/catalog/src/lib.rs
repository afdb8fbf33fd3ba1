//! What exists and who may touch it: databases, tables, users, grants, settings, and the manifest
//! of segments. In memory as one immutable [`Catalog`] per version, on disk in redb over `files`.
//!
//! Two verbs: [`CatalogStore::snapshot`] never waits; [`CatalogStore::commit`] is durable when it
//! returns and refuses a version that is not the newest. Nothing outside this crate knows redb.

mod change;
mod database;
mod load;
mod manifest;
#[cfg(test)]
mod sample;
mod snapshot;
mod store;
mod user;

pub use change::{Change, CommitError};
pub use database::{Database, DatabaseLabel};
pub use load::{Load, LoadState};
pub use manifest::{LogFiles, PackedSeries, SegmentEntry, TableManifest, Tombstone};
pub use snapshot::Catalog;
#[cfg(any(test, fuzzing))]
pub use store::fuzzing;
pub use store::{Export, ImportedCatalog, RedbCatalog};
pub use user::{Membership, User};

use async_trait::async_trait;
use model::Result;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

/// The catalogue of one store.
#[async_trait]
pub trait CatalogStore: Debug + Send + Sync {
    /// The newest committed version, from memory.
    fn snapshot(&self) -> Arc<Catalog>;

    /// Applies changes in order, all or none, durably. `expected` is the version that the changes
    /// were made for; `None` when they hold for any version (manifest, settings). Gives the new
    /// version. Once begun it runs to its end, also when the future is dropped.
    async fn commit(&self, expected: Option<u64>, changes: Vec<Change>) -> Result<u64, CommitError>;

    /// Takes ids that nothing else will ever get, for databases, tables, users and segments.
    async fn take_ids(&self, count: u64) -> Result<Range<u64>>;
}
