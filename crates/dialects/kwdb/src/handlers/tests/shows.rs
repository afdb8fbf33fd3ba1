//! SHOW, EXPLAIN and USE through `/query`.

use super::client::{Client, Envelope as _};

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
    let plan = answer.rows();
    // Time and key are conditions of the scan, and nothing filters above it.
    for part in ["time=[2024-01-01T00:00:00.001Z, ]", "series=0 of 0", "columns=[a]"] {
        assert!(plan.contains(part), "{part}: {plan}");
    }
    assert!(!plan.contains("FilterExec"), "{plan}");
    client.inserted(2, "insert into t values ('2024-01-02', 1, 1), ('2024-01-02', 1, 2)").await;
    let plan = client.query("explain select a from t where g = 1 and ts > '2024-01-01'").await.rows();
    assert!(plan.contains("series=1 of 2"), "{plan}");
    // The newest values of series are known.
    for sql in ["select g, last(a), last_row(a) from t group by g", "select last(*) from t where g = 1"] {
        let plan = client.query(&format!("explain {sql}")).await.rows();
        assert!(plan.contains("LastExec: table=t"), "{sql}: {plan}");
    }
    // A condition on a field is none of the scan.
    let plan = client.query("explain select a from t where a > 1").await.rows();
    assert!(plan.contains("FilterExec") && plan.contains("time=[, ]"), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_of_writes_runs_nothing() {
    let client = Client::with_tsdb().await;
    client
        .done(
            "create table t (ts timestamp not null, a int) tags (g int not null, h int) primary tags (g);\
             create table defaultdb.r (id int primary key, b int)",
        )
        .await;
    client.inserted(1, "insert into t values ('2024-01-02', 1, 1, 5)").await;
    client.inserted(2, "insert into defaultdb.r values (1, 1), (2, 2)").await;
    for (sql, parts) in [
        (
            "explain insert into t values ('2024-01-03', 2, 2, 2), ('2024-01-04', 2, 2, 2)",
            ["Insert: tsdb.t (ts, a, g, h)", "Values: 2"],
        ),
        (
            "explain insert into defaultdb.r (id) select a + 7 from t where g = 1 and ts > '2024-01-01'",
            ["Insert: defaultdb.r (id)", "time=[2024-01-01T00:00:00.001Z, ]"],
        ),
        ("explain update t set h = 6 where g = 1", ["Update: tsdb.t (h)", "series=1 of 1"]),
        ("explain update defaultdb.r set b = b + 1 where id = 2", ["Update: defaultdb.r (b)", "keys=1 ranges"]),
        ("explain delete from t where ts > '2024-01-01'", ["Delete: tsdb.t", "time=[2024-01-01T00:00:00.001Z, ]"]),
        ("explain delete from t where g = 1", ["Delete: tsdb.t, the series too", "series=1 of 1"]),
        ("explain delete from defaultdb.r", ["Delete: defaultdb.r, all rows", "write_plan"]),
    ] {
        let plan = client.query(sql).await.rows();
        for part in parts {
            assert!(plan.contains(part), "{sql}: {plan}");
        }
    }
    assert_eq!(client.rows("select a, g, h from t").await, "[[1,1,5]]");
    assert_eq!(client.rows("select id, b from defaultdb.r order by id").await, "[[1,1],[2,2]]");
    for (sql, text) in [
        ("explain analyze delete from t", "EXPLAIN ANALYZE of a statement other than SELECT"),
        ("explain drop table t", "EXPLAIN of a statement other than SELECT, INSERT, UPDATE and DELETE"),
        ("explain update t set a = 1 where g = 1", "primary tags and columns cannot be set"),
        ("explain insert into t (nope) values (1)", "column \"nope\" does not exist"),
        ("explain delete from nope", "relation \"nope\" does not exist"),
    ] {
        let desc = client.query(sql).await.desc();
        assert!(desc.contains(text), "{sql}: {desc}");
    }
}
