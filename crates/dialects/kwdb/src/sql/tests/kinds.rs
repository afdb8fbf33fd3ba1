//! Splitting and kinds.

use super::{near, refusal};
use crate::sql::{Statement, StatementKind, parse};
use model::TextPosition;

#[test]
fn a_bad_statement_spoils_no_other() {
    let text = "create database a;\n\n selec 1; insert into t values ('x;y');; drop table 'b';";
    let parsed = parse(text);
    let seen: Vec<_> = parsed.iter().map(|p| (p.text.as_str(), p.kind, p.statement.is_ok())).collect();
    assert_eq!(
        seen,
        [
            ("create database a", StatementKind::Create, true),
            ("selec 1", StatementKind::Other, false),
            ("insert into t values ('x;y')", StatementKind::Insert, true),
            ("drop table 'b'", StatementKind::Drop, false),
        ]
    );
    for p in &parsed {
        assert_eq!(&text[p.span.clone()], p.text);
    }
    assert!(parse(" ; -- nothing\n;").is_empty());
}

#[test]
fn the_statements_of_a_procedure_are_not_run() {
    let parsed = parse("create procedure p() $$begin delete from t; drop table u; end$$; select 1");
    assert_eq!(parsed.len(), 2);
    assert!(matches!(parsed[0].statement, Ok(Statement::Unhandled("CREATE PROCEDURE"))));
    assert_eq!(near("select $$a$$"), "at or near \"$$a$$\": syntax error");
}

#[test]
fn kinds_are_known_without_parsing() {
    use StatementKind as K;
    for (text, kind) in [
        ("SELECT", K::Query),
        ("(select 1) union select 2", K::Query),
        ("values (1", K::Query),
        ("with a as (select 1), b (c) as (values (1)) select * from a", K::Query),
        ("with a as (select 1) insert into t select * from a", K::Insert),
        ("with a as (select 1) delete from t", K::Delete),
        ("with nonsense", K::Query),
        ("upsert into", K::Insert),
        ("Insert\n\tInto t", K::Insert),
        ("show create table t", K::Show),
        ("describe t", K::Show),
        ("explain select 1", K::Explain),
        ("CREATE nonsense", K::Create),
        ("drop", K::Drop),
        ("alter x", K::Alter),
        ("use", K::Use),
        ("truncate t", K::Truncate),
        ("comment on", K::Comment),
        ("grant", K::Grant),
        ("revoke", K::Revoke),
        ("set a = 1", K::Set),
        ("reset a", K::Reset),
        ("update t", K::Update),
        ("delete t", K::Delete),
        ("/* a */ -- b\n delete t", K::Delete),
        ("prepare p as select 1", K::Other),
        ("\"select\" 1", K::Other),
    ] {
        assert_eq!(parse(text)[0].kind, kind, "{text}");
    }
    assert_eq!(parse("INSERT INTO t")[0].first_word, "insert");
}

#[test]
fn errors_stand_where_the_user_wrote_them() {
    let at = |line, column| TextPosition { line, column };
    for (text, wording, position) in [
        ("selec 1", "at or near \"selec\": syntax error", at(1, 1)),
        ("select a from", "at or near \"EOF\": syntax error", at(1, 14)),
        ("use a;\n 插入 x", "at or near \"插入\": syntax error", at(2, 2)),
        (
            "insert into 电表 values ('汉字', 1);\r\nselect '水表' FROM 电表 WHERE A = = 1",
            "at or near \"=\": syntax error",
            at(2, 31),
        ),
        ("comment on table t is '汉''字'; select \"é\" 1", "at or near \"1\": syntax error", at(1, 42)),
        ("select 1; select 'é", "lexical error: unterminated string", at(1, 18)),
        ("create ts database 'A1'", "at or near \"a1\": syntax error", at(1, 20)),
        ("insert into t values ('汉', 'a'('a'))", "at or near \"(\": syntax error", at(1, 31)),
        ("select * from (select '表' a from t where b ?? 1) s", "at or near \"?\": syntax error", at(1, 45)),
    ] {
        assert_eq!(super::refusal(text), (wording.to_owned(), position), "{text}");
    }
    assert_eq!(refusal("drop table").1, at(1, 11));
    assert_eq!(near("select /* open"), "lexical error: unterminated comment");
}
