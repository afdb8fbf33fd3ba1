//! The series of a table by their ids, in pages of neighbours. What a page says of keys and
//! attributes can be held without the index's lock: whoever changes it while another holds it
//! changes a copy.

use super::coded::PageAttributes;
use super::packed::Packed;
use model::{ColumnId, KeyHash, Sequence, SeriesId};
use std::borrow::Cow;
use std::sync::Arc;

/// Series of a page.
const PAGE: usize = if cfg!(test) { 4 } else { 256 };

/// One series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SeriesEntry<'a> {
    pub(crate) key: &'a [u8],
    pub(crate) hash: KeyHash,
    /// The number of the deletion that ended it; the greatest while it lives.
    pub(crate) dropped: Sequence,
    /// No row of it has a later time.
    pub(crate) newest: i64,
}

/// Keys, hashes and attributes of a page's series, by position.
#[derive(Clone, Debug, Default)]
struct Texts {
    keys: Packed,
    hashes: Vec<KeyHash>,
    attributes: PageAttributes,
}

#[derive(Clone, Debug, Default)]
struct Page {
    texts: Arc<Texts>,
    newest: Vec<i64>,
    /// The numbers that ended its series, zero where an id has none; empty while all of them live.
    dropped: Vec<Sequence>,
}

impl Page {
    fn len(&self) -> usize {
        self.newest.len()
    }

    /// `None`: the id has no series.
    fn dropped(&self, at: usize) -> Option<Sequence> {
        let dropped = if self.dropped.is_empty() { Some(Sequence::MAX) } else { self.dropped.get(at).copied() };
        dropped.filter(|dropped| *dropped != Sequence::ZERO && at < self.len())
    }

    fn drop(&mut self, at: usize, sequence: Sequence) {
        self.dropped.resize(self.len(), Sequence::MAX);
        if let Some(slot) = self.dropped.get_mut(at) {
            *slot = sequence;
        }
        if self.dropped.iter().all(|dropped| *dropped == Sequence::MAX) {
            self.dropped = Vec::new();
        }
    }

    /// No more will come.
    fn seal(&mut self) {
        let texts = Arc::make_mut(&mut self.texts);
        texts.keys.shrink();
        texts.hashes.shrink_to_fit();
        texts.attributes.seal();
        self.newest.shrink_to_fit();
        self.dropped.shrink_to_fit();
    }
}

/// All series by id.
#[derive(Clone, Debug)]
pub(super) struct Pages {
    /// Series of a page.
    size: usize,
    pages: Vec<Page>,
    /// Each number that made series, with the first id above those made before: both ascend.
    made: Vec<(SeriesId, Sequence)>,
}

impl Default for Pages {
    fn default() -> Self {
        Self { size: PAGE, pages: Vec::new(), made: Vec::new() }
    }
}

impl Pages {
    /// Pages as long as those of a server.
    #[cfg(test)]
    pub(super) fn long() -> Self {
        Self { size: 256, ..Self::default() }
    }

    fn place(&self, id: SeriesId) -> (usize, usize) {
        (id.0 as usize / self.size, id.0 as usize % self.size)
    }

    fn page_mut(&mut self, id: SeriesId) -> Option<(&mut Page, usize)> {
        let (page, at) = self.place(id);
        let page = self.pages.get_mut(page)?;
        page.dropped(at)?;
        Some((page, at))
    }

    /// How many ids were issued.
    pub(super) fn len(&self) -> usize {
        self.pages.last().map_or(0, |last| (self.pages.len() - 1) * self.size + last.len())
    }

    pub(super) fn entry(&self, id: SeriesId) -> Option<SeriesEntry<'_>> {
        let (page, at) = self.place(id);
        let page = self.pages.get(page)?;
        let (dropped, newest) = (page.dropped(at)?, page.newest.get(at).copied()?);
        Some(SeriesEntry { key: page.texts.keys.get(at)?, hash: page.texts.hashes.get(at).copied()?, dropped, newest })
    }

    /// See [`super::Attributes`].
    pub(super) fn attributes(&self, id: SeriesId) -> Cow<'_, [u8]> {
        let (page, at) = self.place(id);
        self.pages.get(page).map(|page| page.texts.attributes.get(at)).unwrap_or_default()
    }

    /// Every id with its series.
    pub(super) fn entries(&self) -> impl Iterator<Item = (SeriesId, SeriesEntry<'_>)> {
        let ids = (0..).map(SeriesId).take(self.len());
        ids.filter_map(|id| Some((id, self.entry(id)?)))
    }

    /// The number of the write that made a series; zero: a checkpoint has it.
    pub(super) fn created(&self, id: SeriesId) -> Sequence {
        let later = self.made.partition_point(|(first, _)| *first <= id);
        later.checked_sub(1).and_then(|at| self.made.get(at)).map_or(Sequence::ZERO, |(_, sequence)| *sequence)
    }

    /// All series made up to a number have lower ids than this.
    pub(super) fn ids_at(&self, sequence: Sequence) -> SeriesId {
        let later = self.made.partition_point(|(_, made)| *made <= sequence);
        self.made.get(later).map_or_else(|| self.next(), |(first, _)| *first)
    }

    /// The next id.
    pub(super) fn next(&self) -> SeriesId {
        SeriesId(u32::try_from(self.len()).unwrap_or(u32::MAX))
    }

    fn push_slot(&mut self, key: &[u8], hash: KeyHash, attributes: &[u8], newest: i64, dropped: Sequence) {
        if self.pages.last().is_none_or(|page| page.len() >= self.size) {
            self.pages.push(Page::default());
        }
        let size = self.size;
        let Some(page) = self.pages.last_mut() else { return };
        let texts = Arc::make_mut(&mut page.texts);
        texts.keys.push(key);
        texts.hashes.push(hash);
        texts.attributes.push(attributes);
        page.newest.push(newest);
        if !page.dropped.is_empty() || dropped != Sequence::MAX {
            page.drop(page.len() - 1, dropped);
        }
        if page.len() == size {
            page.seal();
        }
    }

    /// Adds a series that a number made, with the next id.
    pub(super) fn add(&mut self, key: &[u8], hash: KeyHash, attributes: &[u8], created: Sequence) -> SeriesId {
        let id = self.next();
        if self.made.last().is_none_or(|(_, last)| *last < created) {
            self.made.push((id, created));
        }
        self.push_slot(key, hash, attributes, i64::MIN, Sequence::MAX);
        id
    }

    /// Adds a series that a checkpoint has, with the next id.
    pub(super) fn restore(&mut self, entry: SeriesEntry<'_>, attributes: &[u8]) {
        self.push_slot(entry.key, entry.hash, attributes, entry.newest, entry.dropped);
    }

    /// Makes ids below this one used up.
    pub(super) fn skip_to(&mut self, id: SeriesId) {
        while self.len() < id.0 as usize {
            self.push_slot(&[], KeyHash(0), &[], i64::MIN, Sequence::ZERO);
        }
    }

    /// Takes the newest id back; answers the hash of its series.
    pub(super) fn pop(&mut self) -> Option<(SeriesId, KeyHash)> {
        let id = SeriesId(u32::try_from(self.len()).ok()?.checked_sub(1)?);
        let entry = self.entry(id).map(|entry| (id, entry.hash));
        let page = self.pages.last_mut()?;
        let texts = Arc::make_mut(&mut page.texts);
        texts.keys.pop();
        texts.hashes.pop();
        texts.attributes.pop();
        page.newest.pop();
        page.dropped.truncate(page.newest.len());
        if page.len() == 0 {
            self.pages.pop();
        }
        while self.made.last().is_some_and(|(first, _)| *first >= id) {
            self.made.pop();
        }
        entry
    }

    /// Sets the number that ended a series; the greatest: it lives.
    pub(super) fn set_dropped(&mut self, id: SeriesId, sequence: Sequence) {
        if let Some((page, at)) = self.page_mut(id) {
            page.drop(at, sequence);
        }
    }

    /// A series has a row of this time.
    pub(super) fn saw(&mut self, id: SeriesId, time: i64) {
        if let Some((page, at)) = self.page_mut(id)
            && let Some(newest) = page.newest.get_mut(at)
        {
            *newest = time.max(*newest);
        }
    }

    /// Any series may have a row of this time.
    pub(super) fn saw_all(&mut self, time: i64) {
        self.pages.iter_mut().flat_map(|page| &mut page.newest).for_each(|newest| *newest = time.max(*newest));
    }

    /// Changes attributes: `merge` makes the next from what a series has and what it is to take on,
    /// in the order of the changes.
    pub(super) fn change_attributes(
        &mut self,
        changes: &[(SeriesId, Box<[u8]>)],
        merge: impl Fn(&[u8], &[u8]) -> Box<[u8]>,
    ) {
        let mut sorted: Vec<&(SeriesId, Box<[u8]>)> = changes.iter().collect();
        sorted.sort_by_key(|(id, _)| *id);
        let size = self.size;
        for here in sorted.chunk_by(|(a, _), (b, _)| a.0 as usize / size == b.0 as usize / size) {
            let mut set: Vec<(usize, Box<[u8]>)> = Vec::with_capacity(here.len());
            for (id, change) in here {
                let at = self.place(*id).1;
                match set.last_mut().filter(|(last, _)| *last == at) {
                    Some((_, attributes)) => *attributes = merge(attributes, change),
                    None if self.entry(*id).is_some() => set.push((at, merge(&self.attributes(*id), change))),
                    None => {}
                }
            }
            let page = here.first().map(|(id, _)| self.place(*id).0);
            if let Some(page) = page.and_then(|page| self.pages.get_mut(page)) {
                Arc::make_mut(&mut page.texts).attributes.set(&set);
            }
        }
    }

    /// Keys and attributes as they are now.
    pub(super) fn texts(&self) -> SeriesTexts {
        SeriesTexts { size: self.size, pages: self.pages.iter().map(|page| page.texts.clone()).collect() }
    }

    /// What they take on the heap.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let page = |page: &Page| {
            let texts = &page.texts;
            let hashes = texts.hashes.capacity() * size_of::<KeyHash>();
            let own = (page.newest.capacity() + page.dropped.capacity()) * size_of::<i64>() + size_of::<Texts>() + 16;
            texts.keys.bytes() + hashes + texts.attributes.bytes() + own
        };
        let made = self.made.capacity() * size_of::<(SeriesId, Sequence)>();
        self.pages.iter().map(page).sum::<usize>() + self.pages.capacity() * size_of::<Page>() + made
    }
}

/// Where keys and attributes are read.
pub(crate) trait ReadTexts {
    /// The key of a series; empty: there is none.
    fn key(&self, id: SeriesId) -> &[u8];
    /// The hash of a series' key.
    fn hash(&self, id: SeriesId) -> Option<KeyHash>;
    /// What a series has in an attribute column; see [`super::Attributes`].
    fn attribute(&self, id: SeriesId, column: ColumnId) -> Option<&[u8]>;
}

/// The keys and attributes of all series at one moment, whatever is written since.
#[derive(Clone, Debug)]
pub(crate) struct SeriesTexts {
    size: usize,
    pages: Vec<Arc<Texts>>,
}

impl ReadTexts for SeriesTexts {
    fn key(&self, id: SeriesId) -> &[u8] {
        let page = self.pages.get(id.0 as usize / self.size);
        page.and_then(|page| page.keys.get(id.0 as usize % self.size)).unwrap_or_default()
    }

    fn hash(&self, id: SeriesId) -> Option<KeyHash> {
        self.pages.get(id.0 as usize / self.size)?.hashes.get(id.0 as usize % self.size).copied()
    }

    fn attribute(&self, id: SeriesId, column: ColumnId) -> Option<&[u8]> {
        self.pages.get(id.0 as usize / self.size)?.attributes.find(id.0 as usize % self.size, column)
    }
}

impl ReadTexts for Pages {
    fn key(&self, id: SeriesId) -> &[u8] {
        let (page, at) = self.place(id);
        self.pages.get(page).and_then(|page| page.texts.keys.get(at)).unwrap_or_default()
    }

    fn hash(&self, id: SeriesId) -> Option<KeyHash> {
        self.entry(id).map(|entry| entry.hash)
    }

    fn attribute(&self, id: SeriesId, column: ColumnId) -> Option<&[u8]> {
        let (page, at) = self.place(id);
        self.pages.get(page)?.texts.attributes.find(at, column)
    }
}
