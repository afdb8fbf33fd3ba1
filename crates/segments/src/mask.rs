//! What deletions hide of one source.

use catalog::Tombstone;
use model::{KeyHash, KeySelection, TimeBounds, key_hash};
use std::collections::HashMap;

/// The deletions that lie above one source.
#[derive(Debug, Default)]
pub(crate) struct Masks {
    everywhere: Vec<TimeBounds>,
    by_key: HashMap<KeyHash, Vec<TimeBounds>>,
    /// Ranges of keys; of keyed tables only, so that they have no times.
    ranges: Vec<KeySelection>,
}

impl Masks {
    pub(crate) fn new<'a>(tombstones: impl Iterator<Item = &'a Tombstone>) -> Self {
        let mut masks = Self::default();
        for tombstone in tombstones {
            match &tombstone.keys {
                KeySelection::All => masks.everywhere.push(tombstone.time),
                KeySelection::Hashes(keys) => {
                    for key in keys.iter() {
                        masks.by_key.entry(*key).or_default().push(tombstone.time);
                    }
                }
                range @ KeySelection::Range { .. } => masks.ranges.push(range.clone()),
            }
        }
        masks
    }

    /// Hides more of one key.
    pub(crate) fn hide(&mut self, key: KeyHash, time: TimeBounds) {
        self.by_key.entry(key).or_default().push(time);
    }

    /// Whether nothing is hidden.
    pub(crate) fn is_empty(&self) -> bool {
        self.everywhere.is_empty() && self.by_key.is_empty() && self.ranges.is_empty()
    }

    /// Whether some keys are hidden and others are not.
    pub(crate) fn name_keys(&self) -> bool {
        !self.by_key.is_empty()
    }

    /// Whether all times of all keys are hidden.
    pub(crate) fn hide_all(&self) -> bool {
        self.everywhere.contains(&TimeBounds::ALL)
    }

    /// Whether a row of a keyed table is hidden.
    pub(crate) fn hide_key(&self, key: &[u8]) -> bool {
        !self.everywhere.is_empty()
            || self.ranges.iter().any(|range| range.covers(key))
            || (!self.by_key.is_empty() && self.by_key.contains_key(&key_hash(key)))
    }

    /// The parts of `wanted` that are left of a series, ascending.
    pub(crate) fn visible(&self, key_hash: Option<KeyHash>, wanted: TimeBounds, visible: &mut Vec<TimeBounds>) {
        visible.clear();
        if !wanted.is_empty() {
            visible.push(wanted);
        }
        let named = key_hash.and_then(|key| self.by_key.get(&key)).into_iter().flatten();
        for mask in self.everywhere.iter().chain(named).filter(|mask| !mask.is_empty()) {
            let parts = visible.len();
            for part in 0..parts {
                let whole = visible[part];
                if !whole.overlaps(mask) {
                    visible.push(whole);
                    continue;
                }
                if let Some(last) = mask.first.checked_sub(1).filter(|last| whole.first <= *last) {
                    visible.push(TimeBounds { first: whole.first, last });
                }
                if let Some(first) = mask.last.checked_add(1).filter(|first| *first <= whole.last) {
                    visible.push(TimeBounds { first, last: whole.last });
                }
            }
            visible.drain(..parts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Sequence;

    #[test]
    fn what_is_left_is_what_no_deletion_covers() {
        let key = KeyHash(7);
        let tombstone = |keys, first, last| Tombstone { sequence: Sequence(1), keys, time: TimeBounds { first, last } };
        let of_key = || KeySelection::Hashes([key].into());
        let tombstones =
            [tombstone(KeySelection::All, 3, 4), tombstone(of_key(), i64::MIN, 0), tombstone(of_key(), 9, i64::MAX)];
        let masks = Masks::new(tombstones.iter());
        let mut visible = Vec::new();
        masks.visible(Some(key), TimeBounds::ALL, &mut visible);
        assert_eq!(visible, [TimeBounds { first: 1, last: 2 }, TimeBounds { first: 5, last: 8 }]);
        masks.visible(Some(KeyHash(8)), TimeBounds { first: 4, last: 6 }, &mut visible);
        assert_eq!(visible, [TimeBounds { first: 5, last: 6 }]);
        masks.visible(Some(key), TimeBounds { first: 9, last: 20 }, &mut visible);
        assert!(visible.is_empty());
    }
}
