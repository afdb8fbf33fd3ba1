//! Bad requests and statements: each has its code and status, and changes nothing.

use super::client::{Client, Envelope as _, STATEMENT_BYTES};

#[tokio::test]
async fn other_methods_are_unknown_pages() {
    let client = Client::new().await;
    for method in ["GET", "PUT", "DELETE"] {
        let answer = client.send(method, "select 1").await;
        assert_eq!((answer.status, answer.text.as_str()), (404, "404 page not found"), "{method}");
    }
}

#[tokio::test]
async fn parameters_and_bodies_are_refused_by_name() {
    let client = Client::new().await;
    for (path, body, code, text) in [
        ("/rest/sql?req_id=xx", "select 1", 65535, "illegal param, req_id must be numeric"),
        ("/rest/sql?tz=xxx", "select 1", 65535, "unknown time zone xxx"),
        ("/rest/sql?conn_tz=xxx", "select 1", 65535, "unknown time zone xxx"),
        ("/rest/sql?row_with_meta=xx", "select 1", 65535, "illegal param, row_with_meta must be boolean"),
        ("/rest/sql", "", 4358, "request is empty"),
        ("/rest/sql", " \n\t", 4359, "no sql input"),
    ] {
        let answer = client.at(path).sql(body).await;
        assert_eq!((answer.status, answer.code()), (400, code), "{path}");
        assert!(answer.desc().starts_with(text), "{path}: {}", answer.text);
    }
    let first = client.authorized(None).at("/rest/sql?req_id=xx").sql("").await;
    assert_eq!((first.status, first.code()), (400, 65535), "before credentials");
    let long = client.sql(&format!("select '{}'", "x".repeat(STATEMENT_BYTES))).await;
    assert_eq!((long.status, long.code(), long.desc().as_str()), (200, 537, "SQL statement too long"));
    let longer = client.sql(&"x".repeat(5 << 20)).await;
    assert_eq!((longer.status, longer.code()), (413, 537));
    let bytes = client.send("POST", vec![b's', 0xff]).await;
    assert_eq!(bytes.status, 400);
}

#[tokio::test]
async fn statements_fail_with_the_vendors_codes() {
    let client = Client::with_rt().await;
    for (sql, code, text) in [
        ("selec 1", 9728, "syntax error near \"selec 1\""),
        ("SELEC 'A'", 9728, "syntax error near \"selec 'A'\""),
        ("select", 9729, "Incomplete SQL statement"),
        ("select * from nope", 9731, "Fail to get table info, error: Table does not exist"),
        ("select * from nodb.t", 904, "Fail to get table info, error: Database not exist"),
        ("select nope from d1", 9730, "Invalid column name: nope"),
        ("select x.v from d1", 9731, "Table does not exist: x"),
        ("select v, avg(v) from d1", 9740, "Not a single-group group function"),
        ("select v, avg(d) from st group by g", 9738, "Not a GROUP BY expression"),
        ("select v from d1 where avg(v) > 1", 9736, "There mustn't be aggregation"),
        ("select sum(avg(v)) from d1", 9767, "Aggregate functions do not support nesting"),
        ("select nosuch(v) from d1", 884, "Func not exists"),
        ("select abs(1, 2)", 10241, "Invalid number of parameters : abs"),
        ("select sqrt('a')", 10242, "Invalid parameter data type : sqrt"),
        ("select sum(s) from d1", 10242, "Invalid parameter data type : sum"),
        ("select diff(s) from d1", 10242, "Invalid parameter data type : diff"),
        ("select trim(v) from d1", 10242, "Invalid parameter data type : trim"),
        ("select stddev(s) from d1", 10242, "Invalid parameter data type : stddev"),
        ("select _wstart from d1", 9816, "_WSTART, _WEND and _WDURATION can only be used in window query"),
        ("select count(*) from st interval(1m) group by g", 9764, "GROUP BY and WINDOW-clause can't be used together"),
        ("select count(*) from d1 interval(1m) sliding(2m)", 9777, "sliding value no larger than the interval value"),
        ("select * from st limit 1 slimit 1", 9784, "slimit/soffset only available for PARTITION/GROUP BY query"),
        ("select ts + ts from d1", 9733, "Invalid value type: TIMESTAMP"),
        ("drop database nosuch", 904, "Database not exist"),
        ("create database rt", 897, "Database already exists"),
        ("create user u1 pass 'abc'", 9745, "Password too short or empty"),
        ("delete from d1 where v = 1", 9813, "The DELETE statement must only have a definite time window range"),
        ("insert into d1 values ('abc',1,1,1,'','')", 534, "syntax error near ''abc'' (invalid timestamp)"),
        ("insert into d1 values (now,1)", 534, "syntax error near ')' (, expected)"),
        ("insert into d1 values (now,1,1,1,'','',9)", 9791, "Illegal number of columns"),
        ("insert into d1 (ts,zz) values (now,1)", 9730, "Invalid column name: zz"),
        ("insert into d1 (ts,s) values (now,'123456789012345678901')", 9811, "Value too long for column/tag: s"),
        ("insert into d1 (ts,v) values ('2001-01-01', 1)", 1547, "Timestamp data out of range"),
        ("insert into d1 (ts,v) values (now(), 1 + 1)", 534, "syntax error near '1)' (invalid timestamp format)"),
        ("insert into nope values (now,1)", 9731, "Table does not exist"),
        ("insert into st values (now,1)", 512, "insert data into super table is not supported"),
        ("insert into d3 using st tags (1) values (now,1)", 9741, "Tags number not matched"),
    ] {
        let (found, desc) = client.refused(sql).await;
        assert_eq!((found, desc.as_str()), (code, text), "{sql}");
    }
    assert_eq!(client.rows("select count(*) from st").await, "[[0]]", "nothing was stored");
    let none = client.at("/rest/sql");
    assert_eq!(none.refused("show tables").await, (9728, "database not specified".to_owned()));
    assert_eq!(none.refused("select * from d1").await, (9750, "Database not specified".to_owned()));
    assert_eq!(none.refused("insert into d1 values(now,1)").await, (512, "db is not specified".to_owned()));
}

#[tokio::test]
async fn what_is_not_done_is_refused_by_name() {
    let client = Client::with_rt().await;
    for (sql, what) in [
        ("select histogram(v, 'user_input', '[1,3]', 0) from d1", "the function HISTOGRAM"),
        ("select sha1(s) from d1", "the function SHA1"),
        ("select mask_full(s, 'x') from d1", "the function MASK_FULL"),
        ("select 1 + diff(v) from d1", "the function DIFF here"),
        ("select count(*) from d1 where ts > 0 and ts < 9 interval(1m) fill(prev)", "FILL"),
        ("select count(*) from d1 session(ts, 1m)", "SESSION"),
        ("select count(*) from d1 state_window(v)", "STATE_WINDOW"),
        ("select count(*) from d1 event_window start with v > 1 end with v < 1", "EVENT_WINDOW"),
        ("select count(*) from d1 count_window(3)", "COUNT_WINDOW"),
        ("select v from d1 where v in (select v from d2)", "a subquery outside of FROM"),
        ("select d1.v from d1 left asof join d2 on d1.ts >= d2.ts", "ASOF JOIN"),
        ("create table t (ts timestamp, k int primary key, v int)", "a second key column (PRIMARY KEY, COMPOSITE KEY)"),
        ("create table t (ts timestamp, g geometry(20))", "the type GEOMETRY"),
        ("create database x wal_level 0", "WAL_LEVEL 0"),
        ("create database x single_stable 1", "the option SINGLE_STABLE"),
        ("alter database rt keep 10", "ALTER DATABASE"),
        ("create topic t as select 1", "CREATE TOPIC"),
    ] {
        assert_eq!(client.refused(sql).await, (9728, format!("{what} is not supported")), "{sql}");
    }
}
