use crate::scan::memory::{MemoryTable, column, definition};
use crate::testing::Bench;
use model::{ColumnRole, DataType, TableKind, TimeUnit, Value};

const HOUR: i64 = 3_600_000;

/// Times in milliseconds around 2024-01-01T00:00:00+08:00, and the same in other units and as
/// wall clocks; one far in the future.
fn bench() -> Bench {
    let midnight = 1_704_038_400_000; // 2023-12-31T16:00:00Z
    let far = 31_556_995_200_000; // 2970-01-01T00:00:00Z
    let table = definition(
        "t",
        TableKind::Series,
        vec![
            column(1, "ts", ColumnRole::Time, DataType::Instant(TimeUnit::Millisecond)),
            column(2, "n", ColumnRole::Field, DataType::Int64),
            column(3, "wall", ColumnRole::Field, DataType::LocalDateTime(TimeUnit::Millisecond)),
            column(4, "nanos", ColumnRole::Field, DataType::Instant(TimeUnit::Nanosecond)),
        ],
    );
    let times = [midnight - 1, midnight, midnight + 1, midnight + HOUR, far];
    let rows = times.iter().enumerate().map(|(n, ts)| {
        let near = *ts != far;
        vec![
            Value::Instant(*ts, TimeUnit::Millisecond),
            Value::Integer(n as i128),
            Value::LocalDateTime(*ts + 8 * HOUR, TimeUnit::Millisecond),
            if near {
                Value::Instant(*ts * 1_000_000 + 500 * (n as i64 % 2), TimeUnit::Nanosecond)
            } else {
                Value::Null
            },
        ]
    });
    let mut bench = Bench::new();
    bench.table(MemoryTable::new(table, rows.collect()));
    bench
}

async fn rows_where(bench: &Bench, condition: &str) -> String {
    let rows = bench.rows(&format!("SELECT n FROM t WHERE {condition} ORDER BY n")).await;
    rows.unwrap_or_else(|e| panic!("{condition}: {e}")).join("")
}

#[tokio::test]
async fn constants_meet_columns_exactly() {
    let bench = bench();
    for (condition, expected) in [
        // Texts are read in the session's zone, or their own.
        ("ts = '2024-01-01'", "1"),
        ("ts = '2024-01-01 00:00:00'", "1"),
        ("ts = '2023-12-31 16:00:00Z'", "1"),
        ("ts = '2023-12-31T17:00:00+01:00'", "1"),
        ("'2024-01-01' = ts", "1"),
        ("ts = TIMESTAMP '2024-01-01 00:00:00'", "1"),
        ("ts = TIMESTAMPTZ '2024-01-01 00:00:00'", "1"),
        ("ts = DATE '2024-01-01'", "1"),
        // Between two milliseconds there is no row, and bounds are rounded inwards.
        ("ts = '2024-01-01 00:00:00.0005'", ""),
        ("ts != '2024-01-01 00:00:00.0005'", "01234"),
        ("ts < '2024-01-01 00:00:00.0005'", "01"),
        ("ts <= '2024-01-01 00:00:00.0005'", "01"),
        ("ts > '2024-01-01 00:00:00.0005'", "234"),
        ("ts >= '2024-01-01 00:00:00.0005'", "234"),
        ("'2024-01-01 00:00:00.0005' > ts", "01"),
        ("NOT (ts = '2024-01-01 00:00:00.0005')", "01234"),
        ("ts BETWEEN '2023-12-31 23:59:59.9995' AND '2024-01-01 00:00:00.0015'", "12"),
        ("ts NOT BETWEEN '2024-01-01' AND '2024-01-01 00:30:00'", "034"),
        ("ts IN ('2024-01-01', '2024-01-01 01:00:00', '2024-01-01 00:00:00.0005')", "13"),
        ("ts NOT IN ('2024-01-01', '2024-01-01 00:00:00.0005')", "0234"),
        ("ts IN ('2024-01-01 00:00:00.0005')", ""),
        ("ts NOT IN ('2024-01-01 00:00:00.0005')", "01234"),
        ("ts IS DISTINCT FROM '2024-01-01 00:00:00.0005'", "01234"),
        ("nanos IS NOT DISTINCT FROM '2024-01-01'", ""),
        ("ts IS NOT DISTINCT FROM '2024-01-01'", "1"),
        // Far years.
        ("ts = '2970-01-01 08:00:00'", "4"),
        ("ts > '2969-12-31'", "4"),
        ("ts < TIMESTAMP '2970-01-01 00:00:00'", "0123"),
        ("ts < '9999-12-31 23:59:59'", "01234"),
        ("nanos < '9999-12-31 23:59:59'", "0123"),
        ("nanos > '9999-12-31 23:59:59'", ""),
        ("nanos >= '1500-01-01'", "0123"),
        ("nanos = '1500-01-01'", ""),
        // The statement's time: 2024-03-01T08:00:00+08:00.
        ("ts > now()", "4"),
        ("ts < now() - interval '60 days'", "0123"),
        ("ts < now() - interval '61 days'", ""),
        ("ts <= now() - interval '60 days 8 hours'", "01"),
        // Wall clocks.
        ("wall = '2024-01-01'", "1"),
        ("wall = '2023-12-31 16:00:00Z'", "1"),
        ("wall > now()", "4"),
        ("wall = TIMESTAMP '2024-01-01 00:00:00.0005'", ""),
        // Two columns.
        ("ts = wall", "01234"),
        ("ts = nanos", "02"),
        ("nanos = ts", "02"),
        ("ts < nanos", "13"),
        ("ts <= nanos", "0123"),
        ("nanos > ts", "13"),
        ("nanos <= ts", "02"),
        ("ts != nanos", "13"),
        ("wall < nanos", "13"),
        ("ts > (SELECT max(ts) FROM t WHERE ts < '2024-01-01 00:30:00')", "34"),
        ("ts IS NOT NULL AND nanos IS NULL", "4"),
    ] {
        assert_eq!(rows_where(&bench, condition).await, expected, "{condition}");
    }
}

#[tokio::test]
async fn null_stays_null_and_names_stay() {
    let bench = bench();
    let stream = bench.start("SELECT nanos = '2024-01-01 00:00:00.0000000001' FROM t").await.unwrap();
    assert_eq!(stream.schema.field(0).name(), "t.nanos = Utf8(\"2024-01-01 00:00:00.0000000001\")");
    drop(stream);
    assert_eq!(
        bench.rows("SELECT nanos > '9999-01-01', nanos != '9999-01-01' FROM t WHERE n > 2 ORDER BY n").await.unwrap(),
        ["false|true", "NULL|NULL"]
    );
    assert_eq!(
        bench
            .rows("SELECT ts > '2024-01-01' AS late, count(*) FROM t GROUP BY ts > '2024-01-01' ORDER BY 1")
            .await
            .unwrap(),
        ["false|2", "true|3"]
    );
    assert_eq!(bench.rows("SELECT a.n FROM t a JOIN t b ON a.ts = b.nanos").await.unwrap(), ["0", "2"]);
}

#[tokio::test]
async fn the_zone_decides() {
    let bench = bench().zone("UTC");
    assert_eq!(rows_where(&bench, "ts = '2023-12-31 16:00:00'").await, "1");
    let bench = bench.zone("America/New_York");
    assert_eq!(rows_where(&bench, "ts = '2023-12-31 11:00:00'").await, "1");
    assert_eq!(
        bench.rows("SELECT now(), now() = TIMESTAMPTZ '2024-02-29 19:00:00'").await.unwrap(),
        ["2024-02-29T19:00:00-05:00|true"]
    );
}

#[tokio::test]
async fn bounds_reach_the_scan() {
    let bench = bench();
    for (condition, expected) in [
        ("ts >= '2024-01-01' AND ts < '2024-01-01 01:00:00.0005'", "time=[2023-12-31T16:00:00Z, 2023-12-31T17:00:00Z]"),
        ("ts > now() - interval '1 day'", "time=[2024-02-29T00:00:00.001Z, ]"),
        ("ts BETWEEN '2024-01-01' AND '2024-01-02'", "time=[2023-12-31T16:00:00Z, 2024-01-01T16:00:00Z]"),
        ("ts = '2024-01-01 00:00:00.0005'", "EmptyExec"),
    ] {
        let plan = bench.explain(&format!("SELECT n FROM t WHERE {condition}")).await;
        assert!(plan.contains(expected) || plan.contains("time=none"), "{condition}: {plan}");
        assert!(!plan.contains("FilterExec"), "{condition}: {plan}");
    }
}
