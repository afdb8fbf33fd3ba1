//! Types as this vendor names them: of columns, and of the columns of results.

use arrow::datatypes::{DataType as ArrowType, Field, TimeUnit as ArrowUnit};
use model::{Column, ColumnId, ColumnRole, DataType, Declared, LengthUnit};
use query::{COLUMN_ROLE, DECLARED_DIALECT, DECLARED_LENGTH, DECLARED_WORD, LENGTH_IN_CHARACTERS, VALUE_KIND};

/// This dialect's name.
pub(crate) const DIALECT: &str = "tdengine";
/// The key column of a super table, and what every table answers to.
pub(crate) const TBNAME: &str = "tbname";
/// The longest name of a table in bytes.
pub(crate) const TABLE_NAME_MAX: u32 = 192;
/// What the vendor reports as the length of JSON.
const JSON_LENGTH: u32 = 4_095;

/// The word of a column of this dialect.
pub(crate) fn declared(word: &str) -> Declared {
    Declared { dialect: DIALECT.to_owned(), word: word.to_owned() }
}

/// What a column is called: the word that it was declared with here, else the word for its type.
pub(crate) fn column_word(column: &Column) -> String {
    match (&column.declared, column.data_type) {
        (_, DataType::Decimal { precision, scale }) => format!("DECIMAL({precision},{scale})"),
        (Some(declared), _) if declared.dialect == DIALECT => declared.word.clone(),
        (_, data_type) => word_of(data_type).to_owned(),
    }
}

/// A type as this dialect shows that of a column which another one declared.
pub(crate) fn foreign_word(data_type: DataType) -> String {
    let column = Column::new(ColumnId(0), "", ColumnRole::Field, data_type);
    if column_length(&column) == 0 { column_word(&column) } else { full_word(&column) }
}

const fn word_of(data_type: DataType) -> &'static str {
    match data_type {
        DataType::Boolean => "BOOL",
        DataType::Int8 => "TINYINT",
        DataType::Int16 => "SMALLINT",
        DataType::Int32 => "INT",
        DataType::Int64 => "BIGINT",
        DataType::UInt8 => "TINYINT UNSIGNED",
        DataType::UInt16 => "SMALLINT UNSIGNED",
        DataType::UInt32 => "INT UNSIGNED",
        DataType::UInt64 => "BIGINT UNSIGNED",
        DataType::Float32 => "FLOAT",
        DataType::Float64 => "DOUBLE",
        DataType::Decimal { .. } => "DECIMAL",
        DataType::Text(Some(length)) if matches!(length.unit, LengthUnit::Characters) => "NCHAR",
        DataType::Binary(_) => "VARBINARY",
        DataType::Geometry => "GEOMETRY",
        DataType::Instant(_) | DataType::LocalDateTime(_) => "TIMESTAMP",
        DataType::Text(_)
        | DataType::Json
        | DataType::Date
        | DataType::TimeOfDay
        | DataType::Interval
        | DataType::Uuid
        | DataType::Inet => "VARCHAR",
    }
}

/// What DESCRIBE prints as a column's length: characters of NCHAR, else bytes.
pub(crate) fn column_length(column: &Column) -> u32 {
    match column.data_type {
        DataType::Boolean | DataType::Int8 | DataType::UInt8 => 1,
        DataType::Int16 | DataType::UInt16 => 2,
        DataType::Int32 | DataType::UInt32 | DataType::Float32 => 4,
        DataType::Int64 | DataType::UInt64 | DataType::Float64 | DataType::Instant(_) | DataType::LocalDateTime(_) => 8,
        DataType::Decimal { precision, .. } => decimal_length(precision),
        DataType::Text(Some(length)) => length.max,
        DataType::Binary(Some(length)) => length,
        DataType::Json if column_word(column) == "JSON" => JSON_LENGTH,
        _ => 0,
    }
}

/// A column's type as the system tables print it: `VARCHAR(20)`, `INT`.
pub(crate) fn full_word(column: &Column) -> String {
    let word = column_word(column);
    match word.as_str() {
        "VARCHAR" | "NCHAR" | "VARBINARY" => format!("{word}({})", column_length(column)),
        _ => word,
    }
}

const fn decimal_length(precision: u8) -> u32 {
    if precision <= 18 { 8 } else { 16 }
}

/// Name and length of the type of a result column; `longest` is the longest text in it.
pub(crate) fn result_type(field: &Field, longest: usize) -> (String, u32) {
    let metadata = field.metadata();
    let declared = metadata.get(DECLARED_DIALECT).filter(|dialect| dialect.as_str() == DIALECT);
    let word = declared.and_then(|_| metadata.get(DECLARED_WORD)).map(String::as_str);
    let length = metadata.get(DECLARED_LENGTH).and_then(|length| length.parse().ok());
    let plain = |word: &str, length| (word.to_owned(), length);
    match field.data_type() {
        ArrowType::Boolean => plain("BOOL", 1),
        ArrowType::Int8 => plain("TINYINT", 1),
        ArrowType::Int16 => plain("SMALLINT", 2),
        ArrowType::Int32 => plain("INT", 4),
        ArrowType::Int64 => plain("BIGINT", 8),
        ArrowType::UInt8 => plain("TINYINT UNSIGNED", 1),
        ArrowType::UInt16 => plain("SMALLINT UNSIGNED", 2),
        ArrowType::UInt32 => plain("INT UNSIGNED", 4),
        ArrowType::UInt64 => plain("BIGINT UNSIGNED", 8),
        ArrowType::Float16 | ArrowType::Float32 => plain("FLOAT", 4),
        ArrowType::Float64 => plain("DOUBLE", 8),
        ArrowType::Decimal32(precision, scale)
        | ArrowType::Decimal64(precision, scale)
        | ArrowType::Decimal128(precision, scale)
        | ArrowType::Decimal256(precision, scale) => {
            (format!("DECIMAL({precision},{scale})"), decimal_length(*precision))
        }
        ArrowType::Timestamp(..) => plain("TIMESTAMP", 8),
        ArrowType::Binary | ArrowType::LargeBinary | ArrowType::BinaryView | ArrowType::FixedSizeBinary(_) => {
            let geometry = metadata.get(VALUE_KIND).is_some_and(|kind| kind == "geometry");
            plain(if geometry { "GEOMETRY" } else { "VARBINARY" }, length.unwrap_or_else(|| narrowed(longest)))
        }
        _ if is_json(field) => plain("JSON", JSON_LENGTH),
        _ if metadata.get(COLUMN_ROLE).is_some_and(|role| role == "key") && field.name() == TBNAME => {
            plain("VARCHAR", 270)
        }
        _ => {
            let characters = word == Some("NCHAR") || metadata.contains_key(LENGTH_IN_CHARACTERS);
            plain(if characters { "NCHAR" } else { "VARCHAR" }, length.unwrap_or_else(|| narrowed(longest)))
        }
    }
}

/// Whether the texts of a result column are JSON.
pub(crate) fn is_json(field: &Field) -> bool {
    let metadata = field.metadata();
    let here = metadata.get(DECLARED_DIALECT).is_some_and(|dialect| dialect == DIALECT);
    here && metadata.get(DECLARED_WORD).is_some_and(|word| word == "JSON")
}

fn narrowed(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Digits after the second that a time of that unit is printed with.
pub(crate) const fn digits(unit: ArrowUnit) -> usize {
    match unit {
        ArrowUnit::Second | ArrowUnit::Millisecond => 3,
        ArrowUnit::Microsecond => 6,
        ArrowUnit::Nanosecond => 9,
    }
}

#[cfg(test)]
mod tests {
    use super::{column_length, column_word, declared, full_word};
    use model::{Column, ColumnId, ColumnRole, DataType, TextLength, TimeUnit};

    fn column(data_type: DataType, word: Option<&str>) -> Column {
        let mut column = Column::new(ColumnId(1), "c", ColumnRole::Field, data_type);
        column.declared = word.map(declared);
        column
    }

    #[test]
    fn every_type_has_its_word_and_length() {
        for (data_type, word, full, length) in [
            (DataType::Boolean, None, "BOOL", 1),
            (DataType::UInt64, None, "BIGINT UNSIGNED", 8),
            (DataType::Text(Some(TextLength::bytes(20))), Some("VARCHAR"), "VARCHAR(20)", 20),
            (DataType::Text(Some(TextLength::characters(8))), None, "NCHAR(8)", 8),
            (DataType::Decimal { precision: 20, scale: 4 }, Some("DECIMAL"), "DECIMAL(20,4)", 16),
            (DataType::Instant(TimeUnit::Nanosecond), None, "TIMESTAMP", 8),
            (DataType::Json, Some("JSON"), "JSON", 4_095),
            (DataType::Json, None, "VARCHAR(0)", 0),
            (DataType::Uuid, None, "VARCHAR(0)", 0),
        ] {
            let column = column(data_type, word);
            assert_eq!((full_word(&column).as_str(), column_length(&column)), (full, length), "{data_type:?}");
            assert!(full.starts_with(column_word(&column).as_str()));
        }
    }
}
