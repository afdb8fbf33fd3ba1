use super::*;
use crate::Profile;
use crate::scan::memory::{MemoryTable, column, definition};
use crate::testing::Bench;
use model::{ColumnRole, Decimal, TableKind, TimeUnit, Value};
use proptest::prelude::*;

/// Group, integer, decimal of scale 2, float.
type Row = (i64, Option<i64>, Option<i128>, Option<f64>);

fn bench(rows: &[Row]) -> Bench {
    use model::DataType as T;
    let table = definition(
        "t",
        TableKind::Series,
        vec![
            column(1, "ts", ColumnRole::Time, T::Instant(TimeUnit::Millisecond)),
            column(2, "g", ColumnRole::Key, T::Int64),
            column(3, "i", ColumnRole::Field, T::Int64),
            column(4, "d", ColumnRole::Field, T::Decimal { precision: 38, scale: 2 }),
            column(5, "f", ColumnRole::Field, T::Float32),
        ],
    );
    let rows = rows.iter().enumerate().map(|(n, (g, i, d, f))| {
        vec![
            Value::Instant(i64::try_from(n).unwrap(), TimeUnit::Millisecond),
            Value::Integer((*g).into()),
            i.map_or(Value::Null, |i| Value::Integer(i.into())),
            d.map_or(Value::Null, |unscaled| Value::Decimal(Decimal { unscaled, scale: 2 })),
            f.map_or(Value::Null, Value::Float),
        ]
    });
    let profile = Profile::builder().aggregate(sum_exact("sum")).aggregate(avg_exact("avg", 4)).build();
    let mut bench = Bench::new().profile(profile);
    bench.table(MemoryTable::new(table, rows.collect()));
    bench
}

#[tokio::test]
async fn sums_and_averages() {
    let bench = bench(&[
        (1, Some(i64::MAX), Some(150), Some(0.5)),
        (1, Some(i64::MAX), Some(-25), Some(0.25)),
        (1, None, None, None),
        (2, Some(1), Some(1), Some(1.5)),
        (2, Some(1), Some(1), None),
        (2, Some(-6), Some(5), None),
        (3, None, None, None),
    ]);
    assert_eq!(
        bench
            .rows("SELECT g, sum(i), avg(i), sum(d), avg(d), sum(f), avg(f) FROM t GROUP BY g ORDER BY g")
            .await
            .unwrap(),
        [
            "1|18446744073709551614|9223372036854775807.0000|1.25|0.6250|0.75|0.375",
            "2|-4|-1.3333|0.07|0.0233|1.5|1.5",
            "3|NULL|NULL|NULL|NULL|NULL|NULL"
        ]
    );
    assert_eq!(bench.rows("SELECT sum(i), avg(d) FROM t WHERE g = 2").await.unwrap(), ["-4|0.0233"]);
    assert_eq!(bench.rows("SELECT sum(i), avg(i) FROM t WHERE g = 9").await.unwrap(), ["NULL|NULL"]);
    assert_eq!(
        bench
            .rows("SELECT sum(DISTINCT i), avg(DISTINCT i), sum(DISTINCT d), count(DISTINCT f) FROM t WHERE g = 2")
            .await
            .unwrap(),
        ["-5|-2.5000|0.06|1"]
    );
    assert_eq!(
        bench.rows("SELECT g, sum(DISTINCT i), sum(i) FROM t GROUP BY g ORDER BY g").await.unwrap(),
        ["1|9223372036854775807|18446744073709551614", "2|-5|-4", "3|NULL|NULL"]
    );
    assert_eq!(
        bench
            .rows("SELECT sum(i) OVER (ORDER BY ts ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t WHERE g = 2")
            .await
            .unwrap(),
        ["1", "2", "-5"]
    );
    let schema = bench.start("SELECT sum(i), avg(i), sum(d), avg(f) FROM t").await.unwrap().schema;
    let types: Vec<_> = schema.fields().iter().map(|f| f.data_type().clone()).collect();
    use DataType::{Decimal128, Float64};
    assert_eq!(types, [Decimal128(38, 0), Decimal128(38, 4), Decimal128(38, 2), Float64]);
    assert!(matches!(bench.error("SELECT sum('a')").await, ErrorKind::FunctionNotFound { .. }));
}

#[tokio::test]
async fn what_has_no_room_is_an_error() {
    let most = 10i128.pow(38) - 1;
    for rows in [vec![(1, Some(1), Some(most), None); 2], vec![(1, Some(1), Some(-most), None); 3]] {
        let bench = bench(&rows);
        for sql in ["SELECT sum(d) FROM t", "SELECT sum(d) FROM t GROUP BY g", "SELECT avg(d) FROM t"] {
            let error = bench.error(sql).await;
            assert!(
                matches!(&error, ErrorKind::NumericOverflow { what } if what.contains("the result of")),
                "{error:?}"
            );
        }
    }
}

proptest! {
    #[test]
    fn averages_round_half_away_from_zero(sum in -1_000_000i64..1_000_000, count in 1i64..1_000, up in 0u32..6) {
        let found = average(sum.into(), count, up).unwrap();
        let scaled = i128::from(sum) * 10i128.pow(up);
        let twice = (scaled * 2 - found * 2 * i128::from(count)).abs();
        prop_assert!(twice <= i128::from(count), "{} is nearest", found);
        if twice == i128::from(count) {
            prop_assert!((found * i128::from(count)).abs() > scaled.abs(), "a half goes away from zero");
        }
    }
}
