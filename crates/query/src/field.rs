//! What a stored column says about itself in Arrow field metadata.
//!
//! DataFusion keeps the metadata of plain column references through a plan, so that a dialect
//! finds the declared word, the length and the role of a result column, and of an operand.

use arrow::datatypes::Field;
use model::{Column, ColumnRole, DataType, LengthUnit, arrow_type};
use std::collections::HashMap;

/// Metadata key: the dialect that declared the column.
pub const DECLARED_DIALECT: &str = "chronoglot.dialect";
/// Metadata key: the word that it was declared with.
pub const DECLARED_WORD: &str = "chronoglot.word";
/// Metadata key: the greatest length of a text or binary column.
pub const DECLARED_LENGTH: &str = "chronoglot.length";
/// Metadata key: stands where that length counts characters, not bytes.
pub const LENGTH_IN_CHARACTERS: &str = "chronoglot.characters";
/// Metadata key: the column's role, `key`, `attribute`, `time` or `field`.
pub const COLUMN_ROLE: &str = "chronoglot.role";

/// Metadata key: what a value is that Arrow's type does not tell: `json`, `geometry` or `inet`.
pub const VALUE_KIND: &str = "chronoglot.kind";

/// The Arrow field of a stored column, with its declaration as metadata.
#[must_use]
pub fn column_field(column: &Column) -> Field {
    let mut metadata = HashMap::new();
    if let Some(declared) = &column.declared {
        metadata.insert(DECLARED_DIALECT.to_owned(), declared.dialect.clone());
        metadata.insert(DECLARED_WORD.to_owned(), declared.word.clone());
    }
    let length = match column.data_type {
        DataType::Text(Some(length)) => Some(length.max),
        DataType::Binary(length) => length,
        _ => None,
    };
    if let Some(length) = length {
        metadata.insert(DECLARED_LENGTH.to_owned(), length.to_string());
    }
    if matches!(column.data_type, DataType::Text(Some(length)) if length.unit == LengthUnit::Characters) {
        metadata.insert(LENGTH_IN_CHARACTERS.to_owned(), String::new());
    }
    let kind = match column.data_type {
        DataType::Json => Some("json"),
        DataType::Geometry => Some("geometry"),
        DataType::Inet => Some("inet"),
        _ => None,
    };
    if let Some(kind) = kind {
        metadata.insert(VALUE_KIND.to_owned(), kind.to_owned());
    }
    let role = match column.role {
        ColumnRole::Key => "key",
        ColumnRole::Attribute => "attribute",
        ColumnRole::Time => "time",
        ColumnRole::Field => "field",
    };
    metadata.insert(COLUMN_ROLE.to_owned(), role.to_owned());
    Field::new(&column.name, arrow_type(column.data_type), column.nullable).with_metadata(metadata)
}
