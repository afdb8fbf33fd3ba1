//! Names, types, spans of time and other small parts of many statements.

use crate::sql::statement::{DropBehavior, Name, TableName, TimeSpan, TimeSpanUnit};
use crate::sql::tokens::{CLAUSES, PROFILE, RESERVED};
use crate::sql::types::ColumnType;
use model::Result;
use sql::{Cursor, IntervalUnit, TokenKind, Tokens, ast};

/// A name: a word that is not reserved, or anything quoted.
pub(super) fn name(cursor: &mut Cursor<'_>) -> Result<Name> {
    let mut ahead = *cursor;
    let (value, quoted) = ahead.expect_name("a name")?;
    if !quoted && RESERVED.contains(&value) {
        return Err(cursor.error("expected a name; this word is reserved"));
    }
    *cursor = ahead;
    Ok(Name { value, quoted })
}

/// The part of a dotted name behind a dot, where reserved words are names too.
fn part(cursor: &mut Cursor<'_>) -> Result<Name> {
    let (value, quoted) = cursor.expect_name("a name")?;
    Ok(Name { value, quoted })
}

/// A dotted name of at most so many parts.
pub(super) fn dotted(cursor: &mut Cursor<'_>, parts_max: usize) -> Result<Vec<Name>> {
    let mut parts = vec![name(cursor)?];
    while cursor.is_kind(TokenKind::Period) {
        if parts.len() == parts_max {
            return Err(cursor.error("the name has too many parts"));
        }
        cursor.skip();
        parts.push(part(cursor)?);
    }
    Ok(parts)
}

/// The name of a table from the parts of a dotted name.
pub(super) fn table_of(mut parts: Vec<Name>, cursor: &Cursor<'_>) -> Result<TableName> {
    let Some(table) = parts.pop() else { return Err(cursor.error("expected the name of a table")) };
    let mut parts = parts.into_iter();
    Ok(TableName { database: parts.next(), schema: parts.next(), table })
}

/// `t`, `db.t` or `db.public.t`
pub(super) fn table_name(cursor: &mut Cursor<'_>) -> Result<TableName> {
    let parts = dotted(cursor, 3)?;
    table_of(parts, cursor)
}

/// `(a, b, c)`
pub(super) fn names_in_parentheses(cursor: &mut Cursor<'_>) -> Result<Vec<Name>> {
    let mut inside = Cursor::new(cursor.expect_group("names in parentheses")?);
    let names = inside.comma_separated(name)?;
    inside.expect_end()?;
    Ok(names)
}

/// `[IF NOT EXISTS]`
pub(super) fn if_not_exists(cursor: &mut Cursor<'_>) -> bool {
    cursor.accept_words(&["if", "not", "exists"])
}

/// `[IF EXISTS]`
pub(super) fn if_exists(cursor: &mut Cursor<'_>) -> bool {
    cursor.accept_words(&["if", "exists"])
}

/// `[CASCADE | RESTRICT]`
pub(super) fn drop_behavior(cursor: &mut Cursor<'_>) -> Option<DropBehavior> {
    match cursor.accept_one_of(&["cascade", "restrict"])? {
        "cascade" => Some(DropBehavior::Cascade),
        _ => Some(DropBehavior::Restrict),
    }
}

/// `[=] '..'`
pub(super) fn text_after_equals(cursor: &mut Cursor<'_>, expected: &str) -> Result<String> {
    cursor.accept_symbol("=");
    cursor.expect_string(expected)
}

/// `20d`, `20 day`
pub(super) fn time_span(cursor: &mut Cursor<'_>) -> Result<TimeSpan> {
    let start = *cursor;
    let (digits, unit_text) = match cursor.peek() {
        Some(token) if matches!(token.kind, TokenKind::Interval(_)) => {
            let text = cursor.peek_text();
            cursor.skip();
            text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
        }
        _ => {
            let number = cursor.expect_kind(TokenKind::Integer, "a span such as 10d")?;
            let unit = cursor.peek_text();
            if !cursor.is_kind(TokenKind::Word) || PROFILE.interval_unit(unit).is_none() {
                return Err(cursor.error("expected a unit of time"));
            }
            cursor.skip();
            (cursor.tokens().text(number), unit)
        }
    };
    let (Ok(amount), Some(unit)) = (digits.parse(), PROFILE.interval_unit(unit_text)) else {
        return Err(start.error("the span is too large"));
    };
    let unit = match unit {
        IntervalUnit::Nanosecond => TimeSpanUnit::Nanosecond,
        IntervalUnit::Microsecond => TimeSpanUnit::Microsecond,
        IntervalUnit::Millisecond => TimeSpanUnit::Millisecond,
        IntervalUnit::Second => TimeSpanUnit::Second,
        IntervalUnit::Minute => TimeSpanUnit::Minute,
        IntervalUnit::Hour => TimeSpanUnit::Hour,
        IntervalUnit::Day => TimeSpanUnit::Day,
        IntervalUnit::Week => TimeSpanUnit::Week,
        IntervalUnit::Month => TimeSpanUnit::Month,
        IntervalUnit::Year => TimeSpanUnit::Year,
    };
    Ok(TimeSpan { amount, unit, written: format!("{digits}{unit_text}"), written_unit: unit_text.to_lowercase() })
}

/// An expression that holds no query.
pub(super) fn expression(tokens: Tokens<'_>) -> Result<ast::Expr> {
    sql::parse_expression(tokens, &CLAUSES)
}

/// A column's type.
pub(super) fn column_type(cursor: &mut Cursor<'_>) -> Result<ColumnType> {
    let start = *cursor;
    let (word, quoted) = cursor.expect_name("a type")?;
    if quoted {
        return Err(start.error("expected a type"));
    }
    let word = match word.as_str() {
        "double" if cursor.accept_word("precision") => "double".to_owned(),
        "character" | "char" if cursor.accept_word("varying") => "varchar".to_owned(),
        "bit" if cursor.accept_word("varying") => "varbit".to_owned(),
        _ => word,
    };
    let arguments = if cursor.is_kind(TokenKind::OpenParenthesis) {
        let mut inside = Cursor::new(cursor.expect_group("a length")?);
        let numbers = inside.comma_separated(|c| {
            let number = c.peek();
            let value = c.expect_integer("a number")?;
            u32::try_from(value).map_err(|_| match number {
                Some(token) => c.tokens().error_at(token, "the number is too large"),
                None => c.error("the number is too large"),
            })
        })?;
        inside.expect_end()?;
        numbers
    } else {
        Vec::new()
    };
    let zoned = match word.as_str() {
        "timestamp" | "time" if cursor.accept_words(&["with", "time", "zone"]) => true,
        "timestamp" | "time" => {
            cursor.accept_words(&["without", "time", "zone"]);
            false
        }
        _ => false,
    };
    let Some(mut data_type) = ColumnType::named(&word, &arguments, zoned) else {
        return Err(start.error("expected a type"));
    };
    loop {
        if cursor.accept_symbol("[") {
            cursor.expect_symbol("]")?;
        } else if !cursor.accept_word("array") {
            return Ok(data_type);
        }
        data_type = match data_type {
            ColumnType::Array(_) => return Err(cursor.error("arrays of arrays are not supported")),
            element => ColumnType::Array(Box::new(element)),
        };
    }
}
