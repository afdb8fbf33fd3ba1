//! Names that are being made: whoever is about to make one holds it until it is durable, and so
//! knows that what nobody has now nobody else makes meanwhile. Those who make different names do not
//! wait for each other, nor do those who make one series of one table: storage makes it once.
//!
//! All names of a request are taken at once or none, so that nobody waits with names in hand. They
//! are taken after the locks of statements and before the catalogue's turn.

use model::{DatabaseId, TableId};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

/// A name, where tables and series have one set of them.
pub(crate) type Name = (DatabaseId, String);

/// Who makes a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Maker {
    /// A definition of a table. Nobody makes the same name beside it.
    Definition,
    /// Whoever writes to this table: the name is that of a series.
    SeriesOf(TableId),
}

/// The names that are being made now.
#[derive(Debug, Default)]
pub(crate) struct NamesInFlight {
    held: Mutex<HashMap<Name, Held>>,
}

#[derive(Debug)]
struct Held {
    maker: Maker,
    holders: usize,
    /// Heard when nobody holds it any more.
    freed: Arc<Notify>,
}

/// Holds names; they are free again with its end.
#[derive(Debug)]
pub(crate) struct HeldNames {
    of: Arc<NamesInFlight>,
    names: Vec<Name>,
}

impl NamesInFlight {
    /// Waits until no other maker holds any of the names, then holds them all.
    pub(crate) async fn hold(self: &Arc<Self>, names: HashMap<Name, Maker>) -> HeldNames {
        loop {
            match self.try_hold(&names) {
                Ok(held) => return held,
                Err(freed) => freed.await,
            }
        }
    }

    /// The names, or what is heard when one that another maker holds may be free.
    fn try_hold(self: &Arc<Self>, names: &HashMap<Name, Maker>) -> Result<HeldNames, OwnedNotified> {
        let mut held = self.held.lock();
        let is_foreign = |(name, maker): &(&Name, &Maker)| {
            held.get(*name).is_some_and(|held| held.maker != **maker || **maker == Maker::Definition)
        };
        if let Some(other) = names.iter().find(is_foreign).and_then(|(name, _)| held.get(name)) {
            // Made under the lock: it hears of every end from here on.
            return Err(Arc::clone(&other.freed).notified_owned());
        }
        for (name, maker) in names {
            match held.entry(name.clone()) {
                Entry::Occupied(mut entry) => entry.get_mut().holders += 1,
                Entry::Vacant(entry) => {
                    entry.insert(Held { maker: *maker, holders: 1, freed: Arc::default() });
                }
            }
        }
        Ok(HeldNames { of: Arc::clone(self), names: names.keys().cloned().collect() })
    }

    /// How many names are held.
    #[cfg(test)]
    pub(crate) fn held(&self) -> usize {
        self.held.lock().len()
    }

    /// How many wait for a name.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.held.lock().values().map(|held| Arc::strong_count(&held.freed) - 1).sum()
    }
}

impl Drop for HeldNames {
    fn drop(&mut self) {
        let mut held = self.of.held.lock();
        for name in self.names.drain(..) {
            let Entry::Occupied(mut entry) = held.entry(name) else { continue };
            entry.get_mut().holders -= 1;
            if entry.get().holders == 0 {
                entry.remove().freed.notify_waiters();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::poll;
    use std::pin::pin;
    use std::task::Poll;

    const SERIES: Maker = Maker::SeriesOf(TableId(1));
    const OTHERS: Maker = Maker::SeriesOf(TableId(2));

    fn names(of: &[(&str, Maker)]) -> HashMap<Name, Maker> {
        of.iter().map(|(name, maker)| ((DatabaseId(1), (*name).to_owned()), *maker)).collect()
    }

    #[tokio::test]
    async fn who_makes_what_nobody_else_makes_does_not_wait() {
        let names_of = Arc::new(NamesInFlight::default());
        let held = [
            names(&[("a", SERIES), ("b", SERIES)]),
            names(&[("a", SERIES)]),
            names(&[("c", OTHERS)]),
            names(&[("d", Maker::Definition)]),
            HashMap::from([((DatabaseId(2), "a".to_owned()), OTHERS)]),
        ];
        for wanted in held {
            let Poll::Ready(held) = poll!(pin!(names_of.hold(wanted.clone()))) else { panic!("{wanted:?} waits") };
            std::mem::forget(held);
        }
    }

    #[tokio::test]
    async fn a_name_is_made_by_one_maker_at_a_time() {
        let names_of = Arc::new(NamesInFlight::default());
        for (first, second) in [
            (SERIES, OTHERS),
            (SERIES, Maker::Definition),
            (Maker::Definition, SERIES),
            (Maker::Definition, Maker::Definition),
        ] {
            let held = names_of.hold(names(&[("a", first), ("b", first)])).await;
            let mut waiting = pin!(names_of.hold(names(&[("b", second), ("c", second)])));
            assert!(poll!(waiting.as_mut()).is_pending(), "{first:?} {second:?}");
            assert_eq!(names_of.waiting(), 1);
            // Whoever waits holds nothing.
            let free = names_of.hold(names(&[("c", first)])).await;
            drop(held);
            assert!(poll!(waiting.as_mut()).is_pending(), "{first:?} {second:?}: now for c");
            drop(free);
            assert!(poll!(waiting.as_mut()).is_ready(), "{first:?} {second:?}");
        }
        assert_eq!(names_of.held(), 0);
    }

    #[tokio::test]
    async fn a_name_that_two_hold_is_free_after_both() {
        let names_of = Arc::new(NamesInFlight::default());
        let (one, two) = (names_of.hold(names(&[("a", SERIES)])).await, names_of.hold(names(&[("a", SERIES)])).await);
        let mut waiting = pin!(names_of.hold(names(&[("a", OTHERS)])));
        assert!(poll!(waiting.as_mut()).is_pending());
        drop(one);
        assert!(poll!(waiting.as_mut()).is_pending());
        drop(two);
        assert!(poll!(waiting.as_mut()).is_ready());
    }
}
