use super::{Meaning, rewrite};
use crate::timezone;
use ::sql::ast::Statement;
use catalog::Catalog;

fn rewritten(sql: &str) -> Result<String, String> {
    let query = crate::statements::query::parsed(sql).map_err(|e| e.to_string())?;
    let mut statement = Statement::Query(query.query);
    let zone = timezone::parse("8").unwrap();
    let profile = crate::session::profile();
    let meaning = Meaning { catalog: &Catalog::default(), database: "d", user: "u", zone: &zone, profile: &profile };
    rewrite(&mut statement, meaning).map_err(|e| e.to_string())?;
    Ok(statement.to_string().replace('\u{0}', "~"))
}

#[test]
fn items_are_named_once() {
    assert_eq!(
        rewritten("select max(a), max(b), a, 1 from t").unwrap(),
        r#"SELECT "max"(a) AS "max", "max"(b) AS "max~1", a, 1 AS "?column?" FROM t"#
    );
}

#[test]
fn the_schema_public_is_left_out() {
    assert_eq!(rewritten("select d.public.t.a from t").unwrap(), "SELECT d.t.a FROM t");
    assert!(rewritten("select a from d.public.t").unwrap_err().contains("\"d.t\" does not exist"));
    assert_eq!(rewritten("select a from public.t").unwrap(), "SELECT a FROM t");
}

#[test]
fn typed_times_are_spelled_in_the_zone() {
    assert_eq!(
        rewritten("select '2024-1-1 8:0:0'::timestamptz as a").unwrap(),
        "SELECT '2024-01-01T00:00:00Z'::TIMESTAMPTZ AS a"
    );
    assert!(
        rewritten("select '2024-13-1'::timestamp")
            .unwrap_err()
            .contains("could not parse \"2024-13-1\" as type timestamp")
    );
}

#[test]
fn the_session_is_known() {
    assert_eq!(rewritten("select current_database() as a, current_user() as b").unwrap(), "SELECT 'd' AS a, 'u' AS b");
}

#[test]
fn last_needs_a_time() {
    let error = rewritten("select last(a) from t").unwrap_err();
    assert_eq!(error, "last() can only be used in timeseries table query or subquery");
}
