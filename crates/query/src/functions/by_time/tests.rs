use super::*;
use crate::Profile;
use crate::scan::memory::{MemoryTable, column, definition, meters};
use crate::testing::Bench;
use arrow::array::{Float64Array, Int64Array, StringArray, TimestampMillisecondArray};
use model::{ColumnRole, Decimal, Interval, TableKind, TimeUnit, Value};
use proptest::prelude::*;

type Row = (Option<i64>, Option<i64>);

/// The answer of a naive loop: (value, time).
fn naive(which: Which, nulls: Nulls, rows: &[Row]) -> (Option<i64>, Option<i64>) {
    let mut best: Option<(i64, Option<i64>)> = None;
    for (value, time) in rows {
        let Some(time) = *time else { continue };
        if nulls == Nulls::Skip && value.is_none() {
            continue;
        }
        let better = match best {
            None => true,
            Some((t, v)) => match which {
                Which::First => time < t || (time == t && *value > v),
                Which::Last => time > t || (time == t && *value > v),
            },
        };
        if better {
            best = Some((time, *value));
        }
    }
    best.map_or((None, None), |(time, value)| (value, Some(time)))
}

fn grouped(which: Which, nulls: Nulls, answer: Answer) -> Grouped {
    let time = DataType::Timestamp(arrow::datatypes::TimeUnit::Millisecond, Some("UTC".into()));
    Grouped { best: Best::new(which, answer, DataType::Int64, time).unwrap(), nulls }
}

fn arrays(rows: &[Row]) -> [ArrayRef; 2] {
    let times = TimestampMillisecondArray::from_iter(rows.iter().map(|r| r.1)).with_timezone("UTC");
    [Arc::new(Int64Array::from_iter(rows.iter().map(|r| r.0))), Arc::new(times)]
}

fn cell(array: &ArrayRef, row: usize) -> Option<i64> {
    let array = arrow::compute::cast(array, &DataType::Int64).unwrap();
    let array = arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(&array).clone();
    array.is_valid(row).then(|| array.value(row))
}

const WHICH: [Which; 2] = [Which::First, Which::Last];
const NULLS: [Nulls; 2] = [Nulls::Skip, Nulls::Keep];
const ANSWERS: [Answer; 2] = [Answer::Value, Answer::Time];

proptest! {
    #[test]
    fn all_ways_agree_with_a_loop(
        batches in prop::collection::vec(
            prop::collection::vec((0usize..4, prop::option::of(-3i64..3), prop::option::weighted(0.9, -3i64..3), any::<bool>()), 0..12),
            0..5,
        ),
        emit in 0usize..4,
    ) {
        for ((which, nulls), answer) in WHICH.iter().flat_map(|w| NULLS.map(|n| (*w, n))).flat_map(|p| ANSWERS.map(|a| (p, a))) {
            let expected = |group: usize| {
                let rows: Vec<Row> =
                    batches.iter().flatten().filter(|r| r.0 == group && r.3).map(|r| (r.1, r.2)).collect();
                let (value, time) = naive(which, nulls, &rows);
                if answer == Answer::Value { value } else { time }
            };
            let mut all = grouped(which, nulls, answer);
            let mut merged = grouped(which, nulls, answer);
            let mut converted = grouped(which, nulls, answer);
            let mut singles: Vec<Single> = (0..4).map(|_| Single(grouped(which, nulls, answer))).collect();
            for batch in &batches {
                let rows: Vec<Row> = batch.iter().map(|r| (r.1, r.2)).collect();
                let groups: Vec<usize> = batch.iter().map(|r| r.0).collect();
                let filter: BooleanArray = batch.iter().map(|r| Some(r.3)).collect();
                all.update_batch(&arrays(&rows), &groups, Some(&filter), 4).unwrap();

                let mut part = grouped(which, nulls, answer);
                part.update_batch(&arrays(&rows), &groups, Some(&filter), 4).unwrap();
                merged.merge_batch(&part.state(EmitTo::All).unwrap(), &[0, 1, 2, 3], 4).unwrap();

                let state = converted.convert_to_state(&arrays(&rows), Some(&filter)).unwrap();
                converted.merge_batch(&state, &groups, 4).unwrap();

                for (group, single) in singles.iter_mut().enumerate() {
                    let rows: Vec<Row> = batch.iter().filter(|r| r.0 == group && r.3).map(|r| (r.1, r.2)).collect();
                    let mut part = Single(grouped(which, nulls, answer));
                    part.update_batch(&arrays(&rows)).unwrap();
                    let state: Vec<ArrayRef> = part.state().unwrap().iter().map(|s| s.to_array().unwrap()).collect();
                    single.merge_batch(&state).unwrap();
                }
            }
            for (group, single) in singles.iter_mut().enumerate() {
                let one = single.evaluate().unwrap().to_array().unwrap();
                prop_assert_eq!(cell(&one, 0), expected(group), "single {:?} {:?} {:?}", which, nulls, answer);
            }
            if !batches.is_empty() {
                for mut accumulator in [all, merged, converted] {
                    let first = accumulator.evaluate(EmitTo::First(emit)).unwrap();
                    let rest = accumulator.evaluate(EmitTo::All).unwrap();
                    prop_assert_eq!((first.len(), rest.len()), (emit, 4 - emit));
                    for group in 0..4 {
                        let found = if group < emit { cell(&first, group) } else { cell(&rest, group - emit) };
                        prop_assert_eq!(found, expected(group), "{:?} {:?} {:?} group {}", which, nulls, answer, group);
                    }
                }
            }
        }
    }
}

#[test]
fn memory_is_counted() {
    let time = DataType::Timestamp(arrow::datatypes::TimeUnit::Millisecond, None);
    let mut best = Best::new(Which::Last, Answer::Value, DataType::Utf8, time).unwrap();
    let words: ArrayRef = Arc::new(StringArray::from_iter_values((0..1_000).map(|i| format!("{i:0>100}"))));
    let times: ArrayRef = Arc::new(TimestampMillisecondArray::from_iter_values(0..1_000));
    best.update(&words, &times, |row| row, 1_000).unwrap();
    assert!(best.size() > 100_000);
    best.take(EmitTo::All).unwrap();
    assert!(best.size() < 100_000, "{}", best.size());
    let nan: ArrayRef = Arc::new(Float64Array::from(vec![f64::NAN, 1.0]));
    let same: ArrayRef = Arc::new(TimestampMillisecondArray::from_iter_values([5, 5]));
    let mut floats = Best::new(Which::Last, Answer::Value, DataType::Float64, same.data_type().clone()).unwrap();
    floats.update(&nan, &same, |_| 0, 1).unwrap();
    assert!(matches!(floats.peek(0).unwrap().0, ScalarValue::Float64(Some(v)) if v.is_nan()));
}

fn profile() -> Profile {
    Profile::builder()
        .aggregate(first_by_time("first"))
        .aggregate(last_by_time("last"))
        .aggregate(first_row_by_time("first_row"))
        .aggregate(last_row_by_time("last_row"))
        .aggregate(first_time("firstts"))
        .aggregate(last_row_time("last_row_ts"))
        .build()
}

#[tokio::test]
async fn in_queries() {
    let mut bench = Bench::new().profile(profile());
    bench.table(meters(&[
        ("a", 1, "x", 1_000, None, Some(1)),
        ("a", 1, "x", 2_000, Some(2.0), Some(2)),
        ("a", 1, "x", 3_000, None, Some(3)),
        ("b", 1, "x", 1_000, None, None),
    ]));
    let picks = "first(volts, ts), last(volts, ts), first_row(volts, ts), last_row(volts, ts), firstts(volts, ts), last_row_ts(volts, ts)";
    assert_eq!(
        bench.rows(&format!("SELECT site, {picks} FROM meters GROUP BY site ORDER BY site")).await.unwrap(),
        [
            "a|2.0|2.0|NULL|NULL|1970-01-01T00:00:02Z|1970-01-01T00:00:03Z",
            "b|NULL|NULL|NULL|NULL|NULL|1970-01-01T00:00:01Z"
        ]
    );
    assert_eq!(
        bench.rows(&format!("SELECT {picks} FROM meters WHERE site = 'a'")).await.unwrap(),
        ["2.0|2.0|NULL|NULL|1970-01-01T00:00:02Z|1970-01-01T00:00:03Z"]
    );
    assert_eq!(bench.rows("SELECT last(volts, ts) FROM meters WHERE site = 'none'").await.unwrap(), ["NULL"]);
}

#[tokio::test]
async fn every_type_has_a_first_and_a_last() {
    use model::DataType as T;
    let cases: Vec<(T, Value, Value)> = vec![
        (T::Boolean, Value::Boolean(true), Value::Boolean(false)),
        (T::Int8, Value::Integer(-1), Value::Integer(2)),
        (T::Int16, Value::Integer(-1), Value::Integer(2)),
        (T::Int32, Value::Integer(-1), Value::Integer(2)),
        (T::Int64, Value::Integer(-1), Value::Integer(2)),
        (T::UInt8, Value::Integer(1), Value::Integer(2)),
        (T::UInt16, Value::Integer(1), Value::Integer(2)),
        (T::UInt32, Value::Integer(1), Value::Integer(2)),
        (T::UInt64, Value::Integer(1), Value::Integer(u64::MAX.into())),
        (T::Float32, Value::Float(0.5), Value::Float(-0.5)),
        (T::Float64, Value::Float(0.5), Value::Float(-0.5)),
        (
            T::Decimal { precision: 10, scale: 2 },
            Value::Decimal(Decimal { unscaled: 150, scale: 2 }),
            Value::Decimal(Decimal { unscaled: -5, scale: 2 }),
        ),
        (T::Text(None), Value::Text("b".into()), Value::Text("a".into())),
        (T::Binary(None), Value::Binary(vec![1]), Value::Binary(vec![0])),
        (T::Json, Value::Text("{}".into()), Value::Text("[]".into())),
        (T::Geometry, Value::Binary(vec![1]), Value::Binary(vec![0])),
        (T::Date, Value::Date(3), Value::Date(2)),
        (T::TimeOfDay, Value::TimeOfDay(3), Value::TimeOfDay(2)),
        (
            T::Interval,
            Value::Interval(Interval { months: 1, days: 0, nanos: 0 }),
            Value::Interval(Interval { months: 0, days: 2, nanos: 0 }),
        ),
        (T::Uuid, Value::Uuid([1; 16]), Value::Uuid([0; 16])),
        (T::Inet, Value::Text("::1".into()), Value::Text("::".into())),
        (
            T::Instant(TimeUnit::Nanosecond),
            Value::Instant(1, TimeUnit::Nanosecond),
            Value::Instant(0, TimeUnit::Nanosecond),
        ),
        (
            T::LocalDateTime(TimeUnit::Microsecond),
            Value::LocalDateTime(1, TimeUnit::Microsecond),
            Value::LocalDateTime(0, TimeUnit::Microsecond),
        ),
    ];
    for (data_type, first, last) in cases {
        let table = definition(
            "t",
            TableKind::Series,
            vec![
                column(1, "ts", ColumnRole::Time, T::Instant(TimeUnit::Microsecond)),
                column(2, "v", ColumnRole::Field, data_type),
                column(3, "g", ColumnRole::Key, T::Int32),
            ],
        );
        let row =
            |time, value: &Value| vec![Value::Instant(time, TimeUnit::Microsecond), value.clone(), Value::Integer(1)];
        let rows = vec![row(0, &Value::Null), row(1, &first), row(2, &last), row(3, &Value::Null)];
        let mut bench = Bench::new().profile(profile());
        bench.table(MemoryTable::new(table, rows));
        let plain = bench.rows("SELECT v FROM t WHERE v IS NOT NULL").await.unwrap();
        for group in ["", " GROUP BY g", " GROUP BY v IS NULL OR true"] {
            let sql = format!("SELECT first(v, ts), last(v, ts), first_row(v, ts), last_row(v, ts) FROM t{group}");
            let expected = format!("{}|{}|NULL|NULL", plain[0], plain[1]);
            assert_eq!(bench.rows(&sql).await.unwrap(), [expected], "{data_type:?}{group}");
        }
    }
}
