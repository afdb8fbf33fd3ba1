use crate::scan::memory::{Reading, meters};
use crate::testing::Bench;
use crate::{Profile, functions};
use datafusion::execution::session_state::SessionStateBuilder;
use std::sync::Arc;

const ROWS: &[Reading<'static>] = &[
    ("a", 1, "ann", 1_000, Some(1.0), Some(1)),
    ("a", 1, "ann", 2_000, Some(2.0), None),
    ("a", 2, "bob", 1_500, None, None),
    ("a", 2, "bob", 1_700, None, Some(3)),
    ("b", 1, "ann", 500, Some(4.0), Some(4)),
    ("b", 2, "ann", 2_000, Some(9.0), Some(7)),
    ("c", 1, "cy", 100, None, None),
];

fn profile() -> Profile {
    Profile::builder()
        .aggregate(functions::first_by_time("first"))
        .aggregate(functions::last_by_time("last"))
        .aggregate(functions::last_row_by_time("last_row"))
        .aggregate(functions::last_time("lastts"))
        .aggregate(functions::last_row_time("last_row_ts"))
        .build()
}

/// The same profile without the rule.
fn without(profile: &Profile) -> Profile {
    let state = profile.state.as_ref();
    let rules = state.optimizers().iter().filter(|rule| rule.name() != "last_values").cloned().collect();
    let state = SessionStateBuilder::new_from_existing(state.clone()).with_optimizer_rules(rules).build();
    Profile { state: Arc::new(state), ..profile.clone() }
}

fn benches() -> (Bench, Bench) {
    let profile = profile();
    let mut with = Bench::new().profile(profile.clone());
    with.table(meters(ROWS));
    let mut without = Bench::new().profile(without(&profile));
    without.table(meters(ROWS));
    (with, without)
}

#[tokio::test]
async fn last_values_answer_what_all_rows_do() {
    let (with, without) = benches();
    for sql in [
        "SELECT site, meter, last(volts, ts), last(\"Pulses\", ts) FROM meters GROUP BY site, meter",
        "SELECT meter, site, last_row(volts, ts), last_row_ts(volts, ts) FROM meters GROUP BY site, meter",
        "SELECT site, meter, owner, lastts(\"Pulses\", ts), max(ts) FROM meters GROUP BY site, meter, owner",
        "SELECT m.site, m.meter, last(m.ts, m.ts), last(m.owner, m.ts) FROM meters m GROUP BY m.site, m.meter",
        "SELECT site, meter, upper(owner) u, last(volts, ts) FROM meters GROUP BY site, meter, u",
        "SELECT last(volts, ts), last_row(volts, ts), last_row(\"Pulses\", ts), max(ts) FROM meters",
        "SELECT last(volts, ts) FROM meters WHERE site = 'nowhere'",
        "SELECT site, last(volts, ts), lastts(volts, ts), last_row(meter, ts) FROM meters GROUP BY site",
        "SELECT site, last(site, ts), last(volts, ts), last(owner, ts) FROM meters GROUP BY site",
        "SELECT m.owner, last_row(m.owner, m.ts), last_row(m.meter, m.ts) FROM meters m GROUP BY m.owner",
        "SELECT length(owner) l, last(volts, ts), last_row(volts, ts) FROM meters GROUP BY l",
        "SELECT site, meter, last(volts, ts) FROM meters WHERE site <> 'b' AND owner LIKE '%n%' GROUP BY site, meter",
        "SELECT site, meter, last(volts, ts) FROM meters WHERE ts >= '1970-01-01 08:00:01.6' GROUP BY site, meter",
        "SELECT owner, last(volts, ts) FROM meters WHERE ts > '1970-01-01 08:00:00.5' AND meter = 1 GROUP BY owner",
        "SELECT site s, meter m, last(volts, ts) v FROM meters GROUP BY site, meter HAVING last(volts, ts) > 1",
        "SELECT * FROM (SELECT site, meter, last(volts, ts) v FROM meters GROUP BY site, meter) t WHERE v > 3",
        "SELECT count(v), sum(v) FROM (SELECT site, meter, last(volts, ts) v FROM meters GROUP BY site, meter) t",
        "SELECT x.v FROM (SELECT site s, ts AS t, volts AS v0 FROM meters) y, \
         (SELECT last(volts, ts) v FROM meters) x WHERE y.v0 = x.v",
        "SELECT site, meter, last_row(ts, CASE WHEN volts IS NOT NULL THEN ts END) FROM meters GROUP BY site, meter",
        "SELECT last(volts, ts), last_row(ts, CASE WHEN volts IS NOT NULL THEN ts ELSE NULL END) FROM meters",
        "SELECT s, last(v, t) FROM (SELECT site s, ts AS t, volts AS v FROM meters) y GROUP BY s",
    ] {
        let plan = with.explain(sql).await;
        assert!(plan.contains("LastExec: table=meters"), "{sql}: {plan}");
        assert!(!without.explain(sql).await.contains("LastExec"), "{sql}");
        let sorted = |mut rows: Vec<String>| {
            rows.sort();
            rows
        };
        let expected = sorted(without.rows(sql).await.unwrap());
        assert_eq!(sorted(with.rows(sql).await.unwrap()), expected, "{sql}");
    }
}

#[tokio::test]
async fn a_group_for_each_series_is_not_aggregated() {
    let (with, _) = benches();
    let each = with.explain("SELECT site, meter, last(volts, ts) FROM meters GROUP BY site, meter ORDER BY site NULLS FIRST, meter NULLS FIRST").await;
    assert!(!each.contains("AggregateExec") && !each.contains("SortExec"), "{each}");
    let some = with.explain("SELECT site, last(volts, ts) FROM meters GROUP BY site").await;
    assert!(some.contains("AggregateExec"), "{some}");
    let since = with
        .explain("SELECT site, meter, max(ts) FROM meters WHERE ts >= '1970-01-01 08:00:01' AND site = 'a' GROUP BY site, meter")
        .await;
    let node =
        "LastExec: table=meters, columns=[meter, site, newest(ts)], time=[1970-01-01T00:00:01Z, ], series=2 of 5";
    assert!(since.contains(node), "{since}");
}

#[tokio::test]
async fn other_questions_read_rows() {
    let (with, without) = benches();
    for sql in [
        "SELECT site, last(x, ts) FROM (SELECT owner AS site, site AS x, ts FROM meters) GROUP BY site",
        "SELECT site, meter, last(volts, ts), count(*) FROM meters GROUP BY site, meter",
        "SELECT site, meter, first(volts, ts) FROM meters GROUP BY site, meter",
        "SELECT site, meter, last(volts * 2, ts) FROM meters GROUP BY site, meter",
        "SELECT site, meter, last(volts, ts) FROM meters WHERE ts < '1970-01-01 08:00:02' GROUP BY site, meter",
        "SELECT site, meter, last(volts, ts) FROM meters WHERE volts < 3 GROUP BY site, meter",
        "SELECT site, meter, last(volts, ts) FROM meters WHERE ts > '1970-01-01 08:00:01' OR site = 'b' GROUP BY site, meter",
        "SELECT site, meter, last(volts, ts) FILTER (WHERE volts < 3) FROM meters GROUP BY site, meter",
        "SELECT site, ts, last(volts, ts) FROM meters GROUP BY site, ts",
        "SELECT site, meter, last_row(volts, CASE WHEN \"Pulses\" > 1 THEN ts END) FROM meters GROUP BY site, meter",
        "SELECT site, last_row(\"Pulses\", CASE WHEN volts IS NOT NULL THEN ts END) FROM meters GROUP BY site",
        "SELECT max(volts) FROM meters",
        "SELECT site, last(volts, ts) FROM (SELECT * FROM meters LIMIT 3) t GROUP BY site",
        "SELECT DISTINCT site FROM meters",
    ] {
        let plan = with.explain(sql).await;
        assert!(!plan.contains("LastExec"), "{sql}: {plan}");
        let mut rows = with.rows(sql).await.unwrap();
        let mut expected = without.rows(sql).await.unwrap();
        rows.sort();
        expected.sort();
        assert_eq!(rows, expected, "{sql}");
    }
}
