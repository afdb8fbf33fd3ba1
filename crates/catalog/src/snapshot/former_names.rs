//! Names of what was dropped lately, in memory alone: whoever named a table, database or user
//! that went away before the request was done reads the name that he used, not an id.

use super::Catalog;
use model::{DatabaseId, Error, ErrorKind, TableId, UserId};
use std::collections::VecDeque;
use std::sync::Arc;

/// So many names are kept: more than can be dropped while one request looks for its table.
const KEPT_MAX: usize = 4_096;

/// Names by id, the oldest first. Ids of all kinds come from one row of numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct FormerNames(Arc<VecDeque<(u64, Arc<str>)>>);

impl FormerNames {
    pub(super) fn keep(&mut self, id: u64, name: &str) {
        let names = Arc::make_mut(&mut self.0);
        if names.len() >= KEPT_MAX {
            names.pop_front();
        }
        names.push_back((id, name.into()));
    }

    fn name(&self, id: u64) -> Option<&str> {
        self.0.iter().rev().find(|(of, _)| *of == id).map(|(_, name)| &**name)
    }

    fn shown(&self, id: u64) -> String {
        self.name(id).map_or_else(|| format!("#{id}"), str::to_owned)
    }
}

/// What a catalogue remembers of former times makes it no other catalogue.
impl PartialEq for FormerNames {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Catalog {
    /// The error that no database has that id, or not any more.
    #[must_use]
    pub fn no_database(&self, id: DatabaseId) -> Error {
        ErrorKind::DatabaseNotFound { database: self.former_names.shown(id.0) }.into()
    }

    /// The error that no table has that id, or not any more.
    #[must_use]
    pub fn no_table(&self, id: TableId) -> Error {
        ErrorKind::TableNotFound { table: self.former_names.shown(id.0) }.into()
    }

    /// The error that no user or role has that id, or not any more.
    #[must_use]
    pub fn no_user(&self, id: UserId) -> Error {
        ErrorKind::UserNotFound { user: self.former_names.shown(id.0) }.into()
    }
}
