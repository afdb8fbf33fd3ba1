//! `bench mixed`: writers, and queries that read everything, at once, against a server with little
//! memory: how much it takes at most, what it refuses, and that every acknowledged row is there.

use crate::say;
use crate::server::connection::Connection;
use crate::server::load::{self, LARGE_QUERIES, QUERIES};
use crate::server::process::{Binary, Server};
use clap::Args;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const ROWS_A_STATEMENT: u64 = 1_000;
const SAMPLED_EVERY: Duration = Duration::from_millis(100);

/// A binary, and how hard it is driven.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    binary: Binary,
    /// Seconds of load
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Connections that write
    #[arg(long, default_value_t = 4)]
    writers: u64,
    /// Connections that query
    #[arg(long, default_value_t = 4)]
    readers: usize,
}

/// What all connections have counted.
#[derive(Debug, Default)]
struct Counts {
    ended: AtomicBool,
    /// The next rows to write begin there.
    next: AtomicU64,
    rows: AtomicU64,
    queries: AtomicU64,
    refused: AtomicU64,
}

/// Prints the figures.
pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    arguments.binary.empty()?;
    let server = arguments.binary.start()?;
    load::define(&server)?;
    let counts = Counts::default();
    let sum = drive(arguments, &server, &counts)?;
    let taken = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    say(&format!(
        "| {} s of {} writers and {} readers | {:.0} rows/s, {} queries, {} refused |",
        arguments.seconds,
        arguments.writers,
        arguments.readers,
        taken(&counts.rows) as f64 / arguments.seconds as f64,
        taken(&counts.queries),
        taken(&counts.refused),
    ));
    say(&format!("| memory | {sum:.0} MB on average, {:.0} MB at most |", server.peak_mb()?));
    let (found, acknowledged) = (load::count(&server)?, taken(&counts.rows));
    if found != acknowledged {
        return Err(format!("{acknowledged} rows were acknowledged, {found} are there"));
    }
    server.stop()
}

/// Lets all connections work until time is up; the memory on average.
fn drive(arguments: &Arguments, server: &Server, counts: &Counts) -> Result<f64, String> {
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..arguments.writers).map(|_| scope.spawn(|| write(server, counts))).collect();
        let readers: Vec<_> =
            (0..arguments.readers).map(|reader| scope.spawn(move || ask(server, counts, reader))).collect();
        let (started, mut samples, mut sum) = (Instant::now(), 0.0, 0.0);
        while started.elapsed() < Duration::from_secs(arguments.seconds) {
            std::thread::sleep(SAMPLED_EVERY);
            sum += server.resident_mb()?;
            samples += 1.0;
        }
        counts.ended.store(true, Ordering::Relaxed);
        for thread in writers.into_iter().chain(readers) {
            thread.join().map_err(|_| "a connection panicked".to_owned())??;
        }
        Ok(sum / f64::max(samples, 1.0))
    })
}

fn write(server: &Server, counts: &Counts) -> Result<(), String> {
    let mut client = Connection::open(server.address)?;
    while !counts.ended.load(Ordering::Relaxed) {
        let first = counts.next.fetch_add(ROWS_A_STATEMENT, Ordering::Relaxed);
        let statement = load::insert(first..first + ROWS_A_STATEMENT);
        if carried_out(&mut client, "insert?db=bench", &statement, counts)? {
            counts.rows.fetch_add(ROWS_A_STATEMENT, Ordering::Relaxed);
        }
    }
    Ok(())
}

fn ask(server: &Server, counts: &Counts, reader: usize) -> Result<(), String> {
    let queries: Vec<&str> = LARGE_QUERIES.iter().copied().chain(QUERIES.map(|(_, query)| query)).collect();
    let mut client = Connection::open(server.address)?;
    for query in queries.iter().cycle().skip(reader) {
        if counts.ended.load(Ordering::Relaxed) {
            break;
        }
        if carried_out(&mut client, "query?db=bench", query, counts)? {
            counts.queries.fetch_add(1, Ordering::Relaxed);
        }
    }
    Ok(())
}

/// Whether a statement was carried out; false: the server was overloaded or the query too large.
fn carried_out(client: &mut Connection, endpoint: &str, statement: &str, counts: &Counts) -> Result<bool, String> {
    match client.post(endpoint, statement) {
        Ok(_) => Ok(true),
        Err(refusal) if refusal.starts_with("{\"code\":") => {
            counts.refused.fetch_add(1, Ordering::Relaxed);
            Ok(false)
        }
        Err(error) => Err(error),
    }
}
