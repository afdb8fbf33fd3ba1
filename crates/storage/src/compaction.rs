//! Background compaction: neighbouring segments of a partition become one, so that what a scan
//! costs does not grow with the number of flushes.
//!
//! `policy` says what is worth it, `assess` what of that is due of a table, `job` does one merge, and
//! `merge` those that share a pack and a commit. `work` is the thread that does it all in turn, for
//! itself and for its `callers`; `compactor` is how others ask it. `pace` keeps it out of the way,
//! and `debt` lets writers wait where it cannot keep up. `expiry` takes whole partitions away that
//! retention has hidden, `repack` gives back the space of packs of which little is left.

mod assess;
mod callers;
mod compactor;
mod debt;
mod expiry;
mod job;
mod merge;
mod pace;
mod policy;
mod repack;
mod work;

pub(crate) use assess::flushed;
pub(crate) use compactor::Compactor;
pub(crate) use debt::Debt;
#[cfg(test)]
pub(crate) use expiry::delete_expired;
#[cfg(test)]
pub(crate) use job::{Done, Job};
pub(crate) use policy::masks;
pub(crate) use work::run;

/// How compaction behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompactionOptions {
    /// So much of one core it takes while others write, in percent; 0: only when asked.
    pub cpu_percent: u8,
    /// So many segments of one partition may wait to be merged before writers of the table wait. At once
    /// no more than 64 are; those that come after them wait, too.
    pub segments_limit: usize,
}

impl Default for CompactionOptions {
    fn default() -> Self {
        Self { cpu_percent: 50, segments_limit: 64 }
    }
}

/// How far compaction lags behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompactionUse {
    /// The most segments of one partition that wait to become one, of all tables that were touched
    /// since the start.
    pub segments_waiting: usize,
    /// The table whose they are; `None` while none wait.
    pub table: Option<model::TableId>,
    /// Where writers of a table begin to wait, beyond what waited when the store was opened.
    pub segments_limit: usize,
    /// How many writers wait now.
    pub writers_waiting: usize,
}
