//! The SQL endpoint.

use super::client::{Client, Envelope as _, M, cpu};
use http_body_util::BodyExt as _;
use model::{TimeUnit, Value as Cell};
use serde_json::{Value, json};
use std::time::Duration;

const SQL: &str = "/api/v1/catalogs/default_catalog/databases/m/sql";

async fn filled() -> Client {
    let client = Client::with_database().await;
    client.created(&format!("{M}/tables"), cpu()).await;
    let row = |seconds: i64, host: &str, usage: f64| {
        vec![
            Cell::Instant(seconds * 1_000 + 500, TimeUnit::Millisecond),
            Cell::Float(usage),
            Cell::Text(host.to_owned()),
            Cell::Text("x".to_owned()),
        ]
    };
    let rows = [row(0, "a", 1.0), row(60, "b", 2.5), row(3_600, "a", 4.0)];
    let rows: Vec<&[Cell]> = rows.iter().map(Vec::as_slice).collect();
    client.write("cpu", &rows).await;
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_is_answered_line_by_line() {
    let client = Client::with_database().await;
    let answer = client.sql("select 1 as a;").await;
    let lines: Vec<&str> = answer.text.lines().collect();
    assert!(lines[0].starts_with("{\"connectionId\":"), "{}", answer.text);
    assert_eq!(
        lines[1..],
        [
            r#"{"meta":[{"name":"a","type":"tinyint(4)"}]}"#,
            r#"{"data":[1]}"#,
            r#"{"statistics":{"scanRows":0,"scanBytes":0,"returnRows":1}}"#,
        ]
    );
    assert_eq!(answer.header("content-type"), "application/x-ndjson; charset=utf-8");
    assert_eq!(answer.header("x-starrocks-query-id").len(), 36);
    // Whoever asks an answer that has ended for more, as a layer that compresses does, gets its end again.
    let mut body = client.body("POST", SQL, json!({"query": "select 1"})).await;
    while body.frame().await.transpose().unwrap().is_some() {}
    assert!(body.frame().await.is_none());
    let raw = client.post(SQL, json!({"query": "select 2", "onlyOutputResultRaw": true})).await;
    assert!(raw.text.starts_with("{\"meta\":"), "{}", raw.text);
    let empty = client.sql("select 1 as a where false").await;
    assert_eq!(empty.lines().len(), 3);
    // Without a database tables are named with theirs.
    client.made("create table t (a int)").await;
    let path = "/api/v1/catalogs/default/sql";
    assert_eq!(client.post(path, json!({"query": "select count(*) from m.t"})).await.rows(), "[[0]]");
    assert_eq!(client.post(path, json!({"query": "select count(*) from default_catalog.m.t"})).await.rows(), "[[0]]");
    for name in ["m.t", "default_catalog.m.t"] {
        assert_eq!(client.post(path, json!({"query": format!("select t.* from {name}")})).await.rows(), "[]", "{name}");
    }
    let nowhere = client.post(path, json!({"query": "select * from t"})).await;
    assert_eq!((nowhere.status, &nowhere.json()["msg"]), (400, &json!("No database selected")));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_time_series_in_the_zone_that_is_asked_for() {
    let client = filled().await;
    let answer = client.sql("select * from cpu order by ts").await;
    assert_eq!(
        answer.lines()[1],
        json!({"meta": [
            {"name": "ts", "type": "datetime"}, {"name": "usage", "type": "double"},
            {"name": "host", "type": "varchar"}, {"name": "dc", "type": "varchar"}
        ]})
    );
    assert!(answer.text.contains(r#"{"data":["1970-01-01 00:00:00.500000",1,"a","x"]}"#), "{}", answer.text);
    let zoned = json!({"query": "select min(ts) from cpu where ts >= '1970-01-01 08:01:00'", "sessionVariables": {"time_zone": "+08:00"}});
    assert_eq!(client.post(SQL, zoned).await.rows(), r#"[["1970-01-01 08:01:00.500000"]]"#);
    let parts = json!({
        "query": "select hour(ts) h, date(ts), date_format(ts, '%Y/%m/%d %H:%i:%s'), cast(ts as string) from cpu order by ts limit 1",
        "sessionVariables": {"time_zone": "Asia/Shanghai"}
    });
    assert_eq!(
        client.post(SQL, parts).await.rows(),
        r#"[[8,"1970-01-01","1970/01/01 08:00:00","1970-01-01 08:00:00.500000"]]"#
    );
    assert_eq!(
        client.rows("select host, count(*), sum(usage), avg(usage) from cpu group by host order by host").await,
        r#"[["a",2,5,2.5],["b",1,2.5,2.5]]"#
    );
    assert_eq!(
        client.rows("SELECT c.HOST, date_trunc('hour', TS) AS h FROM cpu c ORDER BY h DESC LIMIT 1").await,
        r#"[["a","1970-01-01 01:00:00"]]"#
    );
    assert_eq!(
        client.rows("select hour(ts) as h, count(*) c from cpu where ts between '1970-01-01' and '1970-01-02' group by h having c > 1").await,
        "[[0,2]]"
    );
    assert_eq!(client.rows("select host from cpu order by ts limit 1, 1").await, r#"[["b"]]"#);
    let limited = json!({"query": "select host from cpu", "sessionVariables": {"sql_select_limit": 2}});
    assert_eq!(client.post(SQL, limited).await.lines().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_and_functions_mean_what_this_vendor_means() {
    let client = Client::with_database().await;
    for (expression, value) in [
        ("1 / 2", "0.5"),
        ("1 / 0", "null"),
        ("7 % 0", "null"),
        ("cast('abc' as int)", "null"),
        ("cast(true as string)", "\"1\""),
        ("true + 1", "2"),
        ("'2' * 3", "6"),
        ("'10' > 9", "1"),
        ("concat('a', null)", "null"),
        ("concat('a', 1, true)", "\"a11\""),
        ("length('温')", "3"),
        ("char_length('温')", "1"),
        ("ifnull(null, 2)", "2"),
        ("if(1 > 2, 'a', 'b')", "\"b\""),
        ("greatest(1, null)", "null"),
        ("greatest(1, 3, 2)", "3"),
        ("instr('abc', 'b')", "2"),
        ("locate('b', 'abc')", "2"),
        ("round(log(2.718281828459045), 3)", "1"),
        ("regexp_replace('aaa', 'a', 'b')", "\"bbb\""),
        ("'abc' regexp '^a'", "1"),
        ("year('2024-02-03 04:05:06')", "2024"),
        ("dayofweek('2024-02-04')", "1"),
        ("\"double\"", "\"double\""),
        ("'it''s\\n'", "\"it's\\n\""),
        ("substr('hello', -3)", "\"llo\""),
        ("substring('hello', -3, 2)", "\"ll\""),
        ("substr('hello', 2, 2)", "\"el\""),
        ("5 between '4' and '10'", "1"),
        ("5 not between '4' and '10'", "0"),
        ("10 in ('9', '10.0')", "1"),
        ("'b' in ('a', 'b')", "1"),
        ("null between 1 and 2", "null"),
        ("database()", "\"m\""),
        ("catalog()", "\"default_catalog\""),
        ("cast(1.5 as decimal(10,3))", "\"1.500\""),
        ("cast('12345678901234567890' as largeint)", "\"12345678901234567890\""),
        ("date_add(cast('2024-01-31' as datetime), interval 1 day)", "\"2024-02-01 00:00:00\""),
        ("18446744073709551615", "\"18446744073709551615\""),
        ("-9223372036854775808", "-9223372036854775808"),
        ("cast(2.7 as int)", "2"),
        ("x'ff'", "\"/w==\""),
        ("null", "null"),
    ] {
        assert_eq!(client.rows(&format!("select {expression}")).await, format!("[[{value}]]"), "{expression}");
    }
    let named = client.sql("select 1+1, count(*), 1+1, `x`, X from (select 1 as x) s group by x").await.lines();
    let names: Vec<&Value> = named[1]["meta"].as_array().unwrap().iter().map(|column| &column["name"]).collect();
    assert_eq!(names, ["1 + 1", "count(*)", "1 + 1", "x", "X"]);
    for expression in [
        "'a' || 'b'",
        "1 ^ 2",
        "7 div 2",
        "unix_timestamp()",
        "nonsense(1)",
        "time_slice(now(), interval 1 hour)",
        "hex(1)",
    ] {
        assert_eq!(client.refused(&format!("select {expression}")).await.0, 400, "{expression}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_as_it_is_spelled() {
    let client = Client::with_database().await;
    client
        .made(
            "create table v (b boolean, i bigint, l largeint, d decimal(10,2), f float, t varchar(9), x varbinary(9), \
             j json, day date, at datetime, n int)",
        )
        .await;
    let row = [
        Cell::Boolean(true),
        Cell::Integer(9_007_199_254_740_993),
        Cell::Decimal(model::Decimal { unscaled: -7, scale: 0 }),
        Cell::Decimal(model::Decimal { unscaled: 1_000, scale: 2 }),
        Cell::Float(0.1),
        Cell::Text("t\"".to_owned()),
        Cell::Binary(vec![0, 255]),
        Cell::Text("{\"a\": [1]}".to_owned()),
        Cell::Date(1),
        Cell::LocalDateTime(1_500_000, TimeUnit::Microsecond),
        Cell::Null,
    ];
    client.write("v", &[&row]).await;
    let answer = client.sql("select * from v").await;
    let types: Vec<String> = answer.lines()[1]["meta"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| column["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        types,
        [
            "boolean",
            "bigint(20)",
            "largeint(40)",
            "decimal64(10, 2)",
            "float",
            "varchar",
            "varbinary",
            "json",
            "date",
            "datetime",
            "int(11)"
        ]
    );
    assert!(
        answer.text.contains(concat!(
            r#"{"data":[1,9007199254740993,"-7","10.00",0.1,"t\"","AP8=",{"a": [1]},"1970-01-02","#,
            r#""1970-01-01 00:00:01.500000",null]}"#
        )),
        "{}",
        answer.text
    );
    assert_eq!(
        client.rows("select sum(i), sum(d), avg(n), B from v where b = 1 and L < 0 group by b").await,
        r#"[[9007199254740993,"10.00",null,1]]"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn shows_are_one_object() {
    let client = filled().await;
    client.made("create table t (k int not null, v varchar(9) default 'x' comment 'c') primary key (k)").await;
    let answer = client.sql("show catalogs").await;
    assert!(!answer.text.ends_with('\n'));
    let json = answer.json();
    assert_eq!(json["data"][0]["Catalog"], "default_catalog");
    assert_eq!(json["statistics"]["returnRows"], 1);
    assert_eq!(client.sql("show databases like 'm%'").await.json()["data"], json!([{"Database": "m"}]));
    assert_eq!(client.sql("show tables").await.json()["data"], json!([{"Tables_in_m": "cpu"}, {"Tables_in_m": "t"}]));
    assert_eq!(client.sql("show tables from m like 'c%'").await.json()["data"], json!([{"Tables_in_m": "cpu"}]));
    let described = client.sql("desc t").await.json();
    assert_eq!(
        described["data"][1],
        json!({
            "Field": "v", "Type": "varchar(9)", "Null": "YES", "Key": "false", "Default": "x", "Extra": ""
        })
    );
    let described = client.sql("describe cpu").await.json();
    let extras: Vec<&Value> = described["data"].as_array().unwrap().iter().map(|row| &row["Extra"]).collect();
    assert_eq!(extras, ["time", "", "primary tag", "tag"]);
    assert_eq!(client.sql("show full columns from t").await.json()["data"][1]["Comment"], "c");
    assert!(
        client.sql("show create table cpu").await.json()["data"][0]["Create Table"]
            .as_str()
            .unwrap()
            .contains("timeSeries")
    );
    let variables = client.sql("show variables like 'time_zone'").await.json();
    assert_eq!(variables["data"], json!([{"Variable_name": "time_zone", "Value": "+00:00"}]));
    let explained = client.sql("explain select * from cpu where host = 'a'").await.json();
    assert!(explained["explain"].as_str().unwrap().contains("cpu"), "{explained}");
    assert!(!explained.to_string().contains("FieldMetadata"), "{explained}");
    let processes = client.sql("show processlist").await.json();
    assert_eq!(processes["data"][0]["Info"], "show processlist");
    assert_eq!(
        client.refused("show partitions from t").await,
        (400, "SHOW PARTITIONS FROM is not supported".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_answered() {
    let client = filled().await;
    let begins = |text: &str, start: &str| assert!(text.contains(start), "{text}: {start}");
    for (query, text) in [
        (" ", "\"query can not be empty\""),
        (";", "\"query can not be empty\""),
        ("select 1; select 2", "does not support execute multiple query"),
        ("drop table cpu", "only support SELECT"),
        ("create table t (a int)", "only support SELECT"),
        ("insert into cpu values (1)", "only support SELECT"),
        ("set time_zone = 'UTC'", "only support SELECT"),
        ("selec", "Getting syntax error at line 1, column 1. Detail message: "),
        ("select * from cpu where", "Getting syntax error at line 1, column"),
        ("select * from none", "Unknown table 'none'"),
        ("select * from none.cpu", "Unknown database 'none'"),
        ("select * from hive.m.cpu", "Unknown catalog 'hive'"),
        ("select nope from cpu", "Column 'nope' cannot be resolved"),
        ("select nope(1)", "No matching function"),
        ("select host from cpu group by dc", "GROUP BY"),
        ("select usage + host + ts from cpu", ""),
        ("kill 99999", "Unknown thread id: 99999"),
        ("select 1 into outfile 'x'", "OUTFILE"),
        ("select * from cpu state_window(usage)", "Getting syntax error"),
        ("select last(*) from cpu", ""),
        ("select usage from root.m.cpu", "Unknown catalog 'root'"),
    ] {
        let (status, found) = client.refused(query).await;
        assert_eq!(status, 400, "{query}: {found}");
        begins(&found, text);
    }
    for (body, text) in [
        ("{", "malformed json ["),
        ("", "malformed json ["),
        ("[]", "malformed json ["),
        ("{}", "\"query can not be empty\""),
        (r#"{"query": 1}"#, "the field query must be a text"),
        (r#"{"query": "select 1", "nonsense": 1}"#, "there is no field nonsense here"),
        (r#"{"query": "select 1", "sessionVariables": {"nope": 1}}"#, "Unknown system variable 'nope'"),
        (
            r#"{"query": "select 1", "sessionVariables": {"time_zone": "Mars"}}"#,
            "Unknown or incorrect time zone: 'Mars'",
        ),
    ] {
        let answer = client.send("POST", SQL, body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
        begins(answer.json()["msg"].as_str().unwrap(), text);
    }
    for path in [
        "/api/v1/catalogs/default/databases/none/sql",
        "/api/v1/catalogs/hive/databases/m/sql",
        "/api/v1/catalogs/hive/sql",
    ] {
        let answer = client.post(path, json!({"query": "select 1"})).await;
        assert_eq!((answer.status, &answer.json()["msg"]), (403, &json!("set catalog or db failed")), "{path}");
    }
    assert_eq!(client.send("POST", &format!("{SQL}?x=1"), "{}").await.status, 400);
    assert_eq!(client.typed(Some("text/plain")).send("POST", SQL, "select 1").await.status, 415);
    assert_eq!(client.with("accept", "image/png").send("POST", SQL, "{}").await.status, 406);
    assert_eq!(client.rows("select count(*) from cpu").await, "[[3]]");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_query_is_killed_by_its_connection() {
    let client = Client::with_database().await;
    let slow = {
        let client = client.clone();
        let forever = "with recursive t as (select 1 as n union all select n + 1 from t where n < 100000000000) \
                       select count(*) from t";
        tokio::spawn(async move { client.sql(forever).await })
    };
    let id = loop {
        let processes = client.sql("show processlist").await.json();
        let running = processes["data"].as_array().unwrap().clone();
        if let Some(row) = running.iter().find(|row| row["Info"].as_str().unwrap().contains("recursive")) {
            break row["Id"].as_str().unwrap().to_owned();
        }
        if slow.is_finished() {
            panic!("{}", slow.await.unwrap().text);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let killed = client.sql(&format!("kill {id}")).await;
    assert_eq!((killed.status, killed.text.as_str()), (200, ""));
    let answer = slow.await.unwrap();
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert!(answer.text.contains("cancelled"), "{}", answer.text);
    assert!(client.engine.queries().running().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn finer_times_are_compared_as_they_are_shown() {
    let client = Client::with_database().await;
    let table = json!({
        "name": "fine", "timeColumn": {"name": "ts", "precision": "ns"},
        "columns": [{"name": "v", "type": "int"}],
        "tags": [{"name": "host", "type": "varchar(20)", "isPrimary": true}],
    });
    client.created(&format!("{M}/tables"), table).await;
    let row = |nanos: i64, value: i128| {
        vec![Cell::Instant(nanos, TimeUnit::Nanosecond), Cell::Integer(value), Cell::Text("a".to_owned())]
    };
    let rows =
        [row(1_700_000_000_123_455_789, 1), row(1_700_000_000_123_456_789, 2), row(1_700_000_000_123_457_789, 3)];
    client.write("fine", &rows.each_ref().map(Vec::as_slice)).await;
    let shown = "'2023-11-14 22:13:20.123456'";
    assert_eq!(client.rows("select ts from fine where v = 2").await, format!("[[{}]]", shown.replace('\'', "\"")));
    for (condition, rows) in [
        (format!("ts = {shown}"), "[[2]]"),
        (format!("ts <> {shown}"), "[[1],[3]]"),
        (format!("ts < {shown}"), "[[1]]"),
        (format!("ts <= {shown}"), "[[1],[2]]"),
        (format!("ts > {shown}"), "[[3]]"),
        (format!("ts >= {shown}"), "[[2],[3]]"),
        (format!("{shown} >= ts"), "[[1],[2]]"),
        ("ts = '2023-11-14 22:13:20.123456789'".to_owned(), "[[2]]"),
    ] {
        assert_eq!(
            client.rows(&format!("select v from fine where {condition} order by ts")).await,
            rows,
            "{condition}"
        );
    }
}
