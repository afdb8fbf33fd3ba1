//! The types of result columns: what `meta` says, and how values are shown.

use super::{DIALECT, Word};
use arrow::datatypes::{DataType as ArrowType, Field};
use query::{COLUMN_ROLE, DECLARED_DIALECT, DECLARED_WORD, VALUE_KIND};

/// How the values of a column are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// As its Arrow type says.
    Plain,
    /// A JSON text, embedded as the value it is.
    Json,
    /// A whole number as a text: too wide for the readers of JSON.
    WideInteger,
}

/// Name of a result column's type, and how its values are shown.
pub(crate) fn result_type(field: &Field) -> (String, Shown) {
    let metadata = field.metadata();
    let word = metadata
        .get(DECLARED_DIALECT)
        .filter(|dialect| dialect.as_str() == DIALECT)
        .and_then(|_| Word::named(metadata.get(DECLARED_WORD)?));
    let is_json = metadata.get(VALUE_KIND).is_some_and(|kind| kind == "json");
    let name = match field.data_type() {
        ArrowType::Null | ArrowType::Boolean => "boolean",
        ArrowType::Int8 => "tinyint(4)",
        ArrowType::Int16 | ArrowType::UInt8 => "smallint(6)",
        ArrowType::Int32 | ArrowType::UInt16 => "int(11)",
        ArrowType::Int64 | ArrowType::UInt32 => "bigint(20)",
        // What functions count is no wider than a BIGINT, whatever the type that they count in.
        ArrowType::UInt64 if !metadata.contains_key(COLUMN_ROLE) => "bigint(20)",
        ArrowType::UInt64 => return ("largeint(40)".to_owned(), Shown::WideInteger),
        ArrowType::Float16 | ArrowType::Float32 => "float",
        ArrowType::Float64 => "double",
        ArrowType::Decimal128(_, 0) if word == Some(Word::LargeInt) => {
            return ("largeint(40)".to_owned(), Shown::WideInteger);
        }
        ArrowType::Decimal32(precision, scale)
        | ArrowType::Decimal64(precision, scale)
        | ArrowType::Decimal128(precision, scale)
        | ArrowType::Decimal256(precision, scale) => {
            let width = match precision {
                0..=9 => 32,
                10..=18 => 64,
                _ => 128,
            };
            return (format!("decimal{width}({precision}, {scale})"), Shown::Plain);
        }
        ArrowType::Date32 | ArrowType::Date64 => "date",
        ArrowType::Timestamp(..) => "datetime",
        ArrowType::Binary | ArrowType::LargeBinary | ArrowType::BinaryView | ArrowType::FixedSizeBinary(_)
            if !is_uuid(field) =>
        {
            "varbinary"
        }
        ArrowType::Utf8 | ArrowType::LargeUtf8 | ArrowType::Utf8View if is_json => {
            return ("json".to_owned(), Shown::Json);
        }
        _ => "varchar",
    };
    (name.to_owned(), Shown::Plain)
}

/// Sixteen bytes of a fixed width are a UUID.
fn is_uuid(field: &Field) -> bool {
    matches!(field.data_type(), ArrowType::FixedSizeBinary(16))
}
