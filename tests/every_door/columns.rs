//! A column that one door adds is written by every other at once, and read by all.

use super::door::{Client, Door, Outcome};
use super::made_tables::{Maker, Row, Writer};
use super::{Faults, equal, with_database};
use crate::harness::TempDir;
use serde_json::json;

const DATABASE: &str = "widened";
const FIRST: i64 = 1_714_979_289_000;

/// A way to add a column.
#[derive(Clone, Copy, Debug)]
enum Adder {
    Kwdb,
    TDengine,
    Iotdb,
    StarRocks,
    /// By writing it.
    First(Writer),
}

const ADDERS: [Adder; 8] = [
    Adder::Kwdb,
    Adder::TDengine,
    Adder::Iotdb,
    Adder::StarRocks,
    Adder::First(Writer::KwdbTelegraf),
    Adder::First(Writer::KwdbInfluxdb),
    Adder::First(Writer::InfluxWrite),
    Adder::First(Writer::IotdbTablet),
];

impl Adder {
    fn add(self, root: &Client, maker: Maker, table: &str, column: &str, key: &str) -> Outcome {
        match self {
            Self::Kwdb => {
                root.kwdb("ddl", DATABASE, &format!("alter table {table} add column {column} float8")).map(drop)
            }
            Self::TDengine => {
                root.tdengine(DATABASE, &format!("alter stable {table} add column {column} double")).map(drop)
            }
            Self::Iotdb => root.iotdb(DATABASE, &format!("alter table {table} add column {column} double field")),
            Self::StarRocks => {
                let target = format!("/databases/{DATABASE}/tables/{table}/columns");
                root.resource("POST", &target, &json!({"name": column, "type": "double"})).map(drop)
            }
            Self::First(writer) => {
                let fields = &[("value", 0.0), (column, 0.5)];
                writer.write(root, DATABASE, table, maker, &Row { key, model: "m1", milliseconds: FIRST - 1, fields })
            }
        }
    }
}

#[test]
fn a_column_added_by_one_door_is_written_by_the_next() {
    let data = TempDir::new();
    let (_program, root) = with_database(&data, DATABASE);
    let mut faults = Faults::default();
    for maker in Maker::ALL {
        let table = format!("table_{maker:?}").to_lowercase();
        let made = maker.make(&root, DATABASE, &table);
        let key = made.and_then(|()| maker.key_of(&root, DATABASE, &table, "m1", "s1"));
        let key = match key {
            Ok(key) => key,
            Err(fault) => {
                faults.check(format!("{maker:?} makes a table"), Err(fault));
                continue;
            }
        };
        for (number, adder) in ADDERS.into_iter().enumerate() {
            if matches!(adder, Adder::First(writer) if !writer.reaches(maker)) {
                continue;
            }
            let column = format!("added_{number}");
            let label = format!("table of {maker:?}, {adder:?} adds");
            if let Err(fault) = adder.add(&root, maker, &table, &column, &key) {
                faults.check(label, Err(fault));
                continue;
            }
            let writers: Vec<Writer> =
                Writer::ALL.into_iter().filter(|writer| writer.reaches(maker) && !writer.takes_metrics()).collect();
            let mut expected = Vec::new();
            for (at, writer) in writers.into_iter().enumerate() {
                let milliseconds = FIRST + i64::try_from(number * 100 + at).unwrap();
                #[expect(clippy::cast_precision_loss, reason = "small")]
                let value = at as f64 + 0.25;
                let row = Row { key: &key, model: "m1", milliseconds, fields: &[("value", 0.0), (&column, value)] };
                let outcome = writer.write(&root, DATABASE, &table, maker, &row);
                if outcome.is_ok() {
                    expected.push(value);
                }
                faults.check(format!("{label}, {writer:?} writes"), outcome);
            }
            for reader in Door::READERS {
                let answer = root.read(reader, DATABASE, &table, &[&column], maker.time());
                let outcome = answer.and_then(|answer| {
                    let shown: Vec<f64> =
                        answer.rows.iter().filter_map(|row| row[0].as_f64()).filter(|value| *value != 0.5).collect();
                    equal(&shown, &expected)
                });
                faults.check(format!("{label}, {reader:?} reads"), outcome);
            }
        }
    }
    faults.end("added columns");
}
