//! Tests of the whole store: small targeted ones, and one that plays random requests, crashes and
//! restarts against a naive model.

#![allow(clippy::indexing_slicing, reason = "tests")]

mod changes;
mod dice;
mod faults;
mod fixture;
mod naive;
mod random;
mod read_write;
mod retention;
mod series_file;
mod simulation;
