//! The series of one table: key bytes and hash to local id, attributes, newest time.
//!
//! A series is listed for a reader once the write that made it is visible, and no longer once the
//! deletion that ended it is. Attributes show their current, published value. Ids are dense and
//! never used again; entries of ended series stay until the next start, for rows that speak of
//! them.

mod attributes;
mod checkpoint;
mod checkpoint_file;
mod coded;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod key_values;
mod packed;
mod pages;
mod rebuild;
mod snapshot;

pub(crate) use attributes::{AttributeValue, Attributes};
pub(crate) use checkpoint::{Checkpoints, DIRECTORY, Expected, Found, FrozenSeries};
pub(crate) use key_values::decode_nth;
pub(crate) use pages::{ReadTexts, SeriesEntry, SeriesTexts};
pub(crate) use rebuild::rebuild;
pub(crate) use snapshot::{SeriesSnapshot, in_key_order, series_column, wanted};

use hashbrown::HashTable;
use model::{ColumnId, KeyBytes, KeyHash, KeySelection, Sequence, SeriesId, key_hash};
use pages::Pages;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// So many changes of the list are put into it under the lock.
const FEW: usize = if cfg!(test) { 2 } else { 1024 };
/// A list of changes gives back what more it can hold.
const EVENTS: usize = 64;

/// The series of one table.
#[derive(Debug, Default)]
pub(crate) struct SeriesIndex {
    /// By id; those that ended before the checkpoint are not there.
    pages: Pages,
    /// The living ones, by hash.
    by_hash: HashTable<SeriesId>,
    /// Those that ended after the snapshot, in sequence order.
    ended: VecDeque<(Sequence, SeriesId)>,
    snapshot: Arc<SeriesSnapshot>,
    /// The snapshot lists the living ones of those below.
    listed: SeriesId,
    /// Grows with each published change of attributes.
    attribute_version: u64,
    /// Changes of attributes that are queued and not published.
    pending_attributes: usize,
    /// The number up to which the newest checkpoint holds everything.
    mark: Sequence,
    /// Up to there nothing changed since.
    unchanged_until: AtomicU64,
    /// The newest number that made, ended or changed a series.
    newest_change: Sequence,
    /// The newest number that ended a series.
    newest_end: Sequence,
}

/// What a snapshot is made from.
#[derive(Debug)]
pub(crate) struct Listing {
    before: Arc<SeriesSnapshot>,
    made: Vec<SeriesId>,
    ended: Vec<SeriesId>,
    /// What is made has lower ids.
    listed: SeriesId,
}

impl Listing {
    /// Makes it.
    pub(crate) fn make(&self, texts: &impl ReadTexts) -> SeriesSnapshot {
        self.before.after(&self.made, &self.ended, texts)
    }
}

impl SeriesIndex {
    /// How many ids were issued; the next one is this.
    pub(crate) fn next_id(&self) -> u32 {
        self.pages.next().0
    }

    /// How many series live.
    pub(crate) fn living(&self) -> usize {
        self.by_hash.len()
    }

    /// All series made up to a number have lower ids than this.
    pub(crate) fn ids_at(&self, sequence: Sequence) -> u32 {
        self.pages.ids_at(sequence).0
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
        self.find(key, key_hash(key)).is_some_and(|id| self.pages.created(id) <= visible)
    }

    pub(crate) fn entry(&self, id: SeriesId) -> Option<SeriesEntry<'_>> {
        self.pages.entry(id)
    }

    /// See [`Attributes`].
    pub(crate) fn attributes(&self, id: SeriesId) -> Cow<'_, [u8]> {
        self.pages.attributes(id)
    }

    /// The hash of a series' key, of ended ones too.
    pub(crate) fn hash_of(&self, id: SeriesId) -> Option<KeyHash> {
        self.pages.hash(id)
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
    pub(crate) fn add(&mut self, key: &KeyBytes, hash: KeyHash, attributes: &[u8], created: Sequence) -> SeriesId {
        let id = self.pages.add(&key.0, hash, attributes, created);
        self.link(id, hash);
        self.newest_change = self.newest_change.max(created);
        id
    }

    /// Ends series; one that a request names twice ends once.
    pub(crate) fn end(&mut self, ids: &[SeriesId], sequence: Sequence) {
        for id in ids {
            if let Some(hash) = self.entry(*id).filter(|e| e.dropped == Sequence::MAX).map(|e| e.hash) {
                self.pages.set_dropped(*id, sequence);
                self.unlink(*id, hash);
                self.ended.push_back((sequence, *id));
            }
        }
        if !ids.is_empty() {
            self.newest_change = self.newest_change.max(sequence);
            self.newest_end = self.newest_end.max(sequence);
        }
    }

    /// Makes ids below this one used up; for replay.
    pub(crate) fn skip_to(&mut self, id: SeriesId) {
        self.pages.skip_to(id);
    }

    /// Takes back what the newest number did: the last `made` series go, ended ones live again.
    pub(crate) fn undo(&mut self, sequence: Sequence, made: usize, ended: &[SeriesId]) {
        for _ in 0..made {
            if let Some((id, hash)) = self.pages.pop() {
                self.unlink(id, hash);
            }
        }
        for id in ended {
            if let Some(hash) = self.entry(*id).filter(|e| e.dropped == sequence).map(|e| e.hash) {
                self.pages.set_dropped(*id, Sequence::MAX);
                self.link(*id, hash);
            }
        }
        while self.ended.back().is_some_and(|(s, _)| *s == sequence) {
            self.ended.pop_back();
        }
    }

    /// A row of a series was accepted.
    pub(crate) fn saw(&mut self, id: SeriesId, time: i64) {
        self.pages.saw(id, time);
    }

    /// Rows that were flushed after the checkpoint have no later times.
    pub(crate) fn saw_all(&mut self, time: i64) {
        self.pages.saw_all(time);
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
        if changes.is_empty() {
            return;
        }
        self.withdraw_attributes(changes.len());
        self.pages.change_attributes(changes, Attributes::merged);
        self.attribute_version += 1;
        self.newest_change = self.newest_change.max(sequence);
    }

    /// The series that a reader at this number lists. Numbers must not fall between calls.
    pub(crate) fn snapshot(&mut self, visible: Sequence) -> Arc<SeriesSnapshot> {
        if let Some(listing) = self.listing(visible) {
            let next = listing.make(&self.pages);
            self.list(&listing, next);
        }
        self.snapshot.clone()
    }

    /// What a snapshot must be made from, if there is something that the one at hand does not list.
    fn listing(&self, visible: Sequence) -> Option<Listing> {
        let listed = self.pages.ids_at(visible).max(self.listed);
        let count = self.ended.partition_point(|(s, _)| *s <= visible);
        if listed == self.listed && count == 0 {
            return None;
        }
        let made = (self.listed.0..listed.0).map(SeriesId).filter(|id| self.entry(*id).is_some()).collect();
        let ended = self.ended.iter().take(count).map(|(_, id)| *id).collect();
        Some(Listing { before: self.snapshot.clone(), made, ended, listed })
    }

    /// The same where it is much, and had better be made before the lock is taken to write.
    pub(crate) fn long_listing(&self, visible: Sequence) -> Option<(Listing, SeriesTexts)> {
        let made = self.pages.ids_at(visible).0.saturating_sub(self.listed.0) as usize;
        let listing = if made + self.ended.len() > FEW { self.listing(visible) } else { None };
        listing.map(|listing| (listing, self.texts()))
    }

    /// Takes a snapshot that was made, unless another came first.
    pub(crate) fn list(&mut self, listing: &Listing, next: SeriesSnapshot) {
        if !Arc::ptr_eq(&self.snapshot, &listing.before) {
            return;
        }
        self.snapshot = Arc::new(next);
        self.listed = listing.listed;
        self.ended.drain(..listing.ended.len().min(self.ended.len()));
        if self.ended.capacity() > EVENTS {
            self.ended.shrink_to_fit();
        }
    }

    /// The same for a number that lies behind.
    pub(crate) fn snapshot_at(&self, sequence: Sequence) -> Arc<SeriesSnapshot> {
        let up_to = self.pages.ids_at(sequence);
        let entries = self.pages.entries().take_while(|(id, _)| *id < up_to);
        let listed: Vec<SeriesId> = entries.filter(|(_, e)| sequence < e.dropped).map(|(id, _)| id).collect();
        Arc::new(SeriesSnapshot::default().after(&listed, &[], &self.pages))
    }

    /// Keys and attributes as they are now, to be read without the lock.
    pub(crate) fn texts(&self) -> SeriesTexts {
        self.pages.texts()
    }

    pub(crate) fn attribute_version(&self) -> u64 {
        self.attribute_version
    }

    /// The number up to which the newest checkpoint holds everything.
    pub(crate) fn mark(&self) -> Sequence {
        self.mark
    }

    /// From which number on the log has changes that no checkpoint holds. `visible` is the newest
    /// visible number, read under the index's lock.
    pub(crate) fn oldest_unwritten(&self, visible: Sequence) -> Option<Sequence> {
        if !self.has_changed() {
            self.unchanged_until.fetch_max(visible.0, Ordering::AcqRel);
            return None;
        }
        Some(Sequence(self.mark.0.max(self.unchanged_until.load(Ordering::Acquire)) + 1))
    }

    /// Whether something changed that no checkpoint holds; all of it lies above the mark.
    pub(crate) fn has_changed(&self) -> bool {
        self.newest_change > self.mark
    }

    fn link(&mut self, id: SeriesId, hash: KeyHash) {
        let pages = &self.pages;
        self.by_hash.insert_unique(short(hash), id, |id| pages.hash(*id).map_or(0, short));
    }

    fn unlink(&mut self, id: SeriesId, hash: KeyHash) {
        if let Ok(found) = self.by_hash.find_entry(short(hash), |other| *other == id) {
            found.remove();
        }
    }

    /// What it takes on the heap, its snapshot's list included.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        let ended = self.ended.capacity() * size_of::<(Sequence, SeriesId)>();
        self.pages.bytes() + self.by_hash.allocation_size() + ended + self.snapshot.bytes()
    }
}

impl ReadTexts for SeriesIndex {
    fn key(&self, id: SeriesId) -> &[u8] {
        self.pages.key(id)
    }

    fn hash(&self, id: SeriesId) -> Option<KeyHash> {
        self.pages.hash(id)
    }

    fn attribute(&self, id: SeriesId, column: ColumnId) -> Option<&[u8]> {
        self.pages.attribute(id, column)
    }
}

/// 64 bits of a hash, for the hash table.
#[expect(clippy::cast_possible_truncation, reason = "half of the bits are enough for a place in a table")]
fn short(hash: KeyHash) -> u64 {
    hash.0 as u64
}

#[cfg(test)]
mod tests;
