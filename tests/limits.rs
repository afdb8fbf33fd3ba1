//! Every limit says its number, loses nothing, and leaves nothing behind.

use crate::harness::{Program, TempDir, basic, request, root, send_raw};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// A server with settings of its own.
fn with_settings(data: &TempDir, settings: &str) -> Program {
    let file = data.path().join("settings.toml");
    std::fs::write(&file, settings).unwrap();
    let store = data.path().join("store");
    Program::start(&store, &["--insecure", "--config", file.to_str().unwrap()])
}

/// `rows` rows of `width` bytes in one time-series table.
fn fill(program: &Program, rows: usize, width: usize) {
    program.ddl("defaultdb", "create ts database d");
    program.ddl("d", &format!("create table t (ts timestamptz(3) not null, n int8, s varchar({width})) tags (k int4 not null) primary tags (k)"));
    for first in (0..rows).step_by(2_000) {
        let values: Vec<String> = (first..rows.min(first + 2_000))
            .map(|n| {
                format!(
                    "({}, {}, '{n:0>width$}', {})",
                    1_700_000_000_000_u64 + n as u64,
                    (n * 7_919) % 1_000_003,
                    n % 5
                )
            })
            .collect();
        program.insert("d", &format!("insert into t values {}", values.join(",")));
    }
}

fn files_below(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let entries: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    entries
        .into_iter()
        .flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path.display().to_string()] })
        .collect()
}

#[test]
fn a_body_over_the_limit_is_413_with_the_limit() {
    let data = TempDir::new();
    let program = with_settings(&data, "[limits]\nbody_bytes = 10000\n");
    let body = format!("select '{}'", "x".repeat(20_000));
    let reply = program.post("query", "defaultdb", &body);
    assert_eq!(reply.status, 413);
    assert!(String::from_utf8_lossy(&reply.body).contains("10000"), "{}", String::from_utf8_lossy(&reply.body));
    // The same without a length that says so in advance.
    let chunked = format!(
        "POST /restapi/query HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        program.address,
        root(),
        body.len()
    );
    assert_eq!(send_raw(program.address, chunked.as_bytes()).unwrap().status, 413);
    assert_eq!(program.rows("defaultdb", "select 1")[0][0], 1);
}

/// Paths, root's password there, the type of the body, and the status of one that is too long.
const LONG_BODIES: &[(&str, &str, &str, u16)] = &[
    ("/restapi/ddl", "kwdbpassword", "text/plain", 413),
    ("/restapi/telegraf", "kwdbpassword", "text/plain", 413),
    ("/restapi/influxdb", "kwdbpassword", "text/plain", 413),
    ("/restapi/opentsdbjson", "kwdbpassword", "text/plain", 413),
    ("/restapi/opentsdbtelnet", "kwdbpassword", "text/plain", 413),
    ("/rest/sql", "taosdata", "text/plain", 413),
    ("/rest/table/v1/query", "root", "application/json", 413),
    ("/rest/table/v1/nonQuery", "root", "application/json", 413),
    ("/rest/table/v1/insertTablet", "root", "application/json", 413),
    ("/api/v2/catalogs/default/databases", "", "application/json", 400),
    ("/api/v1/catalogs/default_catalog/sql", "", "application/json", 400),
    ("/write?db=plant", "root", "text/plain", 413),
    ("/api/v2/write?bucket=plant", "root", "text/plain", 413),
    ("/query", "root", "application/x-www-form-urlencoded", 413),
    ("/api/put", "root", "application/json", 413),
];

#[test]
fn a_body_over_the_limit_is_refused_at_every_door() {
    let data = TempDir::new();
    let program = with_settings(&data, "[limits]\nbody_bytes = 10000\n");
    for (path, password, kind, status) in LONG_BODIES {
        let headers = [("Authorization", basic("root", password)), ("Content-Type", (*kind).to_owned())];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        let reply = request(program.address, "POST", path, &headers, "x".repeat(20_000).as_bytes()).unwrap();
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        assert_eq!(reply.status, *status, "{path}: {text}");
        assert!(text.contains("10000") && serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{path}: {text}");
    }
}

#[test]
fn a_sort_of_four_times_its_memory_spills_and_cleans_up() {
    let data = TempDir::new();
    let program = with_settings(&data, "[query]\nmemory_bytes = \"16 MB\"\n");
    // 64 MB of text.
    fill(&program, 64_000, 1_000);
    // The answer is cut at its own limit, but the sort sees every row first.
    let rows = program.rows("d", "select n, s from t order by s desc, n");
    assert_eq!(rows[0][1].as_str().unwrap().trim_start_matches('0'), "63999");
    let rows = program.rows("d", "select n, s from t order by s desc, n limit 3 offset 60000");
    assert_eq!(rows[0][1].as_str().unwrap().trim_start_matches('0'), "3999");
    // A query that was cut ends a moment after its answer.
    let deadline = Instant::now() + Duration::from_secs(5);
    let spilled = || files_below(&data.path().join("store/spill"));
    while !spilled().is_empty() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(spilled().is_empty(), "left behind: {:?}", spilled());
    // The hash table of a join does not spill.
    let reply = program.post("query", "d", "select count(*) from t a join t b on a.s = b.s");
    assert_eq!(reply.status, 500, "{}", String::from_utf8_lossy(&reply.body));
    assert!(String::from_utf8_lossy(&reply.body).contains("memory"), "{}", String::from_utf8_lossy(&reply.body));
    assert_eq!(program.rows("d", "select count(*) from t")[0][0], 64_000);
}

#[test]
fn a_query_over_its_time_is_ended() {
    let data = TempDir::new();
    let program = with_settings(&data, "[query]\ntimeout_ms = 300\n");
    fill(&program, 10_000, 10);
    let started = Instant::now();
    let reply = program.post("query", "d", "select count(*) from t a, t b, t c where a.n + b.n <> c.n");
    assert_eq!(reply.status, 500);
    assert!(String::from_utf8_lossy(&reply.body).contains("300"), "{}", String::from_utf8_lossy(&reply.body));
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_eq!(program.rows("d", "select count(*) from t")[0][0], 10_000);
}

#[test]
fn a_client_that_hangs_up_stops_its_query() {
    let data = TempDir::new();
    let program = Program::insecure(data.path());
    fill(&program, 10_000, 10);
    let query = "select count(*) from t a, t b, t c where a.n + b.n <> c.n";
    let mut stream = TcpStream::connect(program.address).unwrap();
    let message = format!(
        "POST /restapi/query?db=d HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nContent-Length: {}\r\n\r\n{query}",
        program.address,
        root(),
        query.len()
    );
    stream.write_all(message.as_bytes()).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(1_000))).unwrap();
    assert!(stream.read(&mut [0; 1]).is_err(), "the query was meant to take long");
    assert!(cpu_of(program.pid(), 1_000) > Duration::from_millis(50), "the query does not seem to run");
    let running = || program.rows("defaultdb", "show queries");
    assert!(running().iter().any(|row| row[3] == query), "the query is not listed: {:?}", running());
    drop(stream);
    std::thread::sleep(Duration::from_millis(200));
    let idle = cpu_of(program.pid(), 500);
    assert!(idle < Duration::from_millis(100), "{idle:?} of CPU in half a second after the client hung up");
    assert!(running().is_empty(), "still listed: {:?}", running());
}

#[test]
fn a_result_over_5_mb_is_cut_at_a_row_and_says_so() {
    let data = TempDir::new();
    let program = Program::insecure(data.path());
    fill(&program, 8_000, 1_000);
    let reply = program.post("query", "d", "select n, s from t order by ts");
    let body = reply.json();
    let sent = body["data"].as_array().unwrap();
    assert_eq!(reply.header("x-kwdb-truncated"), Some("true"));
    assert_eq!(body["rows"], sent.len());
    assert!((4_000..8_000).contains(&sent.len()), "{} rows", sent.len());
    assert!(reply.body.len() <= 5 << 20, "{} bytes", reply.body.len());
    assert_eq!(sent.last().unwrap()[1].as_str().unwrap().len(), 1_000, "cut inside a row");
    let whole = program.post("query", "d", "select n, s from t order by ts limit 100");
    assert_eq!(whole.header("x-kwdb-truncated"), None);
    assert_eq!(whole.json()["rows"], 100);
}

#[test]
fn the_limit_of_a_result_is_a_setting() {
    let data = TempDir::new();
    let settings = |limit: &str| format!("[limits]\nresult_bytes = {limit}\n");
    let program = with_settings(&data, &settings("\"100 KiB\""));
    fill(&program, 8_000, 1_000);
    let query = "select n, s from t order by ts";
    let cut = program.post("query", "d", query);
    assert_eq!(cut.header("x-kwdb-truncated"), Some("true"));
    assert!(cut.body.len() <= 100 << 10 && cut.json()["rows"].as_u64().unwrap() > 90, "{} bytes", cut.body.len());
    assert_eq!(program.terminate(), Some(0));
    let program = with_settings(&data, &settings("0"));
    let whole = program.post("query", "d", query);
    assert_eq!(whole.header("x-kwdb-truncated"), None);
    assert_eq!((whole.json()["rows"].as_u64(), whole.body.len() > 8_000_000), (Some(8_000), true));
}

#[test]
fn a_body_that_drips_is_given_up_with_the_setting_named() {
    let data = TempDir::new();
    let program = with_settings(&data, "[limits]\nbody_read_timeout_ms = 1000\nbody_bytes_per_second = 1000\n");
    let mut stream = TcpStream::connect(program.address).unwrap();
    let head = format!(
        "POST /restapi/query HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nContent-Length: 100000\r\nConnection: close\r\n\r\n",
        program.address,
        root()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut dripping = stream.try_clone().unwrap();
    let began = Instant::now();
    std::thread::spawn(move || {
        while began.elapsed() < Duration::from_secs(60) && dripping.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_millis(200));
        }
    });
    let mut answer = String::new();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let _reset_behind_the_answer = stream.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("{\"code\":-1,\"desc\":\"") && answer.contains("limits.body_bytes_per_second"), "{answer}");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!(program.rows("defaultdb", "select 1")[0][0], 1);
}

/// CPU time of a process within some milliseconds.
fn cpu_of(pid: u32, milliseconds: u64) -> Duration {
    let ticks = || -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let after_name = stat.rsplit_once(')').unwrap().1;
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    let before = ticks();
    std::thread::sleep(Duration::from_millis(milliseconds));
    // Linux counts in hundredths of a second.
    Duration::from_millis((ticks() - before) * 10)
}

#[test]
fn a_server_that_may_open_no_more_files_goes_on_when_it_may_again() {
    let data = TempDir::new();
    let program = Program::insecure(data.path());
    program.ddl("defaultdb", "create table t (id int4 primary key)");
    let open = std::fs::read_dir(format!("/proc/{}/fd", program.pid())).unwrap().count();
    let limit = format!("--nofile={0}:{0}", open + 4);
    let set = std::process::Command::new("prlimit").args(["--pid", &program.pid().to_string(), &limit]).status();
    assert!(set.unwrap().success());
    let mut first = TcpStream::connect(program.address).unwrap();
    let others: Vec<_> = (0..40).map(|_| TcpStream::connect(program.address).unwrap()).collect();
    std::thread::sleep(Duration::from_millis(300));
    // A connection that it has is served.
    let head = format!("GET /health HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", program.address);
    first.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    first.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(others);
    assert_eq!(program.insert("defaultdb", "insert into t values (1)"), 1);
    assert_eq!(program.rows("defaultdb", "select count(*) from t")[0][0], 1);
    assert_eq!(program.terminate(), Some(0));
}
