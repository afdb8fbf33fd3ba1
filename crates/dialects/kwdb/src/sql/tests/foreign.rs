//! Statements of other databases: none may pass with another meaning.

use crate::sql::{Statement, parse};

#[test]
fn statements_of_other_databases_are_refused() {
    let mut passed = Vec::new();
    for text in [
        // TDengine
        "CREATE STABLE meters (ts TIMESTAMP, current FLOAT) TAGS (location BINARY(64), groupid INT)",
        "CREATE TABLE d1001 USING meters TAGS ('California', 2)",
        "CREATE DATABASE power KEEP 365 DURATION 10 BUFFER 16",
        "INSERT INTO d1001 USING meters TAGS ('a', 2) VALUES (NOW, 10.2)",
        "INSERT INTO d1001 VALUES (NOW, 10.2) d1002 VALUES (NOW, 10.3)",
        "SELECT _wstart, AVG(current) FROM meters INTERVAL(10s)",
        "SELECT AVG(current) FROM meters WHERE ts > 0 INTERVAL(10s) SLIDING(5s) FILL(PREV)",
        "SELECT COUNT(*) FROM meters STATE_WINDOW(voltage)",
        "SELECT COUNT(*) FROM meters SESSION(ts, 10s)",
        "SELECT COUNT(*) FROM meters EVENT_WINDOW START WITH a > 1 END WITH a < 1",
        "SELECT COUNT(*) FROM meters COUNT_WINDOW(10)",
        "SELECT COUNT(*) FROM meters PARTITION BY tbname",
        "SELECT * FROM meters SLIMIT 1 SOFFSET 2",
        "SELECT * FROM meters LIMIT 1, 2",
        "SELECT * FROM meters RANGE('2020-01-01') EVERY(1s) FILL(LINEAR)",
        "SELECT `current` FROM meters",
        "DELETE FROM meters d WHERE ts > 0, x",
        "ALTER TABLE d1001 SET TAG location = 'x'",
        "ALTER STABLE meters ADD COLUMN phase FLOAT",
        "CREATE STREAM s INTO t AS SELECT 1",
        "SHOW CREATE STABLE meters",
        // IoTDB
        "DELETE DEVICES FROM t WHERE a = 1",
        "DELETE FROM root.sg.d1.s1, root.sg.d1.s2 WHERE time < 10",
        "INSERT INTO root.sg.d1(timestamp, s1) ALIGNED VALUES (1, 2)",
        "SELECT s1 FROM root.sg.** WHERE time > 1",
        "SELECT s1 FROM t ALIGN BY DEVICE",
        "SELECT last s1 FROM t WHERE a = 1 DISABLE ALIGN",
        "SELECT count(s1) FROM t GROUP BY ([1, 100), 10ms)",
        "CREATE TIMESERIES root.sg.d1.s1 WITH DATATYPE=INT32, ENCODING=RLE",
        "CREATE TABLE t (region STRING TAG, temperature FLOAT FIELD) WITH (TTL=1)",
        "CREATE DATABASE d WITH (TTL=1)",
        "COUNT TIMESERIES root.**",
        "SHOW TIMESERIES root.sg.**",
        "LIST USER",
        "SELECT * FROM TUMBLE(DATA => t PARTITION BY a, SIZE => 10m)",
        "DESC t DETAILS",
        // StarRocks
        "CREATE TABLE t (a INT) ENGINE=OLAP DUPLICATE KEY(a) DISTRIBUTED BY HASH(a) BUCKETS 4",
        "CREATE TABLE t (a INT) PRIMARY KEY (a) DISTRIBUTED BY HASH(a)",
        "CREATE TABLE t (a INT) DISTRIBUTED BY RANDOM PROPERTIES ('replication_num' = '1')",
        "INSERT OVERWRITE t SELECT 1",
        "INSERT INTO t WITH LABEL l (a) VALUES (1)",
        "SELECT a FROM t LIMIT 5, 10",
        "SELECT * EXCEPT (a) FROM t",
        "SELECT a FROM t TABLET(1)",
        "SELECT a FROM t QUALIFY row_number() OVER () = 1",
        "SUBMIT TASK AS INSERT INTO t SELECT 1",
        "SHOW FULL TABLES",
        "SHOW DATABASES LIKE 'x'",
        "SELECT a FROM t PARTITION (p1)",
        "SELECT a FROM t INTO OUTFILE 'x'",
        // MySQL, SQL Server, ClickHouse, InfluxQL
        "SELECT a FROM t USE INDEX (i)",
        "SELECT TOP 5 a FROM t",
        "SELECT a FROM t WITH (NOLOCK)",
        "SELECT a FROM t FINAL",
        "SELECT a FROM t PREWHERE b",
        "SELECT a FROM t LIMIT 1 BY b",
        "SELECT a FROM t SETTINGS x = 1",
        "SELECT a FROM t FORMAT JSON",
        "SELECT mean(a) FROM t WHERE b = 1 GROUP BY time(1h) fill(0)",
        "SELECT a FROM t FOR SYSTEM_TIME AS OF 1",
        "SELECT a FROM t tablesample (10)",
        "SELECT a 'b' FROM t",
        "UPDATE t, u SET a = 1",
        "DELETE t FROM t JOIN u ON 1 = 1",
        "FROM t SELECT a",
        "SELECT a FROM t MATCH_RECOGNIZE (x)",
        "SELECT a FROM t PIVOT (x)",
        "SELECT CASE a END FROM t",
        "FROM t |> WHERE a",
        "SELECT a, FROM t",
        "SELECT FROM t",
    ] {
        let parsed = parse(text);
        assert_eq!(parsed.len(), 1, "{text}");
        match &parsed[0].statement {
            // Known by its first words, and refused by them when it is run.
            Err(_) | Ok(Statement::Unhandled(_)) => {}
            Ok(statement) => passed.push(format!("{text} became {statement:?}")),
        }
    }
    assert!(passed.is_empty(), "{passed:#?}");
}
