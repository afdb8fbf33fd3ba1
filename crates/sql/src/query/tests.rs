//! Queries through the clause skeleton: what arrives, what is refused, and that no clause word is an alias.

use super::{QueryParser, QueryPlace};
use crate::fixture::{self, TestGrammar};
use crate::{ClauseRule, Tokens, tokenize};
use model::{ErrorKind, Result, TextPosition};
use sqlparser::ast::{Query, Select, SelectItem, TableFactor, VisitMut, VisitorMut};
use std::ops::ControlFlow;

fn parse(text: &str) -> (Result<Query>, TestGrammar) {
    let source = fixture::source(text);
    let mut grammar = TestGrammar::default();
    let query = tokenize(source)
        .and_then(|tokens| QueryParser::new(&mut grammar).parse_query(Tokens { source, tokens: &tokens, next: None }));
    (query, grammar)
}

fn shown(text: &str) -> String {
    parse(text).0.unwrap_or_else(|error| panic!("{text}: {error}")).to_string()
}

#[track_caller]
fn refused(text: &str) -> (String, TextPosition) {
    let error = parse(text).0.map(|query| panic!("{text} became {query}")).unwrap_err();
    match *error.kind {
        ErrorKind::Syntax { near, .. } => (near, error.position.unwrap()),
        kind => panic!("{kind:?}"),
    }
}

#[test]
fn every_clause_arrives() {
    for text in [
        "SELECT a, b AS c FROM t WHERE a > 1 GROUP BY a, b HAVING count(*) > 1 ORDER BY a DESC, b LIMIT 1 OFFSET 2",
        "SELECT DISTINCT a FROM t",
        "SELECT DISTINCT ON (a) a, b FROM t",
        "SELECT sum(a) OVER w FROM t WINDOW w AS (PARTITION BY b ORDER BY c)",
        "SELECT 1",
        "SELECT * FROM t, u AS v JOIN w ON v.a = w.a LEFT JOIN x USING(b)",
        "SELECT * FROM (SELECT a FROM t LIMIT 1) AS s WHERE a IN (SELECT b FROM u) AND EXISTS (SELECT 1)",
        "SELECT (SELECT max(a) FROM t WHERE t.b = u.b) FROM u",
        "SELECT a FROM t UNION ALL SELECT b FROM u ORDER BY 1 LIMIT 3",
        "(SELECT a FROM t ORDER BY a LIMIT 1) UNION (SELECT b FROM u)",
        "WITH x AS (SELECT a FROM t), y (b, c) AS (SELECT 1, 2) SELECT * FROM x, y",
        "WITH RECURSIVE n AS (SELECT 1 UNION ALL SELECT a + 1 FROM n) SELECT * FROM n",
        "SELECT extract(EPOCH FROM ts), substring(a FROM 1 FOR 2), a IS NOT DISTINCT FROM b FROM t",
        "SELECT t.limit, a AS offset FROM t",
        "SELECT ((SELECT 1)) + 1, ((SELECT 2))",
    ] {
        assert_eq!(shown(&text.to_lowercase()).to_lowercase(), text.to_lowercase());
    }
    assert_eq!(
        shown("select * from a join b join c on 1 = 1 on 2 = 2"),
        "SELECT * FROM a JOIN (b JOIN c ON 1 = 1) ON 2 = 2"
    );
    assert_eq!(shown("values (1, 'a'), (2, 'b')"), "VALUES (1, 'a'), (2, 'b')");
    assert_eq!(shown("table T"), "SELECT * FROM t");
    assert_eq!(shown("select a from t offset 1 limit 2"), "SELECT a FROM t LIMIT 2 OFFSET 1");
    assert_eq!(shown("select 1 limit all"), "SELECT 1");
}

#[test]
fn intersect_binds_before_union() {
    let text = shown("select 1 union select 2 intersect select 3 except select 4");
    let query = parse(&text).0.unwrap();
    let sqlparser::ast::SetExpr::SetOperation { op, left, .. } = *query.body else { panic!("{query}") };
    assert_eq!(op, sqlparser::ast::SetOperator::Except);
    let sqlparser::ast::SetExpr::SetOperation { op, right, .. } = *left else { panic!("{left}") };
    assert_eq!((op, right.to_string().as_str()), (sqlparser::ast::SetOperator::Union, "SELECT 2 INTERSECT SELECT 3"));
}

/// Stops at an alias with that name.
struct NoAlias<'a>(&'a str);

impl VisitorMut for NoAlias<'_> {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        let is_alias =
            |item: &SelectItem| matches!(item, SelectItem::ExprWithAlias { alias, .. } if alias.value == self.0);
        if select.projection.iter().any(is_alias) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { alias: Some(alias), .. } | TableFactor::Derived { alias: Some(alias), .. }
                if alias.name.value == self.0 =>
            {
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

#[test]
fn no_clause_word_is_ever_an_alias() {
    let firsts = fixture::CLAUSES.rules.iter().map(|ClauseRule { words, .. }| words[0]);
    for word in firsts.chain(fixture::CLAUSES.refused_aliases.iter().copied()) {
        for text in [
            format!("select a {word} from t"),
            format!("select a from t {word}"),
            format!("select a from t {word} (b)"),
            format!("select a from (select 1) {word}"),
            format!("select a from t join u {word} on true"),
            format!("select (select a {word} from t)"),
            format!("select (select a from t {word})"),
            format!("select a from t where a in (select b from u {word} (c))"),
        ] {
            if let Ok(mut query) = parse(&text).0 {
                assert_eq!(query.visit(&mut NoAlias(word)), ControlFlow::Continue(()), "{text} became {query}");
            }
        }
        // With AS, or in quotes, anyone may call things as they like.
        assert_eq!(shown(&format!("select a as {word} from t")), format!("SELECT a AS {word} FROM t"));
        assert_eq!(shown(&format!("select a \"{word}\" from t")), format!("SELECT a AS \"{word}\" FROM t"));
    }
}

#[test]
fn vendor_clauses_are_cut_at_every_depth() {
    let (query, grammar) = parse("select a from t where a > 1 take (x, 1h) order by a");
    assert_eq!(query.unwrap().to_string(), "SELECT a FROM t WHERE a > 1 ORDER BY a");
    assert_eq!(grammar.met, [("( x , 1h )".to_owned(), QueryPlace::Top)]);
    for (text, place) in [
        ("select * from (select a from t take (1)) s", QueryPlace::Nested),
        ("select 1 union select a from t take (1)", QueryPlace::SetOperand),
        ("with x as (select a from t take (1)) select 1", QueryPlace::With),
        ("with x as (select 1) select a from t take (1)", QueryPlace::With),
        ("with x as (select * from (select a from t take (1)) s) select 1", QueryPlace::With),
    ] {
        let (query, grammar) = parse(text);
        assert!(!query.unwrap().to_string().contains("take"), "{text}");
        assert_eq!(grammar.met, [("( 1 )".to_owned(), place)], "{text}");
    }
    // Without its parenthesis it is a column like any other.
    assert_eq!(shown("select take from t"), "SELECT take FROM t");
}

#[test]
fn order_repetition_and_leftovers_are_errors_at_their_place() {
    for (text, near, line, column) in [
        ("select a from t group by a where b", "where", 1, 28),
        ("select a from t order by a order by b", "order", 1, 28),
        ("select a from t take (1) take (2)", "take", 1, 26),
        ("select a from t group by a take (1)", "take", 1, 28),
        ("select a from where b", "where", 1, 15),
        ("select a from t where", "", 1, 22),
        ("select '汉', a b c from t", "c", 1, 17),
        ("select a from t limit 1 union select 2", "limit", 1, 17),
        ("select a from t union", "", 1, 22),
        ("select a from t) x", ")", 1, 16),
        ("select a from (select 1", "", 1, 24),
        ("select a 'x' from t", "x", 1, 10),
        ("select a from t where a select b from u", "select", 1, 25),
        ("values (1) where a", "where", 1, 12),
        ("select a,\n '汉' from\n t tablesample (1)", "t", 3, 2),
        ("select * except (a) from t", "from", 1, 21),
        ("select", "", 1, 7),
        ("select a from", "", 1, 14),
        ("with x as select 1 select 2", "select", 1, 11),
        ("select a from [b]", "b", 1, 16),
        ("select a from t window", "", 1, 23),
        ("select a into b from t", "into", 1, 10),
        ("select top 5 a from t", "5", 1, 12),
        ("select a from t foreign_window (b)", "foreign_window", 1, 17),
    ] {
        assert_eq!(refused(text), (near.to_owned(), TextPosition { line, column }), "{text}");
    }
    let error = parse("select a from t group by all").0.unwrap_err();
    assert!(matches!(*error.kind, ErrorKind::Syntax { .. }), "{error}");
}

#[test]
fn queries_nest_only_so_deep() {
    let nested = |depth| format!("{}select 1{}", "select (".repeat(depth), ")".repeat(depth));
    // Cloned, compared and dropped in a thread with as little stack as a worker has.
    let on_a_small_stack = |text: String| {
        let run = move || parse(&text).0.is_ok_and(|query| query.clone() == query);
        std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap()
    };
    assert!(on_a_small_stack(nested(20)));
    assert!(!on_a_small_stack(nested(40)));
    assert!(!on_a_small_stack(nested(5_000)));
    assert!(on_a_small_stack(vec!["select 1"; 100].join(" union all ")));
    assert!(!on_a_small_stack(vec!["select 1"; 100_000].join(" union all ")));
}
