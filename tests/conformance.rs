//! The vendors' documents as cases: see `tests/conformance/README.md`.

mod case;
mod curl;
mod rename;

use crate::harness::{Program, TempDir, send_raw};
use case::{Case, cases_of};
use rename::Renaming;
use std::path::Path;

/// What the documents take for granted: their user, with the password that they encode.
const DOCUMENT_USER: &str = "create user u1 password 'kwdbpassword'; grant create on database defaultdb to u1";

/// The documents, by folder.
const DOCUMENTS: [&str; 2] = ["kwdb/kwdb-document", "kwdb/kaiwudb-document"];

/// Seeds of the generator that changes every name, text, time and number.
const SEEDS: std::ops::Range<u64> = 0..5;

#[test]
fn documents_as_printed() {
    for document in DOCUMENTS {
        run_plain(document, &cases_of(document));
    }
}

#[test]
fn documents_with_everything_renamed() {
    for document in DOCUMENTS {
        for seed in SEEDS {
            let renaming = Renaming::new(seed);
            let cases: Vec<Case> = cases_of(document).iter().map(|case| renaming.apply(case)).collect();
            run_plain(&format!("{document}, seed {seed}"), &cases);
        }
    }
}

#[test]
fn documents_over_tls_by_curl() {
    if !curl::is_there() {
        eprintln!("SKIPPED: there is no curl on this machine");
        return;
    }
    for document in DOCUMENTS {
        let data = TempDir::new();
        let password = data.path().join("password");
        std::fs::write(&password, "kwdbpassword\n").unwrap();
        let store = data.path().join("store");
        let program = Program::start(&store, &["--root-password-file", password.to_str().unwrap()]);
        let authority = store.join("certs/ca.crt");
        let send = |case: &Case| curl::send(&program, Some(&authority), case);
        send(&Case::ddl(DOCUMENT_USER)).unwrap();
        check_all(document, &cases_of(document), send);
    }
}

#[test]
fn documents_by_curl_without_tls() {
    if !curl::is_there() {
        eprintln!("SKIPPED: there is no curl on this machine");
        return;
    }
    for document in DOCUMENTS {
        let data = TempDir::new();
        let program = Program::insecure(data.path());
        program.ddl("defaultdb", DOCUMENT_USER);
        check_all(document, &cases_of(document), |case| curl::send(&program, None, case));
    }
}

/// Runs cases on one fresh insecure server, each sent byte for byte.
fn run_plain(title: &str, cases: &[Case]) {
    let data = TempDir::new();
    let program = Program::insecure(data.path());
    program.ddl("defaultdb", DOCUMENT_USER);
    check_all(title, cases, |case| send_raw(program.address, &case.wire_bytes()));
}

fn check_all(title: &str, cases: &[Case], send: impl Fn(&Case) -> std::io::Result<crate::harness::Reply>) {
    assert!(cases.len() > 10, "{title}: cases are missing");
    let faults: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let reply = send(case).map_err(|error| error.to_string());
            let fault = reply.and_then(|reply| case.judge(&reply)).err()?;
            Some(format!("{}: {fault}", case.name))
        })
        .collect();
    eprintln!("{title}: {} of {} cases hold", cases.len() - faults.len(), cases.len());
    assert!(faults.is_empty(), "{title}:\n{}", faults.join("\n"));
}

/// Where the cases lie.
fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/conformance"))
}
