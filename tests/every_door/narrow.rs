//! Narrow columns, as one door declares them, keep their types whoever writes them: what fits is
//! converted, what does not is refused. Only KWDB's line endpoints make columns wider, and say so.

use super::door::{Client, Door, Outcome, Refusal, Rows};
use super::made_tables::Maker;
use super::{Faults, equal};
use crate::harness::{Program, TempDir};
use serde_json::{Value, json};

const DATABASE: &str = "narrow";
const FIRST: i64 = 1_714_979_289_000;
const MAKERS: [Maker; 3] = [Maker::Kwdb, Maker::TDengine, Maker::StarRocks];
const COLUMNS: [&str; 4] = ["n", "small", "f", "s"];

/// Makes a table with a 32-bit and a 16-bit integer, a 32-bit float and a text of five bytes.
fn make(maker: Maker, root: &Client, table: &str) -> Outcome {
    match maker {
        Maker::Kwdb => {
            let statement = format!(
                "create table {table} (ts timestamptz(3) not null, n int4, small int2, f float4, s varchar(5)) \
                 tags (site varchar(20) not null) primary tags (site)"
            );
            root.kwdb("ddl", DATABASE, &statement).map(drop)
        }
        Maker::TDengine => {
            let columns = "ts timestamp, n int, small smallint, f float, s varchar(5)";
            root.tdengine(DATABASE, &format!("create stable {table} ({columns}) tags (model varchar(60))")).map(drop)
        }
        _ => {
            let columns = [("n", "int"), ("small", "smallint"), ("f", "float"), ("s", "varchar(5)")];
            let columns: Vec<Value> = columns.iter().map(|(name, of)| json!({"name": name, "type": of})).collect();
            let definition = json!({
                "name": table,
                "timeColumn": {"name": "ts", "precision": "ms"},
                "columns": columns,
                "tags": [{"name": "site", "type": "varchar(20)", "isPrimary": true}],
            });
            root.resource("POST", &format!("/databases/{DATABASE}/tables"), &definition).map(drop)
        }
    }
}

/// A way in for the four values.
#[derive(Clone, Copy, Debug)]
enum Way {
    KwdbSql,
    TDengineSql,
    IotdbSql,
    IotdbTablet,
    InfluxWrite,
}

const WAYS: [Way; 5] = [Way::KwdbSql, Way::TDengineSql, Way::IotdbSql, Way::IotdbTablet, Way::InfluxWrite];

/// Values of the columns of [`COLUMNS`].
#[derive(Clone, Copy)]
struct Cells<'a> {
    n: i64,
    small: i64,
    f: f64,
    s: &'a str,
}

impl Way {
    fn write(self, root: &Client, table: &str, maker: Maker, at: i64, cells: Cells<'_>) -> Outcome {
        let Cells { n, small, f, s } = cells;
        let key = maker.key();
        let values = format!("'k1', {n}, {small}, {f}, '{s}'");
        match self {
            Self::KwdbSql => {
                let clock = jiff::Timestamp::from_millisecond(at).unwrap();
                let statement =
                    format!("insert into {table} (ts, {key}, n, small, f, s) values ('{clock:.3}', {values})");
                root.kwdb("insert", DATABASE, &statement).map(drop)
            }
            Self::TDengineSql => {
                let statement = format!("insert into {table} (ts, `{key}`, n, small, f, s) values ({at}, {values})");
                root.tdengine(DATABASE, &statement).map(drop)
            }
            Self::IotdbSql => root
                .iotdb(DATABASE, &format!("insert into {table} (ts, {key}, n, small, f, s) values ({at}, {values})")),
            Self::IotdbTablet => {
                let columns = [
                    (key, "TAG", "STRING"),
                    ("n", "FIELD", "INT32"),
                    ("small", "FIELD", "INT32"),
                    ("f", "FIELD", "FLOAT"),
                    ("s", "FIELD", "STRING"),
                ];
                root.tablet(
                    DATABASE,
                    table,
                    &columns,
                    &[(at, vec!["k1".into(), n.into(), small.into(), f.into(), s.into()])],
                )
            }
            Self::InfluxWrite => {
                root.influx(DATABASE, &format!("{table},{key}=k1 n={n}i,small={small}i,f={f},s=\"{s}\" {at}000000"))
            }
        }
    }
}

/// What every reader shows of a table.
fn shown(root: &Client, table: &str) -> Vec<(Door, Outcome<Rows>)> {
    Door::READERS.into_iter().map(|door| (door, root.read(door, DATABASE, table, &COLUMNS, "ts"))).collect()
}

/// A column of [`COLUMNS`] that a value does not fit.
#[derive(Clone, Copy, Debug)]
enum Misfit {
    LongInteger,
    Integer,
    Text,
}

impl Way {
    /// How it is told that a value does not fit.
    fn refusal(self, misfit: Misfit) -> Refusal {
        let (column, value) = match misfit {
            Misfit::LongInteger => ("n", "4294967296"),
            Misfit::Integer => ("small", "65536"),
            Misfit::Text => ("s", "abcdef"),
        };
        match (self, misfit) {
            (Self::KwdbSql, Misfit::Text) => {
                Refusal::new(200, &["\"code\":-1", "value 'abcdef' too long for type VARCHAR(5) (column s)"])
            }
            (Self::KwdbSql, _) => Refusal::new(200, &["\"code\":-1", value, "out of range for type", column]),
            (Self::TDengineSql, Misfit::Text) => {
                Refusal::new(200, &["\"code\":9811", "Value too long for column/tag: s"])
            }
            (Self::TDengineSql, _) => Refusal::new(200, &["\"code\":534", value, "data overflow"]),
            // A tablet says the types of its cells itself: what is not of them is not read at all.
            (Self::IotdbTablet, Misfit::LongInteger) => {
                Refusal::new(200, &["\"code\":606", "unsupported data type: class java.lang.Long"])
            }
            (Self::IotdbTablet, Misfit::Integer) => {
                let said = format!("a value of column {column} in row 1 is out of range of INT32");
                Refusal::new(200, &["\"code\":701", &said])
            }
            (Self::IotdbSql | Self::IotdbTablet, _) => Refusal::new(200, &["\"code\":507", value]),
            (Self::InfluxWrite, _) => Refusal::new(400, &["partial write", value]),
        }
    }
}

#[test]
fn narrow_columns_keep_their_types() {
    let data = TempDir::new();
    let program = Program::insecure(data.path());
    let root = Client::root(&program);
    root.kwdb("ddl", "defaultdb", &format!("create ts database {DATABASE}")).unwrap();
    root.kwdb("ddl", "defaultdb", "create user writer with password 'Narrow-1-Columns'").unwrap();
    let writer = Client::user(&program, "writer", "Narrow-1-Columns");
    let mut faults = Faults::default();
    let fits = Cells { n: 5, small: -7, f: 1.1, s: "abcde" };
    for maker in MAKERS {
        let table = format!("table_{maker:?}").to_lowercase();
        make(maker, &root, &table).unwrap();
        root.kwdb("ddl", DATABASE, &format!("grant insert on table {table} to writer")).unwrap();
        let before = root.kwdb("query", DATABASE, &format!("show create table {table}")).map(|found| found.rows);
        for (number, way) in WAYS.into_iter().enumerate() {
            let at = FIRST + i64::try_from(number).unwrap();
            let label = format!("table of {maker:?}, {way:?}");
            faults.check(format!("{label} writes"), way.write(&root, &table, maker, at, fits));
            // IoTDB's INSERT writes what fits of a row, so each has a time of its own.
            for (what, after, cells) in [
                (Misfit::LongInteger, 1_000, Cells { n: 1 << 32, ..fits }),
                (Misfit::Integer, 2_000, Cells { small: 1 << 16, ..fits }),
                (Misfit::Text, 3_000, Cells { s: "abcdef", ..fits }),
            ] {
                // IoTDB's INSERT leaves a number out that does not fit, and says so.
                let outcome = way.write(&root, &table, maker, at + after, cells);
                faults.check(format!("{label} refuses {what:?}"), way.refusal(what).meets(outcome));
            }
        }
        let by_insert = Way::InfluxWrite.write(&writer, &table, maker, FIRST + 9, fits);
        faults.check(format!("table of {maker:?}: INSERT is enough"), by_insert);
        for (line, what, value) in [("n=1.5", "a fraction", "1.5"), ("f=1e39", "a float beyond the range", "1e39")] {
            let outcome = root.influx(DATABASE, &format!("{table},{}=k1 {line} {}000000", maker.key(), FIRST + 1_000));
            let refusal = Refusal::new(400, &["partial write", value]);
            faults.check(format!("table of {maker:?}: refuses {what}"), refusal.meets(outcome));
        }
        for (door, found) in shown(&root, &table) {
            let outcome = found.and_then(|found| {
                let full: Vec<_> = found.rows.iter().filter(|row| row.iter().all(|cell| !cell.is_null())).collect();
                let first = full.first().map(|row| (row[0].as_i64(), row[1].as_i64(), row[3].as_str()));
                equal(&first, &Some((Some(5), Some(-7), Some("abcde"))))?;
                equal(&full.len(), &(WAYS.len() + 1))?;
                equal(&full.iter().filter(|row| **row != full[0]).count(), &0)
            });
            faults.check(format!("table of {maker:?}, {door:?} reads"), outcome);
        }
        let after = root.kwdb("query", DATABASE, &format!("show create table {table}")).map(|found| found.rows);
        faults.check(format!("table of {maker:?} is as it was"), equal(&after, &before));
    }
    faults.end("narrow columns");
}

#[test]
fn a_widened_column_is_declared_as_it_is() {
    let data = TempDir::new();
    let program = Program::insecure(data.path());
    let root = Client::root(&program);
    root.kwdb("ddl", "defaultdb", &format!("create ts database {DATABASE}")).unwrap();
    let mut faults = Faults::default();
    for (endpoint, maker) in [("influxdb", Maker::Kwdb), ("telegraf", Maker::Kwdb), ("influxdb", Maker::TDengine)] {
        let table = format!("table_{endpoint}_{maker:?}").to_lowercase();
        make(maker, &root, &table).unwrap();
        let line = format!("{table},{}=k1 n=5000000000i,f=1.1,s=\"abcdef\" {FIRST}000000", maker.key());
        let outcome = root.kwdb(endpoint, DATABASE, &line).and_then(|_| {
            let shown = root.kwdb("query", DATABASE, &format!("show create table {table}"))?.rows;
            let shown = Value::from(shown.into_iter().flatten().collect::<Vec<_>>()).to_string().to_uppercase();
            let words = ["INT8", "FLOAT8", "VARCHAR(254)"];
            let old = ["INT4", "FLOAT4", "VARCHAR(5)"];
            equal(&words.map(|word| shown.contains(word)), &[true; 3])
                .and_then(|()| equal(&old.map(|word| shown.contains(word)), &[false; 3]))
                .map_err(|fault| format!("{fault} in {shown}"))
        });
        faults.check(format!("{endpoint} widens a table of {maker:?}"), outcome);
    }
    faults.end("widened columns");
}
