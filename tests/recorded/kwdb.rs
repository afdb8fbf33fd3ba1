//! Statements with the answers that a real server gave its own client, sent over REST.
//!
//! REST keeps no session, so it is kept here: USE sets `db`, SET TIME ZONE sets `tz`, EXECUTE is
//! expanded. What cannot be sent (SET, BEGIN, CALL) is left out and counts nowhere. A refusal must be
//! a refusal, in whatever words; names of columns in order; rows as a bag unless the statement sorts.

use super::Tally;
use super::archive::Archive;
use super::kwdb_cells::{Cell, blanks, cell, rough, same};
use super::kwdb_text::{bare, expand, flat, key_columns, kind_of, regex, sorting};
use super::spelled::{number, spelled};
use crate::harness::{request, root};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

#[derive(Debug, Default)]
struct Session {
    database: Option<String>,
    zone: Option<String>,
    prepared: BTreeMap<String, String>,
}

pub(crate) fn run(address: SocketAddr, archive: &Archive) -> Tally {
    let mut session = Session::default();
    let mut tally = Tally::default();
    for (line, case) in archive.lines().into_iter().skip(1) {
        if !case["expect"]["results"].is_null() {
            continue;
        }
        let Some((endpoint, sql)) = session.translate(&case) else { continue };
        let reply = post(address, &session, endpoint, &sql);
        if reply.as_ref().is_ok_and(|reply| number(&reply["code"]) == Some("0")) {
            session.follow(&sql);
        }
        let verdict = reply.and_then(|reply| judge(&case, endpoint, &sql, &reply));
        tally.note(line, verdict.map_err(|fault| format!("{sql:.200}: {fault}")));
    }
    tally
}

impl Session {
    /// What a statement that was carried out changes.
    fn follow(&mut self, sql: &str) {
        if let Some(found) = regex(r#"(?i)^use ("(?:[^"]|"")+"|[^\s;(),]+)$"#).captures(sql) {
            self.database = Some(bare(found[1].trim_matches('\'')));
        } else if let Some(found) =
            regex(r#"(?i)^drop database (?:if exists )?("(?:[^"]|"")+"|[^\s;(),]+)"#).captures(sql)
            && self.database.as_ref() == Some(&bare(&found[1]))
        {
            // A session outlives its database; a request that names a missing one is refused.
            self.database = None;
        }
    }

    /// Endpoint and text of a statement, or none for one that REST cannot carry.
    fn translate(&mut self, case: &Value) -> Option<(&'static str, String)> {
        let sql = flat(case["sql"].as_str()?);
        let kind = ["ddl", "insert", "query"].into_iter().find(|kind| case["kind"] == *kind);
        if let Some(kind) = kind {
            return Some((kind, sql));
        }
        if let Some(found) = regex(r"(?i)^set (?:session )?(?:time zone|timezone)\s*(?:=|to)?\s*(.+)$").captures(&sql) {
            let zone = found[1].trim().trim_matches(['\'', '"']).to_owned();
            self.zone = Some(zone).filter(|zone| !["default", "utc"].contains(&zone.to_lowercase().as_str()));
        } else if let Some(found) = regex(r"(?i)^set (?:session )?database\s*(?:=|to)\s*(.+)$").captures(&sql) {
            self.database = Some(bare(found[1].trim().trim_matches('\'')));
        } else if let Some(found) =
            regex(r#"(?is)^prepare ("(?:[^"]|"")+"|[^\s;(),]+)(?:\s*\([^)]*\))? as (.+)$"#).captures(&sql)
        {
            if case["expect"]["error"].is_null() {
                self.prepared.insert(bare(&found[1]), found[2].to_owned());
            }
        } else if let Some(found) =
            regex(r#"(?is)^execute ("(?:[^"]|"")+"|[^\s;(),]+)\s*(?:\((.*)\))?$"#).captures(&sql)
        {
            let prepared = self.prepared.get(&bare(&found[1]))?;
            let text = flat(&expand(prepared, found.get(2).map_or("", |arguments| arguments.as_str())));
            return Some((kind_of(&text), text)).filter(|(kind, _)| *kind != "other");
        }
        None
    }
}

fn post(address: SocketAddr, session: &Session, endpoint: &str, sql: &str) -> Result<Value, String> {
    let pair = |(name, value): (&str, &Option<String>)| {
        value.as_ref().map(|value| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
    };
    let pairs: Vec<String> = [("db", &session.database), ("tz", &session.zone)].into_iter().filter_map(pair).collect();
    let target = format!("/restapi/{endpoint}?{}", pairs.join("&"));
    let reply = request(address, "POST", &target, &[("Authorization", &root())], sql.as_bytes());
    let reply = reply.map_err(|error| format!("no answer: {error}"))?;
    let text = String::from_utf8_lossy(&reply.body);
    spelled(&text).filter(|body| !body["code"].is_null()).ok_or_else(|| format!("status {}: {text:.200}", reply.status))
}

/// Any one of the recorded answers is right.
fn judge(case: &Value, endpoint: &str, sql: &str, reply: &Value) -> Result<(), String> {
    let first = judge_one(&case["expect"], endpoint, sql, reply);
    let mut others = case["also"].as_array().into_iter().flatten();
    if others.any(|other| judge_one(other, endpoint, sql, reply).is_ok()) { Ok(()) } else { first }
}

fn judge_one(expect: &Value, endpoint: &str, sql: &str, reply: &Value) -> Result<(), String> {
    let is_refused = number(&reply["code"]) != Some("0");
    if !expect["answer"].is_null() {
        return Ok(());
    }
    if let Some(error) = expect["error"].as_str() {
        return if is_refused { Ok(()) } else { Err(format!("accepted, expected the error: {error:.100}")) };
    }
    if is_refused {
        return Err(format!("refused: {:.200}", blanks(&reply["desc"].to_string(), false)));
    }
    if let Some(rows) = expect["rows"].as_array() {
        return judge_rows(sql, &expect["columns"], rows, reply);
    }
    let affected = expect["affected"].as_u64().filter(|_| endpoint == "insert");
    match affected.filter(|affected| number(&reply["rows"]) != Some(&affected.to_string())) {
        Some(affected) => Err(format!("rows {:?}, expected {affected}", number(&reply["rows"]))),
        None => Ok(()),
    }
}

fn judge_rows(sql: &str, columns: &Value, expected: &[Value], reply: &Value) -> Result<(), String> {
    let (Some(meta), Some(data)) = (reply["column_meta"].as_array(), reply["data"].as_array()) else {
        return Err("no data in the answer".to_owned());
    };
    let names: Vec<String> = meta.iter().map(|one| one[0].as_str().unwrap_or_default().to_owned()).collect();
    let kinds: Vec<&str> = meta.iter().map(|one| one[1].as_str().unwrap_or_default()).collect();
    if columns.as_array().is_none_or(|columns| !columns.iter().eq(names.iter().map(|name| name as &str))) {
        return Err(format!("columns {names:?}, expected {columns}"));
    }
    if expected.len() != data.len() {
        return Err(format!("{} rows, expected {}", data.len(), expected.len()));
    }
    let is_broken =
        |column: usize| expected.iter().any(|row| row[column].as_str().is_some_and(|text| text.contains('\n')));
    let broken: Vec<bool> = (0..kinds.len()).map(is_broken).collect();
    let row = |row: &Value| -> Vec<Cell> {
        let cells = row.as_array().into_iter().flatten().take(kinds.len()).enumerate();
        cells.map(|(at, value)| cell(value, kinds[at], broken[at])).collect()
    };
    let wanted: Vec<Vec<Cell>> = expected.iter().map(row).collect();
    let found: Vec<Vec<Cell>> = data.iter().map(row).collect();
    let (keys, limited) = sorting(sql);
    let at = keys.as_ref().map(|keys| key_columns(keys, &names)).unwrap_or_default();
    let is_ordered = match (&keys, at.is_empty()) {
        (None, _) => true,
        (Some(_), true) => wanted.iter().zip(&found).all(|(one, other)| same_row(one, other, &kinds)),
        (Some(_), false) => {
            wanted.iter().zip(&found).all(|(one, other)| at.iter().all(|at| same(&one[*at], &other[*at], kinds[*at])))
        }
    };
    let is_equal = same_bag(&wanted, &found, &kinds);
    // A limit leaves open which of the rows that the sort keys do not tell apart come.
    let is_open = limited && (keys.is_none() || !at.is_empty() && is_ordered);
    if is_equal && is_ordered || is_open {
        return Ok(());
    }
    let other = wanted.iter().zip(&found).find(|(one, other)| !same_row(one, other, &kinds));
    Err(other.map_or_else(|| "order".to_owned(), |(wanted, found)| format!("{found:?}, expected {wanted:?}")))
}

fn same_row(expected: &[Cell], found: &[Cell], kinds: &[&str]) -> bool {
    expected.len() == found.len()
        && expected.iter().zip(found).zip(kinds).all(|((one, other), kind)| same(one, other, kind))
}

fn same_bag(expected: &[Vec<Cell>], found: &[Vec<Cell>], kinds: &[&str]) -> bool {
    let mut bags: HashMap<String, Vec<&Vec<Cell>>> = HashMap::new();
    for row in found {
        bags.entry(rough(row)).or_default().push(row);
    }
    expected.iter().all(|row| {
        let bag = bags.entry(rough(row)).or_default();
        let place = bag.iter().position(|other| same_row(row, other, kinds));
        place.map(|place| bag.swap_remove(place)).is_some()
    })
}
