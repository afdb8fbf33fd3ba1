//! Rows in and out: merging, types, selections, windows, partitions.

use super::client::Client;

#[tokio::test]
async fn rows_of_one_time_merge() {
    let client = Client::with_rt().await;
    let full = "insert into d1 values ('2024-01-01T00:00:00Z',1,10.123,11.123,'x','y')";
    client.changed(1, full).await;
    assert_eq!(client.rows("select * from d1").await, r#"[["2024-01-01T00:00:00.000Z",1,10.123,11.123,"x","y"]]"#);
    client.changed(1, "insert into d1 (ts,v) values ('2024-01-01T00:00:00Z',5)").await;
    assert_eq!(client.rows("select v, s from d1").await, r#"[[5,"x"]]"#);
    client.changed(1, "insert into d1 (ts,s) values ('2024-01-01T00:00:00Z',null)").await;
    assert_eq!(client.rows("select v, s, n from d1").await, r#"[[5,null,"y"]]"#);
}

#[tokio::test]
async fn several_rows_of_one_time_in_one_statement_are_one() {
    let client = Client::with_rt().await;
    client.changed(1, "insert into d1 (ts,v) values (1704067200000,1) (1704067200000,2) (1704067200000,null)").await;
    assert_eq!(client.rows("select v from d1").await, "[[2]]");
    client.changed(3, "insert into d1 (ts,v) values (1704067201000,1)(1704067202000,2) d3 using st tags(3,'c') (ts,v) values (1704067201000,3)").await;
    assert_eq!(
        client.rows("select tbname, count(*) from st partition by tbname order by tbname").await,
        r#"[["d1",3],["d3",1]]"#
    );
}

#[tokio::test]
async fn every_type_is_printed_as_documented() {
    let client = Client::with_rt().await;
    client
        .changed(
            0,
            "create table ty (ts timestamp, b bool, u bigint unsigned, x varbinary(8), e decimal(20,4), n nchar(4))",
        )
        .await;
    client.changed(1, r"insert into ty values (1704067200000, true, 18446744073709551615, '\xAABBCC', 4467440737095516.123, '中文')").await;
    let answer = client.sql("select * from ty").await;
    assert_eq!(
        answer.json()["column_meta"].to_string(),
        r#"[["ts","TIMESTAMP",8],["b","BOOL",1],["u","BIGINT UNSIGNED",8],["x","VARBINARY",8],["e","DECIMAL(20,4)",16],["n","NCHAR",4]]"#
    );
    assert!(
        answer.text.contains(
            r#"["2024-01-01T00:00:00.000Z",true,18446744073709551615,"aabbcc","4467440737095516.1230","中文"]"#
        ),
        "{}",
        answer.text
    );
    client.changed(0, "create database ns precision 'ns'").await;
    client.changed(0, "create table ns.t (ts timestamp, v int)").await;
    client.changed(1, "insert into ns.t values ('2024-01-01T00:00:00.123456789Z', 1)").await;
    assert_eq!(client.rows("select ts from ns.t").await, r#"[["2024-01-01T00:00:00.123456789Z"]]"#);
    client.changed(0, "create stable js (ts timestamp, v int) tags (info json)").await;
    client.changed(1, r#"insert into j1 using js tags ('{"k":"t1"}') values (1704067200000, 1)"#).await;
    let answer = client.sql("select info, info->'k' from js").await;
    assert_eq!(
        answer.text,
        r#"{"code":0,"column_meta":[["info","JSON",4095],["info->'k'","JSON",4095]],"data":[[{"k":"t1"},"t1"]],"rows":1}"#
    );
}

#[tokio::test]
async fn items_are_named_by_their_text() {
    let client = Client::with_rt().await;
    client.changed(1, "insert into d1 (ts,v) values (1704067200000,1)").await;
    let names = async |sql: &str| {
        let json = client.sql(sql).await.json();
        json["column_meta"].as_array().unwrap().iter().map(|c| c[0].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("select AVG( V ) from d1").await, ["avg( v )"]);
    assert_eq!(names("select v as MaX, v as `MaX`, d1.v from d1").await, ["max", "MaX", "v"]);
    assert_eq!(names("select last(ts), last(*) from d1").await[..3], ["last(ts)", "last(ts)", "last(v)"]);
    assert_eq!(names("select 1+1, 'CaSe'").await, ["1+1", "'CaSe'"]);
}

#[tokio::test]
async fn nothing_counts_as_zero_and_averages_to_no_row() {
    let client = Client::with_rt().await;
    assert_eq!(client.rows("select count(*) from d1").await, "[[0]]");
    assert_eq!(client.rows("select avg(v) from d1").await, "[]");
    assert_eq!(client.rows("select count(*), avg(v) from d1").await, "[[0,null]]");
    assert_eq!(client.rows("select last(v) from d1").await, "[]");
    assert_eq!(client.rows("select count(*) from st group by g").await, "[]");
    assert_eq!(client.rows("select 1/0, 5%0, 1+1").await, "[[null,null,2]]");
}

#[tokio::test]
async fn a_selection_brings_the_rest_of_its_row() {
    let client = Client::with_rt().await;
    client
        .changed(3, "insert into d1 (ts,v,s) values (1704067200000,1,'a')(1704067201000,9,'b')(1704067202000,null,'c')")
        .await;
    assert_eq!(client.rows("select ts, s, max(v) from d1").await, r#"[["2024-01-01T00:00:01.000Z","b",9]]"#);
    assert_eq!(client.rows("select s, last(v) from d1").await, r#"[["b",9]]"#);
    assert_eq!(client.rows("select s, last_row(v) from d1").await, r#"[["c",null]]"#);
    assert_eq!(client.rows("select s, first(v) from d1").await, r#"[["a",1]]"#);
    assert_eq!(client.rows("select s, min(v) from d1").await, r#"[["a",1]]"#);
}

#[tokio::test]
async fn the_newest_of_each_child_follows_late_rows_and_deletes() {
    let client = Client::with_rt().await;
    client.changed(3, "insert into d1 (ts,v) values (1704067200000,1)(1704067201000,9)(1704067202000,null)").await;
    client.changed(1, "insert into d2 (ts,v) values (1704067205000,3)").await;
    let newest = async || {
        let sql = "select tbname, last(v), last_row(v), last(ts) from st partition by tbname order by tbname";
        client.rows(sql).await
    };
    let second = r#"["d2",3,3,"2024-01-01T00:00:05.000Z"]"#;
    for _ in 0..2 {
        assert_eq!(newest().await, format!(r#"[["d1",9,null,"2024-01-01T00:00:02.000Z"],{second}]"#));
    }
    client.changed(1, "insert into d1 (ts,v) values (1704067201500,10)").await;
    assert_eq!(newest().await, format!(r#"[["d1",10,null,"2024-01-01T00:00:02.000Z"],{second}]"#));
    client.rows("delete from d1 where ts >= 1704067201500").await;
    assert_eq!(newest().await, format!(r#"[["d1",9,9,"2024-01-01T00:00:01.000Z"],{second}]"#));
    assert_eq!(client.rows("select last(v), last_row(v) from st").await, "[[3,3]]");
    assert_eq!(client.rows("select last_row(v) from st where ts > '2025-01-01T00:00:00Z'").await, "[]");
    assert_eq!(client.rows("select ts, last(v) from d1").await, r#"[["2024-01-01T00:00:01.000Z",9]]"#);
}

#[tokio::test]
async fn windows_and_partitions() {
    let client = Client::with_rt().await;
    client.changed(2, "insert into d1 (ts,v) values ('2024-01-01T00:00:10Z',1)('2024-01-01T00:00:50Z',2)").await;
    client.changed(1, "insert into d2 (ts,v) values ('2024-01-01T00:01:10Z',3)").await;
    assert_eq!(
        client.rows("select _wstart,_wend,_wduration,count(*) from d1 interval(1m)").await,
        r#"[["2024-01-01T00:00:00.000Z","2024-01-01T00:01:00.000Z",60000,2]]"#
    );
    assert_eq!(
        client.rows("select tbname, _wstart, sum(v) from st partition by tbname interval(1m)").await,
        r#"[["d1","2024-01-01T00:00:00.000Z",3],["d2","2024-01-01T00:01:00.000Z",3]]"#
    );
    assert_eq!(
        client.rows("select _wstart, count(*) from d1 interval(1m) sliding(30s)").await,
        r#"[["2023-12-31T23:59:30.000Z",1],["2024-01-01T00:00:00.000Z",2],["2024-01-01T00:00:30.000Z",1]]"#
    );
    assert_eq!(client.rows("select tbname, v from st partition by tbname limit 1").await.matches("[\"d").count(), 2);
    let shanghai = client.at("/rest/sql/rt?conn_tz=Asia/Shanghai");
    assert_eq!(
        shanghai.rows("select _wstart, count(*) from st interval(1d)").await,
        r#"[["2024-01-01T00:00:00.000+08:00",3]]"#
    );
}

#[tokio::test]
async fn deletions_count_their_rows() {
    let client = Client::with_rt().await;
    client.changed(3, "insert into d1 (ts,v) values (1704067200000,1)(1704067201000,2)(1704067202000,3)").await;
    client.changed(1, "insert into d2 (ts,v) values (1704067200000,1)").await;
    client.changed(1, "delete from d1 where ts < '2024-01-01T00:00:01Z'").await;
    client.changed(0, "delete from d1 where ts < '2024-01-01T00:00:01Z'").await;
    client.changed(1, "delete from st where tbname = 'd2'").await;
    client.changed(2, "delete from d1").await;
    assert_eq!(client.rows("select count(*) from st").await, "[[0]]");
    assert_eq!(client.rows("show child tables").await, r#"[["d1"],["d2"]]"#);
}

#[tokio::test]
async fn functions_over_rows() {
    let client = Client::with_rt().await;
    client
        .changed(
            4,
            "insert into d1 (ts,v) values (1704067200000,1)(1704067201000,5)(1704067203000,3)(1704067204000,null)",
        )
        .await;
    assert_eq!(client.rows("select diff(v) from d1").await, "[[4],[-2],[null]]");
    assert_eq!(client.rows("select diff(v, 3) from d1").await, "[[4]]");
    assert_eq!(client.rows("select derivative(v, 1s, 0) from d1").await, "[[4],[-1]]");
    assert_eq!(client.rows("select csum(v) from d1").await, "[[1],[6],[9]]");
    assert_eq!(client.rows("select mavg(v, 2) from d1").await, "[[3],[4]]");
    assert_eq!(client.rows("select top(v, 2) from d1").await, "[[5],[3]]");
    assert_eq!(client.rows("select tail(v, 2) from d1").await, "[[3],[null]]");
    assert_eq!(client.rows("select statecount(v, 'GE', 3) from d1").await, "[[-1],[1],[2],[null]]");
    assert_eq!(client.rows("select stateduration(v, 'GE', 3, 1s) from d1").await, "[[-1],[0],[2],[null]]");
    let both = "select tbname, ts, diff(v) from st partition by tbname";
    assert!(client.rows(both).await.starts_with(r#"[["d1","2024-01-01T00:00:01.000Z",4]"#));
    assert_eq!(client.refused("select diff(v), sum(v) from d1").await.0, 9807);
    assert_eq!(client.refused("select top(v, 0) from d1").await.0, 10243);
    assert_eq!(client.refused("select diff(s) from d1").await.0, 10242);
    assert_eq!(client.refused("select derivative(v, 1a, 0) from d1").await.0, 10251);
}

#[tokio::test]
async fn a_large_answer_comes_whole() {
    let client = Client::with_rt().await;
    let text = "x".repeat(20);
    for part in 0..10_i64 {
        let rows: String = (0..4_000)
            .map(|row| format!("({},{row},1,1,'{text}','y')", 1_704_067_200_000 + part * 4_000 + row))
            .collect();
        client.changed(4_000, &format!("insert into d1 values {rows}")).await;
    }
    let answer = client.sql("select * from d1").await.json();
    assert_eq!((answer["rows"].as_u64(), answer["data"].as_array().map(Vec::len)), (Some(40_000), Some(40_000)));
}
