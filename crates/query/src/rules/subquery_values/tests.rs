use crate::scan::memory::meters;
use crate::testing::Bench;

fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.table(meters(&[
        ("a", 1, "ann", 1_000, Some(1.5), Some(1)),
        ("b", 2, "bob", 1_000, None, None),
        ("c", 3, "cy", 1_000, Some(3.5), Some(4)),
    ]));
    bench
}

async fn assert_rows(sql: &str, expected: &[&str]) {
    let rows = bench().rows(sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    assert_eq!(rows, expected, "{sql}");
}

#[tokio::test]
async fn in_the_select_list_has_three_values() {
    let list = |list: &str| format!(r#"SELECT "Pulses" IN ({list}) FROM meters ORDER BY meter"#);
    assert_rows(&list("SELECT 1"), &["true", "NULL", "false"]).await;
    assert_rows(&list(r#"SELECT "Pulses" FROM meters WHERE meter < 3"#), &["true", "NULL", "NULL"]).await;
    assert_rows(&list("SELECT meter FROM meters WHERE meter > 9"), &["false", "false", "false"]).await;
    assert_rows(&list("SELECT meter FROM meters ORDER BY meter DESC LIMIT 1"), &["false", "NULL", "false"]).await;
    assert_rows(&list("SELECT max(meter) - 2 FROM meters"), &["true", "NULL", "false"]).await;
    assert_rows(&list("SELECT volts - 0.5 FROM meters"), &["true", "NULL", "NULL"]).await;
    assert_rows(
        r#"SELECT meter NOT IN (SELECT "Pulses" FROM meters WHERE "Pulses" = 1) FROM meters ORDER BY meter"#,
        &["false", "true", "true"],
    )
    .await;
    assert_rows("SELECT 1 + 1 IN (SELECT meter FROM meters)", &["true"]).await;
    assert_rows(
        "SELECT CASE WHEN meter IN (SELECT 2) THEN 'two' ELSE site END FROM meters ORDER BY meter",
        &["a", "two", "c"],
    )
    .await;
}

#[tokio::test]
async fn exists_in_the_select_list() {
    assert_rows("SELECT EXISTS (SELECT max(meter) FROM meters WHERE meter > 9)", &["true"]).await;
    assert_rows("SELECT EXISTS (SELECT meter FROM meters WHERE meter > 9)", &["false"]).await;
    assert_rows("SELECT NOT EXISTS (SELECT meter FROM meters ORDER BY site LIMIT 1)", &["false"]).await;
    assert_rows(
        r#"SELECT m.meter, EXISTS (SELECT 1 FROM meters p WHERE p."Pulses" = m.meter ORDER BY p.ts LIMIT 3)
           FROM meters m ORDER BY m.meter"#,
        &["1|true", "2|false", "3|false"],
    )
    .await;
}

#[tokio::test]
async fn correlated_in() {
    assert_rows(
        r#"SELECT m.meter IN (SELECT p."Pulses" FROM meters p WHERE p.site = m.site) FROM meters m ORDER BY m.meter"#,
        &["true", "NULL", "false"],
    )
    .await;
    assert_rows(
        r#"SELECT m.meter IN (SELECT min(p."Pulses") FROM meters p WHERE p.site = m.site) FROM meters m
           ORDER BY m.meter"#,
        &["true", "NULL", "false"],
    )
    .await;
    assert_rows(
        r#"SELECT m.meter FROM meters m
           WHERE m.meter IN (SELECT p."Pulses" FROM meters p WHERE p.site = m.site ORDER BY p.ts)"#,
        &["1"],
    )
    .await;
}

#[tokio::test]
async fn in_other_places() {
    assert_rows(
        r#"SELECT l.meter, r.meter FROM meters l JOIN meters r
           ON l.meter = r.meter AND l.meter IN (SELECT "Pulses" FROM meters)"#,
        &["1|1"],
    )
    .await;
    assert_rows(
        "SELECT l.meter, r.meter FROM meters l LEFT JOIN meters r
         ON l.meter = r.meter AND r.meter IN (SELECT meter FROM meters WHERE meter > 1) ORDER BY l.meter",
        &["1|NULL", "2|2", "3|3"],
    )
    .await;
    assert_rows(
        "SELECT l.meter, r.meter FROM meters l LEFT JOIN meters r
         ON l.meter = r.meter AND EXISTS (SELECT 1 FROM meters WHERE meter > 9) ORDER BY l.meter",
        &["1|NULL", "2|NULL", "3|NULL"],
    )
    .await;
    assert_rows("SELECT sum(CASE WHEN meter IN (SELECT 2) THEN 10 ELSE 1 END) FROM meters", &["12"]).await;
    assert_rows(
        "SELECT meter IN (SELECT 2) AS two, count(*) FROM meters GROUP BY meter IN (SELECT 2) ORDER BY 2",
        &["true|1", "false|2"],
    )
    .await;
    assert_rows("SELECT meter FROM meters ORDER BY meter IN (SELECT 2) DESC, meter", &["2", "1", "3"]).await;
    assert_rows("SELECT site FROM meters GROUP BY site HAVING max(meter) IN (SELECT 2)", &["b"]).await;
}

#[tokio::test]
async fn unknown_is_not_true_in_a_greater_condition() {
    assert_rows(r#"SELECT meter FROM meters WHERE meter NOT IN (SELECT "Pulses" FROM meters) OR meter = 3"#, &["3"])
        .await;
    assert_rows(
        "SELECT meter FROM meters WHERE meter IN (SELECT 1) OR EXISTS (SELECT 1 FROM meters WHERE meter = 9)",
        &["1"],
    )
    .await;
}

#[tokio::test]
async fn what_cannot_be_counted_is_said_in_words() {
    let error = bench()
        .error(
            "SELECT m.meter IN (SELECT p.meter FROM meters p WHERE p.meter < m.meter ORDER BY p.ts LIMIT 1)
             FROM meters m",
        )
        .await;
    assert!(matches!(error, model::ErrorKind::Unsupported { .. }), "{error:?}");
    assert!(!error.to_string().contains('{') && !error.to_string().contains("InSubquery"), "{error}");
}
