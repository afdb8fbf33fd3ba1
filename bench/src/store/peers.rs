//! The same questions asked of DuckDB and ClickHouse over the same rows, by a script of theirs.

use super::{Result, text};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

/// The script, which a Python with `duckdb` and `chdb` runs.
const SCRIPT: &str = include_str!("../../peers/scan.py");

#[derive(Debug, Deserialize)]
struct Answered {
    title: String,
    milliseconds: BTreeMap<String, f64>,
}

/// What each peer takes for each question, in milliseconds, by the question's title.
pub(super) fn ask(
    python: &Path,
    data: &Path,
    rows: u64,
    hour_seconds: i64,
) -> Result<BTreeMap<String, BTreeMap<String, f64>>> {
    let scratch = data.join("peers");
    std::fs::create_dir_all(&scratch).map_err(text)?;
    let asked = Command::new(python)
        .args(["-c", SCRIPT])
        .arg(data.join("segments/*/*.parquet"))
        .arg(&scratch)
        .args([rows.to_string(), hour_seconds.to_string()])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("{}: {error}", python.display()))?;
    if !asked.status.success() {
        return Err("the peers could not be asked".to_owned());
    }
    let lines = String::from_utf8(asked.stdout).map_err(text)?;
    let answered = lines.lines().map(|line| serde_json::from_str::<Answered>(line).map_err(text));
    let answered = answered.map(|answered| answered.map(|answered| (answered.title, answered.milliseconds))).collect();
    std::fs::remove_dir_all(&scratch).map_err(text)?;
    answered
}
