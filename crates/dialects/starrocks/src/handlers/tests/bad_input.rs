//! Requests that cannot be carried out, in the order in which they are checked.

use super::client::{Client, Envelope as _, M, basic, cpu};
use serde_json::json;

const D: &str = "/api/v2/catalogs/default/databases";

#[tokio::test(flavor = "multi_thread")]
async fn credentials() {
    let client = Client::with_database().await;
    for (header, reason) in [
        (None, "CREDENTIALS_MISSING"),
        (Some("Bearer !!".to_owned()), "CREDENTIALS_MALFORMED"),
        (Some("Basic !!".to_owned()), "CREDENTIALS_MALFORMED"),
        (Some("Basic bm9jb2xvbg==".to_owned()), "CREDENTIALS_MALFORMED"),
        (Some(basic("root", "wrong")), "CREDENTIALS_WRONG"),
        (Some(basic("nobody", "")), "CREDENTIALS_WRONG"),
    ] {
        let client = client.authorized(header.as_deref());
        let answer = client.get(D).await;
        assert_eq!(answer.failure(), (401, "1045".to_owned(), reason.to_owned()), "{header:?}");
        assert!(answer.header("www-authenticate").starts_with("Basic "));
        let (status, text) = client.refused("select 1").await;
        assert_eq!(status, 401);
        assert!(header.is_some() || text == "Need auth information.", "{text}");
        // What else is wrong with the request is not told to a stranger.
        assert_eq!(client.send("POST", &format!("{M}/tables?x=1"), "{").await.failure().0, 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_come_before_credentials() {
    let client = Client::with_database().await.authorized(None);
    for (method, path, allowed) in [
        ("PATCH", "/api/v2/catalogs", "GET"),
        ("PUT", D, "GET, POST"),
        ("POST", M, "GET, PUT, PATCH, DELETE"),
        ("GET", "/api/v2/databases/m/tables/create", "POST, PUT"),
        ("GET", "/api/v2/databases/m/tables/t/range_deletions", "POST"),
        ("OPTIONS", "/api/v2/tasks", "GET"),
    ] {
        let answer = client.send(method, path, "").await;
        assert_eq!(answer.failure(), (405, "9405".to_owned(), "METHOD_NOT_ALLOWED".to_owned()), "{method} {path}");
        assert_eq!(answer.header("allow"), allowed, "{method} {path}");
    }
    let sql = client.get("/api/v1/catalogs/default_catalog/sql").await;
    assert_eq!((sql.status, sql.header("allow")), (405, "POST"));
}

#[tokio::test(flavor = "multi_thread")]
async fn types_of_answers_and_bodies() {
    let client = Client::with_database().await;
    let tables = format!("{M}/tables");
    for (accept, status) in
        [("image/png", 406), ("*/*", 200), ("application/*;q=0.1", 200), ("application/json;q=0", 406)]
    {
        let answer = client.with("accept", accept).send("GET", &tables, "").await;
        assert_eq!(answer.status, status, "{accept}");
        answer.json();
    }
    let xml = client.typed(Some("application/xml")).post(&tables, cpu()).await;
    assert_eq!(xml.failure(), (415, "9415".to_owned(), "UNSUPPORTED_MEDIA_TYPE".to_owned()));
    assert_eq!(client.typed(Some("text/plain")).post(D, json!({"name": "x"})).await.failure().0, 415);
    assert_eq!(client.typed(None).post(D, json!({"name": "x"})).await.status, 201);
    let merge = client.typed(Some("application/merge-patch+json")).patch(M, json!({"comment": "c"})).await;
    assert_eq!(merge.result()["comment"], "c");
    // Of both, the answer's type is looked at first.
    let both = client.typed(Some("image/png")).with("accept", "image/png").send("POST", D, "{}").await;
    assert_eq!(both.failure().0, 406);
}

#[tokio::test(flavor = "multi_thread")]
async fn places_of_parameters() {
    let client = Client::with_database().await;
    let tables = format!("{M}/tables");
    for (method, path, body, reason) in [
        ("POST", format!("{tables}?x=1"), cpu().to_string(), "QUERY_AND_BODY"),
        ("GET", tables.clone(), "{}".to_owned(), "BODY_NOT_ALLOWED"),
        ("DELETE", format!("{tables}/x"), "{}".to_owned(), "BODY_NOT_ALLOWED"),
        ("GET", format!("{tables}/t?table=other"), String::new(), "UNKNOWN_PARAMETER"),
        ("DELETE", format!("{M}?x=1"), String::new(), "UNKNOWN_PARAMETER"),
        ("POST", tables.clone(), "{".to_owned(), "MALFORMED_JSON"),
        ("POST", tables.clone(), "[]".to_owned(), "MALFORMED_JSON"),
        ("POST", D.to_owned(), String::new(), "BODY_EMPTY"),
        ("POST", D.to_owned(), "{}".to_owned(), "MISSING_PARAMETER"),
        ("POST", D.to_owned(), "{\"name\": 1}".to_owned(), "INVALID_PARAMETER"),
        ("POST", D.to_owned(), "{\"name\": \"a\", \"x\": 1}".to_owned(), "UNKNOWN_PARAMETER"),
        ("POST", D.to_owned(), "{\"name\": \"a\", \"retention\": \"1 year\"}".to_owned(), "INVALID_PARAMETER"),
        ("PUT", M.to_owned(), "{\"name\": \"n\"}".to_owned(), "NAMES_DIFFER"),
    ] {
        let answer = client.send(method, &path, body).await;
        assert_eq!(answer.failure(), (400, "9400".to_owned(), reason.to_owned()), "{method} {path}: {}", answer.text);
    }
    let placed = client.send("POST", D, "{\n  \"name\": nope}").await;
    assert!(placed.json()["message"].as_str().unwrap().contains("line 2, column 1"), "{}", placed.text);
    let without = client.post(&tables, json!({"name": "t", "columns": [{"name": "v", "type": "int"}]})).await;
    assert_eq!(without.json()["result"]["details"][0]["field"], "timeColumn");
    let unread = client.send("POST", D, vec![b'{', 0xff]).await;
    assert_eq!(unread.failure().2, "BODY_NOT_UTF8");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_too_long() {
    let client = Client::with_database().await;
    let long = format!("{{\"name\": \"{}\"}}", "x".repeat(1 << 20));
    assert_eq!(client.send("POST", D, long).await.failure(), (400, "9400".to_owned(), "BODY_TOO_LARGE".to_owned()));
    let (status, _) = client.refused(&format!("select '{}'", "x".repeat(1 << 20))).await;
    assert_eq!(status, 400);
    let (status, text) = client.refused(&format!("select '{}'", "x".repeat(5 << 20))).await;
    assert_eq!(status, 400, "{text}");
    let unknown = client.get(&format!("{D}/{}", "x".repeat(2_000))).await;
    assert!(unknown.text.len() < 2_000, "a long name does not come back whole");
}
