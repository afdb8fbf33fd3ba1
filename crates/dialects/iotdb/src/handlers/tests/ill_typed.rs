//! Statements that are wrong in their types: refused in words that a user of this vendor knows.

use super::client::{Client, Envelope as _};
use dialect_testing::{ILL_TYPED, inner_word};

/// What this vendor's grammar has beside the common statements.
const OWN: &[&str] = &[
    "select a from t where time > 'no time'",
    "select a from t where time > true",
    "select a from t where time between 'x' and 'y'",
    "select time + time from t",
    "select time * 2 from t",
    "select time - s from t",
    "select sum(time) from t",
    "select date_bin(5, time) from t",
    "select date_bin(1h, a) from t",
    "select date_bin(1h, s) from t",
    "select first(a, s) from t",
    "select last_by(a) from t",
    "select mode(a, s) from t",
    "select diff(s) from t",
    "select extreme(s) from t",
    "select approx_count_distinct(a, 'x') from t",
    "select cast(s as int32) from t",
    "select cast(s as timestamp) from t",
    "select cast(a as nope) from t",
    "select format(a) from t",
    "select strpos(a, 's') from t",
    "select starts_with(a, 's') from t",
    "select bitwise_and(s, 1) from t",
    "select a from t where s like 'x' escape 'yy'",
    "select variance(s) from t",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_speaks_of_the_planner() {
    let client = Client::new().await;
    client.done("create table t (k string tag, a int32 field, b int64 field, f double field, s string field, ok boolean field)").await;
    client.done("create table u (k string tag, a int32 field, ok boolean field)").await;
    client
        .done("insert into t (time, k, a, b, f, s, ok) values (1, 'k', 1, -9223372036854775808, 1.5, 'x', true)")
        .await;
    let mut refused = 0;
    let mut spoken = Vec::new();
    for sql in ILL_TYPED.iter().chain(OWN) {
        let answer = client.query(sql).await;
        if answer.json()["values"].is_array() {
            continue;
        }
        refused += 1;
        let text = answer.message();
        // This vendor calls its own types so.
        let own = text.replace("Int32 or Int64", "").replace("Logical expression", "");
        if inner_word(&own).is_some() || text.is_empty() || answer.code() == 305 {
            spoken.push(format!("{sql}: {text}"));
        }
    }
    assert!(spoken.is_empty(), "{}", spoken.join("\n"));
    assert!(refused > 60, "{refused}");
}
