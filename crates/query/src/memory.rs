//! The memory of one query, under the memory of all queries.
//!
//! Operators that can spill see the same error at both limits, and spill. While they do, asking
//! for memory is all they do between their steps: so that is where an abandoned query ends.

use crate::run::Interrupt;
use datafusion::common::resources_err;
use datafusion::error::Result;
use datafusion::execution::memory_pool::{FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};
use model::Usage;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Stands in the error of a query that its neighbours left no memory.
pub(crate) const TOTAL_EXHAUSTED: &str = "the memory of all queries together is used up";

/// The bytes that all queries hold, and their limit.
#[derive(Debug)]
pub(crate) struct TotalMemory {
    used: AtomicUsize,
    limit: usize,
}

impl TotalMemory {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { used: AtomicUsize::new(0), limit })
    }

    fn try_grow(&self, bytes: usize) -> bool {
        self.used
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|sum| *sum <= self.limit)
            })
            .is_ok()
    }

    /// Bytes held now, of how many.
    pub(crate) fn usage(&self) -> Usage {
        Usage { used: self.used.load(Ordering::Relaxed) as u64, limit: self.limit as u64 }
    }
}

/// One query's pool: its consumers share its limit fairly, and all of it counts in the total.
#[derive(Debug)]
pub(crate) struct QueryMemory {
    own: FairSpillPool,
    total: Arc<TotalMemory>,
    interrupt: Arc<Interrupt>,
}

impl QueryMemory {
    pub(crate) fn new(limit: usize, total: Arc<TotalMemory>, interrupt: Arc<Interrupt>) -> Self {
        Self { own: FairSpillPool::new(limit), total, interrupt }
    }
}

/// What the task of an abandoned query unwinds with.
#[derive(Debug)]
struct Abandoned;

impl MemoryPool for QueryMemory {
    fn name(&self) -> &str {
        "query"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.own.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.own.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.own.grow(reservation, additional);
        self.total.used.fetch_add(additional, Ordering::Relaxed);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.own.shrink(reservation, shrink);
        self.total.used.fetch_sub(shrink, Ordering::Relaxed);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        if self.interrupt.is_stopped() {
            // An error would be taken for scarcity, and make the sort go on spilling. Nobody waits
            // for the task any more; unwinding gives back all it holds.
            std::panic::resume_unwind(Box::new(Abandoned));
        }
        self.own.try_grow(reservation, additional)?;
        if self.total.try_grow(additional) {
            return Ok(());
        }
        self.own.shrink(reservation, additional);
        resources_err!("{TOTAL_EXHAUSTED}")
    }

    fn reserved(&self) -> usize {
        self.own.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.own.memory_limit()
    }
}

impl fmt::Display for QueryMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.own.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_limits_hold_and_everything_is_given_back() {
        let total = TotalMemory::new(150);
        let interrupt = Arc::new(Interrupt::new(std::time::Instant::now(), std::time::Duration::ZERO));
        let pool = |limit| -> Arc<dyn MemoryPool> {
            Arc::new(QueryMemory::new(limit, Arc::clone(&total), Arc::clone(&interrupt)))
        };
        let (a, b) = (pool(100), pool(100));
        let held = MemoryConsumer::new("a").register(&a);
        assert!(held.try_grow(101).is_err());
        held.try_grow(100).unwrap();
        let other = MemoryConsumer::new("b").register(&b);
        let refused = other.try_grow(60).unwrap_err();
        assert!(refused.to_string().contains(TOTAL_EXHAUSTED), "{refused}");
        assert_eq!(b.reserved(), 0);
        drop(held);
        other.try_grow(60).unwrap();
        interrupt.stop();
        let grow = std::panic::AssertUnwindSafe(|| other.try_grow(1));
        assert!(std::panic::catch_unwind(grow).unwrap_err().is::<Abandoned>());
        drop(other);
        assert_eq!(total.usage(), Usage { used: 0, limit: 150 });
    }
}
