//! Measurements whose names are hard to spell, written and read through every door that can spell
//! them; two that differ only in case are two.

use super::door::{Client, Door, Outcome, encoded};
use super::{Faults, equal, with_database};
use crate::harness::TempDir;
use serde_json::{Value, json};

const DATABASE: &str = "named";
const FIRST: i64 = 1_714_979_289_000;

/// Mixed case, dots, a space, Chinese, quotes and a reserved word.
const NAMES: [&str; 7] = ["myMeasurement", "sys.cpu.usage", "boiler room", "温度", "it's", "select", "a/b-c"];

fn escaped(name: &str) -> String {
    name.replace(' ', "\\ ")
}

/// One row through each writer that can spell the name, each at a time and with a value of its own.
fn write_all(root: &Client, name: &str, faults: &mut Faults) -> usize {
    let line = |value: usize| format!("{},site=n1 value={value} {}000000", escaped(name), FIRST + as_i64(value));
    let point = |value: usize| {
        json!({"metric": name, "timestamp": FIRST + as_i64(value), "value": value, "tags": {"site": "n1"}}).to_string()
    };
    let clock = |value: usize| jiff::Timestamp::from_millisecond(FIRST + as_i64(value)).unwrap();
    let tablet = |value: usize| {
        let columns = [("primary_tag", "TAG", "STRING"), ("value", "FIELD", "DOUBLE")];
        root.tablet(DATABASE, name, &columns, &[(FIRST + as_i64(value), vec!["t".into(), value.into()])])
    };
    let mut outcomes: Vec<(&str, Outcome)> = vec![
        ("/write", root.influx(DATABASE, &line(1))),
        ("/restapi/influxdb", root.kwdb("influxdb", DATABASE, &line(2)).map(drop)),
        ("/restapi/telegraf", root.kwdb("telegraf", DATABASE, &line(3)).map(drop)),
        ("/restapi/opentsdbjson", root.kwdb("opentsdbjson", DATABASE, &point(4)).map(drop)),
    ];
    let sql = |door: Door, value: usize| {
        let columns = format!("{}, {}, {}", door.quoted("time"), door.quoted("primary_tag"), door.quoted("value"));
        format!("insert into {} ({columns}) values ('{:.3}', 't', {value})", door.quoted(name), clock(value))
    };
    outcomes.push(("KWDB SQL", root.kwdb("insert", DATABASE, &sql(Door::Kwdb, 5)).map(drop)));
    outcomes.push(("TDengine SQL", root.tdengine(DATABASE, &sql(Door::TDengine, 6)).map(drop)));
    outcomes.push(("tablet", tablet(7)));
    let iotdb =
        format!("insert into {} (time, primary_tag, value) values ({}, 't', 8)", Door::Iotdb.quoted(name), FIRST + 8);
    outcomes.push(("IoTDB SQL", root.iotdb(DATABASE, &iotdb)));
    // Those formats end a name at a space, and that vendor's server takes no quotes.
    if !name.contains(' ') {
        let put = format!("put {name} {} 9 site=n1", FIRST + 9);
        outcomes.push(("/restapi/opentsdbtelnet", root.kwdb("opentsdbtelnet", DATABASE, &put).map(drop)));
    }
    if !name.contains([' ', '\'']) {
        outcomes.push(("/api/put", root.put(DATABASE, &point(10))));
    }
    let written = outcomes.len();
    for (writer, outcome) in outcomes {
        faults.check(format!("{name:?} by {writer}"), outcome);
    }
    written
}

fn as_i64(value: usize) -> i64 {
    i64::try_from(value).unwrap()
}

/// The values of a table in the order of time.
fn values(root: &Client, reader: Door, name: &str) -> Outcome<Vec<i64>> {
    let answer = root.read(reader, DATABASE, name, &["value"], "time")?;
    #[expect(clippy::cast_possible_truncation, reason = "small whole numbers")]
    let whole = |value: &Value| value.as_f64().map(|value| value as i64);
    Ok(answer.rows.iter().filter_map(|row| whole(&row[0])).collect())
}

#[test]
fn names_that_are_hard_to_spell_are_one_table_through_every_door() {
    let data = TempDir::new();
    let (_program, root) = with_database(&data, DATABASE);
    let mut faults = Faults::default();
    for name in NAMES {
        let written = write_all(&root, name, &mut faults);
        for reader in Door::READERS {
            let outcome = values(&root, reader, name).and_then(|found| equal(&found.len(), &written));
            faults.check(format!("{name:?} read by {reader:?}"), outcome);
        }
        let resource = root.resource("GET", &format!("/databases/{DATABASE}/tables/{}", encoded(name)), &Value::Null);
        faults.check(format!("{name:?} as a resource"), resource.and_then(|found| equal(&found["name"], &name.into())));
    }
    // Each of them is listed once, as it was written.
    let mut expected: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    expected.sort();
    for (reader, statement) in
        [(Door::Kwdb, "show tables"), (Door::TDengine, "show stables"), (Door::Iotdb, "show tables")]
    {
        let outcome = root.query(reader, DATABASE, statement).and_then(|answer| {
            let mut found: Vec<String> =
                answer.rows.iter().map(|row| row[0].as_str().unwrap_or_default().to_owned()).collect();
            found.sort();
            equal(&found, &expected)
        });
        faults.check(format!("{reader:?} lists"), outcome);
    }
    let outcome = root.resource("GET", &format!("/databases/{DATABASE}/tables"), &Value::Null).and_then(|answer| {
        let items = answer["items"].as_array().cloned().unwrap_or_default();
        let mut found: Vec<String> =
            items.iter().map(|item| item["name"].as_str().unwrap_or_default().to_owned()).collect();
        found.sort();
        equal(&found, &expected)
    });
    faults.check("StarRocks lists", outcome);
    faults.end("names");
}

#[test]
fn measurements_that_differ_only_in_case_are_two() {
    let data = TempDir::new();
    let (_program, root) = with_database(&data, DATABASE);
    let mut faults = Faults::default();
    let spelled = ["Load", "LOAD", "Rate", "rate"];
    for (value, name) in spelled.iter().enumerate() {
        root.influx(DATABASE, &format!("{name},site=n1 value={value} {FIRST}000000")).unwrap();
    }
    for (value, name) in spelled.iter().enumerate() {
        let value = as_i64(value);
        for reader in [Door::Kwdb, Door::TDengine, Door::StarRocks] {
            let outcome = values(&root, reader, name).and_then(|found| equal(&found, &vec![value]));
            faults.check(format!("{name:?} read by {reader:?}"), outcome);
        }
        // That door's names are all lower case: the table spelled so, else an error that names both.
        let found = values(&root, Door::Iotdb, name);
        let outcome = match (*name, found) {
            ("Rate" | "rate", found) => found.and_then(|found| equal(&found, &vec![3])),
            (_, Ok(found)) => Err(format!("must be refused, is {found:?}")),
            (_, Err(text)) if text.contains("Load") && text.contains("LOAD") => Ok(()),
            (_, Err(text)) => Err(format!("the error does not name both tables: {text}")),
        };
        faults.check(format!("{name:?} read by Iotdb"), outcome);
    }
    // A name that its door does not fold is written into its own table.
    for name in ["Load", "LOAD"] {
        let statement = format!("insert into `{name}` (time, primary_tag, `value`) values ({}, 't', 9)", FIRST + 1);
        let outcome =
            root.tdengine(DATABASE, &statement).and_then(|_| equal(&values(&root, Door::Kwdb, name)?.len(), &2));
        faults.check(format!("{name:?} written by TDengine"), outcome);
    }
    // What stands for neither of two tables makes no third one.
    let tablet = root.tablet(DATABASE, "Load", &[("value", "FIELD", "DOUBLE")], &[(FIRST, vec![1.into()])]);
    let outcome = match tablet {
        Err(text) if text.contains("Load") && text.contains("LOAD") => Ok(()),
        other => Err(format!("must be refused with the names of both tables, is {other:?}")),
    };
    faults.check("\"Load\" written by a tablet", outcome);
    faults.end("names that differ only in case");
}
