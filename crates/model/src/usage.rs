//! Bounded things, and how much of them is in use.

/// How much of a bounded thing is in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// What is taken now.
    pub used: u64,
    /// What may be taken.
    pub limit: u64,
}

/// What a server's memory is divided into. One table says who gets which part of
/// `memory.limit_bytes`, and what happens to whoever asks for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MemoryPool {
    /// Rows that are not in segments yet, and the log's queue.
    Memtables,
    /// The newest values of series.
    LastValues,
    /// Footers, page indexes and run directories of segments.
    Footers,
    /// Sorts, joins and aggregates of queries, and their batches on the way.
    Queries,
    /// Bodies of requests that are on their way in or being worked on.
    Bodies,
}

impl MemoryPool {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Memtables, Self::LastValues, Self::Footers, Self::Queries, Self::Bodies];

    /// Its name in metrics and errors.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Memtables => "memtables",
            Self::LastValues => "last_values",
            Self::Footers => "footers",
            Self::Queries => "queries",
            Self::Bodies => "bodies",
        }
    }

    /// How many of the [`MemoryPool::PARTS`] parts of all memory it may take. What is left over is for
    /// connections, answers on their way out, and the catalogue.
    fn parts(self) -> u64 {
        match self {
            // At its half, rows are moved to segments; at the whole, writers wait, then hear 503.
            Self::Memtables => 14,
            // What was not asked for longest goes.
            Self::LastValues | Self::Footers => 4,
            // Queries spill; what cannot spill is refused.
            Self::Queries => 22,
            // Large bodies wait, then hear 503.
            Self::Bodies => 8,
        }
    }

    const PARTS: u64 = 64;

    /// What it may take of so many bytes.
    #[must_use]
    pub fn of(self, memory_bytes: u64) -> u64 {
        memory_bytes / Self::PARTS * self.parts()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pools_leave_something_over() {
        let taken: u64 = MemoryPool::ALL.into_iter().map(|pool| pool.of(1 << 30)).sum();
        assert!(taken <= (1 << 30) / 16 * 15, "{taken}");
        assert!(MemoryPool::ALL.into_iter().all(|pool| pool.of(64 << 20) >= 4 << 20));
        assert_eq!(MemoryPool::Queries.of(u64::MAX), u64::MAX / 64 * 22);
    }

    #[test]
    fn names_differ() {
        let mut names = MemoryPool::ALL.map(MemoryPool::name);
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
