//! Expressions through sqlparser: meaning, error places, and limits of depth.

use super::{parse_data_type, parse_expression};
use crate::{Tokens, fixture, tokenize};
use model::{ErrorKind, Result, TextPosition};
use sqlparser::ast::{Expr, Value, ValueWithSpan};

fn expression(text: &str) -> Result<Expr> {
    let source = fixture::source(text);
    let tokens = tokenize(source)?;
    parse_expression(Tokens { source, tokens: &tokens, next: None }, &fixture::CLAUSES)
}

fn shown(text: &str) -> String {
    expression(text).unwrap().to_string()
}

#[test]
fn names_are_exact_and_intervals_unambiguous() {
    assert_eq!(shown("Now() - 1H"), "now() - INTERVAL '1 hour'");
    assert_eq!(shown("Ts + 3mon"), "ts + INTERVAL '3 month'");
    assert_eq!(shown("\"Ts\" + T.\"X\""), "\"Ts\" + t.\"X\"");
    assert_eq!(shown("e'a\\tb' || 'it''s'"), "'a\tb' || 'it''s'");
    assert_eq!(shown("F(Name => 1, *)"), "f(name => 1, *)");
    let Expr::Value(ValueWithSpan { value: Value::HexStringLiteral(hex), .. }) = expression("b'\\xff\\n'").unwrap()
    else {
        panic!("no bytes")
    };
    assert_eq!(hex, "ff0a");
}

#[test]
fn operators_of_postgres_and_its_family() {
    for (text, tree) in [
        ("a + b * c ^ 2", "a + b * c ^ 2"),
        ("a IS NOT DISTINCT FROM b", "a IS NOT DISTINCT FROM b"),
        ("ts at time zone 'UTC'", "ts AT TIME ZONE 'UTC'"),
        ("a NOT ILIKE 'x%'", "a NOT ILIKE 'x%'"),
        ("a !~* 'x'", "a !~* 'x'"),
        ("9 // 2", "9 // 2"),
        ("x::int4[]", "x::INT4[]"),
        ("a[1]", "a[1]"),
        ("0xFF", "255"),
        ("t.user", "t.user"),
        ("current_user()", "current_user()"),
        ("interval '1 day'", "INTERVAL '1 day'"),
        ("count(*) filter (where a > 1)", "count(*) FILTER (WHERE a > 1)"),
    ] {
        assert_eq!(shown(text), tree, "{text}");
    }
    // || binds looser than +, as in PostgreSQL.
    assert_eq!(
        expression("a || b + c").unwrap(),
        expression("a || (b + c)")
            .map(|e| match e {
                Expr::BinaryOp { left, op, right } => {
                    let Expr::Nested(right) = *right else { panic!("no parentheses") };
                    Expr::BinaryOp { left, op, right }
                }
                other => other,
            })
            .unwrap()
    );
}

/// An expression with everything in parentheses that was read as one operand, by the tree.
fn grouped(expr: &Expr) -> String {
    let two = |left: &Expr, op: &str, right: &Expr| format!("[{} {op} {}]", grouped(left), grouped(right));
    match expr {
        Expr::Nested(inner) => grouped(inner),
        Expr::BinaryOp { left, op, right } => two(left, &op.to_string(), right),
        Expr::IsDistinctFrom(left, right) => two(left, "DF", right),
        Expr::IsNotDistinctFrom(left, right) => two(left, "NDF", right),
        Expr::AtTimeZone { timestamp, time_zone } => two(timestamp, "AT", time_zone),
        Expr::Like { expr, pattern, .. } => two(expr, "LIKE", pattern),
        Expr::ILike { expr, pattern, .. } => two(expr, "ILIKE", pattern),
        Expr::SimilarTo { expr, pattern, .. } => two(expr, "SIMILAR", pattern),
        Expr::RLike { expr, pattern, .. } => two(expr, "RLIKE", pattern),
        Expr::Between { expr, low, high, .. } => {
            format!("[{} BETWEEN {} {}]", grouped(expr), grouped(low), grouped(high))
        }
        Expr::UnaryOp { op, expr } => format!("[{op} {}]", grouped(expr)),
        Expr::IsNull(inner) => format!("[{} ISNULL]", grouped(inner)),
        Expr::IsTrue(inner) => format!("[{} ISTRUE]", grouped(inner)),
        Expr::IsNormalized { expr, .. } => format!("[{} NORMALIZED]", grouped(expr)),
        Expr::InList { expr, .. } => format!("[{} IN]", grouped(expr)),
        Expr::AnyOp { left, .. } => format!("[{} ANY]", grouped(left)),
        other => other.to_string(),
    }
}

#[test]
fn every_operator_leaves_what_binds_looser() {
    for (text, groups) in [
        ("a is distinct from true and b = 2", "[[a DF true] AND [b = 2]]"),
        ("a is not distinct from b or c", "[[a NDF b] OR c]"),
        ("a is distinct from b + 1 and c", "[[a DF [b + 1]] AND c]"),
        ("a is distinct from b = c and d", "[[a DF [b = c]] AND d]"),
        ("not a is distinct from b and c", "[[NOT [a DF b]] AND c]"),
        ("a is distinct from b is distinct from c", "[[a DF b] DF c]"),
        ("x or a is not distinct from b and c", "[x OR [[a NDF b] AND c]]"),
        ("a at time zone 'x' = b and c", "[[[a AT 'x'] = b] AND c]"),
        ("a at time zone 'x' + b", "[[a AT 'x'] + b]"),
        ("a like b || c and d", "[[a LIKE [b || c]] AND d]"),
        ("a like 'x' escape '!' and b = 1", "[[a LIKE 'x'] AND [b = 1]]"),
        ("a not ilike 'x' escape '!' or b", "[[a ILIKE 'x'] OR b]"),
        ("a similar to 'x' escape '!' and b", "[[a SIMILAR 'x'] AND b]"),
        ("a regexp 'x' and b", "[[a RLIKE 'x'] AND b]"),
        ("a between b + 1 and c + 1 and d", "[[a BETWEEN [b + 1] [c + 1]] AND d]"),
        ("a between 1 and 2 = true", "[[a BETWEEN 1 2] = true]"),
        ("a is null = b and c", "[[[a ISNULL] = b] AND c]"),
        ("a = b is null and c", "[[[a = b] ISNULL] AND c]"),
        ("a is true and b", "[[a ISTRUE] AND b]"),
        ("a is nfc normalized and b = 1", "[[a NORMALIZED] AND [b = 1]]"),
        ("a in (1, 2) and b", "[[a IN] AND b]"),
        ("a = any(array[1]) and b", "[[a ANY] AND b]"),
        ("a overlaps b and c", "[[a OVERLAPS b] AND c]"),
        ("a ~ b || c and d", "[[a ~ [b || c]] AND d]"),
        ("a + b * c ^ d", "[a + [b * [c ^ d]]]"),
        ("a ^ b ^ c", "[[a ^ b] ^ c]"),
        ("a - b - c", "[[a - b] - c]"),
        ("a // b * c + d", "[[[a // b] * c] + d]"),
        ("-a ^ 2", "[[- a] ^ 2]"),
        ("-a::int * b", "[[- a::INT] * b]"),
        ("-a + b", "[[- a] + b]"),
        ("not a = b and c", "[[NOT [a = b]] AND c]"),
        ("a < b + c and d", "[[a < [b + c]] AND d]"),
        ("a << 1 + 2 = b", "[[a << [1 + 2]] = b]"),
        ("a & b = c", "[[a & b] = c]"),
        ("a | b = c", "[[a | b] = c]"),
        ("a -> 'x' = b", "[[a -> 'x'] = b]"),
    ] {
        assert_eq!(expression(text).map(|e| grouped(&e)).as_deref().ok(), Some(groups), "{text}");
    }
}

#[test]
fn limits_are_named() {
    for (text, words) in [
        (format!("1{}", " + 1".repeat(201)), "more than 200 operators"),
        (format!("{}1{}", "(".repeat(3_000), ")".repeat(3_000)), "deeper than 48 levels"),
        (format!("a{}", " or a".repeat(10_001)), "more than 10000 of AND and OR"),
    ] {
        let error = expression(&text).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn errors_name_token_and_place() {
    for (text, near, line, column) in [
        ("'汉字' + + ", "", 1, 9),
        ("a b", "b", 1, 3),
        ("'汉字' = 1 2", "2", 1, 10),
        ("f(a,\n  '汉' ) ) x", ")", 2, 9),
        ("(a", "", 1, 3),
        ("a + 12xy", "12xy", 1, 5),
        ("case when a then 'B' end end", "end", 1, 26),
        ("a in (select 1)", "select", 1, 7),
        ("f(select 1)", "select", 1, 3),
    ] {
        let error = expression(text).unwrap_err();
        let ErrorKind::Syntax { near: found, .. } = error.kind.as_ref() else { panic!("{text}: {error}") };
        assert_eq!((found.as_str(), error.position), (near, Some(TextPosition { line, column })), "{text}: {error}");
    }
}

#[test]
fn stubs_cannot_be_written() {
    assert!(expression("a = $\u{0}1").is_err());
    assert_eq!(shown("'\u{0}1 hour'"), "'\u{0}1 hour'");
}

#[test]
fn types() {
    let source = fixture::source("Decimal(10, 2)");
    let tokens = tokenize(source).unwrap();
    let tokens = Tokens { source, tokens: &tokens, next: None };
    assert_eq!(parse_data_type(tokens, &fixture::CLAUSES).unwrap().to_string(), "DECIMAL(10,2)");
}

/// In a thread with as little stack as a worker has.
fn on_a_small_stack(text: String) -> Result<()> {
    std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(move || expression(&text).map(|e| drop(std::hint::black_box(e.clone()))))
        .unwrap()
        .join()
        .unwrap()
}

#[test]
fn deep_and_long_expressions_end_in_answers() {
    for text in [
        format!("{}1{}", "(".repeat(40), ")".repeat(40)),
        format!("a = 0{}", " or a = 1".repeat(9_000)),
        format!("a = 0{}", " or a = 1 and b > 2 and c between 1 and 3".repeat(3_000)),
        format!("a in (0{})", ", -1".repeat(50_000)),
        format!("1{}", " + 1".repeat(190)),
        format!("{}1{}", "(".repeat(40), " + 1)".repeat(40)),
        format!("{}1", "not ".repeat(40)),
        format!("1{}", " between 1 and 2".repeat(150)),
    ] {
        on_a_small_stack(text).unwrap();
    }
    for text in [
        format!("{}1{}", "(".repeat(10_000), ")".repeat(10_000)),
        format!("1{}", " + 1".repeat(100_000)),
        format!("{}1", "- ".repeat(3_000)),
        format!("{}1", "not ".repeat(100_000)),
        format!("x{}", "::int".repeat(100_000)),
        format!("1{}", " between 1 and 2".repeat(1_000)),
        format!("{}1", "case when a and ".repeat(1_000)),
        format!("{}1{}", "case when a then ".repeat(3_000), " end".repeat(3_000)),
        "(".repeat(100_000),
        ")".repeat(100_000),
    ] {
        let error = on_a_small_stack(text).unwrap_err();
        assert!(matches!(*error.kind, ErrorKind::Syntax { .. }), "{error}");
    }
}

#[test]
fn long_chains_keep_their_order() {
    let terms: Vec<_> = (0..100).map(|i| format!("a = {i}")).collect();
    let text = terms.join(" OR ");
    assert_eq!(shown(&text), text);
    let Expr::BinaryOp { left, .. } = expression(&text).unwrap() else { panic!("no OR") };
    assert!(left.to_string().matches("OR").count() < 80, "{left}");
}
