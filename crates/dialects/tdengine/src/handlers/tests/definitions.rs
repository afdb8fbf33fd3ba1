//! Databases, super tables, children: made, changed, listed, dropped.

use super::client::Client;

#[tokio::test]
async fn a_url_names_a_database_that_its_statement_makes() {
    let client = Client::new().await;
    client.at("/rest/sql/brandnew").changed(0, "create database brandnew").await;
    assert_eq!(client.at("/rest/sql/brandnew").rows("select database()").await, r#"[["brandnew"]]"#);
    assert_eq!(client.rows("select database()").await, "[[null]]");
    client.changed(0, "use brandnew").await;
    assert_eq!(client.refused("show tables").await.0, 9728, "USE does not last");
}

#[tokio::test]
async fn names_are_one_set_in_a_database() {
    let client = Client::with_rt().await;
    for (sql, code) in [
        ("create stable st (ts timestamp, v int) tags (g int)", 864),
        ("create table st (ts timestamp, v int)", 864),
        ("create table d1 (ts timestamp, v int)", 1539),
        ("create stable d1 (ts timestamp, v int) tags (g int)", 1539),
        ("create table d1 using st tags (1, 'a')", 1539),
        ("create table x using st tags (1, 'a') x using st tags (1, 'a')", 1539),
    ] {
        assert_eq!(client.refused(sql).await.0, code, "{sql}");
    }
    client.changed(0, "create stable other (ts timestamp, v int) tags (g int)").await;
    assert_eq!(client.refused("create table d1 using other tags (1)").await.0, 1565);
    assert_eq!(client.refused("insert into d1 using other tags (1) values (now, 1)").await.0, 1565);
    assert_eq!(client.refused("insert into other (tbname, g, ts, v) values ('d1', 1, now, 1)").await.0, 1565);
    client.changed(0, "create table if not exists d1 using st tags (9, 'z')").await;
    assert_eq!(client.rows("select tags g, loc from st order by g").await, r#"[[1,"a"],[2,"b"]]"#);
}

#[tokio::test]
async fn a_child_that_was_dropped_begins_anew() {
    let client = Client::with_rt().await;
    client.changed(1, "insert into d1 (ts, v) values (1704067200000, 1)").await;
    client.changed(0, "drop table d1").await;
    assert_eq!(client.refused("select * from d1").await.0, 9731);
    client.changed(0, "create table d1 using st tags (7, 'again')").await;
    assert_eq!(client.rows("select count(*) from d1").await, "[[0]]");
    client.changed(1, "insert into d1 (ts, v) values (1704067200000, 5)").await;
    assert_eq!(client.rows("select v, g, loc from st").await, r#"[[5,7,"again"]]"#);
}

#[tokio::test]
async fn tags_change_for_all_rows() {
    let client = Client::with_rt().await;
    client.changed(2, "insert into d1 (ts, v) values (1704067200000, 1) (1704067201000, 2)").await;
    client.changed(0, "alter table d1 set tag g = 42, loc = 'x'").await;
    assert_eq!(client.rows("select v, g, loc from st order by ts").await, r#"[[1,42,"x"],[2,42,"x"]]"#);
    client.changed(0, "alter stable st add tag t2 int").await;
    client.changed(0, "alter stable st rename tag loc place").await;
    assert_eq!(client.rows("select place, t2 from st limit 1").await, r#"[["x",null]]"#);
    assert_eq!(client.refused("alter table d1 add column z int").await.0, 9801);
    assert_eq!(client.refused("alter table d1 set tag nope = 1").await.0, 9742);
}

#[tokio::test]
async fn what_is_there_is_listed() {
    let client = Client::with_rt().await;
    client.changed(0, "create table plain (ts timestamp, v int)").await;
    assert_eq!(client.rows("show databases").await, r#"[["information_schema"],["performance_schema"],["rt"]]"#);
    assert_eq!(client.rows("show stables").await, r#"[["st"]]"#);
    assert_eq!(client.rows("show rt.tables like 'd_'").await, r#"[["d1"],["d2"]]"#);
    assert_eq!(client.rows("show normal tables").await, r#"[["plain"]]"#);
    let described = client.sql("describe d1").await;
    assert!(described.text.starts_with(
        r#"{"code":0,"column_meta":[["field","VARCHAR",64],["type","VARCHAR",20],["length","INT",4],["note","VARCHAR",16]"#
    ));
    let fields: Vec<String> = described.json()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| format!("{} {} {} {}", row[0], row[1], row[2], row[3]))
        .collect();
    assert_eq!(fields[0], r#""ts" "TIMESTAMP" 8 """#);
    assert_eq!(fields[4], r#""s" "VARCHAR" 20 """#);
    assert_eq!(fields[5], r#""n" "NCHAR" 10 """#);
    assert_eq!(fields[7], r#""loc" "VARCHAR" 16 "TAG""#);
    let made = client.rows("show create table d1").await;
    assert!(made.contains("CREATE TABLE `d1` USING `st` (`g`, `loc`) TAGS (1, \\\"a\\\")"), "{made}");
    let made = client.rows("show create stable st").await;
    assert!(
        made.contains("CREATE STABLE `st` (`ts` TIMESTAMP ENCODE 'delta-i' COMPRESS 'lz4' LEVEL 'medium', `v` INT"),
        "{made}"
    );
    let tags = r#"[["d1","rt","st","g","INT","1"],["d1","rt","st","loc","VARCHAR(16)","a"]]"#;
    assert_eq!(client.rows("show tags from d1").await, tags);
    let kinds = "select table_name, type from information_schema.ins_tables where db_name = 'rt' order by table_name";
    assert_eq!(client.rows(kinds).await, r#"[["d1","CHILD_TABLE"],["d2","CHILD_TABLE"],["plain","NORMAL_TABLE"]]"#);
    assert_eq!(
        client
            .rows("select name, `precision` as `precision` from information_schema.ins_databases where name = 'rt'")
            .await,
        r#"[["rt","ms"]]"#
    );
}
