//! Statements that are wrong in their types: refused in words that a user of this vendor knows.

use super::client::{Client, Envelope as _};
use dialect_testing::{ILL_TYPED, inner_word};

/// What this vendor's grammar has beside the common statements.
const OWN: &[&str] = &[
    "select a from t where ts > 'no time'",
    "select a from t where ts > true",
    "select a from t where ts between 'x' and 'y'",
    "select ts + ts from t",
    "select ts * 2 from t",
    "select ts - s from t",
    "select sum(ts) from t",
    "select count(*) from t where s interval(1m)",
    "select timetruncate(ts, 5) from t",
    "select timetruncate(a, 's') from t",
    "select timediff(ts, 'x') from t",
    "select to_iso8601(s) from t",
    "select to_unixtimestamp(a) from t",
    "select last_row(a, nope) from t",
    "select first(s + 1) from t",
    "select top(s, 2) from t",
    "select top(a, 'x') from t",
    "select diff(s) from t",
    "select percentile(a, 'x') from t",
    "select spread(s) from t",
    "select twa(s) from t",
    "select char_length(a) from t",
    "select ltrim(a) from t",
    "select cast(a as nope) from t",
    "select cast(s as timestamp) from t",
    "select a from t where ts > now - 1x",
    "select a from t where s match 5",
    "select a -> 'x' from t",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_speaks_of_the_planner() {
    let client = Client::with_rt().await;
    client.changed(0, "create table t (ts timestamp, a int, b bigint, f double, s varchar(20), ok bool)").await;
    client.changed(0, "create table u (ts timestamp, a int, ok bool)").await;
    client.changed(1, "insert into t values (now, 1, -9223372036854775807, 1.5, 'x', true)").await;
    let mut refused = 0;
    let mut spoken = Vec::new();
    for sql in ILL_TYPED.iter().chain(OWN) {
        let answer = client.sql(sql).await;
        if answer.code() == 0 {
            continue;
        }
        refused += 1;
        let text = answer.desc();
        if inner_word(&text).is_some() || text.is_empty() || answer.status == 500 {
            spoken.push(format!("{sql}: {text}"));
        }
    }
    assert!(spoken.is_empty(), "{}", spoken.join("\n"));
    assert!(refused > 60, "{refused}");
}
