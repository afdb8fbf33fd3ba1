//! The types of result columns: by their declaration as long as it still tells the truth, else by
//! what Arrow says.

use super::{DIALECT, UNLIMITED, Word};
use arrow::datatypes::{DataType as ArrowType, Field};
use query::{COLUMN_ROLE, DECLARED_DIALECT, DECLARED_LENGTH, DECLARED_WORD, LENGTH_IN_CHARACTERS};

/// Name and length of a result column, for `column_meta`.
pub(crate) fn result_type(field: &Field) -> (&'static str, i64) {
    let metadata = field.metadata();
    let length = metadata.get(DECLARED_LENGTH).and_then(|length| length.parse::<i64>().ok());
    let word = metadata
        .get(DECLARED_DIALECT)
        .filter(|dialect| dialect.as_str() == DIALECT)
        .and_then(|_| Word::parse(metadata.get(DECLARED_WORD)?));
    if let Some(word) = word
        && fits_arrow(word, field.data_type())
    {
        return result_word(word, length, field.data_type());
    }
    match field.data_type() {
        ArrowType::UInt64 if !metadata.contains_key(COLUMN_ROLE) => ("INT8", 8),
        ArrowType::Utf8 | ArrowType::LargeUtf8 | ArrowType::Utf8View => match length {
            Some(length) if metadata.contains_key(LENGTH_IN_CHARACTERS) => ("NVARCHAR", length),
            Some(length) => ("VARCHAR", length),
            None => ("TEXT", UNLIMITED),
        },
        ArrowType::Binary | ArrowType::LargeBinary | ArrowType::BinaryView if length.is_some() => {
            result_word(Word::VarBytes, length, &ArrowType::Null)
        }
        other => result_word(arrow_word(other), length, &ArrowType::Null),
    }
}

/// Whether a declared word still tells the truth about a column: a cast keeps metadata but not
/// the type.
fn fits_arrow(word: Word, arrow: &ArrowType) -> bool {
    let by_type = arrow_word(arrow);
    match word {
        Word::Char
        | Word::NChar
        | Word::Varchar
        | Word::NVarchar
        | Word::Clob
        | Word::Citext
        | Word::Jsonb
        | Word::Inet => by_type == Word::String,
        Word::VarBytes | Word::Blob | Word::Geometry => by_type == Word::Bytes,
        Word::FreeDecimal => by_type == Word::Decimal,
        other => by_type == other,
    }
}

fn result_word(word: Word, length: Option<i64>, arrow: &ArrowType) -> (&'static str, i64) {
    match word {
        Word::Bool => ("BOOL", 1),
        // The width in bits: this vendor's table of lengths lacks it.
        Word::Int1 => ("INT1", 8),
        Word::Int2 => ("INT2", 2),
        Word::Int4 => ("INT4", 4),
        Word::Int8 | Word::Serial => ("INT8", 8),
        Word::Float4 => ("FLOAT4", 4),
        Word::Float8 => ("FLOAT8", 8),
        Word::Decimal => match arrow {
            ArrowType::Decimal128(_, scale) => ("DECIMAL", i64::from(*scale)),
            _ => ("DECIMAL", 0),
        },
        Word::FreeDecimal => ("DECIMAL", 0),
        Word::Char | Word::NChar if length == Some(1) => (word.canonical(), UNLIMITED),
        Word::Char | Word::NChar => (word.canonical(), length.unwrap_or(0)),
        Word::String => match length {
            Some(length) => ("STRING", length),
            None => ("TEXT", UNLIMITED),
        },
        Word::Clob | Word::Citext | Word::Varchar | Word::NVarchar | Word::Bytes | Word::VarBytes | Word::Blob => {
            (word.canonical(), length.unwrap_or(UNLIMITED))
        }
        Word::Geometry => ("GEOMETRY", UNLIMITED),
        Word::TimeTz => ("TIMETZ", 0),
        Word::Timestamp
        | Word::TimestampTz
        | Word::Date
        | Word::Time
        | Word::Interval
        | Word::Jsonb
        | Word::Uuid
        | Word::Inet
        | Word::Bit
        | Word::VarBit => (word.canonical(), 8),
    }
}

/// The word of a value of an Arrow type that carries no declaration.
pub(crate) fn arrow_word(arrow: &ArrowType) -> Word {
    match arrow {
        ArrowType::Boolean => Word::Bool,
        ArrowType::Int8 => Word::Int1,
        ArrowType::Int16 | ArrowType::UInt8 => Word::Int2,
        ArrowType::Int32 | ArrowType::UInt16 => Word::Int4,
        ArrowType::Int64 | ArrowType::UInt32 => Word::Int8,
        ArrowType::UInt64
        | ArrowType::Decimal32(..)
        | ArrowType::Decimal64(..)
        | ArrowType::Decimal128(..)
        | ArrowType::Decimal256(..) => Word::Decimal,
        ArrowType::Float16 | ArrowType::Float32 => Word::Float4,
        ArrowType::Float64 => Word::Float8,
        ArrowType::Binary | ArrowType::LargeBinary | ArrowType::BinaryView => Word::Bytes,
        ArrowType::FixedSizeBinary(_) => Word::Uuid,
        ArrowType::Timestamp(_, None) => Word::Timestamp,
        ArrowType::Timestamp(_, Some(_)) => Word::TimestampTz,
        ArrowType::Date32 | ArrowType::Date64 => Word::Date,
        ArrowType::Time32(_) | ArrowType::Time64(_) => Word::Time,
        ArrowType::Interval(_) | ArrowType::Duration(_) => Word::Interval,
        _ => Word::String,
    }
}
