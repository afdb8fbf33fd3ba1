//! Tables and the children of super tables share one set of names per database: what is taken is
//! refused by every door, and nothing of it is stored.

use super::door::{Client, Door};
use super::made_tables::{Maker, Row, Writer};
use super::{Faults, equal, with_database};
use crate::harness::{Program, TempDir};
use serde_json::json;

const DATABASE: &str = "claims";
const FIRST: i64 = 1_714_979_289_000;

fn start() -> (TempDir, Program) {
    let data = TempDir::new();
    let (program, root) = with_database(&data, DATABASE);
    for table in ["first", "second"] {
        Maker::TDengine.make(&root, DATABASE, table).unwrap();
    }
    (data, program)
}

/// The number of rows of a table.
fn count(root: &Client, table: &str) -> Result<i64, String> {
    let found = root.kwdb("query", DATABASE, &format!("select count(*) from {table}"))?;
    found.rows[0][0].as_i64().ok_or_else(|| "no number".to_owned())
}

#[test]
fn a_name_that_is_taken_is_refused_by_every_door() {
    let (_data, program) = start();
    let root = Client::root(&program);
    root.tdengine(DATABASE, &format!("insert into kid using first tags ('m1') (ts, `value`) values ({FIRST}, 1)"))
        .unwrap();
    let mut faults = Faults::default();
    let refused = |outcome: Result<(), String>| match outcome {
        Ok(()) => Err("must be refused".to_owned()),
        Err(_) => Ok(()),
    };
    for writer in Writer::ALL {
        // The name of a child of another super table, and that of a table.
        for key in ["kid", "first"] {
            let row = Row { key, model: "m1", milliseconds: FIRST, fields: &[("value", 2.0)] };
            let outcome = writer.write(&root, DATABASE, "second", Maker::TDengine, &row);
            faults.check(format!("{writer:?} makes a child called {key}"), refused(outcome));
        }
        faults.check(format!("{writer:?} stores nothing"), equal(&count(&root, "second"), &Ok(0)));
        // The child itself is written as ever.
        let row = Row { key: "kid", model: "m1", milliseconds: FIRST, fields: &[("value", 3.0)] };
        faults.check(
            format!("{writer:?} writes the child"),
            writer.write(&root, DATABASE, "first", Maker::TDengine, &row),
        );
    }
    for maker in Maker::ALL {
        faults.check(format!("{maker:?} makes a table called kid"), refused(maker.make(&root, DATABASE, "kid")));
    }
    let rename = root.kwdb("ddl", DATABASE, "alter table second rename to kid").map(drop);
    faults.check("Kwdb renames a table to kid", refused(rename));
    let target = format!("/databases/{DATABASE}/tables/second/rename");
    let rename = root.resource("POST", &target, &json!({"newName": "kid"})).map(drop);
    faults.check("StarRocks renames a table to kid", refused(rename));
    // What is dropped is free.
    root.tdengine(DATABASE, "drop table kid").unwrap();
    let row = Row { key: "kid", model: "m1", milliseconds: FIRST, fields: &[("value", 4.0)] };
    let outcome = Writer::KwdbSql.write(&root, DATABASE, "second", Maker::TDengine, &row);
    faults.check("Kwdb makes the dropped child in another table", outcome);
    let found = root.tdengine(DATABASE, "select `value` from kid").map(|found| found.rows);
    faults.check("TDengine reads it", equal(&found, &Ok(vec![vec![json!(4)]])));
    faults.end("taken names");
}

#[test]
fn of_two_doors_that_make_one_child_at_once_one_does() {
    let (_data, program) = start();
    let root = Client::root(&program);
    let mut faults = Faults::default();
    let pairs = [
        (Writer::TDengineSql, Writer::InfluxWrite),
        (Writer::KwdbSql, Writer::IotdbTablet),
        (Writer::OpenTsdbPut, Writer::TDengineSql),
    ];
    for (pair, writers) in pairs.into_iter().enumerate() {
        for round in 0..12 {
            let name = format!("child_{pair}_{round}");
            let row = Row { key: &name, model: "m1", milliseconds: FIRST, fields: &[("value", 1.0)] };
            let write =
                |writer: Writer, table: &str| writer.write(&root, DATABASE, table, Maker::TDengine, &row).is_ok();
            let done = std::thread::scope(|scope| {
                let first = scope.spawn(|| write(writers.0, "first"));
                let second = scope.spawn(|| write(writers.1, "second"));
                [first.join().unwrap(), second.join().unwrap()]
            });
            let cell = format!("{writers:?}, {name}");
            faults.check(format!("{cell}: one is done"), equal(&done.iter().filter(|done| **done).count(), &1));
            for (table, done) in [("first", done[0]), ("second", done[1])] {
                let query = format!("select count(*) from {table} where tbname = '{name}'");
                let found = root.query(Door::Kwdb, DATABASE, &query).map(|found| found.rows);
                faults.check(format!("{cell} in {table}"), equal(&found, &Ok(vec![vec![json!(i32::from(done))]])));
            }
        }
    }
    faults.end("names made at once");
}
