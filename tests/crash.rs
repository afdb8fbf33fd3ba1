//! kill -9 in the middle of concurrent writes, over and over: what was acknowledged is there, once.

use crate::harness::{Program, TempDir, basic, request};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

const ROUNDS: u64 = 6;
const WRITERS: u64 = 8;

/// What one writer knows about its rows, which are numbered from 1 without a gap.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Rows whose request was answered with success.
    pub(crate) acknowledged: BTreeSet<u64>,
    /// How many requests that were.
    pub(crate) requests: usize,
    /// Rows of a request without an answer: there whole, or not at all.
    pub(crate) in_doubt: Vec<Vec<u64>>,
}

impl Ledger {
    /// A request was answered with success.
    pub(crate) fn acknowledge(&mut self, rows: Vec<u64>) {
        self.acknowledged.extend(rows);
        self.requests += 1;
    }

    /// Every acknowledged row is among these once, a doubtful request is there whole or not at all,
    /// and nothing else is. Returns the number of acknowledged rows.
    pub(crate) fn check(&self, whose: &str, found: &[u64]) -> usize {
        let set: BTreeSet<u64> = found.iter().copied().collect();
        assert_eq!(set.len(), found.len(), "{whose}: a row is there twice");
        let lost: Vec<_> = self.acknowledged.difference(&set).collect();
        assert!(lost.is_empty(), "{whose}: acknowledged and lost: {lost:?}");
        let mut rest: BTreeSet<u64> = set.difference(&self.acknowledged).copied().collect();
        for request in &self.in_doubt {
            let there = request.iter().filter(|n| rest.remove(n)).count();
            assert!(there == 0 || there == request.len(), "{whose}: half of {request:?} is there");
        }
        assert!(rest.is_empty(), "{whose}: rows that nobody wrote: {rest:?}");
        self.acknowledged.len()
    }
}

#[test]
fn acknowledged_rows_survive_kill_9() {
    let data = TempDir::new();
    let program = Program::insecure(data.path());
    program.ddl("defaultdb", "create ts database plant; create database office");
    program.ddl(
        "plant",
        "create table readings (ts timestamptz(3) not null, n int8, note varchar(20)) \
         tags (writer int4 not null) primary tags (writer)",
    );
    program.ddl("office", "create table orders (writer int4, n int8, note varchar(20), primary key (writer, n))");
    program.kill();

    let series: Vec<Mutex<Ledger>> = (0..WRITERS).map(|_| Mutex::default()).collect();
    let keyed: Vec<Mutex<Ledger>> = (0..WRITERS).map(|_| Mutex::default()).collect();
    let next = AtomicU64::new(1);
    for round in 0..ROUNDS {
        let program = Program::insecure(data.path());
        check(&program, "plant", "readings", &series);
        check(&program, "office", "orders", &keyed);
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (ledgers, table) = if writer % 2 == 0 { (&series, Table::Series) } else { (&keyed, Table::Keyed) };
                let (address, stop, next) = (program.address, &stop, &next);
                scope.spawn(move || write_until(stop, address, table, writer, next, &ledgers[writer as usize]));
            }
            std::thread::sleep(Duration::from_millis(250 + 90 * round));
            stop.store(true, Ordering::SeqCst);
            program.kill();
        });
    }
    let program = Program::insecure(data.path());
    let readings = check(&program, "plant", "readings", &series);
    let orders = check(&program, "office", "orders", &keyed);
    assert!(readings > 100 && orders > 100, "too little was written to mean anything: {readings}, {orders}");
    eprintln!("kill -9 x {ROUNDS}: {readings} acknowledged readings and {orders} acknowledged orders are there, once");
}

#[derive(Clone, Copy)]
enum Table {
    Series,
    Keyed,
}

/// Writes requests of one to five rows until the server is gone.
fn write_until(
    stop: &AtomicBool,
    address: SocketAddr,
    table: Table,
    writer: u64,
    next: &AtomicU64,
    ledger: &Mutex<Ledger>,
) {
    let authorization = basic("root", "kwdbpassword");
    while !stop.load(Ordering::SeqCst) {
        let first = next.fetch_add(5, Ordering::SeqCst);
        let rows: Vec<u64> = (first..first + 1 + first % 5).collect();
        let values: Vec<String> = rows
            .iter()
            .map(|n| match table {
                Table::Series => format!("({}, {n}, 'note {n}', {writer})", 1_700_000_000_000 + n),
                Table::Keyed => format!("({writer}, {n}, 'note {n}')"),
            })
            .collect();
        let (database, name) = match table {
            Table::Series => ("plant", "readings"),
            Table::Keyed => ("office", "orders"),
        };
        let statement = format!("insert into {name} values {}", values.join(","));
        let target = format!("/restapi/insert?db={database}");
        let answer = request(address, "POST", &target, &[("Authorization", &authorization)], statement.as_bytes());
        match answer {
            Ok(reply) => {
                assert_eq!(reply.json()["code"], 0, "{}", reply.json());
                ledger.lock().unwrap().acknowledge(rows);
            }
            Err(_) => {
                ledger.lock().unwrap().in_doubt.push(rows);
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

/// Each writer's rows by its ledger; the number of acknowledged ones.
fn check(program: &Program, database: &str, table: &str, ledgers: &[Mutex<Ledger>]) -> usize {
    let mut acknowledged = 0;
    for (writer, ledger) in ledgers.iter().enumerate() {
        let query = format!("select n, note from {table} where writer = {writer} order by n");
        let found: Vec<u64> = program
            .rows(database, &query)
            .iter()
            .map(|row| {
                let n = row[0].as_u64().unwrap();
                assert_eq!(row[1], format!("note {n}"));
                n
            })
            .collect();
        acknowledged += ledger.lock().unwrap().check(&format!("{table}, writer {writer}"), &found);
    }
    acknowledged
}
