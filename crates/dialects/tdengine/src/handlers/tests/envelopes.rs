//! What stands around a statement: routes, credentials, parameters, bodies.

use super::client::{Client, Envelope as _};

#[tokio::test]
async fn a_change_and_a_query_have_the_documented_bodies() {
    let client = Client::new().await;
    let answer = client.sql("create database rt").await;
    assert_eq!(answer.text, r#"{"code":0,"column_meta":[["affected_rows","INT",4]],"data":[[0]],"rows":1}"#);
    assert_eq!(answer.headers["content-type"], "application/json; charset=utf-8");
    let answer = client.sql("SELECT 1").await;
    assert_eq!(answer.text, r#"{"code":0,"column_meta":[["1","BIGINT",8]],"data":[[1]],"rows":1}"#);
    for text in ["select 1;", "select 1; garbage here", "  select 1 -- remark\n", "/* remark */ select 1"] {
        assert_eq!(client.rows(text).await, "[[1]]", "{text}");
    }
    assert_eq!(client.at("/rest/sql/").rows("select 1").await, "[[1]]");
    let empty = client.sql("select name from information_schema.ins_databases where name = 'x'").await;
    assert_eq!(empty.text, r#"{"code":0,"column_meta":[["name","VARCHAR",64]],"data":[],"rows":0}"#);
}

#[tokio::test]
async fn rows_may_be_objects_and_time_may_be_told() {
    let client = Client::with_rt().await;
    client.changed(1, "insert into d1 (ts, v) values ('2024-01-01T00:00:00Z', 1)").await;
    let objects = client.at("/rest/sql/rt?row_with_meta=true");
    assert_eq!(
        objects.sql("select ts, v from d1").await.json()["data"].to_string(),
        r#"[{"ts":"2024-01-01T00:00:00.000Z","v":1}]"#
    );
    let answer = objects.sql("insert into d1 (ts, v) values ('2024-01-01T00:00:00Z', 1)").await;
    assert_eq!(
        answer.text,
        r#"{"code":0,"column_meta":[["affected_rows","INT",4]],"data":[{"affected_rows":1}],"rows":1}"#
    );
    let timed = client.at("/rest/sql?timing=true").sql("select 1").await;
    assert!(timed.json()["timing"].as_u64().unwrap() > 0, "{}", timed.text);
    assert!(client.at("/rest/sql?timing=1").sql("select 1").await.json().get("timing").is_none());
}

#[tokio::test]
async fn zones_print_and_the_connections_zone_reads_too() {
    let client = Client::with_rt().await;
    client
        .at("/rest/sql/rt?conn_tz=Asia/Shanghai")
        .changed(1, "insert into d1 (ts) values ('2024-01-01 08:00:00')")
        .await;
    client.at("/rest/sql/rt?tz=Asia/Shanghai").changed(1, "insert into d1 (ts) values ('2024-01-01 08:00:00')").await;
    let stored = r#"[["2024-01-01T00:00:00.000Z"],["2024-01-01T08:00:00.000Z"]]"#;
    assert_eq!(client.rows("select ts from d1").await, stored);
    assert_eq!(client.at("/rest/sql/rt?tz=").rows("select ts from d1").await, stored);
    let shown = r#"[["2024-01-01T08:00:00.000+08:00"],["2024-01-01T16:00:00.000+08:00"]]"#;
    assert_eq!(client.at("/rest/sql/rt?tz=Asia/Shanghai").rows("select ts from d1").await, shown);
    client.changed(1, "insert into d1 (ts) values ('2024-07-01 00:00:00')").await;
    let seasons =
        r#"[["2023-12-31T19:00:00.000-05:00"],["2024-01-01T03:00:00.000-05:00"],["2024-06-30T20:00:00.000-04:00"]]"#;
    assert_eq!(client.at("/rest/sql/rt?tz=America/New_York").rows("select ts from d1").await, seasons);
}

#[tokio::test]
async fn credentials_are_checked_as_documented() {
    let client = Client::new().await;
    for (header, status, code, text) in [
        (None, 401, 4357, "no auth info input"),
        (Some("basic cm9vdDp0YW9zZGF0YQ=="), 401, 4386, "invalid type of Authorization"),
        (Some("Bearer abc"), 401, 4386, "invalid type of Authorization"),
        (Some("Basic !!!"), 401, 4388, "invalid basic Authorization"),
        (Some("Basic cm9vdDo="), 401, 4388, "invalid basic Authorization"),
        (Some("Taosd abc"), 401, 4389, "invalid taosd Authorization"),
        (Some("Basic cm9vdDp3cm9uZw=="), 200, 855, "Authentication failure"),
        (Some("Basic bm9ib2R5Ongx"), 200, 855, "Authentication failure"),
    ] {
        let answer = client.authorized(header).sql("create database nobody").await;
        assert_eq!((answer.status, answer.code(), answer.desc().as_str()), (status, code, text), "{header:?}");
        assert!(answer.json()["timing"].is_u64());
    }
    assert_eq!(client.refused("use nobody").await.0, 904, "nothing was made");
    let token = "Taosd /KfeAzX/f9na8qdtNZmtONryp201ma04bEl8LcvLUd7a8qdtNZmtONryp201ma04";
    assert_eq!(client.authorized(Some(token)).rows("select 1").await, "[[1]]");
}

#[tokio::test]
async fn login_makes_the_vendors_token() {
    let client = Client::new().await.authorized(None);
    let answer = client.at("/rest/login/root/taosdata").send("GET", "").await;
    assert_eq!(answer.text, r#"{"code":0,"desc":"/KfeAzX/f9na8qdtNZmtONryp201ma04bEl8LcvLUd7a8qdtNZmtONryp201ma04"}"#);
    let answer = client.at("/rest/login/root/bad").send("GET", "").await;
    assert_eq!((answer.status, answer.code(), answer.desc()), (401, 3, "Authentication failure".to_owned()));
    let answer = client.at(&format!("/rest/login/{}/x", "u".repeat(25))).send("GET", "").await;
    assert_eq!((answer.status, answer.code()), (400, 4362));
    assert_eq!(client.at("/rest/login/root/taosdata").send("POST", "").await.status, 404);
}
