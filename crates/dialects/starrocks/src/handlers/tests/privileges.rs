//! Users, grants and what holds without them.

use super::client::{Client, Envelope as _, M, cpu};
use serde_json::json;

async fn with_user() -> (Client, Client) {
    let client = Client::with_database().await;
    client.created(&format!("{M}/tables"), cpu()).await;
    client.made("create table t (a int)").await;
    client.created("/api/v2/users", json!({"name": "ann", "password": "secret"})).await;
    let ann = client.by("ann", "secret");
    (client, ann)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_privilege_it_is_403_and_nothing_is_told() {
    let (_, ann) = with_user().await;
    for (method, path, body) in [
        ("GET", M.to_owned(), ""),
        ("GET", format!("{M}/tables/t"), ""),
        ("GET", format!("{M}/tables/none"), ""),
        ("GET", "/api/v2/databases/none".to_owned(), ""),
        ("DELETE", format!("{M}/tables/t"), ""),
        ("DELETE", format!("{M}/tables/none"), ""),
        ("POST", "/api/v2/databases".to_owned(), "{\"name\": \"x\"}"),
        ("PUT", M.to_owned(), "{}"),
        ("PATCH", M.to_owned(), "{}"),
        ("POST", format!("{M}/tables/cpu/range_deletions"), "{\"confirmAll\": true}"),
        ("POST", "/api/v2/users".to_owned(), "{\"name\": \"x\"}"),
        ("GET", "/api/v2/users/root".to_owned(), ""),
        ("POST", "/api/v2/users/ann/grants".to_owned(), "{\"privileges\": [\"ALL\"], \"securable\": {}}"),
    ] {
        let answer = ann.send(method, &path, body).await;
        assert_eq!(answer.failure(), (403, "1044".to_owned(), "PERMISSION_DENIED".to_owned()), "{method} {path}");
    }
    let (status, text) = ann.refused("select * from t").await;
    assert_eq!((status, text.as_str()), (403, "set catalog or db failed"));
    assert_eq!(ann.get("/api/v2/databases").await.result()["total"], 0);
    assert_eq!(ann.get("/api/v2/users").await.result()["items"][0]["name"], "ann");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_holds_until_it_is_taken_away() {
    let (client, ann) = with_user().await;
    let securable = json!({"catalog": "default", "database": "m", "table": "t"});
    let uri =
        client.created("/api/v2/users/ann/grants", json!({"privileges": ["select"], "securable": securable})).await;
    assert_eq!(ann.rows("select count(*) from t").await, "[[0]]");
    assert_eq!(ann.refused("select * from cpu").await.0, 403);
    assert_eq!(ann.get(&format!("{M}/tables")).await.result()["total"], 1);
    assert_eq!(ann.delete(&format!("{M}/tables/t")).await.failure().0, 403);
    let grants = client.get("/api/v2/users/ann/grants").await.result();
    assert_eq!((&grants["items"][0]["privileges"], &grants["items"][0]["securable"]), (&json!(["SELECT"]), &securable));
    assert_eq!(client.delete(&uri).await.result()["deleted"], true);
    assert_eq!(client.delete(&uri).await.result()["deleted"], false);
    assert_eq!(ann.refused("select count(*) from t").await.0, 403);
    let all = json!({"privileges": ["ALL"], "securable": {"database": "m"}});
    client.created("/api/v2/users/ann/grants", all).await;
    assert_eq!(ann.delete(&format!("{M}/tables/t")).await.result()["deleted"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_made_changed_and_dropped() {
    let (client, ann) = with_user().await;
    let again = client.post("/api/v2/users", json!({"name": "ann"})).await;
    assert_eq!(again.failure(), (400, "1396".to_owned(), "USER_ALREADY_EXISTS".to_owned()));
    assert_eq!(client.put("/api/v2/users/ann", json!({})).await.result()["existed"], true);
    let shown = client.get("/api/v2/users/ann").await;
    assert_eq!(shown.result()["locked"], false);
    assert!(!shown.text.contains("argon") && !shown.text.contains("secret"));
    assert_eq!(ann.patch("/api/v2/users/ann", json!({"password": "other"})).await.status, 200);
    assert_eq!(ann.get("/api/v2/catalogs").await.failure().0, 401);
    let ann = client.by("ann@%", "other");
    assert_eq!(ann.get("/api/v2/catalogs").await.status, 200);
    assert_eq!(client.patch("/api/v2/users/ann", json!({"locked": true})).await.result()["locked"], true);
    assert_eq!(ann.get("/api/v2/catalogs").await.failure().0, 401);
    assert_eq!(client.delete("/api/v2/users/root").await.failure().0, 400);
    assert_eq!(client.delete("/api/v2/users/ann").await.result()["deleted"], true);
    assert_eq!(client.delete("/api/v2/users/ann").await.result()["deleted"], false);
    assert_eq!(client.get("/api/v2/users/ann").await.failure().0, 404);
    for (body, reason) in [
        (json!({"privileges": ["FLY"], "securable": {}}), "UNKNOWN_PRIVILEGE"),
        (json!({"privileges": ["SELECT"]}), "MISSING_PARAMETER"),
        (json!({"privileges": ["SELECT"], "securable": {"table": "t"}}), "MISSING_PARAMETER"),
        (json!({"privileges": ["SELECT"], "securable": {"database": "none"}}), "DATABASE_NOT_FOUND"),
        (json!({"privileges": ["SELECT"], "securable": {}}), "USER_NOT_FOUND"),
    ] {
        assert_eq!(client.post("/api/v2/users/ann/grants", body.clone()).await.failure().2, reason, "{body}");
    }
}
