//! Tables: created by JSON and by SQL, shown, changed, renamed, dropped.

use super::client::{Client, Envelope as _, M, cpu};
use serde_json::{Value, json};

const CUSTOMER: &str = "CREATE TABLE IF NOT EXISTS customer (c_custkey int(11) NOT NULL COMMENT \"\", c_name varchar(26) \
    NOT NULL) ENGINE=OLAP DUPLICATE KEY(c_custkey) COMMENT \"OLAP\" DISTRIBUTED BY HASH(c_custkey) BUCKETS 12 PROPERTIES \
    (\"replication_num\" = \"1\", \"in_memory\" = \"false\");";

fn tables(rest: &str) -> String {
    format!("{M}/tables{rest}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_series_table_by_json() {
    let client = Client::with_database().await;
    let uri = client.created(&tables(""), cpu()).await;
    assert_eq!(uri, tables("/cpu"));
    let again = client.post(&tables("/create"), cpu()).await;
    assert_eq!(again.failure(), (400, "1050".to_owned(), "TABLE_ALREADY_EXISTS".to_owned()));
    let existed = client.put(&uri, cpu()).await;
    assert_eq!(existed.status, 200);
    assert_eq!((&existed.result()["existed"], &existed.result()["differs"]), (&json!(true), &json!(false)));
    let mut other = cpu();
    other["columns"][0]["type"] = json!("float");
    assert_eq!(client.put(&uri, other).await.result()["differs"], true);
    let shown = client.get(&uri).await.result();
    assert_eq!(shown["timeColumn"], json!({"name": "ts", "type": "timestamp", "precision": "ms"}));
    assert_eq!(shown["columns"][0]["type"], "double");
    assert_eq!((&shown["tags"][0]["isPrimary"], &shown["tags"][1]["isPrimary"]), (&json!(true), &json!(false)));
    assert_eq!(shown["partitionInterval"], "1d");
    assert_camel(&shown);
    let listed = client.get(&tables("")).await.result();
    assert_eq!((&listed["items"][0]["kind"], &listed["items"][0]["uri"]), (&json!("timeSeries"), &json!(uri)));
}

/// Every key is camelCase, but for those that users chose.
#[track_caller]
fn assert_camel(value: &Value) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                assert!(!key.contains('_'), "{key}");
                if key != "properties" {
                    assert_camel(value);
                }
            }
        }
        Value::Array(list) => list.iter().for_each(assert_camel),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_by_sql_as_curl_sends_it() {
    let client = Client::with_database().await;
    for (content_type, name) in [
        (Some("text/plain"), "a"),
        (Some("application/sql; charset=utf-8"), "b"),
        (Some("application/x-www-form-urlencoded"), "c"),
        (None, "d"),
    ] {
        let sql = CUSTOMER.replace("customer", name);
        let answer = client.typed(content_type).send("POST", &tables("/create"), sql).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        assert_eq!(answer.result()["uri"], tables(&format!("/{name}")));
    }
    let plain = client.typed(Some("text/plain"));
    // The method decides, whatever the statement says.
    let again = plain.send("POST", &tables(""), CUSTOMER.replace("customer", "a")).await;
    assert_eq!(again.failure().1, "1050");
    let put = plain.send("PUT", "/api/v2/databases/m/tables/create", CUSTOMER.replace(" IF NOT EXISTS", "")).await;
    assert_eq!((put.status, &put.result()["existed"]), (201, &json!(false)));
    let put = plain.send("PUT", &tables("/customer"), CUSTOMER).await;
    assert_eq!((put.status, &put.result()["existed"]), (200, &json!(true)));
    let shown = client.get(&tables("/customer")).await.result();
    assert_eq!((&shown["kind"], &shown["keysType"]), (&json!("relational"), &json!("DUP_KEYS")));
    assert_eq!(shown["properties"]["in_memory"], "false");
    assert_eq!(shown["columns"][1]["type"], "varchar(26)");
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_that_make_no_table_here() {
    let client = Client::with_database().await;
    let plain = client.typed(Some("text/plain"));
    for (sql, reason) in [
        ("SELECT 1", "NOT_CREATE_TABLE"),
        ("drop table t", "NOT_CREATE_TABLE"),
        ("create database d", "NOT_CREATE_TABLE"),
        ("create table a (x int); create table b (x int)", "ONLY_ONE_STATEMENT"),
        ("create table other.t (x int)", "DATABASES_DIFFER"),
        ("create table hive.m.t (x int)", "CATALOGS_DIFFER"),
        ("create table t (x int) aggregate key (x)", "UNSUPPORTED"),
        ("create table t (x bitmap)", "UNSUPPORTED"),
        ("create table t (x nonsense)", "INVALID_DEFINITION"),
        ("create table t (x int, X int)", "COLUMN_ALREADY_EXISTS"),
        ("create table t (x int, k int) primary key (k)", "INVALID_DEFINITION"),
        ("create table t (k int null) primary key (k)", "INVALID_DEFINITION"),
        ("create table t (x int default 'a')", "INVALID_DEFAULT"),
        ("create table t (x tinyint default '300')", "INVALID_DEFINITION"),
        ("create table t (x int) properties ('nonsense' = '1')", "UNKNOWN_PROPERTY"),
        ("create table t (x int", "SYNTAX_ERROR"),
        ("create table t (ts timestamp not null, v float) tags (id int) primary tags (id)", "SYNTAX_ERROR"),
        ("create stable s (ts timestamp, v int) tags (g int)", "NOT_CREATE_TABLE"),
        ("create table t (time timestamp time, d string tag) with (ttl=1)", "SYNTAX_ERROR"),
        ("", "BODY_EMPTY"),
    ] {
        let answer = plain.send("POST", &tables(""), sql).await;
        let (status, _, found) = answer.failure();
        assert_eq!((status, found.as_str()), (400, reason), "{sql}: {}", answer.text);
    }
    let differing = plain.send("PUT", &tables("/u"), "create table t (x int)").await;
    assert_eq!(differing.failure().2, "NAMES_DIFFER");
    let replicas = plain.send("POST", &tables(""), "create table t (x int) properties ('replication_num' = '3')").await;
    assert_eq!(replicas.failure().0, 503);
    assert_eq!(replicas.header("retry-after"), "1");
    let hint = plain.send("POST", &tables(""), "create table t ( -- what it is a int)").await;
    assert!(hint.json()["message"].as_str().unwrap().contains("--data-binary"), "{}", hint.text);
    assert_eq!(client.get(&tables("")).await.result()["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_changed_by_parts() {
    let client = Client::with_database().await;
    let uri = client.created(&tables(""), cpu()).await;
    let before = client.get(&uri).await.result();
    let mut changed = client.patch(&uri, json!({"comment": "c", "retention": "90d"})).await.result();
    assert_eq!((&changed["comment"], &changed["retention"]), (&json!("c"), &json!("90d")));
    for key in ["comment", "retention", "schemaVersion"] {
        changed[key] = before[key].clone();
    }
    assert_eq!(changed, before);
    assert_eq!(client.patch(&uri, json!({"comment": null})).await.result()["comment"], json!(null));
    for key in ["kind", "name", "timeColumn", "partitionInterval"] {
        assert_eq!(client.patch(&uri, json!({key: "x"})).await.failure().2, "IMMUTABLE_FIELD", "{key}");
    }
    assert_eq!(client.patch(&uri, json!({"nonsense": 1})).await.failure().2, "UNKNOWN_PARAMETER");
    assert_eq!(
        client.patch(&tables("/none"), json!({})).await.failure(),
        (404, "1051".to_owned(), "TABLE_NOT_FOUND".to_owned())
    );
    // As the standard prints it, with curl's own content type.
    client.made(CUSTOMER).await;
    let printed = client.typed(Some("application/x-www-form-urlencoded"));
    let path = "/api/v2/databases/m/tables/customer";
    let answer = printed.send("PATCH", path, r#"{"unique_key_constraints": ["C_CUSTKEY"]}"#).await;
    assert_eq!(answer.result()["uniqueKeyConstraints"], json!(["c_custkey"]));
    let unknown = printed.send("PATCH", path, r#"{"unique_key_constraints": ["nope"]}"#).await;
    assert_eq!(unknown.failure(), (400, "1054".to_owned(), "UNKNOWN_COLUMN".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_renamed_and_dropped() {
    let client = Client::with_database().await;
    let uri = client.created(&tables(""), cpu()).await;
    client.made("create table t (a int)").await;
    let renamed = client.post(&format!("{uri}/rename"), json!({"newName": "cpu2"})).await.result();
    assert_eq!((&renamed["uri"], &renamed["oldUri"]), (&json!(tables("/cpu2")), &json!(uri)));
    assert_eq!(client.get(&uri).await.failure().0, 404);
    assert_eq!(client.get(&tables("/cpu2")).await.status, 200);
    let wrong = client.get(&tables("/cpu2/rename")).await;
    assert_eq!((wrong.failure().0, wrong.header("allow")), (405, "POST"));
    assert_eq!(client.post(&tables("/cpu2/rename"), json!({"newName": "t"})).await.failure().1, "1050");
    assert_eq!(client.post(&tables("/cpu2/rename"), json!({"newName": "create"})).await.failure().2, "INVALID_NAME");
    assert_eq!(client.delete(&tables("/none")).await.result()["deleted"], false);
    assert_eq!(client.delete(&tables("/cpu2")).await.result()["deleted"], true);
    assert_eq!(client.delete(&tables("/cpu2")).await.result()["deleted"], false);
    assert_eq!(client.delete("/api/v2/databases/none/tables/t").await.failure().1, "1049");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_any_letters() {
    let client = Client::with_database().await;
    let mut table = cpu();
    table["name"] = json!("温度");
    let uri = client.created(&tables(""), table).await;
    assert_eq!(uri, tables("/%E6%B8%A9%E5%BA%A6"));
    assert_eq!(client.get(&uri).await.result()["name"], "温度");
    assert_eq!(client.rows("select count(*) from 温度").await, "[[0]]");
    assert_eq!(client.delete(&uri).await.result()["deleted"], true);
    for name in ["1a", "a b", "a.b", "", "rename"] {
        let mut table = cpu();
        table["name"] = json!(name);
        assert_eq!(client.post(&tables(""), table).await.failure().0, 400, "{name:?}");
    }
    assert_eq!(client.get(&tables("/%FF")).await.failure(), (400, "9400".to_owned(), "INVALID_NAME".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_identify_or_only_sort() {
    let client = Client::with_database().await;
    client.made("create table p (k int, v int) primary key (k) order by (v)").await;
    client.made("create table u (k int, v int) unique key (k)").await;
    client.made("create table d (k int, v int) duplicate key (k) partition by date_trunc('day', v)").await;
    client.made("create table n (k bigint auto_increment, v largeint default '1')").await;
    let key = |name: &str| {
        let table = client.table(name);
        table.key_columns().map(|column| (column.name.clone(), column.hidden)).collect::<Vec<_>>()
    };
    assert_eq!(key("p"), [("k".to_owned(), false)]);
    assert_eq!(key("u"), [("k".to_owned(), false)]);
    assert!(key("d")[0].1 && key("n")[0].1);
    let text = |answer: Value| answer["data"][0]["Create Table"].as_str().unwrap().to_owned();
    for name in ["p", "u", "d", "n"] {
        let shown = text(client.sql(&format!("show create table {name}")).await.json());
        client.delete(&tables(&format!("/{name}"))).await.result();
        client.made(&shown).await;
        assert_eq!(text(client.sql(&format!("show create table {name}")).await.json()), shown, "it reads back");
    }
}
