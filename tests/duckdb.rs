//! Segments are open: DuckDB reads a table's files by a glob and gets the same answers.

use crate::harness::{Program, TempDir, python_with};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Prints the rows of a query as JSON; numbers as numbers, all else as text.
const SCRIPT: &str = r#"
import decimal, duckdb, json, sys
plain = lambda v: float(v) if isinstance(v, decimal.Decimal) else v
print(json.dumps([[plain(v) for v in row] for row in duckdb.sql(sys.argv[1]).fetchall()], default = str))
"#;

/// A DuckDB, if this machine has one.
struct DuckDb {
    python: String,
}

impl DuckDb {
    fn found() -> Option<Self> {
        python_with("duckdb").map(|python| Self { python })
    }

    fn rows(&self, sql: &str) -> Vec<Vec<Value>> {
        let output = Command::new(&self.python).args(["-c", SCRIPT, sql]).output().unwrap();
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// A server where every table has files of its own.
fn with_own_files(data: &Path) -> Program {
    let settings = data.with_extension("toml");
    std::fs::write(&settings, "[segments]\npack_bytes = 0\n").unwrap();
    Program::start(data, &["--insecure", "--config", settings.to_str().unwrap()])
}

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
    let Some(duck) = DuckDb::found() else { return };
    let data = TempDir::new();
    let program = with_own_files(data.path());
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
    let theirs = duck.rows(&format!(
        "SELECT meter_id, count(*), sum(power), min(epoch_ms(ts)), max(epoch_ms(ts)) \
         FROM read_parquet('{}', union_by_name = true) GROUP BY meter_id ORDER BY meter_id",
        glob.display()
    ));
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

const T0: i64 = 1_735_689_600_000;
const MINUTE: i64 = 60_000;

/// `INSERT` of one row for each minute: two regions, three units, values that tell rows apart.
fn readings(minutes: std::ops::Range<i64>, columns: &str, extra: impl Fn(i64) -> String) -> String {
    let row = |minute: i64| {
        let (region, unit) = (["north", "süd"][usize::try_from(minute.rem_euclid(2)).unwrap()], minute.rem_euclid(3));
        format!(
            "({}, '{region}', {unit}, {}.25, {}{})",
            T0 + minute * MINUTE,
            minute % 977,
            minute % 1_000,
            extra(minute)
        )
    };
    format!("insert into m (ts, region, unit, v, n{columns}) values {}", minutes.map(row).collect::<Vec<_>>().join(","))
}

#[test]
fn duckdb_reads_what_many_flushes_of_a_changing_table_left() {
    let Some(duck) = DuckDb::found() else { return };
    let data = TempDir::new();
    let restarted = |program: Program| {
        // A clean stop leaves every row in segments.
        assert_eq!(program.terminate(), Some(0));
        with_own_files(data.path())
    };
    let program = with_own_files(data.path());
    program.ddl("defaultdb", "create ts database d");
    program.ddl(
        "d",
        "create table m (ts timestamptz(3) not null, v float8, n int4) \
         tags (region varchar(20) not null, unit int4 not null) primary tags (region, unit)",
    );
    program.insert("d", &readings(1_000..3_000, "", |_| String::new()));
    let program = restarted(program);
    // Late rows of the same time partition, and a new partition, under another definition.
    program.ddl("d", "alter table m add column extra float8");
    program.ddl("d", "alter table m alter column n type int8");
    program.insert("d", &readings(0..1_000, ", extra", |minute| format!(", {minute}.5")));
    program.insert("d", &readings(50_000..50_500, ", extra", |_| ", null".to_owned()));
    let program = restarted(program);
    program.insert("d", &readings(500_000..500_010, ", extra", |_| ", 1e300".to_owned()));
    let program = restarted(program);

    let files = || format!("'{}/*.parquet'", segments_of(data.path(), "region").display());
    let sums = "region, unit, count(*), sum(v), avg(v), min(v), max(v), sum(n), count(extra), sum(extra), min(extra), max(extra)";
    let ours = || program.rows("d", &format!("select {sums} from m group by region, unit order by region, unit"));
    let theirs = duck.rows(&format!(
        "SELECT {sums} FROM read_parquet({}, union_by_name = true) GROUP BY region, unit ORDER BY region, unit",
        files()
    ));
    // No two files have a row in common: what DuckDB adds up is what the table holds.
    same(&theirs, &ours());
    assert_eq!(theirs.len(), 6);
    // Some files have a column of floats as decimals, and some as floats.
    let forms = duck.rows(&format!("SELECT DISTINCT name, type FROM parquet_schema({}) WHERE name = 'extra'", files()));
    let forms: BTreeSet<&str> = forms.iter().filter_map(|row| row[1].as_str()).collect();
    assert!(forms.contains("INT64") && forms.contains("DOUBLE"), "{forms:?}");
    assert!(theirs.iter().any(|row| row[0] == "süd"), "{theirs:?}");

    // Columns have their names and, over all definitions, one id each.
    let mut ids: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    let schema = duck
        .rows(&format!("SELECT file_name, name, field_id FROM parquet_schema({}) WHERE num_children IS NULL", files()));
    let in_file: BTreeSet<&str> = schema.iter().map(|row| row[0].as_str().unwrap()).collect();
    assert!(in_file.len() >= 4, "{in_file:?}");
    for row in &schema {
        let id = row[2].as_i64().unwrap_or_else(|| panic!("no field id: {row:?}"));
        ids.entry(row[1].as_str().unwrap().to_owned()).or_default().insert(id);
    }
    assert_eq!(ids.keys().collect::<Vec<_>>(), ["extra", "n", "region", "ts", "unit", "v"]);
    assert!(ids.values().all(|ids| ids.len() == 1), "{ids:?}");
    assert_eq!(ids.values().flatten().collect::<BTreeSet<_>>().len(), 6, "{ids:?}");

    // Rows that are written again lie in two files: a plain read meets both versions, and the file
    // of the greater sequence numbers has the one that counts.
    program.insert("d", &readings(1_500..1_600, ", extra", |_| ", 7.5".to_owned()).replace(".25, ", ".75, "));
    let program = restarted(program);
    let ours = program.rows("d", &format!("select {sums} from m group by region, unit order by region, unit"));
    let plain = duck.rows(&format!("SELECT count(*) FROM read_parquet({}, union_by_name = true)", files()));
    let held: i64 = ours.iter().map(|row| row[2].as_i64().unwrap()).sum();
    assert_eq!((plain[0][0].as_i64().unwrap(), held), (3_610, 3_510));
    let theirs = duck.rows(&format!(
        "WITH newest AS (
             SELECT file_name, split_part(decode(value), ' ', 2)::BIGINT AS sequence
             FROM parquet_kv_metadata({0}) WHERE decode(key) = 'chronoglot.sequences'
         ), rows AS (
             SELECT * FROM read_parquet({0}, union_by_name = true, filename = true) JOIN newest ON filename = file_name
             QUALIFY row_number() OVER (PARTITION BY region, unit, ts ORDER BY sequence DESC) = 1
         )
         SELECT {sums} FROM rows GROUP BY region, unit ORDER BY region, unit",
        files()
    ));
    same(&theirs, &ours);
}

/// Fails unless both have the same rows, numbers but for the last bits.
fn same(theirs: &[Vec<Value>], ours: &[Value]) {
    assert_eq!(theirs.len(), ours.len());
    for (theirs, ours) in theirs.iter().zip(ours) {
        let ours = ours.as_array().unwrap();
        assert_eq!(theirs.len(), ours.len());
        for (their, our) in theirs.iter().zip(ours) {
            let equal = match (their.as_f64(), our.as_f64()) {
                (Some(their), Some(our)) => (their - our).abs() <= 1e-9 * our.abs(),
                _ => their == our,
            };
            assert!(equal, "{theirs:?}\n{ours:?}");
        }
    }
}
