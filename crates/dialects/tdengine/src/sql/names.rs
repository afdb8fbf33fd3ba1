//! Names and types as definitions write them.

use super::statement::{ObjectName, WrittenType};
use super::tokens::RESERVED;
use crate::error::coded;
use ::sql::{Cursor, TokenKind};
use model::{DataType, Error, Result, TextLength};

/// A name that is no reserved word, unless it is quoted.
pub(super) fn name(cursor: &mut Cursor<'_>, expected: &str) -> Result<String> {
    let at = *cursor;
    let (name, quoted) = cursor.expect_name(expected)?;
    if !quoted && RESERVED.contains(&name) {
        return Err(at.error(format!("expected {expected}")));
    }
    if !quoted && !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Err(at.error(format!("expected {expected}")));
    }
    Ok(name)
}

/// `[db.]name`
pub(super) fn object_name(cursor: &mut Cursor<'_>) -> Result<ObjectName> {
    let first = name(cursor, "the name of a table")?;
    if cursor.accept_kind(TokenKind::Period) {
        let name = name(cursor, "the name of a table")?;
        return Ok(ObjectName { database: Some(first), name });
    }
    Ok(ObjectName { database: None, name: first })
}

/// A whole number in parentheses.
fn length(cursor: &mut Cursor<'_>, most: u64) -> Result<u32> {
    if !cursor.is_kind(TokenKind::OpenParenthesis) {
        return Err(coded(0x2642, "Invalid column length for var length type"));
    }
    let mut inside = Cursor::new(cursor.expect_group("a length")?);
    let length = inside.expect_integer("a length")?;
    inside.expect_end()?;
    match u32::try_from(length) {
        Ok(fits) if (1..=most).contains(&length) => Ok(fits),
        _ => Err(coded(0x2642, "Invalid column length for var length type")),
    }
}

/// The most bytes of a text column.
const TEXT_BYTES_MAX: u64 = 65_517;
/// The most characters of an NCHAR column.
const CHARACTERS_MAX: u64 = 16_379;

/// The name of a type.
pub(super) fn written_type(cursor: &mut Cursor<'_>) -> Result<WrittenType> {
    let at = *cursor;
    let (word, quoted) = cursor.expect_name("a type")?;
    if quoted {
        return Err(at.error("expected a type"));
    }
    let plain = |data_type, word| Ok(WrittenType::Plain(data_type, word));
    let integer = |cursor: &mut Cursor<'_>, signed, unsigned, word, unsigned_word| {
        if cursor.accept_word("unsigned") { plain(unsigned, unsigned_word) } else { plain(signed, word) }
    };
    match word.as_str() {
        "timestamp" => Ok(WrittenType::Timestamp),
        "bool" => plain(DataType::Boolean, "BOOL"),
        "tinyint" => integer(cursor, DataType::Int8, DataType::UInt8, "TINYINT", "TINYINT UNSIGNED"),
        "smallint" => integer(cursor, DataType::Int16, DataType::UInt16, "SMALLINT", "SMALLINT UNSIGNED"),
        "int" | "integer" => integer(cursor, DataType::Int32, DataType::UInt32, "INT", "INT UNSIGNED"),
        "bigint" => integer(cursor, DataType::Int64, DataType::UInt64, "BIGINT", "BIGINT UNSIGNED"),
        "float" => plain(DataType::Float32, "FLOAT"),
        "double" => plain(DataType::Float64, "DOUBLE"),
        "varchar" | "binary" => {
            plain(DataType::Text(Some(TextLength::bytes(length(cursor, TEXT_BYTES_MAX)?))), "VARCHAR")
        }
        "nchar" => plain(DataType::Text(Some(TextLength::characters(length(cursor, CHARACTERS_MAX)?))), "NCHAR"),
        "varbinary" => plain(DataType::Binary(Some(length(cursor, TEXT_BYTES_MAX)?)), "VARBINARY"),
        "json" => plain(DataType::Json, "JSON"),
        "decimal" | "numeric" => {
            let mut inside = Cursor::new(cursor.expect_group("precision and scale")?);
            let precision = inside.expect_integer("a precision")?;
            let scale = if inside.accept_kind(TokenKind::Comma) { inside.expect_integer("a scale")? } else { 0 };
            inside.expect_end()?;
            if !(1..=38).contains(&precision) || scale > precision {
                return Err(at.error("the precision is 1 to 38, the scale at most the precision"));
            }
            let (precision, scale) = (u8::try_from(precision).unwrap_or(38), i8::try_from(scale).unwrap_or(0));
            plain(DataType::Decimal { precision, scale }, "DECIMAL")
        }
        "geometry" | "blob" | "mediumblob" => {
            Err(Error::unsupported(format!("the type {}", word.to_ascii_uppercase())))
        }
        _ => Err(at.error("expected a type")),
    }
}
