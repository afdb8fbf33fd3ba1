//! What unmodified clients sent, byte for byte but for the credentials, which become root's: the
//! recording server took any. Raw connections are not sent.
//!
//! The recording servers' answers were made by hand: they are evidence of form. What must come back
//! is judged by `client_answers`.

use super::Tally;
use super::archive::Archive;
use super::client_answers::Judge;
use crate::harness::{basic, request, send_raw};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;
use std::net::SocketAddr;

/// What the recorded clients found there already.
const BEFORE: &[(&str, &str)] = &[
    ("/rest/sql", "create database if not exists rt"),
    ("/rest/sql/rt", "create stable if not exists st (ts timestamp, v int, f float, s varchar(20)) tags (g int)"),
    ("/rest/sql/rt", "insert into d1 using st tags(1) values('2024-01-01 00:00:00.000', 1, 10.5, 'x')"),
];

/// Root's password at InfluxDB's door on an insecure server.
const INFLUX_PASSWORD: &str = "root";

pub(crate) fn run(address: SocketAddr, archive: &Archive) -> Tally {
    let mut tally = Tally::default();
    let recorded: Value = serde_json::from_str(&archive.text).unwrap();
    let requests = recorded["requests"].as_array().unwrap();
    if requests.iter().any(|one| one["path"].as_str().is_some_and(|path| path.starts_with("/rest/sql"))) {
        for (path, sql) in BEFORE {
            let answer = post(address, path, "taosdata", sql);
            assert_eq!(answer["code"], 0, "{sql}: {answer}");
        }
    }
    let databases = databases(requests);
    for name in &databases {
        let sql = format!("CREATE TS DATABASE \"{}\"", name.replace('"', "\"\""));
        let answer = post(address, "/restapi/ddl", "kwdbpassword", &sql);
        assert_eq!(answer["code"], 0, "{sql}: {answer}");
    }
    let mut judge = Judge::new(address, &archive.name, databases);
    let sent = requests.iter().enumerate().filter(|(_, request)| request["method"] != "TCP");
    for (index, recorded) in sent {
        let verdict = send_raw(address, &wire_bytes(address, recorded)).map_err(|error| format!("no answer: {error}"));
        let verdict = verdict.and_then(|reply| judge.judge(index, recorded, &reply));
        let shown = |fault| format!("{} {} {:.200}: {fault}", recorded["method"], recorded["path"], recorded["body"]);
        tally.note(index + 1, verdict.map_err(shown));
    }
    tally
}

/// A statement of root that prepares a replay.
fn post(address: SocketAddr, path: &str, password: &str, sql: &str) -> Value {
    let headers = [("Authorization", basic("root", password))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    request(address, "POST", path, &headers, sql.as_bytes()).unwrap().json()
}

/// The databases that the paths of requests name: the recording server had whatever was asked for.
fn databases(requests: &[Value]) -> BTreeSet<String> {
    let paths = requests.iter().filter_map(|request| request["path"].as_str());
    let pairs = paths.filter(|path| !path.starts_with("/query")).flat_map(|path| {
        let query = path.split_once('?').map_or("", |(_, query)| query);
        query.split('&').filter_map(|pair| pair.strip_prefix("db=").or_else(|| pair.strip_prefix("bucket=")))
    });
    let names = pairs.map(|name| name.replace('+', " ").replace("%2F", "/"));
    names
        .map(|name| name.strip_suffix("/autogen").unwrap_or(&name).to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

/// Head and body as they were, with one connection for each request.
fn wire_bytes(address: SocketAddr, request: &Value) -> Vec<u8> {
    let path = request["path"].as_str().unwrap_or("/");
    let was = request["body_was"].as_str().unwrap_or_default();
    let mut body = request["body"].as_str().unwrap_or_default().as_bytes().to_vec();
    if was.contains("gzip") {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&body).unwrap();
        body = encoder.finish().unwrap();
    }
    let mut head = format!("{} {} HTTP/1.1\r\n", request["method"].as_str().unwrap_or("GET"), with_root(path));
    let dropped = ["authorization", "connection", "content-length", "host", "transfer-encoding"];
    for header in request["headers"].as_array().into_iter().flatten() {
        let (name, value) = (header[0].as_str().unwrap_or_default(), header[1].as_str().unwrap_or_default());
        if !dropped.contains(&name.to_lowercase().as_str()) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    head.push_str(&format!("Host: {address}\r\nConnection: close\r\n"));
    if let Some(password) = password(path) {
        head.push_str(&format!("Authorization: {}\r\n", basic("root", password)));
    }
    let mut bytes = head.into_bytes();
    if was.contains("chunked") {
        bytes.extend(format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n", body.len()).bytes());
        bytes.extend(body);
        bytes.extend(b"\r\n0\r\n\r\n");
    } else {
        bytes.extend(format!("Content-Length: {}\r\n\r\n", body.len()).bytes());
        bytes.extend(body);
    }
    bytes
}

/// Without the credentials of the query string.
fn with_root(path: &str) -> String {
    let Some((path, query)) = path.split_once('?') else { return path.to_owned() };
    let own = |pair: &&str| !["u=", "p=", "token="].iter().any(|name| pair.starts_with(name));
    format!("{path}?{}", query.split('&').filter(own).collect::<Vec<_>>().join("&"))
}

/// Root's password at the door of a path; its law has none at some.
fn password(path: &str) -> Option<&'static str> {
    match path {
        path if path.starts_with("/rest/") => Some("taosdata"),
        path if path.starts_with("/restapi/") => Some("kwdbpassword"),
        path if path.starts_with("/api/put") => None,
        _ => Some(INFLUX_PASSWORD),
    }
}
