//! Reading a stored table as a physical plan: what to read, and reading it.

mod compact;
mod described;
mod exec;
mod key_ranges;
mod last;
#[cfg(test)]
pub(crate) mod memory;
mod pushdown;
mod source;
mod time_bounds;
mod unique;

pub(crate) use exec::ScanExec;
pub(crate) use key_ranges::key_ranges;
pub(crate) use last::{LastExec, LastTable};
pub(crate) use pushdown::{KEYS_MAX, Pushdown, Selection, can_be_evaluated};
pub(crate) use source::{OpenScan, ScanSource};
pub use unique::UniqueLookup;
