//! SELECT: values, names, types, functions, joins.

use super::client::{Client, Envelope as _, Options};

/// Two devices with three and one rows, and a relational table beside them.
async fn store() -> Client {
    let client = Client::with_tsdb().await;
    client
        .done(
            "create table m (ts timestamptz(3) not null, i int4, f float8, b bool, s varchar(20), y varbytes(8)) \
             tags (g varchar(10) not null, h int2) primary tags (g);\
             create table defaultdb.names (g varchar(10) primary key, name string)",
        )
        .await;
    client
        .inserted(
            4,
            r"insert into m values
              ('2024-01-01 00:00:00', 1, 0.5, true, 'one', 'a', 'x', 1),
              ('2024-01-01 00:00:10', 2, null, false, null, '\x6162', 'x', 1),
              ('2024-01-01 00:01:00', null, 2.5, null, 'three', null, 'x', 1),
              ('2024-01-01 00:00:30.5', 7, 7.25, true, 'se,v''en', null, 'y', null)",
        )
        .await;
    client.inserted(2, "insert into defaultdb.names values ('x', 'first'), ('z', 'none')").await;
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_typed() {
    let client = store().await;
    assert_eq!(
        client.rows("select * from m where g = 'x' order by ts").await,
        concat!(
            r#"[["2024-01-01T00:00:00Z",1,0.5,true,"one","\\x61","x",1],"#,
            r#"["2024-01-01T00:00:10Z",2,null,false,null,"\\x6162","x",1],"#,
            r#"["2024-01-01T00:01:00Z",null,2.5,null,"three",null,"x",1]]"#
        )
    );
    let answer = client.query("select * from m where i = 99").await;
    assert_eq!(answer.rows(), "[]");
    assert_eq!(
        answer.json()["column_meta"].to_string(),
        r#"[["ts","TIMESTAMPTZ",8],["i","INT4",4],["f","FLOAT8",8],["b","BOOL",1],["s","VARCHAR",20],["y","VARBYTES",8],["g","VARCHAR",10],["h","INT2",2]]"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn aggregates_of_integers_are_exact() {
    let client = store().await;
    let answer = client.query("select count(*), count(i), sum(i), avg(i), sum(f), avg(f), max(s) from m").await;
    assert_eq!(answer.names(), ["count", "count", "sum", "avg", "sum", "avg", "max"]);
    let types: Vec<String> =
        answer.json()["column_meta"].as_array().unwrap().iter().map(|c| c[1].as_str().unwrap().to_owned()).collect();
    assert_eq!(types[..6], ["INT8", "INT8", "DECIMAL", "DECIMAL", "FLOAT8", "FLOAT8"]);
    let row = answer.json()["data"][0].clone();
    assert_eq!(row[0], 4);
    assert_eq!(row[2].to_string(), "10");
    assert!((row[3].as_f64().unwrap() - 10.0 / 3.0).abs() < 1e-12);
    assert_eq!(row[4], 10.25);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_items() {
    let client = store().await;
    for (items, names) in [
        ("i + 1, -i, 1, 'x', i > 2", vec!["?column?"; 5]),
        ("case when i > 1 then 1 end, i::varchar, cast(i as int8)", vec!["case", "i", "i"]),
        ("'1'::int, timestamp'2024-01-01'::date, abs(i), i as n", vec!["int4", "date", "abs", "n"]),
        ("i, i, m.i", vec!["i"; 3]),
        ("ifnull(i, 0), upper(s)", vec!["coalesce", "upper"]),
    ] {
        assert_eq!(client.query(&format!("select {items} from m")).await.names(), names, "{items}");
    }
    assert_eq!(
        client.query("select last(*) from m").await.names(),
        ["last(ts)", "last(i)", "last(f)", "last(b)", "last(s)", "last(y)", "last(g)", "last(h)"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn first_and_last_follow_the_time_column() {
    let client = store().await;
    assert_eq!(
        client.rows("select first(i), last(i), first_row(i), last_row(i), last_row(s) from m where g = 'x'").await,
        r#"[[1,2,1,null,"three"]]"#
    );
    assert_eq!(
        client.rows("select g, last(i), lastts(i) from m group by g order by g").await,
        r#"[["x",2,"2024-01-01T00:00:10Z"],["y",7,"2024-01-01T00:00:30.5Z"]]"#
    );
    assert_eq!(client.rows("select last(i, '2024-01-01 00:00:09') from m where g = 'x'").await, "[[1]]");
    assert_eq!(client.rows("select last(t.i) from m as t where t.g = 'y'").await, "[[7]]");
    assert_eq!(client.rows("select last(q.i) from (select ts, i from m) as q").await, "[[7]]");
    assert_eq!(client.query("select last(i, f) from m").await.desc(), "pq: the second parameter is invalid");
    assert_eq!(
        client.query("select last(name) from defaultdb.names").await.desc(),
        "pq: last() can only be used in timeseries table query or subquery"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_of_a_column_keeps_the_columns_type() {
    let client = store().await;
    for sql in [
        "select first(s), last(s), min(s), max(s) from m",
        "select first_row(s), last_row(s), min(s), max(s) from m group by g",
    ] {
        let answer = client.query(sql).await;
        for column in answer.json()["column_meta"].as_array().unwrap_or_else(|| panic!("{}", answer.text)) {
            assert_eq!((&column[1], &column[2]), (&"VARCHAR".into(), &20.into()), "{}", answer.text);
        }
    }
    let answer = client.query("select max(i), min(h), max(ts), lastts(i), first(y), max(i + 1) from m").await;
    assert_eq!(
        answer.json()["column_meta"].to_string(),
        r#"[["max","INT4",4],["min","INT2",2],["max","TIMESTAMPTZ",8],["lastts","TIMESTAMPTZ",8],["first","VARBYTES",8],["max","INT8",8]]"#
    );
    assert_eq!(answer.rows(), r#"[[7,1,"2024-01-01T00:01:00Z","2024-01-01T00:00:30.5Z","\\x61",8]]"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn buckets_intervals_and_now() {
    let client = store().await;
    assert_eq!(
        client.rows("select time_bucket(ts, '30s') as tb, count(*) from m group by tb order by tb").await,
        r#"[["2024-01-01T00:00:00Z",2],["2024-01-01T00:00:30Z",1],["2024-01-01T00:01:00Z",1]]"#
    );
    assert_eq!(client.rows("select ts + 1h from m where i = 1").await, r#"[["2024-01-01T01:00:00Z"]]"#);
    assert_eq!(client.rows("select count(*) from m where ts > now() - 1h").await, "[[0]]");
    assert_eq!(
        client.rows("select count(*) from m where ts between '2024-01-01 00:00:10' and '2024-01-01 00:00:30.5'").await,
        "[[2]]"
    );
    assert_eq!(client.rows("select count(*) from m where ts in ('2024-01-01 00:00:10')").await, "[[1]]");
}

#[tokio::test(flavor = "multi_thread")]
async fn arithmetic() {
    let client = store().await;
    assert_eq!(client.rows("select 7 / 2, 1 / 4, 7 % 4, 2 * 3").await, "[[3.5,0.25,3,6]]");
    assert_eq!(client.rows("select i / 2 from m where i = 7").await, "[[3.5]]");
    assert_eq!(client.query("select 1 / 0").await.desc(), "pq: division by zero");
    assert_eq!(client.query("select f / 0 from m").await.desc(), "pq: division by zero");
    assert_eq!(client.query("select 9223372036854775807 + 1").await.desc(), "pq: integer out of range");
    // Integers of 32 bits are computed in 64.
    assert_eq!(client.rows("select i + 2147483647 from m where i = 7").await, "[[2147483654]]");
    assert_eq!(client.query("select i || i from m").await.desc(), "pq: unsupported binary operator: <int4> || <int4>");
    assert_eq!(client.query("select i - b from m").await.desc(), "pq: unsupported binary operator: <int4> - <bool>");
    assert_eq!(
        client.query("select * from m where i = s").await.desc(),
        "pq: unsupported comparison operator: <int4> = <varchar>"
    );
    assert_eq!(client.query("select i from m limit -1").await.desc(), "pq: negative value for LIMIT");
    assert_eq!(
        client.query("select g, i from m group by g").await.desc(),
        "pq: column \"i\" must appear in the GROUP BY clause or be used in an aggregate function"
    );
    assert_eq!(client.query("select 40000::int2").await.desc(), "pq: value is out of range for type int2");
}

#[tokio::test(flavor = "multi_thread")]
async fn casts_to_text_are_spelled_and_cut() {
    let client = store().await;
    assert_eq!(
        client.rows("select ts::string, f::varchar, i::varchar(1), b::string, 'abc'::char(2) from m where i = 7").await,
        r#"[["2024-01-01 00:00:30.5+00:00","7.25","7","true","ab"]]"#
    );
    assert_eq!(
        client.at("db=tsdb&tz=8").rows("select ts::string, 1e17::float::string from m where i = 7").await,
        r#"[["2024-01-01 08:00:30.5+08:00","1e+17"]]"#
    );
    let answer = client.query("select i::varchar(9) from m").await;
    assert_eq!(answer.json()["column_meta"].to_string(), r#"[["i","VARCHAR",9]]"#);
    assert_eq!(client.rows("select count(*) from m where f is not unknown").await, "[[3]]");
    assert_eq!(client.rows("select ts + interval'1h30m' from m where i = 1").await, r#"[["2024-01-01T01:30:00Z"]]"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_kinds_of_tables_join() {
    let client = store().await;
    assert_eq!(
        client
            .rows("select n.name, count(*), max(m.i) from m join defaultdb.names n on m.g = n.g group by n.name")
            .await,
        r#"[["first",3,2]]"#
    );
    assert_eq!(
        client.rows("select g from defaultdb.public.names where g not in (select g from tsdb.m) order by g").await,
        r#"[["z"]]"#
    );
    assert_eq!(client.rows("with q as (select max(i) from m) select * from q").await, "[[7]]");
    assert_eq!(
        client.rows("select g from m union select g from defaultdb.names order by g").await,
        r#"[["x"],["y"],["z"]]"#
    );
    assert_eq!(client.rows("select i from m order by i").await, "[[null],[1],[2],[7]]");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_brings_the_newest_rows_first() {
    let client = store().await;
    client.done("set cluster setting ts.ordered_table.enabled = true").await;
    assert_eq!(client.rows("select i from m").await, "[[null],[7],[2],[1]]");
    assert_eq!(client.rows("select i from m order by i desc limit 1").await, "[[7]]");
    assert_eq!(client.rows("select max(i) from m").await, "[[7]]");
    assert_eq!(client.rows("select distinct b from m where i = 7").await, "[[true]]");
    client.done("reset cluster setting ts.ordered_table.enabled").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_done_is_refused_by_name() {
    let client = store().await;
    for (sql, name) in [
        ("select time_bucket_gapfill(ts, '1s') as b, max(i) from m group by b", "time_bucket_gapfill()"),
        ("select count(*) from m group by state_window(i)", "state_window()"),
        ("select twa(ts, f) from m", "twa()"),
        ("select * from m where ts = '2024-01-01' and g = 'x' fill(exact)", "FILL"),
    ] {
        let text = client.query(sql).await.desc();
        assert!(text.contains(name) && text.contains("not supported"), "{sql}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_answer_is_cut_at_a_row() {
    let client = Client::with_tsdb().await;
    client.done("create table w (ts timestamp not null, s varchar(1000)) tags (g int not null) primary tags (g)").await;
    for start in 0..7 {
        let rows: Vec<String> =
            (0..1000).map(|n| format!("({}, '{}', 1)", start * 1000 + n, "é".repeat(450))).collect();
        client.inserted(1000, &format!("insert into w values {}", rows.join(","))).await;
    }
    let answer = client.query("select * from w").await;
    let json = answer.json();
    let rows = json["data"].as_array().unwrap().len();
    assert!(rows < 7000 && rows > 5000, "{rows}");
    assert_eq!(json["rows"], rows);
    assert_eq!(json["code"], 0);
    assert!(answer.text.len() <= 5 * 1024 * 1024);
    assert_eq!(answer.headers["x-kwdb-truncated"], "true");
    let whole = client.query("select count(*) from w").await;
    assert_eq!(whole.rows(), "[[7000]]");
    assert!(!whole.headers.contains_key("x-kwdb-truncated"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_an_answer_is_a_setting() {
    let limited = async |bytes| {
        let client = Client::with(Options { result_bytes: Some(bytes), ..Options::default() }).await;
        client.done("create table w (n int primary key, s string)").await;
        let rows: Vec<String> = (0..100).map(|n| format!("({n}, '{}')", "x".repeat(90))).collect();
        client.inserted(100, &format!("insert into w values {}", rows.join(","))).await;
        client
    };
    let small = limited(2_000).await.query("select * from w").await;
    let sent = small.json()["rows"].as_u64().unwrap();
    assert!(small.text.len() <= 2_000 && (10..20).contains(&sent), "{sent} rows in {} bytes", small.text.len());
    assert_eq!(small.headers["x-kwdb-truncated"], "true");
    let refused = limited(200).await.query("select * from w").await.desc();
    assert!(refused.contains("200 bytes (limits.result_bytes)"), "{refused}");

    let endless = limited(usize::MAX).await.query("select n, repeat(s, 2000) from w").await;
    assert!(!endless.headers.contains_key("x-kwdb-truncated"));
    assert_eq!(endless.json()["rows"], 100);
    assert!(endless.text.len() > 15 << 20, "{} bytes", endless.text.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn constants_with_a_point_are_exact() {
    let client = Client::new().await;
    client.done("create database shop").await;
    let client = client.at("db=shop");
    client.done("create table exact (id int primary key, f float8, d decimal(20,4))").await;
    client.inserted(1, "insert into exact values (1, 0.75, 99999999999999.9999)").await;
    let answer = client.query("select 1.5 as a, 1e1 as b, avg(f) * 0.25 as c from exact").await;
    let meta = answer.json()["column_meta"].clone();
    let types: Vec<&str> = meta.as_array().unwrap().iter().map(|c| c[1].as_str().unwrap()).collect();
    assert_eq!(types, ["DECIMAL", "FLOAT8", "FLOAT8"], "{}", answer.text);
    for (condition, rows) in [
        ("d = 99999999999999.9999", 1),
        ("d = 99999999999999.9998", 0),
        ("f > 0.5", 1),
        ("f = 0.75", 1),
        ("f in (0.25, 0.75)", 1),
        ("9007199254740993 = 9007199254740992.0", 0),
        ("0.1 + 0.2 = 0.3", 1),
    ] {
        let found = client.rows(&format!("select count(*) from exact where {condition}")).await;
        assert_eq!(found, format!("[[{rows}]]"), "{condition}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tags_of_a_star_over_several_tables_stand_last() {
    let client = store().await;
    let columns = ["ts", "i", "f", "b", "s", "y"];
    let tags = ["g", "h"];
    let names = ["g", "name"];
    for (from, expected) in [
        ("m", [&columns[..], &tags[..]].concat()),
        ("m, defaultdb.names n where m.g = n.g", [&columns[..], &names[..], &tags[..]].concat()),
        ("defaultdb.names n join m on m.g = n.g", [&names[..], &columns[..], &tags[..]].concat()),
        ("m x join m y on x.ts = y.ts", [&columns[..], &columns[..], &tags[..], &tags[..]].concat()),
        ("(select * from m) x join defaultdb.names n on x.g = n.g", [&columns[..], &tags[..], &names[..]].concat()),
    ] {
        let answer = client.query(&format!("select * from {from}")).await;
        assert_eq!(answer.names(), expected, "{from}");
    }
    let answer = client.query("select m.*, n.* from m, defaultdb.names n where m.g = n.g").await;
    assert_eq!(answer.names(), [&columns[..], &tags[..], &names[..]].concat());
    for name in ["defaultdb.names", "defaultdb.public.names"] {
        let answer = client.query(&format!("select m.h, names.* from tsdb.m join {name} on m.g = names.g")).await;
        assert_eq!(answer.names(), ["h", "g", "name"], "{name}");
    }
    assert_eq!(
        client
            .rows("select count(*) from (select * from m, defaultdb.names n where m.g = n.g) x where x.name = 'first'")
            .await,
        "[[3]]"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn predicates_of_subqueries_are_values() {
    let client = store().await;
    assert_eq!(
        client.rows("select i, i in (select i from m where g = 'y'), i in (select i from m) from m order by ts").await,
        "[[1,false,true],[2,false,true],[7,true,true],[null,null,null]]"
    );
    assert_eq!(
        client
            .rows(
                "select g, case when exists (select 1 from defaultdb.names n where n.g = m.g order by n.name limit 1) \
                 then 'known' else 'unknown' end from m group by g order by g"
            )
            .await,
        r#"[["x","known"],["y","unknown"]]"#
    );
    assert_eq!(
        client
            .rows("select i from m a where i in (select i from m b where b.ts <= a.ts order by b.ts desc limit 1) order by i")
            .await,
        "[[1],[2],[7]]"
    );
    assert_eq!(
        client.rows("select i, (select max(i) from m b where b.ts < a.ts) from m a order by ts").await,
        "[[1,null],[2,1],[7,2],[null,7]]"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whole_quotients_are_cut_at_the_point() {
    let client = store().await;
    assert_eq!(client.rows("select 7 // 2, -7 // 2, 7.5 // 2, -7 // -2, 7 // 2.0::float").await, "[[3,-3,3,3,3.0]]");
}

#[tokio::test(flavor = "multi_thread")]
async fn hashes_buckets_and_formats() {
    let client = store().await;
    assert_eq!(
        client
            .rows("select fnv32(s), fnv64a(s), crc32c(s), crc32ieee(s) from m where g = 'y' or i = 2 order by ts")
            .await,
        "[[null,null,null,null],[1239084059,-6142684699716167549,3828348828,3711055292]]"
    );
    assert_eq!(client.rows("select width_bucket(i, 0, 10, 5) from m order by ts").await, "[[1],[2],[4],[null]]");
    assert_eq!(
        client
            .rows(
                "select experimental_strftime(ts, '%Y/%m/%d %H:%M:%S.%f %b'), str_to_date('2024-02-30', '%Y-%m-%d'), \
                 str_to_date('01.02.2024', '%d.%m.%Y'), time_to_sec('00:01:05'), time_to_sec(ts), \
                 age(ts, timestamptz'2023-12-31') from m where g = 'y'"
            )
            .await,
        r#"[["2024/01/01 00:00:30.500000 Jan",null,"2024-02-01T00:00:00Z",65,30,"24:00:30.5"]]"#
    );
    assert_eq!(
        client.query("select time_to_sec('soon')").await.desc(),
        "pq: time_to_sec(): parsing as type timestamp: could not parse \"soon\""
    );
    assert!(client.query("select experimental_strptime('x', '%Y')").await.desc().contains("could not parse \"x\""));
}
