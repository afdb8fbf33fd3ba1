//! `bench series`: very many series in one table: what they take in memory, at work and after a
//! restart, and what finding one of them costs.

use crate::say;
use crate::server::connection::Connection;
use crate::server::load::median_milliseconds;
use crate::server::process::{Binary, Server};
use clap::Args;
use std::fmt::Write;
use std::time::Instant;

const START_MS: u64 = 1_750_000_000_000;
const ROWS_A_STATEMENT: u64 = 1_000;
const RUNS: usize = 9;

/// A binary, and how many series.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    binary: Binary,
    #[command(flatten)]
    shape: Shape,
}

/// What the table is like.
#[derive(Clone, Copy, Debug, Args)]
struct Shape {
    /// How many series
    #[arg(long, default_value_t = 1_000_000)]
    series: u64,
    /// Fields of a row
    #[arg(long, default_value_t = 10)]
    fields: u64,
    /// Attributes beside the key
    #[arg(long, default_value_t = 9)]
    attributes: u64,
}

/// Prints the figures.
pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let Arguments { binary, shape } = arguments;
    let Shape { series, fields, .. } = *shape;
    binary.empty()?;
    let server = binary.start()?;
    let rest = server.resident_mb()?;
    say(&format!("| memory at rest | {rest:.0} MB |"));
    define(&server, *shape)?;
    let tell = |server: &Server, when: &str| -> Result<(), String> {
        let (now, peak) = (server.resident_mb()?, server.peak_mb()?);
        let each = (now - rest) * 1e6 / series as f64;
        say(&format!("| memory {when} | {now:.0} MB, {peak:.0} MB at most; {each:.0} bytes a series |"));
        Ok(())
    };
    let started = Instant::now();
    insert(&server, *shape, 0)?;
    let rate = series as f64 / started.elapsed().as_secs_f64();
    say(&format!("| {series} series made by a row of {fields} fields each | {rate:.0} series/s |"));
    tell(&server, "with all series and a row of each")?;
    ask(&server, *shape, "in memory")?;
    tell(&server, "with last values")?;
    let started = Instant::now();
    insert(&server, *shape, 1)?;
    let rate = series as f64 / started.elapsed().as_secs_f64();
    say(&format!("| another row of each | {rate:.0} rows/s |"));
    ask(&server, *shape, "after another row of each")?;
    tell(&server, "after another row of each")?;

    server.stop()?;
    let started = Instant::now();
    let server = binary.start()?;
    let start = started.elapsed().as_secs_f64() * 1e3;
    Connection::open(server.address)?.post("query?db=bench", &one(series))?;
    let first = started.elapsed().as_secs_f64() * 1e3;
    say(&format!("| restart, until it listens; until it found a series | {start:.0} ms; {first:.0} ms |"));
    tell(&server, "after a restart")?;
    ask(&server, *shape, "after a restart")?;
    tell(&server, "after a restart, with last values")?;
    server.kill()?;
    let started = Instant::now();
    let server = binary.start()?;
    say(&format!("| start after kill -9 | {:.0} ms |", started.elapsed().as_secs_f64() * 1e3));
    server.stop()
}

fn define(server: &Server, shape: Shape) -> Result<(), String> {
    let mut connection = Connection::open(server.address)?;
    connection.post("ddl?db=defaultdb", "create ts database bench")?;
    let fields: Vec<String> = (0..shape.fields).map(|field| format!("f{field} float8")).collect();
    let attributes: Vec<String> = (0..shape.attributes).map(|attribute| format!("a{attribute} varchar(40)")).collect();
    let table = format!(
        "create table meters (ts timestamptz(3) not null, {}) tags (id varchar(20) not null, {}) primary tags (id)",
        fields.join(", "),
        attributes.join(", ")
    );
    connection.post("ddl?db=bench", &table).map(drop)
}

/// One row of each series, in an order that is not that of the keys.
fn insert(server: &Server, shape: Shape, round: u64) -> Result<(), String> {
    let Shape { series, fields, attributes } = shape;
    let mut client = Connection::open(server.address)?;
    let mut statement = String::new();
    for first in (0..series).step_by(usize::try_from(ROWS_A_STATEMENT).unwrap_or(1)) {
        statement.clear();
        statement.push_str("insert into meters values ");
        for row in first..series.min(first + ROWS_A_STATEMENT) {
            if row > first {
                statement.push(',');
            }
            let _infallible = write!(statement, "({}", START_MS + round * 10_000);
            for field in 0..fields {
                let value = ((row + round) * (field + 3) * 7_919) % 10_000;
                let _infallible = write!(statement, ",{}.{:02}", value / 100, value % 100);
            }
            let _infallible = write!(statement, ",'{}'", name(row, series));
            for attribute in 0..attributes {
                let _infallible = write!(statement, ",'value-{}'", row % (10 + attribute));
            }
            statement.push(')');
        }
        client.post("insert?db=bench", &statement)?;
    }
    Ok(())
}

fn name(row: u64, series: u64) -> String {
    format!("meter-{:07}", row * 7_919 % series.max(1))
}

/// The newest row of one series.
fn one(series: u64) -> String {
    format!("select last_row(f0), last_row(f1) from meters where id = '{}'", name(series / 3, series))
}

/// The last value of every field of every series, taken together; then of one series.
fn ask(server: &Server, shape: Shape, when: &str) -> Result<(), String> {
    let Shape { series, fields: count, .. } = shape;
    let fields = |format: fn(u64) -> String| (0..count).map(format).collect::<Vec<_>>().join(", ");
    let all = format!(
        "select {} from (select id, {} from meters group by id)",
        fields(|field| format!("count(l{field})")),
        fields(|field| format!("last(f{field}) as l{field}"))
    );
    let started = Instant::now();
    let answer = Connection::open(server.address)?.post("query?db=bench", &all)?;
    if !answer.contains(&format!("[[{series},")) {
        return Err(format!("{series} series, but {answer}"));
    }
    let first = started.elapsed().as_secs_f64() * 1e3;
    let again = median_milliseconds(server, &all, 3)?;
    say(&format!("| last values of all series {when}, at first; again | {first:.0} ms; {again:.0} ms |"));
    let found = median_milliseconds(server, &one(series), RUNS)?;
    say(&format!("| newest row of one series {when} | {found:.1} ms |"));
    let change = format!("update meters set a0 = '{when}' where id = '{}'", name(series / 2, series));
    let mut connection = Connection::open(server.address)?;
    let started = Instant::now();
    connection.post("ddl?db=bench", &change)?;
    say(&format!("| one attribute changed {when} | {:.1} ms |", started.elapsed().as_secs_f64() * 1e3));
    Ok(())
}
