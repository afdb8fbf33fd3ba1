use crate::QueryLabel;
use crate::scan::memory::{MemoryTable, column, definition, meters};
use crate::testing::{Bench, label};
use futures::StreamExt;
use model::{ColumnRole, DataType, ErrorKind, TableKind, TimeUnit, Value};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

mod odd;
mod scarce;

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
    for part in [
        "series=2 of 3",
        "output_rows=3",
        "segments_pruned=2",
        "segments_filtered=4",
        "rows_merged=3",
        "segments_waiting=9",
        "series_selected=2",
    ] {
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
    assert_eq!(bench.engine.inner.total.usage().used, 0);
}

#[tokio::test]
async fn a_join_over_the_limit_is_refused() {
    let mut bench = Bench::with(|o| o.memory_bytes = 4 << 20);
    bench.table(wide(100_000));
    assert_eq!(
        bench.error("SELECT a.n FROM wide a JOIN wide b ON a.word = b.word").await,
        ErrorKind::QueryMemoryExceeded { limit: 4 << 20 }
    );
    settle(|| bench.engine.inner.total.usage().used == 0).await;
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
async fn the_time_of_planning_is_time_of_the_query() {
    let bench = bench();
    let began = Instant::now().checked_sub(Duration::from_millis(200)).unwrap();
    let label = QueryLabel { timeout: Some(Duration::from_millis(150)), began, ..label() };
    let error = bench.start_labelled("SELECT count(*) FROM meters", label).await.unwrap_err();
    assert_eq!(*error.kind, ErrorKind::QueryTimeout { limit_ms: 150 });
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
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&directory).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o700, "rows of all users pass through it");
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
