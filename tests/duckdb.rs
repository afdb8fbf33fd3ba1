//! Segments are open: DuckDB reads a table's files by a glob and gets the same answers.

use crate::harness::{Program, TempDir};
use std::path::{Path, PathBuf};
use std::process::Command;

const SCRIPT: &str = r#"
import duckdb, json, sys
rows = duckdb.sql(f"""
    SELECT meter_id, count(*), sum(power), min(epoch_ms(ts)), max(epoch_ms(ts))
    FROM read_parquet('{sys.argv[1]}', union_by_name = true) GROUP BY meter_id ORDER BY meter_id
""").fetchall()
print(json.dumps([[str(v) if i == 0 else float(v) for i, v in enumerate(row)] for row in rows]))
"#;

/// The directory whose segments have such a column: two tables are in the store.
fn segments_of(data: &Path, column: &str) -> PathBuf {
    let directories = std::fs::read_dir(data.join("segments")).unwrap().map(|entry| entry.unwrap().path());
    let holds = |directory: &PathBuf| {
        let mut files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        files.any(|file| {
            file.extension().is_some_and(|extension| extension == "parquet")
                && String::from_utf8_lossy(&std::fs::read(file).unwrap()).contains(column)
        })
    };
    directories.into_iter().find(holds).unwrap_or_else(|| panic!("no segment has a column {column}"))
}

#[test]
fn duckdb_reads_the_segments() {
    let Ok(python) = std::env::var("CHRONOGLOT_TEST_PYTHON") else {
        eprintln!("SKIPPED: set CHRONOGLOT_TEST_PYTHON to a Python that has duckdb");
        return;
    };
    let data = TempDir::new();
    let program = Program::insecure(data.path());
    program.ddl("defaultdb", "create ts database d");
    program.ddl(
        "d",
        "create table meter_data (ts timestamptz(3) not null, voltage float8, power float8, n int4, note varchar(20)) \
         tags (meter_id varchar(50) not null) primary tags (meter_id)",
    );
    program.ddl(
        "d",
        "create table other (ts timestamptz(3) not null, power float8) tags (k int4 not null) primary tags (k)",
    );
    program.insert("d", "insert into other values (1735689600000, 1e9, 1)");
    let mut next = 1;
    for _ in 0..5 {
        let values: Vec<String> = (next..next + 2_000_u64)
            .map(|n| {
                format!(
                    "({}, {}.5, {}.25, {n}, 'n{}', 'M{}')",
                    1_735_689_600_000 + n * 60_000,
                    n % 240,
                    n % 977,
                    n % 7,
                    n % 13
                )
            })
            .collect();
        program.insert("d", &format!("insert into meter_data values {}", values.join(",")));
        next += 2_000;
    }
    let query =
        "select meter_id, count(*), sum(power), min(ts), max(ts) from meter_data group by meter_id order by meter_id";
    let ours = program.rows("d", query);
    // A clean stop leaves every row in segments.
    assert_eq!(program.terminate(), Some(0));
    let glob = segments_of(data.path(), "meter_id").join("*.parquet");
    let output = Command::new(python).args(["-c", SCRIPT, glob.to_str().unwrap()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let theirs: Vec<Vec<serde_json::Value>> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(ours.len(), 13);
    assert_eq!(theirs.len(), ours.len());
    for (theirs, ours) in theirs.iter().zip(&ours) {
        assert_eq!(theirs[0], ours[0]);
        assert_eq!(theirs[1].as_f64(), ours[1].as_f64());
        assert!((theirs[2].as_f64().unwrap() - ours[2].as_f64().unwrap()).abs() < 1e-6, "{theirs:?} {ours:?}");
        for (index, value) in [(3, &ours[3]), (4, &ours[4])] {
            let instant: jiff::Timestamp = value.as_str().unwrap().parse().unwrap();
            assert_eq!(theirs[index].as_f64().unwrap() as i64, instant.as_millisecond());
        }
    }
}
