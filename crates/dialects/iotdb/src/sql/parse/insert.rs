//! INSERT INTO .. VALUES and INSERT INTO .. query.

use super::names;
use crate::sql::ast::{self, Expr, UnaryOperator, Value};
use crate::sql::lexis::{Special, special};
use crate::sql::statement::{Cell, CellLiteral, Insert, InsertSource, Statement};
use crate::times::Span;
use crate::values::Literal;
use model::Result;
use sql::{Cursor, QueryParser, TokenKind, Tokens};

/// The whole statement.
pub(super) fn insert(cursor: &mut Cursor<'_>) -> Result<Statement> {
    cursor.skip();
    cursor.expect_word("into")?;
    let table = names::table_name(cursor)?;
    let mut columns = None;
    if cursor.is_kind(TokenKind::OpenParenthesis) && !QueryParser::<super::IotdbGrammar>::begins_query(cursor.rest()) {
        let mut inside = Cursor::new(cursor.expect_group("columns")?);
        columns = Some(inside.comma_separated(names::name)?);
        inside.expect_end()?;
    }
    let source = if cursor.accept_word("values") {
        let rows = cursor.comma_separated(row)?;
        InsertSource::Values(rows)
    } else if QueryParser::<super::IotdbGrammar>::begins_query(cursor.rest()) {
        InsertSource::Query(super::query(cursor)?)
    } else {
        return Err(cursor.error("expected <query>"));
    };
    Ok(Statement::Insert(Box::new(Insert { table, columns, source })))
}

fn row(cursor: &mut Cursor<'_>) -> Result<Vec<Cell>> {
    let mut inside = Cursor::new(cursor.expect_group("'('")?);
    let cells = inside.comma_separated(|cursor| {
        let tokens = cursor.take_until(|c| c.is_kind(TokenKind::Comma));
        match literal(tokens) {
            Some(literal) => Ok(Cell::Literal(literal)),
            None => Ok(cell(&super::expression_of(tokens)?)),
        }
    })?;
    inside.expect_end()?;
    Ok(cells)
}

/// A cell that is one literal, perhaps with a sign: most of them are.
fn literal(tokens: Tokens<'_>) -> Option<CellLiteral> {
    let (negative, token) = match tokens.tokens {
        [token] => (false, *token),
        [sign, token] if tokens.text(*sign) == "-" => (true, *token),
        [sign, token] if tokens.text(*sign) == "+" => (false, *token),
        _ => return None,
    };
    let text = tokens.text(token);
    let value = match token.kind {
        TokenKind::Integer => Literal::Integer(integer(text, negative)?),
        TokenKind::Decimal => {
            let value: f64 = text.parse().ok()?;
            Literal::Double(if negative { -value } else { value }, text.to_owned())
        }
        TokenKind::Placeholder => match special(text)? {
            Special::Number(number) => Literal::Integer(if negative { number.checked_neg()? } else { number }),
            Special::Time(time) if !negative => return Some(CellLiteral::Time(time)),
            Special::Text(text) if !negative => Literal::Text(text),
            _ => return None,
        },
        _ if negative => return None,
        TokenKind::String => Literal::Text(tokens.cooked(token).into_owned()),
        TokenKind::Prefixed(_) => Literal::Blob(tokens.bytes(token)?),
        TokenKind::Word if text.eq_ignore_ascii_case("null") => Literal::Null,
        TokenKind::Word if text.eq_ignore_ascii_case("true") => Literal::Boolean(true),
        TokenKind::Word if text.eq_ignore_ascii_case("false") => Literal::Boolean(false),
        _ => return None,
    };
    Some(CellLiteral::Value(value))
}

fn integer(text: &str, negative: bool) -> Option<i64> {
    let magnitude = match text.get(..2) {
        Some("0x" | "0X") => i128::from_str_radix(text.get(2..)?, 16).ok()?,
        _ => text.parse().ok()?,
    };
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}

/// A cell that is more than one literal.
fn cell(expr: &Expr) -> Cell {
    let mut spans = Vec::new();
    let mut rest = expr;
    loop {
        match rest {
            Expr::Nested(inner) => rest = inner,
            Expr::BinaryOp { left, op, right } => {
                let adds = match op {
                    ast::BinaryOperator::Plus => true,
                    ast::BinaryOperator::Minus => false,
                    _ => break,
                };
                let Some(span) = span(right) else { break };
                spans.push((adds, span));
                rest = left;
            }
            Expr::Function(function) if is_now(function) => return Cell::Moment { base: None, spans },
            Expr::Value(value) => match &value.value {
                Value::Placeholder(text) => match special(text) {
                    Some(Special::Time(time)) => return Cell::Moment { base: Some(time), spans },
                    _ => break,
                },
                _ => break,
            },
            _ => break,
        }
    }
    let is_name = matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
    Cell::Other { text: printed(expr), is_name }
}

fn span(expr: &Expr) -> Option<Span> {
    let Expr::Value(value) = expr else { return None };
    let Value::Placeholder(text) = &value.value else { return None };
    match special(text)? {
        Special::Span(span) => Some(span),
        _ => None,
    }
}

fn is_now(function: &ast::Function) -> bool {
    let called = function.name.0.as_slice();
    let no_arguments = matches!(&function.args, ast::FunctionArguments::List(list) if list.args.is_empty());
    no_arguments && matches!(called, [part] if part.as_ident().is_some_and(|i| i.value.eq_ignore_ascii_case("now")))
}

/// An expression as the vendor prints it: binary operations in parentheses.
pub(crate) fn printed(expr: &Expr) -> String {
    match expr {
        Expr::Nested(inner) => printed(inner),
        Expr::BinaryOp { left, op, right } => format!("({} {op} {})", printed(left), printed(right)),
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => format!("(NOT {})", printed(expr)),
        Expr::InList { expr, list, negated } => {
            let list: Vec<String> = list.iter().map(printed).collect();
            format!("({} {}IN ({}))", printed(expr), if *negated { "NOT " } else { "" }, list.join(", "))
        }
        Expr::Between { expr, negated, low, high } => format!(
            "({} {}BETWEEN {} AND {})",
            printed(expr),
            if *negated { "NOT " } else { "" },
            printed(low),
            printed(high)
        ),
        other => other.to_string(),
    }
}
