//! Requests with a real server's verbatim answers.
//!
//! Answers are compared by structure: key order is free, the order of arrays counts, a number must be
//! spelled the same. A line may say that its answer differs from run to run (`varies`: status and
//! shape), that the real server's is a defect (`bug`: status), that the order of rows is free
//! (`unordered`), and which other statuses and bodies are fine.

use super::Tally;
use super::archive::Archive;
use super::spelled::spelled;
use crate::harness::{basic, request};
use serde_json::{Map, Value};
use std::net::SocketAddr;

/// A syntax error's number; the list of what was expected comes from a parser generator.
const SYNTAX: &str = "\u{1}700";

pub(crate) fn run(address: SocketAddr, archive: &Archive) -> Tally {
    let mut tally = Tally::default();
    for (number, line) in archive.lines() {
        let verdict = send(address, &line).and_then(|(status, text)| differs(&line, status, &text));
        let shown = |fault| format!("{} {} {}: {fault}", line["method"], line["path"], line["body"]);
        tally.note(number, verdict.map_err(shown));
    }
    tally
}

fn send(address: SocketAddr, line: &Value) -> Result<(u16, String), String> {
    let body = line["body"].as_str();
    let mut headers = vec![("authorization".to_owned(), basic("root", "root"))];
    headers.extend(body.map(|_| ("content-type".to_owned(), "application/json".to_owned())));
    for (name, value) in line["headers"].as_object().into_iter().flatten() {
        headers.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
        headers.extend(value.as_str().map(|value| (name.clone(), value.to_owned())));
    }
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let (method, path) = (line["method"].as_str().unwrap(), line["path"].as_str().unwrap());
    let reply = request(address, method, path, &headers, body.unwrap_or_default().as_bytes());
    let reply = reply.map_err(|error| format!("no answer: {error}"))?;
    Ok((reply.status, String::from_utf8_lossy(&reply.body).into_owned()))
}

fn differs(line: &Value, status: u16, text: &str) -> Result<(), String> {
    if line["status"] != status {
        let other = line["status_also"].as_array().is_some_and(|also| also.iter().any(|also| *also == status));
        return if other { Ok(()) } else { Err(format!("status {status}, expected {}: {text:.200}", line["status"])) };
    }
    if line["bug"] == true {
        return Ok(());
    }
    let also = line["or_response"].as_array().into_iter().flatten();
    let wanted: Vec<&str> = std::iter::once(&line["response"]).chain(also).filter_map(Value::as_str).collect();
    let mut faults = wanted.iter().map(|wanted| body_differs(line, wanted, text));
    let first = faults.next().unwrap_or(Ok(()));
    if faults.any(|other| other.is_ok()) { Ok(()) } else { first }
}

fn body_differs(line: &Value, wanted: &str, text: &str) -> Result<(), String> {
    let Some(wanted) = spelled(wanted) else { return Ok(()) };
    let Some(found) = spelled(text) else { return Err(format!("not JSON: {text:.200}")) };
    let (mut wanted, mut found) = (trimmed(wanted), trimmed(found));
    if line["varies"] == true {
        (wanted, found) = (shape(&wanted), shape(&found));
    } else if line["unordered"] == true {
        sort_rows(&mut wanted);
        sort_rows(&mut found);
    }
    if wanted == found {
        return Ok(());
    }
    let unequal = |(key, value): &(&String, &Value)| found.get(*key) != Some(value);
    let place = wanted.as_object().and_then(|fields| fields.iter().find(unequal));
    let short = |value: &Value| value.to_string().replace("\\u0001", "").chars().take(300).collect::<String>();
    Err(match place {
        Some((key, value)) => format!("{key}: {}, expected {}", short(&found[key]), short(value)),
        None => format!("{}, expected {}", short(&found), short(&wanted)),
    })
}

/// What must agree when the answer itself may differ.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let keep = |key: &str| ["code", "column_names", "data_types"].contains(&key);
            fields
                .iter()
                .map(|(key, value)| (key.clone(), if keep(key) { value.clone() } else { Value::Null }))
                .collect::<Map<_, _>>()
                .into()
        }
        Value::Array(_) => Value::from("a list"),
        _ => Value::from("a value"),
    }
}

fn trimmed(mut value: Value) -> Value {
    let is_syntax = value.as_object().is_some_and(|fields| fields.len() == 2) && value["code"] == SYNTAX;
    if let Some(message) = value["message"].as_str().filter(|_| is_syntax) {
        value["message"] = Value::from(message.split(". Expecting:").next().unwrap_or_default());
    }
    value
}

fn sort_rows(value: &mut Value) {
    if let Some(rows) = value.get_mut("values").and_then(Value::as_array_mut) {
        rows.sort_by_cached_key(Value::to_string);
    }
}
