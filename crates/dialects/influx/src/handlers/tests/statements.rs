//! `/query`: what clients send when they connect.

use super::client::{Client, Envelope as _};
use serde_json::{Value, json};

async fn results(client: &Client, query: &str) -> Value {
    let answer = client.send("GET", &format!("/query?{query}"), "").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["results"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_are_made_listed_and_dropped() {
    let client = Client::new().await;
    let form = client.with("content-type", "application/x-www-form-urlencoded");
    for _ in 0..2 {
        let made = form.send("POST", "/query", "q=CREATE+DATABASE+%22db+0%22").await;
        assert_eq!((made.status, made.text.trim()), (200, "{\"results\":[{\"statement_id\":0}]}"));
    }
    let listed = results(&client, "q=SHOW+DATABASES&db=").await;
    let expected = json!([{"statement_id": 0, "series": [
        {"name": "databases", "columns": ["name"], "values": [["db 0"], ["defaultdb"]]}]}]);
    assert_eq!(listed, expected);
    let policies = results(&client, "q=SHOW+RETENTION+POLICIES+ON+%22db+0%22").await;
    assert_eq!(policies[0]["series"][0]["values"], json!([["autogen", "0s", "168h0m0s", 1, true]]));
    assert_eq!(results(&client, "db=db+0&q=SHOW+MEASUREMENTS").await, json!([{"statement_id": 0}]));
    client.send("POST", "/write?db=db%200", "b f=1\na f=1").await;
    let measurements = results(&client, "db=db+0&q=show%20measurements").await;
    assert_eq!(measurements[0]["series"][0]["values"], json!([["a"], ["b"]]));
    let two = results(&client, "db=db+0&q=DROP+MEASUREMENT+a%3B+SHOW+MEASUREMENTS").await;
    assert_eq!(two[1]["series"][0]["values"], json!([["b"]]));
    results(&client, "q=DROP+DATABASE+%22db+0%22").await;
    results(&client, "q=DROP+DATABASE+%22db+0%22").await;
    assert_eq!(results(&client, "q=SHOW+DATABASES").await[0]["series"][0]["values"], json!([["defaultdb"]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_done_is_named() {
    let client = Client::with_db0().await;
    for (path, text) in [
        ("/query", "missing required parameter \"q\""),
        ("/query?q=", "missing required parameter \"q\""),
        ("/query?q=select%20*%20from%20cpu", "error parsing query: select is not supported: CREATE DATABASE,"),
        ("/query?q=CREATE", "error parsing query: found EOF, expected DATABASE"),
    ] {
        let (status, error) = client.send("GET", path, "").await.error();
        assert!(status == 400 && error.starts_with(text), "{path}: {status} {error}");
    }
    let missing = results(&client, "q=SHOW+MEASUREMENTS+ON+nowhere").await;
    assert_eq!(missing, json!([{"statement_id": 0, "error": "database not found: \"nowhere\""}]));
    let none = results(&client, "q=SHOW+MEASUREMENTS").await;
    assert_eq!(none[0]["error"], "database name required");
    let reserved = results(&client, "q=CREATE+DATABASE+performance_schema%3BSHOW+DATABASES").await;
    assert_eq!(reserved.as_array().unwrap().len(), 1, "what follows a failure is not carried out: {reserved}");
}

#[tokio::test(flavor = "multi_thread")]
async fn making_databases_takes_a_right() {
    let client = Client::with_db0().await;
    client.user("u1", "pw").await;
    let user = client.with("authorization", "Token u1:pw");
    let denied = results(&user, "q=CREATE+DATABASE+mine").await;
    assert!(denied[0]["error"].as_str().unwrap().starts_with("\"u1\" user is not authorized"), "{denied}");
    assert_eq!(results(&user, "q=SHOW+DATABASES").await[0]["series"][0]["values"], json!([]));
    let hidden = results(&user, "q=CREATE+DATABASE+db0").await;
    assert!(hidden[0]["error"].is_string(), "{hidden}");
}
