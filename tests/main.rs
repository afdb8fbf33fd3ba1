//! Whole-program tests: each starts the real binary and talks to it as a client would.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, missing_docs, reason = "tests")]

mod backup;
mod bad_input;
mod check;
mod clients;
mod commands;
mod conformance;
mod crash;
mod duckdb;
mod every_door;
mod harness;
mod limits;
mod recorded;
mod smart_meter;
mod tls;
