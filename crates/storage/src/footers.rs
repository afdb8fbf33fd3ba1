//! Open segments: their footers, page indexes and run directories, parsed once and kept within a
//! number of bytes. The one that was longest not asked for goes first; whoever still reads with it
//! keeps it alive, and the next who asks meanwhile gets the same.

use parking_lot::Mutex;
use segments::SegmentReader;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// So many at most: each holds its file open.
const OPEN_MAX: usize = 512;

/// What the cache of footers holds and has done since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FooterUse {
    /// Bytes held now.
    pub used_bytes: u64,
    /// Bytes that may be held.
    pub limit_bytes: u64,
    /// Segments held open now.
    pub open: usize,
    /// How often a segment that was asked for was there.
    pub hits: u64,
    /// How often one had to be opened.
    pub misses: u64,
    /// How many went to make room.
    pub evicted: u64,
}

/// The cache of one store.
#[derive(Debug)]
pub(crate) struct Footers {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    counts: FooterUse,
    /// By segment: ids are never used again.
    held: HashMap<u64, Held>,
    /// Segments by when they were last asked for.
    by_use: BTreeMap<u64, u64>,
    clock: u64,
}

#[derive(Debug)]
struct Held {
    reader: Arc<SegmentReader>,
    bytes: u64,
    asked: u64,
}

impl Footers {
    pub(crate) fn new(limit_bytes: u64) -> Arc<Self> {
        let counts = FooterUse { limit_bytes, ..FooterUse::default() };
        Arc::new(Self { state: Mutex::new(State { counts, ..State::default() }) })
    }

    /// A segment that is held.
    pub(crate) fn get(&self, segment: u64) -> Option<Arc<SegmentReader>> {
        let mut state = self.state.lock();
        state.clock += 1;
        let State { counts, held, by_use, clock } = &mut *state;
        let held = held.get_mut(&segment)?;
        by_use.remove(&held.asked);
        held.asked = *clock;
        by_use.insert(*clock, segment);
        counts.hits += 1;
        Some(Arc::clone(&held.reader))
    }

    /// Holds a segment that is open, as long as there is room for it; not one that alone is too much,
    /// for which all others would have to go. `missed`: it had to be opened.
    pub(crate) fn hold(&self, segment: u64, reader: &Arc<SegmentReader>, missed: bool) {
        let bytes = reader.bytes() as u64;
        // Files are closed when nobody waits for the lock any more.
        let mut gone = Vec::new();
        let mut state = self.state.lock();
        gone.extend(state.remove(segment));
        if missed {
            state.counts.misses += 1;
        } else {
            state.counts.hits += 1;
        }
        if bytes > state.counts.limit_bytes {
            return drop(state);
        }
        state.clock += 1;
        let asked = state.clock;
        state.by_use.insert(asked, segment);
        state.held.insert(segment, Held { reader: Arc::clone(reader), bytes, asked });
        state.counts.used_bytes += bytes;
        while (state.counts.used_bytes > state.counts.limit_bytes || state.held.len() > OPEN_MAX)
            && let Some((_, oldest)) = state.by_use.first_key_value()
        {
            let oldest = *oldest;
            gone.extend(state.remove(oldest));
            state.counts.evicted += 1;
        }
        drop(state);
    }

    /// Lets go of a segment that is gone.
    pub(crate) fn forget(&self, segment: u64) {
        let gone = self.state.lock().remove(segment);
        drop(gone);
    }

    pub(crate) fn used(&self) -> FooterUse {
        let state = self.state.lock();
        FooterUse { open: state.held.len(), ..state.counts }
    }
}

impl State {
    fn remove(&mut self, segment: u64) -> Option<Held> {
        let held = self.held.remove(&segment)?;
        self.by_use.remove(&held.asked);
        self.counts.used_bytes -= held.bytes;
        Some(held)
    }
}
