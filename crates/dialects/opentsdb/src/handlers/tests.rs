//! The endpoints through the router, over a real engine.

mod client;

use client::{Client, Envelope as _};
use serde_json::json;

const TWO: &str = r#"[{"metric":"sys.cpu.nice","timestamp":1346846400,"value":18,"tags":{"host":"web01","dc":"lga"}},
    {"metric":"sys.cpu.nice","timestamp":1346846400250,"value":"9.5","tags":{"host":"web02"}}]"#;

#[tokio::test(flavor = "multi_thread")]
async fn points_are_stored_in_milliseconds() {
    let client = Client::new().await;
    let answer = client.put("", TWO).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    let rows = client.rows("SELECT timestamp, value, host, dc FROM \"sys.cpu.nice\" ORDER BY timestamp").await;
    assert_eq!(rows, ["2012-09-05T12:00:00Z|18.0|web01|lga", "2012-09-05T12:00:00.250Z|9.5|web02|NULL"]);
    let one = r#"{"metric":"m","timestamp":1,"value":1,"tags":{"host":15}}"#;
    assert_eq!(client.put("?sync&sync_timeout=60000", one).await.status, 204);
    assert_eq!(client.rows("SELECT host, primary_tag FROM m").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_choose_the_answer() {
    let client = Client::new().await;
    assert_eq!(client.put("?summary", TWO).await.json(), json!({"failed": 0, "success": 2}));
    assert_eq!(client.put("?details=true", TWO).await.json(), json!({"errors": [], "failed": 0, "success": 2}));
    assert_eq!(client.put("?details=false", TWO).await.status, 204);
    let bad = json!({"metric": "m", "timestamp": 1, "value": "x", "tags": {"a": "b"}});
    let mixed = json!([{"metric": "m", "timestamp": 1, "value": 1, "tags": {"a": "b"}}, bad]).to_string();
    let answer = client.put("?details&summary", &mixed).await;
    let error = json!({"datapoint": bad, "error": "Unable to parse value to a number"});
    assert_eq!((answer.status, answer.json()), (400, json!({"errors": [error], "failed": 1, "success": 1})));
    let answer = client.put("?summary", &mixed).await;
    assert_eq!((answer.status, answer.json()), (400, json!({"failed": 1, "success": 1})));
    let answer = client.put("", &mixed).await;
    let (message, details) = answer.error();
    assert_eq!((answer.status, message.as_str()), (400, "One or more data points had errors"));
    assert!(details.starts_with("Data point 2: Unable to parse value to a number. 1 of 2"), "{details}");
    assert_eq!(client.rows("SELECT value FROM m").await, ["1.0"], "the good one is stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_point_that_is_none_is_named() {
    let client = Client::new().await;
    for (point, error) in [
        (json!({}), "Metric name was empty"),
        (json!({"metric": "m", "timestamp": 1, "tags": {"a": "b"}}), "Empty value or timestamp"),
        (json!({"metric": "m", "timestamp": 1.5, "value": 1, "tags": {"a": "b"}}), "Invalid timestamp"),
        (
            json!({"metric": "m", "timestamp": 99_999_999_999_999_i64, "value": 1, "tags": {"a": "b"}}),
            "Invalid timestamp",
        ),
        (json!({"metric": "m", "timestamp": -1, "value": 1, "tags": {"a": "b"}}), "Invalid timestamp"),
        (json!({"metric": "m", "timestamp": 1, "value": 1, "tags": {}}), "Missing tags"),
        (json!({"metric": "m", "timestamp": 1, "value": 1}), "Missing tags"),
        (
            json!({"metric": "a b", "timestamp": 1, "value": 1, "tags": {"a": "b"}}),
            "Invalid metric name (\"a b\"): illegal character:  ",
        ),
        (
            json!({"metric": "m", "timestamp": 1, "value": 1, "tags": {"a": "b=c"}}),
            "Invalid tag value (\"b=c\"): illegal character: =",
        ),
        (
            json!({"metric": "m", "timestamp": 1, "value": 1, "tags": {"value": "b"}}),
            "column \"value\" of table \"m\" is a tag, not a field",
        ),
        (
            json!({"metric": "m", "timestamp": 1, "value": 1, "tags": {"timestamp": "b"}}),
            "column \"timestamp\" is assigned twice",
        ),
    ] {
        let answer = client.put("?details", &point.to_string()).await;
        let expected = json!({"errors": [{"datapoint": point, "error": error}], "failed": 1, "success": 0});
        assert_eq!((answer.status, answer.json()), (400, expected));
    }
    assert_eq!(client.tables(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_refused_store_nothing() {
    let client = Client::new().await;
    for (query, body, status, message) in [
        ("", "", 400, "Missing request content"),
        ("", "[", 400, "Unable to parse the given JSON"),
        ("", "[]", 400, "No datapoints found in content"),
        ("", "put m 1 1 a=b", 400, "Unable to parse the given JSON"),
        ("?db=nowhere", TWO, 404, "Not found"),
    ] {
        let answer = client.put(query, body).await;
        assert_eq!((answer.status, answer.error().0.as_str()), (status, message), "{body}");
    }
    let broken = client.put("", "{\"metric\":\n\"m\",,").await.error().1;
    assert!(broken.contains("line 2, column 5"), "{broken}");
    assert_eq!(client.send("GET", "/api/put", "").await.status, 405);
    assert_eq!(client.send("POST", "/api/put", vec![b'"', 0xff]).await.status, 400);
    assert_eq!(client.send("POST", "/api/put", vec![b' '; (1 << 20) + 1]).await.status, 413);
    for header in ["Basic dTE6bm8=", "Basic !", "Token 00ff", "Digest x", ""] {
        assert_eq!(client.with(header).put("", TWO).await.status, 401, "{header}");
    }
    assert_eq!(Client::started(false).await.put("", TWO).await.status, 401);
    assert_eq!(client.tables(), 0);
    assert_eq!(client.send("GET", "/api/version", "").await.json()["version"], "2.4.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn writing_takes_a_right() {
    let client = Client::new().await;
    client.user("u1", "pw").await;
    let user = client.with("Basic dTE6cHc=");
    let answer = user.put("", TWO).await;
    assert_eq!((answer.status, answer.error().0.as_str()), (403, "Forbidden"));
    assert_eq!(client.tables(), 0);
}
