//! Pages that are generated from what the program knows. The program's tests make and compare
//! them, because only the program knows every dialect; here they are called.

use std::path::Path;
use std::process::{Command, Output};

/// The test that makes the page of types.
const PAGE_TEST: &str = "type_page::the_page_of_types";
/// Makes it write the page.
const WRITE: &str = "CHRONOGLOT_GENERATE";

/// Writes the pages anew; whether that worked.
pub(crate) fn write(root: &Path) -> bool {
    match run(root, true) {
        Ok(output) if output.status.success() => {
            crate::report("gen: docs/types.md is written");
            true
        }
        Ok(output) => {
            crate::report(&said(&output));
            false
        }
        Err(error) => {
            crate::report(&error);
            false
        }
    }
}

/// A fault for each page that is stale.
pub(crate) fn check(root: &Path) -> Result<Vec<String>, String> {
    let output = run(root, false)?;
    if output.status.success() {
        return Ok(Vec::new());
    }
    let said = said(&output);
    match said.lines().find(|line| line.contains("is stale")) {
        Some(line) => Ok(vec![line.trim().to_owned()]),
        None => Err(format!("the pages that are generated cannot be compared:\n{said}")),
    }
}

fn run(root: &Path, write: bool) -> Result<Output, String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.args(["test", "--quiet", "-p", "chronoglot", "--bin", "chronoglot", PAGE_TEST]).current_dir(root);
    if write {
        command.env(WRITE, "1");
    }
    command.output().map_err(|error| format!("cargo test: {error}"))
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
