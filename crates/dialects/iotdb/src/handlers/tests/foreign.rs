//! Tables that other doors made: their lengths, types, finer times and names hold here too.

use super::client::{Client, Envelope as _};
use engine::{NewColumn, NewTable};
use model::{ColumnRole, DataType, Table, TableKind, TextLength, TimeUnit, Value};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

const NANOS: i64 = 1_700_000_000_123_456_789;

/// A table with nanoseconds, the key `k`, and these columns.
async fn made(client: &Client, name: &str, key: &str, others: &[(&str, ColumnRole, DataType)]) -> Arc<Table> {
    let column = |name: &str, role, data_type, nullable| NewColumn {
        name: name.to_owned(),
        role,
        data_type,
        nullable,
        default: None,
        declared: None,
        hidden: false,
        comment: None,
        properties: BTreeMap::new(),
    };
    let mut columns = vec![
        column("ts", ColumnRole::Time, DataType::Instant(TimeUnit::Nanosecond), false),
        column(key, ColumnRole::Key, DataType::Text(Some(TextLength::bytes(10))), false),
    ];
    columns.extend(others.iter().map(|(name, role, data_type)| column(name, *role, *data_type, true)));
    let new = NewTable {
        database: client.store().database("plant"),
        name: name.to_owned(),
        kind: TableKind::Series,
        columns,
        key: vec![key.to_owned()],
        unique: Vec::new(),
        partition_seconds: None,
        retention_seconds: None,
        comment: None,
        properties: BTreeMap::new(),
    };
    client.store().engine.create_table(&client.store().root(), new).await.unwrap()
}

/// Writes rows as another door does: time in nanoseconds, key, and one more column.
async fn write(client: &Client, table: &Table, column: &str, rows: &[(i64, &str, Value)]) {
    let key = &table.key_columns().next().unwrap().name;
    let cells = |(nanos, key, value): &(i64, &str, Value)| {
        [Value::Instant(*nanos, TimeUnit::Nanosecond), Value::Text((*key).to_owned()), value.clone()]
    };
    let rows: Vec<_> = rows.iter().map(cells).collect();
    let rows: Vec<&[Value]> = rows.iter().map(<[_; 3]>::as_slice).collect();
    client.store().write(table, &["ts", key, column], &rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn declared_lengths_hold() {
    let client = Client::new().await;
    let others = [
        ("v", ColumnRole::Field, DataType::Text(Some(TextLength::bytes(5)))),
        ("n", ColumnRole::Field, DataType::Text(Some(TextLength::characters(3)))),
        ("vb", ColumnRole::Field, DataType::Binary(Some(4))),
        ("a", ColumnRole::Attribute, DataType::Text(Some(TextLength::bytes(3)))),
    ];
    made(&client, "t", "k", &others).await;
    client.done("insert into t(ts,k,v,n,vb,a) values (1,'k','abcde','äöü',x'01020304','abc')").await;
    for (columns, values) in [
        ("k,v", "'k','abcdef'"),
        ("k,n,v", "'k','abcd','x'"),
        ("k,vb", "'k',x'0102030405'"),
        ("k,a,v", "'k','abcd','x'"),
        ("k,v", "'longer than it','x'"),
    ] {
        let (code, message) =
            client.refused("nonQuery", &format!("insert into t(ts,{columns}) values (2,{values})")).await;
        assert!(code == 507 && message.contains("is too long for type"), "{values}: {code} {message}");
        assert!(!message.contains("Some("), "types are words: {message}");
    }
    let tablet = json!({
        "database": "plant", "table": "t", "column_names": ["k", "v"], "column_categories": ["TAG", "FIELD"],
        "data_types": ["STRING", "STRING"], "timestamps": [3, 4], "values": [["k", "ok"], ["k", "abcdef"]],
    });
    let answer = client.tablet(&tablet).await;
    assert_eq!(answer.code(), 507);
    assert_eq!(answer.message(), "\"abcdef\" is too long for type text(5 bytes), column \"v\", row 2");
    assert_eq!(client.rows("select count(*) from t").await, "[[1]]");
}

#[tokio::test(flavor = "multi_thread")]
async fn finer_times_are_compared_as_they_are_shown() {
    let client = Client::new().await;
    let table = made(&client, "t", "k", &[("v", ColumnRole::Field, DataType::Int32)]).await;
    let value = |number| Value::Integer(number);
    write(
        &client,
        &table,
        "v",
        &[(NANOS - 1_000_000, "k", value(1)), (NANOS, "k", value(2)), (NANOS + 1_000_000, "k", value(3))],
    )
    .await;
    let shown = NANOS / 1_000_000;
    let (before, after) = (shown - 1, shown + 1);
    for (condition, rows) in [
        (format!("ts = {shown}"), "[[2]]"),
        (format!("ts <> {shown}"), "[[1],[3]]"),
        (format!("ts < {shown}"), "[[1]]"),
        (format!("ts <= {shown}"), "[[1],[2]]"),
        (format!("ts > {shown}"), "[[3]]"),
        (format!("ts >= {shown}"), "[[2],[3]]"),
        (format!("{shown} >= ts"), "[[1],[2]]"),
        (format!("ts between {before} and {shown}"), "[[1],[2]]"),
        (format!("ts in ({before}, {after})"), "[[1],[3]]"),
        ("ts = 2023-11-14T22:13:20.123+00:00".to_owned(), "[[2]]"),
        (format!("ts = cast({shown} as timestamp)"), "[[2]]"),
        (format!("ts > {}", i64::MAX), "[]"),
        (format!("ts <= {}", i64::MAX), "[[1],[2],[3]]"),
        ("ts <= now()".to_owned(), "[[1],[2],[3]]"),
    ] {
        assert_eq!(client.rows(&format!("select v from t where {condition} order by ts")).await, rows, "{condition}");
    }
    client.done("create table coarse (time timestamp time, site string tag, w int32 field)").await;
    client.done(&format!("insert into coarse(time,site,w) values ({shown},'s',7)")).await;
    let joined = "select t.v, coarse.w from t join coarse on t.ts = coarse.time";
    assert_eq!(client.rows(joined).await, "[[2,7]]");
    client.done(&format!("delete from t where ts <= {shown}")).await;
    assert_eq!(client.rows("select v from t").await, "[[3]]");
    client.done(&format!("delete from t where ts = {after}")).await;
    assert_eq!(client.rows("select v from t").await, "[]");
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes_have_the_types_that_their_door_gave_them() {
    let client = Client::new().await;
    let others = [("g", ColumnRole::Attribute, DataType::Int32), ("v", ColumnRole::Field, DataType::Int32)];
    let table = made(&client, "t", "k", &others).await;
    write(&client, &table, "g", &[(NANOS, "b", Value::Integer(10))]).await;
    let tablet = json!({
        "database": "plant", "table": "t", "column_names": ["k", "g", "v"],
        "column_categories": ["TAG", "ATTRIBUTE", "FIELD"], "data_types": ["STRING", "INT32", "INT32"],
        "timestamps": [5], "values": [["a", 9, 1]],
    });
    let answer = client.tablet(&tablet).await;
    assert_eq!(answer.code(), 200, "{}", answer.text);
    let devices = client.query("show devices from t").await;
    assert_eq!(devices.json()["data_types"], json!(["STRING", "INT32"]));
    assert_eq!(devices.json()["values"], json!([["a", 9], ["b", 10]]));
    client.done("update t set g = 11 where k = 'a'").await;
    assert_eq!(client.rows("show devices from t where g = 11").await, r#"[["a",11]]"#);
    client.done("update t set g = null where k = 'a'").await;
    assert_eq!(client.rows("show devices from t offset 0 limit 1").await, r#"[["a",null]]"#);
    assert_eq!(client.rows("show devices from t offset 5").await, "[]");
    assert_eq!(client.refused("nonQuery", "update t set g = 'x'").await.0, 507);
    assert_eq!(client.rows("count devices from t").await, "[[2]]");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_cannot_have_the_name_of_a_series() {
    let client = Client::new().await;
    let table = made(&client, "t", "tbname", &[("v", ColumnRole::Field, DataType::Int32)]).await;
    write(&client, &table, "v", &[(NANOS, "child", Value::Integer(1))]).await;
    let tablet = json!({
        "database": "plant", "table": "child", "column_names": ["k", "v"], "column_categories": ["TAG", "FIELD"],
        "data_types": ["STRING", "INT32"], "timestamps": [5], "values": [["a", 1]],
    });
    let answer = client.tablet(&tablet).await;
    assert_eq!((answer.code(), answer.message()), (551, "Table 'child' already exists.".to_owned()));
    let (code, message) = client.refused("nonQuery", "insert into t(ts,tbname,v) values (1,'',1)").await;
    assert_eq!((code, message.as_str()), (701, "\"\" cannot be a name: it is empty"));
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_of_other_doors_are_listed_by_those() {
    let client = Client::new().await;
    let shown = client.query("show databases").await.json()["values"].clone();
    let names: Vec<&str> = shown.as_array().unwrap().iter().map(|row| row[0].as_str().unwrap()).collect();
    assert!(names.contains(&"plant") && names.contains(&"information_schema"), "{names:?}");
    assert!(!names.contains(&"postgres") && !names.contains(&"system"), "{names:?}");
}
