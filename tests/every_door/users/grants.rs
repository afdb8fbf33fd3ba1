//! What one door grants holds through every other, until any of them revokes it.

use super::{Faults, OLD, create, user_name};
use crate::every_door::door::{Client, Door, Outcome};
use crate::every_door::made_tables::{Maker, Row, Writer};
use crate::every_door::with_database;
use crate::harness::TempDir;
use serde_json::{Value, json};

const DATABASE: &str = "granted";
const TABLE: &str = "meters";

/// What is granted, on what.
#[derive(Clone, Copy, Debug)]
enum Scope {
    Database,
    Table,
}

/// The words for writing cover attributes, as INSERT and WRITE of two vendors do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    Read,
    Write,
}

fn grant_or_revoke(root: &Client, door: Door, scope: Scope, right: Right, user: &str, grants: bool) -> Outcome {
    let verb = if grants { "grant" } else { "revoke" };
    let direction = if grants { "to" } else { "from" };
    match door {
        Door::Kwdb => {
            let word = if right == Right::Read { "select" } else { "insert, update" };
            let object = match scope {
                Scope::Database => format!("database {DATABASE}"),
                Scope::Table => format!("table {DATABASE}.{TABLE}"),
            };
            root.kwdb("ddl", DATABASE, &format!("{verb} {word} on {object} {direction} {user}")).map(drop)
        }
        Door::TDengine => {
            let word = if right == Right::Read { "read" } else { "write" };
            let object = match scope {
                Scope::Database => format!("{DATABASE}.*"),
                Scope::Table => format!("{DATABASE}.{TABLE}"),
            };
            root.tdengine("", &format!("{verb} {word} on {object} {direction} {user}")).map(drop)
        }
        Door::Iotdb => {
            let word = if right == Right::Read { "select" } else { "insert" };
            let object = match scope {
                Scope::Database => format!("database {DATABASE}"),
                Scope::Table => format!("{DATABASE}.{TABLE}"),
            };
            root.iotdb(DATABASE, &format!("{verb} {word} on {object} {direction} user {user}"))
        }
        _ => {
            let words: &[&str] = if right == Right::Read { &["SELECT"] } else { &["INSERT", "UPDATE"] };
            let table = match scope {
                Scope::Database => Value::Null,
                Scope::Table => TABLE.into(),
            };
            let target = format!("/users/{user}/grants");
            if grants {
                let mut securable = json!({"catalog": "default", "database": DATABASE});
                if !table.is_null() {
                    securable["table"] = table;
                }
                let body = json!({"privileges": words, "securable": securable});
                return root.resource("POST", &target, &body).map(drop);
            }
            revoke_by_resource(root, &target, words, &table)
        }
    }
}

/// That door takes a whole grant away: what else it held is granted again.
fn revoke_by_resource(root: &Client, target: &str, words: &[&str], table: &Value) -> Outcome {
    let listed = root.resource("GET", target, &Value::Null)?;
    let items = listed["items"].as_array().cloned().unwrap_or_default();
    let grant = items.iter().find(|item| item["securable"].get("table").unwrap_or(&Value::Null) == table);
    let grant = grant.ok_or_else(|| format!("the grant is not listed: {listed}"))?;
    let id = grant["grantId"].as_str().unwrap_or_default();
    root.resource("DELETE", &format!("{target}/{id}"), &Value::Null)?;
    let held = grant["privileges"].as_array().cloned().unwrap_or_default();
    let rest: Vec<&Value> = held.iter().filter(|own| own.as_str().is_some_and(|own| !words.contains(&own))).collect();
    if rest.is_empty() {
        return Ok(());
    }
    let body = json!({"privileges": rest, "securable": grant["securable"]});
    root.resource("POST", target, &body).map(drop)
}

/// Every door's reads and writes, by the rights that must hold.
fn check_rights(user: &Client, cell: &str, reads: bool, writes: bool, number: &mut i64, faults: &mut Faults) {
    let judge = |outcome: Outcome, expected: bool| match (outcome, expected) {
        (Ok(()), true) | (Err(_), false) => Ok(()),
        (Err(text), true) => Err(format!("is refused: {text}")),
        (Ok(()), false) => Err("is allowed".to_owned()),
    };
    for reader in Door::READERS {
        let outcome = user.read(reader, DATABASE, TABLE, &["value"], "ts").map(drop);
        faults.check(format!("{cell}, {reader:?} reads"), judge(outcome, reads));
    }
    for writer in Writer::ALL {
        *number += 1;
        let fields = &[("value", 1.0)];
        let row = Row { key: "s1", model: "m1", milliseconds: 1_714_979_289_000 + *number, fields };
        let outcome = writer.write(user, DATABASE, TABLE, Maker::Kwdb, &row);
        faults.check(format!("{cell}, {writer:?} writes"), judge(outcome, writes));
    }
}

#[test]
fn what_one_door_grants_holds_through_all_until_another_revokes_it() {
    let data = TempDir::new();
    let (program, root) = with_database(&data, DATABASE);
    Maker::Kwdb.make(&root, DATABASE, TABLE).unwrap();
    let mut faults = Faults::default();
    let mut number = 0;
    for scope in [Scope::Database, Scope::Table] {
        for granter in Door::READERS {
            for revoker in Door::READERS {
                let name = user_name(granter, revoker, if matches!(scope, Scope::Table) { "table" } else { "all" });
                create(&root, granter, &name).unwrap();
                let user = Client::user(&program, &name, OLD);
                let mut holds = [false, false];
                let steps = [
                    ("before", None),
                    ("granted read", Some((granter, Right::Read, true))),
                    ("granted write", Some((granter, Right::Write, true))),
                    ("revoked read", Some((revoker, Right::Read, false))),
                    ("revoked write", Some((revoker, Right::Write, false))),
                ];
                for (step, change) in steps {
                    let cell = format!("{scope:?}, {granter:?} grants, {revoker:?} revokes, {step}");
                    if let Some((door, right, grants)) = change {
                        let outcome = grant_or_revoke(&root, door, scope, right, &name, grants);
                        if outcome.is_err() {
                            faults.check(cell, outcome);
                            break;
                        }
                        holds[usize::from(right == Right::Write)] = grants;
                    }
                    check_rights(&user, &cell, holds[0], holds[1], &mut number, &mut faults);
                }
            }
        }
    }
    faults.end("grants");
}

#[test]
fn an_insert_alone_writes_rows_but_changes_no_attributes() {
    let data = TempDir::new();
    let (program, root) = with_database(&data, DATABASE);
    Maker::Kwdb.make(&root, DATABASE, TABLE).unwrap();
    create(&root, Door::Kwdb, "writer").unwrap();
    root.kwdb("ddl", DATABASE, &format!("grant insert on table {TABLE} to writer")).unwrap();
    let user = Client::user(&program, "writer", OLD);
    let tablet = |columns: &[(&str, &str, &str)], cells: Vec<Value>| {
        user.tablet(DATABASE, TABLE, columns, &[(1_714_979_289_000, cells)])
    };
    let (site, value) = (("site", "TAG", "STRING"), ("value", "FIELD", "DOUBLE"));
    tablet(&[site, value], vec!["s1".into(), 1.5.into()]).unwrap();
    let model = ("model", "ATTRIBUTE", "STRING");
    let refused = tablet(&[site, model, value], vec!["s1".into(), "m2".into(), 2.5.into()]).unwrap_err();
    assert!(refused.contains("803"), "{refused}");
    let found = root.kwdb("query", DATABASE, &format!("select value, model from {TABLE}")).unwrap();
    assert_eq!(found.rows, [[json!(1.5), Value::Null]]);
}
