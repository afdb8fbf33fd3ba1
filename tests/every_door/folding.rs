//! Rows of one series and time from two doors, in a table that a third one made: fields fold and
//! attributes change as each door's law says.

use super::door::{Client, Door};
use super::made_tables::{Maker, Row, Writer};
use super::{Faults, equal, with_database};
use crate::harness::TempDir;
use std::collections::BTreeMap;

const DATABASE: &str = "folds";
const FIRST: i64 = 1_714_979_289_000;

/// What becomes of the older row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Law {
    Replace,
    Merge,
    KeepFirst,
}

/// The law of the second writer while KWDB's `ts.dedup.rule` is this.
fn law(writer: Writer, rule: &str) -> Law {
    match (writer.door(), rule) {
        (Door::Kwdb, "override") => Law::Replace,
        (Door::Kwdb, "discard") => Law::KeepFirst,
        _ => Law::Merge,
    }
}

/// Key, model, value and other of a row.
type Shown = (String, Option<f64>, Option<f64>);

#[test]
fn rows_of_two_doors_fold_by_the_law_of_the_second() {
    let data = TempDir::new();
    let (_program, root) = with_database(&data, DATABASE);
    let mut faults = Faults::default();
    for rule in ["override", "merge", "discard"] {
        root.kwdb("ddl", DATABASE, &format!("set cluster setting ts.dedup.rule = '{rule}'")).unwrap();
        for maker in Maker::ALL {
            one_table(&root, rule, maker, &mut faults);
        }
    }
    faults.end("rows of two doors");
}

fn one_table(root: &Client, rule: &str, maker: Maker, faults: &mut Faults) {
    let table = format!("{rule}_{maker:?}").to_lowercase();
    if let Err(fault) = maker.make(root, DATABASE, &table) {
        return faults.check(format!("{maker:?} makes a table"), Err(fault));
    }
    let mut expected: BTreeMap<String, (String, Shown)> = BTreeMap::new();
    let writers = Writer::ALL.into_iter().filter(|writer| writer.reaches(maker));
    let pairs = writers.clone().flat_map(|first| writers.clone().map(move |second| (first, second)));
    for (number, (first, second)) in pairs.enumerate() {
        let cell = format!("rule {rule}, table of {maker:?}, {first:?} then {second:?}");
        let (old_model, new_model) = (format!("old{number}"), format!("new{number}"));
        let key = match maker.key_of(root, DATABASE, &table, &old_model, &format!("{rule}{number}")) {
            Ok(key) => key,
            Err(fault) => {
                faults.check(cell, Err(fault));
                continue;
            }
        };
        let milliseconds = FIRST + i64::try_from(number).unwrap();
        let both = [("value", 1.0), ("other", 1.0)];
        let fields = if first.takes_metrics() { &both[..1] } else { &both[..] };
        let older = Row { key: &key, model: &old_model, milliseconds, fields };
        // Where the tags are the key, another model is another series.
        let point = second.takes_lines() || second.takes_metrics();
        let model = if maker.hashes() && point { &old_model } else { &new_model };
        let newer = Row { key: &key, model, milliseconds, fields: &[("value", 2.0)] };
        let written = first
            .write(root, DATABASE, &table, maker, &older)
            .and_then(|()| second.write(root, DATABASE, &table, maker, &newer));
        if let Err(fault) = written {
            faults.check(cell, Err(fault));
            continue;
        }
        let other = (!first.takes_metrics()).then_some(1.0);
        let (value, other) = match law(second, rule) {
            Law::Replace => (2.0, None),
            Law::Merge => (2.0, other),
            Law::KeepFirst => (1.0, other),
        };
        let set = matches!(second, Writer::IotdbSql | Writer::IotdbTablet);
        let model = if set { new_model } else { old_model };
        expected.insert(key, (cell, (model, Some(value), other)));
    }
    for reader in Door::READERS {
        let (key, time) = (maker.key(), maker.time());
        let answer = root.read(reader, DATABASE, &table, &[key, "model", "value", "other", time], time);
        let answer = match answer {
            Ok(answer) => answer,
            Err(fault) => {
                faults.check(format!("{reader:?} reads the table of {maker:?}"), Err(fault));
                continue;
            }
        };
        let mut found: BTreeMap<String, Vec<Shown>> = BTreeMap::new();
        for row in &answer.rows {
            // Rows that only made a series stand before the others.
            if !row[4].to_string().contains("2017-07-14") && row[4] != 1_500_000_000_000_i64 {
                let text = |at: usize| row[at].as_str().unwrap_or_default().to_owned();
                found.entry(text(0)).or_default().push((text(1), row[2].as_f64(), row[3].as_f64()));
            }
        }
        for (key, (cell, row)) in &expected {
            let shown = found.remove(key).unwrap_or_default();
            faults.check(format!("{cell}, read by {reader:?}"), equal(&shown, &vec![row.clone()]));
        }
        faults.check(format!("{maker:?}, read by {reader:?}: rows that nobody wrote"), equal(&found, &BTreeMap::new()));
    }
}

#[test]
fn an_attribute_that_one_door_sets_shows_in_all_history() {
    let data = TempDir::new();
    let (_program, root) = with_database(&data, DATABASE);
    let mut faults = Faults::default();
    for maker in Maker::ALL {
        for setter in [Door::Kwdb, Door::Iotdb, Door::TDengine] {
            // That door sets the tags of child tables, which only its own super tables have.
            if setter == Door::TDengine && maker != Maker::TDengine {
                continue;
            }
            let cell = format!("table of {maker:?}, {setter:?} sets");
            let table = format!("set_{maker:?}_{setter:?}").to_lowercase();
            let written = maker.make(&root, DATABASE, &table).and_then(|()| {
                let key = maker.key_of(&root, DATABASE, &table, "old", &format!("by_{setter:?}").to_lowercase())?;
                for (milliseconds, value) in [(FIRST, 1.0), (FIRST + 1, 2.0)] {
                    let row = Row { key: &key, model: "old", milliseconds, fields: &[("value", value)] };
                    Writer::KwdbSql.write(&root, DATABASE, &table, maker, &row)?;
                }
                let condition = format!("where {} = '{key}'", maker.key());
                match setter {
                    Door::Kwdb => {
                        root.kwdb("ddl", DATABASE, &format!("update {table} set model = 'new' {condition}"))
                            .map(drop)?;
                    }
                    Door::Iotdb => root.iotdb(DATABASE, &format!("update {table} set model = 'new' {condition}"))?,
                    _ => root.tdengine(DATABASE, &format!("alter table {key} set tag model = 'new'")).map(drop)?,
                }
                Ok(key)
            });
            let key = match written {
                Ok(key) => key,
                Err(fault) => {
                    faults.check(cell, Err(fault));
                    continue;
                }
            };
            for reader in Door::READERS {
                let answer = root.read(reader, DATABASE, &table, &[maker.key(), "model", "value"], maker.time());
                let outcome = answer.and_then(|answer| {
                    let shown: Vec<(Option<&str>, Option<f64>)> = answer
                        .rows
                        .iter()
                        .filter(|row| row[0] == key.as_str() && row[2] != 0.0)
                        .map(|row| (row[1].as_str(), row[2].as_f64()))
                        .collect();
                    equal(&shown, &vec![(Some("new"), Some(1.0)), (Some("new"), Some(2.0))])
                });
                faults.check(format!("{cell}, read by {reader:?}"), outcome);
            }
        }
    }
    faults.end("attributes");
}
