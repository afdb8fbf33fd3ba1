use crate::Profile;
use crate::scan::memory::meters;
use crate::testing::Bench;
use model::ErrorKind;

fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.table(meters(&[
        ("a", 1, "x", 1_000, Some(1.0), Some(i64::MAX)),
        ("a", 2, "x", 1_000, Some(1.0), Some(i64::MIN)),
        ("a", 3, "x", 1_000, Some(1.0), None),
    ]));
    bench
}

#[tokio::test]
async fn overflow_is_an_error() {
    let bench = bench();
    for sql in [
        r#"SELECT "Pulses" + 1 FROM meters WHERE meter = 1"#,
        r#"SELECT "Pulses" - 1 FROM meters WHERE meter = 2"#,
        r#"SELECT "Pulses" * 2 FROM meters WHERE meter = 1"#,
        r#"SELECT -"Pulses" FROM meters WHERE meter = 2"#,
        r#"SELECT "Pulses" / -1 FROM meters WHERE meter = 2"#,
        r#"SELECT meter FROM meters WHERE "Pulses" + meter > 0 AND meter = 1"#,
        "SELECT 9223372036854775807 + 1",
        "SELECT count(*) FROM meters GROUP BY \"Pulses\" + 1",
    ] {
        let error = bench.error(sql).await;
        assert!(matches!(error, ErrorKind::NumericOverflow { .. }), "{sql}: {error:?}");
    }
    assert_eq!(bench.error("SELECT meter / 0 FROM meters").await, ErrorKind::DivisionByZero {});
    assert_eq!(bench.error("SELECT meter % (meter - 1) FROM meters").await, ErrorKind::DivisionByZero {});
}

#[tokio::test]
async fn results_and_names_are_as_ever() {
    let bench = bench();
    assert_eq!(
        bench.rows(r#"SELECT meter * 2 + 1, -meter, volts + 1, "Pulses" + 1, ts + interval '1 second' FROM meters WHERE meter = 3"#).await.unwrap(),
        ["7|-3|2.0|NULL|1970-01-01T00:00:02Z"]
    );
    let checked = bench.start("SELECT meter * 2 + 1, -meter, meter - 1 AS m FROM meters").await.unwrap().schema;
    let wrapping = bench.profile(Profile::builder().wrapping_integers().build());
    let plain = wrapping.start("SELECT meter * 2 + 1, -meter, meter - 1 AS m FROM meters").await.unwrap().schema;
    let columns = |schema: &arrow::datatypes::Schema| -> Vec<_> {
        schema.fields().iter().map(|f| (f.name().clone(), f.data_type().clone(), f.is_nullable())).collect()
    };
    assert_eq!(columns(&checked), columns(&plain));
    assert_eq!(
        wrapping.rows(r#"SELECT "Pulses" + 1 FROM meters WHERE meter = 1"#).await.unwrap(),
        [i64::MIN.to_string()]
    );
    assert_eq!(
        wrapping
            .rows("SELECT meter + 1 AS m, sum(meter + 1) FROM meters GROUP BY meter + 1 ORDER BY meter + 1")
            .await
            .unwrap(),
        ["2|2", "3|3", "4|4"]
    );
}
