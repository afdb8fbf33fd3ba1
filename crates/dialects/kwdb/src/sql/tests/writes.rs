//! INSERT, UPDATE, DELETE.

use super::{near, one};
use crate::sql::Statement;
use crate::sql::statement::{Insert, InsertSource, Value, ValueRows};

fn insert(text: &str) -> Insert {
    match one(text) {
        Statement::Insert(insert) => *insert,
        other => panic!("{other:?}"),
    }
}

fn rows(text: &str) -> ValueRows {
    match insert(text).source {
        InsertSource::Values(rows) => rows,
        other => panic!("{other:?}"),
    }
}

#[test]
fn literals_keep_what_was_written() {
    let rows = rows(
        "insert into t (a) values (1, -2, - 3, +4, 99999999999999999999, -0.50, 1e5, .5, 'it''s', '汉字', e'a\\n\\'', \
         b'\\xff', x'0A', NULL, Default, TRUE, false, \"2023-07-30T06:44:40.32Z\", \"a\"\"b\", '')",
    );
    assert_eq!((rows.len(), rows.width(0), rows.width(1)), (1, 20, 0));
    assert_eq!(
        rows.row(0).collect::<Vec<_>>(),
        [
            Value::Integer("1"),
            Value::Integer("-2"),
            Value::Integer("-3"),
            Value::Integer("4"),
            Value::Integer("99999999999999999999"),
            Value::Decimal("-0.50"),
            Value::Decimal("1e5"),
            Value::Decimal(".5"),
            Value::Text("it's"),
            Value::Text("汉字"),
            Value::Text("a\n'"),
            Value::Bytes(&[0xff]),
            Value::Bytes(&[10]),
            Value::Null,
            Value::Default,
            Value::Boolean(true),
            Value::Boolean(false),
            Value::QuotedWord("2023-07-30T06:44:40.32Z"),
            Value::QuotedWord("a\"b"),
            Value::Text(""),
        ]
    );
}

#[test]
fn what_is_no_literal_is_an_expression() {
    let rows = rows(
        "insert into t values (now(), '1'::INT4, -Abs(-1), 1 + 2, Word, timestamp '2020-01-01', cast('x' as varbytes), \
         0x10, now() - 1h, (select 1), f(1, 2)), (3)",
    );
    let texts: Vec<_> = rows
        .row(0)
        .map(|value| match value {
            Value::Expression(expression) => expression.to_string(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        texts,
        [
            "now()",
            "'1'::INT4",
            "-abs(-1)",
            "1 + 2",
            "word",
            "TIMESTAMP '2020-01-01'",
            "CAST('x' AS varbytes)",
            "16",
            "now() - INTERVAL '1 hour'",
            "(SELECT 1)",
            "f(1, 2)"
        ]
    );
    assert_eq!((rows.get(1, 0), rows.get(1, 1), rows.get(2, 0)), (Some(Value::Integer("3")), None, None));
    assert_eq!(rows.expressions().len(), 11);
}

#[test]
fn values_are_cut_from_the_whole_request() {
    let text = "insert into 表 values ('一'); insert into t values ('二', \"三\"), ('四'); ";
    let mut all = Vec::new();
    for parsed in crate::sql::parse(text) {
        let Ok(Statement::Insert(insert)) = parsed.statement else { panic!("{}", parsed.text) };
        let InsertSource::Values(rows) = insert.source else { panic!("{}", parsed.text) };
        for row in 0..rows.len() {
            all.extend(rows.row(row).map(|value| format!("{value:?}")));
        }
    }
    assert_eq!(all, ["Text(\"一\")", "Text(\"二\")", "QuotedWord(\"三\")", "Text(\"四\")"]);
}

#[test]
fn forms_of_insert() {
    let i = insert("INSERT INTO Db.T (\"A\", b) VALUES (1, 2)");
    assert_eq!(i.table.to_string(), "db.t");
    assert_eq!(i.columns.iter().map(|c| c.value.as_str()).collect::<Vec<_>>(), ["A", "b"]);
    assert!(matches!(insert("insert into t default values").source, InsertSource::DefaultValues));
    for text in [
        "insert into t select a from u",
        "insert into t (select a from u)",
        "insert into t (a) with x as (select 1) select * from x",
        "insert into t values (1) union select 2",
        "with x as (select 1) insert into t select * from x",
    ] {
        assert!(matches!(insert(text).source, InsertSource::Query(_)), "{text}");
    }
    let i = insert(
        "insert into t as u (a) values (1) on conflict (a) do update set b = excluded.b where u.a > 1 returning a, b as c",
    );
    assert_eq!((i.alias.unwrap().value.as_str(), i.returning.len()), ("u", 2));
    let update = i.on_conflict.unwrap().update.unwrap();
    assert_eq!((update.assignments.len(), update.selection.unwrap().to_string().as_str()), (1, "u.a > 1"));
    assert!(insert("insert into t select a from u on conflict do nothing").on_conflict.unwrap().update.is_none());
    assert!(insert("upsert into t values (1)").upsert);
    for (text, token) in [
        ("insert into t values (1", "EOF"),
        ("insert into t values ()", ")"),
        ("insert into t values (1,)", ")"),
        ("insert into t values (1) (2)", "("),
        ("insert into t values 1", "1"),
        ("insert into t (a,) values (1)", ")"),
        ("insert into tvalues(1)", "1"),
        ("insert into t values (1 2)", "2"),
        ("insert into t values (1), (2) x", "x"),
    ] {
        assert_eq!(near(text), format!("at or near \"{token}\": syntax error"), "{text}");
    }
}

#[test]
fn update_and_delete() {
    let Statement::Update(update) = one(
        "update D.T u set a = 1, (b, \"C\") = (2, default) from v where u.a is not distinct from v.a and u.b in (select \
         x from y) order by a limit 3 returning *",
    ) else {
        panic!("no update")
    };
    assert_eq!(update.table.to_string(), "d.t");
    assert_eq!(update.assignments[1].columns[1].value, "C");
    assert_eq!(update.from.len(), 1);
    assert_eq!(update.selection.unwrap().to_string(), "u.a IS NOT DISTINCT FROM v.a AND u.b IN (SELECT x FROM y)");
    assert!(update.limit.is_some() && update.returning.len() == 1 && update.order_by.len() == 1);
    let Statement::Update(update) = one("update t set a = default") else { panic!("no update") };
    assert_eq!(update.assignments[0].value.to_string(), "default");
    let Statement::Delete(delete) = one("DELETE FROM t WHERE Ts > '2020-01-01' AND Loc = 'a'") else {
        panic!("no delete")
    };
    assert_eq!(delete.selection.unwrap().to_string(), "ts > '2020-01-01' AND loc = 'a'");
    assert!(matches!(one("delete from t"), Statement::Delete(d) if d.selection.is_none()));
    assert_eq!(near("delete t where a = 1"), "at or near \"t\": syntax error");
    assert_eq!(near("update t set a = 1 where"), "at or near \"EOF\": syntax error");
    assert_eq!(near("update t set t.a = 1"), "at or near \".\": syntax error");
}
