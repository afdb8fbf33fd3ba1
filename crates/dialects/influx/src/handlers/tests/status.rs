//! Whether the server is up, and sessions of version 2.

use super::client::Client;

#[tokio::test(flavor = "multi_thread")]
async fn clients_learn_the_version_from_every_answer() {
    let client = Client::started(false).await;
    for (method, path, status) in [
        ("GET", "/ping?wait_for_leader=1s", 204),
        ("HEAD", "/ping", 204),
        ("GET", "/api/v2/ping", 204),
        ("GET", "/api/v2/health", 200),
        ("GET", "/ready", 200),
        ("POST", "/write?db=x", 401),
        ("GET", "/query?q=SHOW%20DATABASES", 401),
    ] {
        let answer = client.send(method, path, "").await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        assert_eq!(answer.header("x-influxdb-version"), "1.8.10", "{method} {path}");
        assert_eq!(answer.header("x-influxdb-build"), "OSS", "{method} {path}");
    }
    assert_eq!(client.send("GET", "/api/v2/health", "").await.json()["status"], "pass");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_a_cookie() {
    let client = Client::with_db0().await;
    client.user("u1", "p:w").await;
    assert_eq!(client.send("POST", "/api/v2/signin", "").await.status, 401);
    let signed_in = client.with("authorization", "Basic dTE6cDp3").send("POST", "/api/v2/signin", "").await;
    assert_eq!((signed_in.status, signed_in.text.as_str()), (204, ""));
    let cookie = signed_in.header("set-cookie");
    assert!(cookie.starts_with("influxdb-oss-session=") && cookie.contains("HttpOnly"), "{cookie}");
    let inside = client.with("cookie", cookie);
    let buckets = inside.send("GET", "/api/v2/buckets", "").await.json();
    assert_eq!(buckets["buckets"].as_array().unwrap().len(), 0, "u1 may do nothing anywhere");
    assert_eq!(inside.send("POST", "/api/v2/signout", "").await.status, 204);
    assert_eq!(inside.send("GET", "/api/v2/buckets", "").await.status, 401);
    assert_eq!(inside.send("POST", "/api/v2/signout", "").await.status, 401);
    let all = client.send("GET", "/api/v2/buckets?name=db0", "").await.json();
    assert_eq!(all["buckets"][0]["name"], "db0");
    assert_eq!(all["buckets"][0]["id"].as_str().unwrap().len(), 16);
}
