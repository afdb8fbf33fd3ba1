//! Answers of several times the memory that a query may hold, and queries that end in the middle.

use super::{files_below, settle};
use crate::scan::memory::{MemoryTable, column, definition};
use crate::testing::Bench;
use futures::StreamExt;
use model::{ColumnRole, DataType, TableKind, TimeUnit, Value};
use std::time::Duration;

/// So many rows of a wide text each, in one series.
fn words(rows: i64, width: usize) -> MemoryTable {
    let table = definition(
        "words",
        TableKind::Series,
        vec![
            column(1, "ts", ColumnRole::Time, DataType::Instant(TimeUnit::Millisecond)),
            column(2, "n", ColumnRole::Field, DataType::Int64),
            column(3, "s", ColumnRole::Field, DataType::Text(None)),
        ],
    );
    let row = |i: i64| {
        let scattered = (i * 7_919) % 1_000_003;
        vec![
            Value::Instant(i, TimeUnit::Millisecond),
            Value::Integer(scattered.into()),
            Value::Text(format!("{scattered:0>width$}")),
        ]
    };
    MemoryTable::new(table, (0..rows).map(row).collect())
}

#[tokio::test]
async fn four_times_the_memory_of_wide_rows_is_sorted_and_grouped() {
    let mut bench = Bench::with(|o| o.memory_bytes = 8 << 20);
    bench.table(words(32_000, 1_000));
    let greatest = (0..32_000_i64).map(|i| (i * 7_919) % 1_000_003).max().unwrap().to_string();
    for sql in [
        "SELECT n, s FROM words ORDER BY s DESC, n",
        "SELECT s, n FROM words ORDER BY s DESC",
        "SELECT max(n), s FROM words GROUP BY s ORDER BY s DESC",
        "SELECT DISTINCT n, s FROM words ORDER BY s DESC",
    ] {
        let rows: Vec<String> = bench.rows(sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
        assert_eq!(rows.len(), 32_000, "{sql}");
        assert!(rows[0].contains(&greatest), "{sql}: {}", rows[0]);
    }
    let rows = bench.rows("SELECT n FROM words ORDER BY s DESC, n LIMIT 3 OFFSET 30000").await.unwrap();
    let whole = bench.rows("SELECT n FROM words ORDER BY n DESC").await.unwrap();
    assert_eq!(rows, whole[30_000..30_003]);
    settle(|| files_below(&bench.directory) == 0).await;
    assert_eq!(bench.engine.inner.total.usage().used, 0);
}

#[tokio::test]
async fn a_dropped_answer_stops_work_that_reads_nothing_any_more() {
    let mut long = 0;
    for sql in [
        "SELECT count(*) FROM words a, words b, words c WHERE a.n + b.n <> c.n",
        "SELECT count(*) FROM words a, words b, words c WHERE a.n + b.n + c.n < 0",
        "SELECT count(*) FROM words a JOIN words b ON a.n < b.n JOIN words c ON b.n < c.n",
        "SELECT count(*) FROM words a JOIN words b ON a.n % 2 = b.n % 2 \
         JOIN words c ON b.n % 2 = c.n % 2 AND a.n + b.n + c.n < 0",
        "SELECT count(DISTINCT a.n * b.n) FROM words a, words b",
        "SELECT a.n, b.n FROM words a, words b ORDER BY a.n * b.n DESC LIMIT 5",
        "SELECT a.n, b.n FROM words a, words b ORDER BY a.n * b.n DESC",
        "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r WHERE x > 0) SELECT count(*) FROM r",
    ] {
        let mut bench = Bench::with(|o| o.memory_bytes = 1 << 30);
        bench.table(words(10_000, 10));
        let mut stream = bench.start(sql).await.unwrap();
        let answered = tokio::time::timeout(Duration::from_millis(400), stream.batches.next()).await;
        if answered.is_ok() {
            // A fast machine is no fault; most of them take minutes anywhere.
            continue;
        }
        long += 1;
        let running = || bench.engine.inner.handle().unwrap().metrics().num_alive_tasks();
        assert!(running() > 0, "{sql}");
        drop(stream);
        settle(|| running() == 0).await;
        assert_eq!(bench.engine.inner.total.usage().used, 0, "{sql}");
    }
    assert!(long >= 5, "only {long} of the queries took long enough to be dropped");
}
