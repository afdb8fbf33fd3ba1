//! Requests that cannot be answered, and statements of other vendors.

use super::client::{Client, Envelope as _};

const QUERY: &str = "/rest/table/v1/query";
const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

#[tokio::test]
async fn media_types_and_bodies() {
    let client = Client::new().await;
    let statement = || r#"{"sql":"show current_user"}"#.to_owned();
    let text = [("content-type", "text/plain")];
    assert_eq!(client.send("POST", QUERY, &text, statement()).await.status, 415);
    assert_eq!(client.send("POST", QUERY, &[], statement()).await.status, 415);
    let html = [JSON[0], ("accept", "text/html")];
    assert_eq!(client.send("POST", QUERY, &html, statement()).await.status, 406);
    let charset = [("content-type", "application/json; charset=utf-8")];
    assert_eq!(client.send("POST", QUERY, &charset, statement()).await.status, 200);
    let malformed = client.send("POST", QUERY, &JSON, "{\"sql\":\n oops}".to_owned()).await;
    assert_eq!((malformed.status, malformed.code()), (400, 700));
    assert!(malformed.message().contains("line 2 column"), "{}", malformed.text);
    let long = client.send("POST", QUERY, &JSON, " ".repeat((1 << 20) + 1)).await;
    assert_eq!((long.status, long.code()), (413, 413));
    let statement = format!(r#"{{"sql":"select '{}' from t"}}"#, "x".repeat(64 << 10));
    assert_eq!(client.send("POST", QUERY, &JSON, statement).await.status, 413);
}

#[tokio::test]
async fn a_slash_behind_a_path_changes_nothing() {
    let client = Client::new().await;
    client.done("create table m (site string tag, t int32)").await;
    let statement = |sql: &str| format!(r#"{{"database":"plant","sql":"{sql}"}}"#);
    let written = client.send(
        "POST",
        "/rest/table/v1/nonQuery/",
        &JSON,
        statement("insert into m(time,site,t) values (1,'n',1)"),
    );
    assert_eq!(written.await.text, r#"{"code":200,"message":"SUCCESS_STATUS"}"#);
    let read = client.send("POST", "/rest/table/v1/query/", &JSON, statement("select t from m")).await;
    assert_eq!(read.json()["values"].to_string(), "[[1]]");
    let tablet = client.send("POST", "/rest/table/v1/insertTablet/", &JSON, "{}".to_owned()).await;
    assert_ne!(tablet.status, 404, "{}", tablet.text);
    let options = client.send("OPTIONS", "/rest/table/v1/query/", &[], String::new()).await;
    assert_eq!((options.status, options.text.as_str()), (200, "POST, OPTIONS"));
    assert_eq!(client.send("GET", "/ping/", &[], String::new()).await.status, 200);
    assert_eq!(client.by("root", "wrong").send("GET", "/ping/", &[], String::new()).await.status, 401);
    assert_eq!(client.by("root", "wrong").send("GET", "/ping", &[], String::new()).await.status, 200);
}

#[tokio::test]
async fn zones_and_options() {
    let client = Client::new().await;
    let statement = r#"{"sql":"show current_user"}"#.to_owned();
    let zone = [JSON[0], ("time-zone", "Nowhere/X")];
    let answer = client.send("POST", QUERY, &zone, statement).await;
    assert_eq!((answer.status, answer.message().as_str()), (400, "Invalid time zone: Nowhere/X"));
    let options = client.send("OPTIONS", QUERY, &[], String::new()).await;
    assert_eq!((options.status, options.text.as_str()), (200, "POST, OPTIONS"));
    assert_eq!(options.headers["allow"], "POST, OPTIONS");
    assert_eq!(
        client.send("GET", "/ping", &[], String::new()).await.text,
        r#"{"code":200,"message":"SUCCESS_STATUS"}"#
    );
}

#[tokio::test]
async fn other_vendors_statements_mean_nothing_here() {
    let client = Client::new().await;
    client.done("create table m (site string tag, t int32)").await;
    client.done("insert into m(time,site,t) values (1,'n',1)").await;
    for sql in [
        "create ts database d",
        "create table n (ts timestamp not null, v int) tags (s varchar(9)) primary tags (s)",
        "upsert into m(time,site,t) values (2,'n',2)",
        "create stable n (ts timestamp, v int) tags (s binary(9))",
        "insert into d1 using m tags ('x') values (now, 1)",
        "create table n (k int, v int) engine=olap duplicate key(k) distributed by hash(k)",
        "truncate table m",
        "begin",
        "drop table m; drop database plant",
        "create table n (v varchar)",
        "delete from m where t = 1",
        "update m set t = 2",
        "alter table m rename to n",
    ] {
        let (code, message) = client.refused("nonQuery", sql).await;
        assert!((700..=701).contains(&code) || code == 301, "{sql}: {code} {message}");
    }
    for sql in [
        "select count(*) from m interval(10s)",
        "select count(*) from m partition by site",
        "select count(*) from m state_window(t)",
        "select count(*) from m session_window(time, 1s)",
        "select count(*) from m event_window start with t > 1 end with t < 1",
        "select t from m slimit 1",
        "select t from m limit 1, 2",
        "select t from m fetch first 1 row only",
        "select t from m for update",
        "select t from m fill(previous)",
        "select t from m fill method previous",
        "select t from m asof join m n on m.time >= n.time",
        "select * from tumble(data => m, timecol => 'time', size => 10s)",
        "select t from m match_recognize (pattern (a) define a as t > 1)",
        "select date_bin_gapfill(1s, time), count(*) from m group by 1",
        "select last(t) filter (where t > 1) from m",
        "select t from m intersect all select t from m",
        "select t::int8 from m",
        "select t from m where site ~ 'n'",
        "select interval '1' day from m",
        "select time_bucket('1s', time) from m",
        "select t from [show tables]",
        "select power(t, 2) from m",
        "select tbname from m",
    ] {
        let (code, message) = client.refused("query", sql).await;
        assert!((700..=701).contains(&code), "{sql}: {code} {message}");
    }
    assert_eq!(client.rows("select * from m").await, r#"[[1,"n",1]]"#);
    assert_eq!(client.rows("show tables").await, r#"[["m","INF"]]"#);
}

#[tokio::test]
async fn syntax_errors_show_their_place() {
    let client = Client::new().await;
    for (sql, begins) in [
        ("selec 1", "line 1:1: mismatched input 'selec'"),
        ("select from t", "line 1:8: mismatched input 'from'"),
        ("select a from", "line 1:14: mismatched input '<EOF>'"),
        ("select a from t;", "line 1:16: mismatched input ';'"),
        ("select `a` from t", "line 1:8: backquoted identifiers are not supported"),
        ("select a\nfrom t where", "line 2:13: mismatched input '<EOF>'"),
        ("select 99999999999999999999 from t", "line 1:8: Invalid numeric literal: 99999999999999999999"),
        ("select a from t order x", "line 1:23: mismatched input 'x'"),
        ("select date_bin(1d12h, time) from t", "line 1:18: mismatched input 'd12h'"),
        ("", "line 1:1: mismatched input '<EOF>'"),
    ] {
        let (code, message) = client.refused("query", sql).await;
        assert_eq!(code, 700, "{sql}");
        assert!(message.starts_with(begins), "{sql}: {message}");
    }
}
