//! Tables and the children of super tables share one set of names per database: what is taken is
//! refused by every door, and nothing of it is stored.

use super::door::{Client, Door, Refusal};
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

impl Writer {
    /// How it is told that a name of a child is taken by a child elsewhere, or by a table.
    fn taken(self, name: &str, by_table: bool) -> Refusal {
        let exists = format!("relation \\\"{name}\\\" already exists");
        match self {
            Self::KwdbSql
            | Self::KwdbTelegraf
            | Self::KwdbInfluxdb
            | Self::KwdbOpentsdbJson
            | Self::KwdbOpentsdbTelnet => Refusal::new(200, &["\"code\":-1", &exists]),
            Self::TDengineSql if by_table => Refusal::new(200, &["\"code\":1539", "Table already exists"]),
            Self::TDengineSql => Refusal::new(200, &["\"code\":1565", "Table already exists in other stables"]),
            Self::IotdbSql | Self::IotdbTablet => {
                Refusal::new(200, &["\"code\":551", &format!("Table '{name}' already exists.")])
            }
            Self::InfluxWrite => Refusal::new(400, &["partial write", name]),
            Self::OpenTsdbPut => Refusal::new(400, &["\"code\":400", name]),
        }
    }
}

impl Maker {
    /// How it is told that the name of a table is taken by a child.
    fn taken(self, name: &str) -> Refusal {
        match self {
            Self::Kwdb => Refusal::new(200, &["\"code\":-1", &format!("relation \\\"{name}\\\" already exists")]),
            Self::TDengine => Refusal::new(200, &["\"code\":1539", "Table already exists"]),
            Self::Iotdb => Refusal::new(200, &["\"code\":551", &format!("Table '{DATABASE}.{name}' already exists.")]),
            Self::StarRocks => Refusal::new(400, &["\"code\":\"1050\"", "TABLE_ALREADY_EXISTS"]),
            Self::KwdbLines => Writer::KwdbInfluxdb.taken(name, false),
            Self::InfluxLines => Writer::InfluxWrite.taken(name, false),
            Self::KwdbMetrics => Writer::KwdbOpentsdbJson.taken(name, false),
            Self::OpenTsdbMetrics => Writer::OpenTsdbPut.taken(name, false),
        }
    }
}

#[test]
fn a_name_that_is_taken_is_refused_by_every_door() {
    let (_data, program) = start();
    let root = Client::root(&program);
    root.tdengine(DATABASE, &format!("insert into kid using first tags ('m1') (ts, `value`) values ({FIRST}, 1)"))
        .unwrap();
    let mut faults = Faults::default();
    for writer in Writer::ALL {
        // The name of a child of another super table, and that of a table.
        for key in ["kid", "first"] {
            let row = Row { key, model: "m1", milliseconds: FIRST, fields: &[("value", 2.0)] };
            let outcome = writer.write(&root, DATABASE, "second", Maker::TDengine, &row);
            let refused = writer.taken(key, key == "first").meets(outcome);
            faults.check(format!("{writer:?} makes a child called {key}"), refused);
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
        let refused = maker.taken("kid").meets(maker.make(&root, DATABASE, "kid"));
        faults.check(format!("{maker:?} makes a table called kid"), refused);
    }
    let rename = root.kwdb("ddl", DATABASE, "alter table second rename to kid");
    faults.check("Kwdb renames a table to kid", Maker::Kwdb.taken("kid").meets(rename));
    let target = format!("/databases/{DATABASE}/tables/second/rename");
    let rename = root.resource("POST", &target, &json!({"newName": "kid"}));
    faults.check("StarRocks renames a table to kid", Maker::StarRocks.taken("kid").meets(rename));
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
            let write = |writer: Writer, table: &str| writer.write(&root, DATABASE, table, Maker::TDengine, &row);
            let done = std::thread::scope(|scope| {
                let first = scope.spawn(|| write(writers.0, "first"));
                let second = scope.spawn(|| write(writers.1, "second"));
                [first.join().unwrap(), second.join().unwrap()]
            });
            let cell = format!("{writers:?}, {name}");
            let are_done = [done[0].is_ok(), done[1].is_ok()];
            faults.check(format!("{cell}: one is done"), equal(&are_done.iter().filter(|done| **done).count(), &1));
            for (writer, outcome) in [writers.0, writers.1].into_iter().zip(done).filter(|(_, done)| done.is_err()) {
                faults.check(format!("{cell}: {writer:?} is refused"), writer.taken(&name, false).meets(outcome));
            }
            for (table, done) in [("first", are_done[0]), ("second", are_done[1])] {
                let query = format!("select count(*) from {table} where tbname = '{name}'");
                let found = root.query(Door::Kwdb, DATABASE, &query).map(|found| found.rows);
                faults.check(format!("{cell} in {table}"), equal(&found, &Ok(vec![vec![json!(i32::from(done))]])));
            }
        }
    }
    faults.end("names made at once");
}
