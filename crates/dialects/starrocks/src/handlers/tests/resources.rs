//! Catalogs, databases and lists.

use super::client::{Client, Envelope as _, M};
use serde_json::json;

const D: &str = "/api/v2/catalogs/default/databases";

#[tokio::test(flavor = "multi_thread")]
async fn there_is_one_catalog_under_two_names() {
    let client = Client::new().await;
    let list = client.get("/api/v2/catalogs").await.result();
    assert_eq!((&list["items"][0]["name"], &list["nextPageToken"]), (&json!("default"), &json!(null)));
    for name in ["default", "default_catalog"] {
        assert_eq!(client.get(&format!("/api/v2/catalogs/{name}")).await.result()["name"], "default");
    }
    let (status, ..) = client.get("/api/v2/catalogs/nope").await.failure();
    assert_eq!(status, 404);
    assert_eq!(client.get("/api/v2/catalogs/hive/databases").await.failure().0, 404);
    assert_eq!(client.post("/api/v2/catalogs/hive/databases", json!({"name": "x"})).await.failure().0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn post_creates_once_and_put_as_often_as_asked() {
    let client = Client::new().await;
    let uri = client.created(D, json!({"name": "m"})).await;
    assert_eq!(uri, M);
    let again = client.post(D, json!({"name": "m"})).await;
    assert_eq!(again.failure(), (400, "1007".to_owned(), "DATABASE_ALREADY_EXISTS".to_owned()));
    let existed = client.put(M, json!({})).await;
    assert_eq!((existed.status, &existed.result()["existed"]), (200, &json!(true)));
    let made = client.put(&format!("{D}/m2"), json!({"retention": "30d", "comment": "c"})).await;
    assert_eq!((made.status, &made.result()["existed"]), (201, &json!(false)));
    let shown = client.get(&uri).await.result();
    assert_eq!((&shown["name"], &shown["tableCount"]), (&json!("m"), &json!(0)));
    assert_eq!(client.get("/api/v2/databases/m").await.result()["uri"], shown["uri"]);
    let other = client.get(&format!("{D}/m2")).await.result();
    assert_eq!((&other["retention"], &other["comment"]), (&json!("30d"), &json!("c")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_changed_and_dropped() {
    let client = Client::with_database().await;
    let changed = client.patch(M, json!({"comment": "c", "retention": "2d"})).await.result();
    assert_eq!((&changed["comment"], &changed["retention"]), (&json!("c"), &json!("2d")));
    let reset = client.patch(M, json!({"retention": null})).await.result();
    assert_eq!((&reset["comment"], &reset["retention"]), (&json!("c"), &json!(null)));
    assert_eq!(client.patch(M, json!({})).await.result()["comment"], "c");
    assert_eq!(client.patch(M, json!({"name": "n"})).await.failure().2, "IMMUTABLE_FIELD");
    assert_eq!(client.patch(&format!("{D}/none"), json!({})).await.failure().1, "1049");
    client.made("create table t (a int)").await;
    assert_eq!(client.delete(M).await.failure(), (400, "1010".to_owned(), "DATABASE_NOT_EMPTY".to_owned()));
    assert_eq!(client.delete(&format!("{M}?force=maybe")).await.failure().2, "INVALID_PARAMETER");
    assert_eq!(client.delete(&format!("{M}?force=true")).await.result()["deleted"], true);
    let again = client.delete(M).await;
    assert_eq!((again.status, &again.result()["deleted"]), (200, &json!(false)));
    assert_eq!(client.get(M).await.failure().0, 404);
    assert_eq!(client.delete(&format!("{D}/defaultdb")).await.failure().2, "INVALID_DEFINITION");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_in_pages() {
    let client = Client::with_database().await;
    for n in 0..105 {
        client.made(&format!("create table t{n:03} (a int)")).await;
    }
    let tables = format!("{M}/tables");
    let first = client.get(&tables).await.result();
    assert_eq!(first["items"].as_array().unwrap().len(), 100);
    assert_eq!((&first["total"], &first["pages"]), (&json!(105), &json!(2)));
    let token = first["nextPageToken"].as_str().unwrap();
    let rest = client.get(&format!("{tables}?page_token={token}")).await.result();
    let names: Vec<&str> = rest["items"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["t100", "t101", "t102", "t103", "t104"]);
    assert_eq!(rest["nextPageToken"], json!(null));
    let second = client.get(&format!("{tables}?page_num=1&page_size=2")).await.result();
    assert_eq!(second["items"][0]["name"], "t002");
    assert_eq!((&second["pageNum"], &second["pageSize"]), (&json!(1), &json!(2)));
    let some = client.get(&format!("{tables}?filter=name%20LIKE%20%22t00%25%22")).await.result();
    assert_eq!(some["total"], 10);
    let sized = client.with("x-starrocks-page-size", "3").send("GET", &tables, "").await.result();
    assert_eq!(sized["items"].as_array().unwrap().len(), 3);
    for (query, reason) in [
        ("page_num=0&page_size=2&filter=x", "TOO_MANY_PARAMETERS"),
        ("page_num=0&filter=x", "INVALID_PARAMETER"),
        ("page_num=-1", "INVALID_PARAMETER"),
        ("page_token=nonsense", "INVALID_PAGE_TOKEN"),
        ("filter=size%3E1", "INVALID_FILTER"),
        ("x=1", "UNKNOWN_PARAMETER"),
        ("page_num=1&page_num=2", "INVALID_PARAMETER"),
    ] {
        let answer = client.get(&format!("{tables}?{query}")).await;
        assert_eq!(answer.failure(), (400, "9400".to_owned(), reason.to_owned()), "{query}");
    }
    let other = client.get(&format!("{tables}?page_token={token}&filter=name%3D%22a%22")).await;
    assert_eq!(other.failure().2, "INVALID_PAGE_TOKEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_the_id_of_its_request() {
    let client = Client::new().await;
    let named = client.with("x-starrocks-request-id", "trace-1");
    let good = named.get("/api/v2/catalogs").await;
    let bad = named.get("/api/v2/catalogs/nope").await;
    for answer in [&good, &bad] {
        assert_eq!(answer.header("x-starrocks-request-id"), "trace-1");
    }
    assert_eq!(bad.json()["result"]["requestId"], "trace-1");
    let head = client.send("HEAD", "/api/v2/catalogs", "").await;
    assert_eq!(head.status, 200);
}
