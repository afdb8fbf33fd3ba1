//! The grammar: what other databases write is refused, no clause word is an alias, and INSERT reads
//! its forms.

use super::statement::{Constant, InsertSource, Moment, Statement};
use super::tokens::CLAUSES;
use super::{Parsed, parse};
use ::sql::ClauseKind;
use model::ErrorKind;

fn statement(text: &str) -> Statement {
    parse(text).map(|parsed| parsed.statement).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn statements_of_other_databases_are_refused() {
    let mut passed = Vec::new();
    for text in [
        // KWDB
        "CREATE TS DATABASE tsdb",
        "CREATE TABLE t (ts TIMESTAMPTZ NOT NULL, a INT) TAGS (b INT NOT NULL) PRIMARY TAGS (b)",
        "CREATE TABLE t (id INT PRIMARY KEY, a INT)",
        "UPSERT INTO t VALUES (1)",
        "UPDATE t SET a = 1 WHERE b = 2",
        "SELECT time_bucket(ts, '1h') FROM t FETCH FIRST 1 ROWS ONLY",
        "SHOW COLUMNS FROM t",
        "SHOW TAG VALUES FROM t",
        "ALTER TABLE t ADD TAG b INT, DROP COLUMN a",
        "CREATE USER u WITH PASSWORD 'x'",
        "GRANT SELECT ON TABLE t TO u",
        "SET CLUSTER SETTING a = 1",
        "SELECT \"a\" FROM \"t\"",
        // IoTDB
        "CREATE TABLE t (time TIMESTAMP TIME, region STRING TAG, temperature FLOAT FIELD)",
        "CREATE TABLE t (region STRING TAG, temperature FLOAT FIELD) WITH (TTL=1)",
        "CREATE DATABASE d WITH (TTL=1)",
        "DELETE DEVICES FROM t WHERE a = 1",
        "INSERT INTO root.sg.d1(timestamp, s1) ALIGNED VALUES (1, 2)",
        "SELECT s1 FROM root.sg.** WHERE time > 1",
        "SELECT s1 FROM t ALIGN BY DEVICE",
        "SELECT count(s1) FROM t GROUP BY ([1, 100), 10ms)",
        "SHOW DEVICES FROM t",
        "SHOW TIMESERIES root.sg.**",
        "LIST USER",
        "DESC t DETAILS",
        // StarRocks
        "CREATE TABLE t (a INT) ENGINE=OLAP DUPLICATE KEY(a) DISTRIBUTED BY HASH(a) BUCKETS 4",
        "CREATE TABLE t (a INT) PROPERTIES ('replication_num' = '1')",
        "INSERT OVERWRITE t SELECT 1",
        "INSERT INTO t WITH LABEL l (a) VALUES (1)",
        "SELECT * EXCEPT (a) FROM t",
        "SELECT a FROM t QUALIFY row_number() OVER () = 1",
        "SELECT a FROM t PARTITION (p1)",
        "SHOW FULL TABLES",
        "SHOW CATALOGS",
        "TRUNCATE TABLE t",
        "SELECT a FROM t WINDOW w AS (ORDER BY a)",
        "SELECT a FROM t INTERSECT SELECT b FROM u EXCEPT SELECT c FROM v FOR UPDATE",
    ] {
        match parse(text) {
            Ok(Parsed { statement, .. }) if !matches!(statement, Statement::Unhandled(_)) => {
                passed.push(format!("{text}: {statement:?}"));
            }
            _ => {}
        }
    }
    // What is read here is refused when it is run, by what it names.
    passed.retain(|text| {
        let later = ["SELECT \"a\" FROM", "FROM root.sg", "INTERSECT"];
        !later.iter().any(|part| text.contains(part))
    });
    assert!(passed.is_empty(), "{passed:#?}");
}

#[test]
fn no_clause_word_is_an_alias() {
    let words = CLAUSES.rules.iter().filter_map(|rule| rule.words.first()).chain(CLAUSES.refused_aliases);
    for word in words {
        for text in [
            format!("select a {word} from t"),
            format!("select a from t {word}"),
            format!("select a from t {word} (b)"),
        ] {
            let Ok(Parsed { statement: Statement::Query(query), .. }) = parse(&text) else { continue };
            let shown = query.query.to_string().to_lowercase();
            assert!(!shown.contains(&format!("as {word}")), "{text}: {shown}");
        }
    }
}

#[test]
fn every_clause_that_is_not_done_is_refused_by_name() {
    for (clause, name) in [
        ("fill(null)", "FILL"),
        ("range('a','b')", "RANGE"),
        ("every(1s)", "EVERY"),
        ("session(ts, 1s)", "SESSION"),
        ("state_window(v)", "STATE_WINDOW"),
        ("event_window start with a > 1 end with a < 1", "EVENT_WINDOW"),
        ("count_window(2)", "COUNT_WINDOW"),
        ("anomaly_window(v)", "ANOMALY_WINDOW"),
    ] {
        let error = parse(&format!("select count(*) from t {clause}")).unwrap_err();
        assert_eq!(*error.kind, ErrorKind::Unsupported { what: name.to_owned() }, "{clause}");
    }
    let kinds = CLAUSES.rules.iter().filter(|rule| matches!(rule.kind, ClauseKind::Vendor(_))).count();
    assert_eq!(kinds, 13, "a clause was added: it needs a line here");
}

#[test]
fn an_insert_may_name_several_tables() {
    let parsed = parse(
        "insert into d1 values (now + 1h - 2m, -1, 'a;b') (1, NULL, \"x\") db.d2 using st (g) tags (-1.5) (ts, v) \
         values ('2024-01-01' + 1s, 0x1F), (2, 3) d3 (ts) values (today())",
    )
    .unwrap();
    let Statement::Insert(tables) = &parsed.statement else { panic!("{parsed:?}") };
    let rows = |at: usize| match &tables[at].source {
        InsertSource::Values(rows) => rows.len(),
        InsertSource::Query(_) => 0,
    };
    assert_eq!((tables.len(), rows(0), rows(1), rows(2)), (3, 2, 2, 1));
    let using = tables[1].using.as_ref().unwrap();
    assert_eq!(using.values, [Constant::Number("-1.5".to_owned())]);
    assert_eq!(tables[1].name.database.as_deref(), Some("db"));
}

#[test]
fn constants_of_tags() {
    let Statement::CreateChildren(children) =
        statement(r"create table t using st tags (null, true, 'it''s \n', now() - 1d, '\x0aff')")
    else {
        panic!()
    };
    let expected = [
        Constant::Null,
        Constant::Boolean(true),
        Constant::Text("it's \n".to_owned(), r"it''s \n".to_owned()),
        Constant::Moment(Moment::Now, -86_400_000_000_000),
        Constant::Text("x0aff".to_owned(), r"\x0aff".to_owned()),
    ];
    assert_eq!(children[0].using.values, expected);
}

#[test]
fn what_follows_the_statement_is_not_read() {
    assert!(matches!(statement("use db; drop database x"), Statement::Use(name) if name == "db"));
    assert!(parse("select 1 select 2").is_err());
}
