//! `chronoglot check` as a person uses it: on a running server, on sound data, on damaged data.

use crate::harness::{Program, TempDir, run_to_end};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

fn check(data: &Path, flags: &[&str]) -> Output {
    let directory = data.to_str().unwrap();
    run_to_end(&[&["check", "--data-dir", directory], flags].concat(), "")
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The files below a directory whose names end so.
fn files(directory: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, end));
        } else if path.to_str().unwrap().ends_with(end) {
            found.push(path);
        }
    }
    found
}

fn filled(data: &Path) {
    let program = Program::insecure(data);
    program.ddl("defaultdb", "create ts database d");
    program
        .ddl("d", "create table m (t timestamp not null, v int4) tags (name varchar(20) not null) primary tags (name)");
    program.insert("d", "insert into m values ('2024-01-01 00:00:00', 1, 'a'), ('2024-01-01 00:00:01', 2, 'b')");
    program.ddl("defaultdb", "create table s (id int4 primary key, n int4)");
    program.insert("defaultdb", "insert into s values (1, 1), (2, 2)");
    assert_eq!(program.terminate(), Some(0));
}

#[test]
fn a_check_says_what_is_there_and_changes_nothing() {
    let data = TempDir::new();
    let missing = check(&data.path().join("nowhere"), &[]);
    assert!(!missing.status.success() && said(&missing).contains("nowhere"), "{}", said(&missing));
    assert!(!data.path().join("nowhere").exists(), "it was made");

    filled(data.path());
    let before: Vec<_> =
        files(data.path(), "").into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    let output = check(data.path(), &[]);
    assert!(output.status.success(), "{}", said(&output));
    for part in ["d.m", "defaultdb.s", "records in", "nothing is wrong"] {
        assert!(said(&output).contains(part), "{part}: {}", said(&output));
    }
    let json = check(data.path(), &["--format", "json"]);
    let object: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&object["sound"], &object["faults"]), (&true.into(), &serde_json::json!([])));
    let after: Vec<_> =
        files(data.path(), "").into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    assert!(before == after, "a check changed a file");

    let program = Program::insecure(data.path());
    let locked = check(data.path(), &[]);
    assert!(!locked.status.success() && said(&locked).contains("stop it first"), "{}", said(&locked));
    assert_eq!(program.rows("d", "select count(*) from m")[0][0], 2);
}

#[test]
fn what_is_damaged_is_named_and_repaired_when_told_so() {
    let data = TempDir::new();
    filled(data.path());
    let log = files(&data.path().join("log"), ".log");
    let log = log.iter().find(|path| fs::metadata(path).unwrap().len() > 60).unwrap();
    let whole = fs::read(log).unwrap();
    let mut bytes = whole.clone();
    bytes[50] ^= 4;
    fs::write(log, &bytes).unwrap();
    let name = log.strip_prefix(data.path()).unwrap().to_str().unwrap();
    let output = check(data.path(), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains(&format!("wrong: {name}: bit 2 of byte 50 was flipped")), "{}", said(&output));
    let refused = check(data.path(), &["--cut-log"]);
    assert!(!refused.status.success() && said(&refused).contains("--repair"), "{}", said(&refused));
    assert!(fs::read(log).unwrap() == bytes);

    let output = check(data.path(), &["--repair"]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(fs::read(log).unwrap() == whole && fs::read(data.path().join("aside").join(name)).unwrap() == bytes);
    let again = check(data.path(), &["--repair"]);
    assert!(again.status.success() && said(&again).contains("nothing is wrong"), "{}", said(&again));
    let program = Program::insecure(data.path());
    assert_eq!(program.rows("d", "select count(*) from m")[0][0], 2);
    assert_eq!(program.rows("defaultdb", "select count(*) from s")[0][0], 2);
}
