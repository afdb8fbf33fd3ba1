use crate::QueryLabel;
use crate::scan::memory::{MemoryTable, column, definition, meters};
use crate::testing::{Bench, label};
use futures::StreamExt;
use model::{ColumnRole, DataType, ErrorKind, TableKind, TimeUnit, Value};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.table(meters(&[
        ("a", 1, "ann", 1_000, Some(1.5), Some(1)),
        ("a", 1, "ann", 2_000, None, Some(2)),
        ("a", 2, "bob", 1_500, Some(2.5), None),
        ("b", 1, "cy", 500, Some(3.5), Some(4)),
    ]));
    bench
}

/// One series of so many rows: time, a wide text, a number.
fn wide(rows: i64) -> MemoryTable {
    let table = definition(
        "wide",
        TableKind::Series,
        vec![
            column(1, "ts", ColumnRole::Time, DataType::Instant(TimeUnit::Millisecond)),
            column(2, "word", ColumnRole::Field, DataType::Text(None)),
            column(3, "n", ColumnRole::Field, DataType::Int64),
        ],
    );
    let row = |i: i64| {
        let scattered = i.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64);
        vec![
            Value::Instant(i, TimeUnit::Millisecond),
            Value::Text(format!("{scattered:0>100}")),
            Value::Integer(scattered.into()),
        ]
    };
    MemoryTable::new(table, (0..rows).map(row).collect())
}

fn files_below(directory: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(directory) else { return 0 };
    entries.map(|e| e.unwrap().path()).map(|path| if path.is_dir() { files_below(&path) } else { 1 }).sum()
}

#[tokio::test]
async fn rows_come_in_storage_order_with_their_schema() {
    let bench = bench();
    let stream = bench.start("SELECT * FROM meters").await.unwrap();
    let names: Vec<_> = stream.schema.fields().iter().map(|f| f.name().as_str()).collect();
    assert_eq!(names, ["ts", "volts", "Pulses", "site", "meter", "owner"]);
    drop(stream);
    assert_eq!(
        bench.rows(r#"SELECT ts, "Pulses", site, meter FROM db.meters"#).await.unwrap(),
        [
            "1970-01-01T00:00:01Z|1|a|1",
            "1970-01-01T00:00:02Z|2|a|1",
            "1970-01-01T00:00:01.500Z|NULL|a|2",
            "1970-01-01T00:00:00.500Z|4|b|1"
        ]
    );
    assert_eq!(bench.rows("SELECT count(*) FROM meters").await.unwrap(), ["4"]);
    assert_eq!(bench.rows("SELECT site, count(*) FROM meters GROUP BY site").await.unwrap(), ["a|3", "b|1"]);
    assert_eq!(bench.rows("SELECT owner FROM meters LIMIT 3").await.unwrap(), ["ann", "ann", "bob"]);
    assert_eq!(
        bench
            .rows("WITH m AS (SELECT max(ts) AS t FROM meters) SELECT site FROM meters WHERE ts = (SELECT t FROM m)")
            .await
            .unwrap(),
        ["a"]
    );
    assert!(bench.engine.running().is_empty());
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let bench = bench();
    assert_eq!(
        bench.error("SELECT x FROM meters").await,
        ErrorKind::ColumnNotFound { column: "x".into(), table: None }
    );
    assert_eq!(
        bench.error("SELECT m.x FROM meters m").await,
        ErrorKind::ColumnNotFound { column: "x".into(), table: Some("m".into()) }
    );
    assert_eq!(
        bench.error("SELECT TS FROM meters").await,
        ErrorKind::ColumnNotFound { column: "TS".into(), table: None }
    );
    assert_eq!(bench.error("SELECT 1 FROM nowhere").await, ErrorKind::TableNotFound { table: "nowhere".into() });
    assert_eq!(bench.error("SELECT nofun(1)").await, ErrorKind::FunctionNotFound { function: "nofun".into() });
    assert!(matches!(bench.error("SELECT sqrt('a', 2)").await, ErrorKind::FunctionNotFound { .. }));
    assert!(matches!(
        bench.error("SELECT site, ts FROM meters GROUP BY site").await,
        ErrorKind::InvalidStatement { .. }
    ));
    assert_eq!(bench.error("SELECT meter / (meter - meter) FROM meters").await, ErrorKind::DivisionByZero {});
    assert!(matches!(bench.error("INSERT INTO meters VALUES (1)").await, ErrorKind::Unsupported { .. }));
    assert!(matches!(
        bench.error("SELECT site INTO t FROM meters").await,
        ErrorKind::InvalidStatement { .. } | ErrorKind::Unsupported { .. }
    ));
    match bench.error("SELECT owner FROM meters a JOIN db.meters b ON a.site = b.site").await {
        ErrorKind::NameAmbiguous { name, candidates } => {
            assert_eq!(
                (name.as_str(), candidates),
                ("owner", vec!["db.meters.owner".to_owned(), "meters.owner".into()])
            );
        }
        other => panic!("{other:?}"),
    }
    let bench = bench.zone("Nowhere/Land");
    assert_eq!(bench.error("SELECT 1").await, ErrorKind::InvalidTimeZone { zone: "Nowhere/Land".into() });
}

#[tokio::test]
async fn a_limit_may_be_endless() {
    let mut bench = Bench::with(|o| (o.timeout, o.running) = (Duration::MAX, usize::MAX));
    bench.table(meters(&[]));
    assert_eq!(bench.rows("SELECT count(*) FROM meters").await.unwrap(), ["0"]);
}

#[tokio::test]
async fn positions_are_kept() {
    let error = bench().start("SELECT site,\n  nix FROM meters").await.unwrap_err();
    let position = error.position.unwrap();
    assert_eq!((position.line, position.column), (2, 3));
}

#[tokio::test]
async fn explain_analyze_counts() {
    let text =
        bench().rows("EXPLAIN ANALYZE SELECT count(volts) FROM meters WHERE site = 'a'").await.unwrap().join("\n");
    for part in ["series=2 of 3", "output_rows=3", "segments_pruned=2", "rows_merged=3", "series_selected=2"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[tokio::test]
async fn a_sort_over_the_limit_spills_and_leaves_nothing() {
    let mut bench = Bench::with(|o| o.memory_bytes = 5 << 20);
    bench.table(wide(160_000));
    let mut stream = bench.start("SELECT word, n FROM wide ORDER BY word").await.unwrap();
    let (mut rows, mut spilled, mut last) = (0, 0, String::new());
    while let Some(batch) = stream.batches.next().await {
        let batch = batch.unwrap();
        spilled = spilled.max(files_below(&bench.directory));
        let words = arrow::array::AsArray::as_string::<i32>(batch.column(0));
        for word in words.iter().flatten() {
            assert!(last.as_str() <= word);
            last.clear();
            last.push_str(word);
        }
        rows += batch.num_rows();
    }
    assert_eq!(rows, 160_000);
    assert!(spilled > 0, "20 MB in 5 MB must spill");
    settle(|| files_below(&bench.directory) == 0).await;
    assert_eq!(bench.engine.inner.total.used(), 0);
}

#[tokio::test]
async fn a_join_over_the_limit_is_refused() {
    let mut bench = Bench::with(|o| o.memory_bytes = 4 << 20);
    bench.table(wide(100_000));
    assert_eq!(
        bench.error("SELECT a.n FROM wide a JOIN wide b ON a.word = b.word").await,
        ErrorKind::QueryMemoryExceeded { limit: 4 << 20 }
    );
    settle(|| bench.engine.inner.total.used() == 0).await;
}

#[tokio::test]
async fn all_queries_together_have_a_limit() {
    let mut bench = Bench::with(|o| o.memory_total_bytes = 2 << 20);
    bench.table(wide(100_000));
    let error = bench.error("SELECT a.n FROM wide a JOIN wide b ON a.word = b.word").await;
    assert!(matches!(error, ErrorKind::Overloaded { .. }), "{error:?}");
}

fn slow() -> MemoryTable {
    MemoryTable { delay: Duration::from_millis(2), repeat: 100_000, ..wide(64) }
}

#[tokio::test]
async fn a_query_that_takes_too_long_is_ended() {
    let mut bench = Bench::new();
    let table = bench.table(slow());
    let label = QueryLabel { timeout: Some(Duration::from_millis(150)), ..label() };
    let started = Instant::now();
    let mut stream = bench.start_labelled("SELECT sum(n) FROM wide", label).await.unwrap();
    let error = stream.batches.next().await.unwrap().unwrap_err();
    assert_eq!(*error.kind, ErrorKind::QueryTimeout { limit_ms: 150 });
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert!(stream.batches.next().await.is_none());
    assert!(bench.engine.running().is_empty());
    quiet(&table).await;
}

#[tokio::test]
async fn a_dropped_answer_stops_the_work() {
    for sql in [
        "SELECT sum(n) FROM wide",
        "SELECT word, n FROM wide",
        "SELECT n, count(*) FROM wide GROUP BY n",
        "SELECT n FROM wide ORDER BY n",
        "SELECT a.n FROM wide a JOIN wide b ON a.n = b.n",
    ] {
        let mut bench = Bench::new();
        let table = bench.table(slow());
        let mut stream = bench.start(sql).await.unwrap();
        let _ = tokio::time::timeout(Duration::from_millis(50), stream.batches.next()).await;
        assert_eq!(bench.engine.running().len(), 1);
        assert!(table.batches.load(Ordering::SeqCst) > 0, "{sql}");
        drop(stream);
        assert!(bench.engine.running().is_empty());
        quiet(&table).await;
    }
}

/// Within 200 ms the scan is not read any more.
async fn quiet(table: &MemoryTable) {
    tokio::time::sleep(Duration::from_millis(200)).await;
    let before = table.batches.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(table.batches.load(Ordering::SeqCst), before, "the scan is still read");
}

async fn settle(done: impl Fn() -> bool) {
    for _ in 0..100 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("did not settle in a second");
}

#[tokio::test]
async fn a_query_is_cancelled_by_its_id() {
    let mut bench = Bench::new();
    let table = bench.table(slow());
    let mut stream = bench.start("SELECT sum(n) FROM wide").await.unwrap();
    let running = bench.engine.running();
    assert_eq!((running.len(), running[0].label.user.as_str()), (1, "root"));
    assert!(!bench.engine.cancel(running[0].id + 1));
    assert!(bench.engine.cancel(running[0].id));
    let error = stream.batches.next().await.unwrap().unwrap_err();
    assert_eq!(*error.kind, ErrorKind::QueryCancelled {});
    assert!(bench.engine.running().is_empty());
    assert!(!bench.engine.cancel(running[0].id));
    quiet(&table).await;
}

#[tokio::test]
async fn a_slow_reader_slows_the_query() {
    let mut bench = Bench::new();
    let table = bench.table(MemoryTable { repeat: 100_000, ..wide(64) });
    let mut stream = bench.start("SELECT word FROM wide").await.unwrap();
    stream.batches.next().await.unwrap().unwrap();
    settle(|| {
        let before = table.batches.load(Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(50));
        table.batches.load(Ordering::SeqCst) == before
    })
    .await;
    assert!(table.batches.load(Ordering::SeqCst) < 1_000);
}

#[tokio::test]
async fn too_many_queries_are_refused() {
    let mut bench = Bench::with(|o| o.running = 1);
    bench.table(slow());
    bench.table(meters(&[]));
    let first = bench.start("SELECT sum(n) FROM wide").await.unwrap();
    let within = |millis| QueryLabel { timeout: Some(Duration::from_millis(millis)), ..label() };
    let waited = bench.start_labelled("SELECT 1", within(100)).await.unwrap_err();
    assert!(matches!(*waited.kind, ErrorKind::Overloaded { .. }), "{waited}");
    let many = (0..9).map(|_| bench.start_labelled("SELECT 1", within(10_000)));
    let started = Instant::now();
    let refused = futures::future::select_all(many.map(Box::pin)).await.0.unwrap_err();
    assert!(matches!(*refused.kind, ErrorKind::Overloaded { .. }));
    assert!(started.elapsed() < Duration::from_secs(5), "the ninth does not wait");
    drop(first);
    assert_eq!(bench.rows("SELECT 1").await.unwrap(), ["1"]);
}

#[tokio::test]
async fn an_engine_may_go_while_a_query_runs() {
    let mut bench = Bench::new();
    let table = bench.table(slow());
    let mut stream = bench.start("SELECT n FROM wide").await.unwrap();
    drop(bench);
    let error = loop {
        match stream.batches.next().await {
            Some(Ok(_)) => {}
            Some(Err(e)) => break e,
            None => panic!("half an answer passed for a whole one"),
        }
    };
    assert_eq!(*error.kind, ErrorKind::ShuttingDown {});
    quiet(&table).await;
}

#[tokio::test]
async fn only_former_spills_are_removed_at_start() {
    let directory = std::env::temp_dir().join(format!("chronoglot-spill-{}", std::process::id()));
    std::fs::create_dir_all(directory.join("datafusion-old")).unwrap();
    std::fs::write(directory.join("datafusion-old/spill"), "x").unwrap();
    std::fs::write(directory.join("mine"), "x").unwrap();
    let engine = crate::QueryEngine::new(crate::testing::options(&directory)).unwrap();
    assert!(!directory.join("datafusion-old").exists());
    assert!(directory.join("mine").exists());
    drop(engine);
    std::fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn long_conditions() {
    fn tree(op: &str, terms: &[String]) -> String {
        match terms {
            [one] => one.clone(),
            _ => {
                let (left, right) = terms.split_at(terms.len() / 2);
                format!("({} {op} {})", tree(op, left), tree(op, right))
            }
        }
    }
    let bench = bench();
    let count = |op: &str, terms: i64| {
        let terms: Vec<String> = (0..terms).map(|n| format!("meter + {n} <> {n} + 5")).collect();
        format!("SELECT count(*) FROM meters WHERE {}", tree(op, &terms))
    };
    assert_eq!(bench.rows(&count("OR", 3_000)).await.unwrap(), ["4"]);
    assert_eq!(bench.rows(&count("AND", 300)).await.unwrap(), ["4"]);
    assert!(matches!(bench.error(&count("AND", 1_001)).await, ErrorKind::InvalidStatement { .. }));
}

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
    assert_eq!(bench.engine.inner.total.used(), 0);
}

#[tokio::test]
async fn no_error_shows_the_inside_of_a_plan() {
    let bench = bench();
    let meters = "FROM meters m";
    for sql in [
        "SELECT (SELECT p.meter FROM meters p WHERE p.meter < m.meter) {}",
        "SELECT (SELECT count(*) FROM meters p WHERE p.meter < m.meter) {}",
        "SELECT m.meter = ANY (SELECT p.meter FROM meters p) {}",
        "SELECT m.meter > ALL (SELECT p.meter FROM meters p WHERE p.site = m.site LIMIT 2) {}",
        "SELECT m.meter IN (SELECT p.meter FROM meters p WHERE p.meter < m.meter LIMIT 1) {}",
        "SELECT (SELECT p.meter, p.site FROM meters p) {}",
        "SELECT (SELECT p.meter FROM meters p) {}",
        "SELECT m.meter[1] {}",
        "SELECT STRUCT(1, m.meter) {}",
        "SELECT m.meter, ROW(1, 2) {}",
        "SELECT sum(m.meter) OVER (ORDER BY m.site RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) {}",
        "SELECT m.site COLLATE nothing {}",
        "SELECT INTERVAL '1 parsec' {}",
        "SELECT sum(sum(m.meter)) {}",
        "SELECT m.site::geometry {}",
        "SELECT m.site + m.ts {}",
        "SELECT * {} WHERE sum(m.meter) > 1",
        "SELECT * {} ORDER BY 99",
        "SELECT * {} GROUP BY ROLLUP (m.site) HAVING m.ts > 1",
        "SELECT * {} LIMIT m.meter",
        "SELECT * {} LIMIT -1",
        "SELECT * {} FOR UPDATE",
        "SELECT * {} FETCH FIRST 1 PERCENT ROWS ONLY",
        "SELECT * {} TABLESAMPLE BERNOULLI (3)",
        "SELECT * {}, LATERAL (SELECT * FROM meters p WHERE p.meter < m.meter LIMIT 1) l",
        "SELECT * {} JOIN meters p ON m.meter < p.meter AND p.meter IN (SELECT q.meter FROM meters q WHERE q.meter < m.meter LIMIT 1)",
        "SELECT * {} NATURAL JOIN nowhere",
        "SELECT * {} UNION SELECT 1",
        "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT a.x FROM r a, r b) SELECT * FROM r, meters m",
    ] {
        let sql = sql.replace("{}", meters);
        let mut statements = match datafusion::sql::sqlparser::parser::Parser::parse_sql(
            &datafusion::sql::sqlparser::dialect::GenericDialect {},
            &sql,
        ) {
            Ok(statements) => statements,
            Err(_unknown_to_the_parser) => continue,
        };
        drop(statements.remove(0));
        let error = match bench.batches(&sql).await {
            Ok(_) => continue,
            Err(e) => e.to_string(),
        };
        for mark in [
            "{ ",
            "Some(",
            "Literal(",
            "Column(",
            "InSubquery",
            "Subquery(",
            "LogicalPlan",
            "OuterReference",
            "Physical plan",
        ] {
            assert!(!error.contains(mark), "{sql}: {error}");
        }
    }
}

#[tokio::test]
async fn a_dropped_answer_stops_work_that_reads_nothing_any_more() {
    for sql in [
        "SELECT count(*) FROM words a, words b, words c WHERE a.n + b.n <> c.n",
        "SELECT count(*) FROM words a, words b, words c WHERE a.n + b.n + c.n < 0",
        "SELECT count(*) FROM words a JOIN words b ON a.n < b.n JOIN words c ON b.n < c.n",
        "SELECT count(*) FROM words a JOIN words b ON a.n % 2 = b.n % 2 AND a.n + b.n < 0",
        "SELECT count(DISTINCT a.n * b.n) FROM words a, words b",
        "SELECT a.n, b.n FROM words a, words b ORDER BY a.n * b.n DESC LIMIT 5",
        "SELECT a.n, b.n FROM words a, words b ORDER BY a.n * b.n DESC",
        "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r WHERE x > 0) SELECT count(*) FROM r",
    ] {
        let mut bench = Bench::with(|o| o.memory_bytes = 1 << 30);
        bench.table(words(10_000, 10));
        let mut stream = bench.start(sql).await.unwrap();
        let answered = tokio::time::timeout(Duration::from_millis(400), stream.batches.next()).await;
        assert!(answered.is_err(), "{sql} was meant to take long");
        let running = || bench.engine.inner.handle().unwrap().metrics().num_alive_tasks();
        assert!(running() > 0, "{sql}");
        drop(stream);
        settle(|| running() == 0).await;
        assert_eq!(bench.engine.inner.total.used(), 0, "{sql}");
    }
}

#[tokio::test]
async fn an_interruptible_plan_prints_as_it_is() {
    let text = bench()
        .rows("EXPLAIN ANALYZE SELECT a.site FROM meters a JOIN meters b ON a.meter < b.meter ORDER BY a.site")
        .await
        .unwrap()
        .join("\n");
    for part in ["SortExec: expr=[site@0 ASC", "NestedLoopJoinExec: join_type=Inner, filter=meter@", "ScanExec: table="]
    {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(!text.contains("Interrupt") && !text.contains("Guarded"), "{text}");
}

#[tokio::test]
async fn a_union_of_columns_that_are_declared_differently() {
    let mut bench = bench();
    let mut table = definition(
        "plain",
        TableKind::Keyed,
        vec![
            column(1, "id", ColumnRole::Key, DataType::Int64),
            column(2, "name", ColumnRole::Field, DataType::Text(None)),
        ],
    );
    for column in &mut table.columns {
        column.nullable = false;
        column.declared = Some(model::Declared { dialect: "d".into(), word: "w".into() });
    }
    let rows = vec![vec![Value::Integer(1), Value::Text("a".into())], vec![Value::Integer(7), Value::Text("z".into())]];
    bench.table(MemoryTable::new(table, rows));
    for sql in [
        "SELECT meter, site FROM meters UNION SELECT id, name FROM plain ORDER BY 1, 2",
        "SELECT id, name FROM plain UNION SELECT meter, site FROM meters ORDER BY 1, 2",
    ] {
        assert_eq!(bench.rows(sql).await.unwrap(), ["1|a", "1|b", "2|a", "7|z"], "{sql}");
    }
    let sql = "SELECT count(*), max(m) FROM (SELECT meter AS m FROM meters UNION ALL SELECT id FROM plain) u GROUP BY m ORDER BY m";
    assert_eq!(bench.rows(sql).await.unwrap(), ["4|1", "1|2", "1|7"]);
    let sql = "SELECT id FROM plain INTERSECT SELECT meter FROM meters";
    assert_eq!(bench.rows(sql).await.unwrap(), ["1"]);
}
