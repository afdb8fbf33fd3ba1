//! Each statement with the rule and without: the same rows, over stores of every shape.

use crate::scan::memory::{column, definition};
use crate::testing::Bench;
use crate::{Profile, StorageTable, functions};
use catalog::{CatalogStore, Change, Database, DatabaseLabel, RedbCatalog};
use datafusion::execution::SessionStateBuilder;
use files::{Files, ForgetfulFiles};
use model::{
    AttributePolicy, CellsBuilder, ColumnId, ColumnRole, DataType, DatabaseId, KeyHash, KeySelection, RangeDelete,
    Table, TableId, TableKind, TimeBounds, TimeUnit, TypeChange, TypeConversion, Value, WriteBatch, WriteKind,
    WritePart, WriteRequest, encode_key, key_hash,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRng, TestRunner};
use std::collections::BTreeMap;
use std::sync::Arc;
use storage::{Storage, StorageOptions, WalSync};

const METERS: TableId = TableId(1);
const HOUR: i64 = 3_600_000;
/// Every 20 seconds a row: 180 of them an hour.
const STEP: i64 = 20_000;

fn meters() -> Table {
    let columns = vec![
        column(1, "ts", ColumnRole::Time, DataType::Instant(TimeUnit::Millisecond)),
        column(2, "volts", ColumnRole::Field, DataType::Float64),
        column(3, "pulses", ColumnRole::Field, DataType::Int64),
        column(4, "site", ColumnRole::Key, DataType::Text(None)),
        column(5, "owner", ColumnRole::Attribute, DataType::Text(None)),
        column(6, "level", ColumnRole::Field, DataType::Int16),
        column(7, "note", ColumnRole::Field, DataType::Text(None)),
    ];
    Table { next_column: ColumnId(10), ..definition("meters", TableKind::Series, columns) }
}

#[derive(Clone, Debug)]
enum Event {
    /// Rows of some series in a stretch of steps; what their values are like, by a seed.
    Write {
        series: Vec<usize>,
        start: i64,
        steps: i64,
        merge: bool,
        odd: u8,
        seed: u64,
    },
    /// Rows of one series, or of all, between two steps.
    Delete {
        series: Option<usize>,
        first: i64,
        last: i64,
    },
    Flush,
    /// `level` becomes wider.
    Retype,
}

const SITES: [&str; 3] = ["a", "b", "c"];

fn event() -> impl Strategy<Value = Event> {
    let series = || prop::sample::subsequence(vec![0, 1, 2], 1..=3);
    let write = (series(), -400..2_000_i64, 1..1_500_i64, prop::bool::weighted(0.2), 0..8_u8, any::<u64>());
    let write = write.prop_map(|(series, start, steps, merge, odd, seed)| Event::Write {
        series,
        start,
        steps,
        merge,
        odd,
        seed,
    });
    let delete = (prop::option::of(0..3_usize), -400..3_000_i64, 0..400_i64)
        .prop_map(|(series, first, steps)| Event::Delete { series, first, last: first + steps });
    prop_oneof![5 => write, 1 => delete, 3 => Just(Event::Flush), 1 => Just(Event::Retype)]
}

struct Store {
    storage: Storage,
    has_retyped: bool,
}

impl Store {
    async fn new() -> Self {
        let files: Arc<dyn Files> = Arc::new(ForgetfulFiles::new());
        let catalog: Arc<dyn CatalogStore> = Arc::new(RedbCatalog::open(files.clone()).unwrap());
        let options =
            StorageOptions { wal_sync: WalSync::Off, partition_seconds: 40_000, ..StorageOptions::within(1 << 30) };
        let storage = Storage::open(files, catalog.clone(), options).unwrap();
        let database = Database {
            id: DatabaseId(1),
            name: "db".into(),
            label: DatabaseLabel::Any,
            partition_seconds: None,
            retention_seconds: None,
            comment: None,
            properties: BTreeMap::new(),
        };
        let changes = vec![Change::PutDatabase(database), Change::PutTable(Box::new(meters()))];
        catalog.commit(None, changes).await.unwrap();
        Self { storage, has_retyped: false }
    }

    async fn play(&mut self, event: &Event) {
        match event {
            Event::Write { series, start, steps, merge, odd, seed } => {
                self.write(series, *start..*start + *steps, *merge, *odd, *seed).await;
            }
            Event::Delete { series, first, last } => {
                let keys = series.map_or(KeySelection::All, |series| KeySelection::Hashes([hash_of(series)].into()));
                let time = TimeBounds { first: first * STEP, last: last * STEP };
                let delete = RangeDelete { table: METERS, keys, time, drop_series: false };
                self.storage.write(WriteRequest { parts: vec![WritePart::Delete(delete)] }).await.unwrap();
            }
            Event::Flush => self.storage.flush().await.unwrap(),
            Event::Retype if self.has_retyped => {}
            Event::Retype => {
                let wider = |table: &Table, at| {
                    let mut table = table.clone();
                    let level = table.columns.iter_mut().find(|column| column.name == "level").unwrap();
                    let from = std::mem::replace(&mut level.data_type, DataType::Int32);
                    level.type_changes.push(TypeChange { at, from, conversion: TypeConversion::Plain });
                    table.schema_version += 1;
                    Ok((table, Vec::new()))
                };
                self.storage.change_table(METERS, wider).await.unwrap();
                self.has_retyped = true;
            }
        }
    }

    async fn write(&self, series: &[usize], steps: std::ops::Range<i64>, merge: bool, odd: u8, seed: u64) {
        let view = self.storage.view(METERS).unwrap();
        let table = Arc::clone(view.table());
        let rows: Vec<Vec<Value>> =
            series.iter().flat_map(|series| steps.clone().map(move |step| row(*series, step, odd, seed))).collect();
        let columns = table.columns.iter().enumerate().map(|(place, column)| {
            let mut cells = CellsBuilder::new(column.data_type).unwrap();
            rows.iter().for_each(|row| cells.push(&row[place]).unwrap());
            (column.id, cells.finish())
        });
        let batch = WriteBatch {
            table: METERS,
            schema_version: table.schema_version,
            kind: if merge { WriteKind::Merge } else { WriteKind::Replace },
            attributes: AttributePolicy::OnlyIfNew,
            rows: rows.len(),
            columns: columns.collect(),
        };
        self.storage.write(WriteRequest { parts: vec![WritePart::Rows(batch)] }).await.unwrap();
    }

    fn bench(&self, with_rule: bool) -> Bench {
        let mut profile = Profile::builder()
            .scalar(functions::time_bucket("time_bucket"))
            .aggregate(functions::sum_exact("total"))
            .build();
        if !with_rule {
            let state = profile.state.as_ref().clone();
            let rules = state.optimizer().rules.iter().filter(|rule| rule.name() != "whole_hours").cloned().collect();
            profile.state = Arc::new(SessionStateBuilder::new_from_existing(state).with_optimizer_rules(rules).build());
        }
        let mut bench = Bench::new().profile(profile);
        bench.provider("meters", Arc::new(StorageTable::new(self.storage.view(METERS).unwrap())));
        bench
    }
}

fn hash_of(series: usize) -> KeyHash {
    key_hash(&encode_key(&[(Value::Text(SITES[series].into()), DataType::Text(None))]).unwrap().0)
}

/// Ordinary values, or such as are not easily added up.
fn row(series: usize, step: i64, odd: u8, seed: u64) -> Vec<Value> {
    let noise = |salt: u64| {
        let mixed = (seed ^ salt).wrapping_add(step.cast_unsigned()).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        i64::try_from((mixed ^ (mixed >> 29)) % 1_000).unwrap()
    };
    #[expect(clippy::cast_precision_loss, reason = "small")]
    let volts = match (odd, noise(1) % 300) {
        (1, 7) => Value::Float(f64::NAN),
        (1 | 2, 8) => Value::Float(-0.0),
        (2, 9) => Value::Float(f64::INFINITY),
        (3, rest) if rest > 100 => Value::Null,
        (4, rest) => Value::Float((rest as f64).sqrt() - 9.0),
        (_, rest) => Value::Float((rest - 150) as f64 / 10.0),
    };
    let pulses = match (odd, noise(2)) {
        (5, rest) => Value::Integer(i128::from(i64::MAX) - i128::from(rest)),
        (6, rest) if rest % 3 > 0 => Value::Null,
        (_, rest) => Value::Integer((rest - 400).into()),
    };
    vec![
        Value::Instant(step * STEP, TimeUnit::Millisecond),
        volts,
        pulses,
        Value::Text(SITES[series].into()),
        Value::Text(if series == 1 { "ann" } else { "bob" }.into()),
        Value::Integer((noise(3) - 500).into()),
        Value::Text("n".into()),
    ]
}

const WHAT: &[&str] = &[
    "count(*)",
    "count(*), min(volts), max(volts), count(volts)",
    "count(ts), sum(pulses), min(pulses)",
    "total(level), total(pulses)",
    "sum(level), max(level), min(level), count(level), count(1)",
    "avg(pulses), count(*)",
    "avg(level), avg(pulses), sum(level)",
];

const GROUPS: &[&str] = &[
    "",
    "site",
    "owner",
    "time_bucket(ts, '1h')",
    "site, time_bucket(ts, '2h')",
    "time_bucket(ts, '30m'), upper(owner)",
    "date_bin(INTERVAL '6 hours', ts)",
    "site, owner, date_bin(INTERVAL '1 day', ts)",
    "time_bucket(ts, '1mon')",
];

fn statement() -> impl Strategy<Value = String> {
    let bound = prop::option::of(prop_oneof![-3..14_i64, 0..1_i64].prop_flat_map(|hour| (Just(hour), -1..2_i64)));
    let site = prop::option::weighted(0.3, prop::sample::select(vec!["site = 'a'", "owner = 'bob'", "site > 'a'"]));
    let what = prop::sample::select(WHAT.to_vec());
    let group = prop::sample::select(GROUPS.to_vec());
    (what, group, bound.clone(), bound, site, any::<bool>()).prop_map(|(what, group, first, last, site, nested)| {
        let at = |hour: i64, off: i64| {
            let time = jiff::Timestamp::from_millisecond(hour * HOUR + off).unwrap();
            format!("TIMESTAMP '{time}'")
        };
        let mut conditions: Vec<String> = site.map(str::to_owned).into_iter().collect();
        conditions.extend(first.map(|(hour, off)| format!("ts >= {}", at(hour, off))));
        conditions.extend(last.map(|(hour, off)| format!("ts < {}", at(hour, off))));
        let filter = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
        let from = if nested { format!("(SELECT * FROM meters{filter}) AS m") } else { format!("meters{filter}") };
        match group {
            "" => format!("SELECT {what} FROM {from}"),
            group => format!("SELECT {group}, {what} FROM {from} GROUP BY {group}"),
        }
    })
}

async fn sorted(bench: &Bench, sql: &str) -> Vec<String> {
    let mut rows = bench.rows_here(sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    rows.sort();
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_the_same_with_aggregates_and_without() {
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(Default::default()));
    let (mut rewritten, mut statements, mut aggregated) = (0, 0, 0);
    for case in 0..40 {
        let events = prop::collection::vec(event(), 2..9).new_tree(&mut runner).unwrap().current();
        let mut store = Store::new().await;
        for event in &events {
            store.play(event).await;
        }
        let (with, without) = (store.bench(true), store.bench(false));
        for _ in 0..12 {
            let sql = statement().new_tree(&mut runner).unwrap().current();
            let expected = sorted(&without, &sql).await;
            assert_eq!(sorted(&with, &sql).await, expected, "case {case}: {sql}\nafter {events:?}");
            let analyzed = with.rows_here(&format!("EXPLAIN ANALYZE {sql}")).await.unwrap().join("\n");
            assert!(!without.explain(&sql).await.contains("partial aggregates of"), "{sql}");
            statements += 1;
            rewritten += u32::from(analyzed.contains("partial aggregates of"));
            aggregated += u32::from(analyzed.contains("rows_aggregated=") && !analyzed.contains("rows_aggregated=0,"));
        }
    }
    assert!(rewritten > statements / 4 && aggregated > statements / 8, "{aggregated}, {rewritten} of {statements}");
}

#[tokio::test(flavor = "multi_thread")]
async fn averages_are_taken_over_where_no_order_of_additions_rounds() {
    let store = filled().await;
    let sql = "SELECT site, avg(pulses), avg(level) FROM meters GROUP BY site";
    assert!(store.bench(true).explain(sql).await.contains("partial aggregates of [pulses, level]"));
    assert_eq!(sorted(&store.bench(true), sql).await, sorted(&store.bench(false), sql).await);
    let none = "SELECT avg(pulses) FROM meters WHERE site = 'nowhere'";
    assert_eq!(store.bench(true).rows_here(none).await.unwrap(), ["NULL"]);
    // Great values, wherever they lie.
    store.write(&[2], 5_000..5_001, false, 5, 1).await;
    assert!(!store.bench(true).explain(sql).await.contains("partial aggregates of"));
    store.storage.flush().await.unwrap();
    assert!(!store.bench(true).explain(sql).await.contains("partial aggregates of"));
    assert_eq!(sorted(&store.bench(true), sql).await, sorted(&store.bench(false), sql).await);
}

/// Ten hours of three series in one segment.
async fn filled() -> Store {
    let store = Store::new().await;
    store.write(&[0, 1, 2], 0..1_800, false, 0, 1).await;
    store.storage.flush().await.unwrap();
    store
}

async fn analyzed(bench: &Bench, sql: &str) -> String {
    bench.rows_here(&format!("EXPLAIN ANALYZE {sql}")).await.unwrap().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn whole_hours_are_not_read_and_explain_says_so() {
    let store = filled().await;
    let bench = store.bench(true);
    let sql = "SELECT site, time_bucket(ts, '1h') AS hour, max(volts) FROM meters GROUP BY site, hour";
    let text = analyzed(&bench, sql).await;
    for part in ["partial aggregates of [volts]", "rows_aggregated=5.40 K", "segments_read=0", "ordering_mode=Sorted"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    // The edges are read: half an hour at each end.
    let sql = "SELECT sum(pulses) FROM meters WHERE site = 'b' \
               AND ts >= TIMESTAMP '1970-01-01T00:30:00Z' AND ts < TIMESTAMP '1970-01-01T09:30:00Z'";
    let text = analyzed(&bench, sql).await;
    for part in ["rows_aggregated=1.44 K", "segments_read=1", "series=1 of 3"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert_eq!(bench.rows_here("SELECT count(*) FROM meters").await.unwrap(), ["5400"]);
    assert_eq!(bench.rows_here("SELECT count(*) FROM meters WHERE site = 'nowhere'").await.unwrap(), ["0"]);
    assert!(
        bench.rows_here("SELECT site, count(*) FROM meters WHERE site = 'x' GROUP BY site").await.unwrap().is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_depends_on_single_rows_or_on_their_order_is_left_alone() {
    let store = filled().await;
    let bench = store.bench(true);
    for sql in [
        "SELECT sum(volts) FROM meters",
        "SELECT avg(volts) FROM meters",
        "SELECT count(DISTINCT pulses) FROM meters",
        "SELECT count(*) FILTER (WHERE volts > 1) FROM meters",
        "SELECT count(*) FROM meters WHERE volts > 1",
        "SELECT max(note) FROM meters",
        "SELECT count(note) FROM meters",
        "SELECT max(volts + 1) FROM meters",
        "SELECT q.a, q.b, count(*) FROM (SELECT site AS a, site AS b FROM meters) q GROUP BY q.a, q.b",
        "SELECT time_bucket(ts, '1m'), count(*) FROM meters GROUP BY 1",
        "SELECT ts, count(*) FROM meters GROUP BY ts",
        "SELECT level, count(*) FROM meters GROUP BY level",
        "SELECT site, count(*) FROM meters GROUP BY ROLLUP (site)",
        "SELECT date_part('hour', ts), count(*) FROM meters GROUP BY 1",
        "SELECT count(*) FROM (SELECT * FROM meters LIMIT 5) t",
    ] {
        let plan = bench.explain(sql).await;
        assert!(!plan.contains("partial aggregates of"), "{sql}: {plan}");
        assert_eq!(sorted(&bench, sql).await, sorted(&store.bench(false), sql).await, "{sql}");
    }
    // Where clocks are set back, buckets of local time do not rise with the time.
    let bench = store.bench(true).zone("Europe/Berlin");
    let plan = bench.explain("SELECT time_bucket(ts, '1h'), count(*) FROM meters GROUP BY 1").await;
    assert!(!plan.contains("partial aggregates of"), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_over_aggregates_travels() {
    let store = filled().await;
    let bench = store.bench(true);
    let sql = "SELECT site, time_bucket(ts, '1h') AS hour, max(volts), count(*) FROM meters GROUP BY site, hour";
    let plan = bench.physical(sql).await;
    let codec = crate::PlanCodec::new(&bench.profile, store.storage.clone(), &bench.context);
    let read = codec.decode(&codec.encode(&plan).unwrap()).unwrap();
    let display = |plan| datafusion::physical_plan::displayable(plan).indent(true).to_string();
    assert_eq!(display(read.as_ref()), display(plan.as_ref()));
    assert!(display(plan.as_ref()).contains("partial aggregates of"));
    assert_eq!(bench.collect(read).await, bench.collect(plan).await);
}
