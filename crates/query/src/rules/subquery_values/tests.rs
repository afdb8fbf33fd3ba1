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
async fn limits_per_row_around() {
    // The greatest of the smaller meters, and all but the first.
    let smaller = "SELECT p.meter FROM meters p WHERE p.meter < m.meter ORDER BY p.meter DESC";
    assert_rows(
        &format!(
            "SELECT m.meter, m.meter - 1 IN ({smaller} LIMIT 1) a, 1 IN ({smaller} LIMIT 1) b FROM meters m ORDER BY 1"
        ),
        &["1|false|false", "2|true|true", "3|true|false"],
    )
    .await;
    assert_rows(
        &format!("SELECT m.meter, EXISTS ({smaller} LIMIT 5 OFFSET 1) FROM meters m ORDER BY 1"),
        &["1|false", "2|false", "3|true"],
    )
    .await;
    assert_rows(&format!("SELECT m.meter FROM meters m WHERE EXISTS ({smaller} LIMIT 5 OFFSET 1)"), &["3"]).await;
    assert_rows(&format!("SELECT m.meter FROM meters m WHERE NOT EXISTS ({smaller} OFFSET 1) ORDER BY 1"), &["1", "2"])
        .await;
    assert_rows(
        &format!("SELECT m.meter FROM meters m WHERE 1 IN (SELECT n.meter FROM ({smaller} LIMIT 1) n) OR m.meter = 9"),
        &["2"],
    )
    .await;
    // What comes from around alone decides between all rows and none.
    assert_rows(
        "SELECT m.meter FROM meters m
         WHERE m.meter - 1 IN (SELECT p.meter FROM meters p WHERE m.meter > 2 ORDER BY p.ts, p.meter LIMIT 1 OFFSET 1)",
        &["3"],
    )
    .await;
}

#[tokio::test]
async fn one_value_per_row_around() {
    assert_rows(
        "SELECT m.meter, (SELECT max(p.site) FROM meters p WHERE p.meter < m.meter) a, \
         (SELECT count(*) FROM meters p WHERE p.meter < m.meter) b, \
         (SELECT p.site FROM meters p WHERE p.meter > m.meter ORDER BY p.meter LIMIT 1) c FROM meters m ORDER BY 1",
        &["1|NULL|0|b", "2|a|1|c", "3|b|2|NULL"],
    )
    .await;
    assert_rows(
        "SELECT m.meter FROM meters m WHERE m.meter > 1 + (SELECT min(p.meter) FROM meters p WHERE p.meter <= m.meter)",
        &["3"],
    )
    .await;
    assert_rows("SELECT sum((SELECT count(*) FROM meters p WHERE p.meter < m.meter)) FROM meters m", &["3"]).await;
}

#[tokio::test]
async fn null_around_is_a_value_within() {
    let list = r#"SELECT m.meter, m.meter IN (
        SELECT p.meter FROM meters p WHERE p."Pulses" = m."Pulses" OR m."Pulses" IS NULL ORDER BY p.meter LIMIT 2
    ) FROM meters m ORDER BY 1"#;
    assert_rows(list, &["1|true", "2|true", "3|true"]).await;
    let values = r#"SELECT m.meter, m."Pulses" IN (
        SELECT p."Pulses" FROM meters p WHERE p.meter <= m.meter ORDER BY p.meter LIMIT 2
    ) FROM meters m ORDER BY 1"#;
    assert_rows(values, &["1|true", "2|NULL", "3|NULL"]).await;
}

#[tokio::test]
async fn aggregates_unions_and_joins_per_row_around() {
    assert_rows(
        "SELECT m.meter, m.meter IN (SELECT max(p.meter) FROM meters p WHERE p.meter <= m.meter) a, \
         0 IN (SELECT count(*) FROM meters p WHERE p.meter < m.meter) b, \
         9 IN (SELECT max(p.meter) FROM meters p WHERE p.meter < m.meter) c FROM meters m ORDER BY 1",
        &["1|true|true|NULL", "2|true|false|false", "3|true|false|false"],
    )
    .await;
    assert_rows(
        "SELECT m.meter, m.meter IN (SELECT p.meter FROM meters p WHERE p.meter < m.meter UNION SELECT 1) \
         FROM meters m ORDER BY 1",
        &["1|true", "2|false", "3|false"],
    )
    .await;
    assert_rows(
        "SELECT m.meter, EXISTS (SELECT p.site FROM meters p WHERE p.meter <= m.meter GROUP BY p.ts, p.site \
         HAVING count(*) > 1) a, EXISTS (SELECT 1 FROM meters p WHERE p.meter <= m.meter GROUP BY p.ts \
         HAVING count(*) > 1) b FROM meters m ORDER BY 1",
        &["1|false|false", "2|false|true", "3|false|true"],
    )
    .await;
    assert_rows(
        "SELECT m.meter FROM meters m WHERE EXISTS (SELECT 1 FROM meters p JOIN meters q ON p.meter < q.meter \
         WHERE q.meter <= m.meter ORDER BY q.meter LIMIT 1 OFFSET 1)",
        &["3"],
    )
    .await;
}

#[tokio::test]
async fn what_cannot_be_counted_is_said_in_words() {
    let error = bench()
        .error(
            "SELECT m.meter IN (SELECT p.meter + rank() OVER (ORDER BY p.ts) FROM meters p WHERE p.meter < m.meter)
             FROM meters m",
        )
        .await;
    assert!(matches!(error, model::ErrorKind::Unsupported { .. }), "{error:?}");
    assert!(!error.to_string().contains('{') && !error.to_string().contains("InSubquery"), "{error}");
}
