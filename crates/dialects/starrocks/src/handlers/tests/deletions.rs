//! Range deletions and their tasks.

use super::client::{Client, Envelope as _, M, cpu, files};
use model::{TimeUnit, Value as Cell};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

fn deletions() -> String {
    format!("{M}/tables/cpu/range_deletions")
}

fn row(seconds: i64, host: &str) -> Vec<Cell> {
    vec![
        Cell::Instant(seconds * 1_000, TimeUnit::Millisecond),
        Cell::Float(0.5),
        Cell::Text(host.to_owned()),
        Cell::Text("x".to_owned()),
    ]
}

async fn filled(client: &Client) {
    client.created(&format!("{M}/tables"), cpu()).await;
    let rows: Vec<Vec<Cell>> = (0..10).map(|n| row(n, if n % 2 == 0 { "even" } else { "odd" })).collect();
    let rows: Vec<&[Cell]> = rows.iter().map(Vec::as_slice).collect();
    client.write("cpu", &rows).await;
}

async fn ended(client: &Client, uri: &str) -> Value {
    for _ in 0..500 {
        let task = client.get(uri).await.result();
        if ["SUCCEEDED", "FAILED", "CANCELLED"].contains(&task["state"].as_str().unwrap()) {
            return task;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{uri} does not end")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_goes_up_to_its_end_and_without_it() {
    let client = Client::with_database().await;
    filled(&client).await;
    let range = json!({"startTime": "1970-01-01T00:00:02Z", "endTime": "1970-01-01T08:00:05+08:00"});
    let accepted = client.post(&deletions(), range).await;
    assert_eq!(accepted.status, 202, "{}", accepted.text);
    let uri = accepted.result()["taskUri"].as_str().unwrap().to_owned();
    assert!(uri.starts_with("/api/v2/tasks/t-"), "{uri}");
    assert_eq!((accepted.header("location"), accepted.header("retry-after")), (uri.as_str(), "1"));
    let task = ended(&client, &uri).await;
    assert_eq!((&task["state"], &task["kind"]), (&json!("SUCCEEDED"), &json!("RANGE_DELETION")));
    assert_eq!(task["targetUri"], format!("{M}/tables/cpu"));
    assert_eq!(client.rows("select count(*), min(ts) from cpu").await, r#"[[7,"1970-01-01 00:00:00"]]"#);
    let tagged =
        json!({"startTime": "1970-01-01T00:00:00Z", "endTime": "1971-01-01T00:00:00Z", "tagFilter": {"host": "odd"}});
    let uri = client.post(&deletions(), tagged).await.result()["taskUri"].as_str().unwrap().to_owned();
    ended(&client, &uri).await;
    assert_eq!(client.rows("select host, count(*) from cpu group by host").await, r#"[["even",3]]"#);
    let all = client.post(&deletions(), json!({"confirmAll": true})).await.result();
    ended(&client, all["taskUri"].as_str().unwrap()).await;
    assert_eq!(client.rows("select count(*) from cpu").await, "[[0]]");
    assert_eq!(client.get("/api/v2/tasks").await.result()["total"], 3);
    assert_eq!(client.delete(&uri).await.result()["deleted"], true);
    assert_eq!(client.get(&uri).await.failure().2, "TASK_NOT_FOUND");
    assert_eq!(client.delete("/api/v2/tasks/unknown").await.result()["deleted"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_selects_nothing_clear_is_refused_before_it_is_a_task() {
    let client = Client::with_database().await;
    filled(&client).await;
    client.made("create table r (a int)").await;
    let range = || json!({"startTime": "1970-01-01T00:00:00Z", "endTime": "1971-01-01T00:00:00Z"});
    let with = |key: &str, value: Value| {
        let mut range = range();
        range[key] = value;
        range
    };
    for (body, reason) in [
        (json!({}), "OPEN_RANGE"),
        (json!({"startTime": "1970-01-01T00:00:00Z"}), "OPEN_RANGE"),
        (with("startTime", json!("yesterday")), "INVALID_PARAMETER"),
        (with("startTime", json!(5)), "INVALID_PARAMETER"),
        (with("startTime", json!("1971-01-01T00:00:01Z")), "INVALID_PARAMETER"),
        (with("tagFilter", json!({"nope": 1})), "UNKNOWN_COLUMN"),
        (with("tagFilter", json!({"usage": 1})), "UNKNOWN_COLUMN"),
        (with("tagFilter", json!({"host": ["a"]})), "INVALID_PARAMETER"),
        (with("columns", json!(["usage"])), "UNSUPPORTED"),
        (with("nonsense", json!(1)), "UNKNOWN_PARAMETER"),
    ] {
        assert_eq!(client.post(&deletions(), body.clone()).await.failure().2, reason, "{body}");
    }
    let relational = client.post(&format!("{M}/tables/r/range_deletions"), range()).await;
    assert_eq!(relational.failure().0, 400);
    assert_eq!(client.post(&format!("{M}/tables/none/range_deletions"), range()).await.failure().0, 404);
    assert_eq!(client.get("/api/v2/tasks").await.result()["total"], 0);
    assert_eq!(client.rows("select count(*) from cpu").await, "[[10]]");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_task_is_cancelled_and_deletes_nothing() {
    let files = files();
    let client = Client::over(Arc::clone(&files), 1 << 20).await;
    client.created("/api/v2/databases", json!({"name": "m"})).await;
    filled(&client).await;
    let held = client.hold_tasks().await;
    let submit = || async {
        client.post(&deletions(), json!({"confirmAll": true})).await.result()["taskUri"].as_str().unwrap().to_owned()
    };
    let (first, second) = (submit().await, submit().await);
    assert_eq!(client.get(&first).await.result()["state"], "PENDING");
    let cancelling = client.delete(&first).await.result();
    assert!(["CANCELLING", "CANCELLED"].contains(&cancelling["state"].as_str().unwrap()), "{cancelling}");
    assert_eq!(ended(&client, &first).await["state"], "CANCELLED");
    assert_eq!(client.rows("select count(*) from cpu").await, "[[10]]");

    // Another server over the same store finds both, the one that waited as failed.
    client.engine.close().await.unwrap();
    drop(held);
    let again = Client::over(files, 1 << 20).await;
    assert_eq!(again.get(&first).await.result()["state"], "CANCELLED");
    let failed = again.get(&second).await.result();
    assert_eq!((&failed["state"], &failed["error"]["reason"]), (&json!("FAILED"), &json!("SERVER_RESTARTED")));
    assert_eq!(again.rows("select count(*) from cpu").await, "[[10]]");
}
