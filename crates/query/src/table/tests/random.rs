//! Random conditions, through the scan's pushdown and without it, give the same rows.

use crate::scan::ScanSource;
use crate::scan::memory::{MemoryTable, column, definition};
use crate::testing::Bench;
use crate::{StorageTable, table::field};
use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;
use datafusion::datasource::MemTable;
use model::{ColumnRole, DataType, Table, TableKind, TimeUnit, Value};
use proptest::prelude::*;
use std::sync::Arc;

const START: i64 = 1_704_038_400_000; // 2024-01-01T00:00:00+08:00

fn series_table() -> Table {
    definition(
        "t",
        TableKind::Series,
        vec![
            column(1, "ts", ColumnRole::Time, DataType::Instant(TimeUnit::Millisecond)),
            column(2, "v", ColumnRole::Field, DataType::Int64),
            column(3, "site", ColumnRole::Key, DataType::Text(None)),
            column(4, "meter", ColumnRole::Key, DataType::Int32),
            column(5, "owner", ColumnRole::Attribute, DataType::Text(None)),
        ],
    )
}

fn keyed_table() -> Table {
    let keyed = [(3, DataType::Text(None)), (4, DataType::Int32)];
    let mut table = series_table();
    table.kind = TableKind::Keyed;
    table.columns[0].role = ColumnRole::Field;
    table.columns[4].role = ColumnRole::Field;
    assert_eq!(table.key.len(), keyed.len());
    table
}

/// Site, meter, milliseconds after the start, value.
type Row = (Option<u8>, Option<i32>, i64, Option<i64>);

fn memory(table: Table, rows: &[Row]) -> MemoryTable {
    let text = |n: u8| Value::Text(format!("s{n}"));
    let values = rows.iter().map(|(site, meter, time, v)| {
        // One owner a series, as attributes have.
        let owner = meter.filter(|m| *m != 0).map_or(Value::Null, |m| Value::Text(format!("o{}", m % 2)));
        vec![
            Value::Instant(START + time, TimeUnit::Millisecond),
            v.map_or(Value::Null, |v| Value::Integer(v.into())),
            site.map_or(Value::Null, text),
            meter.map_or(Value::Null, |m| Value::Integer(m.into())),
            owner,
        ]
    });
    MemoryTable::new(table, values.collect())
}

fn term() -> impl Strategy<Value = String> {
    let op = || prop::sample::select(vec!["=", "<>", "<", "<=", ">", ">="]);
    let time = (-2i64..6, prop::sample::select(vec!["", "5", "500", "4999"])).prop_map(|(ms, finer)| {
        let (day, ms) = if ms < 0 { ("2023-12-31 23:59:59", 1_000 + ms) } else { ("2024-01-01 00:00:00", ms) };
        format!("'{day}.{ms:03}{finer}'")
    });
    prop_oneof![
        (op(), time.clone(), any::<bool>())
            .prop_map(|(op, time, flip)| { if flip { format!("{time} {op} ts") } else { format!("ts {op} {time}") } }),
        (time.clone(), time.clone(), any::<bool>())
            .prop_map(|(a, b, not)| format!("ts {}BETWEEN {a} AND {b}", if not { "NOT " } else { "" })),
        (time.clone(), time, any::<bool>())
            .prop_map(|(a, b, not)| format!("ts {}IN ({a}, {b})", if not { "NOT " } else { "" })),
        (op(), 0u8..4).prop_map(|(op, n)| format!("site {op} 's{n}'")),
        (op(), -1i32..4).prop_map(|(op, n)| format!("meter {op} {n}")),
        (-1i32..4, -1i32..4).prop_map(|(a, b)| format!("meter IN ({a}, {b})")),
        (-1i32..4, -1i32..4).prop_map(|(a, b)| format!("meter BETWEEN {a} AND {b}")),
        (op(), 0u8..3).prop_map(|(op, n)| format!("owner {op} 'o{n}'")),
        prop::sample::select(vec!["site", "meter", "owner", "v"]).prop_map(|c| format!("{c} IS NULL")),
        (op(), -2i64..3).prop_map(|(op, n)| format!("v {op} {n}")),
        (op(), 0i64..4).prop_map(|(op, n)| format!("meter {op} v + {n}")),
        Just("meter * 2 > length(site)".to_owned()),
        prop::sample::select(vec!["NULL", "(meter > NULL)", "(site = NULL)", "true", "false"]).prop_map(str::to_owned),
        (
            prop::sample::select(vec!["meter", "v"]),
            prop::collection::vec(prop::option::weighted(0.8, -1i32..4), 1..7),
            any::<bool>()
        )
            .prop_map(|(column, items, not)| listed(
                column,
                items.iter().map(|i| i.map(|i| i.to_string())),
                not
            )),
        (
            prop::sample::select(vec![("site", "s"), ("owner", "o")]),
            prop::collection::vec(prop::option::weighted(0.8, 0u8..4), 1..7),
            any::<bool>()
        )
            .prop_map(|((column, prefix), items, not)| {
                listed(column, items.iter().map(|i| i.map(|i| format!("'{prefix}{i}'"))), not)
            }),
    ]
}

fn listed(column: &str, items: impl Iterator<Item = Option<String>>, not: bool) -> String {
    let items: Vec<String> = items.map(|item| item.unwrap_or_else(|| "NULL".to_owned())).collect();
    format!("{column} {}IN ({})", if not { "NOT " } else { "" }, items.join(", "))
}

fn condition() -> impl Strategy<Value = String> {
    term().prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} AND {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} OR {b})")),
            inner.prop_map(|a| format!("(NOT {a})")),
        ]
    })
}

fn without_pushdown(table: &MemoryTable) -> MemTable {
    let fields: Vec<_> = table.table.columns.iter().map(field).collect();
    let schema = Arc::new(Schema::new(fields));
    let rows = RecordBatch::try_new(Arc::clone(&schema), table.rows.columns().to_vec()).unwrap();
    MemTable::try_new(schema, vec![vec![rows]]).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn pushdown_changes_no_answer(
        rows in prop::collection::vec((prop::option::of(0u8..3), prop::option::of(-1i32..4), -2i64..6, prop::option::of(-2i64..3)), 0..25),
        conditions in prop::collection::vec(condition(), 1..5),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        for definition in [series_table(), keyed_table()] {
            let memory = Arc::new(memory(definition, &rows));
            let mut bench = Bench::new();
            bench.provider("plain", Arc::new(without_pushdown(&memory)));
            bench.in_memory.0.push(Arc::clone(&memory));
            bench.provider("t", Arc::new(StorageTable::over(Arc::clone(&memory) as Arc<dyn ScanSource>)));
            for condition in &conditions {
                for select in [
                    "SELECT ts, v, site, meter, owner FROM # WHERE ? ORDER BY site, meter, ts, v",
                    "SELECT count(*), sum(v) FROM # WHERE ?",
                    "SELECT site, meter, count(*), min(ts) FROM # WHERE ? GROUP BY site, meter ORDER BY site, meter",
                    "SELECT meter, ts FROM # WHERE ? AND site = 's1' ORDER BY meter NULLS FIRST, ts, v",
                ] {
                    let sql = |table| select.replace('#', table).replace('?', condition);
                    let plain = runtime.block_on(bench.rows(&sql("plain"))).unwrap();
                    let pushed = runtime.block_on(bench.rows(&sql("t"))).unwrap();
                    prop_assert_eq!(pushed, plain, "{}", sql("t"));
                }
            }
        }
    }
}
