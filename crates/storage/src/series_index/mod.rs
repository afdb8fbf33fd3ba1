//! The series of one table: key bytes and hash to local id, attributes, newest time.
//!
//! A series is listed for a reader once the write that made it is visible, and no longer once the
//! deletion that ended it is. Attributes show their current, published value. Ids are dense and
//! never used again; entries of ended series stay until the next start, for rows that speak of
//! them.

mod attributes;
mod checkpoint;
mod checkpoint_file;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod key_values;
mod rebuild;
mod snapshot;

pub(crate) use attributes::{AttributeValue, Attributes};
pub(crate) use checkpoint::{Checkpoints, DIRECTORY};
pub(crate) use key_values::decode_nth;
pub(crate) use rebuild::rebuild;
pub(crate) use snapshot::{SeriesSnapshot, series_column, wanted};

use hashbrown::HashTable;
use model::{KeyBytes, KeyHash, KeySelection, Sequence, SeriesId, key_hash};
use std::collections::VecDeque;
use std::sync::Arc;

/// One series.
#[derive(Clone, Debug)]
pub(crate) struct SeriesEntry {
    pub(crate) key: Box<[u8]>,
    pub(crate) hash: KeyHash,
    /// See [`Attributes`].
    pub(crate) attributes: Box<[u8]>,
    /// The number of the write that made it.
    pub(crate) created: Sequence,
    /// The number of the deletion that ended it; the greatest while it lives.
    pub(crate) dropped: Sequence,
    /// No row of it has a later time.
    pub(crate) newest: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Made(SeriesId),
    Ended(SeriesId),
}

/// The series of one table.
#[derive(Debug, Default)]
pub(crate) struct SeriesIndex {
    /// By id; `None` for those that ended before the checkpoint.
    entries: Vec<Option<SeriesEntry>>,
    /// The living ones, by hash.
    by_hash: HashTable<SeriesId>,
    /// What happened after the snapshot, in sequence order.
    events: VecDeque<(Sequence, Event)>,
    snapshot: Arc<SeriesSnapshot>,
    /// Grows with each published change of attributes.
    attribute_version: u64,
    /// Changes of attributes that are queued and not published.
    pending_attributes: usize,
    /// The number up to which the newest checkpoint holds everything.
    mark: Sequence,
    /// The newest number that made, ended or changed a series.
    newest_change: Sequence,
    /// The newest number that ended a series.
    newest_end: Sequence,
}

impl SeriesIndex {
    /// How many ids were issued; the next one is this.
    pub(crate) fn next_id(&self) -> u32 {
        u32::try_from(self.entries.len()).unwrap_or(u32::MAX)
    }

    /// How many series live.
    pub(crate) fn living(&self) -> usize {
        self.by_hash.len()
    }

    /// All series made up to a number have lower ids than this.
    pub(crate) fn ids_at(&self, sequence: Sequence) -> u32 {
        let later = |entry: &&Option<SeriesEntry>| entry.as_ref().is_some_and(|e| e.created > sequence);
        let later = self.entries.iter().rev().take_while(later).count();
        self.next_id().saturating_sub(u32::try_from(later).unwrap_or(u32::MAX))
    }

    /// The living series with a key.
    pub(crate) fn find(&self, key: &[u8], hash: KeyHash) -> Option<SeriesId> {
        self.by_hash.find(short(hash), |id| self.entry(*id).is_some_and(|e| e.hash == hash && *e.key == *key)).copied()
    }

    /// Whether some series may have ended after a number.
    pub(crate) fn ended_after(&self, sequence: Sequence) -> bool {
        self.newest_end > sequence
    }

    /// Whether a reader at the newest visible number lists a series with a key.
    pub(crate) fn is_listed(&self, key: &[u8], visible: Sequence) -> bool {
        let found = self.find(key, key_hash(key)).and_then(|id| self.entry(id));
        found.is_some_and(|entry| entry.created <= visible)
    }

    pub(crate) fn entry(&self, id: SeriesId) -> Option<&SeriesEntry> {
        self.entries.get(id.0 as usize)?.as_ref()
    }

    /// The hash of a series' key, of ended ones too.
    pub(crate) fn hash_of(&self, id: SeriesId) -> Option<KeyHash> {
        self.entry(id).map(|e| e.hash)
    }

    /// The living series that a deletion selects.
    pub(crate) fn select(&self, keys: &KeySelection) -> Vec<SeriesId> {
        match keys {
            KeySelection::All => self.by_hash.iter().copied().collect(),
            KeySelection::Hashes(hashes) => hashes
                .iter()
                .filter_map(|hash| {
                    self.by_hash.find(short(*hash), |id| self.entry(*id).is_some_and(|e| e.hash == *hash)).copied()
                })
                .collect(),
            // A write refuses it; replay must not stumble over it.
            KeySelection::Range { .. } => Vec::new(),
        }
    }

    /// Whether a selection covers a series, ended ones too.
    pub(crate) fn is_selected(&self, id: SeriesId, keys: &KeySelection) -> bool {
        match keys {
            KeySelection::All => true,
            KeySelection::Hashes(hashes) => self.hash_of(id).is_some_and(|hash| hashes.contains(&hash)),
            KeySelection::Range { .. } => false,
        }
    }

    /// Adds a series with the next id.
    pub(crate) fn add(&mut self, key: KeyBytes, hash: KeyHash, attributes: Box<[u8]>, created: Sequence) -> SeriesId {
        let id = SeriesId(self.next_id());
        let entry = SeriesEntry { key: key.0, hash, attributes, created, dropped: Sequence::MAX, newest: i64::MIN };
        self.entries.push(Some(entry));
        self.link(id, hash);
        self.events.push_back((created, Event::Made(id)));
        self.newest_change = self.newest_change.max(created);
        id
    }

    /// Ends series; one that a request names twice ends once.
    pub(crate) fn end(&mut self, ids: &[SeriesId], sequence: Sequence) {
        for id in ids {
            if let Some(Some(entry)) = self.entries.get_mut(id.0 as usize)
                && entry.dropped == Sequence::MAX
            {
                entry.dropped = sequence;
                let hash = entry.hash;
                self.unlink(*id, hash);
                self.events.push_back((sequence, Event::Ended(*id)));
            }
        }
        if !ids.is_empty() {
            self.newest_change = self.newest_change.max(sequence);
            self.newest_end = self.newest_end.max(sequence);
        }
    }

    /// Makes ids below this one used up; for replay.
    pub(crate) fn skip_to(&mut self, id: SeriesId) {
        if self.next_id() < id.0 {
            self.entries.resize(id.0 as usize, None);
        }
    }

    /// Takes back what the newest number did: the last `made` series go, ended ones live again.
    pub(crate) fn undo(&mut self, sequence: Sequence, made: usize, ended: &[SeriesId]) {
        for _ in 0..made {
            let id = SeriesId(self.next_id().saturating_sub(1));
            if let Some(Some(entry)) = self.entries.pop() {
                self.unlink(id, entry.hash);
            }
        }
        for id in ended {
            if let Some(Some(entry)) = self.entries.get_mut(id.0 as usize)
                && entry.dropped == sequence
            {
                entry.dropped = Sequence::MAX;
                let hash = entry.hash;
                self.link(*id, hash);
            }
        }
        while self.events.back().is_some_and(|(s, _)| *s == sequence) {
            self.events.pop_back();
        }
    }

    /// A row of a series was accepted.
    pub(crate) fn saw(&mut self, id: SeriesId, time: i64) {
        if let Some(Some(entry)) = self.entries.get_mut(id.0 as usize) {
            entry.newest = entry.newest.max(time);
        }
    }

    /// Attribute changes were queued; they show once they are published.
    pub(crate) fn queue_attributes(&mut self, count: usize) {
        self.pending_attributes += count;
    }

    /// Queued attribute changes will never be published.
    pub(crate) fn withdraw_attributes(&mut self, count: usize) {
        self.pending_attributes = self.pending_attributes.saturating_sub(count);
    }

    /// Whether what the attributes show now is also what was written last.
    pub(crate) fn attributes_are_settled(&self) -> bool {
        self.pending_attributes == 0
    }

    /// Shows queued attribute changes.
    pub(crate) fn publish_attributes(&mut self, sequence: Sequence, changes: &[(SeriesId, Box<[u8]>)]) {
        self.withdraw_attributes(changes.len());
        for (id, change) in changes {
            if let Some(Some(entry)) = self.entries.get_mut(id.0 as usize) {
                entry.attributes = Attributes::merged(&entry.attributes, change);
            }
        }
        self.attribute_version += 1;
        self.newest_change = self.newest_change.max(sequence);
    }

    /// The series that a reader at this number lists. Numbers must not fall between calls.
    pub(crate) fn snapshot(&mut self, visible: Sequence) -> Arc<SeriesSnapshot> {
        let count = self.events.partition_point(|(s, _)| *s <= visible);
        if count > 0 {
            let mut made = Vec::new();
            let mut ended = Vec::new();
            for (_, event) in self.events.drain(..count) {
                match event {
                    Event::Made(id) => made.push(id),
                    Event::Ended(id) => ended.push(id),
                }
            }
            let next = self.snapshot.after(&made, &ended, |id| self.entry(id).map_or(&[][..], |e| &e.key));
            self.snapshot = Arc::new(next);
        }
        self.snapshot.clone()
    }

    /// The same for a number that lies behind.
    pub(crate) fn snapshot_at(&self, sequence: Sequence) -> Arc<SeriesSnapshot> {
        let is_listed = |e: &SeriesEntry| e.created <= sequence && sequence < e.dropped;
        let entries = (0..).map(SeriesId).zip(&self.entries);
        let listed: Vec<_> = entries.filter(|(_, e)| e.as_ref().is_some_and(is_listed)).map(|(id, _)| id).collect();
        let key = |id| self.entry(id).map_or(&[][..], |e: &SeriesEntry| &e.key);
        Arc::new(SeriesSnapshot::default().after(&listed, &[], key))
    }

    pub(crate) fn attribute_version(&self) -> u64 {
        self.attribute_version
    }

    /// The number up to which the newest checkpoint holds everything.
    pub(crate) fn mark(&self) -> Sequence {
        self.mark
    }

    /// Whether something changed that no checkpoint holds; all of it lies above the mark.
    pub(crate) fn has_changed(&self) -> bool {
        self.newest_change > self.mark
    }

    fn link(&mut self, id: SeriesId, hash: KeyHash) {
        let entries = &self.entries;
        self.by_hash.insert_unique(short(hash), id, |id| {
            entries.get(id.0 as usize).and_then(Option::as_ref).map_or(0, |e| short(e.hash))
        });
    }

    fn unlink(&mut self, id: SeriesId, hash: KeyHash) {
        if let Ok(found) = self.by_hash.find_entry(short(hash), |other| *other == id) {
            found.remove();
        }
    }
}

/// 64 bits of a hash, for the hash table.
#[expect(clippy::cast_possible_truncation, reason = "half of the bits are enough for a place in a table")]
fn short(hash: KeyHash) -> u64 {
    hash.0 as u64
}

#[cfg(test)]
mod tests;
