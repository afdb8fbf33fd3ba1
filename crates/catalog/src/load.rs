//! Loads that have a label: several blocks of rows that become visible together.

use model::{DatabaseId, LoadId, Sequence};
use serde::{Deserialize, Serialize};

/// How far a load has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoadState {
    /// Blocks may still come.
    Open,
    /// Its rows are there, with this number.
    Committed(Sequence),
    /// None of its rows will ever be there.
    Aborted,
}

/// A load under a label. What the log says of it counts: the catalogue is told after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// Its identity.
    pub id: LoadId,
    /// Where its label is known.
    pub database: DatabaseId,
    /// The name that whoever sends it knows it by; one load of a database that is not aborted has it.
    pub label: String,
    /// When, in microseconds since 1970, it is aborted if it is still open.
    pub deadline_micros: u64,
    /// How far it has come.
    pub state: LoadState,
}
