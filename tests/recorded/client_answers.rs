//! What must come back to a recorded request of a client.
//!
//! - InfluxDB's statements: the recorded body, with the databases and measurements that there are.
//! - Writes: success as the path's own law says it, and then every row is read back (`written`).
//! - TDengine's statements: the whole body as `tdengine-clients/answers.json` has it, number by number
//!   as spelled, because the recording server gave every request the same few answers.
//! - What is InfluxDB's own and tells of the server: the members that clients read.

use super::archive::folder;
use super::points::{Point, of_json, of_lines};
use super::spelled::spelled;
use super::written::{Law, Written};
use crate::harness::Reply;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;

/// The recordings whose server refused on purpose, to see what the client makes of it, and why this
/// server has no reason to. Their requests must be carried out; a refusal anywhere else is a fault.
const PLAYED: &[(&str, &str)] = &[
    ("influxdb-database-missing", "refused CREATE DATABASE the first time: here the first one makes it"),
    ("influxdb-overload", "said 503 to every write: this server is not overloaded"),
    ("influxdb-partial-write", "said that types conflict: in these lines none do"),
    ("influxdb_v2-too-many", "said 429 and 413: these requests are neither many nor large"),
];

#[derive(Debug)]
pub(crate) struct Judge {
    address: SocketAddr,
    file: String,
    databases: BTreeSet<String>,
    written: Written,
    /// The answers to a client of TDengine.
    answers: Value,
}

type Verdict = Result<(), String>;

impl Judge {
    /// For a file's requests, on a server that has these databases beside its own.
    pub(crate) fn new(address: SocketAddr, file: &str, mut databases: BTreeSet<String>) -> Self {
        databases.insert("defaultdb".to_owned());
        let text = std::fs::read_to_string(folder("tdengine-clients").join("answers.json")).unwrap();
        let answers = spelled(&text).unwrap()[file].clone();
        Self { address, file: file.to_owned(), databases, written: Written::default(), answers }
    }

    /// Whether an answer is what this request must get.
    pub(crate) fn judge(&mut self, index: usize, request: &Value, reply: &Reply) -> Verdict {
        let (path, query) = request["path"].as_str().map(|path| path.split_once('?').unwrap_or((path, ""))).unwrap();
        let refused = request["answered"]["status"].as_u64().is_none_or(|status| status >= 300);
        if refused && !PLAYED.iter().any(|(file, _)| *file == self.file) {
            return Err("the recording server refused this, and PLAYED does not say why".to_owned());
        }
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        let short = format!("status {}: {text:.300}", reply.status);
        let holds = |holds: bool| if holds { Ok(()) } else { Err(short.clone()) };
        match path {
            // This path is shared: its other owner answers 200, and clients want the header.
            "/ping" => holds(matches!(reply.status, 200 | 204) && reply.header("x-influxdb-version").is_some()),
            "/health" => holds(reply.status == 200 && has_all(&text, &recorded(request), &["message", "status"])),
            "/ready" => holds(reply.status == 200 && has_all(&text, &recorded(request), &["status"])),
            "/api/v2/signin" => holds(reply.status == 204 && reply.header("set-cookie").is_some()),
            "/api/v2/buckets" => {
                holds(reply.status == 200).and_then(|()| same(&masked(recorded(request)), &masked_text(&text)))
            }
            "/query" => {
                let form = request["body"].as_str().unwrap_or_default();
                let statement = parameter(query, "q").or_else(|| parameter(form, "q")).unwrap_or_default();
                let database = parameter(query, "db").unwrap_or_default();
                holds(reply.status == 200)?;
                self.statement(&statement, &database, request, &text)
            }
            path if path.starts_with("/rest/sql") => self.tdengine(index, reply.status, &text),
            path if path.contains("write") || path.starts_with("/restapi/") || path == "/api/put" => {
                let (database, points, law) = write(path, query, request["body"].as_str().unwrap_or_default());
                if path.starts_with("/restapi/") {
                    let found: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
                    holds(reply.status == 200 && found["code"] == 0 && found["rows"] == points.len())?;
                } else {
                    holds(reply.status == 204 && text.is_empty())?;
                }
                self.written.add(&database, &points, law);
                self.written.check(self.address, &database, &points)
            }
            _ => holds(u64::from(reply.status) == request["answered"]["status"])
                .and_then(|()| holds(text == request["answered"]["body"].as_str().unwrap_or_default())),
        }
    }

    /// A statement of InfluxQL that was carried out.
    fn statement(&mut self, statement: &str, database: &str, request: &Value, text: &str) -> Verdict {
        let words: Vec<&str> = statement.split_whitespace().collect();
        let verb = words.iter().take(2).map(|word| word.to_lowercase()).collect::<Vec<_>>().join(" ");
        let object = statement.splitn(3, ' ').nth(2).unwrap_or_default();
        let name = match object.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next().unwrap(),
            None => object.split(' ').next().unwrap(),
        };
        let list = |title: &str, names: Vec<&str>| {
            let values: Vec<[&str; 1]> = names.into_iter().map(|name| [name]).collect();
            let series = json!([{"name": title, "columns": ["name"], "values": values}]);
            if values.is_empty() { done() } else { json!({"results": [{"statement_id": 0, "series": series}]}) }
        };
        let expected = match verb.as_str() {
            "create database" => {
                self.databases.insert(name.to_owned());
                done()
            }
            "drop database" => {
                self.databases.remove(name);
                self.written.drop_database(name);
                done()
            }
            "drop measurement" => {
                self.written.drop_table(database, name);
                done()
            }
            "show databases" => list("databases", self.databases.iter().map(String::as_str).collect()),
            "show measurements" => list("measurements", self.written.tables(database)),
            _ => recorded(request),
        };
        same(&expected, &serde_json::from_str(text).unwrap_or(Value::Null))
    }

    fn tdengine(&self, index: usize, status: u16, text: &str) -> Verdict {
        let expected = &self.answers[index];
        let mut found = spelled(text).ok_or_else(|| format!("not JSON: {text:.300}"))?;
        // A refusal says how long it took.
        if let Some(members) = found.as_object_mut().filter(|members| members.contains_key("desc")) {
            members.remove("timing").ok_or("a refusal without timing")?;
        }
        if status != 200 || expected.is_null() {
            return Err(format!("status {status}, expected {expected}: {text:.300}"));
        }
        same(expected, &found)
    }
}

/// Database, points and law of a write.
fn write(path: &str, query: &str, body: &str) -> (String, Vec<Point>, Law) {
    let database = parameter(query, "db").or_else(|| parameter(query, "bucket")).filter(|name| !name.is_empty());
    let database = database.map_or("defaultdb".to_owned(), |name| name.trim_end_matches("/autogen").to_owned());
    let unit = match parameter(query, "precision").as_deref() {
        None | Some("" | "n" | "ns") => 1,
        Some("ms") => 1_000_000,
        Some("s") => 1_000_000_000,
        Some(other) => panic!("no recorded client sent the unit {other}"),
    };
    let law = if path.starts_with("/restapi/") { Law::Replace } else { Law::Merge };
    let is_json = path.ends_with("/put") || path.ends_with("opentsdbjson");
    (database, if is_json { of_json(body) } else { of_lines(body, unit) }, law)
}

/// The value of a parameter in a query string or a form.
fn parameter(query: &str, name: &str) -> Option<String> {
    let value = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(own, _)| *own == name)?.1;
    Some(percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned())
}

fn recorded(request: &Value) -> Value {
    request["answered"]["body"].as_str().and_then(|body| serde_json::from_str(body).ok()).unwrap_or(Value::Null)
}

/// The answer to a statement that returns nothing.
fn done() -> Value {
    json!({"results": [{"statement_id": 0}]})
}

fn same(expected: &Value, found: &Value) -> Verdict {
    let short = |value: &Value| value.to_string().replace("\\u0001", "");
    if expected.is_null() {
        return Err("the recorded answer is no JSON".to_owned());
    }
    if expected == found { Ok(()) } else { Err(format!("{}, expected {}", short(found), short(expected))) }
}

/// Whether an answer has these members as they were recorded.
fn has_all(text: &str, recorded: &Value, members: &[&str]) -> bool {
    let found: Value = serde_json::from_str(text).unwrap_or(Value::Null);
    members.iter().all(|member| !recorded[member].is_null() && found[member] == recorded[member])
}

/// A list of buckets without its numbers, of which only the form is known: sixteen digits.
fn masked(mut buckets: Value) -> Value {
    for bucket in buckets["buckets"].as_array_mut().into_iter().flatten() {
        for member in ["id", "orgID"] {
            let is_id = bucket[member].as_str().is_some_and(|id| id.len() == 16 && u64::from_str_radix(id, 16).is_ok());
            bucket[member] = json!(if is_id { "an id" } else { "none" });
        }
    }
    buckets
}

fn masked_text(text: &str) -> Value {
    masked(serde_json::from_str(text).unwrap_or(Value::Null))
}
