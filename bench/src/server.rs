//! `bench server`: starts a `chronoglot` binary on a fresh directory and drives it over HTTP.

pub(crate) mod connection;
pub(crate) mod load;
pub(crate) mod process;

use crate::say;
use clap::Args;
use load::Load;
use process::Binary;
use std::time::Instant;

/// A binary, and what is sent to it.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    binary: Binary,
    /// Rows written by multi-row INSERTs
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// Rows in one INSERT
    #[arg(long, default_value_t = 1_000)]
    rows_a_statement: u64,
    /// Connections that send multi-row INSERTs
    #[arg(long, default_value_t = 4)]
    writers: u64,
    /// Single-row INSERTs
    #[arg(long, default_value_t = 60_000)]
    requests: u64,
    /// Connections that send single-row INSERTs
    #[arg(long, default_value_t = 32)]
    connections: u64,
}

/// Prints the figures.
pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let binary = &arguments.binary;
    binary.empty()?;
    let bytes = std::fs::metadata(&binary.program).map_err(|error| format!("{}: {error}", binary.program.display()))?;
    say(&format!("| binary | {:.1} MB |", bytes.len() as f64 / 1e6));

    let started = Instant::now();
    let server = binary.start()?;
    say(&format!("| start on an empty directory | {:.0} ms |", started.elapsed().as_secs_f64() * 1e3));
    say(&format!("| memory at rest | {:.0} MB |", server.resident_mb()?));
    load::define(&server)?;

    let seconds = Load::Batches { rows: arguments.rows, rows_a_statement: arguments.rows_a_statement }
        .run(&server, arguments.writers)?;
    say(&format!(
        "| INSERT, {} rows a statement, {} connections | {:.0} rows/s |",
        arguments.rows_a_statement,
        arguments.writers,
        arguments.rows as f64 / seconds
    ));
    let seconds = Load::Singles { requests: arguments.requests }.run(&server, arguments.connections)?;
    say(&format!(
        "| INSERT, 1 row a statement, {} connections | {:.0} requests/s |",
        arguments.connections,
        arguments.requests as f64 / seconds
    ));
    for (title, query) in load::QUERIES {
        let milliseconds = load::median_milliseconds(&server, query, 9)?;
        say(&format!("| {title} | {milliseconds:.1} ms |"));
    }
    let rows = arguments.rows + arguments.requests;
    say(&format!(
        "| memory after {rows} rows | {:.0} MB, {:.0} MB at most |",
        server.resident_mb()?,
        server.peak_mb()?
    ));
    load::ask_at_once(&server, load::LARGE_QUERIES, arguments.writers)?;
    say(&format!(
        "| memory after large queries, {} at once | {:.0} MB, {:.0} MB at most |",
        arguments.writers,
        server.resident_mb()?,
        server.peak_mb()?
    ));

    server.kill()?;
    let started = Instant::now();
    let server = binary.start()?;
    let rows = load::count(&server)?;
    say(&format!(
        "| restart after kill -9 with {rows} rows, until the first count | {:.0} ms |",
        started.elapsed().as_secs_f64() * 1e3
    ));
    if rows != arguments.rows + arguments.requests {
        return Err(format!("{rows} rows are there in place of {}", arguments.rows + arguments.requests));
    }
    server.stop()?;
    let started = Instant::now();
    let server = binary.start()?;
    let rows = load::count(&server)?;
    say(&format!(
        "| restart after a clean stop with {rows} rows, until the first count | {:.0} ms |",
        started.elapsed().as_secs_f64() * 1e3
    ));
    server.stop()
}
