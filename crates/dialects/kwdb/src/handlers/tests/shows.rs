//! SHOW, EXPLAIN and USE through `/query`.

use super::client::Client;

#[tokio::test(flavor = "multi_thread")]
async fn tables_columns_and_tags() {
    let client = Client::with_tsdb().await;
    client
        .done(
            "create table t (ts timestamp not null, a int not null default 3, b nchar(5), \"C\" timestamp) \
             tags (g varchar not null, h int2) primary tags (g)",
        )
        .await;
    client.at("").done("create table r (id int primary key, name string)").await;
    assert_eq!(client.rows("show tables").await, r#"[["t","TIME SERIES TABLE"]]"#);
    assert_eq!(client.rows("show tables from defaultdb").await, r#"[["r","BASE TABLE"]]"#);
    let answer = client.query("show columns from t").await;
    assert_eq!(
        answer.names(),
        [
            "column_name",
            "data_type",
            "is_nullable",
            "column_default",
            "generation_expression",
            "indices",
            "is_hidden",
            "is_tag"
        ]
    );
    assert_eq!(
        client
            .rows("select column_name, data_type, is_nullable, column_default, is_tag from [show columns from t]")
            .await,
        r#"[["ts","TIMESTAMPTZ(3)",false,null,false],["a","INT4",false,"3",false],["b","NCHAR(5)",true,null,false],["C","TIMESTAMP(3)",true,null,false],["g","VARCHAR(64)",false,null,true],["h","INT2",true,null,true]]"#
    );
    assert_eq!(client.rows("show tags from t").await, r#"[["g","VARCHAR(64)",true,false],["h","INT2",false,true]]"#);
    assert_eq!(
        client.rows("show create table t").await,
        concat!(
            r#"[["t","CREATE TABLE t (\n\tts TIMESTAMPTZ(3) NOT NULL,\n\ta INT4 NOT NULL DEFAULT 3,\n\tb NCHAR(5) NULL,\n"#,
            r#"\t\"C\" TIMESTAMP(3) NULL\n) TAGS (\n\tg VARCHAR(64) NOT NULL,\n\th INT2 ) PRIMARY TAGS(g)\n\tretentions 0s"]]"#
        )
    );
    let elsewhere = client.at("").query("show create table tsdb.t").await;
    assert_eq!(elsewhere.json()["data"][0][0], "tsdb.public.t");
    assert_eq!(client.rows("select count(*) from [show tables]").await, "[[1]]");
    assert_eq!(client.query("show columns from nope").await.desc(), "pq: relation \"nope\" does not exist");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_made_by_show_makes_the_same_table() {
    let client = Client::with_tsdb().await;
    client
        .done(
            "create table t (ts timestamp(9) not null, a int8 comment 'it''s', s varchar(9) default 'x''y') \
             tags (g int not null, h char(3)) primary tags (g) retentions 20d",
        )
        .await;
    let made = |answer: super::client::Answer| answer.json()["data"][0][1].as_str().unwrap().to_owned();
    let first = made(client.query("show create table t").await);
    client.done("drop table t").await;
    client.done(&first).await;
    assert_eq!(made(client.query("show create table t").await), first);
}

#[tokio::test(flavor = "multi_thread")]
async fn printed_defaults_are_read_again() {
    let client = Client::with_tsdb().await;
    for create in [
        "create table t (ts timestamptz(6) not null, a timestamptz(3) default now(), b timestamp(9) default now(), \
         c float8 default -1.5, d bool default true) tags (g int not null) primary tags (g)",
        "create table t (id int8 primary key default unique_rowid(), a timestamptz default now(), b timestamp(3) not \
         null default current_timestamp(), \"C d\" string default 'it''s', e decimal(9,2) default 1.5, f uuid default \
         gen_random_uuid(), g date default now(), unique index u (a, b), index i (e desc, \"C d\") storing (a))",
    ] {
        client.done(create).await;
        let shown = client.query("show create table t").await.json()["data"][0][1].as_str().unwrap().to_owned();
        let columns = client.query("show columns from t").await.rows();
        let indexes = client.query("show indexes from t").await.rows();
        assert!(shown.contains("now():::TIMESTAMPTZ"), "{shown}");
        assert_eq!(indexes.contains("C d"), shown.contains("STORING"), "{indexes}");
        client.done("drop table t").await;
        client.done(&shown).await;
        assert_eq!(client.query("show create table t").await.json()["data"][0][1], shown.as_str());
        assert_eq!(client.query("show columns from t").await.rows(), columns);
        assert_eq!(client.query("show indexes from t").await.rows(), indexes);
        client.done("drop table t").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn use_and_explain() {
    let client = Client::with_tsdb().await;
    let answer = client.query("use tsdb").await;
    assert!(answer.text.contains(r#""column_meta":[],"data":[],"rows":0"#), "{}", answer.text);
    assert_eq!(client.query("use nope").await.desc(), "pq: database \"nope\" does not exist");
    client.done("create table t (ts timestamp not null, a int) tags (g int not null) primary tags (g)").await;
    let answer = client.query("explain select a from t where g = 1 and ts > '2024-01-01'").await;
    assert!(answer.rows().len() > 40, "{}", answer.text);
}
