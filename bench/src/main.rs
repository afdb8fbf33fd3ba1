//! Makes the figures of `BENCHMARKS.md`: the whole program over HTTP, with few or very many
//! series, or the store alone, with series or with rows that have keys.

mod keyed;
mod memory;
mod mixed;
mod series;
mod server;
mod store;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The allocator of the program, so that the store costs here what it costs there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures, with every write synced before it is acknowledged.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A chronoglot binary over HTTP
    Server(server::Arguments),
    /// A chronoglot binary over HTTP with very many series in one table: memory, finding one, restart
    Series(series::Arguments),
    /// A chronoglot binary over HTTP that writes and answers large queries at once, with little memory
    Mixed(mixed::Arguments),
    /// The engine inside this process: columns in, queries out, no HTTP
    Store(store::Arguments),
    /// The engine inside this process with one relational table: keys, statements of very many rows
    Keyed(keyed::Arguments),
}

fn main() -> ExitCode {
    let done = match &Arguments::parse().what {
        What::Server(arguments) => server::run(arguments),
        What::Series(arguments) => series::run(arguments),
        What::Mixed(arguments) => mixed::run(arguments),
        What::Store(arguments) => store::run(arguments),
        What::Keyed(arguments) => keyed::run(arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "this is a command for people")]
fn say(line: &str) {
    println!("{line}");
}
