//! Background compaction: neighbouring segments of a partition become one, so that what a scan
//! costs does not grow with the number of flushes.
//!
//! `policy` says what is due, `job` does one merge and commits it, `compactor` is the thread that
//! does them one after the other, `pace` keeps it out of the way, and `debt` lets writers wait
//! where it cannot keep up. `expiry` takes whole partitions away that retention has hidden, `repack`
//! gives back the space of packs of which little is left.

mod compactor;
mod debt;
mod expiry;
mod job;
mod pace;
mod policy;
mod repack;

pub(crate) use compactor::{Compactor, run};
pub(crate) use debt::Debt;
#[cfg(test)]
pub(crate) use expiry::delete_expired;
#[cfg(test)]
pub(crate) use job::{Done, Job};
pub(crate) use policy::masks;

/// How compaction behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompactionOptions {
    /// So much of one core it takes while others write, in percent; 0: only when asked.
    pub cpu_percent: u8,
    /// So many segments of one partition may wait to be merged before writers of the table wait.
    pub segments_limit: usize,
}

impl Default for CompactionOptions {
    fn default() -> Self {
        Self { cpu_percent: 50, segments_limit: 64 }
    }
}
