//! Pages that are generated from what the program knows. The program's tests make and compare
//! them, because only the program knows every dialect; here they are made to write.

use std::path::Path;
use std::process::{Command, Output};

/// The test that makes the page of types.
const PAGE_TEST: &str = "type_page::the_page_of_types";
/// Makes it write the page.
const WRITE: &str = "CHRONOGLOT_GENERATE";

/// Writes the pages anew; whether that worked.
pub(crate) fn write(root: &Path) -> bool {
    match run(root) {
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

fn run(root: &Path) -> Result<Output, String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.args(["test", "--quiet", "-p", "chronoglot", "--bin", "chronoglot", PAGE_TEST]).current_dir(root);
    command.env(WRITE, "1").output().map_err(|error| format!("cargo test: {error}"))
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
