//! Changes of the catalogue: built on one snapshot, committed for its version, built anew when
//! another commit came first. What makes or drops tables and databases takes a number in order
//! with all writes.

use crate::Engine;
use catalog::{Catalog, Change, CommitError};
use model::{Error, ErrorKind, Result};

/// Only storage's own commits (flush, changed definitions) can come between, so that few attempts
/// are enough; the limit turns a fault into an error instead of a loop.
const ATTEMPTS_MAX: usize = 1_000;

/// What a change is ordered with.
#[derive(Clone, Copy)]
enum Order {
    /// Other changes of the catalogue.
    OfVersions,
    /// All writes, too: it takes a number of theirs.
    OfWrites,
}

impl Engine {
    /// Builds changes from the newest snapshot, with every check that they need, and commits them.
    pub(crate) async fn change_catalog<T>(
        &self,
        build: impl Fn(&Catalog) -> Result<(Vec<Change>, T)> + Send,
    ) -> Result<T> {
        self.change(Order::OfVersions, build).await
    }

    /// The same for changes that make or drop tables or databases.
    pub(crate) async fn change_schema<T>(
        &self,
        build: impl Fn(&Catalog) -> Result<(Vec<Change>, T)> + Send,
    ) -> Result<T> {
        self.change(Order::OfWrites, build).await
    }

    async fn change<T>(&self, order: Order, build: impl Fn(&Catalog) -> Result<(Vec<Change>, T)> + Send) -> Result<T> {
        let _turn = self.parts.catalog_turn.lock().await;
        for _ in 0..ATTEMPTS_MAX {
            let (version, changes, made) = {
                let catalog = self.catalog();
                let (changes, made) = build(&catalog)?;
                (catalog.version, changes, made)
            };
            let committed = match order {
                Order::OfVersions => self.parts.catalog.commit(Some(version), changes).await.map(drop),
                Order::OfWrites => self.parts.storage.change_schema(version, changes).await.map(drop),
            };
            match committed {
                Ok(()) => return Ok(made),
                Err(CommitError::Conflict) => {}
                Err(CommitError::Failed(error)) => return Err(error),
            }
        }
        Err(Error::new(ErrorKind::Overloaded { what: "the catalogue changes too often".to_owned() }))
    }
}
