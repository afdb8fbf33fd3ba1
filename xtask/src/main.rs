//! Tasks of the house: `tidy`, the checks that the compiler does not make, and `check`, everything
//! that must hold before a change lands.

mod edges;
mod sources;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const USAGE: &str = "usage: cargo xtask tidy | check

  tidy    crate edges, forbidden dependencies, file headers, vendors' names
          below the dialects, marks of unfinished work
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
