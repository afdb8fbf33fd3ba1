//! kill -9 in the middle of writes through five doors at once, into one table, into tables that the
//! writes themselves make, and into one of keys: what was acknowledged is there, once.

use super::door::{Client, Door};
use super::with_database;
use crate::crash::Ledger;
use crate::harness::{Program, TempDir};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const ROUNDS: u64 = 6;
/// A round ends once so many requests were acknowledged in it, and some more each time.
const REQUESTS_A_ROUND: usize = 500;
/// Of whoever makes no progress at all.
const PATIENCE: Duration = Duration::from_secs(300);
const DATABASE: &str = "plant";
const SHARED: &str = "readings";
/// A table of keys, in a database of such tables.
const KEYED: &str = "orders";
const KEYED_DATABASE: &str = "office";
const FIRST: u64 = 1_714_979_289_000;
/// Each writes the shared table and a table of its own.
const DOORS: [Door; 5] = [Door::Kwdb, Door::TDengine, Door::Iotdb, Door::Influx, Door::OpenTsdb];

/// The rows of one writer in one table.
type Ledgers = BTreeMap<(String, String), Ledger>;

/// One request of rows into a table: whether it was carried out; `None` without an answer.
fn write(root: &Client, door: Door, table: &str, writer: &str, rows: &[u64]) -> Option<Result<(), String>> {
    let text =
        |part: &dyn Fn(u64) -> String, between: &str| rows.iter().map(|n| part(*n)).collect::<Vec<_>>().join(between);
    let (method, target, body) = match door {
        Door::Kwdb if table == KEYED => {
            let values = text(&|n| format!("({n}, '{writer}')"), ", ");
            let body = format!("insert into {table} (value, writer) values {values}");
            ("POST", format!("/restapi/insert?db={KEYED_DATABASE}"), body)
        }
        Door::Kwdb => {
            let values = text(&|n| format!("({}, {n}, '{writer}')", FIRST + n), ", ");
            let body = format!("insert into {table} (ts, value, writer) values {values}");
            ("POST", format!("/restapi/insert?db={DATABASE}"), body)
        }
        Door::TDengine => {
            let values = text(&|n| format!("({}, {n}, '{writer}')", FIRST + n), " ");
            let body = if table == SHARED {
                format!("insert into {table} (ts, `value`, writer) values {values}")
            } else {
                let values = text(&|n| format!("({}, {n})", FIRST + n), " ");
                format!("insert into child_of_{table} using {table} tags ('{writer}') values {values}")
            };
            ("POST", format!("/rest/sql/{DATABASE}"), body)
        }
        Door::Iotdb => {
            let body = json!({
                "database": DATABASE,
                "table": table,
                "column_names": ["writer", "value"],
                "column_categories": ["TAG", "FIELD"],
                "data_types": ["STRING", "DOUBLE"],
                "timestamps": rows.iter().map(|n| FIRST + n).collect::<Vec<_>>(),
                "values": rows.iter().map(|n| json!([writer, n])).collect::<Vec<_>>(),
            });
            ("POST", "/rest/table/v1/insertTablet".to_owned(), body.to_string())
        }
        Door::Influx => {
            let body = text(&|n| format!("{table},writer={writer} value={n} {}000000", FIRST + n), "\n");
            ("POST", format!("/write?db={DATABASE}"), body)
        }
        _ => {
            let point =
                |n: u64| json!({"metric": table, "timestamp": FIRST + n, "value": n, "tags": {"writer": writer}});
            let points: Vec<Value> = rows.iter().map(|n| point(*n)).collect();
            ("POST", format!("/api/put?db={DATABASE}"), Value::from(points).to_string())
        }
    };
    let reply = root.send(door, method, &target, &body).ok()?;
    let done = match door {
        Door::Influx | Door::OpenTsdb => reply.status == 204,
        Door::Iotdb => reply.json()["code"] == 200,
        _ => reply.json()["code"] == 0,
    };
    Some(if done { Ok(()) } else { Err(String::from_utf8_lossy(&reply.body).into_owned()) })
}

/// Makes what this door's writes do not make by themselves.
fn prepare(root: &Client, door: Door, table: &str) {
    match door {
        Door::Kwdb => {
            let statement = format!(
                "create table {table} (ts timestamptz(3) not null, value float8) tags (writer varchar(20) not null) primary tags (writer)"
            );
            root.kwdb("ddl", DATABASE, &statement).unwrap();
        }
        Door::TDengine => {
            let statement = format!("create stable {table} (ts timestamp, `value` double) tags (writer varchar(20))");
            root.tdengine(DATABASE, &statement).unwrap();
        }
        _ => {}
    }
}

fn write_until(stop: &AtomicBool, root: &Client, door: Door, table: &str, next: &AtomicU64, ledgers: &Mutex<Ledgers>) {
    let writer = if table == KEYED { "keys".to_owned() } else { format!("{door:?}").to_lowercase() };
    while !stop.load(Ordering::SeqCst) {
        let first = next.fetch_add(5, Ordering::SeqCst);
        let rows: Vec<u64> = (first..first + 1 + first % 5).collect();
        let outcome = write(root, door, table, &writer, &rows);
        let mut ledgers = ledgers.lock().unwrap();
        let ledger = ledgers.entry((table.to_owned(), writer.clone())).or_default();
        match outcome {
            Some(Ok(())) => ledger.acknowledge(rows),
            Some(Err(refusal)) => panic!("{door:?} refuses a write into {table}: {refusal}"),
            None => {
                ledger.in_doubt.push(rows);
                drop(ledgers);
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

/// Every writer's rows in every table, read through a door.
fn check(root: &Client, reader: Door, ledgers: &Ledgers) -> usize {
    let mut acknowledged = 0;
    for ((table, writer), ledger) in ledgers {
        let whose = format!("{table}, written by {writer}, read by {reader:?}");
        let (reader, database) = if table == KEYED { (Door::Kwdb, KEYED_DATABASE) } else { (reader, DATABASE) };
        let value = reader.quoted("value");
        let query = format!("select {value} from {table} where writer = '{writer}' order by {value}");
        let found = match root.query(reader, database, &query) {
            Ok(found) => found.rows,
            // The table that its first write makes was never acknowledged.
            Err(_) if ledger.acknowledged.is_empty() => Vec::new(),
            Err(error) => panic!("{whose}: {error}"),
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and small")]
        let found: Vec<u64> = found.iter().map(|row| row[0].as_f64().unwrap() as u64).collect();
        acknowledged += ledger.check(&whose, &found);
    }
    acknowledged
}

#[test]
fn rows_acknowledged_by_five_doors_survive_kill_9() {
    let data = TempDir::new();
    let (program, root) = with_database(&data, DATABASE);
    prepare(&root, Door::Kwdb, SHARED);
    root.kwdb("ddl", "defaultdb", &format!("create database {KEYED_DATABASE}")).unwrap();
    let statement = format!("create table {KEYED} (value int8, writer varchar(20), primary key (value))");
    root.kwdb("ddl", KEYED_DATABASE, &statement).unwrap();
    program.kill();

    let ledgers = Mutex::new(Ledgers::new());
    let next = AtomicU64::new(1);
    let requests = || ledgers.lock().unwrap().values().map(|ledger| ledger.requests).sum::<usize>();
    for round in 0..ROUNDS {
        let program = Program::insecure(data.path());
        let root = Client::root(&program);
        check(&root, Door::READERS[usize::try_from(round).unwrap() % 4], &ledgers.lock().unwrap());
        let own: Vec<(Door, String)> =
            DOORS.iter().map(|door| (*door, format!("{door:?}_{round}").to_lowercase())).collect();
        for (door, table) in &own {
            prepare(&root, *door, table);
        }
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                let (root, stop, next, ledgers) = (&root, &stop, &next, &ledgers);
                scope.spawn(move || write_until(stop, root, Door::Kwdb, KEYED, next, ledgers));
            }
            for (door, table) in &own {
                for table in [SHARED, table] {
                    let (root, stop, next, ledgers) = (&root, &stop, &next, &ledgers);
                    scope.spawn(move || write_until(stop, root, *door, table, next, ledgers));
                }
            }
            let enough = requests() + REQUESTS_A_ROUND + usize::try_from(round).unwrap() * 7;
            let begun = Instant::now();
            while requests() < enough && begun.elapsed() < PATIENCE {
                std::thread::sleep(Duration::from_millis(3));
            }
            stop.store(true, Ordering::SeqCst);
            program.kill();
        });
    }
    let program = Program::insecure(data.path());
    let root = Client::root(&program);
    let ledgers = ledgers.into_inner().unwrap();
    for reader in Door::READERS {
        check(&root, reader, &ledgers);
    }
    let mut by_door: BTreeMap<&str, usize> = BTreeMap::new();
    for ((_, writer), ledger) in &ledgers {
        *by_door.entry(writer).or_default() += ledger.acknowledged.len();
    }
    assert_eq!(by_door.len(), DOORS.len() + 1, "{by_door:?}");
    assert!(by_door.values().all(|rows| *rows > 20), "too little was written to mean anything: {by_door:?}");
    let requests: usize = ledgers.values().map(|ledger| ledger.requests).sum();
    let in_doubt: usize = ledgers.values().map(|ledger| ledger.in_doubt.len()).sum();
    let tables = ledgers.keys().map(|(table, _)| table).collect::<BTreeSet<_>>().len();
    assert!(requests >= REQUESTS_A_ROUND * usize::try_from(ROUNDS).unwrap(), "{requests} requests");
    eprintln!(
        "kill -9 x {ROUNDS}: {requests} acknowledged requests into {tables} tables are there, once, and {in_doubt} \
         without an answer whole or not at all; rows: {by_door:?}"
    );
}
