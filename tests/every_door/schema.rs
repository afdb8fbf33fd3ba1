//! What one door renames, drops or makes again is so at once in all others, and no dropped row
//! comes back.

use super::door::{Client, Door, Outcome, encoded};
use super::made_tables::{Maker, Row, Writer};
use super::{Faults, equal};
use crate::harness::{Program, TempDir};
use serde_json::{Value, json};

const DATABASE: &str = "shapes";
const FIRST: i64 = 1_714_979_289_000;

/// The doors that drop tables.
const DROPPERS: [Door; 5] = [Door::Kwdb, Door::TDengine, Door::Iotdb, Door::StarRocks, Door::Influx];

fn drop_table(root: &Client, door: Door, table: &str) -> Outcome {
    match door {
        Door::Kwdb => root.kwdb("ddl", DATABASE, &format!("drop table {table}")).map(drop),
        Door::TDengine => root.tdengine(DATABASE, &format!("drop stable {table}")).map(drop),
        Door::Iotdb => root.iotdb(DATABASE, &format!("drop table {table}")),
        Door::StarRocks => {
            root.resource("DELETE", &format!("/databases/{DATABASE}/tables/{table}"), &Value::Null).map(drop)
        }
        Door::Influx | Door::OpenTsdb => {
            let statement = encoded(&format!("DROP MEASUREMENT {table}"));
            let target = format!("/query?db={DATABASE}&q={statement}");
            let reply = root.send(Door::Influx, "POST", &target, "").map_err(|error| error.to_string())?;
            let text = String::from_utf8_lossy(&reply.body).into_owned();
            if reply.status == 200 && !text.contains("error") { Ok(()) } else { Err(text) }
        }
    }
}

fn start() -> (TempDir, Program) {
    let data = TempDir::new();
    let program = Program::insecure(data.path());
    program.ddl("defaultdb", &format!("create ts database {DATABASE}"));
    (data, program)
}

/// The values of one column.
fn values(root: &Client, reader: Door, maker: Maker, table: &str, column: &str) -> Outcome<Vec<Option<f64>>> {
    let answer = root.read(reader, DATABASE, table, &[column], maker.time())?;
    Ok(answer.rows.iter().map(|row| row[0].as_f64()).collect())
}

fn refused<T: std::fmt::Debug>(outcome: Outcome<T>) -> Outcome {
    match outcome {
        Ok(answer) => Err(format!("must be refused, is {answer:?}")),
        Err(_) => Ok(()),
    }
}

#[test]
fn a_dropped_table_is_gone_and_begins_anew_through_every_door() {
    let (_data, program) = start();
    let root = Client::root(&program);
    let mut faults = Faults::default();
    for maker in Maker::ALL {
        for dropper in DROPPERS {
            let table = format!("{maker:?}_{dropper:?}").to_lowercase();
            let cell = format!("{maker:?} makes, {dropper:?} drops");
            // Children of all super tables share one set of names.
            let child = format!("s{}", faults.1);
            let filled = |number: i64| {
                maker.make(&root, DATABASE, &table)?;
                let key = maker.key_of(&root, DATABASE, &table, "m1", &child)?;
                #[expect(clippy::cast_precision_loss, reason = "small")]
                let fields = &[("value", number as f64)];
                let row = Row { key: &key, model: "m1", milliseconds: FIRST + number, fields };
                Writer::IotdbTablet.write(&root, DATABASE, &table, maker, &row)
            };
            let dropped = filled(7).and_then(|()| drop_table(&root, dropper, &table));
            if let Err(fault) = dropped {
                faults.check(cell, Err(fault));
                continue;
            }
            for reader in Door::READERS {
                let outcome = refused(values(&root, reader, maker, &table, "value"));
                faults.check(format!("{cell}, {reader:?} reads after the drop"), outcome);
            }
            if let Err(fault) = filled(9) {
                faults.check(format!("{cell}, made again"), Err(fault));
                continue;
            }
            for reader in Door::READERS {
                let outcome = values(&root, reader, maker, &table, "value").and_then(|found| {
                    // What makes a table by points is a row with the value 0.
                    let found: Vec<f64> = found.into_iter().flatten().filter(|value| *value != 0.0).collect();
                    equal(&found, &vec![9.0])
                });
                faults.check(format!("{cell}, {reader:?} reads what was made again"), outcome);
            }
        }
    }
    faults.end("dropped tables");
}

/// How a table may change.
#[derive(Clone, Copy, Debug)]
enum Change {
    RenameColumn,
    DropColumn,
    RenameTable,
}

fn change(root: &Client, door: Door, change: Change, table: &str) -> Option<Outcome> {
    let kwdb = |clause: &str| root.kwdb("ddl", DATABASE, &format!("alter table {table} {clause}")).map(drop);
    let target = format!("/databases/{DATABASE}/tables/{table}");
    let resource = |method, path: &str, body: Value| root.resource(method, &format!("{target}{path}"), &body).map(drop);
    Some(match (door, change) {
        (Door::Kwdb, Change::RenameColumn) => kwdb("rename column other to renamed"),
        (Door::Kwdb, Change::DropColumn) => kwdb("drop column other"),
        (Door::Kwdb, Change::RenameTable) => kwdb(&format!("rename to {table}_renamed")),
        (Door::StarRocks, Change::RenameColumn) => {
            resource("POST", "/columns/other/rename", json!({"newName": "renamed"}))
        }
        (Door::StarRocks, Change::DropColumn) => resource("DELETE", "/columns/other", Value::Null),
        (Door::StarRocks, Change::RenameTable) => {
            resource("POST", "/rename", json!({"newName": format!("{table}_renamed")}))
        }
        (Door::TDengine, Change::DropColumn) => {
            root.tdengine(DATABASE, &format!("alter stable {table} drop column other")).map(drop)
        }
        (Door::Iotdb, Change::DropColumn) => root.iotdb(DATABASE, &format!("alter table {table} drop column other")),
        // These doors have no statement for it.
        _ => return None,
    })
}

#[test]
fn a_table_altered_by_one_door_is_altered_in_all() {
    let (_data, program) = start();
    let root = Client::root(&program);
    let mut faults = Faults::default();
    let mut number = 0;
    for maker in Maker::ALL {
        for door in Door::READERS {
            for what in [Change::RenameColumn, Change::DropColumn, Change::RenameTable] {
                let table = format!("{maker:?}_{door:?}_{what:?}").to_lowercase();
                let cell = format!("{maker:?} makes, {door:?}: {what:?}");
                number += 1;
                let child = format!("s{number}");
                let made = maker.make(&root, DATABASE, &table).and_then(|()| {
                    let key = maker.key_of(&root, DATABASE, &table, "m1", &child)?;
                    let fields = &[("value", 1.0), ("other", 2.0)];
                    let row = Row { key: &key, model: "m1", milliseconds: FIRST, fields };
                    Writer::KwdbSql.write(&root, DATABASE, &table, maker, &row)
                });
                if let Err(fault) = made {
                    faults.check(cell, Err(fault));
                    continue;
                }
                let Some(changed) = change(&root, door, what, &table) else { continue };
                if let Err(fault) = changed {
                    faults.check(cell, Err(fault));
                    continue;
                }
                for reader in Door::READERS {
                    let last = |table: &str, column: &str| {
                        let found = values(&root, reader, maker, table, column)?;
                        Ok::<_, String>(found.last().copied().flatten())
                    };
                    let renamed = format!("{table}_renamed");
                    let outcome =
                        match what {
                            Change::RenameColumn => refused(last(&table, "other"))
                                .and_then(|()| equal(&last(&table, "renamed")?, &Some(2.0))),
                            Change::DropColumn => {
                                refused(last(&table, "other")).and_then(|()| equal(&last(&table, "value")?, &Some(1.0)))
                            }
                            Change::RenameTable => refused(last(&table, "other"))
                                .and_then(|()| equal(&last(&renamed, "other")?, &Some(2.0))),
                        };
                    faults.check(format!("{cell}, {reader:?} reads"), outcome);
                }
            }
        }
    }
    faults.end("altered tables");
}

#[test]
fn a_child_dropped_and_made_again_begins_without_rows_everywhere() {
    let (_data, program) = start();
    let root = Client::root(&program);
    let maker = Maker::TDengine;
    let mut faults = Faults::default();
    // By whom the child is dropped, and by whom it is made again.
    let droppers = [Door::TDengine, Door::Iotdb, Door::Kwdb];
    let writers = [Writer::TDengineSql, Writer::KwdbSql, Writer::IotdbTablet, Writer::InfluxWrite, Writer::OpenTsdbPut];
    for dropper in droppers {
        for writer in writers {
            let table = format!("st_{dropper:?}_{writer:?}").to_lowercase();
            let child = format!("c_{dropper:?}_{writer:?}").to_lowercase();
            let cell = format!("{dropper:?} drops a child, {writer:?} makes it again");
            let row = |milliseconds, value: f64, model| -> Outcome {
                let fields = &[("value", value)];
                let row = Row { key: &child, model, milliseconds, fields };
                writer.write(&root, DATABASE, &table, maker, &row)
            };
            let made = maker.make(&root, DATABASE, &table).and_then(|()| {
                let statement =
                    format!("insert into {child} using {table} tags ('m1') (ts, `value`) values ({FIRST}, 1)");
                root.tdengine(DATABASE, &statement).map(drop)
            });
            let dropped = made.and_then(|()| match dropper {
                Door::TDengine => root.tdengine(DATABASE, &format!("drop table {child}")).map(drop),
                Door::Iotdb => root.iotdb(DATABASE, &format!("delete devices from {table} where tbname = '{child}'")),
                _ => root.kwdb("ddl", DATABASE, &format!("delete from {table} where tbname = '{child}'")).map(drop),
            });
            if let Err(fault) = dropped {
                faults.check(cell, Err(fault));
                continue;
            }
            for reader in Door::READERS {
                let outcome = values(&root, reader, maker, &table, "value").and_then(|found| equal(&found, &vec![]));
                faults.check(format!("{cell}, {reader:?} reads in between"), outcome);
            }
            if let Err(fault) = row(FIRST + 5, 2.0, "m2") {
                faults.check(cell, Err(fault));
                continue;
            }
            for reader in Door::READERS {
                let outcome =
                    root.read(reader, DATABASE, &table, &["tbname", "value", "model"], "ts").and_then(|found| {
                        let found: Vec<(Value, Option<f64>, Value)> =
                            found.rows.iter().map(|row| (row[0].clone(), row[1].as_f64(), row[2].clone())).collect();
                        // A deleted series may live on with its attributes; a dropped child is a new one.
                        let model = if dropper == Door::Kwdb {
                            found.first().map_or(Value::Null, |row| row.2.clone())
                        } else {
                            "m2".into()
                        };
                        equal(&found, &vec![(child.as_str().into(), Some(2.0), model)])
                    });
                faults.check(format!("{cell}, {reader:?} reads"), outcome);
            }
            let outcome = root.tdengine(DATABASE, &format!("select `value` from {child}"));
            let outcome = outcome.and_then(|found| equal(&found.rows.len(), &1));
            faults.check(format!("{cell}, TDengine reads the child by its name"), outcome);
        }
    }
    faults.end("children made again");
}
