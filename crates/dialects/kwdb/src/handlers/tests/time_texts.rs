//! Texts that meet times: every place reads them in the request's zone.

use super::client::Client;

const NOON: &str = "'2024-03-10 12:00:00'";

/// One row at noon of a zone eight hours east, in both types, asked from that zone.
async fn store() -> Client {
    let client = Client::with_tsdb().await.at("db=tsdb&tz=8");
    client
        .done(
            "create table m (ts timestamptz(3) not null, w timestamp(3), v int4) tags (g int not null) primary tags (g);\
             create table defaultdb.r (id int primary key, t timestamptz(3), w timestamp(3), d date)",
        )
        .await;
    client.inserted(1, &format!("insert into m values ({NOON}, {NOON}, 1, 1)")).await;
    client.inserted(2, "insert into defaultdb.r values (1, null, null, null), (2, null, null, null)").await;
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_find_the_row_of_that_time() {
    let client = store().await;
    for column in ["ts", "w"] {
        for condition in [
            "ts = '2024-03-10 12:00:00'",
            "'2024-03-10 12:00:00' = ts",
            "ts is not distinct from '2024-03-10 12:00:00' and v = 1",
            "'2024-03-10 12:00:00' between ts and ts",
            "'2024-03-10 12:00:00' in (ts)",
            "(ts, v) = ('2024-03-10 12:00:00', 1)",
            "(ts, v) in (('2024-03-10 12:00:00', 1), ('2023-01-01', 2))",
            "ts in (select '2024-03-10 12:00:00')",
            "(select max(ts) from m) = '2024-03-10 12:00:00'",
            "ts = (select '2024-03-10 12:00:00')",
            "ts = any(select '2024-03-10 12:00:00')",
            "ts in (select '2023-01-01' union all select '2024-03-10 12:00:00')",
            "ts + interval '1h' = '2024-03-10 13:00:00'",
            "ts = coalesce(null, '2024-03-10 12:00:00')",
            "ts = case when v = 1 then '2024-03-10 12:00:00' else '2023-01-01' end",
            "case ts when '2024-03-10 12:00:00' then true else false end",
            "nullif(ts, '2024-03-10 12:00:00') is null",
            "greatest(ts, '2024-03-10 12:00:00') = ts",
            "least(ts, '2024-03-10 12:00:01') = ts",
            "coalesce(ts, '2023-01-01') = '2024-03-10 12:00:00'",
            "ifnull(null, '2024-03-10 12:00:00') = ts",
            "case when v = 2 then ts else '2024-03-10 12:00:00' end = ts",
        ] {
            let sql = format!("select count(*) from m where {}", condition.replace("ts", column));
            assert_eq!(client.rows(&sql).await, "[[1]]", "{sql}");
        }
    }
    assert_eq!(client.rows(&format!("select count(*) from m where ts is distinct from {NOON}")).await, "[[0]]");
    assert_eq!(client.rows("select count(*) from m where now() < '1970-01-01 09:00:00'").await, "[[0]]");
}

#[tokio::test(flavor = "multi_thread")]
async fn results_are_times() {
    let client = store().await;
    let noon = r#"[["2024-03-10T12:00:00+08:00"]]"#;
    for expression in [
        "coalesce(null::timestamptz, '2024-03-10 12:00:00')",
        "case when v = 2 then ts else '2024-03-10 12:00:00' end",
        "lag(ts, 1, '2024-03-10 12:00:00') over (order by ts)",
        "lead(ts, 1, '2024-03-10 12:00:00') over (order by ts)",
        "greatest(ts, '2024-03-09 12:00:00')",
    ] {
        assert_eq!(client.rows(&format!("select {expression} from m")).await, noon, "{expression}");
    }
    assert_eq!(client.rows(&format!("select ts from m union select {NOON}")).await, noon);
    assert_eq!(client.rows(&format!("select x from (select max(ts) as x from m) as q where x = {NOON}")).await, noon);
    assert_eq!(
        client.rows("select coalesce(null::timestamptz(9), '2024-03-10 12:00:00.000000001')").await,
        r#"[["2024-03-10T12:00:00.000000001+08:00"]]"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_read_times_in_the_zone() {
    let client = store().await;
    let at = r#""2024-06-01T00:00:00+08:00""#;
    for (set, t, w, d) in [
        ("t = '2024-06-01 00:00:00'", at, "null", "null"),
        ("(t, w) = ('2024-06-01', '2024-06-01')", at, r#""2024-06-01T00:00:00Z""#, "null"),
        ("t = case when id = 1 then '2024-06-01' else '2023-01-01' end", at, r#""2024-06-01T00:00:00Z""#, "null"),
        ("t = case when id = 2 then t else '2024-06-01' end", at, r#""2024-06-01T00:00:00Z""#, "null"),
        ("t = coalesce(null, '2024-06-01'), w = t", at, r#""2024-06-01T00:00:00Z""#, "null"),
        ("t = w, d = t", at, r#""2024-06-01T00:00:00Z""#, r#""2024-06-01""#),
        ("t = '2024-06-01 00:00:00.0004', d = '2024-06-02'", at, r#""2024-06-01T00:00:00Z""#, r#""2024-06-02""#),
        ("t = 1717171200000", at, r#""2024-06-01T00:00:00Z""#, r#""2024-06-02""#),
        ("t = null, w = null", "null", "null", r#""2024-06-02""#),
    ] {
        client.done(&format!("update defaultdb.r set {set} where id = 1")).await;
        let rows = client.rows("select t, w, d from defaultdb.r where id = 1").await;
        assert_eq!(rows, format!("[[{t},{w},{d}]]"), "{set}");
    }
    let text = client.refused("update defaultdb.r set t = 'x' where id = 1").await;
    assert_eq!(text, "pq: could not parse \"x\" as type timestamptz: no such time");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_day_is_a_date() {
    let client = Client::new().await;
    assert_eq!(
        client.rows("select date '9999-12-31', '9999-12-31'::date, date '0000-01-01'").await,
        r#"[["9999-12-31","9999-12-31","0000-01-01"]]"#
    );
    assert_eq!(
        client.rows("select 'abcdef'::varchar(3), cast('abcdef' as char(3)), 'é€x'::varchar(2)").await,
        r#"[["abc","abc","é€"]]"#
    );
}
