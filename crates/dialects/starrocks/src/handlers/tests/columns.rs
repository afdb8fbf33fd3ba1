//! Columns and tags.

use super::client::{Client, Envelope as _, M, cpu};
use model::{TimeUnit, Value as Cell};
use serde_json::json;

const T: &str = "/api/v2/catalogs/default/databases/m/tables/cpu";

async fn with_cpu() -> Client {
    let client = Client::with_database().await;
    client.created(&format!("{M}/tables"), cpu()).await;
    client
}

fn column(rest: &str) -> String {
    format!("{T}/columns{rest}")
}

fn tag(rest: &str) -> String {
    format!("{T}/tags{rest}")
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_are_shown_apart_from_tags() {
    let client = with_cpu().await;
    let names = |list: serde_json::Value| -> Vec<String> {
        list["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(client.get(&column("")).await.result()), ["ts", "usage"]);
    assert_eq!(names(client.get(&tag("")).await.result()), ["host", "dc"]);
    let mut rest = column("");
    let mut paged = Vec::new();
    while !rest.is_empty() {
        let page = client.with("x-starrocks-page-size", "1").send("GET", &rest, "").await.result();
        rest = page["nextPageToken"].as_str().map(|token| column(&format!("?page_token={token}"))).unwrap_or_default();
        paged.extend(names(page));
    }
    assert_eq!(paged, ["ts", "usage"]);
    let shown = client.get(&column("/USAGE")).await.result();
    assert_eq!(
        (&shown["name"], &shown["type"], &shown["uri"]),
        (&json!("usage"), &json!("double"), &json!(column("/usage")))
    );
    assert_eq!(client.get(&column("/ts")).await.result()["isTime"], true);
    assert_eq!(client.get(&tag("/host")).await.result()["type"], "varchar(64)");
    assert_eq!(client.get(&column("/host")).await.failure(), (404, "1054".to_owned(), "COLUMN_NOT_FOUND".to_owned()));
    assert_eq!(client.get(&tag("/usage")).await.failure().0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_are_added_changed_and_dropped() {
    let client = with_cpu().await;
    let uri = client.created(&column(""), json!({"name": "idle", "type": "int", "comment": "c"})).await;
    assert_eq!(uri, column("/idle"));
    assert_eq!(client.post(&column(""), json!({"name": "Idle", "type": "int"})).await.failure().1, "1060");
    assert_eq!(client.put(&uri, json!({"type": "int"})).await.result()["existed"], true);
    let made = client.put(&column("/more"), json!({"type": "string", "default": "x"})).await;
    assert_eq!((made.status, &made.result()["existed"]), (201, &json!(false)));
    let changed = client.patch(&uri, json!({"type": "bigint", "comment": null})).await.result();
    assert_eq!((&changed["type"], &changed["comment"]), (&json!("bigint"), &json!(null)));
    assert_eq!(client.patch(&column("/more"), json!({"default": null})).await.result()["default"], json!(null));
    assert_eq!(client.patch(&uri, json!({"type": "date"})).await.failure().0, 400);
    assert_eq!(client.patch(&uri, json!({"nullable": false})).await.failure().2, "IMMUTABLE_FIELD");
    let renamed = client.post(&format!("{uri}/rename"), json!({"newName": "free"})).await.result();
    assert_eq!(renamed["uri"], column("/free"));
    assert_eq!(client.delete(&column("/free")).await.result()["deleted"], true);
    assert_eq!(client.delete(&column("/free")).await.result()["deleted"], false);
    assert_eq!(client.delete(&column("/ts")).await.failure().2, "INVALID_DEFINITION");
    assert_eq!(client.post(&column(""), json!({"name": "x"})).await.failure().2, "MISSING_PARAMETER");
    assert_eq!(client.post(&column(""), json!({"name": "x", "type": "array<int>"})).await.failure().2, "UNKNOWN_TYPE");
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_added_and_primary_ones_stay() {
    let client = with_cpu().await;
    client.created(&tag(""), json!({"name": "rack", "type": "varchar(8)"})).await;
    assert_eq!(client.get(&tag("/rack")).await.result()["isPrimary"], false);
    let row: &[Cell] = &[
        Cell::Instant(1, TimeUnit::Millisecond),
        Cell::Float(0.5),
        Cell::Text("a".to_owned()),
        Cell::Text("x".to_owned()),
        Cell::Null,
    ];
    client.write("cpu", &[row]).await;
    assert_eq!(client.delete(&tag("/host")).await.failure().0, 400);
    assert_eq!(client.post(&tag("/host/rename"), json!({"newName": "h"})).await.failure().0, 400);
    assert_eq!(client.delete(&tag("/rack")).await.result()["deleted"], true);
    client.made("create table r (a int)").await;
    let relational = client.post(&format!("{M}/tables/r/tags"), json!({"name": "x", "type": "int"})).await;
    assert_eq!(relational.failure().0, 400);
}
