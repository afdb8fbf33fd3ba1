//! Statements that are wrong in their types: refused in words that a user of this vendor knows.

use super::client::Client;
use dialect_testing::{ILL_TYPED, inner_word};
use model::Value as Cell;

/// What this vendor's grammar has beside the common statements.
const OWN: &[&str] = &[
    "select a from t where at > 'no time'",
    "select a from t where at > true",
    "select at + at from t",
    "select at * 2 from t",
    "select sum(at) from t",
    "select date_add(at, interval 'x' day) from t",
    "select date_add(s, interval 1 day) from t",
    "select date_format(a, 5) from t",
    "select date_trunc('nope', at) from t",
    "select time_slice(at, 5) from t",
    "select datediff(at, a) from t",
    "select str_to_date(a, 'x') from t",
    "select from_unixtime('x') from t",
    "select unix_timestamp(ok) from t",
    "select ifnull(a, 'x') from t",
    "select if(a, 1, 'x') from t",
    "select group_concat(a, 1) from t",
    "select cast(s as datetime) from t",
    "select cast(s as decimal(99, 1)) from t",
    "select a div s from t",
    "select a xor s from t",
    "select a rlike 5 from t",
    "select percentile_approx(s, 'x') from t",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_speaks_of_the_planner() {
    let client = Client::with_database().await;
    client.made("create table t (a int, b bigint, f double, s varchar(20), ok boolean, at datetime)").await;
    client.made("create table u (a int, ok boolean)").await;
    let row = [
        Cell::Integer(1),
        Cell::Integer(i128::from(i64::MIN)),
        Cell::Float(1.5),
        Cell::Text("x".to_owned()),
        Cell::Boolean(true),
        Cell::Null,
    ];
    client.write("t", &[&row]).await;
    let mut refused = 0;
    let mut spoken = Vec::new();
    for sql in ILL_TYPED.iter().chain(OWN) {
        let answer = client.sql(sql).await;
        let json = serde_json::from_str::<serde_json::Value>(&answer.text).unwrap_or_default();
        // A fault in the middle of an answer is its last line.
        let text = match json["msg"].as_str() {
            Some(text) => text.to_owned(),
            None => answer.text.lines().last().unwrap_or_default().to_owned(),
        };
        if text.contains("statistics") {
            continue;
        }
        refused += 1;
        if inner_word(&text).is_some() || text.is_empty() || answer.status == 500 {
            spoken.push(format!("{sql}: {text}"));
        }
    }
    assert!(spoken.is_empty(), "{}", spoken.join("\n"));
    assert!(refused > 60, "{refused}");
}
