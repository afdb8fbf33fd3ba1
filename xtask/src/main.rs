//! Tasks of the house: `tidy`, the checks that the compiler does not make, and `check`, everything
//! that must hold before a change lands.

mod disk;
mod edges;
mod generated;
mod sources;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const USAGE: &str = "usage: cargo xtask tidy | gen | check | recorded

  tidy    crate edges, forbidden dependencies, file headers, vendors' names
          below the dialects, who touches the disk, marks of unfinished work
  gen     writes the pages that are generated: docs/types.md
  recorded
          replays the recorded suites, prints passed / total per file, and
          writes tests/recorded/passed.txt anew
  check   tidy, formatting, clippy, and every test: what continuous
          integration runs";

/// What `check` runs after `tidy`, in order, up to the first that fails.
const CHECKS: [&[&str]; 3] = [
    &["fmt", "--all", "--check"],
    &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
    &["test", "--workspace"],
];

fn main() -> ExitCode {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let done = match std::env::args().nth(1).as_deref() {
        Some("tidy") => tidy(&root),
        Some("gen") => generated::write(&root),
        Some("recorded") => recorded(&root),
        Some("check") => tidy(&root) && CHECKS.iter().all(|arguments| cargo(&root, arguments)),
        _ => {
            report(USAGE);
            return ExitCode::from(2);
        }
    };
    if done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs every check of this crate and reports all faults.
fn tidy(root: &Path) -> bool {
    let faults = match edges::check(root).and_then(|mut faults| {
        faults.extend(sources::check(root)?);
        Ok(faults)
    }) {
        Ok(faults) => faults,
        Err(error) => vec![error],
    };
    for fault in &faults {
        report(fault);
    }
    if faults.is_empty() {
        report("tidy: the house is in order");
    } else {
        report(&format!("tidy: {} faults", faults.len()));
    }
    faults.is_empty()
}

/// Replays the recorded suites and writes down what passes.
fn recorded(root: &Path) -> bool {
    let replay =
        ["test", "-p", "chronoglot", "--test", "program", "recorded::", "--", "--nocapture", "--test-threads=1"];
    report(&format!("CHRONOGLOT_RATCHET=1 cargo {}", replay.join(" ")));
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let status = Command::new(cargo).args(replay).current_dir(root).env("CHRONOGLOT_RATCHET", "1").status();
    status.is_ok_and(|status| status.success())
}

fn cargo(root: &Path, arguments: &[&str]) -> bool {
    report(&format!("cargo {}", arguments.join(" ")));
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    match Command::new(cargo).args(arguments).current_dir(root).status() {
        Ok(status) => status.success(),
        Err(error) => {
            report(&format!("cargo {}: {error}", arguments.join(" ")));
            false
        }
    }
}

#[expect(clippy::print_stderr, reason = "these are commands for people")]
fn report(line: &str) {
    eprintln!("{line}");
}
