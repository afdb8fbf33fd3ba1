//! Requests that are wrong: each is refused in words, never with an empty body.

use super::client::Client;
use axum::body::Body;
use axum::http::StatusCode;

#[tokio::test(flavor = "multi_thread")]
async fn wrong_kinds_of_statements_on_query() {
    let client = Client::new().await;
    for word in ["create", "insert", "set", "drop", "alter", "delete", "update"] {
        let sql = match word {
            "create" => "create table t (a int)",
            "insert" => " insert into t values (1)",
            "set" => "SET time zone 8",
            "drop" => "drop table t",
            "alter" => "alter table t add column b int",
            "delete" => "delete from t",
            _ => "update t set a = 1",
        };
        let answer = client.query(sql).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        let text = format!("do not support {word} statement for query interface, please check.");
        assert_eq!(answer.text, format!(r#"{{"code":-1,"desc":"{text}"}}"#));
    }
    assert_eq!(
        client.query("select 1;select 2;").await.desc(),
        "only support single statement for each query interface, please check."
    );
    assert_eq!(client.rows("select 1;").await, "[[1]]");
    assert_eq!(client.query(" ; ").await.desc(), "invalid request body");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_query_has_all_six_keys() {
    let client = Client::new().await;
    let answer = client.query("select * from nope").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(
        answer.text,
        r#"{"code":500,"desc":"pq: relation \"nope\" does not exist","time":null,"column_meta":null,"data":null,"rows":null}"#
    );
    client.done("create table t (a int)").await;
    assert_eq!(client.query("select nope from t").await.desc(), "pq: column \"nope\" does not exist");
    assert_eq!(client.query("select nope(a) from t").await.desc(), "pq: unknown function: nope()");
}

#[tokio::test(flavor = "multi_thread")]
async fn syntax_errors_say_where_in_characters() {
    let client = Client::new().await;
    let answer = client.query("selec 1").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.desc(), "at or near \"selec\": syntax error (line 1, column 1)");
    let answer = client.ddl("create table \"表\" (a int);\ndrop table \"表\" x").await;
    assert_eq!(answer.json()["desc"][1], "pq: at or near \"x\": syntax error (line 2, column 16)");
    let answer = client.query("select '表', from t").await;
    assert!(answer.desc().contains("(line 1, column 13)"), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_cannot_be_read() {
    let client = Client::new().await;
    let answer = client.send("POST", "query", Body::from(b"select '\xff'".to_vec())).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.desc().contains("byte 8"), "{}", answer.text);
    let answer = client.send("POST", "insert", Body::from(vec![b' '; (64 << 20) + 1])).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.desc().contains("67108864"), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn zones_that_do_not_exist() {
    let client = Client::new().await;
    for zone in ["15", "abc", "1.5"] {
        for endpoint in ["ddl", "insert", "query"] {
            let answer = client.at(&format!("tz={zone}")).send("POST", endpoint, "select 1").await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST);
            assert_eq!(answer.desc(), format!("pq: invalid value for parameter \"timezone\": \"{zone}\""));
        }
    }
}
