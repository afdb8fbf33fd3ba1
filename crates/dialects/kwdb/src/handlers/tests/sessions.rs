//! Sessions: listed under both documents' names, ended by those who may.

use super::client::{Client, Envelope as _, Options};
use serde_json::Value;

async fn token(client: &Client) -> String {
    client.send("GET", "login", "").await.json()["token"].as_str().unwrap().to_owned()
}

async fn listed(client: &Client) -> Vec<Value> {
    let answer = client.send("GET", "session", "").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let json = answer.json();
    assert_eq!(json["conns"], json["tokens"]);
    json["tokens"].as_array().unwrap().clone()
}

async fn ended(client: &Client, id: &str) -> (u16, i64, String) {
    let answer = client.send("DELETE", "session", id.to_owned()).await;
    (answer.status, answer.json()["code"].as_i64().unwrap(), answer.desc())
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_seen_and_ended_by_those_who_may() {
    let client = Client::new().await;
    assert!(listed(&client).await.is_empty());
    client.done("create user u1 password 'pw'; create user u2 password 'pw'").await;
    let (u1, u2) = (client.by("u1", "pw"), client.by("u2", "pw"));
    let (first, second) = (token(&u1).await, token(&u1).await);
    token(&u2).await;
    assert_eq!((listed(&client).await.len(), listed(&u1).await.len(), listed(&u2).await.len()), (3, 2, 1));
    let by_token = client.authorized(Some(&format!("Basic {first}")));
    let own = listed(&by_token).await;
    assert_eq!(own.len(), 1);
    let entry = &own[0];
    assert_eq!(
        (&entry["Username"], &entry["MaxLifeTime"], &entry["MaxLife Time"]),
        (&"u1".into(), &3600.into(), &3600.into())
    );
    assert_eq!(entry["Token"], format!("{}*", &first[..8]));
    assert_eq!(entry["Connid"], entry["SessionID"]);
    assert!(
        entry["LastLoginTime"].as_str().unwrap().len() == 19 && entry["ExpirationTime"].as_str().unwrap().len() == 19
    );

    let id = entry["SessionID"].as_str().unwrap().to_owned();
    let denied = (400, -1, "do not have authority, please check.".to_owned());
    assert_eq!(ended(&u2, &id).await, denied);
    let unknown = (400, -1, "no connid matching the given one was found.".to_owned());
    assert_eq!(ended(&client, "0339f5b5-c492-11ee-a7c9-000c29066670").await, unknown);
    assert_eq!(ended(&by_token, &format!("\"{id}\"\n")).await, (200, 0, "Delete Success".to_owned()));
    assert_eq!(by_token.send("GET", "session", "").await.status, 401);
    let rest = listed(&client).await;
    assert_eq!(rest.len(), 2);
    assert_eq!(rest[0]["Token"], format!("{}*", &second[..8]));
    let others = rest[1]["SessionID"].as_str().unwrap();
    assert_eq!(ended(&client, others).await.0, 200, "an administrator ends any");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_life_of_tokens_is_a_setting() {
    let client = Client::new().await;
    token(&client).await;
    client.done("set cluster setting server.rest.timeout = 2").await;
    assert_eq!(listed(&client).await[0]["MaxLifeTime"], 120);
    let answer = client.ddl("set cluster setting server.rest.timeout = 0").await;
    assert_eq!(answer.json()["code"], -1);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_are_refused() {
    let client = Client::new().await;
    for (method, body, status, desc) in
        [("PUT", "x", 400, "only support GET/DELETE method."), ("DELETE", "", 400, "invalid request body")]
    {
        let answer = client.send(method, "session", body).await;
        assert_eq!((answer.status, answer.desc().as_str()), (status, desc));
    }
    for header in [None, Some("Basic 00ff")] {
        assert_eq!(client.authorized(header).send("GET", "session", "").await.status, 401);
        assert_eq!(client.authorized(header).send("DELETE", "session", "x").await.status, 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_has_run_out_is_refused_in_the_documents_words() {
    // Without a setting of its own this server's tokens run out at once.
    let client = Client::with(Options { token_minutes: 0, ..Options::default() }).await;
    client.done("set cluster setting server.rest.timeout = 60").await;
    let token = token(&client).await;
    let holder = client.authorized(Some(&format!("Basic {token}")));
    assert_eq!(holder.rows("select 1").await, "[[1]]");
    assert_eq!(holder.insert("select 1").await.status, 200);
    client.done("reset cluster setting server.rest.timeout").await;
    for endpoint in ["query", "ddl"] {
        let answer = holder.send("POST", endpoint, "select 1".to_owned()).await;
        assert_eq!((answer.status, answer.desc().as_str()), (401, "Incorrect authentication token"));
    }
    let answer = holder.insert("insert into t values (1); insert into t values (2)").await;
    assert_eq!(answer.status, 401);
    let text = "Incorrect authentication token";
    let expected = serde_json::json!({"code": -1, "desc": [text, text], "rows": null, "notice": null, "time": null});
    assert_eq!(answer.json(), expected);
    client.done("set cluster setting server.rest.timeout = 60").await;
    assert_eq!(holder.query("select 1").await.status, 401, "a token does not come back");
    assert!(listed(&client).await.is_empty());
}
