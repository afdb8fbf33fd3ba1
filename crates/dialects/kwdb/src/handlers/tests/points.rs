//! Points through the four endpoints: tables that come to be, what is refused, what is answered.

use super::client::{Client, Envelope as _, basic};
use serde_json::json;

const IOT: &str = "7ec78703182df4f0a72fa3b8d1abaae021ff1ff8a66f8fadf0534f09099739cf";

/// `desc`, `code` and `rows` of an answer.
async fn sent(client: &Client, endpoint: &str, body: &str) -> (i64, String, serde_json::Value) {
    let answer = client.send("POST", endpoint, body.to_owned()).await;
    let json = answer.json();
    assert_eq!(answer.status, 200, "{}", answer.text);
    (json["code"].as_i64().unwrap(), json["desc"].as_str().unwrap_or("null").to_owned(), json["rows"].clone())
}

fn stored(rows: u64) -> (i64, String, serde_json::Value) {
    (0, "null".to_owned(), json!(rows))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_makes_its_table() {
    let client = Client::with_tsdb().await;
    assert_eq!(sent(&client, "influxdb", "iot,tag1=iotpc01 e1=1").await, stored(1));
    let shown = client.rows("show columns from iot").await;
    for column in [
        "\"k_timestamp\",\"TIMESTAMPTZ(9)\"",
        "\"e1\",\"FLOAT8\"",
        "\"primary_tag\",\"VARCHAR(64)\"",
        "\"tag1\",\"VARCHAR(254)\"",
    ] {
        assert!(shown.contains(column), "{column} in {shown}");
    }
    assert_eq!(client.rows("select primary_tag, tag1, e1 from iot").await, format!("[[\"{IOT}\",\"iotpc01\",1.0]]"));

    let body = "iot,tag1=a e2=1i,e3=t,e4=\"x y,z\" 1556813561098000000\niot,tag1=a e1=2.5 1556813561098000000\n\n";
    client.done("set cluster setting ts.dedup.rule = 'merge'").await;
    assert_eq!(sent(&client, "influxdb", body).await, stored(2));
    assert_eq!(
        client.rows("select k_timestamp, e1, e2, e3, e4 from iot where tag1 = 'a'").await,
        "[[\"2019-05-02T16:12:41.098Z\",2.5,1,true,\"x y,z\"]]"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn names_keep_their_case_and_types_grow() {
    let client = Client::with_tsdb().await;
    let long = "x".repeat(300);
    let body = format!("Iot,Tag1=x 1e=2,s=\"a\" 1\niot v=1 1\nmy\\ table,标=值 f=1 1\nIot,Tag1=x s=\"{long}\" 2");
    assert_eq!(sent(&client, "influxdb", &body).await, stored(4));
    assert_eq!(client.rows("select \"Tag1\", \"1e\" from \"Iot\" where s = 'a'").await, "[[\"x\",2.0]]");
    assert_eq!(client.rows("select \"标\", f from \"my table\"").await, "[[\"值\",1.0]]");
    assert!(client.rows("show columns from \"Iot\"").await.contains("\"s\",\"VARCHAR(300)\""));
    assert_eq!(client.rows("select count(*) from iot").await, "[[1]]");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_line_is_named_and_the_good_ones_are_stored() {
    let client = Client::with_tsdb().await;
    client.done("create table t (ts timestamp not null, e2 int8, s varchar(10)) tags (a varchar(9) not null) primary tags (a)").await;
    let body = "t,a=1 e2=1i 1556813561098\nt,a=1\nt,a=1 e2=\"str\" 1\nt e2=2i 1\n# none\nt,a=1 a=3\nt,s=1 e2=1i\nt,a=2 S=1\n\
                t,a=3 e2=1i,e2=2i\nt,a=4 e2=1.5\nt,a=5 e2=7i 1556813561098001";
    let (code, desc, rows) = sent(&client, "influxdb", body).await;
    assert_eq!((code, rows), (-1, json!(2)));
    let entries: Vec<_> = desc.trim_end_matches(';').split(';').collect();
    assert_eq!(
        entries,
        [
            "success",
            "wrong influxdb insert statement and please check (missing fields (line 2, column 6))",
            "pq: could not resolve \"str\" as INT8 type (column e2)",
            "pq: need to specify all primary tag [a]",
            "pq: duplicate COLUMN name: \"a\"",
            "pq: duplicate TAG name: \"s\"",
            "pq: duplicate column name: \"s\"",
            "pq: multiple assignments to the same column \"e2\"",
            "pq: could not resolve \"1.5\" as INT8 type (column e2)",
            "success",
        ]
    );
    // Times are told by their digits and kept in the table's unit.
    let rows = client.rows("select a, e2, ts from t order by ts, a").await;
    assert_eq!(rows, "[[\"1\",1,\"2019-05-02T16:12:41.098Z\"],[\"5\",7,\"2019-05-02T16:12:41.098Z\"]]");
    let (code, desc, rows) = sent(&client, "telegraf", "nothing\n").await;
    assert_eq!((code, rows), (-1, json!(null)));
    assert_eq!(desc, "wrong telegraf insert statement and please check (missing fields (line 1, column 8));");
    assert!(!client.rows("show tables").await.contains("nothing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn telegraf_writes_tables_made_by_hand() {
    let client = Client::with_tsdb().await;
    let make = "create table meters (ts timestamp not null, current float, voltage int, phase float) \
                tags (location varchar(20) not null) primary tags (location)";
    client.done(make).await;
    let line = "meters,location=Beijing current=17.01,voltage=220,phase=0.29 1556813561098000000\n";
    assert_eq!(sent(&client, "telegraf", line).await, stored(1));
    assert_eq!(
        client.rows("select * from meters").await,
        "[[\"2019-05-02T16:12:41.098Z\",17.01,220,0.29,\"Beijing\"]]"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn opentsdb_in_both_forms_is_one_table() {
    let client = Client::with_tsdb().await;
    let lines = "meters.current 1648432611250 11.3 location=LA groupid=3\nput meters.current 1648432612 12 location=LA groupid=3\n\
                 meters.current 1648432613000000 13 location=LA groupid=3";
    let (code, desc, rows) = sent(&client, "opentsdbtelnet", lines).await;
    assert_eq!((code, desc.as_str(), rows), (0, "success;success;success;", json!(3)));
    let json = r#"[{"metric":"meters.current","timestamp":1648432614,"value":14,"tags":{"location":"LA","groupid":"3"}},
                   {"metric":"meters.current","timestamp":1648432614,"value":"0.5","tags":{"host":15}}]"#;
    let (code, desc, rows) = sent(&client, "opentsdbjson", json).await;
    assert_eq!((code, desc.as_str(), rows), (0, "success;success;", json!(2)));
    assert_eq!(
        client
            .rows("select k_timestamp, value from \"meters.current\" where location = 'LA' order by k_timestamp")
            .await,
        "[[\"2022-03-28T01:56:51.25Z\",11.3],[\"2022-03-28T01:56:52Z\",12.0],[\"2022-03-28T01:56:53Z\",13.0],[\"2022-03-28T01:56:54Z\",14.0]]"
    );
    assert_eq!(client.rows("select count(distinct primary_tag) from \"meters.current\"").await, "[[2]]");
    let number = "3acc4dcaa49696f23c82892b5fc9191e76d355136c48fe5fabe34ee80c564988";
    let of_number = "select primary_tag, host, value from \"meters.current\" where host = 15";
    assert_eq!(client.rows(of_number).await, format!("[[\"{number}\",15.0,0.5]]"));

    let bad = "m 1 x a=b\nm 1\nm 1648432611 1 a=b a=c\nm 1648432611 1 a\n";
    let (code, desc, rows) = sent(&client, "opentsdbtelnet", bad).await;
    assert_eq!((code, rows), (-1, json!(null)));
    let told: Vec<_> = desc
        .trim_end_matches(';')
        .split(';')
        .map(|e| e.trim_start_matches("wrong opentsdb telnet insert statement: "))
        .collect();
    assert_eq!(
        told,
        [
            "value is not float type (line 1, column 5)",
            "missing indicator items (line 2, column 4)",
            "duplicate tag column (line 3, column 20)",
            "value is not just a column (line 4, column 16)",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_json_body_is_taken_whole_or_not_at_all() {
    let client = Client::with_tsdb().await;
    let good = r#"{"metric":"m","timestamp":1,"value":1,"tags":{"a":"b"}}"#;
    for (body, desc) in [
        ("[]".to_owned(), "invalid data for opentsdb json protocol, please check the format."),
        (format!("[{good},{{\"metric\":\"m\",\"timestamp\":1}}]"), "timestamp or value column is nil (element 2)"),
        (
            format!("[{good},{{\"metric\":\"m\",\"timestamp\":1,\"value\":1,\"tags\":{{\"a\":true}}}}]"),
            "tags type is not support (element 2)",
        ),
        (format!("[{good},]"), "trailing comma (line 1, column 58)"),
        ("put m 1 1 a=b".to_owned(), "expected value (line 1, column 1)"),
    ] {
        let answer = client.send("POST", "opentsdbjson", body.clone()).await;
        assert_eq!((answer.status, answer.desc().as_str()), (400, desc), "{body}");
        assert_eq!(answer.json()["code"], -1);
    }
    assert_eq!(client.rows("show tables").await, "[]");
    let one = client.send("POST", "opentsdbjson", good).await;
    assert_eq!(one.json()["rows"], 1, "a single object is taken too");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_refused_store_nothing() {
    let client = Client::with_tsdb().await;
    let line = "m,a=b f=1 1";
    for endpoint in ["telegraf", "influxdb", "opentsdbjson", "opentsdbtelnet"] {
        let answer = client.send("GET", endpoint, line).await;
        assert_eq!((answer.status, answer.desc().as_str()), (400, "only support POST method"), "{endpoint}");
        let answer = client.send("POST", endpoint, "").await;
        assert_eq!((answer.status, answer.desc().as_str()), (400, "invalid request body"), "{endpoint}");
        let answer = client.authorized(Some("Basic 00ff00ff")).send("POST", endpoint, line).await;
        let code = if endpoint == "telegraf" { 500 } else { -1 };
        let expected =
            format!("{{\"code\":{code},\"desc\":\"Incorrect authentication token\",\"rows\":null,\"time\":null}}");
        assert_eq!((answer.status, answer.text), (401, expected), "{endpoint}");
        for header in [None, Some("Basic"), Some("Basic !!"), Some(basic("root", "wrong").as_str())] {
            let answer = client.authorized(header).send("POST", endpoint, line).await;
            assert_eq!(answer.status, 401, "{endpoint} {header:?}");
        }
        let answer = client.at("db=tsdb&tz=15").send("POST", endpoint, line).await;
        assert_eq!(answer.status, 400, "{endpoint}");
        let answer = client.send("POST", endpoint, vec![b'm', 0xff]).await;
        assert_eq!(answer.status, 400, "{endpoint}");
    }
    let answer = client.at("db=tsdb&precision=d").send("POST", "influxdb", line).await;
    assert!(answer.status == 400 && answer.desc().contains("precision"), "{}", answer.text);
    let (code, desc, rows) = sent(&client.at("db=TSDB"), "influxdb", line).await;
    assert_eq!((code, desc.as_str(), rows), (-1, "pq: database \"TSDB\" does not exist;", json!(null)));
    assert_eq!(client.rows("show tables").await, "[]");
    assert_eq!(sent(&client.at("db=tsdb&precision=s"), "influxdb", "m f=1 1556813561").await, stored(1));
    assert_eq!(client.rows("select k_timestamp from m").await, "[[\"2019-05-02T16:12:41Z\"]]");
}

#[tokio::test(flavor = "multi_thread")]
async fn making_needs_create_and_insert_widens() {
    let client = Client::with_tsdb().await;
    client.done("create user u1 password 'pw'").await;
    let user = client.by("u1", "pw");
    let (code, desc, _) = sent(&user, "influxdb", "m f=1").await;
    assert_eq!((code, desc.as_str()), (-1, "pq: user u1 does not have CREATE privilege on database tsdb;"));
    assert_eq!(sent(&client, "influxdb", "m f=1").await, stored(1));
    let (_, desc, _) = sent(&user, "influxdb", "m f=1").await;
    assert_eq!(desc, "pq: user u1 does not have INSERT privilege on timeseries table m;");
    client.done("grant insert on table m to u1").await;
    assert_eq!(sent(&user, "influxdb", "m f=1,g=2").await, stored(1));
}
