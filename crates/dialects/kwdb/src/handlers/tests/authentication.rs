//! Who may come in, and how those are answered who may not.

use super::client::{Client, Envelope as _, basic};
use axum::http::StatusCode;

const MISMATCH: &str = "the provided username and password did not match any credentials on the server.";

#[tokio::test(flavor = "multi_thread")]
async fn login_refuses_in_the_documented_words() {
    let client = Client::new().await;
    for (method, query, header, status, text) in [
        ("GET", "db=x", None, 400, "wrong db parameter for login."),
        ("POST", "", None, 400, "support only GET method."),
        ("GET", "", None, 401, "can not find Basic attribute, please check"),
        ("GET", "", Some("Basic".to_owned()), 401, "can not find Basic attribute, please check"),
        ("GET", "", Some("Basic !!!!".to_owned()), 401, "wrong username or password, please check"),
        ("GET", "", Some(basic("root", "wrong")), 401, MISMATCH),
        ("GET", "", Some(basic("nobody", "x")), 401, MISMATCH),
    ] {
        let answer = client.at(query).authorized(header.as_deref()).send(method, "login", "").await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert_eq!(answer.text, format!(r#"{{"code":-1,"desc":"{text}"}}"#));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_come_in_the_documented_order() {
    let client = Client::new().await;
    let unknown = client.authorized(Some("Basic 00ff"));
    // Method and body win over a bad token, the header's form over both.
    assert_eq!(unknown.send("GET", "ddl", "").await.desc(), "only support POST method");
    assert_eq!(unknown.send("POST", "ddl", "").await.desc(), "invalid request body");
    assert_eq!(client.authorized(Some("Digest a b")).send("GET", "ddl", "").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(unknown.at("tz=99").query("select 1").await.desc(), "Incorrect authentication token");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_credentials_on_the_endpoints() {
    let client = Client::new().await;
    for (header, text) in [
        (None, "wrong username or password, please check"),
        (Some("Basic 00ff".to_owned()), "Incorrect authentication token"),
        (Some("Basic dTE6!A==".to_owned()), "illegal base64 data at input byte 4"),
        (Some("Basic bm9jb2xvbg==".to_owned()), "wrong username or password, please check"),
        (Some(basic("root", "x")), MISMATCH),
    ] {
        let client = client.authorized(header.as_deref());
        for endpoint in ["ddl", "query"] {
            let answer = client.send("POST", endpoint, "select 1").await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
            assert_eq!(answer.text, format!(r#"{{"code":-1,"desc":"{text}"}}"#));
        }
        let answer = client.insert("insert into t values (1);insert into t values (';')").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(
            answer.text,
            format!(r#"{{"code":-1,"desc":["{text}","{text}"],"rows":null,"notice":null,"time":null}}"#)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_log_in_with_what_they_were_given() {
    let client = Client::new().await;
    client.done("create user U1 with password 'kwdb:pass';create user u2 nologin password 'x'").await;
    assert_eq!(client.by("u1", "kwdb:pass").query("select 1").await.rows(), "[[1]]");
    assert_eq!(client.by("U1", "kwdb:pass").query("select 1").await.rows(), "[[1]]");
    assert_eq!(client.by("u2", "x").query("select 1").await.desc(), MISMATCH);
    client.done("alter user u1 password 'other'").await;
    assert_eq!(client.by("u1", "kwdb:pass").query("select 1").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(client.by("u1", "other").query("select 1").await.status, StatusCode::OK);
    client.done("alter user u1 valid until '2001-01-01'").await;
    assert_eq!(client.by("u1", "other").query("select 1").await.desc(), "the password for user has expired.");
    client.done("drop user u1, u2").await;
    assert_eq!(client.refused("drop user u1").await, "pq: role/user u1 does not exist");
    client.done("drop user if exists u1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_tls_a_missing_header_is_explained() {
    let client = Client::started(false, 1 << 20).await;
    let hint = "(curl -L drops credentials on a redirect: use https:// in the URL, or --location-trusted)";
    let nobody = client.authorized(None);
    let text = format!("wrong username or password, please check {hint}");
    assert_eq!(nobody.query("select 1").await.desc(), text);
    assert_eq!(nobody.insert("insert into t values (1)").await.desc(), text);
    let login = nobody.send("GET", "login", "").await;
    assert_eq!(login.status, StatusCode::UNAUTHORIZED);
    assert_eq!(login.desc(), format!("can not find Basic attribute, please check {hint}"));
    // Credentials that came and are wrong need no hint.
    assert!(!client.authorized(Some("Basic 00ff")).query("select 1").await.desc().contains("curl"));
}
