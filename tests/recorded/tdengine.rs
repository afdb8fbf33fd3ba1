//! Statements with what their vendor's documents say of the answers.
//!
//! Times are compared as instants: `{"ms"|"us"|"ns": n}`, an integer and a text may mean the same one.
//! Numbers may differ by 2e-6 of their size, whole ones not at all. A line counts when it asserts
//! something; set-up lines are sent and count nowhere.

use super::Tally;
use super::archive::Archive;
use super::instants::instant;
use crate::harness::{basic, request};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::net::SocketAddr;

/// What makes a line count.
const ASSERTS: [&str; 7] = ["rows", "rows_count", "cell", "error", "columns", "affected", "types"];

pub(crate) fn run(address: SocketAddr, archive: &Archive) -> Tally {
    let mut tally = Tally::default();
    for (line, case) in archive.lines() {
        let Some(sql) = case["sql"].as_str() else { continue };
        let answer = post(address, case["db"].as_str(), sql);
        let expect = &case["expect"];
        if ASSERTS.iter().any(|key| !expect[*key].is_null()) {
            let verdict = answer.and_then(|answer| judge(expect, &answer));
            tally.note(line, verdict.map_err(|fault| format!("{sql:.200}: {fault}")));
        }
    }
    tally
}

fn post(address: SocketAddr, database: Option<&str>, sql: &str) -> Result<Value, String> {
    let database = database.map(|name| format!("/{}", utf8_percent_encode(name, NON_ALPHANUMERIC))).unwrap_or_default();
    let target = format!("/rest/sql{database}?conn_tz=UTC");
    let reply = request(address, "POST", &target, &[("Authorization", &basic("root", "taosdata"))], sql.as_bytes());
    let reply = reply.map_err(|error| format!("no answer: {error}"))?;
    let answer: Option<Value> = serde_json::from_slice(&reply.body).ok();
    answer
        .filter(|answer| !answer["code"].is_null())
        .ok_or_else(|| format!("status {}, no answer with a code", reply.status))
}

fn judge(expect: &Value, answer: &Value) -> Result<(), String> {
    let code = &answer["code"];
    if expect["error"] == true {
        return match &expect["code"] {
            _ if *code == 0 => Err("must fail, succeeded".to_owned()),
            wanted if !wanted.is_null() && wanted != code => {
                Err(format!("code {code}, expected {wanted}: {}", answer["desc"]))
            }
            _ => Ok(()),
        };
    }
    if *code != 0 {
        return Err(format!("code {code}: {}", answer["desc"]));
    }
    let (Some(meta), Some(data)) = (answer["column_meta"].as_array(), answer["data"].as_array()) else {
        return Err("no data".to_owned());
    };
    let column = |at: usize| Value::Array(meta.iter().map(|one| one[at].clone()).collect());
    for (key, found) in [("columns", column(0)), ("types", column(1))] {
        if !expect[key].is_null() && expect[key] != found {
            return Err(format!("{key} {found}, expected {}", expect[key]));
        }
    }
    if !expect["affected"].is_null() && data.first().map(|row| &row[0]) != Some(&expect["affected"]) {
        return Err(format!("affected {data:?}, expected {}", expect["affected"]));
    }
    if expect["rows_count"].as_u64().is_some_and(|count| data.len() as u64 != count) {
        return Err(format!("{} rows, expected {}", data.len(), expect["rows_count"]));
    }
    let kind = |at: usize| meta.get(at).and_then(|one| one[1].as_str()).unwrap_or_default();
    for cell in expect["cell"].as_array().into_iter().flatten() {
        let place = |at: usize| usize::try_from(cell[at].as_u64().unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        let found = data.get(place(0)).and_then(|row| row.get(place(1)));
        if !found.is_some_and(|found| same(found, &cell[2], kind(place(1)))) {
            return Err(format!("cell {cell}: {found:?}"));
        }
    }
    let same_row = |found: &Value, wanted: &Value| match (found.as_array(), wanted.as_array()) {
        (Some(found), Some(wanted)) => {
            found.len() == wanted.len()
                && found.iter().zip(wanted).enumerate().all(|(at, (found, wanted))| same(found, wanted, kind(at)))
        }
        _ => false,
    };
    let Some(rows) = expect["rows"].as_array() else { return Ok(()) };
    if rows.len() != data.len() {
        return Err(format!("{} rows, expected {}", data.len(), rows.len()));
    }
    let mut left: Vec<&Value> = data.iter().collect();
    for (at, wanted) in rows.iter().enumerate() {
        let hit = match expect["unordered"] == true {
            true => left.iter().position(|found| same_row(found, wanted)),
            false => Some(0).filter(|_| same_row(left[0], wanted)),
        };
        match hit {
            Some(hit) => {
                left.remove(hit);
            }
            None => return Err(format!("row {at}: {}, expected {wanted}", data[at])),
        }
    }
    Ok(())
}

fn same(found: &Value, wanted: &Value, kind: &str) -> bool {
    let moment = |value: &Value| value.as_str().and_then(instant);
    if let Some(fields) = wanted.as_object() {
        let Some((key, value)) = fields.iter().next() else { return found == wanted };
        let unit = match key.as_str() {
            "ms" => 1_000_000,
            "us" => 1_000,
            "ns" => 1,
            "skip" => return true,
            "hex" | "json" => return found == value,
            _ => return found == wanted,
        };
        return moment(found)
            .is_some_and(|found| found.div_euclid(unit) == i128::from(value.as_i64().unwrap_or(i64::MIN)));
    }
    if wanted.is_null() || found.is_null() {
        return wanted == found;
    }
    if kind == "TIMESTAMP" && wanted.is_string() {
        return found == wanted || moment(found).is_some() && moment(found) == moment(wanted);
    }
    if wanted.is_boolean() || found.is_boolean() {
        let truth = |value: &Value| match value.to_string().trim_matches('"').to_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        };
        return truth(found).is_some() && truth(found) == truth(wanted);
    }
    let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
    if wanted.is_number() || found.is_number() {
        if wanted.is_i64() && (found.is_i64() || found.is_u64()) || wanted.is_u64() && found.is_u64() {
            return wanted == found;
        }
        return match (number(found), number(wanted)) {
            (Some(found), Some(wanted)) => (found - wanted).abs() <= 2e-6 * wanted.abs().max(1.0),
            _ => false,
        };
    }
    if let (true, Some(text)) = (found.is_object() || found.is_array(), wanted.as_str()) {
        return serde_json::from_str::<Value>(text).is_ok_and(|wanted| *found == wanted);
    }
    found == wanted
}

#[test]
fn values_are_compared_by_what_they_mean() {
    let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let both = |found: &str, wanted: &str, kind: &str| same(&value(found), &value(wanted), kind);
    assert!(both("\"2024-01-01T00:00:00.001Z\"", "{\"ms\":1704067200001}", "TIMESTAMP"));
    assert!(!both("\"2024-01-01T00:00:00.002Z\"", "{\"ms\":1704067200001}", "TIMESTAMP"));
    assert!(both("1.0000001", "1", "DOUBLE") && !both("2", "1", "INT") && both("true", "1", "BOOL"));
    assert!(both("null", "null", "INT") && !both("0", "null", "INT") && both("\"a\"", "\"a\"", "VARCHAR"));
}
