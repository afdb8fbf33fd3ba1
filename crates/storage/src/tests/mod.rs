//! Tests of the whole store: small targeted ones, and one that plays random requests, crashes and
//! restarts against a naive model.

#![allow(clippy::indexing_slicing, reason = "tests")]

mod backups;
mod changes;
mod check;
mod compaction;
mod compaction_load;
mod corpora;
mod crash_points;
mod dice;
mod dropped;
mod faults;
pub(crate) mod fixture;
mod footers;
mod last_values;
mod loads;
mod log_files;
mod making;
mod many_series;
mod naive;
mod packs;
mod random;
mod read_write;
mod retention;
mod schema;
mod series_file;
mod simulation;
mod trouble;
mod views;
mod watched;
