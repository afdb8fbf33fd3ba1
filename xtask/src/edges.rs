//! Which crate may know which. The one list of arrows of the house.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// A crate and the crates of the house that it may depend on.
const EDGES: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("files", &["model"]),
    ("fuzzing", &[]),
    ("catalog", &["model", "files"]),
    ("segments", &["model", "files", "catalog"]),
    ("storage", &["model", "files", "catalog", "segments"]),
    ("query", &["model", "catalog", "storage"]),
    ("engine", &["model", "catalog", "storage", "query"]),
    ("sql", &["model"]),
    ("ingest", &["model"]),
    ("dialect", &["model", "engine", "ingest"]),
    ("kwdb", &["model", "catalog", "engine", "query", "sql", "ingest", "dialect"]),
    ("tdengine", &["model", "catalog", "engine", "query", "sql", "ingest", "dialect"]),
    ("iotdb", &["model", "catalog", "engine", "query", "sql", "ingest", "dialect"]),
    ("starrocks", &["model", "catalog", "engine", "query", "sql", "ingest", "dialect"]),
    ("influx", &["model", "catalog", "engine", "ingest", "dialect"]),
    ("opentsdb", &["model", "catalog", "engine", "ingest", "dialect"]),
    ("dialect-testing", &["model", "files", "catalog", "storage", "query", "engine", "dialect"]),
    ("server", &["model", "engine", "dialect"]),
    (
        "chronoglot",
        &[
            "model",
            "files",
            "catalog",
            "segments",
            "storage",
            "query",
            "engine",
            "dialect",
            "kwdb",
            "tdengine",
            "iotdb",
            "starrocks",
            "influx",
            "opentsdb",
            "server",
        ],
    ),
    ("bench", &["model", "files", "catalog", "storage", "query", "engine"]),
    ("xtask", &[]),
];

/// Crates that speak HTTP or JSON; nothing below the dialects may use them.
const WIRE: &[&str] = &["axum", "hyper", "hyper-util", "http", "tower", "tower-http", "serde_json"];

/// Crates that plan or parse SQL; storage and what lies below may not use them.
const SQL: &[&str] = &["datafusion", "sqlparser"];

/// Crates that one crate of the house has to itself.
const EXCLUSIVE: &[(&str, &str)] = &[("redb", "catalog")];

/// The crates below the dialects.
pub(crate) const BELOW_DIALECTS: &[&str] =
    &["model", "files", "catalog", "segments", "storage", "query", "engine", "sql"];

const BELOW_QUERY: &[&str] = &["model", "files", "catalog", "segments", "storage"];

/// Every edge that should not be there, as lines for people.
pub(crate) fn check(root: &Path) -> Result<Vec<String>, String> {
    let crates = dependencies(root)?;
    let allowed: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    let mut faults = Vec::new();
    for (name, dependencies) in &crates {
        let Some(may) = allowed.get(name.as_str()) else {
            faults.push(format!("{name}: not in the list of crates in xtask/src/edges.rs"));
            continue;
        };
        for dependency in dependencies {
            if allowed.contains_key(dependency.as_str()) && !may.contains(&dependency.as_str()) {
                faults.push(format!("{name} -> {dependency}: this arrow is not allowed"));
            }
            if BELOW_DIALECTS.contains(&name.as_str()) && WIRE.contains(&dependency.as_str()) {
                faults.push(format!("{name} -> {dependency}: nothing below the dialects sees HTTP or JSON"));
            }
            if let Some((_, owner)) = EXCLUSIVE.iter().find(|(own, owner)| own == dependency && owner != name) {
                faults.push(format!("{name} -> {dependency}: only {owner} knows it"));
            }
            if BELOW_QUERY.contains(&name.as_str()) && SQL.contains(&dependency.as_str()) {
                faults.push(format!("{name} -> {dependency}: nothing below query sees SQL"));
            }
        }
    }
    Ok(faults)
}

/// Each workspace crate by its short name with its direct, non-test dependencies by theirs.
fn dependencies(root: &Path) -> Result<Vec<(String, Vec<String>)>, String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    let metadata: Value = serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata lists no packages")?;
    Ok(packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().into_iter().flatten();
            let normal = dependencies.filter(|d| d["kind"].is_null()).map(|d| short(&d["name"]));
            (short(&package["name"]), normal.collect())
        })
        .collect())
}

fn short(name: &Value) -> String {
    let name = name.as_str().unwrap_or_default();
    name.strip_prefix("chronoglot-").unwrap_or(name).to_owned()
}
