//! What a scan reads, as plain data: its sources, each of which can be told apart from all others
//! on every machine, and what else decides which rows come.
//!
//! A description is made of a view and opened on a store, which today must be the one that the
//! unflushed rows are in. Opened, it gives the rows of the view, as long as its sources exist; the
//! view itself keeps them alive.

mod describe;
mod encoding;
mod open;

pub(crate) use describe::{DescribedView, DescribedViews};

use crate::{KeyRange, Storage, TableView};
use catalog::{SegmentEntry, Tombstone};
use model::{ColumnId, Error, KeyHash, Result, Sequence, TableId, TimeBounds};
use std::fmt;

/// A store while it is open: whoever accepts writes and has those in memory that are in no segment
/// yet. Never issued again.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct WriterId(pub u128);

impl WriterId {
    pub(crate) fn issue() -> Result<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|e| Error::internal(format!("random bytes: {e}")))?;
        Ok(Self(u128::from_le_bytes(bytes)))
    }
}

impl fmt::Display for WriterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for WriterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One source of rows.
#[derive(Clone, Debug, PartialEq)]
pub enum SourceDescription {
    /// A segment, as the manifest has it.
    Segment(SegmentEntry),
    /// The rows of a writer that were in no segment.
    Unflushed {
        /// Who has them.
        writer: WriterId,
        /// Rows up to this number are in segments.
        after: Sequence,
        /// The newest number.
        up_to: Sequence,
    },
}

/// Whose rows a described scan returns. Series go by the hash of their key: their ids mean nothing
/// elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub enum DescribedKeys {
    /// All rows.
    All,
    /// Rows of the series with these key hashes; series tables.
    Series(Vec<KeyHash>),
    /// Rows whose key lies in one of these ranges (sorted, disjoint); keyed tables.
    Ranges(Vec<KeyRange>),
}

/// A scan of a table at one number.
#[derive(Clone, Debug, PartialEq)]
pub struct ScanDescription {
    /// The table.
    pub table: TableId,
    /// The definition that rows are returned in.
    pub schema_version: u32,
    /// Who issued the number and knows the series that were there.
    pub writer: WriterId,
    /// The number.
    pub sequence: Sequence,
    /// The times of rows that had not expired.
    pub kept: TimeBounds,
    /// The deletions that mask rows of the sources.
    pub tombstones: Vec<Tombstone>,
    /// Where the rows are; those that the times rule out are left out.
    pub sources: Vec<SourceDescription>,
    /// The columns, in output order.
    pub columns: Vec<ColumnId>,
    /// The times asked for.
    pub time: TimeBounds,
    /// Whose rows.
    pub keys: DescribedKeys,
}

/// A described scan that was opened.
#[derive(Clone, Debug)]
pub struct OpenedScan {
    /// The table as the description has it; it shows no rows outside of the described times.
    pub view: TableView,
    /// What to ask the view for.
    pub keys: crate::ScanKeys,
}

impl ScanDescription {
    /// Its bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encoding::encode(self)
    }

    /// The description that has these bytes.
    ///
    /// # Errors
    /// [`model::ErrorKind::Internal`] saying what cannot be read: another version of the encoding,
    /// a kind of source that is not known here, damage.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        encoding::decode(bytes)
            .map_err(|e| Error::internal(format!("the description of a scan cannot be read: {}", e.0)))
    }
}

impl Storage {
    /// Who this store is to descriptions of scans; another one each time that it is opened.
    #[must_use]
    pub fn writer(&self) -> WriterId {
        self.threads.store.writer
    }

    /// Opens a described scan.
    ///
    /// # Errors
    /// [`model::ErrorKind::TableNotFound`]; [`model::ErrorKind::SchemaChanged`] when the definition
    /// is no longer there; [`model::ErrorKind::Internal`] naming a source that is not here.
    pub fn open_scan(&self, description: &ScanDescription) -> Result<OpenedScan> {
        open::open(&self.threads.store, description)
    }
}

#[cfg(test)]
mod tests;
