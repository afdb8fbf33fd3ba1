//! What unmodified clients sent, byte for byte but for the credentials, which become root's: the
//! recording server took any.
//!
//! The recording server's answers were made by hand, so they are evidence of form alone: where it
//! accepted, we must accept with the same status, and an answer with a `code` must have the same one;
//! where it played a refusal (overload, a missing database), any answer will do that is no fault of
//! the server. Raw connections are not sent.

use super::Tally;
use super::archive::Archive;
use crate::harness::{Reply, basic, send_raw};
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
            let head =
                format!("POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {}\r\n", basic("root", "taosdata"));
            send_raw(
                address,
                format!("{head}Content-Length: {}\r\nConnection: close\r\n\r\n{sql}", sql.len()).as_bytes(),
            )
            .unwrap();
        }
    }
    for name in databases(requests) {
        let sql = format!("CREATE TS DATABASE \"{}\"", name.replace('"', "\"\""));
        let head = format!("POST /restapi/ddl HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
        let user = basic("root", "kwdbpassword");
        let all = format!("{head}Authorization: {user}\r\nContent-Length: {}\r\n\r\n{sql}", sql.len());
        send_raw(address, all.as_bytes()).unwrap();
    }
    let sent = requests.iter().enumerate().filter(|(_, request)| request["method"] != "TCP");
    for (index, request) in sent {
        let verdict = send_raw(address, &wire_bytes(address, request)).map_err(|error| format!("no answer: {error}"));
        let shown = |fault| format!("{} {} {:.200}: {fault}", request["method"], request["path"], request["body"]);
        tally.note(index + 1, verdict.and_then(|reply| judge(request, &reply)).map_err(shown));
    }
    tally
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

fn judge(request: &Value, reply: &Reply) -> Result<(), String> {
    let answered = &request["answered"];
    // This path is shared: its other owner answers 200, and clients want the header.
    if request["path"].as_str().is_some_and(|path| path.starts_with("/ping")) {
        let version = reply.header("x-influxdb-version").filter(|_| matches!(reply.status, 200 | 204));
        return version.map(|_| ()).ok_or_else(|| format!("status {} or no version", reply.status));
    }
    let text = String::from_utf8_lossy(&reply.body);
    let status = answered["status"].as_u64().unwrap_or(0);
    if status >= 300 {
        return if reply.status < 500 { Ok(()) } else { Err(format!("status {}: {text:.200}", reply.status)) };
    }
    // Clients of lines want 204; the recording once answered 200 to see what they make of it. Points
    // that were sent to `/restapi` are answered as its document says.
    let is_write = answered["body"].as_str().is_none_or(str::is_empty);
    if is_write && request["path"].as_str().is_some_and(|path| path.starts_with("/restapi/")) {
        let found: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        return if found["code"] == 0 { Ok(()) } else { Err(format!("status {}: {text:.200}", reply.status)) };
    }
    if u64::from(reply.status) != status && !(is_write && reply.status == 204) {
        return Err(format!("status {}, expected {status}: {text:.200}", reply.status));
    }
    let wanted: Value =
        answered["body"].as_str().and_then(|body| serde_json::from_str(body).ok()).unwrap_or(Value::Null);
    let found: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    match wanted.get("code").filter(|code| found.get("code") != Some(code)) {
        Some(code) => Err(format!("code {}, expected {code}: {text:.200}", found["code"])),
        None => Ok(()),
    }
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
