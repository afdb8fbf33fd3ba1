//! What is handed to the write path: one request, decided whole and logged as one
//! record, or a block of what one record publishes later.

use crate::{Cells, ColumnId, KeyBytes, KeyHash, TableId, TimeBounds, key_hash};
use serde::{Deserialize, Serialize};
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

/// How a row meets an older row of the same identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WriteKind {
    /// The new row takes the older one's place; absent cells become NULL.
    Replace,
    /// Absent cells keep what the older row has, NULL erases, a value overwrites.
    Merge,
    /// The older row stays and the new one is dropped; decided before it is logged.
    KeepFirst,
    /// Like [`WriteKind::KeepFirst`], but an older row fails the whole request with
    /// [`crate::ErrorKind::DuplicateKey`]: INSERT into a keyed table. Without rows, to register
    /// series: a series that is there does.
    FailOnDuplicate,
    /// The older row goes.
    Erase,
}

/// What a write does to the attributes of the series that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttributePolicy {
    /// The cells given become the current values.
    Set,
    /// The cells given count only for a series that is new.
    OnlyIfNew,
}

/// Rows for one table, as columns.
///
/// - Key columns: every one of them, or a missing one counts as NULL.
/// - Series table: with the time column, rows; without it, series are registered and attributes
///   applied, and no row is written.
/// - `Erase` batches hold key columns and time only.
/// - Columns left out are absent in every row.
#[derive(Clone, Debug)]
pub struct WriteBatch {
    /// Where the rows go.
    pub table: TableId,
    /// The definition that the batch was made for; on a mismatch the write is refused with
    /// [`crate::ErrorKind::SchemaChanged`] and the caller makes the batch anew.
    pub schema_version: u32,
    /// How rows meet older rows.
    pub kind: WriteKind,
    /// What happens to attributes.
    pub attributes: AttributePolicy,
    /// The number of rows; every column has as many cells.
    pub rows: usize,
    /// The columns, each at most once, with cells of the column's current type.
    pub columns: Vec<(ColumnId, Cells)>,
}

impl WriteBatch {
    /// The cells of a column, if the batch has it.
    #[must_use]
    pub fn column(&self, id: ColumnId) -> Option<&Cells> {
        self.columns.iter().find(|(c, _)| *c == id).map(|(_, cells)| cells)
    }
}

/// Which series or keys a deletion covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeySelection {
    /// All of them.
    All,
    /// Those with one of these hashes.
    Hashes(Arc<[KeyHash]>),
    /// Those in a range of key bytes; keyed tables only.
    Range {
        /// Where it begins.
        first: Bound<KeyBytes>,
        /// Where it ends.
        last: Bound<KeyBytes>,
    },
}

impl KeySelection {
    /// Whether it covers a key.
    #[must_use]
    pub fn covers(&self, key: &[u8]) -> bool {
        match self {
            Self::All => true,
            Self::Hashes(hashes) => hashes.contains(&key_hash(key)),
            Self::Range { first, last } => {
                let (first, last) = (first.as_ref().map(|key| &*key.0), last.as_ref().map(|key| &*key.0));
                RangeBounds::<[u8]>::contains::<[u8]>(&(first, last), key)
            }
        }
    }
}

/// Deletes every row of the selected keys inside the time range, whatever its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeDelete {
    /// Where.
    pub table: TableId,
    /// Whose rows.
    pub keys: KeySelection,
    /// When, in the table's unit; [`TimeBounds::ALL`] for keyed tables.
    pub time: TimeBounds,
    /// Whether the selected series themselves, with their attributes, end too.
    pub drop_series: bool,
}

/// One part of a request.
#[derive(Clone, Debug)]
pub enum WritePart {
    /// Rows to write, or to erase.
    Rows(WriteBatch),
    /// A deletion that needs no look at any value.
    Delete(RangeDelete),
}

/// Everything that one statement writes. It takes one number; inside it erasures and deletions
/// come first, then rows in order.
#[derive(Clone, Debug, Default)]
pub struct WriteRequest {
    /// Its parts; a keyed table's unique sets are parts of their own.
    pub parts: Vec<WritePart>,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteOutcome {
    /// Rows that were accepted.
    pub accepted: u64,
    /// Rows that [`WriteKind::KeepFirst`] dropped.
    pub discarded: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_covers_what_it_says() {
        let key = |bytes: &[u8]| KeyBytes(bytes.into());
        let keys: [&[u8]; 5] = [&[], &[1], &[1, 0], &[1, 5], &[2]];
        let covered = |selection: &KeySelection| keys.map(|key| u8::from(selection.covers(key)));
        let range = |first, last| KeySelection::Range { first, last };
        assert_eq!(covered(&KeySelection::All), [1; 5]);
        assert_eq!(covered(&KeySelection::Hashes([key_hash(&[1, 5]), key_hash(&[])].into())), [1, 0, 0, 1, 0]);
        assert_eq!(covered(&range(Bound::Unbounded, Bound::Unbounded)), [1; 5]);
        assert_eq!(covered(&range(Bound::Included(key(&[1])), Bound::Excluded(key(&[2])))), [0, 1, 1, 1, 0]);
        assert_eq!(covered(&range(Bound::Excluded(key(&[1])), Bound::Included(key(&[1, 5])))), [0, 0, 1, 1, 0]);
        assert_eq!(covered(&range(Bound::Excluded(key(&[1])), Bound::Excluded(key(&[1, 0])))), [0; 5]);
        assert_eq!(covered(&range(Bound::Included(key(&[2])), Bound::Included(key(&[])))), [0; 5]);
    }
}
