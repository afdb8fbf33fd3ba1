//! The vendors' documents, and whatever else was seen of them, as cases: see
//! `tests/conformance/README.md`.

mod case;
mod fixed;
mod judge;
mod places;
mod record;
mod rename;
mod request;
mod target;
mod tokens;

use crate::harness::{Program, TempDir, basic, request as send};
use case::{Case, Suite, suites};
use fixed::Fixed;
use judge::Judge;
use rename::Renaming;
use std::path::Path;
use target::Target;

/// Seeds of the generator that changes every name, text, time and number.
const SEEDS: std::ops::Range<u64> = 0..3;

/// What root's password is over TLS where a vendor's documents give root none.
const GIVEN_PASSWORD: &str = "given-to-root";

/// How long a case marked `until` is asked again.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

#[test]
fn as_printed() {
    each_suite(|suite| {
        let data = TempDir::new();
        let program = Program::insecure(data.path());
        run(&suite.name, &suite.cases, &Target::plain(&program), None, false)
    });
}

#[test]
fn with_everything_renamed() {
    each_suite(|suite| {
        let fixed = Fixed::of(folder(), &suite.dialect);
        SEEDS.into_iter().try_for_each(|seed| {
            let renaming = Renaming::new(seed, &suite.cases, &fixed);
            let cases: Vec<Case> = suite.cases.iter().map(|case| renaming.apply(case)).collect();
            let data = TempDir::new();
            let program = Program::insecure(data.path());
            let title = format!("{}, seed {seed}", suite.name);
            run(&title, &cases, &Target::plain(&program), Some(&renaming), false)
        })
    });
}

#[test]
fn over_tls_by_curl() {
    if !target::curl_is_there() {
        eprintln!("SKIPPED: there is no curl on this machine");
        return;
    }
    each_suite(|suite| {
        let documented = suite.root_password.as_deref().filter(|password| !password.is_empty());
        let root_password = documented.unwrap_or(GIVEN_PASSWORD);
        let data = TempDir::new();
        let password = data.path().join("password");
        std::fs::write(&password, format!("{root_password}\n")).unwrap();
        let store = data.path().join("store");
        let program = Program::start(&store, &["--root-password-file", password.to_str().unwrap()]);
        let url = format!("https://{}", program.address);
        let target = Target::Curl { url, authority: Some(store.join("certs/ca.crt")) };
        run(&format!("{} over TLS", suite.name), &with_root(suite, root_password), &target, None, false)
    });
}

#[test]
fn by_curl_without_tls() {
    if !target::curl_is_there() {
        eprintln!("SKIPPED: there is no curl on this machine");
        return;
    }
    each_suite(|suite| {
        let data = TempDir::new();
        let program = Program::insecure(data.path());
        let target = Target::Curl { url: format!("http://{}", program.address), authority: None };
        run(&format!("{} by curl", suite.name), &suite.cases, &target, None, false)
    });
}

/// Another server than the one that is built here, if the environment names one.
#[test]
fn at_a_url() {
    let variable = |name: &str| std::env::var(name).ok();
    let Some(url) = variable("CHRONOGLOT_CONFORMANCE_URL") else { return };
    let wanted = variable("CHRONOGLOT_CONFORMANCE_SUITE").unwrap_or_default();
    let credentials = variable("CHRONOGLOT_CONFORMANCE_CREDENTIALS");
    let target = Target::at(&url);
    let mut faults = Vec::new();
    for suite in suites(folder()).iter().filter(|suite| suite.name.starts_with(&wanted)) {
        let cases = match &credentials {
            Some(credentials) => with_credentials(suite, credentials),
            None => suite.cases.clone(),
        };
        faults.extend(run(&suite.name, &cases, &target, None, variable("CHRONOGLOT_RECORD").is_some()).err());
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Runs something for every suite whose dialect is mounted, and fails with all faults at once.
fn each_suite(check: impl Fn(&Suite) -> Result<(), String>) {
    let mounted = mounted();
    let all = suites(folder());
    assert!(!all.is_empty(), "there are no cases");
    let mut faults = Vec::new();
    for suite in all {
        if mounted.contains(&suite.dialect) {
            faults.extend(check(&suite).err());
        } else {
            eprintln!("SKIPPED: {}: no dialect {} is mounted", suite.name, suite.dialect);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The dialects of the program.
pub(crate) fn mounted() -> Vec<String> {
    let data = TempDir::new();
    let program = Program::insecure(data.path());
    let document = send(program.address, "GET", "/openapi.json", &[], &[]).unwrap().json();
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    let mut tags: Vec<String> = operations.filter_map(|one| Some(one["tags"][0].as_str()?.to_owned())).collect();
    tags.sort();
    tags.dedup();
    tags
}

/// Sends cases in order and judges each answer; all faults, if any.
fn run(title: &str, cases: &[Case], target: &Target, renaming: Option<&Renaming>, records: bool) -> Result<(), String> {
    let mut judge = Judge::new(renaming);
    let mut faults = Vec::new();
    for case in cases {
        let filled = case.filled(&judge.saved);
        if let Err(fault) = settle(&filled, target, &mut judge, records) {
            faults.push(format!("  {}: {fault}", case.name));
        }
    }
    eprintln!("{title}: {} of {} cases hold", cases.len() - faults.len(), cases.len());
    if faults.is_empty() { Ok(()) } else { Err(format!("{title}:\n{}", faults.join("\n"))) }
}

/// One case; one marked `until` is asked until it holds.
fn settle(case: &Case, target: &Target, judge: &mut Judge<'_>, records: bool) -> Result<(), String> {
    let started = std::time::Instant::now();
    loop {
        let reply = target.send(case).map_err(|error| error.to_string())?;
        let verdict = judge.judge(case, &reply);
        if verdict.is_err() && case.expected["until"] == true && started.elapsed() < PATIENCE {
            std::thread::sleep(std::time::Duration::from_millis(50));
        } else if verdict.is_err() && records {
            record::record(case, &reply);
            return Ok(());
        } else {
            return verdict;
        }
    }
}

/// The cases of a suite with root's password, which is not the documents' one everywhere.
fn with_root(suite: &Suite, password: &str) -> Vec<Case> {
    with_credentials(suite, &format!("root:{password}"))
}

/// The cases with other credentials in the place of root's. Where the documents give root no password
/// a request may go without credentials: it gets them, unless it asks for what is refused without.
fn with_credentials(suite: &Suite, credentials: &str) -> Vec<Case> {
    let pack = |credentials: &str| match credentials.split_once(':') {
        Some((user, password)) => basic(user, password).trim_start_matches("Basic ").to_owned(),
        None => panic!("CHRONOGLOT_CONFORMANCE_CREDENTIALS is USER:PASSWORD"),
    };
    let (own, other) =
        (pack(&format!("root:{}", suite.root_password.as_deref().unwrap_or_default())), pack(credentials));
    let is_open = suite.root_password.as_deref().unwrap_or_default().is_empty();
    let replace = |case: &Case| {
        // Preparations are this server's own: they take the same password.
        let mut head = case.head.replace(&own, &other).replace("cm9vdDprd2RicGFzc3dvcmQ=", &other);
        if is_open && case.header("authorization").is_none() && case.expected["status"] != 401 {
            head.push_str(&format!("\r\nAuthorization: Basic {other}"));
        }
        Case { head, ..case.clone() }
    };
    suite.cases.iter().map(replace).collect()
}

/// Where the cases lie.
fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/conformance"))
}
