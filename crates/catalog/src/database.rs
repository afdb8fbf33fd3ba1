//! Databases.

use model::DatabaseId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a database was made for. Tables of any kind may live in any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DatabaseLabel {
    /// Made for time series.
    TimeSeries,
    /// Made for relational tables.
    Relational,
    /// Made for anything.
    Any,
}

/// A database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Database {
    /// Its identity.
    pub id: DatabaseId,
    /// Its name, exactly as created.
    pub name: String,
    /// What it was made for.
    pub label: DatabaseLabel,
    /// Length of a time partition of its tables in seconds, unless a table says otherwise.
    pub partition_seconds: Option<u64>,
    /// How long rows of its tables are kept, in seconds; 0 or `None`: for ever.
    pub retention_seconds: Option<u64>,
    /// A remark for people.
    pub comment: Option<String>,
    /// What dialects recorded about it, by dialect-prefixed key, shown back by them.
    pub properties: BTreeMap<String, String>,
}
