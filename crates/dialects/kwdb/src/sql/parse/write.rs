//! UPDATE and DELETE.

use super::grammar::{KwdbGrammar, check_column_functions};
use super::names::{name, table_name};
use crate::sql::statement::{Assignment, Delete, Name, Statement, Update};
use model::Result;
use sql::{Cursor, QueryParser, TokenKind, Tokens, ast};

/// The words that end a part of UPDATE or DELETE, in the order in which the parts stand.
const PARTS: &[&str] = &["from", "where", "order", "limit", "returning"];

/// What may follow the SET of an UPDATE or the table of a DELETE.
#[derive(Debug, Default)]
struct Tail {
    from: Vec<ast::TableWithJoins>,
    selection: Option<ast::Expr>,
    order_by: Vec<ast::OrderByExpr>,
    limit: Option<ast::Expr>,
    returning: Vec<ast::SelectItem>,
}

/// Tokens up to the next part; FROM ends nothing in IS [NOT] DISTINCT FROM.
fn part<'a>(cursor: &mut Cursor<'a>) -> Tokens<'a> {
    cursor.take_until(|c| {
        let distinct =
            c.is_word("from") && c.index().checked_sub(1).is_some_and(|before| c.tokens().is_word(before, "distinct"));
        !distinct && PARTS.iter().any(|word| c.is_word(word))
    })
}

fn tail(cursor: &mut Cursor<'_>, parser: &mut QueryParser<'_, KwdbGrammar>) -> Result<Tail> {
    let mut tail = Tail::default();
    if cursor.accept_word("from") {
        tail.from = parser.parse_tables(part(cursor))?;
    }
    if cursor.accept_word("where") {
        tail.selection = Some(parser.parse_expression(part(cursor))?);
    }
    if cursor.accept_words(&["order", "by"]) {
        tail.order_by = parser.parse_sort_keys(part(cursor))?;
    }
    if cursor.accept_word("limit") {
        tail.limit = Some(parser.parse_expression(part(cursor))?);
    }
    tail.returning = returning(cursor, parser)?;
    cursor.expect_end()?;
    Ok(tail)
}

/// `[RETURNING ..]` up to the end.
pub(super) fn returning(
    cursor: &mut Cursor<'_>,
    parser: &mut QueryParser<'_, KwdbGrammar>,
) -> Result<Vec<ast::SelectItem>> {
    if !cursor.accept_word("returning") || (cursor.is_word("nothing") && cursor.rest().len() == 1) {
        cursor.accept_word("nothing");
        return Ok(Vec::new());
    }
    let items = parser.parse_select_items(cursor.rest())?;
    cursor.seek(cursor.tokens().len());
    Ok(items)
}

/// `[[AS] alias]`, where one of `ends` follows a table without an alias.
fn alias(cursor: &mut Cursor<'_>, ends: &[&str]) -> Result<Option<Name>> {
    let explicit = cursor.accept_word("as");
    if explicit || (!cursor.is_at_end() && !ends.iter().any(|word| cursor.is_word(word))) {
        return name(cursor).map(Some);
    }
    Ok(None)
}

/// `a = 1, (b, c) = (2, 3)` up to the next part.
pub(super) fn assignments(tokens: Tokens<'_>, parser: &mut QueryParser<'_, KwdbGrammar>) -> Result<Vec<Assignment>> {
    let parsed = parser.parse_assignments(tokens)?;
    let mut assignments = Vec::with_capacity(parsed.len());
    for ast::Assignment { target, value } in parsed {
        let names = match target {
            ast::AssignmentTarget::ColumnName(name) => vec![name],
            ast::AssignmentTarget::Tuple(names) => names,
        };
        let columns = names.iter().map(|name| match name.0.as_slice() {
            [part] => part.as_ident().map(|i| Name { value: i.value.clone(), quoted: i.quote_style.is_some() }),
            _ => None,
        });
        match columns.collect::<Option<Vec<_>>>() {
            Some(columns) => assignments.push(Assignment { columns, value }),
            None => return Err(tokens.error(1, "expected the name of a column without a table")),
        }
    }
    Ok(assignments)
}

/// The whole statement.
pub(super) fn update(cursor: &mut Cursor<'_>) -> Result<Statement> {
    check_column_functions(cursor.tokens())?;
    let mut grammar = KwdbGrammar::default();
    let mut parser = QueryParser::new(&mut grammar);
    let with = parser.parse_with(cursor)?;
    cursor.expect_word("update")?;
    let table = table_name(cursor)?;
    let alias = alias(cursor, &["set"])?;
    cursor.expect_word("set")?;
    let assignments = assignments(part(cursor), &mut parser)?;
    let Tail { from, selection, order_by, limit, returning } = tail(cursor, &mut parser)?;
    let bracket_sources = grammar.brackets;
    Ok(Statement::Update(Box::new(Update {
        with,
        table,
        alias,
        assignments,
        from,
        selection,
        order_by,
        limit,
        returning,
        bracket_sources,
    })))
}

/// The whole statement.
pub(super) fn delete(cursor: &mut Cursor<'_>) -> Result<Statement> {
    check_column_functions(cursor.tokens())?;
    let mut grammar = KwdbGrammar::default();
    let mut parser = QueryParser::new(&mut grammar);
    let with = parser.parse_with(cursor)?;
    cursor.expect_words(&["delete", "from"])?;
    let table = table_name(cursor)?;
    let alias = alias(cursor, PARTS)?;
    if cursor.is_word("from") || cursor.is_kind(TokenKind::Comma) {
        return Err(cursor.error("rows are deleted from one table at a time"));
    }
    let Tail { selection, order_by, limit, returning, .. } = tail(cursor, &mut parser)?;
    let bracket_sources = grammar.brackets;
    Ok(Statement::Delete(Box::new(Delete {
        with,
        table,
        alias,
        selection,
        order_by,
        limit,
        returning,
        bracket_sources,
    })))
}
