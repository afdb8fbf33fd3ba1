//! `/insert`: rows, literals, defaults, the rule for repeated rows.

use super::client::{Client, Envelope as _};
use axum::http::StatusCode;

async fn meters() -> Client {
    let client = Client::with_tsdb().await;
    client
        .done(
            "create table m (ts timestamptz(3) not null, v int2, w float8, s varchar(4)) \
             tags (location varchar not null, size int) primary tags (location)",
        )
        .await;
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_are_independent_and_rows_are_summed() {
    let client = meters().await;
    let answer = client
        .insert("insert into m (ts, v, location) values ('2024-01-01', 1, 'a'); insert into nope values (1); select 1")
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    let json = answer.json();
    assert_eq!(json["code"], -1);
    assert_eq!(json["rows"], 1);
    assert_eq!(
        json["desc"],
        serde_json::json!([
            "success",
            "pq: relation \"nope\" does not exist",
            "can not find insert statement and please check"
        ])
    );
    let answer = client.insert("insert into nope values (1)").await;
    assert!(answer.json()["rows"].is_null(), "{}", answer.text);
    client.inserted(1, "insert\ninto m (ts, v, s, location) values ('2024-01-02', 1, ';', 'a')").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_name_value_type_and_column() {
    let client = meters().await;
    for (values, text) in [
        ("(ts, v) values (now(), 1)", "need to specify all primary tag [location]"),
        ("(ts, v, location) values (now(), 32768, 'a')", "integer \"32768\" out of range for type INT2 (column v)"),
        ("(ts, v, location) values (now(), 'x', 'a')", "could not resolve \"x\" as INT2 type (column v)"),
        ("(ts, s, location) values (now(), 'abcde', 'a')", "value 'abcde' too long for type VARCHAR(4) (column s)"),
        ("(ts, v, location) values (null, 1, 'a')", "null value in column \"ts\" violates not-null constraint"),
        ("(ts, v, location) values (now(), 1, null)", "null value in column \"location\" violates not-null constraint"),
        ("(v, location) values (1, 'a')", "null value in column \"ts\" violates not-null constraint"),
        ("(ts, e9, location) values (now(), 1, 'a')", "column \"e9\" does not exist"),
        ("(ts, v, v, location) values (now(), 1, 1, 'a')", "multiple assignments to the same column \"v\""),
        (
            "(ts, v, location) values (now(), 1, 'a', 5)",
            "insert (row 1) has more expressions than target columns, 4 expressions for 3 targets",
        ),
        (
            "(ts, v, location) values (now(), 1, 'a'), (now(), 1)",
            "insert (row 2) has more target columns than expressions, 2 expressions for 3 targets",
        ),
        ("(ts, v, location) values (now(), x, 'a')", "unsupported input type relation \"x\" (column v)"),
        ("(ts, v, location) values (now(), 1 + 1, 'a')", "unsupported input type BinaryOperator (column v)"),
        (
            "(ts, v, location) values ('2024-13-01', 1, 'a')",
            "could not resolve \"2024-13-01\" as TIMESTAMPTZ(3) type (column ts)",
        ),
        (
            "(ts, v, location) values (now(), 1, 'a') on conflict do nothing",
            "on conflict is not supported in timeseries table",
        ),
    ] {
        assert_eq!(client.insert(&format!("insert into m {values}")).await.desc(), format!("pq: {text}"), "{values}");
    }
    assert_eq!(client.rows("select count(*) from m").await, "[[0]]");
}

#[tokio::test(flavor = "multi_thread")]
async fn times_follow_the_zone_of_the_request() {
    let client = meters().await;
    let shanghai = client.at("db=tsdb&tz=8");
    shanghai.inserted(1, "insert into m (ts, v, location) values ('2024-01-01 08:00:00', 1, 'a')").await;
    shanghai.inserted(1, "insert into m (ts, v, location) values ('2024-01-01 00:00:00Z', 2, 'b')").await;
    client.inserted(1, "insert into m (ts, v, location) values (1704067200000, 3, 'c')").await;
    assert_eq!(
        client.rows("select ts, v from m order by v").await,
        r#"[["2024-01-01T00:00:00Z",1],["2024-01-01T00:00:00Z",2],["2024-01-01T00:00:00Z",3]]"#
    );
    assert_eq!(shanghai.rows("select ts from m where v = 1").await, r#"[["2024-01-01T08:00:00+08:00"]]"#);
    assert_eq!(shanghai.rows("select v from m where ts = '2024-01-01 08:00:00' order by v").await, "[[1],[2],[3]]");
    assert_eq!(client.rows("select v from m where ts = '2024-1-1' order by v").await, "[[1],[2],[3]]");
    assert_eq!(client.rows("select v from m where ts > '2024-01-01 08:00:00'").await, "[]");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rule_for_repeated_rows() {
    let client = meters().await;
    let row = |v: &str, w: &str| format!("insert into m (ts, v, w, location) values ('2024-01-01', {v}, {w}, 'a')");
    client.inserted(1, &row("1", "1.5")).await;
    client.inserted(1, &row("2", "null")).await;
    assert_eq!(client.rows("select v, w from m").await, "[[2,null]]");
    client.done("set cluster setting ts.dedup.rule = 'merge'").await;
    client.inserted(1, &row("null", "2.5")).await;
    assert_eq!(client.rows("select v, w from m").await, "[[2,2.5]]");
    client.done("set cluster setting ts.dedup.rule = 'discard'").await;
    client.inserted(0, &row("9", "9")).await;
    assert_eq!(client.rows("select v, w from m").await, "[[2,2.5]]");
    client.done("set cluster setting ts.dedup.rule = 'override'").await;
    client.inserted(2, "insert into m (ts, v, location) values ('2024-01-01', 1, 'a'), ('2024-01-01', 2, 'a')").await;
    assert_eq!(client.rows("select v, w from m").await, "[[2,null]]");
}

#[tokio::test(flavor = "multi_thread")]
async fn ordinary_tags_are_set_once_and_changed_by_update() {
    let client = meters().await;
    client.inserted(1, "insert into m (location, size) values ('a', 1)").await;
    assert_eq!(client.rows("select count(*) from m").await, "[[0]]");
    client.inserted(1, "insert into m (ts, v, location, size) values ('2024-01-01', 1, 'a', 2)").await;
    assert_eq!(client.rows("select size from m").await, "[[1]]");
    client.done("update m set size = 5 where location = 'a'").await;
    assert_eq!(client.rows("select size from m").await, "[[5]]");
    for (update, text) in [
        ("set size = 1 where size = 5", "unsupported binary operator or mismatching tag filter"),
        ("set v = 1 where location = 'a'", "primary tags and columns cannot be set"),
        ("set location = 'b' where location = 'a'", "primary tags and columns cannot be set"),
        ("set size = 1 where location is not null", "unsupported filter expression"),
    ] {
        assert_eq!(
            client.refused(&format!("update m {update}")).await,
            format!("pq: unsupported conditions in update: {text}")
        );
    }
    assert_eq!(client.rows("show tag values from m").await, r#"[["a",5]]"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn deletes_by_time_and_by_series() {
    let client = meters().await;
    client
        .inserted(
            3,
            "insert into m (ts, v, location) values ('2024-01-01', 1, 'a'), ('2024-01-02', 2, 'a'), ('2024-01-01', 3, 'b')",
        )
        .await;
    client.done("delete from m where ts < '2024-01-02' and location = 'a'").await;
    assert_eq!(client.rows("select v from m order by v").await, "[[2],[3]]");
    client.done("delete from m where ts >= '2024-01-02'").await;
    assert_eq!(client.rows("select v from m").await, "[[3]]");
    assert_eq!(client.rows("show tag values from m").await, r#"[["a",null],["b",null]]"#);
    client.done("delete from m where location = 'b'").await;
    assert_eq!(client.rows("show tag values from m").await, r#"[["a",null]]"#);
    assert_eq!(
        client.refused("delete from m where v = 1").await,
        "pq: unsupported conditions found in the deletion operation: unsupported binary operator or expressions"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn insert_from_a_query() {
    let client = meters().await;
    client
        .inserted(2, "insert into m values ('2024-01-01', 1, 1.5, 'x', 'a', 1), ('2024-01-02', 2, 2.5, 'y', 'a', 1)")
        .await;
    client.done("create table n (ts timestamptz not null, v int8) tags (location varchar(20) not null) primary tags (location)").await;
    client.inserted(2, "insert into n select ts, v, location from m").await;
    assert_eq!(client.rows("select v, location from n order by ts").await, r#"[[1,"a"],[2,"a"]]"#);
    assert_eq!(
        client.insert("insert into n (v, ts, location) select v, ts, location from m").await.desc(),
        "pq: first column must be timestamp when the target table is table of time series"
    );
    client.at("").done("create table r (a int, b string)").await;
    client.at("").inserted(2, "insert into r select v, s from tsdb.m").await;
    client.at("").inserted(2, "insert into r values (1 + 2, 'a' || 'b'), (abs(-4), upper('c'))").await;
    assert_eq!(client.at("").rows("select * from r order by a, b").await, r#"[[1,"x"],[2,"y"],[3,"ab"],[4,"C"]]"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_rows_in_one_statement() {
    let client = meters().await;
    let rows: Vec<String> = (0..1000)
        .map(|n| format!("({}, {}, {n}.5, 's{}', 'place {}')", 1_704_067_200_000_i64 + n, n % 100, n % 10, n % 7))
        .collect();
    client.inserted(1000, &format!("insert into m (ts, v, w, s, location) values {}", rows.join(","))).await;
    assert_eq!(
        client.rows("select count(*), count(distinct location), sum(v), max(w) from m").await,
        "[[1000,7,49500,999.5]]"
    );
}
