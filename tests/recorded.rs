//! Recorded suites: what real servers answered, what real clients sent, and statements with what
//! their vendor's documents say of them. See `tests/recorded/README.md`.
//!
//! What passed once must go on passing: `passed.txt` of each suite lists it.

mod archive;
mod client_answers;
mod clients;
mod exchanges;
mod instants;
mod kwdb;
mod kwdb_cells;
mod kwdb_text;
mod points;
mod ratchet;
mod spelled;
mod tdengine;
mod written;

use crate::conformance::mounted;
use crate::harness::{Program, TempDir};
use archive::{Archive, archives};
use ratchet::Ratchet;
use std::net::SocketAddr;

/// What became of one file's lines.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// The numbers of the lines that hold.
    passed: Vec<usize>,
    /// The others, with what is wrong.
    failed: Vec<(usize, String)>,
}

impl Tally {
    /// Notes the verdict over a line.
    fn note(&mut self, line: usize, verdict: Result<(), String>) {
        match verdict {
            Ok(()) => self.passed.push(line),
            Err(fault) => self.failed.push((line, fault)),
        }
    }
}

#[test]
fn iotdb() {
    replay("iotdb", &["iotdb"], exchanges::run);
}

#[test]
fn kwdb_regression() {
    replay("kwdb-regression", &["kwdb"], kwdb::run);
}

#[test]
fn tdengine_regression() {
    replay("tdengine-regression", &["tdengine"], tdengine::run);
}

#[test]
fn tdengine_clients() {
    replay("tdengine-clients", &["tdengine"], clients::run);
}

#[test]
fn influx_clients() {
    replay("influx-clients", &["influx"], clients::run);
}

#[test]
fn telegraf() {
    replay("telegraf", &["influx", "opentsdb", "kwdb"], clients::run);
}

/// Replays a suite file by file on fresh servers, and holds the result against what passed before.
fn replay(suite: &str, dialects: &[&str], run: impl Fn(SocketAddr, &Archive) -> Tally) {
    let mounted = mounted();
    let mounted = |name: &&str| mounted.iter().any(|one| one == *name);
    if let Some(missing) = dialects.iter().find(|name| !mounted(name)) {
        eprintln!("SKIPPED: {suite}: no dialect {missing} is mounted");
        return;
    }
    let mut ratchet = Ratchet::read(suite);
    let show = std::env::var("CHRONOGLOT_SHOW").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let wanted = std::env::var("CHRONOGLOT_RECORDED").unwrap_or_default();
    let (mut passed, mut total) = (0, 0);
    for archive in archives(suite).iter().filter(|archive| archive.name.contains(&wanted)) {
        let data = TempDir::new();
        let program = Program::insecure(data.path());
        let tally = run(program.address, archive);
        let lines = tally.passed.len() + tally.failed.len();
        eprintln!("{:6} / {lines:<6} {suite}/{}", tally.passed.len(), archive.name);
        for (line, fault) in tally.failed.iter().take(show) {
            eprintln!("    line {line}: {fault}");
        }
        passed += tally.passed.len();
        total += lines;
        ratchet.hold(&archive.name, &tally);
    }
    eprintln!("{passed:6} / {total:<6} {suite}");
    ratchet.finish();
}
