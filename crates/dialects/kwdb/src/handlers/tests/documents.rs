//! The samples that the vendor's documents print, and the same with other names and values.

use super::client::{Client, Envelope as _, basic};
use axum::http::StatusCode;

#[tokio::test(flavor = "multi_thread")]
async fn two_tables_two_rows_and_back() {
    let client = Client::new().await;
    for (table, column, tag, values) in [
        (
            "meters",
            "power",
            "location",
            [("2023-07-30T06:44:40.32Z", "198352498", "beijing"), ("2023-07-30T06:45:40.32Z", "198352495", "beijing")],
        ),
        ("boilers", "heat", "hall", [("2021-01-02T03:04:05.006Z", "-7", "N 1"), ("2021-01-02T03:04:06Z", "8", "N 1")]),
    ] {
        let answer = client
            .ddl(&format!(
                "CREATE TABLE {table} (ts timestamp not null, {column} int) tags({tag} varchar not null) primary tags ({tag}); \
                 CREATE TABLE {table}2 (ts timestamp not null, speed int) tags({tag} varchar not null) primary tags ({tag});"
            ))
            .await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.text.starts_with(r#"{"code":0,"desc":["success","success"],"time":"#), "{}", answer.text);
        let row = |at: usize| {
            let (time, value, place) = values[at];
            format!("insert into {table} values(\"{time}\", \"{value}\", \"{place}\");")
        };
        let answer = client.insert(&(row(0) + &row(1))).await;
        assert!(
            answer.text.starts_with(r#"{"code":0,"desc":["success","success"],"rows":2,"notice":null,"time":"#),
            "{}",
            answer.text
        );
        let answer = client.query(&format!("select * from {table} order by ts;")).await;
        assert_eq!(
            answer.rows(),
            format!(
                r#"[["{}",{},"{}"],["{}",{},"{}"]]"#,
                values[0].0, values[0].1, values[0].2, values[1].0, values[1].1, values[1].2
            )
        );
        assert_eq!(
            answer.json()["column_meta"].to_string(),
            format!(r#"[["ts","TIMESTAMPTZ",8],["{column}","INT4",4],["{tag}","VARCHAR",64]]"#)
        );
        assert!(answer.text.starts_with(r#"{"code":0,"desc":null,"time":"#), "{}", answer.text);
        assert!(answer.text.ends_with(r#","rows":2}"#), "{}", answer.text);
        assert_eq!(answer.headers["content-type"], "application/json");
        assert_eq!(answer.headers["cache-control"], "no-cache");
        assert_eq!(answer.headers["x-frame-options"], "DENY");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_without_primary_tags_are_all_primary() {
    let client = Client::new().await;
    client.done("CREATE TABLE ts_table(ts timestamp not null, power int) tags(location varchar(15));").await;
    let answer = client.query("show create table ts_table").await;
    let text = answer.json()["data"][0][1].as_str().unwrap().to_owned();
    assert!(text.contains("location VARCHAR(15) NOT NULL ) PRIMARY TAGS(location)"), "{text}");
    assert!(text.contains("retentions 0s"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_gives_a_token_that_works_everywhere() {
    let client = Client::new().await;
    for header in [
        basic("root", "kwdbpassword"),
        "cm9vdDprd2RicGFzc3dvcmQ=".to_owned(),
        "basic cm9vdDprd2RicGFzc3dvcmQ=".to_owned(),
    ] {
        let answer = client.authorized(Some(&header)).send("GET", "login", "").await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let json = answer.json();
        let token = json["token"].as_str().unwrap();
        assert_eq!(answer.text, format!(r#"{{"code":0,"token":"{token}"}}"#));
        for header in [format!("Basic {token}"), format!("Bearer {token}"), token.to_owned()] {
            let answer = client.authorized(Some(&header)).query("select 1").await;
            assert_eq!(answer.rows(), "[[1]]");
        }
    }
}
