//! SELECT with what KWDB adds to it, and EXPLAIN.

use super::{near, one};
use crate::sql::Statement;
use crate::sql::statement::{Fill, QueryStatement, Show};
use crate::sql::tokens::CLAUSES;

fn query(text: &str) -> QueryStatement {
    match one(text) {
        Statement::Query(query) => query,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn shown(text: &str) -> String {
    query(text).query.to_string()
}

#[test]
fn names_fold_and_expressions_keep_their_meaning() {
    for (text, tree) in [
        (
            "SELECT Last(*), FIRST(T.*), last(\"X\", '2020-01-01') FROM Db.T",
            "SELECT last(*), first(t.*), last(\"X\", '2020-01-01') FROM db.t",
        ),
        (
            "select time_bucket(ts,'10m') b, count(*) from t group by b",
            "SELECT time_bucket(ts, '10m') AS b, count(*) FROM t GROUP BY b",
        ),
        (
            "select now() - 1h, ts + 1d, elapsed(ts, 1mon)",
            "SELECT now() - INTERVAL '1 hour', ts + INTERVAL '1 day', elapsed(ts, INTERVAL '1 month')",
        ),
        ("select '2020-01-01'::timestamptz - 90s", "SELECT '2020-01-01'::TIMESTAMPTZ - INTERVAL '90 second'"),
        (
            "select * from db.public.t as M where m.\"Ts\" > now() - 10m",
            "SELECT * FROM db.public.t AS m WHERE m.\"Ts\" > now() - INTERVAL '10 minute'",
        ),
        (
            "select interpolate(avg(a), PREV) from t group by time_bucket_gapfill(ts, 10)",
            "SELECT interpolate(avg(a), prev) FROM t GROUP BY time_bucket_gapfill(ts, 10)",
        ),
        (
            "select first(ts) from t group by a, time_window(ts, '10m', '5m')",
            "SELECT first(ts) FROM t GROUP BY a, time_window(ts, '10m', '5m')",
        ),
        ("select event_window(a < 40, b = 2) from t", "SELECT event_window(a < 40, b = 2) FROM t"),
        (
            "select diff(v) over (partition by id order by ts) from t",
            "SELECT diff(v) OVER (PARTITION BY id ORDER BY ts) FROM t",
        ),
        ("select extract('month', ts), extract(epoch from ts)", "SELECT EXTRACT('month', ts), EXTRACT(EPOCH FROM ts)"),
        ("select a || 'x', a !~ 'y', b::int4[] from t", "SELECT a || 'x', a !~ 'y', b::INT4[] FROM t"),
        ("select current, power, level, state from t", "SELECT current, power, level, state FROM t"),
        ("select*from t1", "SELECT * FROM t1"),
        ("select a from t offset 1 limit 2", "SELECT a FROM t LIMIT 2 OFFSET 1"),
        ("values (1), (2)", "VALUES (1), (2)"),
        ("table t", "SELECT * FROM t"),
    ] {
        assert_eq!(shown(text), tree, "{text}");
    }
}

#[test]
fn fill_is_cut_out() {
    let q = query("select a from t where ts = 1 and g = 'x' FILL(LINEAR, 1000, 2000) order by a limit 1");
    assert_eq!(q.query.to_string(), "SELECT a FROM t WHERE ts = 1 AND g = 'x' ORDER BY a LIMIT 1");
    assert_eq!(q.fill, Some(Fill::Linear { before: Some(1000), after: Some(2000) }));
    let fill = |fill: &str| query(&format!("select a from t where ts = 1 fill({fill})")).fill.unwrap();
    assert_eq!(fill("exact"), Fill::Exact);
    assert_eq!(fill("PREVIOUS"), Fill::Previous(None));
    assert_eq!(fill("next, 0"), Fill::Next(Some(0)));
    assert_eq!(fill("closer, 5"), Fill::Closer { before: Some(5), after: None });
    assert!(
        matches!(fill("constant, cast('a' as varbytes)"), Fill::Constant(e) if e.to_string() == "CAST('a' AS varbytes)")
    );
    for (text, wording) in [
        ("select a from t fill(exact)", "at or near \"fill\": syntax error"),
        ("select a from t where ts = 1 fill(exact) group by a", "at or near \"group\": syntax error"),
        ("select a from t where ts = 1 group by a fill(exact)", "at or near \"fill\": syntax error"),
        ("select a from t where ts = 1 fill(exact, 1)", "at or near \",\": syntax error"),
        ("select a from t where ts = 1 fill(next, 'x')", "at or near \"x\": syntax error"),
        (
            "select a from t where ts = 1 fill(linear, 0, -1)",
            "at or near \")\": syntax error: end range must be greater than or equal to 0",
        ),
        ("select a from t where ts = 1 fill(constant)", "at or near \")\": syntax error"),
        ("select a from t where ts = 1 fill(sideways)", "at or near \"sideways\": syntax error"),
    ] {
        assert_eq!(near(text), wording, "{text}");
    }
    let reason = |text: &str| crate::sql::parse(text).remove(0).statement.unwrap_err().to_string();
    for text in [
        "select * from (select a from t where ts = 1 fill(exact)) s",
        "select a from t union select a from t where ts = 1 fill(exact)",
        "select a from t where b in (select a from t where ts = 1 fill(exact))",
    ] {
        assert_eq!(reason(text), "FILL is only supported for use in single time series table query.", "{text}");
    }
    assert_eq!(
        reason("with x as (select a from t where ts = 1 fill(exact)) select * from x"),
        "FILL clause is not supported in WITH...AS..."
    );
}

#[test]
fn clause_words_are_no_aliases_here_either() {
    let firsts = CLAUSES.rules.iter().map(|rule| rule.words[0]);
    for word in firsts.chain(CLAUSES.refused_aliases.iter().copied()) {
        for text in [
            format!("select a {word}, b from t"),
            format!("select a from t {word}"),
            format!("select a from (select 1) {word}, u"),
        ] {
            assert!(crate::sql::parse(&text)[0].statement.is_err(), "{text}");
        }
        assert_eq!(shown(&format!("select a as {word} from t")), format!("SELECT a AS {word} FROM t"));
    }
}

#[test]
fn show_in_brackets_is_a_table() {
    let q = query("select c.x from [SHOW COLUMNS FROM d.t WITH COMMENT] as c join [show tables] on true");
    assert_eq!(q.bracket_sources.len(), 2);
    assert!(matches!(*q.bracket_sources[0].statement, Statement::Show(Show::Columns(_))));
    for source in &q.bracket_sources {
        assert!(q.query.to_string().contains(&format!("\"{}\"", source.table)));
    }
    assert_eq!(query("select * from (select * from [show tables]) s").bracket_sources.len(), 1);
    assert_eq!(near("select * from [drop table t]"), "at or near \"drop\": syntax error");
    assert_eq!(near("select * from [show tables x]"), "at or near \"x\": syntax error");
}

#[test]
fn first_and_last_take_columns_only() {
    for (text, token) in [
        ("select last(x+1) from t", "+"),
        ("select last() from t", ")"),
        ("select last_row(null)", "null"),
        ("select first(3.1)", "3.1"),
        ("select first_row('x')", "x"),
        ("select a from t where b > (select last((c)) from t)", "("),
    ] {
        assert_eq!(near(text), format!("at or near \"{token}\": syntax error"), "{text}");
    }
}

#[test]
fn explain_explains() {
    assert!(matches!(one("explain analyze select 1"), Statement::Explain(e) if e.analyze));
    assert!(matches!(one("explain (opt, verbose) select 1"), Statement::Explain(e) if e.options == ["opt", "verbose"]));
    assert!(matches!(one("explain (select 1)"), Statement::Explain(e) if e.options.is_empty()));
    assert!(matches!(one("explain insert into t values (1)"), Statement::Explain(e)
        if matches!(*e.statement, Statement::Insert(_))));
    assert_eq!(near("explain explain select 1"), "at or near \"explain\": syntax error");
}
