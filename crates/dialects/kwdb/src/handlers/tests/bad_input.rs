//! Requests that are wrong: each is refused in words, never with an empty body.

use super::client::{Client, Envelope as _};
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

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_beyond_the_limit() {
    let client = Client::started(true, 64).await;
    client.done("create table t (a int)").await;
    let long = "x".repeat(64);
    let answer = client.query(&format!("select '{long}'")).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.desc().contains("64 bytes"), "{}", answer.text);
    // Of several statements only the long one fails.
    let answer =
        client.insert(&format!("insert into t values (1);insert into t values (2) -- {long}\n+('{long}')")).await;
    assert_eq!(answer.status, StatusCode::OK);
    let json = answer.json();
    assert_eq!((json["rows"].as_u64(), json["desc"][0].as_str()), (Some(1), Some("success")), "{}", answer.text);
    assert!(json["desc"][1].as_str().unwrap().contains("64 bytes"), "{}", answer.text);
    let answer = client.send("POST", "ddl", format!("drop table t;create table u (a int default {long})")).await;
    assert_eq!(answer.json()["desc"][0], "success");
    assert!(answer.json()["desc"][1].as_str().unwrap().contains("64 bytes"), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_syntax_error_stands_near_the_word_that_is_wrong() {
    let client = Client::new().await;
    for (sql, near) in [("drop tabel x", "tabel"), ("create tabel x (a int)", "tabel"), ("alter tabel x", "tabel")] {
        let text = client.send("POST", "ddl", sql).await.desc();
        assert!(text.starts_with(&format!("pq: at or near \"{near}\": syntax error")), "{text}");
    }
    let text = client.query("slect 1").await.desc();
    assert!(text.starts_with("at or near \"slect\": syntax error"), "{text}");
    for sql in ["select 1 for update", "select * from t for update", "select 1 for share"] {
        let text = client.query(sql).await.desc();
        assert!(text.contains("FOR ") && text.contains("not supported"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_named_and_echoes_are_short() {
    let client = Client::new().await;
    for (sql, words) in [
        (format!("select 1{}", "+1".repeat(300)), "the expression has more than 200 operators"),
        (format!("select {}1{}", "(".repeat(3_000), ")".repeat(3_000)), "nested deeper than 48 levels"),
        (format!("select 1{}", " union select 1".repeat(150)), "the set operation joins more than 100 queries"),
        ("select 1 as \"a\0b\"".to_owned(), "a name cannot hold the character NUL"),
        ("select \"a\0b\" from t".to_owned(), "a name cannot hold the character NUL"),
        (format!("select repeat('x', {})", 6 << 20), "does not fit into an answer of 5242880 bytes"),
    ] {
        let answer = client.query(&sql).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(answer.desc().contains(words), "{}", answer.desc());
    }
    let text = client.query("select 1 where (1, 2) in (select 3, 4)").await.desc();
    assert!(text.ends_with("one column: ?column?, ?column?"), "{text}");
    let text = client.refused("create table \"a\0b\" (a int)").await;
    assert!(text.contains("a name cannot hold the character NUL"), "{text}");
    let name = "n".repeat(300_000);
    for sql in [format!("select * from {name}"), format!("select {name}"), format!("select 1 from t {name} {name}")] {
        let text = client.query(&sql).await.desc();
        assert!(text.len() < 1_000 && text.contains("nnn…\""), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_to_a_database_that_is_not_there_does_nothing() {
    let client = Client::new().await;
    client.done("create database d").await;
    client.done("create table d.t (a int)").await;
    let missing = client.at("db=missing");
    let text = "pq: database \"missing\" does not exist";
    for sql in ["select 1", "show databases", "select a from d.t", "show tables", "explain select 1"] {
        let answer = missing.query(sql).await;
        assert_eq!((answer.status, answer.desc().as_str()), (500, text), "{sql}");
    }
    let answer = missing.insert("insert into d.t values (1)").await;
    assert_eq!(answer.json()["desc"][0], text, "{}", answer.text);
    for sql in ["create user u1", "drop table d.t", "delete from d.t", "set cluster setting ts.dedup.rule = 'merge'"] {
        let answer = missing.ddl(sql).await;
        assert_eq!(answer.json()["desc"][0], text, "{sql}: {}", answer.text);
    }
    assert_eq!(client.rows("select count(*) from d.t").await, "[[0]]");
    // One that makes the database, or leaves for another, is as good as elsewhere.
    assert_eq!(missing.query("use d").await.status, 200);
    missing.done("use d; create table u (a int)").await;
    missing.done("create database missing; create table t (a int)").await;
    assert_eq!(missing.rows("select count(*) from t").await, "[[0]]");
}
