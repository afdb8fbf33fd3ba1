//! INSERT and UPSERT. The rows of VALUES take a path of their own: tokens go straight to flat cells,
//! and only what is no literal goes through sqlparser.

use super::grammar::{KwdbGrammar, check_column_functions};
use super::names::{name, names_in_parentheses, table_name};
use super::write::{assignments, returning};
use super::{SharedText, select};
use crate::sql::statement::{
    Cell, Insert, InsertSource, OnConflict, OnConflictUpdate, Statement, TextRange, ValueRows,
};
use model::Result;
use sql::{Cursor, QueryParser, StringPrefix, Token, TokenKind, Tokens};
use std::borrow::Cow;

/// The whole statement.
pub(super) fn insert(cursor: &mut Cursor<'_>, shared: &SharedText<'_>) -> Result<Statement> {
    let mut grammar = KwdbGrammar::default();
    let mut parser = QueryParser::new(&mut grammar);
    let with = parser.parse_with(cursor)?;
    let upsert = cursor.expect_one_of(&["insert", "upsert"])? == "upsert";
    cursor.expect_word("into")?;
    let table = table_name(cursor)?;
    let alias = if cursor.accept_word("as") { Some(name(cursor)?) } else { None };
    let named = cursor.is_kind(TokenKind::OpenParenthesis) && !QueryParser::<KwdbGrammar>::begins_query(cursor.rest());
    let columns = if named { names_in_parentheses(cursor)? } else { Vec::new() };
    let source = source(cursor, shared, &mut parser)?;
    let on_conflict = on_conflict(cursor, &mut parser)?;
    let returning = returning(cursor, &mut parser)?;
    let bracket_sources = grammar.brackets;
    Ok(Statement::Insert(Box::new(Insert {
        with,
        upsert,
        table,
        alias,
        columns,
        source,
        on_conflict,
        returning,
        bracket_sources,
    })))
}

fn source(
    cursor: &mut Cursor<'_>,
    shared: &SharedText<'_>,
    parser: &mut QueryParser<'_, KwdbGrammar>,
) -> Result<InsertSource> {
    if cursor.accept_words(&["default", "values"]) {
        return Ok(InsertSource::DefaultValues);
    }
    if cursor.is_word("values") {
        let mut ahead = *cursor;
        ahead.skip();
        let rows = rows(&mut ahead, shared, parser)?;
        if is_behind_source(&ahead) {
            *cursor = ahead;
            return Ok(InsertSource::Values(rows));
        }
        // Behind the rows of a query, such as VALUES (1) UNION SELECT 2, something else may follow.
        if !["union", "intersect", "except", "order", "limit", "offset", "fetch"].iter().any(|w| ahead.is_word(w)) {
            return Err(ahead.error("expected the end of the statement"));
        }
    }
    let tokens = cursor.take_until(is_behind_source);
    if tokens.is_empty() {
        return Err(cursor.error("expected VALUES, SELECT or DEFAULT VALUES"));
    }
    select::statement(tokens).map(InsertSource::Query)
}

fn is_behind_source(cursor: &Cursor<'_>) -> bool {
    cursor.is_at_end() || cursor.are_words(&["on", "conflict"]) || cursor.is_word("returning")
}

fn on_conflict(cursor: &mut Cursor<'_>, parser: &mut QueryParser<'_, KwdbGrammar>) -> Result<Option<OnConflict>> {
    if !cursor.accept_words(&["on", "conflict"]) {
        return Ok(None);
    }
    let columns = if cursor.is_kind(TokenKind::OpenParenthesis) { names_in_parentheses(cursor)? } else { Vec::new() };
    cursor.expect_word("do")?;
    if cursor.accept_word("nothing") {
        return Ok(Some(OnConflict { columns, update: None }));
    }
    cursor.expect_words(&["update", "set"])?;
    let set = cursor.take_until(|c| c.is_word("where") || c.is_word("returning"));
    let assignments = assignments(set, parser)?;
    let selection = if cursor.accept_word("where") {
        Some(parser.parse_expression(cursor.take_until(|c| c.is_word("returning")))?)
    } else {
        None
    };
    Ok(Some(OnConflict { columns, update: Some(OnConflictUpdate { assignments, selection }) }))
}

/// `(..), (..)` behind VALUES.
fn rows(
    cursor: &mut Cursor<'_>,
    shared: &SharedText<'_>,
    parser: &mut QueryParser<'_, KwdbGrammar>,
) -> Result<ValueRows> {
    let mut rows = ValueRows {
        text: shared.get(),
        cooked: String::new(),
        cooked_bytes: Vec::new(),
        cells: Vec::new(),
        row_ends: Vec::new(),
        expressions: Vec::new(),
    };
    loop {
        cursor.expect_kind(TokenKind::OpenParenthesis, "values in parentheses")?;
        loop {
            let cell = match literal(cursor, &mut rows) {
                Some(cell) => cell,
                None => expression(cursor, &mut rows, parser)?,
            };
            rows.cells.push(cell);
            if cursor.accept_kind(TokenKind::CloseParenthesis) {
                break;
            }
            cursor.expect_kind(TokenKind::Comma, "a comma or )")?;
        }
        let Ok(end) = u32::try_from(rows.cells.len()) else { return Err(cursor.error("there are too many values")) };
        rows.row_ends.push(end);
        if !cursor.accept_kind(TokenKind::Comma) {
            return Ok(rows);
        }
    }
}

/// Whether the token at an index ends a value.
fn ends_value(tokens: Tokens<'_>, index: usize) -> bool {
    matches!(tokens.tokens.get(index), Some(Token { kind: TokenKind::Comma | TokenKind::CloseParenthesis, .. }))
}

/// A literal that is a value of its own; moves over it.
fn literal(cursor: &mut Cursor<'_>, rows: &mut ValueRows) -> Option<Cell> {
    let token = cursor.peek()?;
    let tokens = cursor.tokens();
    let index = cursor.index();
    if token.kind == TokenKind::Symbol {
        return signed(cursor, rows, token);
    }
    if !ends_value(tokens, index + 1) {
        return None;
    }
    let written = TextRange { start: token.start, end: token.end, cooked: false };
    let cell = match token.kind {
        TokenKind::Integer if tokens.text(token).bytes().all(|b| b.is_ascii_digit()) => Cell::Integer(written),
        TokenKind::Decimal => Cell::Decimal(written),
        TokenKind::String => Cell::Text(text(tokens, token, rows)?),
        TokenKind::Prefixed(StringPrefix::Escaped) => Cell::Text(text(tokens, token, rows)?),
        TokenKind::QuotedName => Cell::QuotedWord(text(tokens, token, rows)?),
        TokenKind::Prefixed(StringPrefix::Bytes | StringPrefix::Hexadecimal) => {
            let start = u32::try_from(rows.cooked_bytes.len()).ok()?;
            rows.cooked_bytes.extend(tokens.bytes(token)?);
            let end = u32::try_from(rows.cooked_bytes.len()).ok()?;
            Cell::Bytes(TextRange { start, end, cooked: true })
        }
        TokenKind::Word => {
            let word = tokens.text(token);
            if word.eq_ignore_ascii_case("null") {
                Cell::Null
            } else if word.eq_ignore_ascii_case("default") {
                Cell::Default
            } else if word.eq_ignore_ascii_case("true") {
                Cell::Boolean(true)
            } else if word.eq_ignore_ascii_case("false") {
                Cell::Boolean(false)
            } else {
                return None;
            }
        }
        _ => return None,
    };
    cursor.skip();
    Some(cell)
}

/// `-1`, `+1.5`
fn signed(cursor: &mut Cursor<'_>, rows: &mut ValueRows, sign: Token) -> Option<Cell> {
    let tokens = cursor.tokens();
    let index = cursor.index();
    let number = *tokens.tokens.get(index + 1)?;
    let is_sign = matches!(tokens.text(sign), "-" | "+");
    let is_number = match number.kind {
        TokenKind::Integer => tokens.text(number).bytes().all(|b| b.is_ascii_digit()),
        kind => kind == TokenKind::Decimal,
    };
    if !is_sign || !is_number || !ends_value(tokens, index + 2) {
        return None;
    }
    let range = if tokens.text(sign) == "+" {
        TextRange { start: number.start, end: number.end, cooked: false }
    } else if sign.end == number.start {
        TextRange { start: sign.start, end: number.end, cooked: false }
    } else {
        let text = format!("-{}", tokens.text(number));
        cooked(&text, rows)?
    };
    cursor.skip();
    cursor.skip();
    Some(if number.kind == TokenKind::Integer { Cell::Integer(range) } else { Cell::Decimal(range) })
}

fn cooked(text: &str, rows: &mut ValueRows) -> Option<TextRange> {
    let start = u32::try_from(rows.cooked.len()).ok()?;
    rows.cooked.push_str(text);
    let end = u32::try_from(rows.cooked.len()).ok()?;
    Some(TextRange { start, end, cooked: true })
}

/// What stands between quotes: a range of the original text, unless it holds escapes.
fn text(tokens: Tokens<'_>, token: Token, rows: &mut ValueRows) -> Option<TextRange> {
    match tokens.cooked(token) {
        Cow::Borrowed(inner) => {
            let prefix = u32::from(matches!(token.kind, TokenKind::Prefixed(_)));
            let start = token.start + 1 + prefix;
            debug_assert_eq!(inner.len() as u64, u64::from(token.end - 1 - start));
            Some(TextRange { start, end: token.end - 1, cooked: false })
        }
        Cow::Owned(text) => cooked(&text, rows),
    }
}

/// Anything else; moves over it.
fn expression(
    cursor: &mut Cursor<'_>,
    rows: &mut ValueRows,
    parser: &mut QueryParser<'_, KwdbGrammar>,
) -> Result<Cell> {
    let tokens = cursor.take_until(|c| c.is_kind(TokenKind::Comma) || c.is_kind(TokenKind::CloseParenthesis));
    if tokens.is_empty() {
        return Err(cursor.error("expected a value"));
    }
    check_column_functions(tokens)?;
    let expression = parser.parse_expression(tokens)?;
    let Ok(index) = u32::try_from(rows.expressions.len()) else {
        return Err(cursor.error("there are too many values"));
    };
    rows.expressions.push(expression);
    Ok(Cell::Expression(index))
}
