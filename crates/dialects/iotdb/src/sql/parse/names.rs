//! Names, IF EXISTS, properties: what many statements share.

use crate::names::TableName;
use crate::sql::lexis::{Special, special};
use crate::sql::statement::{Property, PropertyValue};
use crate::sql::tokens::RESERVED;
use model::Result;
use sql::{Cursor, TokenKind};

/// A name in lower case.
pub(super) fn name(cursor: &mut Cursor<'_>) -> Result<String> {
    if cursor.is_kind(TokenKind::Word) && RESERVED.contains(cursor.peek_text()) {
        return Err(cursor.error("expected <identifier>"));
    }
    let (name, _) = cursor.expect_name("<identifier>")?;
    Ok(name.to_lowercase())
}

/// A name as written: of a user or a role.
pub(super) fn exact_name(cursor: &mut Cursor<'_>) -> Result<String> {
    if cursor.is_kind(TokenKind::Word) && RESERVED.contains(cursor.peek_text()) {
        return Err(cursor.error("expected <identifier>"));
    }
    Ok(cursor.expect_name("<identifier>")?.0)
}

/// `t`, `db.t`; whatever stands before the last dot names the database.
pub(super) fn table_name(cursor: &mut Cursor<'_>) -> Result<TableName> {
    let mut parts = vec![name(cursor)?];
    while cursor.accept_kind(TokenKind::Period) {
        parts.push(name(cursor)?);
    }
    let table = parts.pop().unwrap_or_default();
    Ok(TableName { database: (!parts.is_empty()).then(|| parts.join(".")), table })
}

/// `IF EXISTS`, if it stands there.
pub(super) fn if_exists(cursor: &mut Cursor<'_>) -> Result<bool> {
    if !cursor.accept_word("if") {
        return Ok(false);
    }
    cursor.expect_word("exists")?;
    Ok(true)
}

/// `IF NOT EXISTS`, if it stands there.
pub(super) fn if_not_exists(cursor: &mut Cursor<'_>) -> Result<bool> {
    if !cursor.accept_word("if") {
        return Ok(false);
    }
    cursor.expect_words(&["not", "exists"])?;
    Ok(true)
}

/// `key = value, key = value`
pub(super) fn properties(cursor: &mut Cursor<'_>) -> Result<Vec<Property>> {
    cursor.comma_separated(|cursor| {
        let key = name(cursor)?;
        cursor.expect_symbol("=")?;
        Ok(Property { key, value: value(cursor)? })
    })
}

fn value(cursor: &mut Cursor<'_>) -> Result<PropertyValue> {
    if cursor.accept_word("default") {
        return Ok(PropertyValue::Default);
    }
    if cursor.accept_word("null") {
        return Ok(PropertyValue::Null);
    }
    let negative = cursor.accept_symbol("-");
    let text = cursor.peek_text().to_owned();
    let value = match cursor.peek().map(|token| token.kind) {
        Some(TokenKind::Integer) => {
            let number = text.parse::<i128>().ok().map(|n| if negative { -n } else { n });
            match number.and_then(|n| i64::try_from(n).ok()) {
                Some(number) => PropertyValue::Number(number),
                None => return Err(cursor.error(format!("Invalid numeric literal: {text}"))),
            }
        }
        Some(TokenKind::Placeholder) => match special(&text) {
            Some(Special::Number(number)) => PropertyValue::Number(if negative { -number } else { number }),
            _ => PropertyValue::Other(text),
        },
        Some(TokenKind::String) if !negative => PropertyValue::Text(cursor.expect_string("<string>")?),
        Some(TokenKind::Decimal | TokenKind::Word) if !negative => PropertyValue::Other(text),
        _ => return Err(cursor.error("expected 'DEFAULT', <expression>")),
    };
    if !matches!(value, PropertyValue::Text(_)) {
        cursor.skip();
    }
    Ok(value)
}

/// `WITH (k = v, ..)`, if it stands there.
pub(super) fn with_properties(cursor: &mut Cursor<'_>) -> Result<Vec<Property>> {
    if !cursor.accept_word("with") {
        return Ok(Vec::new());
    }
    let mut inside = Cursor::new(cursor.expect_group("'('")?);
    let properties = properties(&mut inside)?;
    inside.expect_end()?;
    Ok(properties)
}
