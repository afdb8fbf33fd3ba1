//! Statements that are wrong in their types: refused in words that a user of this vendor knows.

use super::client::Client;
use dialect_testing::{ILL_TYPED, inner_word};

/// What this vendor's grammar has beside the common statements.
const OWN: &[&str] = &[
    "select a from t where at > 'no time'",
    "select a from t where at = 5.5",
    "select a from t where at > true",
    "select a from t where at between 'x' and 'y'",
    "select at + at from t",
    "select at * 2 from t",
    "select at - s from t",
    "select sum(at) from t",
    "select time_bucket(at, 5) from t",
    "select time_bucket(at, 'x') from t",
    "select time_bucket(s, '1h') from t",
    "select date_trunc('nope', at) from t",
    "select extract(nope from at) from t",
    "select first(a, b) from t",
    "select last_row(a, 'x') from t",
    "select now() - '1x' from t",
    "select now() - interval 'x' from t",
    "select j -> 1.5 from t",
    "select a -> 'x' from t",
    "select 'x'::int4 from t",
    "select 'x'::timestamp from t",
    "select 'x'::bool from t",
    "select 'x'::bytes::int from t",
    "select a::nope from t",
    "select a # s from t",
    "select 1 << 's' from t",
    "select s !~ 1 from t",
    "select a ilike 'x' from t",
    "select a similar to 'x' from t",
];

/// Statements that change rows.
const CHANGES: &[&str] = &[
    "update t set a = 'x'",
    "update t set a = s",
    "update t set a = ok",
    "update t set at = a",
    "update t set ok = s",
    "update t set a = a + s",
    "update t set a = 1 where s",
    "update t set a = 1 where a",
    "update t set a = 1 where at > 'never'",
    "update t set b = b - 10",
    "update t set a = b",
    "delete from t where a",
    "delete from t where s like 5",
    "delete from t where a = 'x'",
    "delete from t where at > 'never'",
    "delete from m where k > 'x' and v = 'y'",
    "delete from m where v",
    "insert into t (a) values ('x')",
    "insert into t (at) values ('never')",
    "insert into t (a) select s from t",
    "insert into t (a) select b from t",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_speaks_of_the_planner() {
    let client = Client::new().await;
    client.done("create table t (a int4, b int8, f float8, s string, ok bool, at timestamp, j jsonb)").await;
    client.done("create table u (a int4, ok bool)").await;
    client
        .inserted(1, "insert into t values (1, -9223372036854775808, 1.5, 'x', true, '2024-01-01 00:00:00', '{}')")
        .await;
    client.done("create ts database tsdb").await;
    client.done("create table tsdb.m (ts timestamp not null, v float8) tags (k int4 not null) primary tags (k)").await;
    let mut refused = 0;
    let mut spoken = Vec::new();
    for sql in ILL_TYPED.iter().chain(OWN).chain(CHANGES) {
        let answer = match sql.split(' ').next() {
            Some("insert") => client.insert(sql).await,
            Some("update" | "delete") => client.ddl(sql).await,
            _ => client.query(sql).await,
        };
        let json = answer.json();
        if json["code"] == 0 {
            continue;
        }
        refused += 1;
        let text = json["desc"].to_string();
        if inner_word(&text).is_some() || text.is_empty() {
            spoken.push(format!("{sql}: {text}"));
        }
    }
    assert!(spoken.is_empty(), "{}", spoken.join("\n"));
    assert!(refused > 100, "{refused}");
}
