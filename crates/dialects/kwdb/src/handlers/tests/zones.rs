//! Clock functions, casts and AT TIME ZONE in the request's zone.

use super::client::{Client, Envelope as _};

/// The same point in time in a column of either kind: 2023-12-31 18:30 UTC.
async fn store() -> Client {
    let client = Client::with_tsdb().await;
    client
        .done(
            "create table z (ts timestamptz(3) not null, w timestamp(3), s varchar(40), n int8) \
             tags (g int not null) primary tags (g)",
        )
        .await;
    client
        .inserted(1, "insert into z values (1704047400000, 1704047400000, '2024-01-01 02:30:00', 1704047400000, 1)")
        .await;
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_cut_on_the_clock_of_the_zone() {
    let client = store().await;
    for (zone, day, week) in [
        ("8", "2024-01-01T00:00:00+08:00", "2024-01-01T00:00:00+08:00"),
        ("Asia/Shanghai", "2024-01-01T00:00:00+08:00", "2024-01-01T00:00:00+08:00"),
        ("0", "2023-12-31T00:00:00Z", "2023-12-25T00:00:00Z"),
        ("America/New_York", "2023-12-31T00:00:00-05:00", "2023-12-25T00:00:00-05:00"),
    ] {
        let client = client.at(&format!("db=tsdb&tz={zone}"));
        assert_eq!(
            client.rows("select date_trunc('day', ts), date_trunc('week', ts), date_trunc('day', w) from z").await,
            format!(r#"[["{day}","{week}","2023-12-31T00:00:00Z"]]"#),
            "{zone}"
        );
    }
    let east = client.at("db=tsdb&tz=8");
    assert_eq!(
        east.rows("select date_trunc('hour', ts) as h, count(*) from z group by h").await,
        r#"[["2024-01-01T02:00:00+08:00",1]]"#
    );
    assert_eq!(
        east.query("select date_trunc('fortnight', ts) from z").await.desc(),
        "pq: date_trunc(): unsupported timespan: fortnight"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_are_read_on_the_clock_of_the_zone() {
    let client = store().await.at("db=tsdb&tz=8");
    let parts =
        "extract(hour from ts), extract('day', ts), date_part('year', ts), extract('hour', w), extract(epoch from ts)";
    assert_eq!(client.rows(&format!("select {parts} from z")).await, "[[2.0,1.0,2024.0,18.0,1704047400.0]]");
    assert_eq!(client.rows("select count(*) from z where extract(year from ts) = 2024").await, "[[1]]");
    assert_eq!(client.rows("select extract('nanosecond', interval'2.000000001s')").await, "[[2000000001.0]]");
    assert_eq!(
        client.rows("select extract('minute', interval'1h30m'), extract(day from interval'3 days')").await,
        "[[30.0,3.0]]"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn casts_go_through_the_zone() {
    let client = store().await.at("db=tsdb&tz=8");
    assert_eq!(
        client.rows("select ts::date, w::date, ts::timestamp, w::timestamptz, ts::string from z").await,
        concat!(
            r#"[["2024-01-01","2023-12-31","2024-01-01T02:30:00Z","2023-12-31T18:30:00+08:00","#,
            r#""2024-01-01 02:30:00+08:00"]]"#
        )
    );
    assert_eq!(
        client.rows("select s::timestamptz, s::timestamp, n::timestamptz, s::timestamptz = ts from z").await,
        r#"[["2024-01-01T02:30:00+08:00","2024-01-01T02:30:00Z","2024-01-01T02:30:00+08:00",true]]"#
    );
    assert_eq!(
        client.rows("select count(*) from z where ts >= '2024-01-01'::date and ts < date'2024-01-02'").await,
        "[[1]]"
    );
    assert_eq!(client.rows("select count(*) from z where ts::date = '2024-01-01'").await, "[[1]]");
    assert_eq!(client.rows("select timestamptz'2024-01-01 02:30:00' = ts from z").await, "[[true]]");
    // Integers are milliseconds both ways, whatever the unit of the time.
    assert_eq!(
        client
            .rows("select ts::int8, (ts::timestamptz(9))::int8, ts::int8::timestamptz(6) = ts, ts::float from z")
            .await,
        "[[1704047400000,1704047400000,true,1704047400000.0]]"
    );
    // A zone behind a text counts, and digits beyond the unit are rounded.
    assert_eq!(
        client.rows("select (s || '+00:00')::timestamp, (s || '.1239')::timestamptz(3) from z").await,
        r#"[["2024-01-01T02:30:00Z","2024-01-01T02:30:00.124+08:00"]]"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn at_time_zone_turns_both_ways() {
    let client = store().await.at("db=tsdb&tz=8");
    assert_eq!(
        client
            .rows(
                "select ts at time zone 'America/New_York', w at time zone 'Asia/Shanghai', timezone('utc', ts) from z"
            )
            .await,
        r#"[["2023-12-31T13:30:00Z","2023-12-31T18:30:00+08:00","2023-12-31T18:30:00Z"]]"#
    );
    assert_eq!(
        client.rows("select timezone('+8:00', timestamp'1970-01-01 00:00:00'), timezone(w, 'utc') from z").await,
        r#"[["1970-01-01T16:00:00+08:00","2024-01-01T02:30:00+08:00"]]"#
    );
    let text = client.query("select ts at time zone 'Atlantis' from z").await.desc();
    assert_eq!(text, "pq: invalid value for parameter \"timezone\": \"Atlantis\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn extremes_are_printed_or_refused() {
    let client = store().await;
    assert_eq!(
        client.rows("select 9223372036854775807::timestamp(3), (-9223372036854775808)::timestamptz(3)").await,
        r#"[["292278994-08-17T07:12:55.807Z","-292275055-05-16T16:47:04.192Z"]]"#
    );
    for wide in ["9223372036854775807::timestamp", "9223372036854775807::timestamptz(9)", "'300000-01-01'::timestamp"] {
        assert_eq!(client.query(&format!("select {wide}")).await.desc(), "pq: timestamp out of range", "{wide}");
    }
    assert_eq!(client.rows("select '12000-01-01'::timestamp").await, r#"[["12000-01-01T00:00:00Z"]]"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn seconds_as_floats_are_the_nearest() {
    let client = store().await;
    assert_eq!(
        client
            .rows("select interval '-0.001 second'::float8, extract(epoch from '2023-11-14 22:13:20.002'::timestamp)")
            .await,
        "[[-0.001,1700000000.002]]"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn quotients_and_rests() {
    let client = store().await;
    assert_eq!(
        client.rows("select 7.5::float // 2, 7 // 2, -7 // 2, 7.5 % 2, mod(7, 4), 7::decimal // 2").await,
        "[[3.0,3,-3,1.5,3,3]]"
    );
    let whole = client.query("select 7.5 // 2, -7.5 // 2, 9.0 // 1.5").await.json()["data"][0].clone();
    assert_eq!([0, 1, 2].map(|at| whole[at].as_f64()), [Some(3.0), Some(-3.0), Some(6.0)]);
    assert_eq!(client.rows("select log(100, 10), log(8.0, 2.0), log(1000)").await, "[[2.0,3.0,3.0]]");
    for sql in ["select 7 % 0", "select mod(n, 0) from z", "select 7.5 % 0", "select 7::decimal % 0"] {
        assert_eq!(client.query(sql).await.desc(), "pq: zero modulus", "{sql}");
    }
    assert_eq!(client.query("select 7.5 // 0").await.desc(), "pq: division by zero");
}

/// Noon of the day before the clocks of Berlin went forward, midnight of that day, and its noon.
async fn clock_change() -> Client {
    let client = Client::with_tsdb().await.at("db=tsdb&tz=Europe/Berlin");
    client
        .done(
            "create table c (ts timestamptz(3) not null, l timestamp(3), a int) tags (g int not null) primary tags (g);\
             create table defaultdb.days (id int primary key, d date, w timestamp)",
        )
        .await;
    client
        .inserted(
            3,
            "insert into c values ('2024-03-30 12:00:00', '2024-03-30 12:00:00', 1, 1),
             ('2024-03-31 00:00:00', '2024-03-31 00:00:00', 2, 1), ('2024-03-31 12:00:00', '2024-03-31 12:00:00', 3, 1)",
        )
        .await;
    client
        .inserted(2, "insert into defaultdb.days values (1, '2024-03-31', '2024-03-31 12:00:00'), (2, null, null)")
        .await;
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn days_beside_points_in_time_begin_in_the_zone() {
    let client = clock_change().await;
    for (condition, rows) in [
        ("ts between date '2024-03-31' and date '2024-04-01'", "[[2],[3]]"),
        ("ts not between date '2024-03-31' and '2024-04-01'::date", "[[1]]"),
        ("ts in (date '2024-03-31', date '2024-05-01')", "[[2]]"),
        ("ts >= date '2024-03-31'", "[[2],[3]]"),
        ("ts in (select d from defaultdb.days)", "[[2]]"),
        ("ts in (select w from defaultdb.days)", "[[3]]"),
        ("ts not in (select d from defaultdb.days where d is not null)", "[[1],[3]]"),
        ("ts not in (select d from defaultdb.days)", "[]"),
        ("l in (select ts from c where a = 2)", "[[2]]"),
        ("ts between l and l", "[[1],[2],[3]]"),
    ] {
        let sql = format!("select a from c where {condition} order by a");
        assert_eq!(client.rows(&sql).await, rows, "{condition}");
    }
    assert_eq!(
        client
            .rows(
                "select case when a = 9 then ts else d end, coalesce(d, ts), greatest(w, ts) from c, defaultdb.days \
                   where id = 1 and a = 1"
            )
            .await,
        r#"[["2024-03-31T00:00:00+01:00","2024-03-31T00:00:00+01:00","2024-03-31T12:00:00+02:00"]]"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_later_is_the_same_time_of_day() {
    let client = clock_change().await;
    for day in ["ts + '1 day'", "ts + 1d", "ts + interval '1 day'", "interval '1 day' + ts", "ts - '-1 day'"] {
        assert_eq!(
            client.rows(&format!("select {day} from c where a = 1")).await,
            r#"[["2024-03-31T12:00:00+02:00"]]"#,
            "{day}"
        );
    }
    assert_eq!(
        client.rows("select ts - '12h', ts - '1 month', ts + '24:00:00' from c where a = 3").await,
        r#"[["2024-03-30T23:00:00+01:00","2024-02-29T12:00:00+01:00","2024-04-01T12:00:00+02:00"]]"#
    );
    // A text that names a time is one: the morning had 11 hours.
    assert_eq!(
        client.rows("select ts - '2024-03-31 00:00:00', l - '2024-03-31 00:00:00' from c where a = 3").await,
        r#"[["11:00:00","12:00:00"]]"#
    );
    assert_eq!(client.rows("select a from c where ts + '1 day' = '2024-03-31 12:00:00'").await, "[[1]]");
    assert_eq!(client.rows("select a from c where ts > '2024-03-31 12:00:00' - 1d order by a").await, "[[2],[3]]");
    assert_eq!(client.query("select ts + 'soon' from c").await.desc(), "pq: could not parse \"soon\" as type interval");
    assert_eq!(
        client.query("select ts - 'soon' from c").await.desc(),
        "pq: could not parse \"soon\" as type timestamp"
    );
    assert_eq!(
        client.rows("select d + 1, d - 1, d - '2024-03-01'::date, d + '1 day' from defaultdb.days where id = 1").await,
        r#"[["2024-04-01","2024-03-30",30,"2024-04-01"]]"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn times_as_numbers_and_times_of_day() {
    let client = clock_change().await;
    assert_eq!(
        client
            .rows(
                "select ts::decimal, ts::float, ts::int8, '2024-01-02'::date::decimal, '1.5s'::interval::float \
                 from c where a = 1"
            )
            .await,
        "[[1711796400,1711796400000.0,1711796400000,19724,1.5]]"
    );
    assert_eq!(
        client
            .rows(
                "select ts::time, l::time(6), '2024-01-01 01:02:03.123456789'::time(6), '01:02'::time, '25h'::interval::time \
                 from c where a = 1"
            )
            .await,
        r#"[["12:00:00","12:00:00","01:02:03.123456","01:02:00","01:00:00"]]"#
    );
    assert_eq!(client.query("select 'soon'::time").await.desc(), "pq: could not parse \"soon\" as type time");
}

#[tokio::test(flavor = "multi_thread")]
async fn long_spans_of_years_are_cut_to_their_beginning() {
    let client = clock_change().await;
    assert_eq!(
        client
            .rows(
                "select date_trunc('millennium', '1970-01-01'), date_trunc('century', timestamp(9)'1970-01-01 00:00:00'), \
                 date_trunc('decade', ts), extract('timezone', ts), extract('timezone_hour', ts) from c where a = 3"
            )
            .await,
        r#"[["1001-01-01T00:00:00Z","1901-01-01T00:00:00Z","2020-01-01T00:00:00+01:00",7200.0,2.0]]"#
    );
}
