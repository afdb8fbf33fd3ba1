//! `chronoglot demo` prints a curl command for each door, and each works as it is printed.

use super::door::Door;
use super::{Faults, equal};
use crate::harness::{Demo, TempDir};
use serde_json::Value;
use std::process::Command;

/// Whose URL a command has.
fn door_of(command: &str) -> Option<Door> {
    let doors = [
        ("/restapi/", Door::Kwdb),
        ("/rest/sql", Door::TDengine),
        ("/rest/table/v1/", Door::Iotdb),
        ("/api/v1/", Door::StarRocks),
        ("/write?", Door::Influx),
        ("/api/put", Door::OpenTsdb),
    ];
    doors.into_iter().find(|(path, _)| command.contains(path)).map(|(_, door)| door)
}

/// Whether an answer is a success in its door's own sense.
fn succeeded(door: Door, status: &str, body: &str) -> Result<(), String> {
    let json = || serde_json::from_str::<Value>(body).map_err(|error| format!("{error} in {status} {body}"));
    let good = match door {
        Door::Kwdb => {
            let answer = json()?;
            status == "200" && answer["code"] == 0 && (answer["rows"].as_u64() > Some(0))
        }
        Door::TDengine => json()?["code"] == 0 && json()?["rows"].as_u64() > Some(0),
        Door::Iotdb => json()?["values"].as_array().is_some_and(|rows| !rows.is_empty()),
        Door::StarRocks => status == "200" && body.contains("{\"data\":") && body.contains("statistics"),
        Door::Influx | Door::OpenTsdb => status == "204" && body.is_empty(),
    };
    if good { Ok(()) } else { Err(format!("{status} {body}")) }
}

#[test]
fn the_demo_prints_a_curl_for_each_door_and_each_works() {
    let data = TempDir::new();
    let settings = TempDir::new();
    let demo = Demo::start(&data);
    let commands: Vec<&str> = demo.said.lines().map(str::trim).filter(|line| line.starts_with("curl ")).collect();
    for door in Door::ALL {
        assert!(commands.iter().any(|command| door_of(command) == Some(door)), "none for {door:?}:\n{}", demo.said);
    }
    if Command::new("curl").arg("--version").output().is_err() {
        return eprintln!("SKIPPED: there is no curl");
    }
    // The status comes behind the body by curl's own settings: the command stays as printed.
    std::fs::write(settings.path().join(".curlrc"), "silent\nwrite-out = \"\\nstatus %{http_code}\"\n").unwrap();
    let mut faults = Faults::default();
    for command in &commands {
        let output = Command::new("sh")
            .args(["-c", command])
            .env("CURL_HOME", settings.path())
            .env("HOME", settings.path())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (body, status) = text.rsplit_once("\nstatus ").unwrap_or_else(|| panic!("{command}: {text}"));
        let outcome = match door_of(command) {
            Some(door) => succeeded(door, status, body),
            None => Err("the URL is no door's".to_owned()),
        };
        faults.check(command, outcome.and_then(|()| equal(&output.status.code(), &Some(0))));
    }
    faults.end("curl commands of the demo");
}
